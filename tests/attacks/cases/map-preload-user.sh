#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-preload
# user: 1000
# LD_PRELOAD by an ordinary user.
LD_PRELOAD=$PWD/$1.so exec /bin/true
