#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=200 root
#
# gateway-evasion-smb.py - ways to say something to a file server, over SMB 1, SMB 2 and DCE/RPC in their pipes, so that whoever stands before it reads something else.
# Each is first shown to reach Samba without the gateway; then the engine stands between with one rule, and the word must not take effect, while the same way of
# sending brings a lawful word. Effect means: the server's own answer about that share, or a file of that name in its folder.
#
# Topology: a client in one namespace, Samba in another, between them this program that hands each frame to the engine (gateway-engine-rig). Samba is Debian's, unpacked and
# not installed; it runs in namespaces of mounts and processes of its own, and ends with this test.

import importlib.util
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PEER = TOP / 'build/peers/samba'
sys.path.insert(0, str(TOP / 'tests/support'))
import gateway_lab
from smb_live import CREATE, OPEN_X, READ_X, SERVER, SRVSVC, TRANSACT, WKSSVC, WRITE_X, Silent, Smb1, Smb2, bind, block, fragments, pdu, request, stub
from threats import netbios, wide

spec = importlib.util.spec_from_file_location('evasion', TOP / 'tests/integration/gateway-evasion.py')
evasion = importlib.util.module_from_spec(spec)
spec.loader.exec_module(evasion)

BAD, GOOD = 'FORBIDDEN', 'PERMITTED'
WIDE = '|00|'.join(BAD)
RULES = f'''drop dcerpc any any -> any any (msg:"a call about that share"; flow:established,to_server; dcerpc.iface:{SRVSVC}; dcerpc.opnum:16; dcerpc.stub_data; content:"{WIDE}"; sid:9000001;)
drop smb any any -> any any (msg:"that file"; flow:established,to_server; smb.filename; content:"{BAD}"; nocase; sid:9000002;)
drop smb any any -> any any (msg:"to that name"; flow:established,to_server; smb.to; content:"{BAD}"; nocase; sid:9000003;)
'''
SAMBA = '''[global]
server role = standalone server
server min protocol = NT1
server signing = disabled
ntlm auth = ntlmv1-permitted
map to guest = Bad User
guest account = nobody
load printers = no
disable spoolss = yes
printcap name = /dev/null
state directory = {0}/state
cache directory = {0}/state
lock directory = {0}/state
private dir = {0}/state
pid directory = {0}/state
ncalrpc dir = {0}/state/ncalrpc
log level = 0
[tool]
path = {0}/tool
guest ok = yes
read only = no
''' + ''.join(f'[{name}]\npath = {{0}}/tool\nguest ok = yes\ncomment = answer-of-{name}\n' for name in (BAD, GOOD))
POLICY = """part: gateway
serial: 1
not_before: 2023-01-01
expires: 2063-01-01
gateway:
  zones:
    - {name: desks, addresses: [10.77.0.1]}
    - {name: tools, addresses: [10.77.0.2]}
  conduits:
    - {name: files, from: desks, to: tools, ports: [tcp/445], protocols: [smb], action: inspect, mode: enforce, answer: silent, lines: [LINES]}
  otherwise: {action: switch, mode: observe}
"""
START = '''mount --make-rprivate / && mount -t overlay overlay -o "ro,lowerdir=$1/usr:/usr" /usr && exec smbd --foreground --no-process-group --debug-stdout -s "$2/smb.conf"'''


