#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-shebang
# Its interpreter is found by env -S.
exec "./$1.env.sh"
