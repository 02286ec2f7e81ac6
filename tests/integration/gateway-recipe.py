#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=150
#
# gateway-recipe.py - golden recipes through the whole gateway, in namespaces: a lawful host sends process programs to a tool (S7F3, S15F13, S15F27, S19F11) and fetches them (S7F6). A released
# one arrives whole; of an unreleased one all but the last segment, and its sender is told so in the protocol's own words; nothing of a body stands in any file of the gateway.
import hashlib
import json
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import gateway_lab as g  # noqa: E402
import gateway_live as live  # noqa: E402

checks = g.Points(140)
GOLDEN, PLANTED = b'GOLDEN-STEP;' * 1500, b'PLANTED-STEP;' * 1500
LINES = ['host may read', 'equipment may report', 'S7F3 only while maintenance and recipe released', 'S15F13 only recipe released', 'S15F27 only recipe released', 'S19F11 only recipe released',
         'S7F6 never leaves']


def item(code, body, number=None):
    size = len(body) if number is None else number
    more = 1 if size < 256 else 2 if size < 65536 else 3
    return bytes([code << 2 | more]) + size.to_bytes(more, 'big') + body


def lst(*items):
    return item(0, b''.join(items), len(items))


def text(word):
    return item(0o20, word.encode())


def binary(body):
    return item(0o10, body)


def number(value):
    return item(0o54, struct.pack('>I', value))


def frame(stream, function, system, body=b'', wait=True):
    return struct.pack('>IHBBHI', 10 + len(body), 1, stream | (0x80 if wait and function % 2 else 0), function, 0, system) + body


SELECT = struct.pack('>IHBBHI', 10, 0xffff, 0, 0, 1, 1)


def policy(serial):
    recipes = ''.join(f'    - {{type: ETCH-9, ppid: OXIDE, sha256: {hashlib.sha256(body).hexdigest()}}}\n' for body in (GOLDEN, lst(text('A'), binary(GOLDEN))))
    return (f'part: gateway\nserial: {serial}\nnot_before: 2020-01-01\nexpires: 2037-01-01\ngateway:\n  zones:\n    - {{name: tools, addresses: [10.77.0.1]}}\n'
            '    - {name: mes, addresses: [10.77.0.2]}\n  assets: [{name: etch-01, address: 10.77.0.1, type: ETCH-9}]\n  conduits:\n'
            f'    - {{name: hsms, from: mes, to: tools, ports: [tcp/5000], protocols: [hsms], action: inspect, mode: enforce, failure: closed, answer: native, lines: {json.dumps(LINES)}}}\n'
            f'  otherwise: {{action: switch, mode: enforce}}\n  recipes:\n{recipes}')


class Tool:
    """Takes every connection, keeps what it is sent, answers with code 0; S7F5 with a recipe."""

    def __init__(self, lab):
        with g.Inside(lab.a):
            self.sock = g.socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(('10.77.0.1', 5000))
        self.sock.listen(8)
        self.got = b''
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.sock.accept()
            self.got, at = b'', 0
            try:
                while data := peer.recv(65536):
                    self.got += data
                    while len(self.got) - at >= 4 and len(self.got) - at >= 4 + (size := struct.unpack_from('>I', self.got, at)[0]):
                        self.answer(peer, self.got[at:at + 4 + size])
                        at += 4 + size
            except OSError:
                pass
            peer.close()

    def answer(self, peer, message):
        stream, function, kind = message[6], message[7], message[9]
        if kind == 1:
            peer.sendall(message[:9] + b'\2' + message[10:])
        elif stream & 0x80:
            body = lst(text('OXIDE'), binary(GOLDEN)) if (stream, function) == (0x87, 5) else binary(b'\0')
            peer.sendall(frame(stream & 0x7f, function + 1, 0, body)[:10] + message[10:14] + body)


class Host:
    def __init__(self, lab):
        with g.Inside(lab.b):
            self.sock = g.socket.socket()
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(3)
        self.sock.connect(('10.77.0.1', 5000))
        self.heard = b''
        self.say(SELECT)
        self.listen(14)
        self.say(frame(1, 3, 2, lst()))  # who is the host is known from here on
        self.listen(14)

    def say(self, data, piece=1000):
        try:
            for at in range(0, len(data), piece):
                self.sock.sendall(data[at:at + piece])
                time.sleep(0.002)
        except OSError:
            pass

    def listen(self, size=0, seconds=1.5):
        """What the tool, or the gateway in its stead, says next; b'' when it is silent or has hung up."""
        self.sock.settimeout(seconds)
        got = b''
        try:
            while len(got) < 4 or len(got) < 4 + struct.unpack_from('>I', got)[0]:
                data = self.sock.recv(65536)
                if not data:
                    break
                got += data
        except OSError:
            pass
        return got

    def end(self):
        self.sock.close()