class Relay(threading.Thread):
    """The cable's middle. `gateway` may be put in and out between conversations; `said` is what the server sent, as bytes of TCP."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.ends = [gateway_lab.Wire(lab.g, port).sock for port in lab.ports]
        self.gateway, self.said, self.lock, self.over = evasion.Gateway(), [], threading.Lock(), False

    def run(self):
        while not self.over:
            for sock in select.select(self.ends, [], [], 0.1)[0]:
                sock.settimeout(0)
                try:
                    frame, address = sock.recvfrom(65536)
                except OSError:
                    continue
                if address[2] != socket.PACKET_OUTGOING:
                    self.one(self.ends.index(sock), frame)

    def one(self, port, frame):
        with self.lock:
            if port and frame[12:14] == b'\x08\0' and frame[23] == 6:
                tcp = frame[34:14 + int.from_bytes(frame[16:18], 'big')]
                self.said.append(tcp[(tcp[12] >> 4) * 4:])
            for to, out in self.gateway.ask(port, frame):
                self.ends[to].send(out)

    def change(self, gateway):
        with self.lock:
            self.gateway.close()
            self.gateway, self.said = gateway, []

    def heard(self, text):
        with self.lock:
            data = b''.join(self.said)
        return any(text.encode(order) in data for order in ('utf-16-le', 'utf-16-be'))


class Place:
    """What a way is handed: connections."""

    def __init__(self, lab, patience):
        self.lab, self.socks, self.patience = lab, [], patience

    def sock(self, port=445):
        with gateway_lab.Inside(self.lab.a):
            sock = socket.socket()
        self.socks.append(sock)
        sock.settimeout(3)
        sock.connect((SERVER, port))
        sock.settimeout(self.patience)
        return sock

    def one(self, share='IPC$', pipe='\\srvsvc', **how):
        client = Smb1(self.sock(), **how).sign_in().tree(share)
        if share == 'IPC$':
            client.open(pipe)
        return client

    def two(self, share='IPC$', multi=False, pipe='srvsvc', **how):
        client = Smb2(self.sock(), **how).sign_in(multi).tree(share)
        if share == 'IPC$':
            client.open(pipe)
        return client

    def close(self):
        """At once: what was not acknowledged is not sent again."""
        for sock in self.socks:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            sock.close()


WAYS = []

def call(name):
    """The word is the name of a share that is asked about: the server's answer is the effect."""
    return lambda run: WAYS.append((name, run, False)) or run

def file(name):
    """The word is the name of a file."""
    return lambda run: WAYS.append((name, run, True)) or run


# -- DCE/RPC in a pipe of SMB 1

def bound(p, **how):
    client = p.one(**how)
    client.transact(bind())
    return client

def pieces(data, *sizes):
    while data:
        for size in sizes:
            piece, data = data[:size], data[size:]
            if piece:
                yield piece

@call('SMB 1: one transaction')
def _(p, w): bound(p).transact(request(w))

@call('SMB 1: one transaction, without Unicode')
def _(p, w): bound(p, text=False).transact(request(w))

@call('SMB 1: each TCP segment holds seven bytes')
def _(p, w): bound(p, cut=7).transact(request(w))

def written(p, parts, begin=None):
    client = p.one()
    client.write(begin or bind())
    client.read()
    for part in parts:
        client.write(part)
    client.read()

@call('a pipe is written and read as a file')
def _(p, w): written(p, [request(w)])

@call('the head of the call in one write, the rest in another')
def _(p, w): written(p, pieces(request(w), 16, 4000))

@call('fragments of DCE/RPC, each in its own write')
def _(p, w): written(p, fragments(w, 32))

@call('fragments of eight bytes')
def _(p, w): written(p, fragments(w, 8))

@call('fragments of odd sizes, the word cut within a letter')
def _(p, w): written(p, fragments(w, 63))

@call('fragments that all lie in one write')
def _(p, w): written(p, [b''.join(fragments(w, 24))])

@call('fragments of DCE/RPC in one transaction')
def _(p, w): bound(p).transact(b''.join(fragments(w, 16)))

@call('fragments that all say another length of the whole')
def _(p, w): written(p, fragments(w, 24, hint=8))

@call('big-endian')
def _(p, w): written(p, [request(w, big=True)], bind(big=True))

@call('bound little-endian, called big-endian')
def _(p, w): written(p, [request(w, big=True)])

@call('bound big-endian, called little-endian in fragments')
def _(p, w): written(p, fragments(w, 20), bind(big=True))

@call('several interfaces bound, the second called')
def _(p, w): written(p, [request(w, context=1)], bind((WKSSVC, 1), (SRVSVC, 3)))

