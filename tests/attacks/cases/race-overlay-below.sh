#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-overlay
# seconds: 25
# What lies below and above a merged name is changed behind the overlay's back.
exec /opt/attacks/race overlay-below "$1"
