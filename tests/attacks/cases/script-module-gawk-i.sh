#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A known program takes unknown code: gawk -i.
exec gawk -b -i "./$1.awk" -f /opt/attacks/app/nothing.awk
