#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# By posix_spawn.
exec /opt/attacks/exec spawn "./$1"
