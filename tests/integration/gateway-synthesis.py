#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=280
#
# gateway-synthesis - of rules of ET Open, flows made from the rule's text alone: the flow alerts, and with one byte changed (of a content, an expression's
# example, a listed address, a port) it does not. A seeded sample, with
# SEKISHO_LONG all of them. What the maker of flows cannot make counts as missed.

import collections
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import rule_flow  # noqa: E402
import rule_text  # noqa: E402

GATEWAY = Path(os.environ.get('SEKISHO_BUILD', 'build')) / 'sekisho-gateway'
ARCHIVE = Path(os.environ.get('SEKISHO_DATA', '../shared/data')) / 'gateway/et-open-2024.tar.zst'
LONG = os.environ.get('SEKISHO_LONG') == '1'
FLOOR = 0.95  # of the rules tried: flow alerts and near miss is silent
NAME = 'flows made from rules alert, and one byte off they do not'


def rules_of(work):
    subprocess.run(['tar', '-C', work, '--zstd', '-xf', ARCHIVE], check=True, timeout=60)
    files, lines = sorted(Path(work).rglob('*.rules')), {}
    for path in files:
        text = path.read_text(errors='replace').replace('flowbits:noalert;', '').replace(' noalert;', '')
        path.write_text(text)  # so that what only sets a flowbit is seen, too
        for line in text.splitlines():
            if line.strip() and not line.lstrip().startswith('#'):
                lines[line] = path
    return files, list(lines)


def read(line):
    """The rule; None where the reader cannot read it, which counts as missed."""
    try:
        return rule_text.read(line)
    except (ValueError, KeyError, IndexError, OverflowError):
        return None


def flows_of(number, rule, setters):
    """(which, packets, hosts): which 0 is the flow, 1 to 3 near misses."""
    before = rule_flow.chain(rule, setters)
    if before is None:
        return
    yield 0, *rule_flow.conversation(number * 4, rule, before, rule.buffers)
    for which, bent in enumerate(rule_flow.bends(rule), 1):
        yield which, *rule_flow.conversation(number * 4 + which, rule, before, rule.buffers, bent)
    for which, (name, at, index, other) in enumerate(rule_flow.nearest(rule), 1):
        buffers = {**rule.buffers, name: rule_flow.changed(rule.buffers[name], at, index, other)}
        yield which, *rule_flow.conversation(number * 4 + which, rule, before, buffers)


def make(path, rules, setters):
    """Writes the capture; (sid, hosts) -> which, and how many near misses each rule has."""
    whose, near, clock = {}, collections.Counter(), 0
    with open(path, 'wb') as out:
        out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, rule in enumerate(rules):
            try:
                made = list(flows_of(number, rule, setters))
            except (ValueError, KeyError, IndexError, struct.error, OverflowError):
                continue
            for which, packets, hosts in made:
                whose[rule.sid, frozenset(hosts)] = which
                near[rule.sid] += which > 0
                for packet in packets:
                    clock += 1
                    out.write(struct.pack('<IIII', 1700000000 + clock // 1000, clock % 1000 * 1000, len(packet), len(packet)) + packet)
    return whose, near


def replayed(pcap, files):
    words = [GATEWAY, 'replay', '--pcap', pcap, '--json']
    words += [word for path in files for word in ('--rules', path)]
    words += [word for name in rule_flow.HOSTS for word in ('--var', f'{name}=any')] + [word for n, v in rule_flow.PORTS.items() for word in ('--var', f'{n}={v}')]
    done = subprocess.run(words, capture_output=True, text=True, timeout=250, check=False)
    for line in done.stdout.splitlines():
        event = json.loads(line)
        if 'sid' in event.get('unmapped', {}):
            yield event['unmapped']['sid'], frozenset((event['src_endpoint']['ip'], event['dst_endpoint']['ip']))


def main():
    if not ARCHIVE.exists():
        print(f'ok 1 - {NAME} # SKIP no ET Open under SEKISHO_DATA\n1..1')
        return 0
    warnings.simplefilter('ignore', FutureWarning)  # of expressions written for PCRE
    with tempfile.TemporaryDirectory() as work:
        files, lines = rules_of(work)
        all_rules = [rule for rule in map(read, lines) if rule]
        setters = {bit: rule for rule in reversed(all_rules) for bit in rule.sets}
        tried = all_rules if LONG else random.Random(9).sample(all_rules, 2000)
        unread = (len(lines) - len(all_rules)) * len(tried) / len(all_rules)
        whose, near = make(Path(work) / 'flows.pcap', tried, setters)
        seen = collections.defaultdict(set)
        for sid, hosts in replayed(Path(work) / 'flows.pcap', files):
            if (sid, hosts) in whose:
                seen[sid].add(whose[sid, hosts])
    alerted = [rule.sid for rule in tried if 0 in seen[rule.sid]]
    good = [sid for sid in alerted if near[sid] > len(seen[sid] - {0})]
    count = len(tried) + unread
    print(f'# {len(lines)} rules, {len(all_rules)} read, {count:.0f} tried: {len(alerted)} alert, {len(good)} of these are silent one byte off ({100 * len(good) / count:.1f} %)')
    silent = collections.Counter((rule.proto, *sorted(n for n in rule.buffers if n != 'payload')[:2]) for rule in tried if 0 not in seen[rule.sid])
    print('# not alerted:', '; '.join(f"{n} {' '.join(k)}" for k, n in silent.most_common(12)))
    print(f"{'ok' if len(good) >= FLOOR * count else 'not ok'} 1 - {NAME}\n1..1")
    return 0


sys.exit(main())
