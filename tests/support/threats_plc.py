# SPDX-License-Identifier: GPL-3.0-or-later
#
# threats_plc.py - as threats.py, for controllers: S7comm, EtherNet/IP with CIP and PCCC, Modbus with UMAS, DNP3, SLMP, FINS, BACnet/IP, and those who look for them. Written from public descriptions
# (ODVA's CIP volumes, 1770-6.5.16 for PCCC, MODBUS V1.1b3, IEEE 1815; of S7comm and UMAS what devices send); shares nothing with the gateway's parsers.
import struct

from threats import CLIENT, SERVER, Capture, datagram, segment


# -- S7comm

def unit(data):
    return struct.pack('>BBH', 3, 0, 7 + len(data)) + b'\x02\xf0\x80' + data


def job(parameters, data=b'', number=2):
    return unit(struct.pack('>BBHHHH', 0x32, 1, 0, number, len(parameters), len(data)) + parameters + data)


def done(parameters, data=b'', number=2):
    return unit(struct.pack('>BBHHHHBB', 0x32, 3, 0, number, len(parameters), len(data), 0, 0) + parameters + data)


def s7(talk):
    talk.ask(b'\x03\0\0\x16\x11\xe0\0\0\0\x01\0\xc1\x02\x01\0\xc2\x02\x01\x02\xc0\x01\x0a')
    talk.answer(b'\x03\0\0\x16\x11\xd0\0\x01\0\x02\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02')
    talk.ask(job(struct.pack('>BBHHH', 0xf0, 0, 1, 1, 480), number=1))
    talk.answer(done(struct.pack('>BBHHH', 0xf0, 0, 1, 1, 240), number=1))


def service(name, block=b''):
    return b'\x28\0\0\0\0\0\0\xfd' + struct.pack('>H', len(block)) + block + bytes([len(name)]) + name


def s7_stop(bad):
    c = Capture('s7comm.param.func == 0x29' if bad else 's7comm.param.func == 0x04')
    talk = c.talk(102)
    s7(talk)
    if not bad:
        talk.ask(job(b'\x04\x01\x12\x0a\x10\x02\0\x04\0\x01\x84\0\0\0'))
        talk.answer(done(b'\x04\x01', b'\xff\x04\0\x20\0\0\0\0'))
        return c
    talk.ask(job(b'\x29\0\0\0\0\0\x09P_PROGRAM'))
    talk.ask(job(service(b'P_PROGRAM'), number=3))
    return c


def s7_download(bad):
    c = Capture('s7comm.param.func == 0x1a' if bad else 's7comm.param.func == 0x1d')
    talk = c.talk(102)
    s7(talk)
    if not bad:
        talk.ask(job(b'\x1d\0\0\0\0\0\0\0\x09_0800001A'))
        talk.answer(done(b'\x1d\0\x01\0\0\0\0\x07\x070000146'))
        return c
    talk.ask(job(b'\x1a\0\x01\0\0\0\0\0\x09_0800001P\x0d1000146000064'))
    talk.ask(job(service(b'_INSE', b'\x01\0' + b'0800001P'), number=3))
    return c


# -- EtherNet/IP

def enip(command, data=b'', session=7):
    return struct.pack('<HHII8sI', command, len(data), session, 0, b'sekisho ', 0) + data


def rr(cip):
    return enip(0x6f, struct.pack('<IHHHHHH', 0, 5, 2, 0, 0, 0xb2, len(cip)) + cip)


def ask(code, cls, instance=1, data=b''):
    return bytes([code, 2, 0x20, cls, 0x24, instance]) + data


def sent(inner):
    """An unconnected send through the backplane to slot 0."""
    return ask(0x52, 6, 1, b'\x03\xf0' + struct.pack('<H', len(inner)) + inner + bytes(len(inner) % 2) + b'\x01\0\x01\0')


def cip(show, *requests):
    c = Capture(show)
    talk = c.talk(44818)
    talk.ask(enip(0x65, b'\x01\0\0\0', 0))
    talk.answer(enip(0x65, b'\x01\0\0\0'))
    for request in requests:
        talk.ask(rr(request))
    return c


def cip_stop(bad):
    return cip('cip.sc == 0x07' if bad else 'cip.sc == 0x0e', sent(ask(7, 0x64) if bad else bytes([0x0e, 3, 0x20, 0x64, 0x24, 1, 0x30, 1])))


def cip_reset(bad):
    return cip('cip.sc == 0x05' if bad else 'cip.sc == 0x01', ask(5, 1, 1, b'\0') if bad else ask(1, 1))


def cip_firmware(bad):
    return cip('cip.sc == 0x4c' if bad else 'cip.sc == 0x4b', ask(0x4c, 0x37, 200, struct.pack('<IHHB', 4096, 1, 500, 4) + b'fw.bin') if bad else ask(0x4b, 0x37, 200, b'\xff'))


def pccc(function, data=b''):
    return ask(0x4b, 0x67, 1, b'\x07\x4d\0\x01\0\0\0' + b'\x0f\0\x01\0' + bytes([function]) + data)


def pccc_mode(bad):
    return cip('enip', *([pccc(0x80, b'\x01'), pccc(0x3a, b'\x02')] if bad else [pccc(0xa2, b'\x02\x07\x89\0\0')]))


def pccc_download(bad):
    return cip('enip', *([pccc(0x50), pccc(0x57)] if bad else [pccc(0x53)]))


def micrologix(bad):
    return cip('enip', pccc(0xa2, b'\x02\x05' + (b'\x47' if bad else b'\x89') + b'\0\0'))


# -- Modbus

def adu(pdu, number=1):
    return struct.pack('>HHHB', number, 0, 1 + len(pdu), 0) + pdu


