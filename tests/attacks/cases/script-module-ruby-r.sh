#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A known program takes unknown code: ruby -r.
exec ruby "-r./$1.rb" /opt/attacks/app/nothing.rb
