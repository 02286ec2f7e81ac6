#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A known Perl script uses what lies beside it.
cp -r /opt/attacks/app . && cp "$1.module.pm" app/part.pm && exec app/main.pl