def modbus(show, *pdus):
    c = Capture(show)
    talk = c.talk(502)
    talk.ask(adu(b'\x03\0\0\0\x01'))
    talk.answer(adu(b'\x03\x02\0\x07'))
    for number, pdu in enumerate(pdus):
        talk.ask(adu(pdu, 2 + number))
    return c


def umas_stop(bad):
    return modbus('modbus.func_code == 90', *([b'\x5a\x01\x41\xff\0', b'\x5a\x01\x40\xff\0'] if bad else [b'\x5a\0\x02']))


def umas_download(bad):
    return modbus('modbus.func_code == 90', *([b'\x5a\x01\x30\0\x01', b'\x5a\x01\x31\0\x01\0\0\x04\0data', b'\x5a\x01\x32\0\x01'] if bad else [b'\x5a\x01\x34\0\x01\0\0\xf4\x03']))


def modbus_restart(bad):
    return modbus('modbus.func_code == 8', *([b'\x08\0\x01\0\0', b'\x08\0\x04\0\0'] if bad else [b'\x08\0\0\x12\x34']))


# -- DNP3

def crc(data):
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xa6bc if value & 1 else 0)
    return struct.pack('<H', value ^ 0xffff)


def dnp3(application):
    user = b'\xc0' + application
    head = struct.pack('<BBBBHH', 5, 0x64, 5 + len(user), 0xc4, 10, 1)
    return head + crc(head) + b''.join(user[at:at + 16] + crc(user[at:at + 16]) for at in range(0, len(user), 16))


def dnp3_restart(bad):
    c = Capture('dnp3.al.func == 13' if bad else 'dnp3.al.func == 1')
    talk = c.talk(20000)
    for number, application in enumerate((b'\xc0\x0d', b'\xc1\x0e', b'\xc2\x12\x5a\x01\x5b\x01\0') if bad else (b'\xc0\x01\x3c\x02\x06',)):
        talk.ask(dnp3(application))
    return c


# -- SLMP (frames 3E), FINS over TCP, BACnet/IP

def slmp(*commands):
    c = Capture('tcp.dstport == 5007 && tcp.len > 0')
    talk = c.talk(5007)
    for command, body in ((0x0101, b''), *commands):
        rest = struct.pack('<HHH', 16, command, 0) + body
        talk.ask(b'\x50\0\0\xff\xff\x03\0' + struct.pack('<H', len(rest)) + rest)
    return c


def melsec_stop(bad):
    return slmp(*(((0x1002, b'\x01\0'), (0x1001, b'\x01\0\0\0'), (0x1006, b'\x01\0')) if bad else ((0x0401, b'\x64\0\0\xa8\x0a\0'),)))


def melsec_download(bad):
    return slmp(*(((0x1820, bytes(12)), (0x1829, bytes(16)), (0x1822, bytes(12))) if bad else ((0x1828, bytes(12)),)))


def fins(*commands):
    c = Capture('omron.command')
    talk = c.talk(9600)
    talk.ask(b'FINS' + struct.pack('>IIII', 12, 0, 0, 0))
    talk.answer(b'FINS' + struct.pack('>IIIII', 16, 1, 0, 99, 1))
    for number, (command, body) in enumerate(commands):
        frame = bytes([0x80, 0, 2, 0, 1, 0, 0, 99, 0, number]) + struct.pack('>H', command) + body
        talk.ask(b'FINS' + struct.pack('>III', 8 + len(frame), 2, 0) + frame)
    return c


def fins_stop(bad):
    return fins(*(((0x0402, b''), (0x0401, b'\xff\xff\x04'), (0x0403, b'')) if bad else ((0x0101, b'\x82\0\x64\0\0\x0a'),)))


def fins_download(bad):
    return fins(*(((0x0307, b'\xff\xff\0\0\0\0\0\x08' + bytes(8)), (0x0308, b'\xff\xff\0')) if bad else ((0x0306, b'\xff\xff\0\0\0\0\0\x08'),)))


def bacnet(bad):
    c = Capture('bacapp.confirmed_service == 20' if bad else 'bacapp.confirmed_service == 12')
    for number, (service, body) in enumerate(((20, b'\x09\x00'), (17, b'\x19\x01')) if bad else ((12, b'\x0c\0\0\0\x07\x19\x55'),)):
        npdu = b'\x01\x04' + bytes([0, 5, number + 1, service]) + body
        c.add(datagram(CLIENT, SERVER, (47808, 47808), struct.pack('>BBH', 0x81, 10, 4 + len(npdu)) + npdu))
    return c


def scan(bad):
    c = Capture('tcp.flags.syn == 1')
    for number in range(40 if bad else 15):
        c.add(segment('10.20.0.51', f'10.20.2.{number + 1}', (42000 + number, (502, 102, 44818, 9600)[number % 4]), 1000, 0, 2), 0.05)
    return c


MAKERS = {'plc-scan': scan, 's7-stop': s7_stop, 's7-download': s7_download, 'cip-stop': cip_stop, 'cip-reset': cip_reset, 'cip-firmware': cip_firmware, 'pccc-mode': pccc_mode,
          'pccc-download': pccc_download, 'micrologix-file-type': micrologix, 'umas-stop': umas_stop, 'umas-download': umas_download, 'modbus-restart': modbus_restart,
          'dnp3-restart': dnp3_restart, 'melsec-stop': melsec_stop, 'melsec-download': melsec_download, 'fins-stop': fins_stop, 'fins-download': fins_download,
          'bacnet-restart': bacnet}


def bad():
    return {name: make(True) for name, make in MAKERS.items()}


def near():
    return {name: make(False) for name, make in MAKERS.items()}
