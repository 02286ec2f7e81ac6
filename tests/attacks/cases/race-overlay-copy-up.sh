#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-overlay
# seconds: 25
# A program is remembered under its merged name, then written there: it is copied up.
exec /opt/attacks/race overlay "$1"
