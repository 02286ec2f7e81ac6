#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-memfd
# user: 1000
# A memfd of an ordinary user. Its twin executes a file by its descriptor.
case $1 in
unknown) exec /opt/attacks/exec memfd-empty ./unknown ;;
known) exec /opt/attacks/exec fd ./known ;;
esac
