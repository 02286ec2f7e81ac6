# SPDX-License-Identifier: GPL-3.0-or-later
#
# smb_live.py - a client of SMB and DCE/RPC that talks to a real server, and that may say what it says in unusual ways. Written from MS-CIFS, MS-SMB2, MS-RPCE and
# MS-SRVS; shares nothing with the gateway's parsers.
#
#     one = Smb1(sock).sign_in().tree('IPC$')         two = Smb2(sock).sign_in().tree('tool')
#     one.open('\\srvsvc'); one.transact(bind() + ...) each returns the server's frame, or raises Silent
import socket
import struct
import uuid

from threats import NDR, SRVSVC, netbios, wide

SERVER = '10.77.0.2'
CREATE, TRANSACT, WRITE_X, READ_X, OPEN_X = 0xa2, 0x26, 0x2f, 0x2e, 0x2d
WKSSVC = '6bffd098-a112-3610-9833-46c3f87e345a'


class Silent(Exception):
    """No answer came in time, or the connection ended."""


class Wire:
    """Frames over a socket; `cut` is how many bytes go into each TCP segment (0: all)."""

    def __init__(self, sock, cut=0):
        self.sock, self.cut, self.data = sock, cut, b''
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        try:
            for at in range(0, len(data), self.cut or len(data)):
                self.sock.sendall(data[at:at + (self.cut or len(data))])
        except OSError as error:
            raise Silent from error

    def take(self, size):
        while len(self.data) < size:
            try:
                more = self.sock.recv(65536)
            except OSError as error:
                raise Silent from error
            if not more:
                raise Silent
            self.data += more
        piece, self.data = self.data[:size], self.data[size:]
        return piece

    def frame(self):
        while True:
            head = self.take(4)
            body = self.take(int.from_bytes(head[1:], 'big'))
            if head[0] == 0:
                return body


    def drain(self):
        """Until the server is silent: what it had to say has come."""
        patience = self.sock.gettimeout()
        self.sock.settimeout(min(patience, 0.25))
        try:
            while True:
                self.frame()
        except Silent:
            self.sock.settimeout(patience)


