#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-namespace
# user: 1000
# New process, user and mount namespaces with a /proc of their own.
[ "$2" = inside ] || exec unshare -Urmpf --mount-proc "$0" "$1" inside
exec "./$1"
