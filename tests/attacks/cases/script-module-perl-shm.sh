#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A known Perl script reads a file of configuration that is code, from /dev/shm.
cp "$1.pl" "/dev/shm/part.$$" && exec /opt/attacks/app/do.pl "/dev/shm/part.$$"
