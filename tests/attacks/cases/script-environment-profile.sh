#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# The profile of a log-in shell. Its twin has an ordinary variable.
case $1 in
unknown) cp unknown.bare.sh .profile && HOME=$PWD exec bash -l /opt/attacks/app/nothing.bash ;;
known) LANG=C EXAMPLE=1 exec bash known.bash ;;
esac
