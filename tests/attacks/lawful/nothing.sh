#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# part: started by another one
# What each process of the storm runs that is a script.
exit 0
