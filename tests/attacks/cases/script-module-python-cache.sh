#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A compiled file in the cache of a known module.
cp -r /opt/attacks/app . && mkdir -p app/__pycache__ && cp "$1.module.pyc" app/__pycache__/part.cpython-311.pyc && exec app/main.py
