#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-loader
# The loader is told another library path.
mkdir l && cp "$1.so" l/libplugin.so && exec /lib64/ld-linux-x86-64.so.2 --library-path "$PWD/l" --inhibit-rpath /opt/attacks/linked /opt/attacks/linked
