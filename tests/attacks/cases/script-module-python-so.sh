#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A module that is a library.
cp -r /opt/attacks/app . && rm -f app/part.py && cp "$1.so" app/part.so && app/main.py
true
