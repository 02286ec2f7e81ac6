#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-dlopen
# A known Perl script loads it by DynaLoader.
exec /opt/attacks/app/load.pl "./$1.so"
