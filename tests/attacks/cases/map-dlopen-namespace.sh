#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-dlopen
# Into another name space of the loader.
exec /opt/attacks/map dlmopen "$1"
