#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: io-uring
# Opened by the kernel's io_uring, executed by the descriptor.
exec /opt/attacks/exec uring "./$1"
