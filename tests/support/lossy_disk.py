# SPDX-License-Identifier: GPL-3.0-or-later
#
# Disks of a virtual machine that lose what was not flushed, as a disk with a write-back cache does in a power cut (a killed qemu loses nothing: what it wrote is
# in this machine's page cache). An NBD server that keeps every write, flush and mark in one log in memory; from the log a disk can be had as a cut at any moment
# leaves it: what was flushed, and of the rest nothing, everything, or some blocks and others not, in no order.
#
# Protocol: the NBD project's doc/proto.md, newstyle negotiation with NBD_OPT_GO, simple replies.
import random
import socket
import struct
import threading

BLOCK = 4096
MAGIC, OPTION, REPLY, REQUEST, ANSWER = 0x4e42444d41474943, 0x49484156454f5054, 0x3e889045565a9, 0x25609513, 0x67446698
OPT_EXPORT_NAME, OPT_ABORT, OPT_INFO, OPT_GO = 1, 2, 6, 7
READ, WRITE, CLOSE, FLUSH = 0, 1, 2, 3
HAS_FLAGS, SEND_FLUSH, SEND_FUA = 1, 4, 8
FUA = 1


class Disks:
    """Exports of NAME -> bytes. `log` holds (name, offset, data), (name, None, None) for a flush."""

    def __init__(self, path, **exports):
        self.base = {name: bytearray(data) for name, data in exports.items()}
        self.now = {name: bytearray(data) for name, data in exports.items()}
        self.log, self.lock, self.recording, self.frozen = [], threading.Lock(), True, False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def close(self):
        self.frozen = True
        self.listener.close()

    @staticmethod
    def read(client, size):
        data = bytearray()
        while len(data) < size:
            part = client.recv(min(size - len(data), 1 << 20))
            if not part:
                raise ConnectionError('the other side is gone')
            data += part
        return bytes(data)

    def negotiate(self, client):
        """The export that was chosen, or None."""
        client.sendall(struct.pack('>QQH', MAGIC, OPTION, 3))
        plain = struct.unpack('>I', self.read(client, 4))[0] & 2
        while True:
            magic, option, size = struct.unpack('>QII', self.read(client, 16))
            data = self.read(client, size)
            if magic != OPTION:
                return None
            if option == OPT_EXPORT_NAME:
                name = data.decode()
                client.sendall(struct.pack('>QH', len(self.now[name]), HAS_FLAGS | SEND_FLUSH | SEND_FUA) + (b'' if plain else bytes(124)))
                return name
            if option in (OPT_GO, OPT_INFO):
                name = data[4:4 + struct.unpack('>I', data[:4])[0]].decode()
                info = struct.pack('>HQH', 0, len(self.now[name]), HAS_FLAGS | SEND_FLUSH | SEND_FUA)
                client.sendall(struct.pack('>QIII', REPLY, option, 3, len(info)) + info + struct.pack('>QIII', REPLY, option, 1, 0))
                if option == OPT_GO:
                    return name
            elif option == OPT_ABORT:
                return None
            else:
                client.sendall(struct.pack('>QIII', REPLY, option, 0x80000001, 0))

    def serve(self, client):
        try:
            name = self.negotiate(client)
            while name:
                magic, flags, what, cookie, offset, size = struct.unpack('>IHHQQI', self.read(client, 28))
                data = self.read(client, size) if what == WRITE else b''
                if magic != REQUEST or what == CLOSE:
                    break
                with self.lock:
                    if self.frozen:  # the power is gone
                        break
                    answer = self.do(name, what, flags, offset, size, data)
                client.sendall(struct.pack('>IIQ', ANSWER, 22 if answer is None else 0, cookie) + (answer or b''))
        except (OSError, ConnectionError):
            pass
        client.close()

    def do(self, name, what, flags, offset, size, data):
        disk = self.now[name]
        if what == READ:
            return bytes(disk[offset:offset + size])
        if what == WRITE:
            disk[offset:offset + size] = data
            if self.recording:
                self.log.append((name, offset, data, flags & FUA))
            return b''
        if what == FLUSH:
            if self.recording:
                self.log.append((name, None, None, False))
            return b''
        return None

    def position(self):
        with self.lock:
            return len(self.log)

    def cut(self, position, kind, seed=0):
        """The disks as they are after a cut behind the first `position` entries; kind: 'lost', 'kept', 'some'. {name: bytearray}"""
        chance = random.Random(seed)
        images = {name: bytearray(data) for name, data in self.base.items()}
        for name, image in images.items():
            entries = [entry for entry in self.log[:position] if entry[0] == name]
            flushed = max((i for i, entry in enumerate(entries) if entry[1] is None), default=-1)
            for i, (_, offset, data, surely) in enumerate(entries):
                if offset is None:
                    continue
                for at in range(0, len(data), BLOCK):
                    if i < flushed or surely or kind == 'kept' or kind == 'some' and chance.random() < 0.5:
                        part = data[at:at + BLOCK]
                        image[offset + at:offset + at + len(part)] = part
        return images

    def unflushed(self, position):
        """How many bytes wait in the cache there."""
        size = 0
        for name in self.base:
            waiting = 0
            for entry in (e for e in self.log[:position] if e[0] == name):
                waiting = 0 if entry[1] is None else waiting + len(entry[2])
            size += waiting
        return size

    def become(self, images):
        """What is read from now on; nothing of it is recorded."""
        with self.lock:
            self.recording, self.now = False, {name: bytearray(data) for name, data in images.items()}
