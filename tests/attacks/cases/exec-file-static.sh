#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# A program without a dynamic loader.
exec "./$1.static"
