#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# The file is deleted before it is mapped.
case $1 in
unknown) exec /opt/attacks/map deleted unknown ;;
known) exec /opt/attacks/map private known ;;
esac
