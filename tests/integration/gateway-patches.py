#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=300
#
# gateway-patches.py - virtual patches: what each stops, what comes near it and passes whole, what tshark says of both captures, and whether ET Open's rules for the
# same thing, run by our engine, alert on it. Captures are made by tests/support/threats.py; files made from the table are held against it.

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get('SEKISHO_BUILD', TOP / 'build')).resolve()
DATA = Path(os.environ.get('SEKISHO_DATA', TOP.parent / 'shared/data')) / 'gateway'
RULES = TOP / 'rules/gateway/virtual-patches.rules'
sys.path.insert(0, str(TOP / 'tests/support'))
import threats
import threats_plc

# tshark 4.0 takes the driver container of MS-PAR, which this call carries, for a text.
MISREAD = '39'
count = 0


def point(good, name, note=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}' + (f'\n# {note}' if note and not good else ''), flush=True)


def skip(name, why):
    global count
    count += 1
    print(f'ok {count} - {name} # SKIP {why}')


def replay(pcap, rules, *options):
    said = subprocess.run([BUILD / 'sekisho-gateway', 'replay', '--pcap', pcap, '--json', '--rules', rules, *options], capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in said.stdout.splitlines()]


def sids(events):
    return {event['unmapped']['sid'] for event in events if 'sid' in event.get('unmapped', {})}


def packets(path):
    data, at, found = Path(path).read_bytes(), 24, []
    while at < len(data):
        size = int.from_bytes(data[at + 8:at + 12], 'little')
        found.append(data[at + 16:at + 16 + size])
        at += 16 + size
    return found


def payload(packet):
    if packet[23] == 17:
        return packet[42:]
    tcp = packet[34:14 + int.from_bytes(packet[16:18], 'big')]
    return tcp[(tcp[12] >> 4) * 4:]


def carries(packet):
    """Whether it says anything: data, or the wish for a connection."""
    return bool(payload(packet)) or packet[47] & 0x3f == 2


def own(rule):
    return int(rule.partition('sid:')[2].partition(';')[0])


def stopped(patch, capture, folder):
    pcap, out = folder / f"{patch['id']}-bad.pcap", folder / f"{patch['id']}-bad-passed.pcap"
    events = replay(capture.write(pcap), RULES, '--passed', out)
    told, before, after = sids(events), packets(pcap), packets(out)
    # What a patch refuses is the first thing of it that does not go on; nothing that was not sent goes on.
    lost = [p for p in before if carries(p) and p not in after]
    good = told & set(map(own, patch['rules'])) and lost and not [p for p in after if carries(p) and p not in before]
    return good, f"{patch['id']}, stopped", f'{told}, {len(lost)} lost'


def let_through(patch, capture, folder):
    pcap, out = folder / f"{patch['id']}-near.pcap", folder / f"{patch['id']}-near-passed.pcap"
    events = replay(capture.write(pcap), RULES, '--passed', out)
    return packets(pcap) == packets(out) and not sids(events), f"{patch['id']}, {patch['near']} passes whole", sids(events)


