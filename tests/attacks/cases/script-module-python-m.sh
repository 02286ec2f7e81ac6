#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A known program takes unknown code: python3 -m.
cp "$1.module.py" part.py && exec python3 -m part
