# SPDX-License-Identifier: GPL-3.0-or-later
#
# Our frames (lib/wire/types.h) from Python: for tests and benches that play an agent, an intruder or a client. Written from the
# header's words, not from its code: both ends agree or a test fails.
import json
import socket
import ssl
import struct

ERROR, PING, PONG, CALL, PROGRESS, RESULT = 1, 2, 3, 10, 11, 12
ENROL, ENROLLED, HELLO, WELCOME, BATCH, ACK, HEALTH, POLICY, POLICY_STATE, REQUEST, REQUEST_TAKEN, ANSWER, ANSWER_TAKEN, COMMAND = range(20, 34)
APPEND, QUERY, ROWS, FOLLOW, GET, AROUND, ROWS_END = range(50, 57)
SUBSCRIBE, PUSH, UP, PUSH_TAKEN, UP_TAKEN = range(62, 67)


class Closed(Exception):
    pass


class Refused(Exception):
    def __init__(self, body):
        super().__init__(body.get('text', ''))
        self.code = body.get('code')


def frame(kind, body=b'', number=0, version=1):
    if isinstance(body, (dict, list)):
        body = json.dumps(body, sort_keys=True, separators=(',', ':'), ensure_ascii=False).encode()
    return struct.pack('>IHHI', len(body), kind, version, number) + body


class Channel:
    """Frames over a connected socket."""

    def __init__(self, sock, timeout=20):
        self.sock, self.buffer, self.number = sock, b'', 0
        sock.settimeout(timeout)

    def send(self, kind, body=b'', number=None):
        if number is None:
            self.number += 1
            number = self.number
        self.sock.sendall(frame(kind, body, number))
        return number

    def need(self, size):
        while len(self.buffer) < size:
            try:
                more = self.sock.recv(1 << 20)
            except (ConnectionError, ssl.SSLError) as error:
                raise Closed(str(error)) from error
            if not more:
                raise Closed('end of stream')
            self.buffer += more

    def receive(self, timeout=None):
        """(type, id, body as an object or bytes)"""
        if timeout is not None:
            self.sock.settimeout(timeout)
        while True:
            self.need(12)
            size, kind, _, number = struct.unpack('>IHHI', self.buffer[:12])
            self.need(12 + size)
            body, self.buffer = self.buffer[12:12 + size], self.buffer[12 + size:]
            if kind == PING:
                self.sock.sendall(frame(PONG, b'', number))
                continue
            return kind, number, body if kind in (ROWS, ACK, BATCH, POLICY) else json.loads(body or b'{}')

    def ask(self, kind, body):
        """The answer's body; ROWS on the way are gathered in `rows`."""
        number = self.send(kind, body)
        self.rows = []
        while True:
            got, its, answer = self.receive()
            if its != number:
                continue
            if got == ERROR:
                raise Refused(answer)
            if got == ROWS:
                self.rows += [json.loads(line) for line in answer.splitlines()]
                continue
            return answer

    def call(self, verb, **more):
        return self.ask(CALL, {'verb': verb, **more})

    def closed(self, timeout=5):
        """What still came, once the other side closed; None when it did not."""
        rest = []
        try:
            while True:
                rest.append(self.receive(timeout))
        except Closed:
            return rest
        except (TimeoutError, socket.timeout):
            return None

    def close(self):
        self.sock.close()


def unix(root, name, timeout=20):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(f'{root}/run/sekisho/{name}')
    return Channel(sock, timeout)


def zstd(data):
    """A frame of raw blocks: what zstd makes of nothing, so that no library is needed."""
    out = bytearray(b'\x28\xb5\x2f\xfd' + bytes([0xa0]) + struct.pack('<I', len(data)))
    pieces = [data[i:i + 100000] for i in range(0, len(data), 100000)] or [b'']
    for i, piece in enumerate(pieces):
        out += struct.pack('<I', len(piece) << 3 | (i == len(pieces) - 1))[:3] + piece
    return bytes(out)


def batch(epoch, priority, first, lines, count=None, raw_size=None, packed=None):
    text = b''.join(line.encode() + b'\n' if isinstance(line, str) else line + b'\n' for line in lines)
    head = struct.pack('>QBQII', epoch, priority, first, len(lines) if count is None else count, len(text) if raw_size is None else raw_size)
    return head + (zstd(text) if packed is None else packed)


def ack(body):
    """(epoch, priority, seq)"""
    return struct.unpack('>QBQ', body)
