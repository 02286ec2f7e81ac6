#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# A fresh copy is started in the moment it was made.
cp "$1" run && exec ./run
