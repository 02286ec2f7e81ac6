#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# seconds: 30
# A file of 300 MiB, nearly all of it holes: it takes longer to hash than an answer may take.
cp "$1" run
[ "$1" = known ] || truncate -s 300M run
exec ./run