def tshark(pcap, show):
    """Packets that `show` finds, and those that it takes for torn."""
    said = subprocess.run(['tshark', '-n', '-r', pcap, '-Y', f'({show}) || _ws.malformed', '-T', 'fields', '-e', 'frame.number', '-e', 'dcerpc.opnum', '-e', '_ws.malformed'],
                          capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    lines = [line.split('\t') for line in said]
    return lines, [line for line in lines if line[2] and line[1] != MISREAD]


def decoded(patches, captures, folder):
    """Two at a time: most of it is tshark's start."""
    def one(patch):
        wrong = []
        for number, capture in enumerate(captures[patch['id']]):
            found, torn = tshark(capture.write(folder / f"{patch['id']}-{number}.pcap"), capture.show)
            wrong += torn if found else [f'nothing is {capture.show}']
        return wrong
    name = '{}, tshark reads both captures'
    if not shutil.which('tshark'):
        for patch in patches:
            skip(name.format(patch['id']), 'tshark is not installed')
        return
    with concurrent.futures.ThreadPoolExecutor(2) as two:
        for patch, wrong in zip(patches, two.map(one, patches)):
            point(not wrong, name.format(patch['id']), wrong)


def confirmed(patches, captures, folder):
    """All in one capture: the set takes seconds to load. Each capture has client ports of its own."""
    archive = DATA / 'et-open-2024.tar.zst'
    if not archive.exists():
        skip("ET Open's rules alert on the captures", 'open data lies beside the repository, not in it')
        return
    subprocess.run(['zstd', '-dcqo', folder / 'rules.tar', archive], check=True, timeout=60)
    with tarfile.open(folder / 'rules.tar') as tar, open(folder / 'et.rules', 'wb') as out:
        for member in tar:
            if member.isfile() and member.name.endswith('.rules') and 'deleted' not in member.name:
                out.write(tar.extractfile(member).read() + b'\n')
    whole = threats.Capture('')
    for number, capture in enumerate(captures.values()):
        whole.packets += [(when + 100 * number, data) for when, data in capture.packets]
    told = sids(replay(whole.write(folder / 'all.pcap'), folder / 'et.rules'))
    for patch in patches:
        wanted = set(patch['et'])
        if wanted:
            point(wanted <= told, f"{patch['id']}, ET Open {', '.join(map(str, sorted(wanted)))} alerts", sorted(told))
        else:
            point(patch['why'] and patch['why_ja'], f"{patch['id']}, ET Open, unconfirmed and says why")


DECLARED = re.compile(r'\{"(\w+)", GW_(UINT|TEXT),(?: \.learn = true,)? \.en = "(.*?)", \.ja = "(.*?)"\}')
PAGES = {'dcerpc': ['dcerpc/rpc.h'], 'smb': ['dcerpc/rpc.h', 'smb/say.c'], 'rdp': ['rdp/rdp.c']}
POLICY = """part: gateway
serial: 1
not_before: 2023-01-01
expires: 2063-01-01
gateway:
  zones:
    - {{name: desks, addresses: [198.51.100.0/24]}}
    - {{name: tools, addresses: [10.20.0.0/24]}}
  conduits:
    - name: cell
      from: desks
      to: tools
      protocols: [{}]
      action: inspect
      mode: enforce
      lines:
{}
  otherwise: {{action: switch, mode: observe}}
"""


def pages(name, sources, folder):
    """Both pages have the fields that are declared, and their lines can be loaded."""
    declared = [field for source in sources for field in DECLARED.findall((TOP / 'gateway/proto' / source).read_text())]
    threats.Capture('').write(folder / 'empty.pcap')
    for page, kinds in ((f'docs/gateway-{name}.md', {'UINT': 'number', 'TEXT': 'text'}), (f'docs/gateway-{name}.ja.md', {'UINT': '数', 'TEXT': '文字列'})):
        text = (TOP / page).read_text()
        missing = [f for f, kind, en, ja in declared if f'| `{f}` | {kinds[kind]} | {ja if page.endswith("ja.md") else en} |' not in text]
        point(declared and not missing, f'{page} has the fields that are declared', missing)
        lines = text.partition('```yaml\nlines:\n')[2].partition('```')[0]
        (folder / 'draft.yaml').write_text(POLICY.format(name, lines.replace('  - ', '        - ').rstrip('\n')))
        said = subprocess.run([BUILD / 'sekisho-gateway', 'replay', '--pcap', folder / 'empty.pcap', '--policy', folder / 'draft.yaml', '--json'], capture_output=True, text=True, check=False)
        point(lines and said.returncode == 0, f'{page}, its lines can be loaded', said.stderr)


def main():
    with open(TOP / 'rules/gateway/virtual-patches.toml', 'rb') as table:
        patches = tomllib.load(table)['patch']
    made = subprocess.run([TOP / 'rules/gateway/generate', '--check'], capture_output=True, text=True, check=False)
    point(made.returncode == 0, 'rules and documents are what the table says', made.stdout)
    told = subprocess.run([BUILD / 'sekisho-gateway', 'check-rules', RULES, '--json'], capture_output=True, text=True, check=False).stdout.splitlines()
    numbers = [own(rule) for patch in patches for rule in patch['rules']]
    point(json.loads(told[-1]) == {'enabled': len(numbers), 'honoured': len(numbers), 'named': []} and len(set(numbers)) == len(numbers), 'each rule is honoured', told[-1:])
    bad, near = threats.bad() | threats_plc.bad(), threats.near() | threats_plc.near()
    point({p['id'] for p in patches} == set(bad) == set(near), 'each patch has its captures', set(bad) ^ {p['id'] for p in patches})
    with tempfile.TemporaryDirectory(prefix='sk-patches-', dir=os.environ.get('TMPDIR')) as folder:
        folder = Path(folder)
        with concurrent.futures.ThreadPoolExecutor(2) as two:
            tasks = [two.submit(judge, patch, captures[patch['id']], folder) for patch in patches for judge, captures in ((stopped, bad), (let_through, near))]
            for task in tasks:
                point(*task.result())
        decoded(patches, {name: (bad[name], near[name]) for name in bad}, folder)
        confirmed(patches, bad, folder)
        for name, sources in PAGES.items():
            pages(name, sources, folder)
    print(f'1..{count}')


main()
