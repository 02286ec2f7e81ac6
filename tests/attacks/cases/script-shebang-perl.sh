#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-shebang
# A Perl script by its name.
exec "./$1.pl"
