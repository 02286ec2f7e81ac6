#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-dlopen
# A known Bash script loads it as a builtin.
enable -f "./$1.so" nothing 2>/dev/null
true
