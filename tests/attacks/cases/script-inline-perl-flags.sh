#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# perl with -e at the end of other letters. Its twin is a known script.
turned=$(cat "$1.turned")
case $1 in
unknown) exec perl -wTe "open(F, '>>', '/proof/token'); print F pack('C*', map { 255 - \$_ } ($turned))" ;;
known) exec perl -w known.pl ;;
esac
