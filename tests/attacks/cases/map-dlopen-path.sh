#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-dlopen
# A known program opens it by its path.
exec /opt/attacks/map dlopen "$1"