@call('the interface is asked for later, by alter context')
def _(p, w):
    client = p.one()
    client.transact(bind((WKSSVC, 1)))
    client.transact(pdu(14, 2, bind((WKSSVC, 1), (SRVSVC, 3))[16:]))
    client.transact(request(w, call=3, context=1))

@call('an earlier call on another number')
def _(p, w):
    client = bound(p)
    client.transact(request(GOOD))
    client.transact(request(w, call=3))

@call('with an object of the interface')
def _(p, w): bound(p).transact(request(w, thing=bytes(range(16))))

@call('two pipes are open, a harmless call between the halves of the other')
def _(p, w):
    client = p.one()
    client.transact(bind())
    first = client.fid
    second = client.open('\\srvsvc')
    client.write(bind())
    client.read()
    whole = request(w)
    client.write(whole[:50], fid=first)
    client.write(request(GOOD), fid=second)
    client.read()
    client.write(whole[50:], fid=first)
    client.fid = first
    client.read()

@call('an open that fails before the one that does not')
def _(p, w):
    client = p.one()
    client.open('\\nothing')
    client.open('\\srvsvc')
    client.transact(bind())
    client.transact(request(w))


# -- parts of a transaction

def parted(p, w, cuts, order=None, begin=None):
    """A transaction whose data comes in later parts."""
    client = bound(p)
    data = begin or request(w)
    places = [0, *cuts, len(data)]
    parts = list(zip(places, places[1:]))
    client.trans(0x25, struct.pack('<HH', TRANSACT, client.fid), '\\PIPE\\', b'', data, first=(0, cuts[0]))
    rest = parts[1:]
    for number, (at, end) in enumerate([rest[i] for i in order] if order else rest):
        client.more(0x26, (0, len(data)), data[at:end], at, silent=number + 1 < len(rest))

@call('a transaction in two parts')
def _(p, w): parted(p, w, [40])

@call('a transaction in parts of odd sizes')
def _(p, w): parted(p, w, [17, 18, 61, 90])

@call('the first part of a transaction has no data')
def _(p, w): parted(p, w, [0, 70])

@call('later parts of a transaction come last first')
def _(p, w): parted(p, w, [24, 60, 90], [2, 1, 0])


# -- chains

@call('write and read in one chain')
def _(p, w):
    client = bound(p)
    words, data = client.write_block(request(w), then=READ_X, next_=32 + 1 + 28 + 2 + 1 + len(request(w)))
    client.ask(WRITE_X, words, data, after=block(*client.read_block()))

@call('open, bind and read in one chain, the call behind it')
def _(p, w):
    client = p.one()
    first = 32 + len(block(*client.create_block('\\srvsvc')))
    second = first + 1 + 28 + 2 + len(bind())
    words, data = client.create_block('\\srvsvc', then=WRITE_X, next_=first)
    body = client.ask(CREATE, words, data, after=block(*client.write_block(bind(), READ_X, second, at=first, pad=0, fid=0xffff)) + block(*client.read_block()))
    client.fid = struct.unpack('<H', body[38:40])[0]
    client.transact(request(w))

@file('SMB 1: a file is made')
def _(p, w): p.one('tool').make(f'\\{w}')

@file('SMB 1: the name is not Unicode')
def _(p, w): p.one('tool', text=False).make(f'\\{w}')

@file('the name in small letters')
def _(p, w): p.one('tool').make(f'\\{w.lower()}')

@file('connect to the share and make the file in one chain')
def _(p, w):
    client = Smb1(p.sock()).sign_in()
    words, data = client.tree_block('tool')
    first = 32 + len(block(words, data))
    words, data = client.tree_block('tool', CREATE, first)
    client.ask(0x75, words, data, after=block(*client.create_block(f'\\{w}', True, at=first + 1 + 48 + 2)))

@file('sign in, connect and make the file in one chain')
def _(p, w):
    client = Smb1(p.sock())
    client.ask(0x72, b'', b'\x02NT LM 0.12\0')
    first = 32 + len(block(*client.setup_block()))
    second = first + len(block(*client.tree_block('tool')))
    words, data = client.setup_block(0x75, first)
    client.ask(0x73, words, data, after=block(*client.tree_block('tool', CREATE, second)) + block(*client.create_block(f'\\{w}', True, at=second + 1 + 48 + 2)))

