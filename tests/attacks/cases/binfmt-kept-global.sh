#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: binfmt
# where: vm
# It is opened when it is registered, and deleted (flag F).
[ "$2" = inside ] || exec unshare -m "$0" "$1" inside
mkdir b && mount -t binfmt_misc x b || exit 1
cp known.octal file.evil && chmod 755 file.evil
cp "$1.static" x && echo ":evil:E::evil::$PWD/x:F" >b/register && rm x
./file.evil
echo -1 >b/evil
