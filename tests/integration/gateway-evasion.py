#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=280 root
#
# gateway-evasion.py - ways to say something to a Linux receiver so that whoever stands before it reads something else. Each is first shown to reach the
# receiver without the gateway; then the engine stands between, and the receiver must not get the word, while the same way of sending
# brings a lawful word; and where it cannot (lawful=False: what went on first is the truth, also where the receiver did not take it), an ordinary session goes on. The receiver lies behind a router, so that a TTL can run out.
#
# Topology, in namespaces of this test: this program writes and reads frames at one end of a veth (its own TCP, no kernel's), the engine
# (gateway-engine-rig) is asked for each frame, then comes the router, then the receiver with a real TCP of the kernel.

import array
import ctypes
import fcntl
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BUILD = Path(os.environ.get('SEKISHO_BUILD') or Path(__file__).resolve().parents[2] / 'build')
TAG = f'gwev{os.getpid()}'
WIRE, ROUTER, TOOL = f'{TAG}w', f'{TAG}r', f'{TAG}t'
ME4, YOU4, ME6, YOU6 = '10.9.0.2', '10.9.1.2', 'fd00:9::2', 'fd00:91::2'
MAC_ME = b'\x02\0\0\0\0\x02'
PORT = 7000
BAD, GOOD, JUNK = b'FORBIDDEN', b'PERMITTED', b'-harmless'
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


