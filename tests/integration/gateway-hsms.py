#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=120
#
# gateway-hsms.py - our SECS-II reader against a foreign one: the messages of the public captures are read, written again byte for byte, and each head, format, length
# and value is what tshark's HSMS dissector says. Frames of our own add the formats that the captures do not have.

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

BUILD = Path(os.environ.get('SEKISHO_BUILD', 'build')).resolve()
DATA = Path(os.environ.get('SEKISHO_DATA', Path(__file__).resolve().parents[3] / 'shared/data')) / 'gateway/hsms'
FIELDS = ['length', 'header.sessionid', 'header.wbit', 'header.stream', 'header.function', 'header.ptype', 'header.stype', 'header.system',
          'data.item.format', 'data.item.length_bytes', 'data.item.length']
VALUES = ['binary', 'boolean', 'string', 'int8', 'int16', 'int32', 'int64', 'float', 'double', 'uint8', 'uint16', 'uint32', 'uint64']
KINDS = {'B': 'binary', 'BOOLEAN': 'boolean', 'A': 'string', 'J': 'string', 'I1': 'int8', 'I2': 'int16', 'I4': 'int32', 'I8': 'int64', 'F4': 'float',
         'F8': 'double', 'U1': 'uint8', 'U2': 'uint16', 'U4': 'uint32', 'U8': 'uint64'}
NUMBERS = {'I1': '>b', 'I2': '>h', 'I4': '>i', 'I8': '>q', 'F4': '>f', 'F8': '>d', 'U1': '>B', 'U2': '>H', 'U4': '>I', 'U8': '>Q', 'BOOLEAN': '>B'}
count = 0


def point(good, name, note=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}' + (f': {note}' if note and not good else ''), flush=True)


def skip(name, reason):
    global count
    count += 1
    print(f'ok {count} - {name} # SKIP {reason}', flush=True)


def decode(frames):
    said = subprocess.run([BUILD / 'sekisho-tool-sim', 'decode'], input=''.join(f'{f}\n' for f in frames), capture_output=True, text=True, check=False,
                          timeout=60)
    return [json.loads(line) for line in said.stdout.splitlines()]


def item(code, body, number=None):
    size = len(body) if number is None else number
    more = 1 if size < 256 else 2 if size < 65536 else 3
    return bytes([code << 2 | more]) + size.to_bytes(more, 'big') + body


def own_frames():
    """Each format that tshark knows (all but J and C2) with two elements, long lengths, and lists in lists."""
    leaves = [item(0o10, b'\0\xff'), item(0o11, b'\0\1'), item(0o20, b'text'), item(0o31, b'\x80\x7f'), item(0o32, struct.pack('>hh', -2, 3)),
              item(0o34, struct.pack('>ii', -70000, 70000)), item(0o30, struct.pack('>qq', -2**40, 2**40)), item(0o44, struct.pack('>ff', 1.5, -2.25)),
              item(0o40, struct.pack('>dd', 1e100, -0.125)), item(0o51, b'\0\xff'), item(0o52, b'\0\1\xff\xff'), item(0o54, struct.pack('>II', 0, 2**32 - 1)),
              item(0o50, struct.pack('>QQ', 7, 2**64 - 1)), item(0o20, b'x' * 300), item(0o10, bytes(70000))]
    bodies = leaves + [item(0, b''.join(leaves[:13]), 13), item(0, item(0, item(0, item(0, leaves[2], 1), 1), 1), 1), b'']
    heads = (struct.pack('>IHBBBBI', 10 + len(body), 7, 0x86, 11, 0, 0, 1000 + i) for i, body in enumerate(bodies))
    return [(head + body).hex() for head, body in zip(heads, bodies)]


def write_pcap(path, frames):
    """One TCP connection; every frame in segments of 1,400 bytes."""
    seq = 1
    with open(path, 'wb') as out:
        out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, frame in enumerate(frames):
            data = bytes.fromhex(frame)
            for at in range(0, len(data), 1400):
                part = data[at:at + 1400]
                tcp = struct.pack('>HHIIBBHHH', 40000, 5000, seq, 1, 0x50, 0x18, 65535, 0, 0)
                ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 40 + len(part), 1, 0, 64, 6, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
                packet = b'\2' * 12 + b'\x08\0' + ip + tcp + part
                out.write(struct.pack('<IIII', 1700000000 + number, at, len(packet), len(packet)) + packet)
                seq += len(part)


def dissect(pcap):
    """What tshark says of each message: {field: its words}."""
    names = ['hsms.' + name for name in FIELDS] + ['hsms.data.item.value.' + name for name in VALUES]
    said = subprocess.run(['tshark', '-n', '-r', pcap, '-d', 'tcp.port==5000,hsms', '-Y', 'hsms', '-T', 'fields', '-E', 'separator=|', '-E', 'aggregator=~',
                           *[word for name in names for word in ('-e', name)]], capture_output=True, text=True, check=False, timeout=60)
    return [dict(zip(FIELDS + VALUES, line.split('|'))) for line in said.stdout.splitlines()]


