#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=240
#
# gateway-captures - every capture of SEKISHO_DATA/gateway with Suricata's alerts beside it: replay alerts by the same rules, or tests/support/gateway-captures.txt says why
# not, line by line. A rule that check-rules names as not honoured explains that it is silent.

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get('SEKISHO_BUILD', 'build'))
DATA = Path(os.environ.get('SEKISHO_DATA', '../shared/data')) / 'gateway'
GATEWAY = BUILD / 'sekisho-gateway'
# As Suricata was run: every address is inside, and no client is an authorized one.
NOBODY = '192.0.2.1'
VARS = {'HOME_NET': 'any', 'EXTERNAL_NET': 'any', **{f'{name}_CLIENT': NOBODY for name in ('MODBUS', 'DNP3', 'BACNET', 'ENIP', 'MODICON', 'FINS', 'S7')}}
number = 0


def point(good, name, note=''):
    global number
    number += 1
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if note:
        print(f'# {note}')


def replayed(capture, *more):
    """The rules that alerted."""
    words = [GATEWAY, 'replay', '--pcap', capture, '--midstream', '--json', *more]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    if '"summary"' not in done.stdout:  # some captures end in the middle of a packet, and are played up to there
        raise RuntimeError(done.stderr)
    return {event['unmapped']['sid'] for event in map(json.loads, done.stdout.splitlines()) if 'sid' in event.get('unmapped', {})}


def listed():
    """(capture, sid) -> sign"""
    rows = {}
    for line in (HERE / 'support/gateway-captures.txt').read_text(encoding='utf-8').splitlines():
        if line and not line.startswith('#'):
            capture, sid, _ = line.split('\t')
            rows[capture, int(sid[1:])] = sid[0]
    return rows


def unhonoured():
    done = subprocess.run([GATEWAY, 'check-rules', DATA / 'ot.rules', '--json'], capture_output=True, text=True, timeout=60, check=False)
    return {n['sid'] for n in json.loads(done.stdout)['named'] if n['keyword'] != 'sid'}


def compare(expected, rows, silent):
    variables = [word for name, value in VARS.items() for word in ('--var', f'{name}={value}')]
    unlike, alike = [], 0
    for capture, said in expected.items():
        want = {int(sid) for sid in said['alerts']}
        have = replayed(DATA / 'pcaps' / capture, '--rules', DATA / 'ot.rules', *variables)
        found = {(capture, sid): '+' for sid in have - want} | {(capture, sid): '-' for sid in want - have - silent}
        stated = {key: sign for key, sign in rows.items() if key[0] == capture}
        alike += have == want
        unlike += [f'{capture}: {sign}{sid} is not in the list' for (_, sid), sign in found.items() if (capture, sid) not in stated]
        unlike += [f'{capture}: {sign}{sid} is in the list and does not come' for (_, sid), sign in stated.items() if found.get((capture, sid)) != sign]
    return alike, unlike


def variables():
    """--var is heard: a rule about an address that HOME_NET is or is not."""
    capture = DATA / 'pcaps/iti/ModbusTCP/modbus_test_data_part1.pcap'
    return [replayed(capture, '--rules', DATA / 'ot.rules', '--var', 'HOME_NET=any', '--var', f'MODBUS_CLIENT={value}') & {1111006}
            for value in (NOBODY, 'any')]


def main():
    points = ('every capture alerts as Suricata does, or the list says why not', 'the list names captures that there are', '--var sets what a rule asks for')
    if not (DATA / 'suricata-midstream.json').exists():
        for name in points:
            point(True, f'{name} # SKIP no captures under SEKISHO_DATA')
    else:
        expected = json.loads((DATA / 'suricata-midstream.json').read_text(encoding='utf-8'))
        rows = listed()
        alike, unlike = compare(expected, rows, unhonoured())
        point(not unlike, points[0], f"{alike} of {len(expected)} alike; " + ('; '.join(unlike) or 'each other explained'))
        point(not {capture for capture, _ in rows} - set(expected), points[1])
        point(variables() == [{1111006}, set()], points[2])
    wrong = subprocess.run([GATEWAY, 'replay', '--pcap', os.devnull, '--var', 'HOME_NET'], capture_output=True, timeout=60, check=False)
    point(wrong.returncode == 2, '--var without a value is a wrong call')
    print(f'1..{number}')
    return 0


sys.exit(main())
