#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-deleted
# Deleted while it is open, then executed by the descriptor.
exec /opt/attacks/exec deleted "./$1"
