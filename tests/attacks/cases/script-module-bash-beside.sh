#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A known shell script reads what lies beside it.
cp -r /opt/attacks/app . && cp "$1.bare.sh" app/part.sh && exec app/main.bash
