# SPDX-License-Identifier: GPL-3.0-or-later
#
# FINS/TCP as controllers send it, for tests/integration/gateway-ot.py: each message with what is to be said of it. No code of the parser is used.
import struct

HOST, DEVICE = 0, 1
PORT = 9600
OPENING = 2


def tcp(body, command=2, error=0):
    return b'FINS' + struct.pack('>III', 8 + len(body), command, error) + body


def ask(command, body=b'', sid=1, network=0, node=1, unit=0, icf=0x80):
    return tcp(bytes([icf, 0, 2, network, node, unit, 0, 99, 0, sid]) + struct.pack('>H', command) + body)


def answer(command, body=b'', sid=1, end=0):
    return tcp(bytes([0xc0, 0, 2, 0, 99, 0, 0, 1, 0, sid]) + struct.pack('>HH', command, end) + body)


def place(area, word, bit=0):
    return struct.pack('>BHB', area, word, bit)


def span(area, word, count, bit=0):
    return place(area, word, bit) + struct.pack('>H', count)


TALK = [
    (HOST, tcp(b'\0\0\0\0', 0), ('connect', 'session', {})),
    (DEVICE, tcp(b'\0\0\0\x63\0\0\0\1', 1), ('connect', 'session', {})),
    (HOST, ask(0x0501, b'\0'), ('controller-data-read', 'read', {'command': [0x501], 'network': [0], 'node': [1], 'unit': [0]})),
    (DEVICE, answer(0x0501, b'CJ2M-CPU33          ' + b'02.01               ' + bytes(52)),
     ('controller-data-read', 'read', {'end_code': [0], 'product': ['CJ2M-CPU33'], 'revision': ['02.01']})),
    (HOST, ask(0x0101, span(0x82, 100, 10), 2), ('memory-read', 'read', {'area': ['D'], 'address': ['100-109']})),
    (DEVICE, answer(0x0101, bytes(20), 2), ('memory-read', 'read', {'end_code': [0]})),
    (HOST, ask(0x0101, span(0x30, 5, 20, 8), 3), ('memory-read', 'read', {'area': ['CIO'], 'address': ['5-6'], 'bit': ['8-27']})),
    (DEVICE, answer(0x0101, bytes(20), 3), ('memory-read', 'read', {})),
    (HOST, ask(0x0102, span(0xb1, 7, 2) + b'\1\x2c\0\1', 4), ('memory-write', 'write', {'area': ['W'], 'address': ['7-8'], 'value': [300, 1]})),
    (DEVICE, answer(0x0102, sid=4), ('memory-write', 'write', {})),
    (HOST, ask(0x0102, span(0x31, 7, 2, 3) + b'\1\0', 5), ('memory-write', 'write', {'area': ['W'], 'bit': ['3-4'], 'value': [1, 0]})),
    (DEVICE, answer(0x0102, sid=5, end=0x1103), ('memory-write', 'write', {'end_code': [0x1103]})),
    (HOST, ask(0x0103, span(0xa1, 0, 50) + b'\0\x09', 6), ('memory-fill', 'write', {'area': ['E1'], 'address': ['0-49'], 'value': [9]})),
    (DEVICE, answer(0x0103, sid=6), ('memory-fill', 'write', {})),
    (HOST, ask(0x0104, place(0x82, 5) + place(0x89, 3), 7), ('memory-read-multiple', 'read', {'area': ['D', 'T'], 'address': ['5', '3']})),
    (DEVICE, answer(0x0104, b'\x82\0\1\x89\0\2', 7), ('memory-read-multiple', 'read', {})),
    (HOST, ask(0x0105, place(0x82, 0) + place(0xb0, 10) + b'\0\4', 8), ('memory-transfer', 'write', {'area': ['D', 'CIO'], 'address': ['0-3', '10-13']})),
    (DEVICE, answer(0x0105, sid=8), ('memory-transfer', 'write', {})),
    (HOST, ask(0x2301, b'\0\1\0\1' + place(0x30, 1, 5), 9), ('force', 'control', {'area': ['CIO'], 'address': ['1'], 'bit': ['5'], 'value': [1]})),
    (DEVICE, answer(0x2301, sid=9), ('force', 'control', {})),
    (HOST, ask(0x0601, sid=10), ('status-read', 'read', {})),
    (DEVICE, answer(0x0601, bytes(26), 10), ('status-read', 'read', {})),
    (HOST, ask(0x0307, b'\xff\xff\0\0\0\0\x80\x04' + bytes(4), 11), ('program-write', 'engineer', {})),
    (DEVICE, answer(0x0307, bytes(8), 11), ('program-write', 'engineer', {})),
    (HOST, ask(0x0402, b'\xff\xff', 12), ('stop', 'engineer', {'command': [0x402]})),
    (DEVICE, answer(0x0402, sid=12), ('stop', 'engineer', {})),
]

READ = ['host may memory-read with area D, W and address 100-199', 'host may memory-write with area D and address 100-109 and value 0-500']
LINES = [
    ('words that a line names', READ, ask(0x0101, span(0x82, 100, 100)), True),
    ('one word beyond', READ, ask(0x0101, span(0x82, 100, 101)), False),
    ('bits that reach beyond', READ, ask(0x0101, span(0x31, 199, 9, 8)), False),
    ('another area', READ, ask(0x0101, span(0xb0, 100, 1)), False),
    ('a value within', READ, ask(0x0102, span(0x82, 109, 1) + b'\1\xf4'), True),
    ('a value beyond', READ, ask(0x0102, span(0x82, 109, 1) + b'\1\xf5'), False),
    ('an area that nobody knows', READ, ask(0x0101, span(0x77, 100, 1)), False),
    ('more words than it has bytes for', READ, ask(0x0102, span(0x82, 100, 2) + b'\0\1'), False),
    ('a stop where reading and writing are allowed', ['host may read, write, control'], ask(0x0402, b'\xff\xff'), False),
    ('a stop that asks for no answer', ['host may read, write, control'], ask(0x0402, b'\xff\xff', icf=0x81), False),
    ('a program', ['host may anything', 'program-write never'], ask(0x0307, b'\xff\xff\0\0\0\0\x80\x04' + bytes(4)), False),
    ('a command that nobody knows', ['host may read, write, control'], ask(0x7777), False),
]

DISSECT = 'omron'
COMPARE = {'omron.command': ['command']}
CAPTURES = []
