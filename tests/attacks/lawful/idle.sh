#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What runs in a terminal: it says something and stays.
# part: started by another one
echo 'a terminal'
exec sleep 300
