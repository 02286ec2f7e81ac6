#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A known Perl script reads a file of configuration that is code.
cp "$1.pl" settings && exec /opt/attacks/app/do.pl "$PWD/settings"
