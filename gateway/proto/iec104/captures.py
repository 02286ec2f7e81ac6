# SPDX-License-Identifier: GPL-3.0-or-later
#
# IEC 60870-5-104 as the standard has it, for tests/integration/gateway-ot.py: each message with what is to be said of it. No code of the parser is used.
import struct

HOST, DEVICE = 0, 1
PORT = 2404
OPENING = 2


def u(first):
    return bytes([0x68, 4, first, 0, 0, 0])


def i(type_id, cause, *objects, station=3, sequence=False, number=0, count=None):
    body = b''.join(struct.pack('<I', address)[:3] + data if not sequence or n == 0 else data for n, (address, data) in enumerate(objects))
    asdu = struct.pack('<BBBBH', type_id, (len(objects) if count is None else count) | 0x80 * sequence, cause, 0, station) + body
    return bytes([0x68, 4 + len(asdu)]) + struct.pack('<HH', number << 1, 0) + asdu


TIME = bytes(7)
TALK = [
    (HOST, u(7), ('start-act', 'session', {})),
    (DEVICE, u(0x0b), ('start-con', 'session', {})),
    (HOST, i(100, 6, (0, b'\x14')), ('interrogation', 'read', {'type': [100], 'cause': [6], 'station': [3], 'object': ['0']})),
    (DEVICE, i(100, 7, (0, b'\x14')), ('interrogation', 'read', {'cause': [7]})),
    (DEVICE, i(1, 20, (10, b'\1'), (0, b'\0'), (0, b'\1'), sequence=True) + i(13, 3, (700, b'\0\0\x20\x41\0'), number=1),
     ('single-point', 'report', {'object': ['10-12'], 'cause': [20]}), ('measured-float', 'report', {'object': ['700']})),
    (HOST, bytes([0x68, 4, 1, 0, 4, 0]), ('supervisory', 'session', {})),
    (HOST, i(45, 6, (500, b'\x81')), ('single-command', 'control', {'object': ['500'], 'value': [1], 'select': [1]})),
    (DEVICE, i(45, 7, (500, b'\x81')), ('single-command', 'control', {})),
    (HOST, i(45, 6, (500, b'\1')), ('single-command', 'control', {'value': [1], 'select': [0]})),
    (DEVICE, i(45, 0x47, (500, b'\1')), ('single-command', 'control', {'cause': [7], 'negative': [1]})),
    (HOST, i(49, 6, (600, struct.pack('<hB', -5, 0))), ('set-point-scaled', 'write', {'value': [-5]})),
    (DEVICE, i(49, 7, (600, struct.pack('<hB', -5, 0))), ('set-point-scaled', 'write', {})),
    (HOST, i(63, 6, (66051, struct.pack('<fB', 12.75, 0) + TIME)), ('set-point-float-time', 'write', {'object': ['66051'], 'value': [12]})),
    (DEVICE, i(63, 7, (66051, struct.pack('<fB', 12.75, 0) + TIME)), ('set-point-float-time', 'write', {})),
    (HOST, i(103, 6, (0, TIME)), ('clock-synchronization', 'write', {})),
    (DEVICE, i(103, 7, (0, TIME)), ('clock-synchronization', 'write', {})),
    (HOST, i(105, 6, (0, b'\1')), ('reset-process', 'engineer', {'type': [105]})),
    (DEVICE, i(105, 7, (0, b'\1')), ('reset-process', 'engineer', {})),
    (HOST, i(122, 13, (1, b'\1\0\0\1')), ('call-file', 'engineer', {'cause': [13]})),
    (DEVICE, i(120, 13, (1, b'\1\0\x10\0\0\0')), ('file-ready', 'engineer', {})),
    (HOST, u(0x43), ('test-act', 'session', {})),
    (DEVICE, u(0x83), ('test-con', 'session', {})),
]

READ = ['host may read', 'host may single-command with station 3 and object 500-509', 'host may set-point-scaled with object 600 and value 0-100']
LINES = [
    ('a command to an object that a line names', READ, i(45, 6, (509, b'\1')), True),
    ('an object beyond', READ, i(45, 6, (510, b'\1')), False),
    ('another station', READ, i(45, 6, (505, b'\1'), station=4), False),
    ('a second object that is not named', READ, i(45, 6, (505, b'\1'), (900, b'\1')), False),
    ('a value within', READ, i(49, 6, (600, struct.pack('<hB', 100, 0))), True),
    ('a value beyond', READ, i(49, 6, (600, struct.pack('<hB', 101, 0))), False),
    ('a value below', READ, i(49, 6, (600, struct.pack('<hB', -1, 0))), False),
    ('more objects than it has bytes for', READ, i(45, 6, (505, b'\1'), count=2), False),
    ('resetting', ['host may read, write, control'], i(105, 6, (0, b'\1')), False),
    ('a command behind a read in one segment', ['host may read'], i(100, 6, (0, b'\x14')) + i(45, 6, (509, b'\1'), number=1), False),
]

RULES = [
    ('iec104.type:105;', i(105, 6, (0, b'\1')), True),
    ('iec104.type:106;', i(105, 6, (0, b'\1')), False),
]

DISSECT = 'iec60870_asdu'
COMPARE = {'iec60870_asdu.typeid': ['type'], 'iec60870_asdu.causetx': ['cause'], 'iec60870_asdu.addr': ['station']}
CAPTURES = []