@file('a hole with a harmless command between two of a chain')
def _(p, w):
    client = Smb1(p.sock()).sign_in()
    hole = block(*client.create_block(f'\\{GOOD[::-1]}', True))
    first = 32 + len(block(*client.tree_block('tool'))) + len(hole)
    words, data = client.tree_block('tool', CREATE, first)
    client.ask(0x75, words, data, after=hole + block(*client.create_block(f'\\{w}', True, at=first + 1 + 48 + 2)))

@file('SMB 1: a request that says it is an answer')
def _(p, w):
    client = p.one('tool')
    client.flags = 0x98
    client.make(f'\\{w}')


# -- other commands that make a file

@file('OPEN_ANDX makes it')
def _(p, w):
    client = p.one('tool')
    words = struct.pack('<BBHHHHHIHIII', 0xff, 0, 0, 0, 0x42, 0, 0, 0, 0x12, 0, 0, 0)
    client.ask(OPEN_X, words, client.text(f'\\{w}', 32 + 1 + 30 + 2))

@file('CREATE of the first SMB makes it')
def _(p, w):
    client = p.one('tool', text=False)
    client.ask(0x03, struct.pack('<HI', 0, 0), b'\x04' + client.text(f'\\{w}'))

@file('CREATE_NEW makes it')
def _(p, w):
    client = p.one('tool', text=False)
    client.ask(0x0f, struct.pack('<HI', 0, 0), b'\x04' + client.text(f'\\{w}'))

@file('CREATE_DIRECTORY makes it')
def _(p, w):
    client = p.one('tool')
    client.ask(0x00, b'', b'\x04' + client.text(f'\\{w}', 1 + 35))

@file('TRANS2 OPEN2 makes it')
def _(p, w):
    client = p.one('tool')
    client.trans(0x32, struct.pack('<H', 0), None, struct.pack('<HHHHIHIIHI', 0, 0x42, 0, 0, 0, 0x12, 0, 0, 0, 0) + client.text(f'\\{w}'), b'')

@file('TRANS2 CREATE_DIRECTORY makes it')
def _(p, w):
    client = p.one('tool')
    client.trans(0x32, struct.pack('<H', 13), None, bytes(4) + client.text(f'\\{w}'), b'')

@file('TRANS2 whose name comes in a later part')
def _(p, w):
    client = p.one('tool')
    parameters = bytes(4) + client.text(f'\\{w}')
    client.trans(0x32, struct.pack('<H', 13), None, parameters, b'', first=(8, 0))
    client.more(0x33, (len(parameters), 0), b'', 0, parameters[8:], 8)

@file('NT_TRANSACT CREATE makes it')
def _(p, w):
    client = p.one('tool')
    name = wide(f'\\{w}')
    parameters = struct.pack('<IIIQIIIIIIIIB', 0, 0, 0x12019f, 0, 0x80, 7, 5, 0x40, 0, 0, len(name), 2, 0)
    at = 32 + 1 + 38 + 2
    parameters += bytes((at + 3 + len(parameters)) % 2) + name
    words = struct.pack('<BHIIIIIIIIBH', 0, 0, len(parameters), 0, 128, 0, len(parameters), at + 3, 0, at + 3, 0, 1)
    client.ask(0xa0, words, bytes(3) + parameters)

@file('a harmless file is renamed, SMB 1')
def _(p, w):
    client = p.one('tool')
    body = client.make('\\harmless')
    client.ask(0x04, struct.pack('<HI', struct.unpack('<H', body[38:40])[0], 0))
    first = b'\x04' + client.text('\\harmless', 1 + 35)
    client.ask(0x07, struct.pack('<H', 0x16), first + b'\x04' + client.text(f'\\{w}', 35 + 2 + len(first) + 1))

