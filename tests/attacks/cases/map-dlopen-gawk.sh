#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-dlopen
# gawk loads it as an extension of a known program.
gawk -l "$PWD/$1.so" -f /opt/attacks/app/nothing.awk
true
