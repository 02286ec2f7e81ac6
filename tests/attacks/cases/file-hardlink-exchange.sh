#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: file-hardlink
# A second name of a known program is taken over by the unknown one after it was started.
ln /opt/attacks/tiny run && ./run && ln -f "$1" run && exec ./run
