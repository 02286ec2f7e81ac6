#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# Through a symbolic link with a harmless name.
ln -s "$1" run && exec ./run
