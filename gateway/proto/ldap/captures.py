# SPDX-License-Identifier: GPL-3.0-or-later
#
# captures.py - LDAP as RFC 4511 has it: messages for tests/integration/gateway-ot.py, each with what is to be said of it. No code of the parser is used.

HOST, DEVICE = 0, 1
PORT = 389
LATE = 2


def element(tag, *parts):
    body = b''.join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b'\x82' + len(body).to_bytes(2, 'big')
    return bytes([tag]) + size + body


def number(value, tag=2):
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, 'big'))


def text(words):
    return element(4, words.encode())


def message(ident, *operation):
    return element(0x30, number(ident), *operation)


def result(ident, tag, code=0):
    return message(ident, element(tag, number(code, 10), text(''), text('')))


def search(ident, base, scope=2):
    return message(ident, element(0x63, text(base), number(scope, 10), number(0, 10), number(0), number(0), element(1, b'\0'), element(0x87, b'objectClass'), element(0x30)))


def bind(ident, name, password):
    return message(ident, element(0x60, number(3), text(name), element(0x80, password)))


def modify(ident, dn):
    return message(ident, element(0x66, text(dn), element(0x30, element(0x30, number(2, 10), element(0x30, text('member'), element(0x31, text('cn=me')))))))


FAB, ADMINS = 'dc=fab,dc=example', 'cn=admins,dc=fab,dc=example'
TALK = [
    (HOST, bind(1, 'cn=etch,' + FAB, b'secret'), ('bind', 'session', {'dn': ['cn=etch,' + FAB], 'auth': ['simple']})),
    (DEVICE, result(1, 0x61), ('bind', 'session', {'result': [0]})),
    (HOST, search(2, FAB), ('search', 'read', {'dn': [FAB], 'scope': [2]})),
    (DEVICE, message(2, element(0x64, text('cn=x,' + FAB), element(0x30))) + result(2, 0x65), ('search-entry', 'report', {}), ('search', 'report', {'result': [0]})),
    (HOST, modify(3, ADMINS), ('modify', 'write', {'dn': [ADMINS]})),
    (DEVICE, result(3, 0x67, 50), ('modify', 'report', {'result': [50]})),
    (HOST, message(4, element(0x68, text('cn=new,' + FAB), element(0x30))), ('add', 'write', {'dn': ['cn=new,' + FAB]})),
    (DEVICE, result(4, 0x69), ('add', 'report', {})),
    (HOST, message(5, element(0x4a, b'cn=old,dc=fab')), ('delete', 'write', {'dn': ['cn=old,dc=fab']})),
    (DEVICE, result(5, 0x6b, 32), ('delete', 'report', {'result': [32]})),
    (HOST, message(6, element(0x6c, text(ADMINS), text('cn=users'), element(1, b'\xff'))), ('rename', 'write', {'dn': [ADMINS]})),
    (DEVICE, result(6, 0x6d), ('rename', 'report', {})),
    (HOST, message(7, element(0x6e, text(ADMINS), element(0x30, text('cn'), text('admins')))), ('compare', 'read', {'dn': [ADMINS]})),
    (DEVICE, result(7, 0x6f, 6), ('compare', 'report', {'result': [6]})),
    (HOST, message(8, element(0x77, element(0x80, b'1.3.6.1.4.1.4203.1.11.1'))), ('extended', 'control', {'oid': ['1.3.6.1.4.1.4203.1.11.1']})),
    (DEVICE, result(8, 0x78, 2), ('extended', 'report', {'result': [2]})),
    (HOST, message(9, element(0x50, b'\x08')), ('abandon', 'session', {})),
    (HOST, message(10, element(0x60, number(3), text(''), element(0xa3, text('GSS-SPNEGO'), element(4, b'token')))), ('bind', 'session', {'auth': ['sasl'], 'mechanism': ['GSS-SPNEGO']})),
    (DEVICE, result(10, 0x61, 49), ('bind', 'session', {'result': [49]})),
    (HOST, message(11, element(0x42)), ('unbind', 'session', {})),
]

READ = ['host may read', 'host may modify with dn cn=me']
LINES = [
    ('a search', READ, search(20, FAB), True),
    ('the entry that a line names', READ, modify(20, 'cn=me'), True),
    ('another entry', READ, modify(20, ADMINS), False),
    ('an entry that is added', READ, message(20, element(0x68, text('cn=new'), element(0x30))), False),
    ('an operation that is cut short', READ, message(20, element(0x66, b'\x04\x7f')), False),
]

DISSECT = 'ldap'
COMPARE = {'ldap.resultCode': ['result'], 'ldap.scope': ['scope']}
CAPTURES = ['**/*ldap*.pcap*']
PUBLIC_MESSAGES = 0
