#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A compiled module without its source.
cp -r /opt/attacks/app . && rm -f app/part.py && cp "$1.module.pyc" app/part.pyc && exec app/main.py
