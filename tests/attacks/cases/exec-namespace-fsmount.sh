#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-namespace
# From a tmpfs that is attached nowhere (fsmount). Its twin starts from an unattached mount of the disk.
case $1 in
unknown) exec /opt/attacks/exec fs-unattached ./unknown ;;
known) exec /opt/attacks/exec tree-clone ./known ;;
esac
