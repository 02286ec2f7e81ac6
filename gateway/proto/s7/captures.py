# SPDX-License-Identifier: GPL-3.0-or-later
#
# S7comm and S7comm-plus as devices send them, for tests/integration/gateway-ot.py: each message with what is to be said of it. No code of the parser is used.
import struct

HOST, DEVICE = 0, 1
PORT = 102
OPENING = 4


def tpkt(body):
    return struct.pack('>BBH', 3, 0, 4 + len(body)) + body


def dt(data, last=True):
    return tpkt(b'\x02\xf0' + (b'\x80' if last else b'\0') + data)


def s7(kind, reference, parameters, data=b'', error=None):
    head = struct.pack('>BBHHHH', 0x32, kind, 0, reference, len(parameters), len(data))
    return dt(head + (struct.pack('>BB', *error) if error else b'') + parameters + data)


def item(transport, number, db, area, byte, bit=0):
    return b'\x12\x0a\x10' + struct.pack('>BHHB', transport, number, db, area) + (byte * 8 + bit).to_bytes(3, 'big')


def user(kind, group, sub, data, sequence=0, answer=False):
    parameters = bytes([0, 1, 0x12, 8 if answer else 4, 0x12 if answer else 0x11, kind << 4 | group, sub, sequence]) + (b'\0\0\0\0' if answer else b'')
    return s7(7, 9, parameters, b'\xff\x09' + struct.pack('>H', len(data)) + data)


def plus(opcode, function, sequence, body=b'', version=1):
    data = struct.pack('>BHHHH', opcode, 0, function, 0, sequence) + body
    return dt(struct.pack('>BBH', 0x72, version, len(data)) + data + struct.pack('>BBH', 0x72, version, 0))


def szl(number, index, entries):
    return struct.pack('>HHHH', number, index, len(entries[0]), len(entries)) + b''.join(entries)


CR = tpkt(b'\x11\xe0\0\0\0\1\0\xc1\2\1\0\xc2\2\1\2\xc0\1\x0a')
CC = tpkt(b'\x11\xd0\0\1\0\2\0\xc0\1\x0a\xc1\2\1\0\xc2\2\1\2')
SETUP = s7(1, 0, struct.pack('>BBHHH', 0xf0, 0, 1, 1, 480))
DOWNLOAD = b'\x1a\0\1\0\0\0\0\0\x09_0A00001P\x0d1000102000050'
INSERT = b'\x28\0\0\0\0\0\0\xfd\0\x0a\1\x00' + b'0A00001P' + b'\5_INSE'
SPLIT = s7(1, 9, b'\4\1' + item(2, 10, 1, 0x84, 0))[7:]

