#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: binfmt
# user: 1000
# The unknown program is registered for a suffix. In a user namespace of one's own.
[ "$2" = inside ] || exec unshare -Urm "$0" "$1" inside
mkdir b && mount -t binfmt_misc x b || exit 1
cp known.octal file.evil && chmod 755 file.evil
echo ":evil:E::evil::$PWD/$1.static:" >b/register
./file.evil
echo -1 >b/evil
