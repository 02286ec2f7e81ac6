# SPDX-License-Identifier: GPL-3.0-or-later
#
# gateway_lab.py - a cable with a gateway in it: three network namespaces of this process, A (the tool's side), G and B, with a pair of veths each,
# the rig of gateway/wire in G, the probes of gateway-probe in A and B, and frames made by hand. Everything is taken away at the end.
#
#   lab = Lab()                    10.77.0.1 and fd77::1 in A, .2 and ::2 in B; offloads off, as on a cable
#   rig = lab.rig(POLICY, 'mark')  the rig with a policy's text; rig.count(), rig.ask('open 100'), rig.pids()
#   lab.probe('a', 'udp', '10.77.0.2', 7000, 1, 1000).result()          through the gateway; 10.78.0.2 is a cable beside it
#   lab.wire('a').send(frame); lab.wire('b').next(0.5)
import atexit
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BUILD = Path(os.environ.get('SEKISHO_BUILD', Path(__file__).resolve().parents[2] / 'build'))
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
SIOCETHTOOL = 0x8946
TSO, GSO, GRO, TXCSUM, RXCSUM, SG = 0x1f, 0x24, 0x2c, 0x17, 0x15, 0x19
EVERYTHING = '''none switch enforce open
'''


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f'{" ".join(words)}: {done.stderr.strip()}')
    return done.stdout


def inside(space):
    """Before a command: in that namespace. Not by ip, which would hide the BPF file system."""
    return ['nsenter', f'--net=/run/netns/{space}']


class Inside:
    """This thread in another network namespace, for as long as the block."""

    def __init__(self, name):
        self.path = f'/run/netns/{name}'

    def __enter__(self):
        self.back = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        self.enter(os.open(self.path, os.O_RDONLY))

    def __exit__(self, *_):
        self.enter(self.back)

    def enter(self, fd):
        failed = LIBC.setns(fd, CLONE_NEWNET)
        os.close(fd)
        if failed:
            raise OSError(ctypes.get_errno(), 'setns')


def ethtool(name, command, value):
    what = ctypes.create_string_buffer(struct.pack('II', command, value))
    request = struct.pack('16sP', name.encode(), ctypes.addressof(what)).ljust(40, b'\0')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, request)


class Wire:
    """Frames by hand on one end of the cable."""

    def __init__(self, space, name):
        with Inside(space):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.sock.bind((name, 0))
        self.sock.setsockopt(socket.SOL_PACKET if hasattr(socket, 'SOL_PACKET') else 263, 8, 1)  # PACKET_AUXDATA
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUFFORCE if hasattr(socket, 'SO_RCVBUFFORCE') else 33, 1 << 24)

    def send(self, frame):
        self.sock.send(frame)

    def next(self, seconds):
        """The next frame that came in (not what we sent), its outer VLAN tag put back; None after so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                frame, extra, _, address = self.sock.recvmsg(65536, 256)
            except TimeoutError:
                return None
            except OSError:  # the link was down meanwhile, which a socket is told once
                continue
            if address[2] == socket.PACKET_OUTGOING:
                continue
            for level, kind, data in extra:
                if level == 263 and kind == 8:
                    status, _, _, _, _, tci, tpid = struct.unpack('IIIHHHH', data[:20])
                    if status & 16:
                        frame = frame[:12] + struct.pack('>HH', tpid if status & 64 else 0x8100, tci) + frame[12:]
            return frame
        return None

    def flush(self):
        self.all(0.0005)

    def all(self, seconds=0.2):
        frames = []
        while (frame := self.next(seconds)) is not None:
            frames.append(frame)
        return frames

    def with_text(self, text, seconds=1.0):
        """The next frame that carries this text."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            frame = self.next(left)
            if frame and text in frame:
                return frame
        return None


