#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=3600 long
#
# debian-11.py - every attack on Debian 11's kernel without BPF LSM, where fanotify is alone: tier C.
#
#   debian-11.py [--part N/OF] [REGEX]      only the cases whose names match, or a part of them

import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(__import__('pathlib').Path(__file__).parent / 'support'))
import tier  # noqa: E402

tier.in_machine('debian-11', '5.10', sys.argv[1:], ['--timeout', '600', '--lsm', 'landlock,lockdown,yama', '--module', 'loop', '--module', 'overlay', '--module', 'fuse', '--module', 'binfmt_misc'])
