#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-mapping
# seconds: 25
# A remembered program is changed by stores into a mapping, and started in the same moment.
exec /opt/attacks/race stored "$1"
