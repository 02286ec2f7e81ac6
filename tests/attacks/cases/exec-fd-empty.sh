#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-fd
# By its descriptor (fexecve).
exec /opt/attacks/exec fd "./$1"
