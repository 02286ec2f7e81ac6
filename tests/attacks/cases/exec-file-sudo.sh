#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# The first thing another program starts: timeout, env, nice and setsid in a row.
exec timeout 5 env nice -n 1 setsid -w "./$1"
