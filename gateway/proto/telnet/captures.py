# SPDX-License-Identifier: GPL-3.0-or-later
#
# captures.py - Telnet as RFC 854 has it: messages for tests/integration/gateway-ot.py, each with what is to be said of it. No code of the parser is used.

HOST, DEVICE = 0, 1
PORT = 23
OPENING = 2
LATE = 4

TALK = [
    (DEVICE, b'\xff\xfd\x18', ('negotiate', 'session', {'command': [253], 'option': [24]})),
    (HOST, b'\xff\xfb\x18', ('negotiate', 'session', {'command': [251], 'option': [24]})),
    (DEVICE, b'\xff\xfa\x18\1\xff\xf0', ('negotiate', 'session', {'command': [250], 'option': [24]})),
    (HOST, b'\xff\xfa\x18\0VT100\xff\xf0', ('negotiate', 'session', {'command': [250], 'option': [24]})),
    (DEVICE, b'login: ', ('text', 'report', {})),
    (HOST, b'maint\r\n', ('text', 'control', {})),
]

LINES = [
    ('options', ['host may read'], b'\xff\xfc\x01', True),
    ('somebody who types', ['host may read'], b'reload\r\n', False),
    ('somebody who may', ['host may control'], b'show version\r\n', True),
]
