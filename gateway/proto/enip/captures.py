# SPDX-License-Identifier: GPL-3.0-or-later
#
# EtherNet/IP and CIP as ODVA's specifications have them, for tests/integration/gateway-ot.py: each message with what is to be said of it. No code of the parser is used.
import struct

HOST, DEVICE = 0, 1
PORT = 44818


def enip(command, data=b'', session=7, status=0, context=b'\0' * 8):
    return struct.pack('<HHII8sI', command, len(data), session, status, context, 0) + data


def items(*pairs):
    return struct.pack('<IHH', 0, 5, len(pairs)) + b''.join(struct.pack('<HH', kind, len(data)) + data for kind, data in pairs)


def rr(cip, context, **more):
    return enip(0x6f, items((0, b''), (0xb2, cip)), context=struct.pack('<Q', context), **more)


def unit(cip, sequence, connection=0x1234):
    return enip(0x70, items((0xa1, struct.pack('<I', connection)), (0xb1, struct.pack('<H', sequence) + cip)))


def logical(cls, instance=None, attribute=None):
    path = b''.join(bytes([kind, value]) if value < 256 else struct.pack('<BBH', kind + 1, 0, value)
                    for kind, value in ((0x20, cls), (0x24, instance), (0x30, attribute)) if value is not None)
    return path


def tag(*names):
    return b''.join(b'\x91' + bytes([len(n)]) + n + b'\0' * (len(n) % 2) for n in names)


