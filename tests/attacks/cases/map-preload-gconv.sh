#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-preload
# A character set that is converted by a library of one's own (GCONV_PATH).
mkdir g && cp "$1.so" g/EVIL.so && printf "module  EVIL//  INTERNAL  ./EVIL 1\nmodule  INTERNAL  EVIL//  ./EVIL 1\n" >g/gconv-modules
echo x | GCONV_PATH=$PWD/g iconv -f EVIL -t UTF-8
true
