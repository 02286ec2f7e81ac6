# SPDX-License-Identifier: GPL-3.0-or-later
#
# BACnet/IP as devices send it, for tests/integration/gateway-ot.py: each message with what is to be said of it. No code of the parser is used.
import struct

HOST, DEVICE = 0, 1
PORT = 47808
UDP = True


def link(npdu, function=10):
    return struct.pack('>BBH', 0x81, function, 4 + len(npdu)) + npdu


def confirmed(service, body=b'', invoke=1, function=10, head=b'\1\4'):
    return link(head + bytes([0, 5, invoke, service]) + body, function)


def unconfirmed(service, body=b'', function=11):
    return link(b'\1\x20\xff\xff\0\xff' + bytes([0x10, service]) + body, function)


def acked(service, invoke=1):
    return link(b'\1\0' + bytes([0x20, invoke, service]))


def answered(service, body, invoke=1):
    return link(b'\1\0' + bytes([0x30, invoke, service]) + body)


def thing(kind, instance, tag=0x0c):
    return bytes([tag]) + struct.pack('>I', kind << 22 | instance)


def written(kind, instance, value, place=85, priority=b''):
    return thing(kind, instance) + bytes([0x19, place]) + b'\x3e' + value + b'\x3f' + priority


REAL = b'\x44' + struct.pack('>f', 21.5)

TALK = [
    (HOST, unconfirmed(8, b'\x09\0\x1a\x03\xe7'), ('who-is', 'session', {'service': [8], 'network': [65535]})),
    (DEVICE, unconfirmed(0, thing(8, 1234, 0xc4) + b'\x22\5\xc4\x91\0\x22\1\x04'), ('i-am', 'session', {'type': [8], 'instance': [1234], 'vendor_id': [260]})),
    (HOST, confirmed(12, thing(0, 7) + b'\x19\x55'), ('read-property', 'read', {'service': [12], 'type': [0], 'instance': [7], 'property': [85]})),
    (DEVICE, answered(12, thing(0, 7) + b'\x19\x55\x3e' + REAL + b'\x3f'), ('read-property', 'read', {})),
    (HOST, confirmed(14, thing(2, 5) + b'\x1e\x09\x55\x09\x4d\x1f' + thing(3, 6) + b'\x1e\x09\x55\x1f', 2),
     ('read-property-multiple', 'read', {'type': [2, 3], 'instance': [5, 6], 'property': [85, 77, 85]})),
    (DEVICE, answered(14, thing(2, 5) + b'\x1e\x29\x55\x4e' + REAL + b'\x4f\x1f', 2), ('read-property-multiple', 'read', {})),
    (HOST, confirmed(15, written(1, 9, REAL, priority=b'\x49\x08'), 3), ('write-property', 'write', {'type': [1], 'instance': [9], 'property': [85], 'value': [21], 'priority': [8]})),
    (DEVICE, acked(15, 3), ('write-property', 'write', {})),
    (HOST, confirmed(15, written(4, 2, b'\x91\1'), 4), ('write-property', 'write', {'type': [4], 'value': [1]})),
    (DEVICE, link(b'\1\0\x50\x04\x0f\x91\x02\x91\x28'), ('write-property', 'write', {'service': [15]})),
    (HOST, confirmed(15, written(2, 1, b'\x31\xfb'), 5), ('write-property', 'write', {'value': [-5]})),
    (DEVICE, acked(15, 5), ('write-property', 'write', {})),
    (HOST, confirmed(15, written(1, 9, b'\0', priority=b'\x49\x08'), 6), ('write-property', 'write', {'priority': [8], 'value': []})),
    (DEVICE, acked(15, 6), ('write-property', 'write', {})),
    (HOST, confirmed(16, thing(1, 3) + b'\x1e\x09\x55\x2e' + REAL + b'\x2f\x39\x0a\x1f' + thing(1, 4) + b'\x1e\x09\x55\x2e\x21\x07\x2f\x1f', 7),
     ('write-property-multiple', 'write', {'type': [1, 1], 'instance': [3, 4], 'property': [85, 85], 'value': [21, 7], 'priority': [10]})),
    (DEVICE, acked(16, 7), ('write-property-multiple', 'write', {})),
    (HOST, confirmed(5, b'\x09\x12' + thing(0, 10, 0x1c) + b'\x29\1\x39\0', 8), ('subscribe-cov', 'read', {'type': [0], 'instance': [10]})),
    (DEVICE, acked(5, 8), ('subscribe-cov', 'read', {})),
    (HOST, confirmed(7, thing(10, 2, 0xc4) + b'\x0e\x31\0\x63abc\x0f', 9), ('write-file', 'engineer', {'type': [10], 'instance': [2]})),
    (DEVICE, answered(7, b'\x09\0', 9), ('write-file', 'engineer', {})),
    (HOST, confirmed(20, b'\x09\0', 10), ('reinitialize-device', 'engineer', {'state': [0]})),
    (DEVICE, link(b'\1\0\x60\x0a\x09'), ('reject', 'session', {'error': [9]})),
    (HOST, confirmed(17, b'\x19\1', 11), ('device-communication-control', 'engineer', {'state': [1]})),
    (DEVICE, acked(17, 11), ('device-communication-control', 'engineer', {})),
    (HOST, link(b'\1\x80\0'), ('find-router', 'session', {})),
    (HOST, link(b'', 2), ('read-broadcast-table', 'read', {})),
    (HOST, link(bytes(10), 1), ('write-broadcast-table', 'engineer', {})),
]

READ = ['host may read with type 0-5 and property 77, 85', 'host may write-property with type 1 and instance 1-10 and property 85 and value 15-25']
LINES = [
    ('an object that a line names', READ, confirmed(12, thing(0, 7) + b'\x19\x55'), True),
    ('another property', READ, confirmed(12, thing(0, 7) + b'\x19\x4c'), False),
    ('a list whose second object is not named', READ, confirmed(14, thing(2, 5) + b'\x1e\x09\x55\x1f' + thing(8, 6) + b'\x1e\x09\x55\x1f'), False),
    ('a value within', READ, confirmed(15, written(1, 9, REAL)), True),
    ('a value beyond', READ, confirmed(15, written(1, 9, b'\x44' + struct.pack('>f', 26))), False),
    ('an output beyond', READ, confirmed(15, written(1, 11, REAL)), False),
    ('the same with an address behind a router', READ, confirmed(15, written(1, 11, REAL), head=b'\1\x24\0\5\1\7\xff'), False),
    ('what is forwarded', READ, link(b'\x0a\0\0\1\xba\xc0' + b'\1\4' + bytes([0, 5, 1, 15]) + written(1, 11, REAL), 4), False),
    ('a value that nobody can measure beside one within', READ, confirmed(15, written(1, 9, REAL + b'\x75\4\0abc')), False),
    ('a list of writes that does not close', READ, confirmed(15, thing(1, 9) + b'\x19\x55\x3e' + REAL), False),
    ('a part of a longer request', READ, link(b'\1\4' + bytes([8, 5, 1, 0, 4, 15]) + written(1, 9, REAL)), False),
    ('a restart where reading and writing are allowed', ['host may read, write, control'], confirmed(20, b'\x09\0'), False),
    ('silence', ['host may anything', 'device-communication-control never'], confirmed(17, b'\x19\1'), False),
    ('a table of the link', ['host may read, write, control, session'], link(bytes(10), 1), False),
]

DISSECT = 'bacapp'
COMPARE = {'bacapp.confirmed_service+bacapp.unconfirmed_service': ['service']}
CAPTURES = ['iti/BACnet/*.pcap']
PUBLIC_MESSAGES = 1