def ask(service, path, data=b''):
    return bytes([service, len(path) // 2]) + path + data


def answer(service, data=b'', general=0):
    return bytes([service | 0x80, 0, general, 0]) + data


def wrap(inner):
    return ask(0x52, logical(6, 1), b'\x0a\x0e' + struct.pack('<H', len(inner)) + inner + b'\0' * (len(inner) % 2) + b'\1\0\1\0')


def bundle(*services):
    at, offsets = 2 + 2 * len(services), []
    for s in services:
        offsets.append(at)
        at += len(s)
    return struct.pack('<H', len(services)) + b''.join(struct.pack('<H', o) for o in offsets) + b''.join(services)


IDENTITY = struct.pack('<HHHBBHI', 1, 14, 55, 20, 11, 0x60, 0x00c0ffee) + b'\x0b1756-L61/B\x20'
LISTED = struct.pack('<HHH', 1, 0x0c, 2 + 16 + len(IDENTITY) + 1) + struct.pack('<H16s', 1, bytes(16)) + IDENTITY + b'\3'
PCCC = b'\7\1\0\1\2\3\4'
TALK = [
    (HOST, enip(0x63, session=0), ('list-identity', 'session', {'command': [0x63]})),
    (DEVICE, enip(0x63, LISTED, session=0), ('list-identity', 'session', {'vendor': ['Rockwell Automation'], 'product': ['1756-L61/B'], 'revision': ['20.11'], 'serial': ['00c0ffee']})),
    (HOST, enip(0x65, b'\1\0\0\0', session=0), ('register-session', 'session', {'command': [0x65]})),
    (DEVICE, enip(0x65, b'\1\0\0\0'), ('register-session', 'session', {'status': [0]})),
    (HOST, rr(ask(0x0e, logical(1, 1, 7)), 1), ('get-attribute-single', 'read', {'cip_service': [14], 'class': [1], 'instance': [1], 'attribute': [7]})),
    (DEVICE, rr(answer(0x0e, b'\x03abc'), 1), ('get-attribute-single', 'read', {'cip_service': [14], 'general_status': [0]})),
    (HOST, rr(ask(1, logical(1, 1)), 2), ('get-attributes-all', 'read', {'class': [1]})),
    (DEVICE, rr(answer(1, IDENTITY), 2), ('get-attributes-all', 'read', {'product': ['1756-L61/B'], 'serial': ['00c0ffee']})),
    (HOST, rr(ask(0x10, logical(0x6b, 0x1234, 1), b'\1\0'), 3), ('set-attribute-single', 'write', {'class': [0x6b], 'instance': [0x1234], 'attribute': [1]})),
    (DEVICE, rr(answer(0x10, general=0x0f), 3), ('set-attribute-single', 'write', {'general_status': [15]})),
    (HOST, rr(wrap(ask(0x4c, tag(b'Recipe', b'Step'), b'\1\0')), 4), ('unconnected-send', 'session', {'cip_service': [0x52], 'class': [6]}),
     ('read-tag', 'read', {'cip_service': [0x4c], 'tag': ['Recipe.Step']})),
    (DEVICE, rr(answer(0x4c, b'\xc3\0\5\0'), 4), ('read-tag', 'read', {})),
    (HOST, rr(ask(0x54, logical(6, 1), bytes(36)), 5), ('forward-open', 'session', {'cip_service': [0x54]})),
    (DEVICE, rr(answer(0x54, bytes(26)), 5), ('forward-open', 'session', {})),
    (HOST, unit(ask(0x4d, tag(b'Speed'), b'\xc3\0\1\0\x2c\1'), 1), ('write-tag', 'write', {'tag': ['Speed'], 'command': [0x70]})),
    (DEVICE, unit(answer(0x4d), 1, 0x99), ('write-tag', 'write', {})),
    (HOST, unit(ask(0x0a, logical(2, 1), bundle(ask(0x4c, tag(b'Ab'), b'\1\0'), ask(0x4d, tag(b'Cd'), b'\xc3\0\1\0\1\0'))), 2),
     ('multiple-service', 'session', {'class': [2]}), ('read-tag', 'read', {'tag': ['Ab']}), ('write-tag', 'write', {'tag': ['Cd']})),
    (DEVICE, unit(answer(0x0a, bundle(answer(0x4c, b'\xc3\0\1\0'), answer(0x4d))), 2, 0x99), ('multiple-service', 'session', {}), ('read-tag', 'read', {}), ('write-tag', 'write', {})),
    (HOST, rr(ask(0x4b, logical(0x67, 1), PCCC + b'\x0f\0\1\0\xa2\2\7\x89\0\0'), 6), ('execute-pccc', 'read', {'pccc': [0x0fa2]})),
    (DEVICE, rr(answer(0x4b, PCCC + b'\x4f\0\1\0\1\2'), 6), ('execute-pccc', 'engineer', {})),
    (HOST, rr(ask(0x4b, logical(0x67, 1), PCCC + b'\x0f\0\2\0\x80\2'), 7), ('execute-pccc', 'engineer', {'pccc': [0x0f80]})),
    (DEVICE, rr(answer(0x4b, PCCC + b'\x4f\0\2\0'), 7), ('execute-pccc', 'engineer', {})),
    (HOST, rr(ask(7, logical(0x8e, 1)), 8), ('stop', 'engineer', {'class': [0x8e]})),
    (DEVICE, rr(answer(7, general=8), 8), ('stop', 'engineer', {'general_status': [8]})),
    (HOST, enip(0x66), ('unregister-session', 'session', {})),
]
OPENING = 4

READ = ['host may read', 'host may write-tag with tag Speed, Level', 'host may set-attribute-single with class 107 and instance 10-20']
LINES = [
    ('a tag that a line names', READ, rr(ask(0x4d, tag(b'Speed'), b'\xc3\0\1\0\x2c\1'), 9), True),
    ('another tag', READ, rr(ask(0x4d, tag(b'Other'), b'\xc3\0\1\0\x2c\1'), 9), False),
    ('another tag, wrapped', READ, rr(wrap(ask(0x4d, tag(b'Other'), b'\xc3\0\1\0\x2c\1')), 9), False),
    ('another tag, bundled behind one that is named', READ, rr(ask(0x0a, logical(2, 1), bundle(ask(0x4c, tag(b'Speed'), b'\1\0'), ask(0x4d, tag(b'Other'), b'\xc3\0\1\0\1\0'))), 9), False),
    ('a bundle that is named wholly', READ, rr(ask(0x0a, logical(2, 1), bundle(ask(0x4c, tag(b'Speed'), b'\1\0'), ask(0x4d, tag(b'Level'), b'\xc3\0\1\0\1\0'))), 9), True),
    ('a bundle whose offsets lie outside', READ, rr(ask(0x0a, logical(2, 1), struct.pack('<HH', 1, 900) + ask(7, logical(1, 1))), 9), False),
    ('an object that is named', READ, rr(ask(0x10, logical(107, 15), b'\1'), 9), True),
    ('an object beyond', READ, rr(ask(0x10, logical(107, 21), b'\1'), 9), False),
    ('a reset', ['host may read, write, control'], rr(ask(5, logical(1, 1), b'\0'), 9), False),
    ('a change of mode by PCCC', ['host may read, write'], rr(ask(0x4b, logical(0x67, 1), PCCC + b'\x0f\0\2\0\x80\2'), 9), False),
    ('reading by PCCC', ['host may read, write'], rr(ask(0x4b, logical(0x67, 1), PCCC + b'\x0f\0\1\0\xa2\2\7\x89\0\0'), 9), True),
]

RULES = [
    ('enip_command:111;', rr(ask(0x10, logical(107, 15), b'\1'), 9), True),
    ('cip_service:16;', rr(ask(0x10, logical(107, 15), b'\1'), 9), True),
    ('cip_service:16,107;', rr(ask(0x10, logical(107, 15), b'\1'), 9), True),
    ('cip_service:16,108;', rr(ask(0x10, logical(107, 15), b'\1'), 9), False),
    ('cip_service:16,107,1;', rr(ask(0x10, logical(107, 15, 1), b'\1'), 9), True),
    ('cip_service:16,107,2;', rr(ask(0x10, logical(107, 15, 1), b'\1'), 9), False),
]

DISSECT = 'enip and not tcp.analysis.retransmission'
COMPARE = {'cip.sc': ['cip_service']}
CAPTURES = ['iti/openics/EIP*', 'iti/EthernetIP/*.pcap', 'iti/quickdraw/CL5000EIP*', 'quickdraw/CL5000EIP*']
PUBLIC_MESSAGES = 1000
