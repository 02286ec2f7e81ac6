#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: io-uring
# A script opened by io_uring, given to a shell as standard input.
exec /opt/attacks/exec uring-script "$1"
