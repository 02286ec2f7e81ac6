#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# python3 with an archive that has a __main__.py.
exec python3 "$1.zip"