@file('a harmless file is renamed by NT_RENAME')
def _(p, w):
    client = p.one('tool')
    body = client.make('\\harmless')
    client.ask(0x04, struct.pack('<HI', struct.unpack('<H', body[38:40])[0], 0))
    first = b'\x04' + client.text('\\harmless', 1 + 41)
    client.ask(0xa5, struct.pack('<HHI', 0x16, 0x104, 0), first + b'\x04' + client.text(f'\\{w}', 32 + 1 + 8 + 2 + len(first) + 1))

@file('a harmless file is renamed by its number, TRANS2')
def _(p, w):
    client = p.one('tool')
    body = client.make('\\harmless')
    fid = struct.unpack('<H', body[38:40])[0]
    name = wide(w)
    client.trans(0x32, struct.pack('<H', 8), None, struct.pack('<HHH', fid, 1010, 0), struct.pack('<III', 1, 0, len(name)) + name)


# -- NetBIOS sessions

def on_139(p, called='*SMBSERVER'):
    sock = p.sock(139)
    code = lambda name: b'\x20' + b''.join(bytes([0x41 + (c >> 4), 0x41 + (c & 15)]) for c in name.encode().ljust(15) + b' ') + b'\0'
    ask = code(called) + code('CLIENT')
    sock.sendall(b'\x81\0' + struct.pack('>H', len(ask)) + ask)
    if sock.recv(4)[:1] != b'\x82':
        raise Silent
    return sock

@file('over port 139')
def _(p, w): Smb1(on_139(p)).sign_in().tree('tool').make(f'\\{w}')

@file('over port 139, with keep-alives between')
def _(p, w):
    client = Smb1(on_139(p)).sign_in().tree('tool')
    client.wire.send(b'\x85\0\0\0' * 3)
    client.make(f'\\{w}')

@file('a keep-alive and the message in one segment')
def _(p, w):
    client = p.one('tool')
    client.mid += 1
    client.wire.send(b'\x85\0\0\0' + netbios(client.head(CREATE) + block(*client.create_block(f'\\{w}', True))))
    client.answer()

@file('padding behind the message in its frame')
def _(p, w):
    client = p.one('tool')
    client.ask(CREATE, *client.create_block(f'\\{w}', True), after=b'\xffSMBpadding' * 3)

@file('padding of twelve thousand bytes')
def _(p, w):
    client = p.one('tool')
    client.ask(CREATE, *client.create_block(f'\\{w}', True), after=bytes(12000))

@file('behind a harmless message in one segment')
def _(p, w):
    client = p.one('tool')
    first = netbios(client.head(0x2b) + block(struct.pack('<H', 1), b'echo'))
    client.mid += 7
    client.wire.send(first + netbios(client.head(CREATE) + block(*client.create_block(f'\\{w}', True))))
    client.answer()
    client.answer()


# -- SMB 2

def bound2(p, **how):
    client = p.two(**how)
    client.transceive(bind())
    return client

@call('SMB 2: transceive')
def _(p, w): bound2(p).transceive(request(w))

@call('SMB 2, begun as SMB 1')
def _(p, w): bound2(p, multi=True).transceive(request(w))

@call('SMB 2: fragments in one transceive')
def _(p, w): bound2(p).transceive(b''.join(fragments(w, 16)))

@call('SMB 2: the head of the call in one write, the rest in another')
def _(p, w):
    client = bound2(p)
    for piece in pieces(request(w), 16, 4000):
        client.ask(9, client.write_body(piece))
    client.ask(8, client.read_body())

@call('SMB 2: fragments in writes of a compound')
def _(p, w):
    client = bound2(p)
    client.compound(*[(9, client.write_body(part)) for part in fragments(w, 48)])
    client.wire.drain()
    client.ask(8, client.read_body())

@call('SMB 2: open and bind in one related compound')
def _(p, w):
    client = p.two()
    client.fid = client.compound((5, client.create_body('srvsvc')), (11, client.transceive_body(bind(), b'\xff' * 16)), related=True)[128:144]
    client.wire.drain()
    client.transceive(request(w))

@call('SMB 2: data far behind the command')
def _(p, w):
    client = bound2(p)
    client.ask(11, client.transceive_body(request(w), gap=97))

