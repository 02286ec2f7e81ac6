#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=600 long
#
# gateway-verify - how many of Suricata's own tests our rules pass: those that SEKISHO_DATA/gateway/suricata-verify.txt lists, in a checkout of OISF/suricata-verify that
# SEKISHO_SURICATA_VERIFY names (nothing of it lies here). Those that do not pass are in tests/support/gateway-verify.txt with the reason: one that fails and is not in that
# list fails this test, and so does one that is in it and passes. The number is printed.
#
# Of a test's checks the alerts are held: each filter on alerts by sid, gid, rev and signature, with its count. Filters that also ask for what our events do not say (payload,
# pcap_cnt, logs of other kinds) are held where no plainer filter asks for the same rule. A test without any check on alerts must alert on nothing it does not name.
#
# By hand: tests/integration/gateway-verify.py [--failed] [--only TEST]

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUILD = Path(os.environ.get('SEKISHO_BUILD', 'build'))
DATA = Path(os.environ.get('SEKISHO_DATA', '../shared/data')) / 'gateway'
CHECKOUT = os.environ.get('SEKISHO_SURICATA_VERIFY')
VERSION = (7, 0, 10)  # whose results the list has
HERE = Path(__file__).resolve().parents[1]
NAME = "Suricata's own tests pass, but for those that the list gives a reason for"
HELD = {'event_type', 'alert.signature_id', 'alert.gid', 'alert.rev', 'alert.signature'}


def version_of(text):
    return tuple(int(part) for part in str(text).split('-')[0].split('.') if part.isdigit())


def applies(requires):
    """Of this version of Suricata? A feature is taken to be there."""
    least, below = requires.get('min-version'), requires.get('lt-version')
    return (least is None or version_of(least) <= VERSION) and (below is None or VERSION < version_of(below))


def settings(case, told):
    """Words for replay, from the test's arguments and its suricata.yaml."""
    words = ' '.join(told.get('args') or [])
    more = ['--midstream' if 'stream.midstream=true' in words else '--no-midstream', '--no-checksums' if '-k none' in words or 'checks=no' in words else '--checksums']
    path = case / 'suricata.yaml'
    # The settings of Suricata are YAML with tags and doubled keys that a strict reader refuses.
    try:
        config = yaml.safe_load(path.read_text(encoding='utf-8', errors='replace')) if path.exists() else {}
    except yaml.YAMLError:
        config = {}
    groups = (config or {}).get('vars') or {}
    for group in ('address-groups', 'port-groups'):
        for name, value in (groups.get(group) or {}).items():
            more += ['--var', f'{name}={value}']
    return more, 'simulate-ips' in words


def alerts_of(case, told):
    capture = (case / told['pcap']) if told.get('pcap') else next(iter(sorted(p for p in case.iterdir() if p.suffix in ('.pcap', '.pcapng', '.cap'))))
    rules = [case / told['rules']] if told.get('rules') else sorted(case.glob('*.rules'))
    limits = case / 'threshold.config'
    if limits.exists() and 'threshold-file' in ' '.join(told.get('args') or []):
        rules.append(limits)
    more, ips = settings(case, told)
    with tempfile.TemporaryDirectory() as work:
        passed = ['--passed', os.path.join(work, 'passed.pcap')] if ips else []
        words = [BUILD / 'sekisho-gateway', 'replay', '--json', '--pcap', capture, *more, *passed, *[w for r in rules for w in ('--rules', r)]]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, errors='replace', check=False)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [{'event_type': 'alert', 'alert.signature_id': e['unmapped']['sid'], 'alert.gid': e['unmapped']['gid'], 'alert.rev': e['unmapped']['rev'],
             'alert.signature': e['message']} for e in events if 'sid' in e.get('unmapped', {})]


def wanted(told):
    """(filter on what we hold) -> how many alerts"""
    plain, detailed = {}, collections.defaultdict(int)
    for check in told.get('checks') or []:
        f = check.get('filter') or {}
        match = f.get('match') or {}
        if match.get('event_type') != 'alert' or not applies({**(check.get('requires') or {}), **(f.get('requires') or {})}):
            continue
        key = tuple(sorted((k, v) for k, v in match.items() if k in HELD))
        if set(match) <= HELD:
            plain[key] = f.get('count', 0)
        else:
            detailed[key] += f.get('count', 0)
    return {**{key: count for key, count in detailed.items() if len(key) > 1}, **plain}


def run(name):
    """None, or what differs."""
    case = Path(CHECKOUT) / name
    if not case.exists():
        case = Path(CHECKOUT) / 'tests' / name
    told = yaml.safe_load((case / 'test.yaml').read_text(encoding='utf-8')) or {}
    want, have = wanted(told), alerts_of(case, told)
    for key, count in want.items():
        found = sum(all(alert.get(k) == v for k, v in key) for alert in have)
        if found != count:
            return f"{name}: {' '.join(f'{k}={v}' for k, v in key if k != 'event_type') or 'alerts'}: {found}, not {count}"
    return None


def guarded(name):
    try:
        return run(name)
    except (OSError, KeyError, ValueError, StopIteration, subprocess.SubprocessError, yaml.YAMLError) as error:
        return f'{name}: {type(error).__name__}: {error}'


def listed():
    lines = (HERE / 'support/gateway-verify.txt').read_text(encoding='utf-8').splitlines()
    return {line.split('\t')[0] for line in lines if line and not line.startswith('#')}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--failed', action='store_true')
    parser.add_argument('--only')
    args = parser.parse_args()
    lines = [line.split('\t') for line in (DATA / 'suricata-verify.txt').read_text(encoding='utf-8').splitlines()]
    names = [fields[1] for fields in lines if not args.only or fields[1] == args.only]
    with ThreadPoolExecutor(2) as pool:
        failed = {name: said for name, said in zip(names, pool.map(guarded, names)) if said}
    stated = {name for name in listed() if not args.only or name == args.only}
    if args.failed or args.only:
        print(*(f'# {said}' for said in failed.values()), sep='\n')
    unlike = [f'{said} (not in the list)' for name, said in failed.items() if name not in stated]
    unlike += [f'{name}: is in the list and passes' for name in sorted(stated - set(failed))]
    print(f"{'not ok' if unlike else 'ok'} 1 - {NAME}", *unlike, sep='\n# ')
    passed = len(names) - len(failed)
    print(f'# {passed} of {len(names)} ({100 * passed / len(names):.1f} percent)\n1..1')
    return 0


try:
    import yaml
except ImportError:
    yaml = None
if not CHECKOUT or not (DATA / 'suricata-verify.txt').exists() or yaml is None:
    print(f'ok 1 - {NAME} # SKIP no checkout of suricata-verify, or no python3-yaml\n1..1')
    sys.exit(0)
sys.exit(main())
