#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-preload
# LD_AUDIT into a known program.
LD_AUDIT=$PWD/$1.so exec /bin/true
