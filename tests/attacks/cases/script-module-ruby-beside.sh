#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A known Ruby script requires what lies beside it.
cp -r /opt/attacks/app . && cp "$1.rb" app/part.rb && exec ruby app/main.rb
