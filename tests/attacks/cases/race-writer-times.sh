#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-writer
# seconds: 25
# A remembered program is written, and its times are set back to what they were.
exec /opt/attacks/race written-back "$1"
