#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# An unknown program is started by its name.
exec "./$1"
