#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-fd
# By a file handle: it is opened without any path.
exec /opt/attacks/exec fd-handle "./$1"
