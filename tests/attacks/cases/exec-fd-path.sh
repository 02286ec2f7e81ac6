#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-fd
# By /proc/self/fd of an O_PATH descriptor.
exec /opt/attacks/exec fd-path "./$1"
