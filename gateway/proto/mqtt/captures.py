# SPDX-License-Identifier: GPL-3.0-or-later
#
# captures.py - MQTT as OASIS has it: messages for tests/integration/gateway-ot.py, each with what is to be said of it. No code of the parser is used.

import struct

HOST, DEVICE = 0, 1
PORT = 1883
OPENING = LATE = 2


def packet(first, body):
    size, length = b'', len(body)
    while True:
        length, low = length >> 7, length & 127
        size += bytes([low | (128 if length else 0)])
        if not length:
            return bytes([first]) + size + body


def text(words):
    return struct.pack('>H', len(words)) + words


def connect(client, user=b'', will=b'', level=4, properties=b''):
    flags = 2 | (0xc0 if user else 0) | (4 if will else 0)
    body = text(b'MQTT') + bytes([level, flags]) + struct.pack('>H', 60) + properties + text(client)
    if will:
        body += text(will) + text(b'gone')
    return packet(0x10, body + (text(user) + text(b'secret') if user else b''))


def publish(topic, payload=b'42', flags=0):
    return packet(0x30 | flags, text(topic) + (b'\0\7' if flags & 6 else b'') + payload)


def subscribe(*filters):
    return packet(0x82, b'\0\1' + b''.join(text(f) + b'\1' for f in filters))


TALK = [
    (HOST, connect(b'etch-01', b'fab', b'state/etch-01'), ('connect', 'session', {'version': [4], 'client': ['etch-01'], 'user': ['fab'], 'will': ['state/etch-01']})),
    (DEVICE, packet(0x20, b'\0\0'), ('connack', 'session', {'code': [0]})),
    (HOST, subscribe(b'recipe/#', b'time'), ('subscribe', 'read', {'topic': ['recipe/#', 'time']})),
    (DEVICE, packet(0x90, b'\0\1\1\1'), ('suback', 'session', {})),
    (HOST, publish(b'state/etch-01', b'idle', 1), ('publish', 'write', {'topic': ['state/etch-01'], 'qos': [0], 'retain': [1]})),
    (HOST, publish(b'trace/etch-01', bytes(20000), 2), ('publish', 'write', {'topic': ['trace/etch-01'], 'qos': [1], 'retain': [0]})),
    (DEVICE, packet(0x40, b'\0\7'), ('puback', 'session', {})),
    (DEVICE, publish(b'recipe/etch-01', b'A7'), ('publish', 'report', {'topic': ['recipe/etch-01']})),
    (HOST, packet(0xa2, b'\0\2' + text(b'time')), ('unsubscribe', 'session', {'topic': ['time']})),
    (DEVICE, packet(0xb0, b'\0\2'), ('unsuback', 'session', {})),
    (HOST, packet(0xc0, b''), ('pingreq', 'session', {})),
    (DEVICE, packet(0xd0, b''), ('pingresp', 'session', {})),
    (HOST, packet(0xe0, b''), ('disconnect', 'session', {})),
]

READ = ['host may publish with topic state/etch-01', 'host may subscribe with topic recipe/#, time']
LINES = [
    ('the topic that a line names', READ, publish(b'state/etch-01'), True),
    ('another topic', READ, publish(b'cmd/etch-02'), False),
    ('an alias where a topic is asked for', READ, publish(b''), False),
    ('filters that are all named', READ, subscribe(b'time', b'recipe/#'), True),
    ('one filter more', READ, subscribe(b'time', b'#'), False),
]

DISSECT = 'mqtt'
COMPARE = {'mqtt.topic': ['topic'], 'mqtt.clientid': ['client'], 'mqtt.willtopic': ['will']}
CAPTURES = ['**/*mqtt*.pcap*']
PUBLIC_MESSAGES = 0
