#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# python3 with a folder that has a __main__.py.
mkdir d && cp "$1.py" d/__main__.py && exec python3 d
