#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# A .pth file of the user's own folder (PYTHONUSERBASE). Its twin has an ordinary variable.
case $1 in
unknown) d=lib/python3.11/site-packages && mkdir -p $d && echo "import evil" >$d/x.pth && cp unknown.module.py $d/evil.py && PYTHONUSERBASE=$PWD exec python3 /opt/attacks/app/nothing.py ;;
known) LANG=C EXAMPLE=1 exec python3 known.py ;;
esac
