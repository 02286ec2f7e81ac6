#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=600 exclusive long
#
# fapolicyd.py - the same attacks against Debian's fapolicyd on this machine: the column beside ours.
#
#   fapolicyd.py [REGEX]      only the cases whose names match

import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(__import__('pathlib').Path(__file__).parent / 'support'))
import peer  # noqa: E402

peer.measure(sys.argv[1] if len(sys.argv) > 1 else '')