def sh(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def inside(name, *words):
    sh('ip', 'netns', 'exec', name, *words)


def sums_made(name, dev):
    """Checksums are made by the kernel, not left to a card that a veth does not have (SIOCETHTOOL, ETHTOOL_STXCSUM)."""
    value = array.array('B', struct.pack('II', 0x17, 0))
    with socket_in(name, socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8946, struct.pack('16sP', dev.encode(), value.buffer_info()[0]) + bytes(16))


def lab():
    """Returns the router's link address."""
    for name in (WIRE, ROUTER, TOOL):
        sh('ip', 'netns', 'add', name)
        inside(name, 'ip', 'link', 'set', 'lo', 'up')
    sh('ip', 'link', 'add', 'wire', 'netns', WIRE, 'type', 'veth', 'peer', 'name', 'outer', 'netns', ROUTER)
    sh('ip', 'link', 'add', 'inner', 'netns', ROUTER, 'type', 'veth', 'peer', 'name', 'tool', 'netns', TOOL)
    inside(ROUTER, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.conf.all.rp_filter=0',
           'net.ipv4.conf.outer.rp_filter=0')
    for name, dev in ((WIRE, 'wire'), (ROUTER, 'outer'), (ROUTER, 'inner'), (TOOL, 'tool')):
        inside(name, 'sysctl', '-qw', f'net.ipv6.conf.{dev}.accept_dad=0', f'net.ipv6.conf.{dev}.disable_ipv6={int(name == WIRE)}')
        inside(name, 'ip', 'link', 'set', dev, 'up')
        sums_made(name, dev)
    for dev, v4, v6, of in (('outer', '10.9.0.1/24', 'fd00:9::1/64', ROUTER), ('inner', '10.9.1.1/24', 'fd00:91::1/64', ROUTER), ('tool', YOU4 + '/24', YOU6 + '/64', TOOL)):
        inside(of, 'ip', 'addr', 'add', v4, 'dev', dev)
        inside(of, 'ip', 'addr', 'add', v6, 'dev', dev, 'nodad')
    inside(TOOL, 'ip', 'route', 'add', 'default', 'via', '10.9.1.1')
    inside(TOOL, 'ip', '-6', 'route', 'add', 'default', 'via', 'fd00:91::1')
    me = ':'.join(f'{b:02x}' for b in MAC_ME)
    inside(ROUTER, 'ip', 'neigh', 'replace', ME4, 'lladdr', me, 'dev', 'outer')
    inside(ROUTER, 'ip', 'neigh', 'replace', ME6, 'lladdr', me, 'dev', 'outer')
    said = subprocess.run(['ip', 'netns', 'exec', ROUTER, 'cat', '/sys/class/net/outer/address'], capture_output=True, text=True, check=True)
    return bytes(int(x, 16) for x in said.stdout.strip().split(':'))


def unlab():
    for name in (WIRE, ROUTER, TOOL):
        subprocess.run(['ip', 'netns', 'del', name], stderr=None if os.environ.get("GW_DEBUG") else subprocess.DEVNULL)


def socket_in(name, *kind):
    """A socket of another network namespace."""
    here = os.open('/proc/self/ns/net', os.O_RDONLY)
    there = os.open(f'/run/netns/{name}', os.O_RDONLY)
    try:
        setns(there)
        return socket.socket(*kind)
    finally:
        setns(here)
        os.close(here)
        os.close(there)


def setns(fd):
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0):
        raise OSError(ctypes.get_errno(), 'setns')


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Gateway:
    """The engine; or nothing, when `rules` is None. What it tells goes to `told`, a file, or nowhere, or with GW_DEBUG to standard error."""

    def __init__(self, rules=None, told=None):
        told = told or (None if os.environ.get('GW_DEBUG') else subprocess.DEVNULL)
        self.rig = rules and subprocess.Popen([BUILD / 'gateway-engine-rig', *([rules] if isinstance(rules, (str, Path)) else rules)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told)

    def read(self, size):
        data = self.rig.stdout.read(size)
        if len(data) != size:
            raise RuntimeError('the engine died')
        return data

    def ask(self, port, frame):
        """[(port it leaves by, frame)]; port 0 is the tool's side."""
        if not self.rig:
            return [(1 - port, frame)]
        self.rig.stdin.write(struct.pack('!BI', port, len(frame)) + frame)
        self.rig.stdin.flush()
        out = []
        while True:
            head = self.read(5)
            if head == b'\xff' * 5:
                return out
            to, size = struct.unpack('!BI', head)
            out.append((to, self.read(size)))

    def close(self):
        if self.rig:
            self.rig.stdin.close()
            self.rig.wait(10)


class Wire:
    def __init__(self, mac):
        self.mac, self.gateway = mac, Gateway()
        self.raw = socket_in(WIRE, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.raw.bind(('wire', 0))
        self.inbox = []

    def flush(self):
        while select.select([self.raw], [], [], 0)[0]:
            self.raw.recv(65536)
        self.inbox = []

    def put(self, frame):
        for to, out in self.gateway.ask(1, frame):
            if to == 0:
                self.raw.send(out.ljust(60, b'\0'))
            else:
                self.inbox.append(out)

    def get(self, wanted, seconds=1.0):
        """The first frame from the receiver's side that `wanted` takes."""
        end = time.monotonic() + seconds
        while True:
            while self.inbox:
                found = wanted(self.inbox.pop(0))
                if found:
                    return found
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.raw], [], [], left)[0]:
                return None
            frame, address = self.raw.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            for to, out in self.gateway.ask(0, frame):
                if to == 1:
                    self.inbox.append(out)
                else:
                    self.raw.send(out)


