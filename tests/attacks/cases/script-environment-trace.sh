#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# user: 1000
# The prompt of a traced shell (PS4). Its twin has an ordinary variable.
case $1 in
unknown) exec env SHELLOPTS=xtrace PS4="\$($(cat unknown.bare.sh))" bash /opt/attacks/app/nothing.bash ;;
known) LANG=C EXAMPLE=1 bash known.bash ;;
esac
