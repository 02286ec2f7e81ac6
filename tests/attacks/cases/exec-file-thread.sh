#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# A thread that is not the first of its process executes it.
exec /opt/attacks/exec thread "./$1"
