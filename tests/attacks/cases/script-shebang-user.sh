#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-shebang
# user: 1000
# A script by its name, by an ordinary user.
exec "./$1.sh"
