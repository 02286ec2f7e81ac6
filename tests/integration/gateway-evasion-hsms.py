#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=120 root
#
# gateway-evasion-hsms.py - ways to bring a remote command or a recipe's name to a tool so that whoever stands before it reads something else. The tool is a receiver of
# this test that shares no code with the gateway and takes all it can make sense of. Each way is first shown to reach it without the gateway; then a conduit's lines let one word pass:
# another must not reach the tool, and that one does, sent in the same way (lawful=False: what nobody can read for sure passes for neither).
#
# Topology: as in gateway-evasion-smb.

import importlib.util
import os
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / 'tests/support'))
import gateway_lab


def load(name):
    spec = importlib.util.spec_from_file_location(name, TOP / f'tests/integration/{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


smb = load('gateway-evasion-smb')
BAD, GOOD, PORT = b'FORBIDDEN', b'PERMITTED', 5000
POLICY = '''part: gateway
serial: 1
not_before: 2023-01-01
expires: 2063-01-01
gateway:
  zones:
    - {name: mes, addresses: [10.77.0.1]}
    - {name: tools, addresses: [10.77.0.2]}
  conduits:
    - name: etch
      from: mes
      to: tools
      ports: [tcp/5000]
      protocols: [hsms]
      action: inspect
      mode: enforce
      answer: silent
      lines:
        - host may S1F1, S1F13, S1F17
        - host may S2F21, S2F41, S2F49 with rcmd PERMITTED
        - host may S7F1, S7F3, S7F23 with ppid PERMITTED
  otherwise: {action: switch, mode: observe}
'''
LIST, BINARY, ASCII, JIS, WIDE, U1, U4 = 0, 0o10, 0o20, 0o21, 0o22, 0o51, 0o54


# -- a tool

def items(data, at, depth=0):
    """(item, where it ends): a list or bytes. Whatever can be read."""
    code, more = data[at] >> 2, data[at] & 3
    size, at = int.from_bytes(data[at + 1:at + 1 + more], 'big'), at + 1 + more
    if code != LIST:
        return (data[at + 2:at + size] if code == WIDE else data[at:at + size]), at + size
    found = []
    for _ in range(size):
        if at >= len(data) or depth > 60:
            break
        item, at = items(data, at, depth + 1)
        found.append(item)
    return found, at


PLACES = {(2, 21): (), (2, 41): (0,), (2, 49): (2,), (7, 1): (0,), (7, 3): (0,), (7, 23): (0,)}


class Tool(threading.Thread):
    def __init__(self, space):
        super().__init__(daemon=True)
        with gateway_lab.Inside(space):
            self.listener = socket.create_server(('10.77.0.2', PORT))
        self.words = []

    def run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        data = b''
        with sock:
            while True:
                try:
                    more = sock.recv(65536)
                except OSError:
                    return
                if not more:
                    return
                data += more
                while len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[:4], 'big'):
                    size = 4 + int.from_bytes(data[:4], 'big')
                    message, data = data[4:size], data[size:]
                    self.take(sock, message)

    def take(self, sock, message):
        kind = message[5] if len(message) > 5 else 99
        if kind in (1, 5):
            sock.sendall(struct.pack('>I', 10) + message[:5] + bytes([kind + 1]) + message[6:10])
        place = PLACES.get((message[2] & 0x7f, message[3])) if kind == 0 and len(message) > 10 else None
        if place is None:
            return
        try:
            item = items(message, 10)[0]
            for step in place:
                item = item[step]
            self.words.append(item.strip(b' \0') if isinstance(item, bytes) else b'')
        except IndexError:
            return


# -- a host

def item(code, data, width=0, count=None):
    size = len(data) if count is None else count
    width = width or (1 if size < 256 else 2 if size < 65536 else 3)
    return bytes([code << 2 | width]) + size.to_bytes(width, 'big') + data


def listed(*inner, width=0, count=None):
    return item(LIST, b''.join(inner), width, len(inner) if count is None else count)


def data(stream, function, body, system=7, wait=True, session=0):
    return struct.pack('>IHBBBBI', 10 + len(body), session, stream | wait << 7, function, 0, 0, system) + body


def control(kind, system=1, body=b'', session=0xffff, byte2=0, byte3=0):
    return struct.pack('>IHBBBBI', 10 + len(body), session, byte2, byte3, 0, kind, system) + body


