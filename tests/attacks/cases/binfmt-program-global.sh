#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: binfmt
# where: vm
# The unknown program is registered for a suffix.
[ "$2" = inside ] || exec unshare -m "$0" "$1" inside
mkdir b && mount -t binfmt_misc x b || exit 1
cp known.octal file.evil && chmod 755 file.evil
echo ":evil:E::evil::$PWD/$1.static:" >b/register
./file.evil
echo -1 >b/evil
