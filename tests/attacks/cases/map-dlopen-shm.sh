#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-dlopen
# It lies in /dev/shm.
case $1 in
unknown) exec /opt/attacks/map dlopen-copy unknown ;;
known) exec /opt/attacks/map dlopen known ;;
esac
