#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# part: started by another one
# What runs in a container: it says as whom.
echo "in a container: $(id -u)"
