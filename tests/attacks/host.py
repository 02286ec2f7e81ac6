#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=420 exclusive
#
# host.py - every attack on this machine's kernel, on an equipment PC of its own: without an agent, then against one in enforce, then its lawful twin.
#
#   host.py [REGEX]      only the cases whose names match

import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(__import__('pathlib').Path(__file__).parent / 'support'))
import tier  # noqa: E402

tier.on_host(sys.argv[1] if len(sys.argv) > 1 else '')
