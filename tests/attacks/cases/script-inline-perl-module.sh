#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# Perl code behind the name of a module (-M). Its twin is a known script.
turned=$(cat "$1.turned")
case $1 in
unknown) exec perl "-Mstrict;open(F,'>>','/proof/token');print F pack('C*', map { 255 - \$_ } ($turned));close(F);" /dev/null ;;
known) exec perl -Mstrict known.pl ;;
esac
