#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=3600 long
#
# debian-12.py - every attack on Debian 12's kernel, where BPF LSM programs load: tier A.
#
#   debian-12.py [--part N/OF] [REGEX]      only the cases whose names match, or a part of them

import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(__import__('pathlib').Path(__file__).parent / 'support'))
import tier  # noqa: E402

tier.in_machine('debian-12', '6.1', sys.argv[1:], ['--timeout', '600', '--module', 'loop', '--module', 'overlay', '--module', 'fuse', '--module', 'binfmt_misc'])
