#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-fd
# By a descriptor that another process sent.
exec /opt/attacks/exec fd-passed "./$1"
