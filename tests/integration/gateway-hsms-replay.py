#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=180
#
# gateway-hsms-replay.py - HSMS through the whole engine, from captures: the public ones say their 195 messages; one session cut and ordered in many ways says the same; a session
# picked up in its middle is understood; a policy as engineers write it stops what it names and nothing else; no recipe stands in any output.

import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

BUILD = Path(os.environ.get('SEKISHO_BUILD', 'build')).resolve()
DATA = Path(os.environ.get('SEKISHO_DATA', Path(__file__).resolve().parents[3] / 'shared/data')) / 'gateway/hsms'
HOST, TOOL = 0, 1
ADDRESS = (bytes([10, 10, 0, 5]), bytes([10, 20, 0, 7]))
PORT = (40000, 5000)
count = 0


def point(good, name, note=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}' + (f': {note}' if note and not good else ''), flush=True)


def item(code, body, number=None):
    size = len(body) if number is None else number
    more = 1 if size < 256 else 2 if size < 65536 else 3
    return bytes([code << 2 | more]) + size.to_bytes(more, 'big') + body


def lst(*items):
    return item(0, b''.join(items), len(items))


def text(word):
    return item(0o20, word.encode())


def frame(byte2, byte3, system, body=b'', stype=0):
    return struct.pack('>IHBBBBI', 10 + len(body), 0xffff if stype else 1, byte2, byte3, 0, stype, system) + body


def command(name):
    return lst(text(name), lst())


def recipe(name, body):
    return lst(text(name), item(0o10, body))


SELECT = [(HOST, frame(0, 0, 1, stype=1)), (TOOL, frame(0, 0, 1, stype=2))]


def skip(name, why):
    global count
    count += 1
    print(f'ok {count} - {name} # SKIP {why}', flush=True)


