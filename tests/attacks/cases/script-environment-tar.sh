#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# TAR_OPTIONS. Its twin has an ordinary variable.
case $1 in
unknown) TAR_OPTIONS="--checkpoint=1 --checkpoint-action=exec=$PWD/unknown.sh" exec tar -cf /dev/null known ;;
known) LANG=C EXAMPLE=1 exec sh known.sh ;;
esac
