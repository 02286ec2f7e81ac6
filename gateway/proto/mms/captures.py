# SPDX-License-Identifier: GPL-3.0-or-later
#
# MMS as devices of IEC 61850 send it, for tests/integration/gateway-ot.py: each message with what is to be said of it. No code of the parser is used.
import struct

HOST, DEVICE = 0, 1
PORT = 102
OPENING = 4


def ber(tag, *parts):
    content = b''.join(parts)
    size = bytes([len(content)]) if len(content) < 128 else b'\x81' + bytes([len(content)]) if len(content) < 256 else b'\x82' + struct.pack('>H', len(content))
    return tag + size + content


def tpkt(body):
    return struct.pack('>BBH', 3, 0, 4 + len(body)) + body


def dt(data, last=True):
    return tpkt(b'\x02\xf0' + (b'\x80' if last else b'\0') + data)


def wrapped(pdu):
    return b'\1\0\1\0' + ber(b'\x61', ber(b'\x30', b'\2\1\3', ber(b'\xa0', pdu)))


def tag(number, constructed=True):
    first = 0xa0 if constructed else 0x80
    return bytes([first | number]) if number < 31 else bytes([first | 31, number])


def request(number, *content, call=1, constructed=True):
    return ber(b'\xa0', ber(b'\2', bytes([call])), ber(tag(number, constructed), *content))


def ask(number, *content, call=1, constructed=True):
    return dt(wrapped(request(number, *content, call=call, constructed=constructed)))


def answer(number, *content, call=1):
    return dt(wrapped(ber(b'\xa1', ber(b'\2', bytes([call])), ber(tag(number), *content))))


def thing(domain, item):
    return ber(b'\xa1', ber(b'\x1a', domain), ber(b'\x1a', item))


def listed(*things):
    return ber(b'\xa0', *[ber(b'\x30', ber(b'\xa0', t)) for t in things])


def write(*pairs, call=1):
    return ask(5, listed(*[t for t, _ in pairs]), ber(b'\xa0', *[v for _, v in pairs]), call=call)


INTEGER, BOOLEAN, FLOAT, TEXT, STRUCTURE = b'\x85', b'\x83', b'\x87', b'\x8a', b'\xa2'
CR = tpkt(b'\x11\xe0\0\0\0\1\0\xc1\2\0\1\xc2\2\0\1\xc0\1\x0d')
CC = tpkt(b'\x11\xd0\0\1\0\2\0\xc1\2\0\1\xc2\2\0\1\xc0\1\x0d')
CN = b'\x0d\x14\5\6\x13\1\0\x16\1\2\x14\2\0\2\x33\2\0\1\xc1\0'
OPER = ber(STRUCTURE, ber(BOOLEAN, b'\1'), ber(STRUCTURE, ber(INTEGER, b'\3'), ber(b'\x89', b'me')), ber(b'\x86', b'\5'), ber(b'\x91', bytes(8)), ber(BOOLEAN, b'\0'), ber(b'\x84', b'\6\0'))
SPEED = thing(b'PLC1', b'GGIO1$SP$Speed')
SPLIT = wrapped(request(5, listed(SPEED), ber(b'\xa0', ber(INTEGER, b'\5')), call=9))