def checksum(data):
    total = sum(struct.unpack(f'>{len(data) // 2}H', data[:len(data) & ~1])) + (data[-1] << 8 if len(data) & 1 else 0)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Session:
    """A TCP connection as packets; the host opens it."""

    def __init__(self, opened=True):
        self.next, self.packets, self.waits = [1000, 5000], [], {}
        if opened:
            for who, flags in ((HOST, 2), (TOOL, 0x12), (HOST, 0x10)):
                self.segment(who, flags)

    def segment(self, who, flags, data=b'', seq=None):
        seq = self.next[who] if seq is None else seq
        ack = self.next[1 - who] if flags & 0x10 else 0
        tcp = struct.pack('>HHIIBBHHH', PORT[who], PORT[1 - who], seq, ack, 0x50, flags, 65535, 0, 0) + data
        pseudo = ADDRESS[who] + ADDRESS[1 - who] + struct.pack('>BBH', 0, 6, len(tcp))
        tcp = tcp[:16] + struct.pack('>H', checksum(pseudo + tcp)) + tcp[18:]
        ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0, ADDRESS[who], ADDRESS[1 - who])
        ip = ip[:10] + struct.pack('>H', checksum(ip)) + ip[12:]
        self.packets.append(bytes([2, 0, 0, 0, 0, 1 + who, 2, 0, 0, 0, 0, 2 - who]) + b'\x08\0' + ip + tcp)
        self.next[who] = seq + len(data) + bool(flags & 3)

    def send(self, who, data, size=1400, order=None):
        first = self.next[who]
        parts = [(first + at, data[at:at + size]) for at in range(0, len(data), size)]
        for seq, part in order(parts) if order else parts:
            self.segment(who, 0x18, part, seq)
        self.next[who] = first + len(data)
        self.segment(1 - who, 0x10)

    def wait(self, seconds):
        self.waits[len(self.packets)] = seconds

    def write(self, path):
        late = 0
        with open(path, 'wb') as out:
            out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for number, packet in enumerate(self.packets):
                late += self.waits.get(number, 0)
                out.write(struct.pack('<IIII', 1700000000 + late + number // 1000, number % 1000 * 1000, len(packet), len(packet)) + packet)
        return path


def replay(pcap, *options):
    said = subprocess.run([BUILD / 'sekisho-gateway', 'replay', '--pcap', pcap, '--messages', '--json', *map(str, options)], capture_output=True, text=True,
                          check=False, timeout=100)
    return said.returncode, [json.loads(line) for line in said.stdout.splitlines()], said.stdout + said.stderr


def messages(lines, whole=True):
    return [line['fab'] for line in lines if line.get('fab', {}).get('kind') == 'message' and (line['fab']['whole'] or not whole)]


def essence(lines):
    """What an event says apart from when and in which packet; of flows, that count packets, nothing."""
    return [{k: v for k, v in line['fab'].items() if k != 'packet'} for line in lines if line.get('fab', {}).get('kind', 'flow') != 'flow']


def field(message, name):
    return [f[name] for f in message.get('fields', []) if name in f]


def payload(path, who):
    """The TCP bytes of one side that a capture has, each once, in order."""
    data, at, parts = path.read_bytes(), 24, {}
    while at < len(data):
        size = struct.unpack_from('<I', data, at + 8)[0]
        packet, at = data[at + 16:at + 16 + size], at + 16 + size
        if packet[26:30] == ADDRESS[who]:
            start = 34 + (packet[46] >> 4) * 4
            end = 14 + struct.unpack_from('>H', packet, 16)[0]
            if end > start:
                parts.setdefault(struct.unpack_from('>I', packet, 38)[0], packet[start:end])
    return b''.join(parts[seq] for seq in sorted(parts))


def captures(top):
    names = ('the captures say their 195 messages, in order', 'and those of which the beginning was cut off from there on')
    if not (DATA / 'secs4net_common.json').exists():
        for name in names:
            global count
            count += 1
            print(f'ok {count} - {name} # SKIP open data is not here', flush=True)
        return
    wanted = [(f'S{m["s"]}F{m["f"]}', int(m['hex'][20:28], 16)) for m in json.loads((DATA / 'secs4net_common.json').read_text())]
    code, lines, _ = replay(DATA / 'secs4net_common.pcap')
    found = [(m['name'], m['id']) for m in messages(lines)]
    point(code in (0, 1) and [m for m in found if m[0][0] == 'S'] == wanted and len(found) == 200, names[0], f'{len(found)}')
    data, at = (DATA / 'secs4net_common.pcap').read_bytes(), 24
    for _ in range(60):
        at += 16 + struct.unpack_from('<I', data, at + 8)[0]
    (top / 'late.pcap').write_bytes(data[:24] + data[at:])
    _, lines, _ = replay(top / 'late.pcap', '--midstream')
    found = [(m['name'], m['id']) for m in messages(lines) if m['name'][0] == 'S' and m['name'][1].isdigit()]
    point(len(found) > 130 and all(m in wanted for m in found) and set(wanted[-130:]) == set(found[-130:]), names[1], f'{len(found)}')


def talk(session, size=1400, order=None, body=b'\x5a' * 5000):
    """Both sides' talk; each side's bytes of a turn in segments of `size`, in another order where one is given."""
    for who, data in SELECT:
        session.send(who, data)
    turns = [(HOST, frame(0x81, 13, 2, lst())), (TOOL, frame(1, 14, 2, lst(item(0o10, b'\0'), lst(text('ETCH-9'), text('2.1'))))),
             (HOST, frame(0x82, 41, 3, command('START')) + frame(0x81, 3, 4, lst(item(0o54, b'\0\0\0\7'))) + frame(0x87, 3, 5, recipe('OXIDE', body))),
             (TOOL, frame(2, 42, 3, lst(item(0o10, b'\0'), lst())) + frame(1, 4, 4, lst(text('x'))) + frame(7, 4, 5, item(0o10, b'\0'))),
             (TOOL, frame(0x86, 11, 77, lst(item(0o54, b'\0\0\0\1'), item(0o54, b'\0\0\3\xe9'), lst()))), (HOST, frame(6, 12, 77, item(0o10, b'\0')))]
    for who, data in turns:
        session.send(who, data, size, order)
    return session


def cut_and_order(top):
    _, lines, _ = replay(talk(Session()).write(top / 'whole.pcap'))
    whole = essence(lines)
    names = [m['name'] for m in messages(lines)]
    point(names == ['select.req', 'select.rsp', 'S1F13', 'S1F14', 'S2F41', 'S1F3', 'S7F3', 'S2F42', 'S1F4', 'S7F4', 'S6F11', 'S6F12'], 'a session says its messages', str(names))
    point([m.get('from') for m in messages(lines)] == [None, None, 'host', 'equipment', *['host'] * 3, *['equipment'] * 4, 'host'],
          'and who says them', str([m.get('from') for m in messages(lines)]))
    sent = [m for m in messages(lines) if m['name'] == 'S7F3'][0]
    point(field(sent, 'recipe.sha256') == [hashlib.sha256(b'\x5a' * 5000).hexdigest()] and field(sent, 'ppid') == ['OXIDE'] and field(sent, 'recipe.size') == [5000],
          'a recipe is told by name, hash and size', str(sent))
    wrong = []
    for size in (*range(1, 40), 53, 100, 333, 1000, 1459):
        _, lines, _ = replay(talk(Session(), size).write(top / 'cut.pcap'))
        if essence(lines) != whole:
            wrong.append(size)
    point(not wrong, 'cut into segments of any size it says the same', str(wrong))
    chance, wrong = random.Random(7), []
    for number in range(12):
        _, lines, _ = replay(talk(Session(), chance.choice((5, 17, 60, 400)), lambda parts: [p for at in range(0, len(parts), 8) for p in chance.sample(parts[at:at + 8], len(parts[at:at + 8]))]).write(top / 'order.pcap'))
        seen = [e for e in essence(lines) if e['kind'] == 'message']
        if seen != [e for e in whole if e['kind'] == 'message']:
            wrong.append(number)
    point(not wrong, 'and with each eight segments in any order, too', str(wrong))
    session = talk(Session())
    session.packets = session.packets[8:]
    _, lines, _ = replay(session.write(top / 'late.pcap'))
    names = [m['name'] for m in messages(lines)]
    point(names[-8:] == ['S2F41', 'S1F3', 'S7F3', 'S2F42', 'S1F4', 'S7F4', 'S6F11', 'S6F12'], 'picked up in its middle, it is understood from there on', str(names))


def recut(top):
    """Each of the captures' messages in two segments, cut before each of its bytes, the second one first: a session each, and each says what the whole message says."""
    known = DATA / 'secs4net_common.json'
    if not known.exists():
        skip('every message cut at every byte and in the wrong order says the same', 'open data is not here')
        return
    frames = [bytes.fromhex(m['hex']) for m in json.loads(known.read_text())]
    cuts = wrong = 0
    for first in range(0, len(frames), 20):
        packets, wanted = [], []
        for index, data in enumerate(frames[first:first + 20]):
            for cut in range(0, min(len(data), 400)):
                session = Session()
                session.send(HOST, SELECT[0][1])
                session.send(TOOL, SELECT[1][1])
                session.send(HOST, data, *((cut, lambda parts: [(parts[0][0] + cut, data[cut:]), parts[0]]) if cut else ()))
                port = struct.pack('>H', 1024 + len(wanted))
                packets += [p[:34] + port + p[36:] if p[26:30] == ADDRESS[HOST] else p[:36] + port + p[38:] for p in session.packets]
                wanted.append((index, cut))
        whole = Session(opened=False)
        whole.packets = packets
        _, lines, _ = replay(whole.write(top / 'recut.pcap'), '--no-checksums')
        said = {}
        for line in lines:
            if line.get('fab', {}).get('kind') in ('message', 'odd') and line['fab'].get('word') != 'hsms-t5':  # they follow each other at once
                said.setdefault(line['src_endpoint']['port'], []).append({k: v for k, v in line['fab'].items() if k != 'packet'})
        truth = {index: said.get(1024 + at) for at, (index, cut) in enumerate(wanted) if cut == 0}
        cuts += len(wanted)
        wrong += sum(1 for at, (index, cut) in enumerate(wanted) if not truth[index] or len(truth[index]) < 3 or said.get(1024 + at) != truth[index])
    point(not wrong and cuts > 5000, f"each of the captures' {len(frames)} messages, cut at every byte and in the wrong order ({cuts} sessions), says the same", f'{wrong} of {cuts}')


def streams(top):
    """What a message of each stream means, as E5 lays it out and E40, E87, E90 and E94 use it."""
    u4, b = lambda n: item(0o54, struct.pack('>I', n)), lambda n: item(0o10, bytes([n]))
    cases = [(HOST, 3, 17, lst(u4(1), text('ProceedWithCarrier'), text('FOUP-7'), b(2), lst()), {'dataid': '1', 'action': 'ProceedWithCarrier', 'carrierid': 'FOUP-7', 'port': '2'}),
             (TOOL, 5, 1, lst(b(0x84), u4(1007), text('pressure')), {'alcd': 0x84, 'alid': '1007', 'altx': 'pressure'}),
             (TOOL, 6, 1, lst(u4(5), u4(1), text('20260101'), lst()), {'trid': '5'}),
             (TOOL, 6, 11, lst(u4(1), u4(2001), lst(lst(u4(30), lst()))), {'dataid': '1', 'ceid': '2001', 'rptid': '30'}),
             (HOST, 10, 3, lst(b(1), text('call the engineer')), {'tid': '1', 'text': 'call the engineer'}),
             (HOST, 14, 9, lst(text('Equipment'), text('ControlJob'), lst(lst(text('ObjID'), text('CJ-1')))), {'objspec': 'Equipment', 'objtype': 'ControlJob', 'attrid': 'ObjID'}),
             (HOST, 16, 11, lst(u4(1), text('PJ-1'), b(13), lst(), lst(b(1), text('OXIDE'), lst()), item(0o11, b'\1'), lst()), {'job': 'PJ-1', 'ppid': 'OXIDE'}),
             (HOST, 16, 5, lst(u4(1), text('PJ-1'), text('ABORT'), lst()), {'job': 'PJ-1', 'action': 'ABORT'}),
             (HOST, 16, 27, lst(text('CJ-1'), b(1), lst(text('Action'), b(2))), {'job': 'CJ-1', 'action': '1', 'cpname': 'Action'})]
    session = Session()
    for who, data in SELECT:
        session.send(who, data)
    session.send(HOST, frame(0x81, 3, 2, lst()))
    for number, (who, stream, function, body, _) in enumerate(cases):
        session.send(who, frame(0x80 | stream, function, 100 + number, body))
    _, lines, _ = replay(session.write(top / 'streams.pcap'))
    said = {m['id']: m for m in messages(lines)}
    for number, (who, stream, function, _, wanted) in enumerate(cases):
        found = said.get(100 + number, {})
        point(found.get('name') == f'S{stream}F{function}' and found.get('from') == ('host', 'equipment')[who] and all(field(found, k) == [v] for k, v in wanted.items()),
              f'S{stream}F{function} tells {", ".join(wanted)}', str(found))


POLICY = '''part: gateway
serial: 1
not_before: 2023-01-01
expires: 2033-01-01
gateway:
  zones:
    - {name: mes, addresses: [10.10.0.5]}
    - {name: tools, addresses: [10.20.0.0/24]}
  assets: [{name: etch-01, address: 10.20.0.7, type: ETCH-9}]
  conduits:
    - name: mes
      from: mes
      to: tools
      ports: [tcp/5000]
      protocols: [hsms]
      action: inspect
      mode: MODE
      answer: reset
EXTRA      lines:
        - host may read
        - equipment may report
        - host may S2F41 with rcmd START, STOP, PP-SELECT
        - host may S2F15 with ecid 100-199
        - S2F15 with ecid 150 never
        - S7F3 only recipe released
        - S7F6 never leaves
  otherwise: {action: switch, mode: observe}
  recipes:
    - {type: ETCH-9, ppid: OXIDE, sha256: HASH}
'''


def judged(top, frames, mode='enforce', extra='', opened=True):
    """The policy's word on the last frame, and the bytes that came out at the side it was for."""
    (top / 'policy.yaml').write_text(POLICY.replace('MODE', mode).replace('EXTRA', extra).replace('HASH', hashlib.sha256(b'released' * 500).hexdigest()))
    session = Session()
    for who, data in [*SELECT, (HOST, frame(0x81, 3, 2, lst())), (TOOL, frame(1, 4, 2, lst())), *frames]:
        session.send(who, data)
    out = top / 'passed.pcap'
    _, lines, said = replay(session.write(top / 'in.pcap'), '--policy', top / 'policy.yaml', '--passed', out)
    told = messages(lines, whole=False)
    return (told[-1] if told else {'verdict': said}), payload(out, frames[-1][0]), said


def policies(top):
    many = [lst(item(0o54, struct.pack('>I', 100 + i % 40)), text('x')) for i in range(120)]
    forbidden = lst(item(0o54, struct.pack('>I', 150)), text('x'))
    cases = [('START is let', HOST, frame(0x82, 41, 9, command('START')), True), ('another command is not', HOST, frame(0x82, 41, 9, command('MELT')), False),
             ('a constant is let', HOST, frame(0x82, 15, 9, lst(many[0])), True),
             ('one that is forbidden is not', HOST, frame(0x82, 15, 9, lst(many[0], forbidden)), False),
             ('nor hidden behind more than are looked at', HOST, frame(0x82, 15, 9, lst(*many, forbidden)), False),
             ('nor behind what cannot be read', HOST, frame(0x82, 15, 9, b'\1\2\xfd\1' + forbidden), False),
             ('reading is let', HOST, frame(0x81, 1, 9), True),
             ('a released recipe is let', HOST, frame(0x87, 3, 9, recipe('OXIDE', b'released' * 500)), True),
             ('one of another content is not', HOST, frame(0x87, 3, 9, recipe('OXIDE', b'released' * 499 + b'releasex')), False),
             ('nor the same under another name', HOST, frame(0x87, 3, 9, recipe('OTHER', b'released' * 500)), False),
             ('an event of the tool is let', TOOL, frame(0x86, 11, 9, lst(item(0o54, b'\0'*4), item(0o54, b'\0'*4), lst())), True),
             ('a recipe does not leave', TOOL, frame(7, 6, 9, recipe('OXIDE', b'released' * 500)), False)]
    for name, who, data, good in cases:
        before = [(HOST, frame(0x87, 5, 9, text('OXIDE')))] if data[7] == 6 and data[6] == 7 else []
        message, out, _ = judged(top, [*before, (who, data)])
        arrived = out.endswith(data)
        partial = message.get('partial', False) == ('behind' in name)
        point(arrived == good and (message['verdict'] == 'allowed') == good and partial, f'{name}, and {"arrives" if good else "its last byte does not"}',
              f'{message}, {len(out)} bytes')
    message, out, _ = judged(top, [(HOST, cases[1][2])], 'shadow')
    point(message['verdict'] == 'would-refuse' and out.endswith(cases[1][2]), 'in shadow it arrives and is told', str(message))


def framing(top):
    """A head that lies in mid-stream: nobody knows where the next message begins, so a forbidden one behind it would pass unseen."""
    lie, hidden = bytes([0, 0, 0, 3]) + b'xyz' * 4, frame(0x82, 41, 9, command('MELT'))
    for mode, extra, passes, verdict in (('enforce', '', False, 'refused'), ('enforce', '      framing: refuse\n', False, 'refused'),
                                         ('enforce', '      framing: tell\n', True, 'allowed'), ('shadow', '', True, 'would-refuse')):
        _, out, said = judged(top, [(HOST, frame(0x81, 1, 8)), (HOST, lie), (HOST, hidden)], mode, extra)
        told = [line['fab'] for line in map(json.loads, said.splitlines()) if line.get('fab', {}).get('word') == 'hsms-length']
        point(out.endswith(hidden) == passes and [t['verdict'] for t in told] == [verdict] and (not told[0].get('why')) == (verdict == 'allowed'),
              f'framing lost in mid-stream, {mode}, {extra.strip() or "as usual"}: {"it passes" if passes else "nothing goes on"}, told as {verdict}', str(told))
    for extra, passes in (('', False), ('      framing: tell\n', True)):
        (top / 'policy.yaml').write_text(POLICY.replace('MODE', 'enforce').replace('EXTRA', extra).replace('HASH', '0' * 64))
        session, noise = Session(opened=False), random.Random(5).randbytes(1400).replace(b'\0', b'\1')
        session.send(HOST, frame(0x81, 1, 7)[:9] + noise)  # picked up within a message that is never over
        for _ in range(800):
            session.segment(HOST, 0x18, noise)
            session.segment(TOOL, 0x10)
        _, _, said = replay(session.write(top / 'in.pcap'), '--policy', top / 'policy.yaml', '--passed', top / 'passed.pcap', '--no-checksums')
        size = len(payload(top / 'passed.pcap', HOST))
        point((size < 1100000) != passes and ('hsms-framing' in said or 'protocol-not-allowed' in said), f'no framing at all after a pick-up: {"all passes" if passes else "it ends"}, {extra.strip() or "as usual"}',
              f'{size} {said[-600:]}')


def timers(top):
    """Exceeded timers are told by the conduit's own numbers, and nothing is done."""
    def words(extra):
        (top / 'policy.yaml').write_text(POLICY.replace('MODE', 'enforce').replace('EXTRA', extra).replace('HASH', '0' * 64))
        session = Session()
        session.wait(3)                                       # T7
        session.send(HOST, SELECT[0][1])
        session.wait(3)                                       # T6
        session.send(TOOL, SELECT[1][1])
        session.send(HOST, frame(0x81, 1, 2))
        session.wait(3)                                       # T3
        session.send(TOOL, frame(1, 2, 2, lst()))
        session.send(HOST, frame(0x81, 1, 3)[:6])
        session.wait(3)                                       # T8
        session.send(HOST, frame(0x81, 1, 3)[6:])
        session.segment(HOST, 0x11)
        session.segment(TOOL, 0x11)
        session.segment(HOST, 0x10)
        session.wait(3)
        again = Session()                                     # T5: 15 s after the first
        again.send(HOST, SELECT[0][1])
        session.packets += [p[:34] + struct.pack('>H', 40001) + p[36:] if p[26:30] == ADDRESS[HOST] else p[:36] + struct.pack('>H', 40001) + p[38:] for p in again.packets]
        out = top / 'passed.pcap'
        _, lines, said = replay(session.write(top / 'in.pcap'), '--policy', top / 'policy.yaml', '--passed', out, '--no-checksums')
        told = [line['fab'] for line in lines if line.get('fab', {}).get('kind') == 'odd']
        assert lines[-1]['summary']['dropped'] == 0 and all(t['verdict'] == 'allowed' for t in told), said
        return [t['word'] for t in told]
    usual, short = words(''), words('      timers: {t3: 1, t5: 60, t6: 1, t7: 1, t8: 1}\n')
    point(usual == [], 'within the usual timers nothing is told', str(usual))
    wanted = ['hsms-t7', 'hsms-t6', 'secs-t3', 'hsms-t8', 'hsms-t5']
    point(set(wanted) <= set(short), "by the conduit's own T3 and T5 to T8 each is told, and nothing is dropped", str(short))


def secrets(top):
    planted = b'PLANTED-RECIPE-LINE;' * 300
    _, _, said = judged(top, [(HOST, frame(0x87, 3, 9, recipe('OXIDE', planted)))])
    _, lines, more = replay(talk(Session(), body=planted).write(top / 'planted.pcap'))
    _, _, value = judged(top, [(HOST, frame(0x82, 15, 9, lst(lst(item(0o54, b'\0\0\0\1'), text('SECRET-VALUE')))))])
    point('S7F3' in said and 'S7F3' in more and 'PLANTED' not in said + more and planted[:8].hex() not in said + more, 'no recipe stands in any output')
    point('ecv' in value and 'SECRET-VALUE' not in value, 'nor does the value of a constant', value)


def learning(top):
    """A capture is counted into a file, to which another adds; the file says who said what, and no body."""
    planted, kept, bad = b'PLANTED-RECIPE-LINE;' * 300, top / 'learnt.json', top / 'bad.json'
    pcap = talk(Session(), body=planted).write(top / 'learnt.pcap')

    def counted():
        rows = json.loads(kept.read_text())['rows']
        return {(row['client'], row['server'], row.get('message', row.get('name'))): row['allowed'] for row in rows if not row.get('kind')}, rows

    once_code, _, said = replay(pcap, '--learn', kept)
    once, rows = counted()
    command_row = ('10.10.0.5', '10.20.0.7', 'S2F41')
    point(once_code in (0, 1) and once.get(command_row) == 1 and any('rcmd=START' in row.get('kind', '') for row in rows), 'replay --learn counts who said what to whom, by kind', said[-300:] + kept.read_text()[:600])
    replay(pcap, '--learn', kept)
    point(set(counted()[0]) == set(once) and all(value == 2 * once[key] for key, value in counted()[0].items()), 'once more adds to it', kept.read_text()[:600])
    point('PLANTED' not in kept.read_text() and planted[:8].hex() not in kept.read_text(), 'and no recipe stands there')
    bad.write_text(kept.read_text()[:-20])
    damaged = bad.read_text()
    said = subprocess.run([BUILD / 'sekisho-gateway', 'replay', '--pcap', pcap, '--learn', bad], capture_output=True, text=True, check=False, timeout=100)
    point(said.returncode == 1 and 'bad.json' in said.stderr, 'a file that cannot be is refused by its name', said.stderr)
    point(bad.read_text() == damaged, 'and left as it was')


def main():
    top = Path(tempfile.mkdtemp(prefix='gateway-hsms-replay-'))
    try:
        captures(top)
        cut_and_order(top)
        recut(top)
        streams(top)
        policies(top)
        framing(top)
        timers(top)
        secrets(top)
        learning(top)
    finally:
        shutil.rmtree(top)
    print(f'1..{count}')


sys.exit(main())
