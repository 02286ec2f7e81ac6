# SPDX-License-Identifier: GPL-3.0-or-later
#
# Modbus/TCP as the specifications have it, for tests/integration/gateway-ot.py: each message with what is to be said of it. No code of the parser is used.
import struct

HOST, DEVICE = 0, 1
PORT = 502


def adu(transaction, function, body, unit=1):
    return struct.pack('>HHHBB', transaction, 0, 2 + len(body), unit, function) + body


def identity(*texts):
    return b'\x0e\x01\x01\0\0' + bytes([len(texts)]) + b''.join(bytes([i, len(t)]) + t for i, t in enumerate(texts))


TALK = [
    (HOST, adu(1, 3, struct.pack('>HH', 100, 10)), ('read-holding-registers', 'read', {'unit': [1], 'function': [3], 'holding': ['100-109']})),
    (DEVICE, adu(1, 3, b'\x14' + bytes(20)), ('read-holding-registers', 'read', {'function': [3]})),
    (HOST, adu(2, 1, struct.pack('>HH', 0, 2000), 7), ('read-coils', 'read', {'unit': [7], 'coil': ['0-1999']})),
    (DEVICE, adu(2, 1, b'\xfa' + bytes(250), 7), ('read-coils', 'read', {})),
    (HOST, adu(3, 2, struct.pack('>HH', 5, 1)), ('read-discrete-inputs', 'read', {'discrete': ['5']})),
    (DEVICE, adu(3, 0x82, b'\2'), ('read-discrete-inputs', 'read', {'function': [2], 'exception': [2]})),
    (HOST, adu(4, 4, struct.pack('>HH', 65535, 1)), ('read-input-registers', 'read', {'input': ['65535']})),
    (DEVICE, adu(4, 4, b'\2\0\1'), ('read-input-registers', 'read', {})),
    (HOST, adu(5, 5, struct.pack('>HH', 19, 0xff00)), ('write-single-coil', 'write', {'coil': ['19'], 'value': [1]})),
    (DEVICE, adu(5, 5, struct.pack('>HH', 19, 0xff00)), ('write-single-coil', 'write', {'coil': ['19']})),
    (HOST, adu(6, 6, struct.pack('>HH', 200, 500)), ('write-single-register', 'write', {'holding': ['200'], 'value': [500]})),
    (DEVICE, adu(6, 6, struct.pack('>HH', 200, 500)), ('write-single-register', 'write', {'holding': ['200']})),
    (HOST, adu(7, 15, struct.pack('>HHBH', 8, 10, 2, 0x0103)), ('write-multiple-coils', 'write', {'coil': ['8-17'], 'value': [1, 0]})),
    (DEVICE, adu(7, 15, struct.pack('>HH', 8, 10)), ('write-multiple-coils', 'write', {'coil': ['8-17']})),
    (HOST, adu(8, 16, struct.pack('>HHBHHH', 30, 3, 6, 1, 2, 65535)), ('write-multiple-registers', 'write', {'holding': ['30-32'], 'value': [1, 2, 65535]})),
    (DEVICE, adu(8, 16, struct.pack('>HH', 30, 3)), ('write-multiple-registers', 'write', {'holding': ['30-32']})),
    (HOST, adu(9, 22, struct.pack('>HHH', 4, 0xf2, 0x25)), ('mask-write-register', 'write', {'holding': ['4']})),
    (DEVICE, adu(9, 22, struct.pack('>HHH', 4, 0xf2, 0x25)), ('mask-write-register', 'write', {})),
    (HOST, adu(10, 23, struct.pack('>HHHHBH', 3, 6, 14, 1, 2, 255)), ('read-write-multiple-registers', 'write', {'holding': ['3-8', '14'], 'value': [255]})),
    (DEVICE, adu(10, 23, b'\x0c' + bytes(12)), ('read-write-multiple-registers', 'write', {})),
    (HOST, adu(11, 8, struct.pack('>HH', 1, 0)), ('diagnostics', 'engineer', {'subfunction': [1]})),
    (DEVICE, adu(11, 8, struct.pack('>HH', 1, 0)), ('diagnostics', 'engineer', {'subfunction': [1]})),
    (HOST, adu(12, 8, struct.pack('>HH', 11, 0)), ('diagnostics', 'read', {'subfunction': [11]})),
    (DEVICE, adu(12, 8, struct.pack('>HH', 11, 7)), ('diagnostics', 'read', {'subfunction': [11]})),
    (HOST, adu(13, 21, b'\x09\x06' + struct.pack('>HHH', 4, 7, 1) + b'\x06\xaf'), ('write-file-record', 'write', {'file': [4]})),
    (DEVICE, adu(13, 21, b'\x09\x06' + struct.pack('>HHH', 4, 7, 1) + b'\x06\xaf'), ('write-file-record', 'write', {})),
    (HOST, adu(14, 43, b'\x0e\x01\0'), ('encapsulated-interface', 'read', {'subfunction': [14]})),
    (DEVICE, adu(14, 43, identity(b'Fab Works', b'PLC-7', b'V2.10')),
     ('encapsulated-interface', 'read', {'vendor': ['Fab Works'], 'product': ['PLC-7'], 'revision': ['V2.10']})),
    (HOST, adu(15, 90, b'\0\x40'), ('umas', 'engineer', {'function': [90]})),
    (DEVICE, adu(15, 0xda, b'\1'), ('umas', 'engineer', {'exception': [1]})),
    (HOST, adu(16, 17, b''), ('report-server-id', 'read', {'function': [17]})),
    (DEVICE, adu(16, 17, b'\3abc'), ('report-server-id', 'read', {})),
]

