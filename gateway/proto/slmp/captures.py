# SPDX-License-Identifier: GPL-3.0-or-later
#
# SLMP frames 3E and 4E, binary and ASCII, as the specification has them, for tests/integration/gateway-ot.py: each message with what is to be said of it. No code of the
# parser is used. tshark does not know the protocol.
import struct

HOST, DEVICE = 0, 1
PORT = 5007
CODES = {'D': 0xa8, 'M': 0x90, 'X': 0x9c, 'W': 0xb4, 'R': 0xaf}


def ask(command, subcommand=0, body=b'', serial=None):
    rest = struct.pack('<HHH', 16, command, subcommand) + body
    head = b'\x50\0' if serial is None else b'\x54\0' + struct.pack('<HH', serial, 0)
    return head + b'\0\xff\xff\x03\0' + struct.pack('<H', len(rest)) + rest


def answer(body=b'', end=0, serial=None):
    rest = struct.pack('<H', end) + body
    head = b'\xd0\0' if serial is None else b'\xd4\0' + struct.pack('<HH', serial, 0)
    return head + b'\0\xff\xff\x03\0' + struct.pack('<H', len(rest)) + rest


def text(command, subcommand, body):
    rest = f'0010{command:04X}{subcommand:04X}{body}'
    return f'500000FF03FF00{len(rest):04X}{rest}'.encode()


def at(device, number):
    return number.to_bytes(3, 'little') + bytes([CODES[device]])


def span(device, number, points):
    return at(device, number) + struct.pack('<H', points)


TALK = [
    (HOST, ask(0x0101), ('read-type-name', 'read', {'network': [0], 'station': [255], 'module': [1023], 'command': [0x101]})),
    (DEVICE, answer(b'R04CPU          \x00\x48'), ('read-type-name', 'read', {'end_code': [0], 'product': ['R04CPU']})),
    (HOST, ask(0x0401, 0, span('D', 100, 10)), ('device-read', 'read', {'device': ['D'], 'address': ['100-109'], 'subcommand': [0]})),
    (DEVICE, answer(bytes(20)), ('device-read', 'read', {'end_code': [0]})),
    (HOST, ask(0x0401, 0, span('M', 32, 2)), ('device-read', 'read', {'device': ['M'], 'address': ['32-63']})),
    (DEVICE, answer(bytes(4)), ('device-read', 'read', {})),
    (HOST, ask(0x1401, 0, span('D', 200, 2) + b'\x2c\1\xff\xff'), ('device-write', 'write', {'device': ['D'], 'address': ['200-201'], 'value': [300, 65535]})),
    (DEVICE, answer(), ('device-write', 'write', {})),
    (HOST, ask(0x1401, 1, span('M', 7, 3) + b'\x10\x10'), ('device-write', 'write', {'device': ['M'], 'address': ['7-9'], 'value': [1, 0], 'subcommand': [1]})),
    (DEVICE, answer(b'\0\xff\xff\x03\0\1\x14\1\0', 0xc059), ('device-write', 'write', {'end_code': [0xc059]})),
    (HOST, ask(0x0403, 0, b'\2\1' + at('D', 5) + at('X', 0x20) + at('W', 0x10), 7), ('device-read-random', 'read', {'device': ['D', 'X', 'W'], 'address': ['5', '32-47', '16-17']})),
    (DEVICE, answer(bytes(8), serial=7), ('device-read-random', 'read', {})),
    (HOST, ask(0x1402, 0, b'\1\1' + at('D', 5) + b'\1\0' + at('R', 6) + b'\0\0\1\0', 8), ('device-write-random', 'write', {'device': ['D', 'R'], 'value': [1, 65536]})),
    (DEVICE, answer(serial=8), ('device-write-random', 'write', {})),
    (HOST, ask(0x1402, 1, b'\2' + at('M', 50) + b'\1' + at('X', 255) + b'\0', 9), ('device-write-random', 'write', {'device': ['M', 'X'], 'address': ['50', '255'], 'value': [1, 0]})),
    (DEVICE, answer(serial=9), ('device-write-random', 'write', {})),
    (HOST, ask(0x1406, 0, b'\1\1' + span('D', 0, 2) + b'\1\0\2\0' + span('M', 16, 1) + b'\xff\0'),
     ('device-write-block', 'write', {'device': ['D', 'M'], 'address': ['0-1', '16-31'], 'value': [1, 2, 255]})),
    (DEVICE, answer(), ('device-write-block', 'write', {})),
    (HOST, ask(0x0401, 2, (70000).to_bytes(4, 'little') + b'\xa8\0\1\0'), ('device-read', 'read', {'device': ['D'], 'address': ['70000'], 'subcommand': [2]})),
    (DEVICE, answer(b'\0\0'), ('device-read', 'read', {})),
    (HOST, ask(0x1613, 0, struct.pack('<IH', 0x120, 2) + b'\1\0\2\0'), ('memory-write', 'write', {'device': ['memory'], 'address': ['288-289']})),
    (DEVICE, answer(), ('memory-write', 'write', {})),
    (HOST, text(0x0401, 0, 'D*0001000003'), ('device-read', 'read', {'device': ['D'], 'address': ['100-102']})),
    (DEVICE, b'D00000FF03FF0000100000000100020003'[:34], ('device-read', 'read', {'end_code': [0]})),
    (HOST, text(0x1401, 1, 'X*00001F000210'), ('device-write', 'write', {'device': ['X'], 'address': ['31-32'], 'value': [1, 0]})),
    (DEVICE, b'D00000FF03FF0000040000', ('device-write', 'write', {})),
    (HOST, ask(0x1002, 0, b'\1\0'), ('remote-stop', 'engineer', {'command': [0x1002]})),
    (DEVICE, answer(), ('remote-stop', 'engineer', {})),
    (HOST, ask(0x1827, 0, b'\0\0\0\0\0\0'), ('file-open', 'engineer', {})),
    (DEVICE, answer(b'\1\0'), ('file-open', 'engineer', {})),
]

