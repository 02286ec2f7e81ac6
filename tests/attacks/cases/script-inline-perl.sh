#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# perl -e. Its twin is a known script.
turned=$(cat "$1.turned")
case $1 in
unknown) exec perl -e "open(F, '>>', '/proof/token'); print F pack('C*', map { 255 - \$_ } ($turned))" ;;
known) exec perl known.pl ;;
esac
