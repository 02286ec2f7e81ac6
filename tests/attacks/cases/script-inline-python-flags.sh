#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# python3 with -c at the end of other letters. Its twin is a known script.
turned=$(cat "$1.turned")
case $1 in
unknown) exec python3 -IBc "open('/proof/token', 'ab').write(bytes(255 - b for b in [$turned]))" ;;
known) exec python3 -IB known.py ;;
esac
