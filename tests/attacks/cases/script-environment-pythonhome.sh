#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# seconds: 25
# PYTHONHOME with another library. Its twin has an ordinary variable.
case $1 in
unknown) mkdir -p lib && cp -r /usr/lib/python3.11 lib/ &&
	rm -f lib/python3.11/sitecustomize.py && cp unknown.module.py lib/python3.11/sitecustomize.py && PYTHONHOME=$PWD exec python3 /opt/attacks/app/nothing.py ;;
known) LANG=C EXAMPLE=1 exec python3 known.py ;;
esac
