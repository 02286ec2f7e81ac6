#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# seconds: 40
# Four hundred starts, a hundred at once, of copies nobody has seen; the unknown one is among them.
exec /opt/attacks/exec storm "./$1"
