#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-namespace
# user: 1000
# In a container as desktops make them (bubblewrap), from its own tmpfs.
case $1 in
unknown) exec bwrap --dev-bind / / --tmpfs /mnt --perms 0755 --file 9 /mnt/run /mnt/run 9<unknown ;;
known) exec bwrap --dev-bind / / --tmpfs /mnt "$PWD/known" ;;
esac
