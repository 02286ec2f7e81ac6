#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# A known program finds the library of its maker in a folder of somebody else (LD_LIBRARY_PATH).
mkdir l && cp "$1.so" l/libplugin.so && LD_LIBRARY_PATH=$PWD/l exec /opt/attacks/linked
