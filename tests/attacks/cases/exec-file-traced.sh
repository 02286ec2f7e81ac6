#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# Its tracer holds it before its first instruction and lets no signal but SIGKILL through.
exec /opt/attacks/exec traced "./$1"
