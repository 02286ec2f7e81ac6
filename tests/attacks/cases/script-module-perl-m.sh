#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A known program takes unknown code: perl -I. -M.
cp "$1.module.pm" part.pm && exec perl -I. -Mpart /opt/attacks/app/nothing.pl
