#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=300
#
# Judging by headers in the kernel, and the hand-over both ways: conversations in HSMS and Modbus cut at every byte, swapped, sent again with the same bytes and with others, disturbed. Two gateways get the
# same frames, one of them with the kernel side in front of its engine; gateway-twin says whether both let on and tell the same. And it says so when copies are not shown to the engine.
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import gateway_lab as g  # noqa: E402

program = g.BUILD / 'gateway-twin'
if not program.exists():
    print('1..0 # SKIP no clang or bpftool: this build has no kernel side')
    sys.exit(0)
rounds = '20000' if os.environ.get('SEKISHO_LONG') else '3000'
lab = g.Lab()


def twin(*options):
    done = subprocess.run([*g.inside(lab.g), str(program), '--pins', lab.pins, *options, *lab.ports], stdout=subprocess.PIPE, text=True, timeout=280, check=False)
    return done.returncode, done.stdout


code, text = twin('--rounds', rounds)
lines = [line for line in text.splitlines() if not line.startswith('1..')]
print('\n'.join(lines))
points = sum(line.startswith(('ok ', 'not ok ')) for line in lines)
points += 1
print(f'{"ok" if code == 0 else "not ok"} {points} - the twin came to its end')
code, text = twin('--rounds', '300', '--blind')
points += 1
print(f'{"ok" if code == 0 and "not ok" in text else "not ok"} {points} - an engine that is not shown what was judged without it would be found')
print(f'1..{points}')
