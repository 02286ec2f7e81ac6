#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-deleted
# Deleted, then executed by /proc/self/fd of a descriptor that cannot even read.
exec /opt/attacks/exec deleted-path "./$1"
