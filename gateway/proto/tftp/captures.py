# SPDX-License-Identifier: GPL-3.0-or-later
#
# captures.py - TFTP as RFC 1350 and RFC 2347 have it: messages for tests/integration/gateway-ot.py, each with what is to be said of it. No code of the parser is used.

import struct

HOST, DEVICE = 0, 1
PORT, UDP = 69, True


def request(opcode, name, mode=b'octet', *options):
    return struct.pack('>H', opcode) + b''.join(word + b'\0' for word in (name, mode, *options))


TALK = [
    (HOST, request(1, b'boot/kernel.img'), ('read', 'read', {'file': ['boot/kernel.img'], 'mode': ['octet']})),
    (DEVICE, struct.pack('>HH', 3, 1) + bytes(512), ('data', 'session', {'block': [1]})),
    (HOST, struct.pack('>HH', 4, 1), ('ack', 'session', {'block': [1]})),
    (HOST, request(2, b'config.txt', b'netascii', b'blksize', b'1428'), ('write', 'write', {'file': ['config.txt'], 'mode': ['netascii']})),
    (DEVICE, struct.pack('>H', 6) + b'blksize\0001428\0', ('options', 'session', {})),
    (HOST, request(1, b'../../etc/shadow'), ('read', 'read', {'file': ['../../etc/shadow']})),
    (DEVICE, struct.pack('>HH', 5, 2) + b'Access violation\0', ('error', 'session', {'error': [2]})),
]

READ = ['host may read with file boot/kernel.img']
LINES = [
    ('the file that a line names', READ, request(1, b'boot/kernel.img'), True),
    ('another file', READ, request(1, b'boot/kernel.img2'), False),
    ('a file that is put', READ, request(2, b'boot/kernel.img'), False),
]

DISSECT = 'tftp'


def NORMAL(key, ours, theirs):
    """tshark repeats the file in every packet of its transfer."""
    return ours, theirs if ours or 'file' not in key else []


COMPARE = {'tftp.source_file+tftp.destination_file': ['file'], 'tftp.block': ['block'], 'tftp.error.code': ['error']}
CAPTURES = ['**/*tftp*.pcap*']
PUBLIC_MESSAGES = 0