def words_of(found, kind):
    """Our values as tshark's words, for one kind of value field."""
    for leaf in found['items']:
        if KINDS.get(leaf['format']) != kind:
            continue
        value = bytes.fromhex(leaf['value'])
        if kind == 'binary':
            yield value.hex() or '<MISSING>'
        elif kind == 'string':
            yield value.decode('latin-1')
        else:
            yield from struct.unpack('>' + NUMBERS[leaf['format']][1] * (len(value) // struct.calcsize(NUMBERS[leaf['format']])), value)


def same_values(found, said, kind):
    ours, theirs = list(words_of(found, kind)), said[kind].split('~') if said[kind] else []
    if kind == 'string':
        return '~'.join(ours) == said[kind]
    if kind == 'binary':
        return ours == [word.replace(':', '') for word in theirs] or sum(map(len, ours)) > 65536
    if kind in ('float', 'double'):
        return len(ours) == len(theirs) and all(abs(a - float(b)) <= 1e-6 * max(1, abs(a)) for a, b in zip(ours, theirs))
    return ours == [{'True': 1, 'False': 0}.get(word) if word in ('True', 'False') else int(word) for word in theirs]


def differences(found, said):
    """The names of what is not the same."""
    head = {'length': found['length'], 'header.sessionid': found['session'], 'header.ptype': found['ptype'], 'header.stype': found['stype'],
            'header.system': found['system']}
    if found['stype'] == 0:
        head.update({'header.wbit': int(found['w']), 'header.stream': found['stream'], 'header.function': found['function']})
    wrong = [name for name, value in head.items() if said[name].replace('True', '1').replace('False', '0') != str(value)]
    for name, key in (('data.item.format', 'code'), ('data.item.length_bytes', 'length_bytes'), ('data.item.length', 'length')):
        if said[name] != '~'.join(str(leaf[key]) for leaf in found['items']):
            wrong.append(name)
    return wrong + [kind for kind in VALUES if not same_values(found, said, kind)]


def compare(name, frames, pcap):
    found = decode(frames)
    point(len(found) == len(frames) and all(f['good'] and not f['odd'] for f in found), f'{name}, all {len(frames)} messages are read', str(len(found)))
    point([f['again'] for f in found] == frames, f'{name}, written again, each is the same bytes')
    if not shutil.which('tshark'):
        skip(f'{name}, as tshark reads it', 'tshark is not installed')
        return
    said = [s for s in dissect(pcap) if s['header.stype'] == '0']
    wrong = [(i, d) for i, (f, s) in enumerate(zip(found, said)) if (d := differences(f, s))]
    point(len(said) == len(frames) and not wrong, f'{name}, heads, formats, lengths and values are what tshark says', f'{len(said)} messages, {wrong[:5]}')


def compare_documents():
    """The tables of fields in both languages are the declaration's, and each odd word is explained."""
    root = Path(__file__).resolve().parents[2]
    odds = {word for name in ('hsms', 'secs1')
            for word in re.findall(r'"(\w+-[a-z0-9-]+)"', (root / f'gateway/proto/{name}/{name}.c').read_text().partition('odds[] = {')[2].partition('}')[0])}
    for name, language in (('gateway-hsms.md', []), ('gateway-hsms.ja.md', ['ja'])):
        text = (root / 'docs' / name).read_text()
        rows = subprocess.run([BUILD / 'sekisho-tool-sim', 'fields', *language], capture_output=True, text=True, check=True).stdout
        point(rows in text and odds == set(re.findall(r'^\| `((?:secs1?|hsms)-[a-z0-9-]+)` \|', text, re.MULTILINE)) and len(odds) > 25,
              f'docs/{name} has the fields and the odd words that are declared')


def main():
    top = Path(tempfile.mkdtemp(prefix='gateway-hsms-'))
    try:
        frames = own_frames()
        write_pcap(top / 'own.pcap', frames)
        compare('own frames', frames, top / 'own.pcap')
        if (DATA / 'secs4net_common.json').exists():
            frames = [m['hex'] for m in json.loads((DATA / 'secs4net_common.json').read_text())]
            point(len(frames) == 195, 'the captures have 195 messages', str(len(frames)))
            compare('captures', frames, DATA / 'secs4net_common.pcap')
        else:
            for name in ('the captures have 195 messages', 'captures, all 195 messages are read', 'captures, written again, each is the same bytes',
                         'captures, heads, formats, lengths and values are what tshark says'):
                skip(name, 'open data is not here')
        compare_documents()
        bent = [f for f in frames if len(f) > 60][0]
        point(not decode([bent[:-2]])[0]['good'] and decode([bent + '00'])[0]['good'] is False, 'a byte less or more is seen')
    finally:
        shutil.rmtree(top)
    print(f'1..{count}')


sys.exit(main())