class Rig:
    def __init__(self, lab, policy, *options):
        self.lab = lab
        command = [*inside(lab.g), str(BUILD / 'gateway-rig'), '--pins', lab.pins, *options]
        if policy is not None:
            command += ['--policy', lab.write(policy)]
        self.log = open(Path(lab.folder) / f'rig-{time.monotonic_ns()}.log', 'w+')
        self.process = subprocess.Popen(command + lab.ports, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        lab.started.append(self.process)
        self.ready = self.process.stdout.readline().split()
        if not self.ready:
            self.log.seek(0)
            raise RuntimeError('gateway-rig: ' + self.log.read())

    def ask(self, words):
        self.process.stdin.write(words + '\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def pairs(self, words):
        return {key: int(value) for key, value in (pair.split('=') for pair in self.ask(words).split()[1:])}

    def count(self):
        return self.pairs('count')

    def pids(self):
        return self.pairs('pids')

    def policy(self, text):
        return self.ask('policy ' + self.lab.write(text)) == 'ok'

    def until(self, seconds, condition):
        """How long until condition(count) was true; None: never."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if condition(self.count()):
                return time.monotonic() - begin
            time.sleep(0.005)
        return None

    def settle(self):
        """An engine is attached."""
        return self.until(5, lambda c: c.get('io-engines') and self.pids()['inner'])

    def end(self):
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.log.seek(0)
        return self.log.read()


class Lab:
    def __init__(self, mtu=1500, gro=False, tag=''):
        self.name = f'gw{os.getpid()}{tag}'
        self.a, self.g, self.b = (f'{self.name}-{side}' for side in 'agb')
        self.ports = ['ga', 'gb']
        self.pins = f'/sys/fs/bpf/{self.name}'
        self.folder = tempfile.mkdtemp(prefix='gateway.')
        self.started, self.number = [], 0
        atexit.register(self.end)
        for space in (self.a, self.g, self.b):
            run('ip', 'netns', 'add', space)
            run('ip', '-n', space, 'link', 'set', 'lo', 'up')
        for end, port, side, host in ((self.a, 'ga', 'va', 1), (self.b, 'gb', 'vb', 2)):
            run('ip', 'link', 'add', 'name', side, 'netns', end, 'numrxqueues', '1', 'numtxqueues', '1', 'mtu', str(mtu), 'type', 'veth', 'peer', 'name', port, 'netns', self.g,
                'numrxqueues', '1', 'numtxqueues', '1', 'mtu', str(mtu))
            run('ip', '-n', self.g, 'link', 'set', port, 'up')
            with Inside(end):
                for feature in (TSO, GSO, TXCSUM, RXCSUM, SG):
                    ethtool(side, feature, 0)
                ethtool(side, GRO, int(gro))
            run('ip', '-n', end, 'addr', 'add', f'10.77.0.{host}/24', 'dev', side)
            run('ip', '-n', end, 'addr', 'add', f'fd77::{host}/64', 'dev', side, 'nodad')
            run('ip', '-n', end, 'link', 'set', side, 'up')

        run('ip', 'link', 'add', 'name', 'ca', 'netns', self.a, 'type', 'veth', 'peer', 'name', 'cb', 'netns', self.b)
        for end, name, host in ((self.a, 'ca', 1), (self.b, 'cb', 2)):  # a cable beside the gateway: what this machine itself does to a frame
            run('ip', '-n', end, 'addr', 'add', f'10.78.0.{host}/24', 'dev', name)
            run('ip', '-n', end, 'link', 'set', name, 'up')

    def write(self, text):
        self.number += 1
        path = Path(self.folder) / f'policy-{self.number}'
        path.write_text(text)
        return str(path)

    def rig(self, policy=EVERYTHING, engine='pass', *options):
        return Rig(self, policy, '--engine', engine, *options)

    def wire(self, side):
        return Wire(getattr(self, side), f'v{side}')

    def mac(self, side):
        return bytes.fromhex(json.loads(run('ip', '-n', getattr(self, side), '-j', 'link', 'show', f'v{side}'))[0]['address'].replace(':', ''))

    def start(self, side, *words, program='gateway-probe'):
        process = subprocess.Popen([*inside(getattr(self, side)), str(BUILD / program), *map(str, words)], stdout=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def listen(self, side, port):
        process = self.start(side, 'listen', port)
        process.stdout.readline()
        return process

    def probe(self, side, *words):
        """A probe that runs; .result() waits for what it says."""
        process = self.start(side, *words)
        process.result = lambda: json.loads(process.communicate(timeout=60)[0] or '{}')
        return process

    def carrier(self, side):
        return 'LOWER_UP' in json.loads(run('ip', '-n', getattr(self, side), '-j', 'link', 'show', f'v{side}'))[0]['flags']

    def end(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.started = []
        for space in (self.a, self.g, self.b):
            for pid in subprocess.run(['ip', 'netns', 'pids', space], capture_output=True, text=True).stdout.split():
                os.kill(int(pid), signal.SIGKILL)
        for pin in Path(self.pins).glob('*') if Path(self.pins).is_dir() else ():
            pin.unlink()
        if Path(self.pins).is_dir():
            os.rmdir(self.pins)
        for space in (self.a, self.g, self.b):
            subprocess.run(['ip', 'netns', 'del', space], capture_output=True)
        subprocess.run(['rm', '-rf', self.folder])


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(source, destination, protocol, payload, number=1, offset=0, more=False):
    head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), number, (0x2000 if more else 0) | offset // 8, 64, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(destination))
    return head[:10] + struct.pack('>H', checksum(head)) + head[12:] + payload


def ipv6(source, destination, following, payload):
    return struct.pack('>IHBB16s16s', 6 << 28, len(payload), following, 64, socket.inet_pton(socket.AF_INET6, source),
                       socket.inet_pton(socket.AF_INET6, destination)) + payload


def udp(sport, dport, payload):
    return struct.pack('>HHHH', sport, dport, 8 + len(payload), 0) + payload


def tcp(sport, dport, flags, payload=b'', seq=1, ack=0):
    return struct.pack('>HHIIBBHHH', sport, dport, seq, ack, 0x50, flags, 8192, 0, 0) + payload


def ether(destination, source, kind, payload, *tags):
    """`tags` are (protocol, vlan) from the outside in."""
    head = destination + source + b''.join(struct.pack('>HH', protocol, vlan) for protocol, vlan in tags)
    return (head + struct.pack('>H', kind) + payload).ljust(60, b'\0')


class Points:
    """TAP, and an alarm that ends a test that hangs."""

    def __init__(self, limit):
        self.count = self.failed = 0
        signal.signal(signal.SIGALRM, self.overdue)
        signal.alarm(limit)

    def overdue(self, *_):
        print('Bail out! it takes too long', flush=True)
        sys.exit(1)

    def point(self, good, name, why=None):
        self.count += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.count} - {name}', flush=True)
        if not good and why is not None:
            print(f'# {why}', flush=True)
        return good

    def skip(self, name, why):
        self.count += 1
        print(f'ok {self.count} - {name} # SKIP {why}', flush=True)

    def finish(self):
        print(f'1..{self.count}')
        sys.exit(self.failed > 0)
