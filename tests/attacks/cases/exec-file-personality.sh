#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# Started under a 32 bit personality with executable data.
exec setarch i386 -R -X "./$1"
