#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-shebang
# It has no first line: the shell runs what the kernel does not.
"./$1.bare.sh"
