#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# A program without any library, of a few hundred bytes.
exec "./$1.bare"
