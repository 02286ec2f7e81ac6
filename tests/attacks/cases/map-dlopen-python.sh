#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-dlopen
# A known Python script loads it by ctypes.
exec /opt/attacks/app/load.py "./$1.so"
