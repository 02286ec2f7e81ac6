# SPDX-License-Identifier: GPL-3.0-or-later
#
# OPC UA's binary protocol as clients and servers send it, for tests/integration/gateway-ot.py: each message with what is to be said of it. No code of the parser is used.
import struct

HOST, DEVICE = 0, 1
PORT = 4840
OPENING = 4


def text(value):
    return struct.pack('<i', -1) if value is None else struct.pack('<i', len(value)) + value


def frame(kind, body, chunk=b'F'):
    return kind + chunk + struct.pack('<I', 8 + len(body)) + body


def node(space, name):
    if isinstance(name, bytes):
        return b'\3' + struct.pack('<H', space) + text(name)
    return b'\1' + struct.pack('<BH', space, name) if name < 65536 else b'\2' + struct.pack('<HI', space, name)


def service(number, body):
    return b'\1\0' + struct.pack('<H', number) + body


EMPTY = b'\0\0\0'
ASKING = node(1, 77) + bytes(8) + struct.pack('<II', 1, 0) + text(None) + struct.pack('<I', 1000) + EMPTY


def answering(result=0):
    return bytes(8) + struct.pack('<II', 1, result) + b'\0' + struct.pack('<i', 0) + EMPTY


def sent(content, number, chunk=b'F'):
    return frame(b'MSG', struct.pack('<IIII', 5, 1, number, number) + content, chunk)


def ask(number, body, request=9):
    return sent(service(number, ASKING + body), request)


def answer(number, body, request=9, result=0):
    return sent(service(number, answering(result) + body), request)


def array(*parts):
    return struct.pack('<i', len(parts)) + b''.join(parts)


def reading(space, name, attribute=13):
    return node(space, name) + struct.pack('<I', attribute) + text(None) + b'\0\0' + text(None)


def writing(space, name, variant, attribute=13):
    return node(space, name) + struct.pack('<I', attribute) + text(None) + b'\1' + variant


def opened(asked):
    body = (service(446, ASKING + struct.pack('<III', 0, 0, 1) + text(None) + struct.pack('<I', 3600000)) if asked
            else service(449, answering() + struct.pack('<III', 0, 5, 1) + bytes(8) + struct.pack('<I', 3600000) + text(None)))
    return frame(b'OPN', struct.pack('<I', 0 if asked else 5) + text(b'http://opcfoundation.org/UA/SecurityPolicy#None') + text(None) + text(None) + struct.pack('<II', 1, 1) + body)


INT16, DOUBLE, BOOLEAN = b'\4', b'\x0b', b'\1'
URL = b'opc.tcp://plc:4840'
LONG = service(673, ASKING + array(writing(2, b'Speed', INT16 + struct.pack('<h', 5))))
SESSION = text(b'urn:c') + text(b'urn:p') + b'\2' + text(b'client') + struct.pack('<I', 1) + text(None) + text(None) + array() + text(None) + text(URL) + text(b's') \
    + text(b'nonce') + text(None) + struct.pack('<dI', 1000, 0)

