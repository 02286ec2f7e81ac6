#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: binfmt
# user: 1000
# It is opened when it is registered, and deleted (flag F). In a user namespace of one's own.
[ "$2" = inside ] || exec unshare -Urm "$0" "$1" inside
mkdir b && mount -t binfmt_misc x b || exit 1
cp known.octal file.evil && chmod 755 file.evil
cp "$1.static" x && echo ":evil:E::evil::$PWD/x:F" >b/register && rm x
./file.evil
echo -1 >b/evil
