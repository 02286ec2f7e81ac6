#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# A program of 32 bits, by the kernel's other loader.
exec "./$1.i386"
