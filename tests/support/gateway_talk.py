# SPDX-License-Identifier: GPL-3.0-or-later
#
# Captures made of bytes: a TCP session or datagrams between a host and a device, cut as a test wants; and what the gateway's replay says of a capture.
import json
import os
import struct
import subprocess
from pathlib import Path

BUILD = Path(os.environ.get('SEKISHO_BUILD', 'build')).resolve()
HOST, DEVICE = 0, 1
ADDRESS = (bytes([10, 10, 0, 5]), bytes([10, 20, 0, 7]))


def checksum(data):
    total = sum(struct.unpack(f'>{len(data) // 2}H', data[:len(data) & ~1])) + (data[-1] << 8 if len(data) & 1 else 0)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Talk:
    """A conversation as packets; the host opens it."""

    def __init__(self, port, udp=False, opened=True):
        self.ports, self.udp = (40000, port), udp
        self.next, self.packets = [1000, 5000], []
        if opened and not udp:
            for who, flags in ((HOST, 2), (DEVICE, 0x12), (HOST, 0x10)):
                self.segment(who, flags)

    def ip(self, who, protocol, payload, place):
        """`place`: where the checksum of TCP or UDP stands."""
        wide = len(ADDRESS[who]) == 16
        pseudo = ADDRESS[who] + ADDRESS[1 - who] + struct.pack('>IHBB' if wide else '>BBH', *((len(payload), 0, 0, protocol) if wide else (0, protocol, len(payload))))
        payload = payload[:place] + struct.pack('>H', checksum(pseudo + payload)) + payload[place + 2:]
        ethernet = bytes([2, 0, 0, 0, 0, 1 + who, 2, 0, 0, 0, 0, 2 - who])
        if wide:
            head = struct.pack('>IHBB16s16s', 6 << 28, len(payload), protocol, 64, ADDRESS[who], ADDRESS[1 - who])
            self.packets.append(ethernet + b'\x86\xdd' + head + payload)
            return
        head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), 1, 0x4000, 64, protocol, 0, ADDRESS[who], ADDRESS[1 - who])
        head = head[:10] + struct.pack('>H', checksum(head)) + head[12:]
        self.packets.append(ethernet + b'\x08\0' + head + payload)

    def segment(self, who, flags, data=b''):
        ack = self.next[1 - who] if flags & 0x10 else 0
        self.ip(who, 6, struct.pack('>HHIIBBHHH', self.ports[who], self.ports[1 - who], self.next[who], ack, 0x50, flags, 65535, 0, 0) + data, 16)
        self.next[who] += len(data) + bool(flags & 3)

    def send(self, who, data, size=1400):
        if self.udp:
            self.ip(who, 17, struct.pack('>HHHH', self.ports[who], self.ports[1 - who], 8 + len(data), 0) + data, 6)
            return
        for at in range(0, len(data), size):
            self.segment(who, 0x18, data[at:at + size])
        self.segment(1 - who, 0x10)

    def write(self, path):
        with open(path, 'wb') as out:
            out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for number, packet in enumerate(self.packets):
                out.write(struct.pack('<IIII', 1700000000 + number // 1000, number % 1000 * 1000, len(packet), len(packet)) + packet)
        return path


def replay(pcap, *options):
    """The events of the replay, and its whole output."""
    said = subprocess.run([BUILD / 'sekisho-gateway', 'replay', '--pcap', pcap, '--messages', '--json', *map(str, options)], capture_output=True, text=True,
                          check=False, timeout=100)
    return [json.loads(line) for line in said.stdout.splitlines()], said.stdout + said.stderr


def messages(lines, protocol=None):
    return [line['fab'] for line in lines if line.get('fab', {}).get('kind') == 'message' and line['fab']['whole'] and protocol in (None, line['fab'].get('protocol'))]


def essence(lines):
    """What the events say apart from in which packet; of flows, that count packets, nothing."""
    return [{k: v for k, v in line['fab'].items() if k != 'packet'} for line in lines if line.get('fab', {}).get('kind', 'flow') != 'flow']


def values(message, *names):
    return [f[name] for f in message.get('fields', []) for name in names if name in f]


def arrived(path, who):
    """The payload bytes of one side that a capture has: of TCP each once, in order; of UDP as they come."""
    data, at, parts, datagrams = path.read_bytes(), 24, {}, []
    while at < len(data):
        size = struct.unpack_from('<I', data, at + 8)[0]
        packet, at = data[at + 16:at + 16 + size], at + 16 + size
        if packet[26:30] != ADDRESS[who]:
            continue
        end = 14 + struct.unpack_from('>H', packet, 16)[0]
        if packet[23] == 17:
            datagrams.append(packet[42:end])
        elif end > 34 + (packet[46] >> 4) * 4:
            parts.setdefault(struct.unpack_from('>I', packet, 38)[0], packet[34 + (packet[46] >> 4) * 4:end])
    return b''.join(parts[seq] for seq in sorted(parts)) + b''.join(datagrams)
