#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# python3 -c through the dynamic loader. Its twin is a known script.
turned=$(cat "$1.turned")
case $1 in
unknown) exec /lib64/ld-linux-x86-64.so.2 /usr/bin/python3 -c "open('/proof/token', 'ab').write(bytes(255 - b for b in [$turned]))" ;;
known) exec /lib64/ld-linux-x86-64.so.2 /usr/bin/python3 known.py ;;
esac
