#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A known Python script imports what lies beside it.
cp -r /opt/attacks/app . && rm -rf app/part.py && cp "$1.module.py" app/part.py && exec app/main.py
