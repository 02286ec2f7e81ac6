#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: module-load
# proof: said
# where: vm
# A kernel module with one byte more, from memory. Its twin is the module as its maker made it.
/opt/attacks/root module-memory "$1.ko" dummy
rmmod dummy 2>/dev/null
