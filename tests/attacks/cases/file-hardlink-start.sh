#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: file-hardlink
# An unknown program is started under a second name, beside a known one.
mkdir l && ln "$1" l/tiny && exec l/tiny
