#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# python3 -c. Its twin is a known script.
turned=$(cat "$1.turned")
case $1 in
unknown) exec python3 -c "open('/proof/token', 'ab').write(bytes(255 - b for b in [$turned]))" ;;
known) exec python3 known.py ;;
esac
