#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-writer
# seconds: 25
# A remembered program is written and started in the same moment, over and over.
exec /opt/attacks/race written "$1"