TALK = [
    (HOST, frame(b'HEL', struct.pack('<IIIII', 0, 65536, 65536, 0, 0) + text(URL)), ('hello', 'session', {'endpoint': ['opc.tcp://plc:4840']})),
    (DEVICE, frame(b'ACK', struct.pack('<IIIII', 0, 65536, 65536, 0, 0)), ('acknowledge', 'session', {})),
    (HOST, opened(True), ('open-channel', 'session', {'security': ['None']})),
    (DEVICE, opened(False), ('open-channel', 'session', {'security': ['None']})),
    (HOST, ask(461, SESSION, 2), ('create-session', 'session', {'service': [461], 'endpoint': ['opc.tcp://plc:4840']})),
    (DEVICE, answer(464, bytes(60), 2), ('create-session', 'session', {'status': [0]})),
    (HOST, ask(631, struct.pack('<dI', 0, 3) + array(reading(0, 2258), reading(2, b'Speed'), reading(3, 70000, 1)), 3),
     ('read', 'read', {'node': ['i=2258', 'ns=2;s=Speed', 'ns=3;i=70000'], 'attribute': [13, 13, 1]})),
    (DEVICE, answer(634, array(b'\1' + INT16 + b'\1\0') + array(), 3), ('read', 'read', {'status': [0], 'service': [631]})),
    (HOST, ask(673, array(writing(2, b'Speed', INT16 + struct.pack('<h', -5)), writing(2, 8, DOUBLE + struct.pack('<d', 12.75))), 4),
     ('write', 'write', {'node': ['ns=2;s=Speed', 'ns=2;i=8'], 'attribute': [13, 13], 'value': [-5, 12]})),
    (DEVICE, answer(676, array(bytes(4), bytes(4)) + array(), 4), ('write', 'write', {})),
    (HOST, ask(673, array(writing(2, b'Name', b'\x0c' + text(b'lot 7'))), 5), ('write', 'write', {'text': ['lot 7']})),
    (DEVICE, answer(676, array(bytes(4)) + array(), 5), ('write', 'write', {})),
    (HOST, ask(673, array(writing(2, 9, b'\x84' + struct.pack('<ihh', 2, 3, 4))), 6), ('write', 'write', {'value': [3, 4]})),
    (DEVICE, sent(service(397, answering(0x80730000)), 6), ('service-fault', 'session', {'status': [0x80730000]})),
    (HOST, ask(712, array(node(2, b'Robot') + node(2, b'Start') + array(INT16 + b'\7\0')), 7), ('call', 'control', {'node': ['ns=2;s=Robot'], 'method': ['ns=2;s=Start'], 'value': [7]})),
    (DEVICE, answer(715, array() + array(), 7), ('call', 'control', {})),
    (HOST, ask(527, node(0, 0) + bytes(8) + struct.pack('<II', 0, 100) + array(node(0, 85) + struct.pack('<I', 0) + node(0, 33) + b'\1' + bytes(8)), 8),
     ('browse', 'read', {'node': ['i=85']})),
    (DEVICE, answer(530, array() + array(), 8), ('browse', 'read', {})),
    (HOST, ask(751, struct.pack('<II', 1, 2) + array(reading(2, b'Speed') + struct.pack('<I', 2) + struct.pack('<Id', 1, 100) + EMPTY + struct.pack('<IB', 1, 1)), 9),
     ('create-monitored-items', 'read', {'node': ['ns=2;s=Speed'], 'attribute': [13]})),
    (DEVICE, answer(754, array() + array(), 9), ('create-monitored-items', 'read', {})),
    (HOST, ask(500, array(node(2, 8) + b'\1'), 10), ('delete-nodes', 'engineer', {'node': ['ns=2;i=8']})),
    (DEVICE, answer(503, array() + array(), 10), ('delete-nodes', 'engineer', {})),
    (HOST, sent(LONG[:40], 11, b'C') + sent(LONG[40:], 11), ('chunk', 'session', {}), ('write', 'write', {'node': ['ns=2;s=Speed'], 'value': [5]})),
    (DEVICE, answer(676, array(bytes(4)) + array(), 11), ('write', 'write', {})),
    (HOST, frame(b'CLO', struct.pack('<IIII', 5, 1, 12, 12) + service(452, ASKING)), ('close-channel', 'session', {})),
]

READ = ['host may session', 'host may read with node ns=2;s=Speed, i=2258', 'host may write with node ns=2;s=Speed and attribute 13 and value 0-100',
        'host may call with node ns=2;s=Robot and method ns=2;s=Start']
LINES = [
    ('a node that a line names', READ, ask(631, struct.pack('<dI', 0, 3) + array(reading(2, b'Speed'))), True),
    ('a second node that is not named', READ, ask(631, struct.pack('<dI', 0, 3) + array(reading(2, b'Speed'), reading(2, b'Other'))), False),
    ('a value within', READ, ask(673, array(writing(2, b'Speed', INT16 + b'\x64\0'))), True),
    ('a value beyond', READ, ask(673, array(writing(2, b'Speed', INT16 + b'\x65\0'))), False),
    ('another attribute', READ, ask(673, array(writing(2, b'Speed', INT16 + b'\x64\0', 3))), False),
    ('a value beyond in an array', READ, ask(673, array(writing(2, b'Speed', b'\x84' + struct.pack('<ihh', 2, 3, 400)))), False),
    ('a value beyond in chunks', READ, sent(service(673, ASKING + array(writing(2, b'Speed', INT16 + b'\x65\0')))[:30], 9, b'C') + sent(service(673, ASKING + array(writing(2, b'Speed', INT16 + b'\x65\0')))[30:], 9), False),
    ('text beside a number', READ, ask(673, array(writing(2, b'Speed', INT16 + b'\x64\0'), writing(2, b'Speed', b'\x0c' + text(b'off')))), False),
    ('bytes that nobody can measure', READ, ask(673, array(writing(2, b'Speed', b'\x0f' + text(b'off')))), False),
    ('the method that a line names', READ, ask(712, array(node(2, b'Robot') + node(2, b'Start') + array())), True),
    ('another method', READ, ask(712, array(node(2, b'Robot') + node(2, b'Stop') + array())), False),
    ('what is encrypted', ['host may session, read, write, control'], sent(bytes(range(200, 240)), 9), False),
    ('deleting nodes', ['host may session, read, write, control'], ask(500, array(node(2, 8) + b'\1')), False),
]

RULES = [
    ('opcua.service:500;', ask(500, array(node(2, 8) + b'\1')), True),
    ('opcua.node:"ns=2;i=9";', ask(500, array(node(2, 8) + b'\1')), False),
]

DISSECT = 'opcua'
COMPARE = {'opcua.servicenodeid.numeric': ['service']}
CAPTURES = []


def NORMAL(key, found, theirs):
    """tshark names an answer by its own number; of a channel that is opened or closed only tshark names the service."""
    return found, [n if n in (422, 428, 461, 500, 527, 631, 673, 712, 751, 397) else n - 3 for n in theirs if n not in (446, 449, 452)]