class Conn:
    """A client's side of TCP, made by hand. `at` in send() counts from the first byte of data."""
    port = 20000

    def __init__(self, wire, v6=False, isn=None, stamps=False):
        Conn.port += 1
        self.wire, self.v6, self.sport, self.stamps = wire, v6, Conn.port, stamps
        self.isn = random.getrandbits(32) if isn is None else isn
        self.ack, self.number, self.tsval = 0, 0, 1000000
        family = socket.AF_INET6 if v6 else socket.AF_INET
        self.me, self.you = (socket.inet_pton(family, a) for a in ((ME6, YOU6) if v6 else (ME4, YOU4)))

    # -- making frames

    def segment(self, seq, data=b'', flags=ACK | PSH, ack=None, options=b'', urgent=0, window=60000, bad_sum=False, offset=None):
        if self.stamps and not options:
            options = b'\x01\x01\x08\x0a' + struct.pack('!II', self.tsval, 0)
        options += b'\0' * (-len(options) % 4)
        words = 5 + len(options) // 4 if offset is None else offset
        head = struct.pack('!HHIIBBHHH', self.sport, PORT, seq & 0xffffffff, (self.ack if ack is None else ack) & 0xffffffff, words << 4, flags,
                           window, 0, urgent)
        whole = head + options + data
        pseudo = self.me + self.you + (struct.pack('!II', len(whole), 6) if self.v6 else struct.pack('!HH', 6, len(whole)))
        value = checksum(pseudo + whole) ^ (0x5555 if bad_sum else 0)
        return whole[:16] + struct.pack('!H', value) + whole[18:]

    def frame(self, body, ttl=64, word=0, ident=None, protocol=6, options=b'', bad_sum=False, longer=0, version=4):
        self.number += 1
        if self.v6:
            return self.wire.mac + MAC_ME + b'\x86\xdd' + struct.pack('!IHBB', 6 << 28, len(body), protocol, ttl) + self.me + self.you + body
        options += b'\0' * (-len(options) % 4)
        head = struct.pack('!BBHHHBBH', version << 4 | 5 + len(options) // 4, 0, 20 + len(options) + len(body) + longer,
                           self.number if ident is None else ident, word, ttl, protocol, 0) + self.me + self.you + options
        value = checksum(head) ^ (0x5555 if bad_sum else 0)
        return self.wire.mac + MAC_ME + b'\x08\0' + head[:10] + struct.pack('!H', value) + head[12:] + body

    # -- talking

    def put(self, at, data=b'', ip=None, **more):
        self.wire.put(self.frame(self.segment(self.isn + 1 + at, data, **more), **(ip or {})))

    def mine(self, frame):
        at = 54 if self.v6 else 34
        if frame[12:14] != (b'\x86\xdd' if self.v6 else b'\x08\0') or len(frame) < at + 20:
            return None
        sport, dport, seq, ack, _, flags = struct.unpack('!HHIIBB', frame[at:at + 14])
        return (seq, ack, flags) if (sport, dport) == (PORT, self.sport) else None

    def open(self, data=b'', before=None, last_ack=True):
        options = b'\x02\x04\x05\xb4' + (b'\x01\x01\x08\x0a' + struct.pack('!II', self.tsval - 1, 0) if self.stamps else b'')
        if before:
            before()
        self.wire.put(self.frame(self.segment(self.isn, data, SYN, ack=0, options=options)))
        found = self.wire.get(lambda f: (m := self.mine(f)) and m[2] & (SYN | ACK) == SYN | ACK and m[1] == (self.isn + 1) & 0xffffffff and m)
        if not found:
            return False
        self.ack = (found[0] + 1) & 0xffffffff
        if last_ack:
            self.put(0, flags=ACK)
        return True

    def fragments(self, body, size, ident=None, cut=None):
        """(offset, more, bytes) of a body, as frames."""
        ident = 4000 + self.number if ident is None else ident
        pieces = [(at, body[at:at + size]) for at in range(0, len(body), size)] if cut is None else cut
        end = len(body)
        return [self.fragment(at, piece, at + len(piece) < end, ident) for at, piece in pieces]

    def fragment(self, at, piece, more, ident, **ip):
        if self.v6:
            return self.frame(struct.pack('!BBHI', 6, 0, at | more, ident) + piece, protocol=44, **ip)
        return self.frame(piece, word=at // 8 | (0x2000 if more else 0), ident=ident, **ip)


# ---- the ways. Each is handed a connection that is open and the word.

WAYS = []


def way(name, **how):
    return lambda run: WAYS.append((name, run, how)) or run


def junk_first(name, about, **how):
    """A segment with other bytes that the receiver does not take, then the real one at the same place."""
    @way(name, **how)
    def run(c, word):
        c.put(0, b'key=')
        about(c, 4)
        c.put(4, word[:4]) # in two, so that no single packet holds the word
        c.put(8, word[4:])


def J(name, ip=None, lawful=True, **segment):
    junk_first(name, lawful=lawful, about=lambda c, at: c.put(at, JUNK, ip=ip, **(segment if not callable(segment.get('make')) else segment['make'](c))))


@way('in one piece')
def _(c, w): c.put(0, w)

@way('cut in two')
def _(c, w): c.put(0, w[:4]); c.put(4, w[4:])

@way('a byte each')
def _(c, w): [c.put(i, w[i:i + 1]) for i in range(len(w))]

@way('a byte each, last first')
def _(c, w): [c.put(i, w[i:i + 1]) for i in reversed(range(len(w)))]

@way('shuffled')
def _(c, w):
    for i in random.Random(5).sample(range(len(w)), len(w)):
        c.put(i, w[i:i + 1])

@way('each byte three times')
def _(c, w): [c.put(i, w[i:i + 1]) for i in range(len(w)) for _ in range(3)]

@way('overlapping windows of four')
def _(c, w): [c.put(i, w[i:i + 4]) for i in range(len(w) - 3)]

@way('the second half first, then all')
def _(c, w): c.put(4, w[4:]); c.put(0, w)

@way('other bytes out of order, then the real ones in order')
def _(c, w): c.put(4, JUNK[4:]); c.put(0, w)

@way('an overlap whose old part differs')
def _(c, w): c.put(0, w[:4]); c.put(2, b'??' + w[4:])

@way('retransmitted with other bytes, then the rest')
def _(c, w): c.put(0, w[:4]); c.put(0, b'????'); c.put(4, w[4:])

@way('a retransmission that goes on behind the first copy')
def _(c, w): c.put(0, w[:5]); c.put(0, b'????' + w[4:])

@way('sequence numbers wrap within the word', isn=0xfffffffa)
def _(c, w): c.put(0, w[:5]); c.put(5, w[5:])

@way('sequence numbers wrap, last first', isn=0xfffffffa)
def _(c, w): c.put(5, w[5:]); c.put(0, w[:5])

@way('with the last ACK of the handshake', last_ack=False)
def _(c, w): c.put(0, w)

@way('with FIN')
def _(c, w): c.put(0, w, flags=ACK | PSH | FIN)

@way('FIN first, out of order')
def _(c, w): c.put(9, flags=ACK | FIN); c.put(4, w[4:]); c.put(0, w[:4])

@way('an urgent byte in the middle, which the receiver takes out', lawful=False)
def _(c, w): c.put(0, w[:5] + b'?' + w[5:], flags=ACK | PSH | URG, urgent=6)

@way('urgent in a segment of its own', lawful=False)
def _(c, w): c.put(0, w[:5]); c.put(5, b'?', flags=ACK | URG, urgent=1); c.put(6, w[5:])

@way('a keep-alive with another byte')
def _(c, w): c.put(0, w[:5]); c.put(4, b'?', flags=ACK); c.put(5, w[5:])

@way('reserved and ECN bits set')
def _(c, w): c.put(0, w[:3], flags=ACK | PSH | 0xc0); c.put(3, w[3:], flags=ACK | 0x40)

@way('options of no meaning in each segment')
def _(c, w): c.put(0, w[:3], options=b'\x01' * 39); c.put(3, w[3:], options=b'\xfe\x06abcd\x01\x01')

@way('a pause in which an RST outside of the window comes')
def _(c, w): c.put(0, w[:4]); c.put(4 + 0x40000000, flags=RST); c.put(4, w[4:])

@way('an RST inside of the window, not at its edge')
def _(c, w): c.put(0, w[:4]); c.put(40, flags=RST); c.put(4, w[4:])

@way('an RST with a wrong checksum')
def _(c, w): c.put(0, w[:4]); c.put(4, flags=RST, bad_sum=True); c.put(4, w[4:])

@way('an RST whose TTL runs out')
def _(c, w): c.put(0, w[:4]); c.put(4, flags=RST, ip={'ttl': 1}); c.put(4, w[4:])

@way('a FIN whose TTL runs out', lawful=False)
def _(c, w): c.put(0, w[:4]); c.put(4, flags=FIN | ACK, ip={'ttl': 1}); c.put(4, w[4:])

@way('a FIN with a wrong checksum')
def _(c, w): c.put(0, w[:4]); c.put(4, flags=FIN | ACK, bad_sum=True); c.put(4, w[4:])

@way('a SYN with another number in the session')
def _(c, w): c.put(0, w[:4]); c.wire.put(c.frame(c.segment(c.isn + 0x10000000, flags=SYN, ack=0))); c.put(4, w[4:])

@way('a SYN with another number before the first', before=lambda c: c.wire.put(c.frame(c.segment(c.isn + 77777, flags=SYN, ack=0), ttl=1)))
def _(c, w): c.put(0, w[:4]); c.put(4, w[4:])

@way('data in the SYN, which the receiver does not take', syn_data=JUNK, lawful=False)
def _(c, w): c.put(0, w)

@way('picked up after the handshake', late=True)
def _(c, w): c.put(0, w[:4]); c.put(4, w[4:])

@way('picked up after the handshake, last first', late=True)
def _(c, w): c.put(0, b'key='); c.put(8, w[4:]); c.put(4, w[:4])

@way('two hundred holes before the word')
def _(c, w):
    for i in reversed(range(200)):
        c.put(i * 2, b'..')
    c.put(400, w)


J('junk with a wrong TCP checksum', bad_sum=True)
J('junk with a wrong IP checksum', ip={'bad_sum': True})
J('junk whose TTL runs out', lawful=False, ip={'ttl': 1})
J('junk without ACK', flags=PSH)
J('junk with no flags', flags=0)
J('junk with an impossible header length', offset=4)
J('junk with a header longer than the segment', offset=15)
J('junk with SYN and FIN', flags=SYN | FIN | ACK)
J('junk with a source route', ip={'options': b'\x83\x07\x04\x0a\x09\x01\x02\0'})
J('junk that says it is longer than the frame', ip={'longer': 400})
J('junk with the wrong IP version', ip={'version': 5})
J('junk that acknowledges what was never sent', lawful=False, make=lambda c: {'ack': c.ack + 0x20000000})
J('junk with an MD5 signature', lawful=False, options=b'\x13\x12' + b'\x55' * 16 + b'\x01\x01')


@way('junk with an old time stamp', stamps=True, lawful=False)
def _(c, w):
    c.put(0, b'key=')
    c.put(4, JUNK, options=b'\x01\x01\x08\x0a' + struct.pack('!II', 1, 0))
    c.put(4, w[:4])
    c.put(8, w[4:])


def with_fragments(name, cut, **how):
    @way(name, **how)
    def run(c, word):
        body = c.segment(c.isn + 1, b'0123456789' * 4 + word)
        for frame in cut(c, body):
            c.wire.put(frame)


# IPv6's first fragment must hold the whole header (RFC 7112), or Linux drops it.
with_fragments('fragments of eight, the TCP header in three', lambda c, b: c.fragments(b, 8))
for v6 in (False, True):
    IP, N = (', IPv6', 24) if v6 else (', IPv4', 16)
    with_fragments('fragments' + IP, lambda c, b, n=N: c.fragments(b, n), v6=v6)
    with_fragments('fragments, last first' + IP, lambda c, b, n=N: c.fragments(b, n)[::-1], v6=v6)
    with_fragments('fragments, shuffled' + IP, lambda c, b, n=N: random.Random(3).sample(f := c.fragments(b, n), len(f)), v6=v6)
    with_fragments('each fragment twice' + IP, lambda c, b, n=N: [f for f in c.fragments(b, n) for _ in range(2)][:-1], v6=v6)
    with_fragments('fragments between those of another datagram' + IP,
                   lambda c, b, n=N: [f for pair in zip(c.fragments(b, n, ident=7), c.fragments(bytes(len(b) + n), n, ident=8)) for f in pair], v6=v6)
with_fragments('a junk fragment with a wrong checksum, then the real one',
               lambda c, b: [c.fragment(0, b[:24], True, 77), c.fragment(24, b'?' * len(b[24:]), False, 77, bad_sum=True), c.fragment(24, b[24:], False, 77)])
with_fragments('a junk fragment whose TTL runs out, then the real one',
               lambda c, b: [c.fragment(0, b[:24], True, 78), c.fragment(24, b'?' * len(b[24:]), False, 78, ttl=1), c.fragment(24, b[24:], False, 78)], lawful=False)
with_fragments('a fragment that is the whole datagram, IPv6', lambda c, b: [c.fragment(0, b, False, 79)], v6=True)
with_fragments('destination options before TCP, IPv6', lambda c, b: [c.frame(b'\x06\0\x01\x04\0\0\0\0' + b, protocol=60)], v6=True)
with_fragments('hop-by-hop and destination options, IPv6',
               lambda c, b: [c.frame(b'\x3c\0\x01\x04\0\0\0\0' + b'\x06\0\x01\x04\0\0\0\0' + b, protocol=0)], v6=True)


# ---- playing them

def received(listener, wire, seconds):
    """What the program behind the next connection reads, until nothing comes for a while."""
    data = b''
    if not select.select([listener], [], [], 0.3)[0]:
        return data
    conn, _ = listener.accept()
    end = time.monotonic() + seconds
    with conn:
        while time.monotonic() < end:
            wire.get(lambda frame: None, 0.02)
            if not select.select([conn], [], [], 0)[0]:
                if BAD in data or GOOD in data:
                    break
                continue
            try:
                more = conn.recv(65536)
            except OSError:
                break
            if not more:
                break
            data += more
    return data


def play(wire, listeners, run, how, word, rules):
    """The bytes that the receiver's program got."""
    listener = listeners[how.get('v6', False)]
    while select.select([listener], [], [], 0)[0]:
        listener.accept()[0].close()
    wire.flush()
    late = how.get('late')
    wire.gateway = Gateway(None if late else rules)
    c = Conn(wire, how.get('v6', False), how.get('isn'), how.get('stamps', False))
    before = how.get('before')
    try:
        if c.open(how.get('syn_data', b''), before and (lambda: before(c)), how.get('last_ack', True)):
            if late:
                wire.gateway = Gateway(rules)
            run(c, word)
        return received(listener, wire, 0.4)
    finally:
        c.put(0, flags=RST)
        wire.gateway.close()
        wire.gateway = Gateway()


def main():
    with tempfile.NamedTemporaryFile('w', suffix='.rules') as rules:
        rules.write('drop tcp any any -> any any (msg:"the forbidden word"; content:"FORBIDDEN"; sid:9000001; rev:1;)\n')
        rules.flush()
        mac = lab()
        listeners = {v6: socket_in(TOOL, socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_STREAM) for v6 in (False, True)}
        for v6, listener in listeners.items():
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if v6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((YOU6 if v6 else YOU4, PORT))
            listener.listen(64)
        wire = Wire(mac)
        only = sys.argv[1:]
        number, failed, effective = 0, 0, 0
        for name, run, how in WAYS:
            if only and not any(o in name for o in only):
                continue
            without = play(wire, listeners, run, how, BAD, None)
            behind = play(wire, listeners, run, how, BAD, rules.name)
            lawful = play(wire, listeners, run, how, GOOD, rules.name)
            plain = GOOD in lawful or GOOD in play(wire, listeners, WAYS[0][1], {'v6': how.get('v6', False)}, GOOD, rules.name)
            good = BAD in without and BAD not in behind and plain and (GOOD in lawful or how.get('lawful') is False)
            number += 1
            failed += not good
            effective += good
            print(f'{"ok" if good else "not ok"} {number} - {name}', flush=True)
            if not good:
                print(f'# without {without[-40:]!r}, behind the gateway {behind[-40:]!r}, the lawful word {lawful[-40:]!r}, an ordinary session {plain}')
        if not only:
            number += 1
            failed += effective < 40
            print(f'{"ok" if effective >= 40 else "not ok"} {number} - {effective} ways reach the receiver and are stopped: at least 40')
        print(f'1..{number}')
        return failed != 0


if __name__ == '__main__':
    for number in (signal.SIGALRM, signal.SIGTERM): # so that the namespaces go in any case
        signal.signal(number, lambda *_: sys.exit(1))
    signal.alarm(260)
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        sys.exit(0)
    try:
        sys.exit(main())
    finally:
        unlab()
