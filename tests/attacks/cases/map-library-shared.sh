#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Its instructions are mapped shared.
case $1 in
unknown) exec /opt/attacks/map shared unknown ;;
known) exec /opt/attacks/map shared known ;;
esac
