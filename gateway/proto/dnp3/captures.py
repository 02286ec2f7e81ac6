# SPDX-License-Identifier: GPL-3.0-or-later
#
# DNP3 as IEEE 1815 has it, for tests/integration/gateway-ot.py: each message with what is to be said of it. No code of the parser is used.
import struct

HOST, DEVICE = 0, 1
PORT = 20000
OPENING = 2
TABLE = []
for byte in range(256):
    value = byte
    for _ in range(8):
        value = value >> 1 ^ (0xa6bc if value & 1 else 0)
    TABLE.append(value)


def crc(data):
    value = 0
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 255]
    return struct.pack('<H', value ^ 0xffff)


def frame(user, control=0xc4, to=4, by=3):
    head = struct.pack('<BBBBHH', 5, 0x64, 5 + len(user), control, to, by)
    return head + crc(head) + b''.join(user[at:at + 16] + crc(user[at:at + 16]) for at in range(0, len(user), 16))


def ask(function, objects=b'', sequence=0, **more):
    return frame(bytes([0xc0 | sequence, 0xc0 | sequence, function]) + objects, **more)


def answer(objects=b'', sequence=0, function=129, iin=0):
    return frame(bytes([0xc0 | sequence, (0xd0 if function == 130 else 0xc0) | sequence, function]) + struct.pack('>H', iin) + objects, control=0x44, to=3, by=4)


CROB = struct.pack('<BBIIB', 0x41, 1, 100, 100, 0)
LONG = bytes([0xc5, 2]) + b'\x50\1\0\7\7\0' + b'\x6e\x64\x17\1\5' + bytes(range(100)) + b'\x0a\0\6'
TALK = [
    (HOST, frame(b'', control=0xc0), ('link', 'session', {'source': [3], 'destination': [4]})),
    (DEVICE, frame(b'', control=0x0b, to=3, by=4), ('link', 'session', {'source': [4]})),
    (HOST, ask(1, b'\x3c\2\6\x3c\3\6\1\0\0\5\x14\x1e\0\1\0\1\0\2', 1), ('read', 'read', {'function': [1], 'group': [60, 60, 1, 30], 'index': ['5-20', '256-512']})),
    (DEVICE, answer(b'\1\1\0\5\x14\xff\xff\x1e\2\0\0\1\1\5\0\1\6\0', 1, iin=0x8000), ('response', 'read', {'iin': [0x8000], 'group': [1, 30], 'index': ['5-20', '0-1']})),
    (HOST, ask(3, b'\x0c\1\x17\1\7' + CROB, 2), ('select', 'control', {'group': [12], 'variation': [1], 'index': ['7'], 'control': [0x41]})),
    (DEVICE, answer(b'\x0c\1\x17\1\7' + CROB, 2), ('response', 'read', {})),
    (HOST, ask(4, b'\x0c\1\x28\2\0\7\0' + CROB + b'\x2c\1' + CROB, 3), ('operate', 'control', {'index': ['7', '300'], 'control': [0x41, 0x41]})),
    (DEVICE, answer(b'', 3, iin=4), ('response', 'read', {'iin': [4]})),
    (HOST, ask(5, b'\x29\2\x28\1\0\5\0' + struct.pack('<hB', -12, 0) + b'\x29\1\x17\1\6' + struct.pack('<iB', 70000, 0), 4),
     ('direct-operate', 'control', {'group': [41, 41], 'index': ['5', '6'], 'value': [-12, 70000]})),
    (DEVICE, answer(b'', 4), ('response', 'read', {})),
    (HOST, frame(b'\x45' + LONG[:60]) + frame(b'\x86' + LONG[60:]), ('segment', 'session', {}),
     ('write', 'write', {'function': [2], 'group': [80, 110, 10], 'index': ['7', '5']})),
    (DEVICE, answer(b'', 5), ('response', 'read', {})),
    (HOST, ask(2, b'\x32\1\7\1' + bytes(6), 6), ('write', 'write', {'group': [50]})),
    (DEVICE, answer(b'', 6), ('response', 'read', {})),
    (HOST, ask(13, b'', 7), ('cold-restart', 'engineer', {'function': [13]})),
    (DEVICE, answer(b'\x34\1\7\1\5\0', 7), ('response', 'read', {'group': [52]})),
    (HOST, ask(25, b'\x46\3\x5b\1\x1c\0\x1a\0\2\0' + bytes(24), 8), ('open-file', 'engineer', {'group': [70]})),
    (DEVICE, answer(b'', 8), ('response', 'read', {})),
    (DEVICE, answer(b'\2\1\x28\1\0\3\0\x81', 9, 130), ('unsolicited-response', 'report', {'function': [130], 'group': [2], 'index': ['3']})),
    (HOST, frame(bytes([0xc9, 0xd9, 0])), ('confirm', 'session', {'function': [0]})),
    (HOST, ask(20, b'\x3c\2\6', 10), ('enable-unsolicited', 'write', {})),
    (DEVICE, answer(b'', 10), ('response', 'read', {})),
]

READ = ['host may read', 'host may operate, direct-operate with group 12 and index 0-9 and control 65, 129']
LINES = [
    ('a point that a line names', READ, ask(4, b'\x0c\1\x17\1\7' + CROB), True),
    ('a point beyond', READ, ask(4, b'\x0c\1\x17\1\x0a' + CROB), False),
    ('a second point beyond', READ, ask(4, b'\x0c\1\x17\2\7' + CROB + b'\x0a' + CROB), False),
    ('another control', READ, ask(4, b'\x0c\1\x17\1\7' + b'\3' + CROB[1:]), False),
    ('an analog output', READ, ask(5, b'\x29\2\x17\1\5\1\0\0'), False),
    ('what nobody can measure before the point', READ, ask(4, b'\x78\1\7\1\0\0' + b'\x0c\1\x17\1\7' + CROB), False),
    ('restarting', ['host may read, write, control'], ask(13), False),
    ('restarting in two segments', ['host may read, write, control'], frame(b'\x40\xc0') + frame(b'\x81\x0d'), False),
    ('restarting without the first segment', ['host may read, write, control'], frame(b'\x81\xc0\x0d'), False),
    ('writing to another station', ['host may write with destination 4'], ask(2, b'\x50\1\0\7\7\0', to=5), False),
]

RULES = [
    ('dnp3_func:13;', ask(13), True),
    ('dnp3_func:14;', ask(13), False),
]

DISSECT = 'dnp3 and not tcp.analysis.retransmission'
COMPARE = {'dnp3.src': ['source'], 'dnp3.dst': ['destination'], 'dnp3.al.func': ['function']}
CAPTURES = ['iti/openics/DNP3*', 'iti/bro/dnp3/*.pcap', 'iti/dnp3/*.pcap', 'iti/quickdraw/dnp3*', 'quickdraw/dnp3*']
PUBLIC_MESSAGES = 200
