# SPDX-License-Identifier: GPL-3.0-or-later
#
# captures.py - SNMP as its RFCs have it: messages for tests/integration/gateway-ot.py, each with what is to be said of it. No code of the parser is used.

HOST, DEVICE = 0, 1
PORT, UDP = 161, True


def element(tag, *parts):
    body = b''.join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b'\x82' + len(body).to_bytes(2, 'big')
    return bytes([tag]) + size + body


def number(value, tag=2):
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, 'big'))


def arcs(text):
    numbers = [int(word) for word in text.split('.')]
    out = b''
    for n in [numbers[0] * 40 + numbers[1], *numbers[2:]]:
        groups = [n & 127]
        while n := n >> 7:
            groups.insert(0, n & 127 | 128)
        out += bytes(groups)
    return element(6, out)


def pdu(tag, oids, value=b'\x05\x00', request=77, error=0):
    return element(tag, number(request), number(error), number(0), element(0x30, *[element(0x30, arcs(oid), value) for oid in oids]))


def message(version, community, body):
    return element(0x30, number(version), element(4, community), body)


def message3(user, flags, scoped):
    security = element(0x30, element(4, b'\x80\0\0\0\1x'), number(1), number(99), element(4, user), element(4, b''), element(4, b''))
    return element(0x30, number(3), element(0x30, number(5), number(65507), element(4, bytes([flags])), number(3)), element(4, security), scoped)


NAME, DESCRIPTION, CUT = '1.3.6.1.2.1.1.5.0', '1.3.6.1.2.1.1.1.0', '1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.1'
TRAP = element(0xa4, arcs('1.3.6.1.4.1.318'), element(0x40, b'\x0a\x14\0\7'), number(6), number(5), number(1000, 0x43),
               element(0x30, element(0x30, arcs(CUT), number(2))))

TALK = [
    (HOST, message(0, b'public', pdu(0xa0, [NAME, DESCRIPTION])), ('get', 'read', {'version': [1], 'oid': [NAME, DESCRIPTION]})),
    (DEVICE, message(0, b'public', pdu(0xa2, [NAME], element(4, b'chiller'), error=2)), ('response', 'report', {'oid': [NAME], 'error': [2]})),
    (HOST, message(1, b'public', pdu(0xa1, ['1.3.6.1.2.1.2'])), ('get-next', 'read', {'version': [2], 'oid': ['1.3.6.1.2.1.2']})),
    (DEVICE, message(1, b'public', pdu(0xa2, ['1.3.6.1.2.1.2.1.0'], number(4))), ('response', 'report', {})),
    (HOST, message(1, b'public', pdu(0xa5, ['1.3.6.1.2.1.2.2'], error=0)), ('get-bulk', 'read', {'oid': ['1.3.6.1.2.1.2.2']})),
    (DEVICE, message(1, b'public', pdu(0xa2, ['1.3.6.1.2.1.2.2.1.1.1'], number(1))), ('response', 'report', {})),
    (HOST, message(1, b'private', pdu(0xa3, [CUT], number(2))), ('set', 'write', {'oid': [CUT]})),
    (DEVICE, message(1, b'private', pdu(0xa2, [CUT], number(2))), ('response', 'report', {'oid': [CUT]})),
    (HOST, message(0, b'public', TRAP), ('trap', 'report', {'enterprise': ['1.3.6.1.4.1.318'], 'oid': [CUT]})),
    (HOST, message3(b'fab', 4, element(0x30, element(4, b''), element(4, b''), pdu(0xa0, [NAME]))), ('get', 'read', {'version': [3], 'user': ['fab'], 'oid': [NAME]})),
]

READ = ['host may get, get-next, get-bulk', 'host may set with oid 1.3.6.1.2.1.1.5.0']
LINES = [
    ('reading', READ, message(1, b'public', pdu(0xa0, [DESCRIPTION])), True),
    ('the object that a line names', READ, message(1, b'private', pdu(0xa3, [NAME], element(4, b'x'))), True),
    ('an outlet that is switched off', READ, message(1, b'private', pdu(0xa3, [CUT], number(2))), False),
    ('one object beside one that is allowed', READ, message(1, b'private', pdu(0xa3, [NAME, CUT], number(2))), False),
    ('what is encrypted', READ, message3(b'fab', 7, element(4, bytes(40))), False),
    ('a list that is cut short', READ, message(1, b'private', element(0xa3, number(1), number(0), number(0), b'\x30\x7f')), False),
]

DISSECT = 'snmp'
COMPARE = {'snmp.name': ['oid'], 'snmp.community': []}
CAPTURES = ['*/snmp*', '**/snmp*.pcap', '**/SNMP*.pcap']
PUBLIC_MESSAGES = 0


def NORMAL(key, found, theirs):
    return ([], []) if key == 'snmp.community' else (found, theirs)
