#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# user: 1000
# An ordinary user starts an unknown program.
exec "./$1"
