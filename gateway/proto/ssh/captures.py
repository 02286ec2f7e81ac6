# SPDX-License-Identifier: GPL-3.0-or-later
#
# captures.py - SSH's beginning as RFC 4253 has it, for tests/integration/gateway-ot.py. No code of the parser is used.: messages for tests/integration/gateway-ot.py, each with what is to be said of it. No code of the parser is used.

HOST, DEVICE = 0, 1
PORT = 22
LATE = 1

TALK = [
    (DEVICE, b'SSH-2.0-dropbear_2019.78\r\n', ('banner', 'session', {'version': ['2.0'], 'software': ['dropbear_2019.78']})),
    (HOST, b'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n', ('banner', 'session', {'version': ['2.0'], 'software': ['OpenSSH_9.2p1 Debian-2']})),
    (DEVICE, b'\0\0\1\x54\6\x14' + bytes(90)),
]

LINES = [
    ('what a side calls itself is nobody\'s secret', ['host may read'], b'SSH-2.0-OpenSSH_9.2p1\r\n', True),
    ('a side that a line names', ['banner with software libssh_0.8.1 never'], b'SSH-2.0-libssh_0.8.1\r\n', False),
]

DISSECT = 'ssh.protocol'
COMPARE = {'ssh.protocol': ['software']}
CAPTURES = ['**/*ssh*.pcap*']
PUBLIC_MESSAGES = 0


def NORMAL(key, found, theirs):
    return found, [banner.split('-', 2)[2] for banner in theirs]
