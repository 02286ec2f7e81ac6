# SPDX-License-Identifier: GPL-3.0-or-later
#
# captures.py - RFB as RFC 6143 has it: messages for tests/integration/gateway-ot.py, each with what is to be said of it. No code of the parser is used.

import struct

HOST, DEVICE = 0, 1
PORT = 5900
OPENING = LATE = 11


def key(symbol, down=1):
    return struct.pack('>BBHI', 4, down, 0, symbol)


LOOK = struct.pack('>BBHHHH', 3, 1, 0, 0, 800, 600)
CLICK = struct.pack('>BBHH', 5, 1, 100, 200)
TALK = [
    (DEVICE, b'RFB 003.008\n', ('version', 'session', {'version': ['003.008']})),
    (HOST, b'RFB 003.008\n', ('version', 'session', {'version': ['003.008']})),
    (DEVICE, b'\2\2\1', ('security', 'session', {'security': [2, 1]})),
    (HOST, b'\2', ('security', 'session', {'security': [2]})),
    (DEVICE, bytes(range(16)), ('proof', 'session', {})),
    (HOST, bytes(16), ('proof', 'session', {})),
    (DEVICE, b'\0\0\0\0', ('result', 'session', {'result': [0]})),
    (HOST, b'\1', ('init', 'session', {})),
    (DEVICE, struct.pack('>HH', 800, 600) + bytes(16) + struct.pack('>I', 7) + b'etch-01', ('desktop', 'session', {'width': [800], 'height': [600], 'name': ['etch-01']})),
    (HOST, b'\0\0\0\0' + bytes(16), ('pixel-format', 'session', {})),
    (HOST, b'\2\0\0\2' + struct.pack('>ii', 0, -239), ('encodings', 'session', {})),
    (HOST, LOOK, ('update-request', 'read', {})),
    (DEVICE, b'\0\0\0\1' + struct.pack('>HHHHI', 0, 0, 2, 2, 0) + bytes(16)),
    (HOST, key(0xff0d), ('key', 'control', {})),
    (HOST, CLICK, ('pointer', 'control', {})),
    (HOST, struct.pack('>BBHI', 6, 0, 0, 5) + b'paste', ('cut-text', 'control', {})),
    (HOST, LOOK, ('update-request', 'read', {})),
    (HOST, LOOK, ('update-request', 'read', {})),
]

READ = ['host may read']
LINES = [
    ('looking on', READ, LOOK, True),
    ('a key that is pressed', READ, key(0xff0d), False),
    ('a click', READ, CLICK, False),
    ('text that is pasted', READ, struct.pack('>BBHI', 6, 0, 0, 5) + b'paste', False),
]

DISSECT = 'vnc'
COMPARE = {'vnc.client_proto_ver+vnc.server_proto_ver': ['version'], 'vnc.desktop_name': ['name'], 'vnc.width': ['width']}
CAPTURES = ['**/*vnc*.pcap*']
PUBLIC_MESSAGES = 0


def NORMAL(key, found, theirs):
    return ([], []) if key == 'vnc.width' else (found, theirs)
