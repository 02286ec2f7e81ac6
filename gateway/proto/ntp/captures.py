# SPDX-License-Identifier: GPL-3.0-or-later
#
# captures.py - NTP as RFC 5905 and RFC 9327 have it: messages for tests/integration/gateway-ot.py, each with what is to be said of it. No code of the parser is used.

import struct

HOST, DEVICE = 0, 1
PORT, UDP = 123, True


def time(mode, stratum=0, version=4):
    return bytes([version << 3 | mode, stratum, 6, 0xe9]) + bytes(36) + struct.pack('>II', 0xe8000000, 0)


def control(opcode, response=0):
    return bytes([2 << 3 | 6, response << 7 | opcode]) + struct.pack('>HHHHH', 1, 0, 0, 0, 0)


def private(request, response=0):
    return bytes([response << 7 | 2 << 3 | 7, 0, 3, request]) + bytes(44)


TALK = [
    (HOST, time(3), ('time', 'read', {'version': [4], 'stratum': [0]})),
    (DEVICE, time(4, 2), ('time', 'report', {'version': [4], 'stratum': [2]})),
    (HOST, time(3, version=3), ('time', 'read', {'version': [3]})),
    (DEVICE, time(4, 2, 3), ('time', 'report', {'stratum': [2]})),
    (HOST, control(2), ('control', 'read', {'opcode': [2]})),
    (DEVICE, control(2, 1), ('control', 'report', {'opcode': [2]})),
    (HOST, control(3), ('control', 'engineer', {'opcode': [3]})),
    (HOST, private(42), ('private', 'engineer', {'request': [42]})),
    (DEVICE, private(42, 1), ('private', 'report', {'request': [42]})),
]

READ = ['host may time']
LINES = [
    ('a question for the time', READ, time(3), True),
    ('a clock that is set from outside', READ, time(1, 1), False),
    ('the list of who asked', READ, private(42), False),
    ('a variable that is written', ['host may read'], control(3), False),
    ('a variable that is read', ['host may read'], control(2), True),
]

DISSECT = 'ntp'
COMPARE = {'ntp.stratum': ['stratum'], 'ntp.ctrl.flags2.opcode': ['opcode'], 'ntp.priv.reqcode': ['request']}
CAPTURES = ['**/*ntp*.pcap*']
PUBLIC_MESSAGES = 0
