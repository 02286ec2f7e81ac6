#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# By vfork, while the parent waits with the same memory.
exec /opt/attacks/exec vfork "./$1"
