#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-memfd
# A memfd that can no longer be changed. Its twin executes a file by its descriptor.
case $1 in
unknown) exec /opt/attacks/exec memfd-sealed ./unknown ;;
known) exec /opt/attacks/exec fd ./known ;;
esac
