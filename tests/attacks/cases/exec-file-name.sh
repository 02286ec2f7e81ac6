#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-file
# It bears the name of a known program and stands before it in PATH.
mkdir bin && cp "$1" bin/ls && PATH=$PWD/bin:$PATH exec ls
