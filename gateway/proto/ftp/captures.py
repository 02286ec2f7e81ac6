# SPDX-License-Identifier: GPL-3.0-or-later
#
# captures.py - FTP as RFC 959 has it: messages for tests/integration/gateway-ot.py, each with what is to be said of it. No code of the parser is used.

HOST, DEVICE = 0, 1
PORT = 21
OPENING = LATE = 3

TALK = [
    (DEVICE, b'220-Recipe store\r\nof bay 3\r\n220 ready\r\n', ('answer', 'session', {'status': [220]})),
    (HOST, b'USER etch\r\n', ('user', 'session', {'user': ['etch']})),
    (DEVICE, b'331 password\r\n', ('answer', 'session', {'status': [331]})),
    (HOST, b'PASS hunter2\r\n', ('pass', 'session', {'argument': []})),
    (DEVICE, b'230 in\r\n', ('answer', 'session', {'status': [230]})),
    (HOST, b'cwd /recipes\r\n', ('cwd', 'read', {'file': ['/recipes']})),
    (DEVICE, b'250 ok\r\n', ('answer', 'session', {'status': [250]})),
    (HOST, b'PASV\r\n', ('pasv', 'session', {})),
    (DEVICE, b'227 Entering Passive Mode (10,20,0,7,195,80).\r\n', ('answer', 'session', {'status': [227], 'address': ['10.20.0.7:50000']})),
    (HOST, b'RETR A7.rcp\r\n', ('retr', 'read', {'file': ['A7.rcp']})),
    (DEVICE, b'226 done\r\n', ('answer', 'session', {'status': [226]})),
    (HOST, b'EPRT |2|fd00::5|5282|\r\n', ('eprt', 'session', {'address': ['[fd00::5]:5282']})),
    (HOST, b'PORT 10,10,0,5,156,64\r\n', ('port', 'session', {'address': ['10.10.0.5:40000']})),
    (HOST, b'STOR A8.rcp\r\n', ('stor', 'write', {'file': ['A8.rcp']})),
    (DEVICE, b'550 no\r\n', ('answer', 'session', {'status': [550]})),
    (HOST, b'SITE EXEC id\r\n', ('site', 'engineer', {'argument': ['EXEC id']})),
    (HOST, b'XYZZY\r\n', ('command', 'engineer', {})),
    (HOST, b'QUIT\r\n', ('quit', 'session', {})),
    (DEVICE, b'221 bye\r\n', ('answer', 'session', {'status': [221]})),
]

READ = ['host may read', 'host may stor with file A7.rcp']
LINES = [
    ('a file that is fetched', READ, b'RETR anything\r\n', True),
    ('the file that a line lets be put', READ, b'STOR A7.rcp\r\n', True),
    ('another file', READ, b'STOR A7.rcp.bak\r\n', False),
    ('a file that is deleted', READ, b'DELE A7.rcp\r\n', False),
    ('a command for the machine', READ, b'SITE EXEC id\r\n', False),
]

DISSECT = 'ftp'
COMPARE = {'ftp.response.code': ['status']}
CAPTURES = ['**/*ftp*.pcap*']
PUBLIC_MESSAGES = 0
