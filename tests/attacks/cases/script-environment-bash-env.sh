#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# BASH_ENV. Its twin has an ordinary variable.
case $1 in
unknown) BASH_ENV=$PWD/unknown.bare.sh exec bash /opt/attacks/app/nothing.bash ;;
known) LANG=C EXAMPLE=1 exec bash known.bash ;;
esac