@call('SMB 2: a byte a segment')
def _(p, w): bound2(p, cut=1).transceive(request(w, big=True))

@file('SMB 2: a file is made')
def _(p, w): p.two('tool').open(w, True)

@file('SMB 3.0')
def _(p, w): p.two('tool', dialect=0x300).open(w, True)

@file('SMB 2: the name far behind the command')
def _(p, w):
    client = p.two('tool')
    client.ask(5, client.create_body(w, True, gap=51))

@file('SMB 2: behind an echo in a compound')
def _(p, w):
    client = p.two('tool')
    client.compound((13, struct.pack('<HH', 4, 0)), (5, client.create_body(w, True)))

@file('SMB 2: made, written and closed in one related compound')
def _(p, w):
    client = p.two('tool')
    last = b'\xff' * 16
    client.compound((5, client.create_body(w, True)), (9, client.write_body(b'data', last)), (6, struct.pack('<HHI16s', 24, 0, 0, last)), related=True)

@file('SMB 2: the sixth of a compound of harmless ones')
def _(p, w):
    client = p.two('tool')
    client.compound(*[(5, client.create_body(f'harmless{n}', True)) for n in range(5)], (5, client.create_body(w, True)))

@file('SMB 2: a harmless file is renamed')
def _(p, w):
    client = p.two('tool')
    client.open('harmless', True)
    info = struct.pack('<B7sQI', 1, bytes(7), 0, 2 * len(w)) + wide(w)
    client.ask(17, struct.pack('<HBBIHHI16s', 33, 1, 10, len(info), 96, 0, 0, client.fid) + info)

@file('SMB 2: made and renamed in one compound')
def _(p, w):
    client = p.two('tool')
    info = struct.pack('<B7sQI', 1, bytes(7), 0, 2 * len(w)) + wide(w)
    client.compound((5, client.create_body('harmless', True)), (17, struct.pack('<HBBIHHI16s', 33, 1, 10, len(info), 96, 0, 0, b'\xff' * 16) + info), related=True)

@file('SMB 2: a harmless file is linked')
def _(p, w):
    client = p.two('tool')
    client.open('harmless', True)
    info = struct.pack('<B7sQI', 1, bytes(7), 0, 2 * len(w)) + wide(w)
    client.ask(17, struct.pack('<HBBIHHI16s', 33, 1, 11, len(info), 96, 0, 0, client.fid) + info)


# -- playing them

