#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# part: started by another one
# A pipeline, a loop, functions: what a script of an equipment PC does.
set -eu
sum=0
for number in $(seq 1 20); do sum=$((sum + number)); done
words=$(printf 'c\nb\na\n' | sort | tr '\n' ' ')
[ "$words" = 'a b c ' ] && echo "$sum"
