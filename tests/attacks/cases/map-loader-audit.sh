#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-loader
# The loader is told to audit by a library.
exec /lib64/ld-linux-x86-64.so.2 --audit "$PWD/$1.so" /bin/true
