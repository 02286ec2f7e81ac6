#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=120
#
# gateway-tool-sim.py - the simulated equipment and host: what each says to the other, recipes there and back byte for byte, its timers, both ways of connecting, and that
# a host whose script was not answered says so.

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIM = Path(os.environ.get('SEKISHO_BUILD', 'build')).resolve() / 'sekisho-tool-sim'
count = 0


def point(good, name, note=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}' + (f': {note}' if note and not good else ''), flush=True)


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


class Listener:
    """One that waits for the other; its port is free."""

    def __init__(self, kind, *options):
        self.process = subprocess.Popen([SIM, kind, '--port', '0', *map(str, options)], stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())['port']

    def end(self):
        self.process.terminate()
        said = self.process.communicate(timeout=20)[0]
        return lines_of(said)


def host(port, *options, kind='host'):
    said = subprocess.run([SIM, kind, '--port', str(port), *map(str, options)], capture_output=True, text=True, check=False, timeout=60)
    return said.returncode, lines_of(said.stdout), said.stderr


def received(lines, message):
    return [line.get('body', '') for line in lines if line['what'] == 'received' and line.get('message') == message]


def frame(byte2, byte3, stype, system, body=b'', session=1):
    return struct.pack('>IHBBBBI', 10 + len(body), session, byte2, byte3, 0, stype, system) + body


def talk_through(top):
    recipe = top / 'ETCH-7'
    recipe.write_bytes(os.urandom(200000))
    (top / 'stored').mkdir()
    tool = Listener('equipment', '--recipes', top / 'stored', '--mdln', 'ETCHER', '--softrev', '9.1')
    code, said, _ = host(tool.port, '--say', 'S1F13', '--say', 'S1F1', '--say', 'S1F3 <L <U4 7> <U4 8>>', '--say', 'S2F41 START LOT=7', '--say', 'S2F41 MELT',
                         '--say', f'S7F3 R-1 {recipe}', '--say', 'S7F19', '--say', 'S7F5 R-1', '--say', 'S7F5 NONE', '--say', 'S10F3 <L <B 0> <A "to the shift">>',
                         '--say', 'S2F15 <L <L <U4 3> <A on>>>')
    point(code == 0, 'a script of eleven messages is answered', str(code))
    point(received(said, 'S1F14') == ['<L <B 0x00> <L <A "ETCHER"> <A "9.1">>>'] and received(said, 'S1F2') == ['<L <A "ETCHER"> <A "9.1">>'],
          'the equipment tells its model and revision')
    point(received(said, 'S1F4') == ['<L <U4 100> <U4 101>>'], 'a value for each variable that was asked for', str(received(said, 'S1F4')))
    point(received(said, 'S2F42') == ['<L <B 0x00> <L>>', '<L <B 0x01> <L>>'] and len(received(said, 'S6F11')) == 1,
          'a command that is known is taken and told as an event, another is not')
    point((top / 'stored/R-1').read_bytes() == recipe.read_bytes(), 'a recipe is stored byte for byte')
    point(received(said, 'S7F20') == ['<L <A "R-1">>'] and received(said, 'S7F6')[1] == '<L>', 'the directory names it, and another is not found')
    sizes = [line['size'] for line in said if line.get('message') == 'S7F6' and line['what'] == 'received']
    point(sizes == [2 + 5 + 4 + 200000, 2], 'and it comes back', str(sizes))
    code, said, _ = host(tool.port, '--say', 'S99F1')
    point(code == 1 and received(said, 'S9F5') and 'S99F0' in [line.get('message') for line in said], 'what the equipment does not know is answered by S9F5 and an abort')
    code, said, error = host(tool.port, '--say', 'S7F3 X /no/such/file')
    point(code == 1 and 'S7F3' in error, 'a step that cannot be made is named')
    code, said, _ = host(tool.port, '--say', 'S1F1', '--repeat', 50, '--stats', '--quiet')
    point(code == 0 and said[-1]['what'] == 'stats' and said[-1]['count'] == 50 and said[-1]['p50_us'] <= said[-1]['p99_us'], 'fifty round trips are measured')
    heard = tool.end()
    point(received(heard, 'S2F41')[0] == '<L <A "START"> <L <L <A "LOT"> <A "7">>>>' and received(heard, 'S6F12') == ['<B 0x00>'],
          'the equipment heard the command, and the host took its event')


def other_way():
    waiting = Listener('host', '--passive', '--once')
    code, said, _ = host(waiting.port, '--active', '--once', '--say', 'S5F1 <L <B 0x81> <U4 12> <A "chamber hot">>', '--say', 'S6F11 <L <U4 1> <U4 2> <L>>', '--say', 'S1F13',
                         kind='equipment')
    point(code == 0 and received(said, 'S5F2') == ['<B 0x00>'] and received(said, 'S6F12') == ['<B 0x00>'] and received(said, 'S1F14') == ['<L <B 0x00> <L>>'],
          'an equipment may connect to its host, which takes alarms and events')
    waiting.end()


def peer(kind, *options):
    """The simulator at one end of a socket that we hold."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        listener.listen(1)
        listener.settimeout(20)
        process = subprocess.Popen([SIM, kind, '--port', str(listener.getsockname()[1]), *map(str, options)], stdout=subprocess.PIPE, text=True)
        connection, _ = listener.accept()
        connection.settimeout(20)
    return process, connection


def timers():
    process, connection = peer('host', '--t6', '200ms', '--say', 'S1F1')
    said = lines_of(process.communicate(timeout=20)[0])
    point(process.returncode == 1 and any(line['what'] == 'T6' for line in said), 'T6: a selection that is not answered ends the connection')
    connection.close()
    process, connection = peer('host', '--t3', '200ms', '--say', 'S1F1')
    connection.recv(14)
    connection.sendall(frame(0, 0, 2, 1, session=0xffff))
    said = lines_of(process.communicate(timeout=20)[0])
    point(process.returncode == 1 and any(line['what'] == 'T3' for line in said), 'T3: a message that is not answered')
    connection.close()
    process, connection = peer('host', '--t8', '200ms', '--stay')
    connection.recv(14)
    connection.sendall(frame(0, 0, 2, 1, session=0xffff) + b'\0\0\0')
    time.sleep(0.5)
    process.terminate()
    point(any(line['what'] == 'T8' for line in lines_of(process.communicate(timeout=20)[0])), 'T8: a frame that stops in its middle')
    connection.close()
    tool = Listener('equipment', '--t7', '200ms', '--once', '--linktest', '50ms')
    with socket.create_connection(('127.0.0.1', tool.port), timeout=20) as connection:
        point(connection.recv(100) == b'', 'T7: who connects and does not select is let go')
    tool.end()


def link_test():
    tool = Listener('equipment', '--linktest', '50ms')
    with socket.create_connection(('127.0.0.1', tool.port), timeout=20) as connection:
        connection.sendall(frame(0, 0, 1, 1, session=0xffff))
        data = b''
        while len(data) < 28:
            data += connection.recv(100)
        point(data[9] == 2 and data[23] == 5, 'link tests are sent once it is selected', data.hex())
        connection.sendall(frame(0x81, 1, 8, 77))
        while len(data) < 42:
            data += connection.recv(100)
        point(data[37] == 7, 'an unknown SType is rejected', data.hex())
    tool.end()


def main():
    top = Path(tempfile.mkdtemp(prefix='gateway-tool-sim-'))
    try:
        talk_through(top)
        other_way()
        timers()
        link_test()
    finally:
        shutil.rmtree(top)
    print(f'1..{count}')


sys.exit(main())