def command(word, code=ASCII, width=0):
    return listed(item(code, (b'\0\2' if code == WIDE else b'') + word, width), listed())


WAYS = []


def way(name, **how):
    return lambda run: WAYS.append((name, run, how)) or run


class Host:
    def __init__(self, space, select=True):
        with gateway_lab.Inside(space):
            self.sock = socket.socket()
        self.sock.settimeout(3)
        self.sock.connect(('10.77.0.2', PORT))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if select:
            self.say(control(1))
            self.sock.recv(100)

    def say(self, frame, *cuts):
        """In as many segments."""
        for at, end in zip((0, *cuts), (*cuts, len(frame))):
            try:
                self.sock.sendall(frame[at:end])
            except OSError:
                return
            if end != len(frame):
                time.sleep(0.003)

    def close(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()


def plain(name, make, **how):
    """One message, in one segment."""
    way(name, **how)(lambda h, w: h.say(make(w)))


plain('S2F41', lambda w: data(2, 41, command(w)))
plain('S2F41 without the wish for an answer', lambda w: data(2, 41, command(w), wait=False))
plain('S2F21, the older command', lambda w: data(2, 21, item(ASCII, w)))
plain('S2F49, the command to an object', lambda w: data(2, 49, listed(item(U4, b'\0\0\0\1'), item(ASCII, b''), item(ASCII, w), listed())))
plain('S7F1, a recipe is announced', lambda w: data(7, 1, listed(item(ASCII, w), item(U4, b'\0\0\1\0'))))
plain('S7F3, a recipe of ten bytes', lambda w: data(7, 3, listed(item(ASCII, w), item(BINARY, bytes(10)))))
plain('S7F3, a recipe of 300,000 bytes', lambda w: data(7, 3, listed(item(ASCII, w), item(BINARY, bytes(300000)))))
plain('S7F23, a formatted recipe', lambda w: data(7, 23, listed(item(ASCII, w), item(ASCII, b'M'), item(ASCII, b'1'), listed())))
plain('two bytes of length', lambda w: data(2, 41, command(w, width=2)))
plain('three bytes of length', lambda w: data(2, 41, command(w, width=3)))
plain('three bytes of length at the list', lambda w: data(2, 41, listed(item(ASCII, w), listed(), width=3)))
plain('the word as JIS-8', lambda w: data(2, 41, command(w, JIS)))
plain('the word with the head of a wide text', lambda w: data(2, 41, command(w, WIDE)), lawful=False)
plain('the word as binary', lambda w: data(2, 41, command(w, BINARY)), lawful=False)
plain('the word as unsigned numbers', lambda w: data(2, 41, command(w, U1)), lawful=False)
plain('blanks behind the word', lambda w: data(2, 41, command(w + b'  ')), lawful=False)
plain('a zero behind the word', lambda w: data(2, 41, command(w + b'\0')), lawful=False)
plain('a list that is longer than said', lambda w: data(2, 41, listed(item(ASCII, w), listed(), item(ASCII, GOOD))))
plain('a list that says more than there is', lambda w: data(2, 41, listed(item(ASCII, w), listed(), count=9)), lawful=False)
plain('bytes behind the body', lambda w: data(2, 41, command(w) + item(ASCII, GOOD)), lawful=False)
plain('another body behind the body', lambda w: data(2, 41, command(w) + command(GOOD)), lawful=False)
plain('five hundred parameters', lambda w: data(2, 41, listed(item(ASCII, w), listed(*[listed(item(ASCII, b'P%d' % n), item(ASCII, GOOD)) for n in range(500)]))), lawful=False)
plain('parameters nested thirty deep', lambda w: data(2, 41, listed(item(ASCII, w), listed(listed(item(ASCII, b'P'), b'\1\1' * 30 + item(ASCII, b'x'))))))
plain('another session number', lambda w: data(2, 41, command(w), session=5))
plain('system bytes of zero', lambda w: data(2, 41, command(w), system=0))
plain('behind a link test in one segment', lambda w: control(5, 9) + data(2, 41, command(w)))
plain('behind twenty link tests in one segment', lambda w: b''.join(control(5, 9 + n) for n in range(20)) + data(2, 41, command(w)))
plain('behind a lawful message in one segment', lambda w: data(2, 41, command(GOOD), 3) + data(2, 41, command(w), 4))
plain('behind a message of the same system bytes', lambda w: data(2, 41, command(GOOD), 3) + data(2, 41, command(w), 3))
plain('behind the host\'s forged answer', lambda w: data(2, 42, listed(item(BINARY, b'\0'), listed()), 7, False) + data(2, 41, command(w)))
plain('behind a control message with a body', lambda w: control(5, 9, b'0123456789') + data(2, 41, command(w)))
plain('behind a control message of no known kind', lambda w: control(77, 9) + data(2, 41, command(w)))
plain('behind a reject', lambda w: control(7, 9, byte2=0, byte3=1) + data(2, 41, command(w)))
plain('behind a deselect', lambda w: control(3, 9) + data(2, 41, command(w)))
plain('behind a separate', lambda w: control(9, 9) + data(2, 41, command(w)))
plain('behind an empty message', lambda w: data(1, 1, b'', 3) + data(2, 41, command(w)))


@way('a byte each segment')
def _(h, w):
    frame = data(2, 41, command(w))
    h.say(frame, *range(1, len(frame)))

@way('cut within the length')
def _(h, w): h.say(data(2, 41, command(w)), 2)

@way('cut within the header')
def _(h, w): h.say(data(2, 41, command(w)), 9)

@way('cut within the word')
def _(h, w): h.say(data(2, 41, command(w)), 21)

@way('the end of one message and the beginning of the next in one segment')
def _(h, w):
    first = data(2, 41, command(GOOD), 3)
    h.say(first + data(2, 41, command(w), 4), len(first) - 3, len(first) + 17)

@way('a long recipe in segments of a hundred bytes')
def _(h, w):
    frame = data(7, 3, listed(item(ASCII, w), item(BINARY, bytes(5000))))
    h.say(frame, *range(100, len(frame), 100))

@way('before the session is selected', select=False)
def _(h, w): h.say(data(2, 41, command(w)))

@way('select, and the command in one segment', select=False)
def _(h, w): h.say(control(1) + data(2, 41, command(w)))


class Bench:
    def __init__(self):
        self.lab = gateway_lab.Lab()
        self.draft, self.told = Path(self.lab.folder) / 'draft.yaml', Path(self.lab.folder) / 'told'
        self.draft.write_text(POLICY)
        self.tool = Tool(self.lab.b)
        self.tool.start()
        self.relay = smb.Relay(self.lab)
        self.relay.start()

    def play(self, run, how, word, behind, patience):
        with open(self.told, 'w') as told:
            self.relay.change(smb.evasion.Gateway(['--policy', self.draft] if behind else None, told))
        self.tool.words = []
        host = Host(self.lab.a, how.get('select', True))
        try:
            run(host, word)
            end = time.monotonic() + patience
            while word not in self.tool.words and time.monotonic() < end:
                time.sleep(0.005)
        finally:
            host.close()
        return word in self.tool.words

    def stopped(self, run, how):
        for patience in (0.1, 3):
            if self.play(run, how, BAD, True, patience):
                return False
            if '"verdict":"refused"' in self.told.read_text():
                return True
        return False


def main():
    bench, only, number, failed = Bench(), sys.argv[1:], 0, 0
    for name, run, how in WAYS:
        if only and not any(o in name for o in only):
            continue
        without, stopped = bench.play(run, how, BAD, False, 3), bench.stopped(run, how)
        lawful = how.get('lawful') is False or bench.play(run, how, GOOD, True, 3)
        good = without and stopped and lawful
        number, failed = number + 1, failed + (not good)
        print(f'{"ok" if good else "not ok"} {number} - {name}', flush=True)
        if not good:
            print(f'# without the gateway it reaches the tool: {without}, behind it a line stops it: {stopped}, the lawful word behind it: {lawful}', flush=True)
    bench.relay.over = True
    bench.relay.join(5)
    bench.relay.change(smb.evasion.Gateway())
    print(f'1..{number}')
    return failed != 0


if __name__ == '__main__':
    for sign in (signal.SIGALRM, signal.SIGTERM):  # so that the namespaces go in any case
        signal.signal(sign, lambda *_: sys.exit(1))
    signal.alarm(110)
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        sys.exit(0)
    sys.exit(main())
