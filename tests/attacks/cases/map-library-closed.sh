#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# The descriptor is closed before the first instruction runs.
case $1 in
unknown) exec /opt/attacks/map closed unknown ;;
known) exec /opt/attacks/map closed known ;;
esac
