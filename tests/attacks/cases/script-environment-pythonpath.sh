#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# PYTHONPATH with a sitecustomize. Its twin has an ordinary variable.
case $1 in
unknown) cp unknown.module.py sitecustomize.py && PYTHONPATH=$PWD exec python3 /opt/attacks/app/nothing.py ;;
known) LANG=C EXAMPLE=1 exec python3 known.py ;;
esac
