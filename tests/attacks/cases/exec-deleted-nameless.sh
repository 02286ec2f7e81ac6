#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-deleted
# A file that never had a name (O_TMPFILE).
exec /opt/attacks/exec nameless "./$1"