READ = ['host may device-read with device D, M and address 100-199', 'host may device-write with device D and address 100-109 and value 0-500']
LINES = [
    ('devices that a line names', READ, ask(0x0401, 0, span('D', 100, 100)), True),
    ('one device beyond', READ, ask(0x0401, 0, span('D', 100, 101)), False),
    ('bits read in words reach further', READ, ask(0x0401, 0, span('M', 192, 1)), False),
    ('another device', READ, ask(0x0401, 0, span('R', 100, 1)), False),
    ('a value within', READ, ask(0x1401, 0, span('D', 109, 1) + b'\xf4\1'), True),
    ('a value beyond', READ, ask(0x1401, 0, span('D', 109, 1) + b'\xf5\1'), False),
    ('the same in ASCII', READ, text(0x1401, 0, 'D*000109000101F5'), False),
    ('a value within, in ASCII', READ, text(0x1401, 0, 'D*000109000101F4'), True),
    ('more points than it has bytes for', READ, ask(0x1401, 0, span('D', 100, 2) + b'\1\0'), False),
    ('bytes behind what it says', READ, ask(0x1401, 0, span('D', 100, 1) + b'\1\0\2\0'), False),
    ('a stop where reading and writing are allowed', ['host may read, write, control'], ask(0x1002, 0, b'\1\0'), False),
    ('a stop in a 4E frame', ['host may read, write, control'], ask(0x1002, 0, b'\1\0', 5), False),
    ('a command that nobody knows', ['host may read, write, control'], ask(0x3333), False),
]

RULES = [
    ('slmp.command:4098;', ask(0x1002, 0, b'\1\0'), True),
    ('slmp.command:4097;', ask(0x1002, 0, b'\1\0'), False),
]
