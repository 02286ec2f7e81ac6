#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-writer
# seconds: 25
# A library is written after it was mapped. Its twin writes data.
case $1 in
unknown) exec /opt/attacks/race library-behind unknown ;;
known) exec /opt/attacks/race library-left known ;;
esac