TALK = [
    (HOST, CR, ('connect', 'session', {})),
    (DEVICE, CC, ('connect', 'session', {})),
    (HOST, dt(CN), ('associate', 'session', {})),
    (DEVICE, dt(b'\x0e' + CN[1:]), ('associate', 'session', {})),
    (HOST, ask(2, constructed=False), ('identify', 'read', {'service': [2]})),
    (DEVICE, answer(2, ber(b'\x80', b'Maker'), ber(b'\x81', b'Relay 7'), ber(b'\x82', b'1.4')), ('identify', 'read', {'vendor': ['Maker'], 'product': ['Relay 7'], 'revision': ['1.4']})),
    (HOST, ask(4, ber(b'\xa1', listed(SPEED, thing(b'PLC1', b'GGIO1$ST$Ind'))), call=2), ('read', 'read', {'object': ['PLC1/GGIO1$SP$Speed', 'PLC1/GGIO1$ST$Ind']})),
    (DEVICE, answer(4, ber(b'\xa1', ber(INTEGER, b'\5'), ber(BOOLEAN, b'\0')), call=2), ('read', 'read', {'service': [4]})),
    (HOST, write((SPEED, ber(INTEGER, b'\1\x2c')), (thing(b'PLC1', b'GGIO1$SP$Name'), ber(TEXT, b'lot')), call=3),
     ('write', 'write', {'object': ['PLC1/GGIO1$SP$Speed', 'PLC1/GGIO1$SP$Name'], 'value': [300], 'text': ['lot']})),
    (DEVICE, answer(5, b'\x81\0', b'\x81\0', call=3), ('write', 'write', {})),
    (HOST, write((SPEED, ber(FLOAT, b'\x08' + struct.pack('>f', -2.5))), call=4), ('write', 'write', {'value': [-3]})),
    (DEVICE, answer(5, b'\x80\1\3', call=4), ('write', 'write', {})),
    (HOST, write((thing(b'PLC1', b'CSWI1$CO$Pos$Oper'), OPER), call=5), ('write', 'control', {'object': ['PLC1/CSWI1$CO$Pos$Oper'], 'value': [1, 3, 5, 0]})),
    (DEVICE, answer(5, b'\x81\0', call=5), ('write', 'write', {})),
    (HOST, ask(1, ber(b'\xa0', b'\x80\1\0'), ber(b'\xa1', ber(b'\x81', b'PLC1')), call=6), ('get-name-list', 'read', {})),
    (DEVICE, answer(1, ber(b'\xa0', ber(b'\x1a', b'GGIO1')), b'\x81\1\0', call=6), ('get-name-list', 'read', {})),
    (DEVICE, dt(wrapped(ber(b'\xa3', ber(b'\xa0', ber(b'\xa1', ber(b'\x80', b'RPT')), ber(b'\xa0', ber(INTEGER, b'\5')))))), ('report', 'report', {'object': ['RPT']})),
    (HOST, ask(72, ber(b'\xa0', ber(b'\x19', b'/fw.bin')), b'\x81\1\0', call=7), ('file-open', 'engineer', {'service': [72], 'object': ['/fw.bin']})),
    (DEVICE, answer(72, b'\x80\1\1', ber(b'\xa1', b'\x80\1\5'), call=7), ('file-open', 'engineer', {})),
    (HOST, ask(36, b'DOMAIN', call=8, constructed=False), ('delete-domain', 'engineer', {'object': ['DOMAIN']})),
    (DEVICE, dt(wrapped(ber(b'\xa2', b'\x80\1\x08', ber(b'\xa2', ber(b'\xa0', b'\x80\1\0'))))), ('refusal', 'session', {})),
    (HOST, dt(SPLIT[:9], False) + dt(SPLIT[9:]), ('transport', 'session', {}), ('write', 'write', {'object': ['PLC1/GGIO1$SP$Speed'], 'value': [5]})),
    (DEVICE, answer(5, b'\x81\0', call=9), ('write', 'write', {})),
    (HOST, dt(request(41, ber(b'\x80', b'Program1'), call=10)), ('stop', 'engineer', {'service': [41], 'object': ['Program1']})),
    (DEVICE, answer(41, call=10), ('stop', 'engineer', {})),
    (HOST, dt(wrapped(b'\x8b\0')), ('conclude', 'session', {})),
]

READ = ['host may session', 'host may read with object PLC1/GGIO1$SP$Speed', 'host may write with object PLC1/GGIO1$SP$Speed and value 0-300']
LINES = [
    ('an object that a line names', READ, ask(4, ber(b'\xa1', listed(SPEED))), True),
    ('a second object that is not named', READ, ask(4, ber(b'\xa1', listed(SPEED, thing(b'PLC1', b'Other')))), False),
    ('a value within', READ, write((SPEED, ber(INTEGER, b'\1\x2c'))), True),
    ('a value beyond', READ, write((SPEED, ber(INTEGER, b'\1\x2d'))), False),
    ('a value beyond in a structure', READ, write((SPEED, ber(STRUCTURE, ber(INTEGER, b'\5'), ber(INTEGER, b'\1\x2d')))), False),
    ('a value beyond in two transport units', READ, dt(wrapped(request(5, listed(SPEED), ber(b'\xa0', ber(INTEGER, b'\1\x2d'))))[:20], False)
     + dt(wrapped(request(5, listed(SPEED), ber(b'\xa0', ber(INTEGER, b'\1\x2d'))))[20:]), False),
    ('bytes behind the values', READ, ask(5, listed(SPEED), ber(b'\xa0', ber(INTEGER, b'\5')), ber(b'\xa0', ber(INTEGER, b'\1\x2d'))), False),
    ('operating where writing is allowed', ['host may session, read, write'], write((thing(b'PLC1', b'CSWI1$CO$Pos$Oper'), OPER)), False),
    ('a stop where reading, writing and operating are allowed', ['host may session, read, write, control'], ask(41, ber(b'\x80', b'Program1')), False),
    ('the same without presentation', ['host may session, read, write, control'], dt(request(41, ber(b'\x80', b'Program1'))), False),
    ('a file', ['host may anything', 'file-open never'], ask(72, ber(b'\xa0', ber(b'\x19', b'/fw.bin')), b'\x81\1\0'), False),
    ('a length that nobody gave', ['host may session, read, write'], dt(b'\1\0\1\0' + b'\x61\x80' + bytes(20)), False),
]

DISSECT = 'mms'
COMPARE = {'mms.confirmedServiceRequest+mms.confirmedServiceResponse': ['service']}
CAPTURES = ['iti/IEC61850/8d*.pcap', 'iti/IEC61850/MMS*/iec61850_*.pcap'] # the others there answer with units that are shorter than any
PUBLIC_MESSAGES = 20


def NORMAL(key, found, theirs):
    """tshark counts the choices, which from 63 on have other numbers than their tags."""
    return [n for n in found if n < 55], [n for n in theirs if n < 55]
