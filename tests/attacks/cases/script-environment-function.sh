#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# A function that a shell takes out of its environment. Its twin has an ordinary variable.
case $1 in
unknown) exec env "BASH_FUNC_nothing%%=() { $(cat unknown.bare.sh); }" bash /opt/attacks/app/nothing.bash ;;
known) LANG=C EXAMPLE=1 exec bash known.bash ;;
esac
