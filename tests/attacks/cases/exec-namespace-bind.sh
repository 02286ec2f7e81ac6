#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-namespace
# user: 1000
# A bind mount in a user namespace of one's own.
[ "$2" = inside ] || exec unshare -Urm "$0" "$1" inside
mkdir m && mount --bind . m && exec "m/$1"
