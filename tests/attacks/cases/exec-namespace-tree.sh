#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-namespace
# From a cloned mount that is attached nowhere (open_tree).
exec /opt/attacks/exec tree-clone "./$1"
