#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: binfmt
# where: vm
# A shell is registered for files that are scripts without saying so.
[ "$2" = inside ] || exec unshare -m "$0" "$1" inside
mkdir b && mount -t binfmt_misc x b || exit 1
cp known.octal file.evil && chmod 755 file.evil
cat "$1.bare.sh" >file.evil && echo ":evil:E::evil::/bin/sh:" >b/register
./file.evil
echo -1 >b/evil