TALK = [
    (HOST, CR, ('connect', 'session', {})),
    (DEVICE, CC, ('connect', 'session', {})),
    (HOST, SETUP, ('setup-communication', 'session', {'rosctr': [1], 'function': [0xf0]})),
    (DEVICE, s7(3, 0, struct.pack('>BBHHH', 0xf0, 0, 1, 1, 240), error=(0, 0)), ('setup-communication', 'session', {'rosctr': [3], 'error': [0]})),
    (HOST, s7(1, 1, b'\4\2' + item(2, 8, 5, 0x84, 100) + item(1, 1, 0, 0x83, 3, 5)),
     ('read-var', 'read', {'area': ['DB5', 'M'], 'address': ['100-107', '3'], 'function': [4]})),
    (DEVICE, s7(3, 1, b'\4\2', b'\xff\4\0\x40' + bytes(8) + b'\xff\3\0\1\1', error=(0, 0)), ('read-var', 'read', {'rosctr': [3]})),
    (HOST, s7(1, 2, b'\5\2' + item(4, 1, 7, 0x84, 10) + item(2, 3, 7, 0x84, 20), b'\0\4\0\x10\1\x2c' + b'\0\4\0\x18abc'),
     ('write-var', 'write', {'area': ['DB7', 'DB7'], 'address': ['10-11', '20-22'], 'value': [300]})),
    (DEVICE, s7(3, 2, b'\5\2', b'\xff\xff', error=(0, 0)), ('write-var', 'write', {})),
    (HOST, s7(1, 3, b'\4\2' + item(0x1c, 2, 0, 0x1c, 0)[:-3] + (4).to_bytes(3, 'big') + item(6, 2, 0, 0x81, 0)),
     ('read-var', 'read', {'area': ['C', 'I'], 'address': ['4-5', '0-7']})),
    (DEVICE, s7(3, 3, b'\4\2', b'\x0a\0\0\0\x0a\0\0\0', error=(0x85, 0)), ('read-var', 'read', {'error': [0x8500]})),
    (HOST, s7(1, 4, DOWNLOAD), ('request-download', 'engineer', {'block': ['_0A00001P']})),
    (DEVICE, s7(3, 4, b'\x1a', error=(0, 0)), ('request-download', 'engineer', {})),
    (DEVICE, s7(1, 5, b'\x1b\0\0\0\0\0\0\0\x09_0A00001P'), ('download-block', 'engineer', {'block': ['_0A00001P']})),
    (HOST, s7(3, 5, b'\x1b\0', b'\0\4\0\xfbabcd', error=(0, 0)), ('download-block', 'engineer', {})),
    (HOST, s7(1, 6, INSERT), ('pi-service', 'engineer', {'service': ['_INSE']})),
    (DEVICE, s7(3, 6, b'\x28', error=(0, 0)), ('pi-service', 'engineer', {})),
    (HOST, s7(1, 7, b'\x29\0\0\0\0\0\x09P_PROGRAM'), ('plc-stop', 'engineer', {'service': ['P_PROGRAM']})),
    (DEVICE, s7(3, 7, b'\x29', error=(0, 0)), ('plc-stop', 'engineer', {})),
    (HOST, user(4, 4, 1, struct.pack('>HH', 0x11, 0)), ('read-szl', 'read', {'szl': [0x11], 'function': [0x401]})),
    (DEVICE, user(8, 4, 1, szl(0x11, 0, [struct.pack('>H20sHHH', 1, b'6ES7 315-2EH14-0AB0 ', 0xc0, 4, 1), struct.pack('>H20sHHH', 7, b'                    ', 0xc0, 0x5603, 0x0206)]),
                  answer=True), ('read-szl', 'read', {'product': ['6ES7 315-2EH14-0AB0'], 'revision': ['V3.2.6']})),
    (HOST, user(4, 4, 1, struct.pack('>HH', 0x1c, 0)), ('read-szl', 'read', {'szl': [0x1c]})),
    (DEVICE, user(8, 4, 1, szl(0x1c, 0, [struct.pack('>H24s8s', 2, b'CPU 315', b''), struct.pack('>H24s8s', 5, b'S C-X4U421302009', b'')]), answer=True),
     ('read-szl', 'read', {'serial': ['S C-X4U421302009'], 'name': ['CPU 315']})),
    (HOST, user(4, 7, 2, bytes(10)), ('set-clock', 'write', {})),
    (DEVICE, user(8, 7, 2, b'', answer=True), ('set-clock', 'write', {})),
    (HOST, dt(SPLIT[:9], False) + dt(SPLIT[9:]), ('transport', 'session', {}), ('read-var', 'read', {'area': ['DB1'], 'address': ['0-9']})),
    (DEVICE, s7(3, 9, b'\4\1', b'\xff\4\0\x50' + bytes(10), error=(0, 0)), ('read-var', 'read', {})),
    (HOST, plus(0x31, 0x04ca, 1, struct.pack('>IBI', 0x120, 0x36, 287) + bytes(20)), ('plus-create-object', 'session', {'version': [1], 'function': [0x4ca]})),
    (DEVICE, plus(0x32, 0x04ca, 1, bytes(20)), ('plus-create-object', 'engineer', {})),
    (HOST, plus(0x31, 0x0542, 2, bytes(20), 2), ('plus-set-multi-variables', 'write', {'version': [2]})),
    (DEVICE, plus(0x32, 0x0542, 2, bytes(9), 2), ('plus-set-multi-variables', 'write', {})),
    (HOST, plus(0x31, 0x04d4, 3, bytes(9), 2), ('plus-delete-object', 'engineer', {})),
    (DEVICE, plus(0x33, 0, 4, bytes(9), 2), ('plus-notification', 'report', {})),
]
LATE = 4

READ = ['host may read with area DB5 and address 100-199', 'host may write with area DB7 and address 10-11 and value 0-300']
LINES = [
    ('an area that a line names', READ, s7(1, 9, b'\4\1' + item(2, 100, 5, 0x84, 100)), True),
    ('another block', READ, s7(1, 9, b'\4\1' + item(2, 100, 6, 0x84, 100)), False),
    ('a byte beyond', READ, s7(1, 9, b'\4\1' + item(2, 101, 5, 0x84, 100)), False),
    ('a second item that is not named', READ, s7(1, 9, b'\4\2' + item(2, 1, 5, 0x84, 100) + item(2, 1, 6, 0x84, 100)), False),
    ('a value within', READ, s7(1, 9, b'\5\1' + item(4, 1, 7, 0x84, 10), b'\0\4\0\x10\1\x2c'), True),
    ('a value beyond', READ, s7(1, 9, b'\5\1' + item(4, 1, 7, 0x84, 10), b'\0\4\0\x10\1\x2d'), False),
    ('a stop where reading and writing are allowed', ['host may read, write, control'], s7(1, 9, b'\x29\0\0\0\0\0\x09P_PROGRAM'), False),
    ('a stop in two transport units', ['host may read, write, control'], dt(s7(1, 9, b'\x29\0\0\0\0\0\x09P_PROGRAM')[7:20], False) + dt(s7(1, 9, b'\x29\0\0\0\0\0\x09P_PROGRAM')[20:]), False),
    ('a download', ['host may anything', 'request-download never'], s7(1, 9, DOWNLOAD), False),
    ('a block that is named', ['host may request-download with block _0A00001P'], s7(1, 9, DOWNLOAD), True),
    ('deleting by S7comm-plus', ['host may read, write'], plus(0x31, 0x04d4, 3, bytes(9)), False),
    ('reading by S7comm-plus', ['host may read'], plus(0x31, 0x054c, 3, bytes(9)), True),
]

RULES = [
    ('s7.function:41;', s7(1, 9, b'\x29\0\0\0\0\0\x09P_PROGRAM'), True),
    ('s7.function:40;', s7(1, 9, b'\x29\0\0\0\0\0\x09P_PROGRAM'), False),
]

DISSECT = 's7comm'
COMPARE = {'s7comm.header.rosctr': ['rosctr']}
CAPTURES = []