READ = ['host may read with holding 0-99', 'host may write with holding 50-59 and value 0-500']
LINES = [
    ('registers that a line names', READ, adu(20, 3, struct.pack('>HH', 90, 10)), True),
    ('registers of which one is beyond', READ, adu(20, 3, struct.pack('>HH', 90, 11)), False),
    ('coils where registers are named', READ, adu(20, 1, struct.pack('>HH', 0, 1)), False),
    ('a value within', READ, adu(20, 16, struct.pack('>HHBHH', 50, 2, 4, 0, 500)), True),
    ('a value beyond, behind one within', READ, adu(20, 16, struct.pack('>HHBHH', 50, 2, 4, 0, 501)), False),
    ('a count that the bytes belie', READ, adu(20, 16, struct.pack('>HHBHH', 50, 1, 4, 0, 501)), False),
    ('a forbidden register inside of a range', ['host may read', 'read with holding 95 never'], adu(20, 3, struct.pack('>HH', 90, 10)), False),
    ('a range beside it', ['host may read', 'read with holding 95 never'], adu(20, 3, struct.pack('>HH', 96, 10)), True),
    ('a restart where reading is allowed', ['host may read'], adu(20, 8, struct.pack('>HH', 1, 0)), False),
    ('a request in the shape of an exception', ['host may read'], adu(20, 0x83, struct.pack('>HH', 0, 1)), False),
    ('a function that nobody knows', ['host may read, write, control'], adu(20, 100, b'\0'), False),
]
REWRITTEN = (READ, adu(20, 6, struct.pack('>HH', 5, 1)), adu(20, 0, struct.pack('>HH', 5, 1)))

# Port 4446 of a public capture: its client is at port 502, and tshark takes its requests for answers.
DISSECT = 'modbus and not tcp.analysis.retransmission and not tcp.port == 4446'
COMPARE = {'mbtcp.unit_id': ['unit'], 'modbus.func_code': ['function'], 'modbus.exception_code': ['exception'], 'modbus.mei+modbus.diagnostic_code': ['subfunction']}
CAPTURES = ['iti/openics/MODBUS*', 'iti/ModbusTCP/**/*.pcap', 'iti/bro/modbus/*.pcap', 'iti/quickdraw/modbus*', 'quickdraw/modbus*']
PUBLIC_MESSAGES = 5000