class Bench:
    def __init__(self):
        self.lab = gateway_lab.Lab()
        self.folder = Path(self.lab.folder)
        self.folder.chmod(0o755)
        (self.folder / 'state').mkdir()
        self.tool = self.folder / 'tool'
        self.tool.mkdir()
        self.tool.chmod(0o777)
        (self.folder / 'smb.conf').write_text(SAMBA.format(self.folder))
        self.rules = self.folder / 'word.rules'
        self.rules.write_text(RULES)
        self.log = open(self.folder / 'smbd.log', 'w')
        self.samba = subprocess.Popen([*gateway_lab.inside(self.lab.b), 'unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', START, 'sh', str(PEER), str(self.folder)],
                                      stdout=self.log, stderr=self.log)
        self.lab.started.append(self.samba)
        self.relay = Relay(self.lab)
        self.relay.start()

    def ready(self):
        """It listens, and the helper that answers calls has been started."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                if self.play(WAYS[0][1], False, GOOD, None, patience=5):
                    return True
            except OSError:
                pass
            time.sleep(0.1)
        return False

    def clean(self):
        for path in self.tool.iterdir():
            path.rmdir() if path.is_dir() else path.unlink()

    def play(self, run, is_file, word, rules, patience=3, wait=3):
        """Whether the word took effect."""
        self.clean()
        with open(self.folder / 'told', 'w') as told:
            self.relay.change(evasion.Gateway(rules, told))
        place = Place(self.lab, patience)
        try:
            run(place, word)
        except Silent:
            pass
        finally:
            end = time.monotonic() + wait
            while not self.effect(is_file, word) and time.monotonic() < end:
                time.sleep(0.02)
            place.close()
        return self.effect(is_file, word)

    def effect(self, is_file, word):
        if is_file:
            return word in [path.name.upper() for path in self.tool.iterdir()]
        return self.relay.heard(f'answer-of-{word}')

    def stopped(self, run, is_file):
        """By a rule, not for want of time: a slow machine has more of it the second time."""
        for patience in (0.1, 0.5, 3):
            if self.play(run, is_file, BAD, self.rules, patience, 0):
                return False
            if '"sid":900000' in (self.folder / 'told').read_text():
                return True
        return False

    def by_lines(self, run, is_file, *lines, wait=0):
        """Whether the word takes effect where a policy has these lines."""
        draft = self.folder / 'draft.yaml'
        draft.write_text(POLICY.replace('LINES', ', '.join(f"'{line}'" for line in lines)))
        return self.play(run, is_file, GOOD, ['--policy', draft], 3 if wait else 0.3, wait)

    def end(self):
        self.relay.over = True
        self.relay.join(5)
        self.samba.kill()
        self.samba.wait(10)

def lawful_session(p, w):
    """Made, then written and read back over both families."""
    one = p.one('tool')
    fid = struct.unpack('<H', one.make('\\harmless')[38:40])[0]
    one.write(b'words', fid=fid)
    one.fid = fid
    if b'words' in one.read():
        p.two('tool').open(w, True)


def policies(bench):
    """A conduit's lines: what they allow works with all of its answers, what they do not name has no effect."""
    share = f'share \\\\{SERVER}\\tool'
    make = f'host may create-file with {share}'
    yield 'lines that allow it let a session make, write and read', bench.by_lines(lawful_session, True, make, f'host may read, write with {share}', wait=3)
    yield 'lines that allow to read alone let no file be made', not bench.by_lines(lawful_session, True, f'host may read with {share}')
    yield 'lines that name another share let no file be made', not bench.by_lines(lawful_session, True, make.replace('tool', 'other'), 'host may read')
    call = WAYS[0][1]
    yield 'lines that name a call let it be answered', bench.by_lines(call, False, 'host may srvsvc-share-info with pipe srvsvc', wait=3)
    yield 'lines that name another call do not', not bench.by_lines(call, False, 'host may srvsvc-share-enum with pipe srvsvc')


def main():
    bench = Bench()
    only, number, failed, effective = sys.argv[1:], 0, 0, 0
    try:
        if not bench.ready():
            print('not ok 1 - Samba answers\n1..1')
            print((bench.folder / 'smbd.log').read_text(), file=sys.stderr)
            return True
        for name, run, is_file in WAYS:
            if only and not any(o in name for o in only):
                continue
            without, stopped, lawful = bench.play(run, is_file, BAD, None), bench.stopped(run, is_file), bench.play(run, is_file, GOOD, bench.rules)
            good = without and stopped and lawful
            number, failed, effective = number + 1, failed + (not good), effective + good
            print(f'{"ok" if good else "not ok"} {number} - {name}', flush=True)
            if not good:
                print(f'# without the gateway it takes effect: {without}, behind it a rule stops it: {stopped}, the lawful word behind it: {lawful}')
        for name, good in policies(bench) if not only else ():
            number, failed = number + 1, failed + (not good)
            print(f'{"ok" if good else "not ok"} {number} - {name}', flush=True)
    finally:
        bench.end()
    if not only:
        number += 1
        failed += effective < 40
        print(f'{"ok" if effective >= 40 else "not ok"} {number} - {effective} ways reach the server and are stopped: at least 40')
    print(f'1..{number}')
    return failed != 0


if __name__ == '__main__':
    for sign in (signal.SIGALRM, signal.SIGTERM):  # so that the namespaces go in any case
        signal.signal(sign, lambda *_: sys.exit(1))
    signal.alarm(180)
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        sys.exit(0)
    if not (PEER / '.complete').exists():
        print('1..0 # SKIP no samba in build/peers: tools/install-deps check')
        sys.exit(0)
    sys.exit(main())