def case(lab, tool, name, stream, function, body, golden, code=None, early=False):
    host = Host(lab)
    message = frame(stream, function, 9, body)
    before = len(tool.got)
    host.say(message)
    said = host.listen()
    live.wait(lambda: len(tool.got) >= before + (len(message) if golden else 1), 2)
    arrived = tool.got[before:]
    if golden:
        checks.point(arrived == message and said[7:8] == bytes([function + 1]), f'{name}: a released one arrives whole and is answered', f'{len(arrived)} of {len(message)}, {said[:20]}')
    else:
        time.sleep(0.2)
        arrived = tool.got[before:]
        if early:
            checks.point(not arrived, f'{name}: nothing of it arrives, for its header says enough', f'{len(arrived)} of {len(message)}')
        else:
            checks.point(len(message) - 1500 <= len(arrived) < len(message) and message.startswith(arrived), f'{name}: of another all but the last segment arrives', f'{len(arrived)} of {len(message)}')
        answer = said[6:8] == bytes([stream, function + 1 if code is not None else 0]) and said[10:14] == message[10:14] and (code is None or said[-1] == code)
        checks.point(answer, f'{name}: its sender is answered under the same system bytes', said.hex())
    host.end()


def fetch(lab):
    host = Host(lab)
    host.say(frame(7, 5, 11, text('OXIDE')))
    said = host.listen()
    checks.point(said[6:8] in (b'\x07\x00', b'\x07\x06', b'') and GOLDEN[:200] * 1 not in said[-200:] and len(said) < len(GOLDEN), 'S7F6: a recipe does not leave whole', f'{len(said)} {said[:14].hex()}')
    host.end()


def nowhere(root):
    """No file of the gateway has any of it, nor what is mapped into two of its processes."""
    found, seen = [], 0
    for path in sorted(root.rglob('*')):
        if path.is_file() and not path.is_symlink():
            seen += 1
            data = path.read_bytes()
            found += [str(path)] if b'PLANTED-STEP' in data or b'GOLDEN-STEP' in data else []
    captures = list((root / 'var/lib/sekisho/gateway/captures').glob('*.pcapng'))
    checks.point(not found and seen > 5 and captures, 'nothing of a body stands in any file of the gateway, its captures among them', [found, seen, len(captures)])


def main():
    lab = g.Lab(tag='rcp')
    gateway = None
    try:
        gateway = live.Live(lab)
        tool = Tool(lab)
        checks.point(gateway.policy(policy(1), 1), 'the policy with its released recipes is in force', gateway.log())
        case(lab, tool, 'S7F3 while the tool is not in maintenance', 7, 3, lst(text('OXIDE'), binary(GOLDEN)), False, 1, early=True)
        gateway.command('gateway', 'maintenance', '--for', '10m')
        for name, stream, function, make, code in (
                ('S7F3', 7, 3, lambda body: lst(text('OXIDE'), binary(body)), 1),
                ('S15F13', 15, 13, lambda body: lst(number(1), item(0o11, b'\1'), text('OXIDE'), lst(), binary(body)), None),
                ('S15F27', 15, 27, lambda body: lst(number(1), item(0o11, b'\1'), text('OXIDE'), lst(), binary(body)), None),
                ('S19F11', 19, 11, lambda body: lst(text('OXIDE'), binary(body)), None)):
            case(lab, tool, name, stream, function, make(GOLDEN), True)
            case(lab, tool, name, stream, function, make(PLANTED), False, code)
        fetch(lab)
        refusals = json.loads(gateway.command('gateway', 'explain', '--json').stdout)['refusals']
        told = [r['event']['fab'] for r in refusals if r['event']['fab'].get('name') == 'S7F3']
        digest = hashlib.sha256(PLANTED).hexdigest()
        checks.point(any(f.get('recipe.sha256') == digest for t in told for f in t['fields']), 'the unreleased one is told by its hash', told[:1])
        time.sleep(6)
        nowhere(gateway.root)
    finally:
        if gateway:
            gateway.stop()
        lab.end()
    checks.finish()


if __name__ == '__main__':
    main()