def block(words=b'', data=b''):
    return bytes([len(words) // 2]) + words + struct.pack('<H', len(data)) + data


class Smb1:
    """SMB 1 without extended security. A command's block is at `at`, counted from the header, which decides about padding."""

    def __init__(self, sock, text=True, cut=0):
        self.wire, self.unicode, self.flags2 = Wire(sock, cut), text, 0xc001 if text else 0x4001
        self.uid = self.tid = self.mid = self.fid = 0
        self.flags = 0x18

    def head(self, command):
        return b'\xffSMB' + struct.pack('<BIBH12sHHHH', command, 0, self.flags, self.flags2, bytes(12), self.tid, 0xfeff, self.uid, self.mid)

    def put(self, command, words=b'', data=b'', after=b''):
        self.mid += 1
        self.wire.send(netbios(self.head(command) + block(words, data) + after))

    def answer(self):
        body = self.wire.frame()
        self.uid = struct.unpack('<H', body[28:30])[0] or self.uid
        self.tid = struct.unpack('<H', body[24:26])[0] or self.tid
        return body

    def ask(self, *what, **more):
        self.put(*what, **more)
        return self.answer()

    def text(self, text, at=0):
        """With the padding that it needs at that place."""
        return bytes(at % 2) + wide(text + '\0') if self.unicode else text.encode() + b'\0'

    def setup_block(self, then=0xff, next_=0):
        words = struct.pack('<BBHHHHIHHII', then, 0, next_, 16644, 10, 1, 0, 0, 0, 0, 0xd4)
        at = 32 + 1 + len(words) + 2
        return words, self.text('', at) + self.text('', 0) + self.text('Linux', 0) + self.text('client', 0)

    def tree_block(self, share, then=0xff, next_=0):
        return struct.pack('<BBHHH', then, 0, next_, 0, 1), b'\0' + self.text(f'\\\\{SERVER}\\{share}', 0) + b'?????\0'

    def create_block(self, name, write=False, then=0xff, next_=0, at=83):
        data = self.text(name, at)
        size = len(data) - at % 2 - 2 if self.unicode else len(data) - 1
        return struct.pack('<BBHBHIIIQIIIIIB', then, 0, next_, 0, size, 0, 0, 0x12019f, 0, 0, 7, 5 if write else 1, 0x40 if write else 0, 2, 0), data

    def sign_in(self):
        self.ask(0x72, b'', b'\x02NT LM 0.12\0')
        self.ask(0x73, *self.setup_block())
        return self

    def tree(self, share):
        self.ask(0x75, *self.tree_block(share))
        return self

    def open(self, name):
        body = self.ask(CREATE, *self.create_block(name))
        if not body[5:9].strip(b'\0'):
            self.fid = struct.unpack('<H', body[38:40])[0]
        return self.fid

    def make(self, name):
        return self.ask(CREATE, *self.create_block(name, True))

    def write_block(self, data, then=0xff, next_=0, mode=0, left=0, at=32, fid=None, pad=1):
        place = at + 1 + 28 + 2 + pad
        return struct.pack('<BBHHIIHHHHHI', then, 0, next_, self.fid if fid is None else fid, 0, 0, mode, left, 0, len(data), place, 0), bytes(pad) + data

    def write(self, data, **more):
        return self.ask(WRITE_X, *self.write_block(data, **more))

    def read_block(self, then=0xff, next_=0):
        return struct.pack('<BBHHIHHIHI', then, 0, next_, self.fid, 0, 1024, 0, 0, 0, 0), b''

    def read(self):
        return self.ask(READ_X, *self.read_block())

    def trans(self, command, setup, name, parameters, data, first=None, totals=None):
        """`first`: how much of (parameters, data) is in this part; it goes on with more()."""
        p, d = first or (len(parameters), len(data))
        name = name if name is None else self.text(name, 32 + 1 + 28 + len(setup) + 2)
        at = 32 + 1 + 28 + len(setup) + 2 + len(name or b'')
        pad = -at % 4
        words = struct.pack('<HHHHBBHIHHHHHBB', *(totals or (len(parameters), len(data))), 64, 1024, 0, 0, 0, 0, 0, p, at + pad, d, at + pad + p, len(setup) // 2, 0) + setup
        return self.ask(command, words, (name or b'') + bytes(pad) + parameters[:p] + data[:d])

    def more(self, command, totals, data, to, parameters=b'', parameters_to=0, silent=False):
        words = struct.pack('<HHHHHHHH', *totals, len(parameters), 52, parameters_to, len(data), 52 + len(parameters), to) + (b'\xff\xff' if command == 0x33 else b'')
        at = 32 + 1 + len(words) + 2
        words = words[:6] + struct.pack('<H', at) + words[8:12] + struct.pack('<H', at + len(parameters)) + words[14:]
        self.mid -= 1  # later parts carry the first one's number
        self.put(command, words, parameters + data)
        return None if silent else self.answer()

    def transact(self, data, name='\\PIPE\\', **more):
        return self.trans(0x25, struct.pack('<HH', TRANSACT, self.fid), name, b'', data, **more)


class Smb2:
    def __init__(self, sock, dialect=0x210, cut=0):
        self.wire, self.dialect = Wire(sock, cut), dialect
        self.mid = self.session = self.tid = 0
        self.fid = b''

    def message(self, command, body, flags=0, next_=0, tree=None, session=None, number=None):
        if number is None:
            number, self.mid = self.mid, self.mid + 1
        return b'\xfeSMB' + struct.pack('<HHIHHIIQIIQ16s', 64, 1, 0, command, 64, flags, next_, number, 0xfeff, self.tid if tree is None else tree,
                                        self.session if session is None else session, bytes(16)) + body

    def compound(self, *messages, related=False):
        """Messages, each (command, body), in one frame."""
        out = b''
        for place, (command, body) in enumerate(messages):
            pad = -(64 + len(body)) % 8
            last, chained = place == len(messages) - 1, related and place
            out += self.message(command, body, flags=4 if chained else 0, next_=0 if last else 64 + len(body) + pad, tree=0xffffffff if chained else None,
                                session=0xffffffffffffffff if chained else None) + (b'' if last else bytes(pad))
        self.wire.send(netbios(out))
        return self.wire.frame()

    def ask(self, command, body):
        self.wire.send(netbios(self.message(command, body)))
        while True:
            body = self.wire.frame()
            if struct.unpack('<I', body[8:12])[0] != 0x103:  # pending
                return body

    def sign_in(self, multi=False):
        if multi:
            old = b'\xffSMB' + struct.pack('<BIBH12sHHHH', 0x72, 0, 0x18, 0xc001, bytes(12), 0xffff, 0xfeff, 0, 0)
            self.wire.send(netbios(old + block(b'', b'\x02NT LM 0.12\0\x02SMB 2.002\0\x02SMB 2.???\0')))
            self.wire.frame()
            self.mid = 1
        self.ask(0, struct.pack('<HHHHI16sQ', 36, 1, 1, 0, 0, bytes(range(16)), 0) + struct.pack('<H', self.dialect))
        hello = b'NTLMSSP\0' + struct.pack('<II16s', 1, 0x00088205, bytes(16))
        proof = b'NTLMSSP\0' + struct.pack('<I', 3) + b''.join(struct.pack('<HHI', n, n, at) for n, at in ((1, 64), (0, 65), (0, 64), (0, 64), (0, 64), (0, 65))) + \
            struct.pack('<I', 0x00088a05) + b'\0'
        for blob in (hello, proof):
            body = self.ask(1, struct.pack('<HBBIIHHQ', 25, 0, 1, 0, 0, 88, len(blob), 0) + blob)
            self.session = struct.unpack('<Q', body[40:48])[0]
        return self

    def tree(self, share):
        path = wide(f'\\\\{SERVER}\\{share}')
        body = self.ask(3, struct.pack('<HHHH', 9, 0, 72, len(path)) + path)
        self.tid = struct.unpack('<I', body[36:40])[0]
        return self

    @staticmethod
    def create_body(name, write=False, gap=0, access=0x13019f):
        data = wide(name)
        return struct.pack('<HBBIQQIIIIIHHII', 57, 0, 0, 2, 0, 0, access, 0x80 if write else 0, 7, 5 if write else 1, 0x40 if write else 0, 120 + gap, len(data), 0, 0) + \
            b'x' * gap + data

    def open(self, name, write=False):
        body = self.ask(5, self.create_body(name, write))
        self.fid = body[128:144]
        return self.fid

    def write_body(self, data, fid=None, gap=0):
        return struct.pack('<HHIQ16sIIHHI', 49, 112 + gap, len(data), 0, fid or self.fid, 0, 0, 0, 0, 0) + b'x' * gap + data

    def read_body(self, fid=None):
        return struct.pack('<HBBIQ16sIIIHHB', 49, 0x50, 0, 1024, 0, fid or self.fid, 0, 0, 0, 0, 0, 0)

    def transceive_body(self, data, fid=None, gap=0):
        return struct.pack('<HHI16sIIIIIIII', 57, 0, 0x11c017, fid or self.fid, 120 + gap, len(data), 0, 0, 0, 1024, 1, 0) + b'x' * gap + data

    def transceive(self, data):
        return self.ask(11, self.transceive_body(data))


# -- DCE/RPC. big: the byte order that the PDU says

def pdu(kind, call, body, flags=3, big=False):
    return struct.pack('BBBB', 5, 0, kind, flags) + (b'\0\0\0\0' if big else b'\x10\0\0\0') + struct.pack('>HHI' if big else '<HHI', 16 + len(body), 0, call) + body


def identity(text, big):
    return uuid.UUID(text).bytes if big else uuid.UUID(text).bytes_le


def bind(*interfaces, big=False, call=1, kind=11):
    """Contexts 0, 1 ... in that order; none: that of shares."""
    e, interfaces = '>' if big else '<', interfaces or ((SRVSVC, 3),)
    body = struct.pack(e + 'HHIBBH', 4280, 4280, 0, len(interfaces), 0, 0)
    for number, (name, version) in enumerate(interfaces):
        body += struct.pack(e + 'HBB', number, 1, 0) + identity(name, big) + struct.pack(e + 'I', version) + identity(str(NDR), big) + struct.pack(e + 'I', 2)
    return pdu(kind, call, body, big=big)


def stub(share, big=False):
    """NetrShareGetInfo, level 1 (MS-SRVS section 3.1.4.10)."""
    e = '>' if big else '<'

    def text(word):
        data = (word + '\0').encode('utf-16-be' if big else 'utf-16-le')
        return struct.pack(e + 'III', len(word) + 1, 0, len(word) + 1) + data + bytes(-len(data) % 4)
    return struct.pack(e + 'I', 0x20000) + text(SERVER) + text(share) + struct.pack(e + 'I', 1)


def request(share, big=False, call=2, context=0, hint=None, thing=b''):
    data = stub(share, big)
    return pdu(0, call, struct.pack('>IHH' if big else '<IHH', len(data) if hint is None else hint, context, 16) + thing + data, 0x83 if thing else 3, big)


def fragments(share, size, big=False, call=2, hint=None):
    """The same call in PDUs of so many bytes of stub each."""
    data = stub(share, big)
    places = range(0, len(data), size)
    return [pdu(0, call, struct.pack('>IHH' if big else '<IHH', len(data) - at if hint is None else hint, 0, 16) + data[at:at + size],
                (at == places[0]) | (at == places[-1]) << 1, big) for at in places]
