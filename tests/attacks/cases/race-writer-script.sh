#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-writer
# seconds: 25
# A script that runs is written where its interpreter has not read yet.
exec /opt/attacks/race script-behind "$1"
