#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=170
#
# gateway-answer.py - the gateway refuses in the tool's own words within a session, and the session lives on: two Linux stacks, a simulated host and its tool, the
# engine between them. First over a cable made here that loses, doubles and swaps frames before and behind the engine; then with the gateway itself, whose engine is killed: a session
# whose numbers it had shifted is reset on both sides, not left broken, and all others go on.
import json
import os
import random
import re
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import gateway_lab as g  # noqa: E402
import gateway_live as live  # noqa: E402

LINES = ['host may S2F41 with RCMD START, STOP', 'S2F15 never', 'S7F3 never', 'S7F6 never leaves', 'host may read', 'equipment may report']
checks = g.Points(160)
SIM = str(g.BUILD / 'sekisho-tool-sim')


def policy_text(serial, mode='enforce'):
    return (f'part: gateway\nserial: {serial}\nnot_before: 2020-01-01\nexpires: 2037-01-01\ngateway:\n  zones:\n    - {{name: tools, addresses: [10.77.0.1]}}\n'
            '    - {name: mes, addresses: [10.77.0.2]}\n  conduits:\n'
            f'    - {{name: hsms, from: mes, to: tools, ports: [tcp/5000], protocols: [hsms], action: inspect, mode: {mode}, answer: native, lines: {json.dumps(LINES)}}}\n'
            f'    - {{name: plain, from: mes, to: tools, ports: [tcp/7000], action: inspect, mode: {mode}}}\n'
            f'  otherwise: {{action: switch, mode: {mode}}}\n')


class Cable:
    """Frames between the two ports in the middle, through the engine; a part is lost, doubled or late, on each side of it."""

    def __init__(self, lab, loss=0, swap=0, seed=1):
        self.random, self.loss, self.swap = random.Random(seed), loss, swap
        self.events = open(Path(lab.folder) / f'events-{seed}-{loss}-{swap}', 'w+')
        self.rig = subprocess.Popen([str(g.BUILD / 'gateway-engine-rig'), '--policy', lab.write(policy_text(1))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.events)
        self.wires = []
        for name in ('ga', 'gb'):
            wire = object.__new__(g.Wire)
            with g.Inside(lab.g):
                wire.sock = g.socket.socket(g.socket.AF_PACKET, g.socket.SOCK_RAW, g.socket.htons(3))
                wire.sock.bind((name, 0))
            self.wires.append(wire.sock)
        self.late = []
        self.frames = self.lost = 0

    def dice(self, of):
        return self.random.randrange(100) < of

    def ask(self, port, frame):
        self.rig.stdin.write(struct.pack('!BI', port, len(frame)) + frame)
        self.rig.stdin.flush()
        while (head := self.rig.stdout.read(5)) != b'\xff' * 5:
            to, size = struct.unpack('!BI', head)
            self.later(('out', to, self.rig.stdout.read(size)))

    def later(self, what):
        """On its way: at once, a little later, twice, or never."""
        if what[2][12:14] == b'\x08\x00' and what[2][23] == 6:
            if self.dice(self.loss):
                self.lost += 1
                return
            if self.dice(self.swap):
                self.late.append((time.monotonic() + self.random.uniform(0.002, 0.03), what))
                if self.dice(50):
                    return
        self.deliver(what)

    def deliver(self, what):
        way, port, frame = what
        if way == 'in':
            self.ask(port, frame)
        else:
            try:
                self.wires[port].send(frame.ljust(60, b'\0'))
            except OSError:
                pass

    def run(self, process, seconds):
        """Until that process ends."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and process.poll() is None:
            readable = select.select(self.wires, [], [], 0.01)[0]
            for port, wire in enumerate(self.wires):
                while wire in readable and select.select([wire], [], [], 0)[0]:
                    frame, address = wire.recvfrom(65536)
                    if address[2] != g.socket.PACKET_OUTGOING:
                        self.frames += 1
                        self.later(('in', port, frame))
            now = time.monotonic()
            due = [what for at, what in self.late if at <= now]
            self.late = [entry for entry in self.late if entry[0] > now]
            for what in due:
                self.deliver(what)
            self.ask(2, b'')  # time goes on
        return process.poll() is not None

    def end(self):
        self.rig.stdin.close()
        self.rig.wait(10)
        for wire in self.wires:
            wire.close()
        self.events.seek(0)
        return [json.loads(line) for line in self.events if line.startswith('{')]


def tool(lab, *options):
    out = open(Path(lab.folder) / 'tool.log', 'w')
    process = subprocess.Popen([*g.inside(lab.a), 'stdbuf', '-oL', SIM, 'equipment', '--listen', '10.77.0.1', '--port', '5000', *options], stdout=out, stderr=out)
    lab.started.append(process)
    time.sleep(0.3)
    return Path(lab.folder) / 'tool.log'


def host(lab, messages, *options):
    words = [word for message in messages for word in ('--say', message)]
    return subprocess.Popen([*g.inside(lab.b), SIM, 'host', '--connect', '10.77.0.1', '--port', '5000', '--t3', '15s', *options, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def heard(text, message):
    return [line for line in text.splitlines() if '"received"' in line and f'"{message}"' in line]


def over_a_cable(name, rounds, **faults):
    lab = g.Lab(tag=name.replace(' ', ''))
    try:
        with g.Inside(lab.g):
            for dev in ('ga', 'gb'):
                for feature in (g.TSO, g.GSO, g.GRO, g.TXCSUM):
                    g.ethtool(dev, feature, 0)
        cable = Cable(lab, **faults)
        log = tool(lab, '--every', '40ms')
        process = host(lab, ['S1F1', 'S2F41 ABORT', 'S2F41 START', 'S2F15 <L <L <U4 1> <U4 2>>>', 'S1F1'], '--repeat', str(rounds))
        ended = cable.run(process, 60)
        if not ended:
            process.kill()
        said = process.communicate()[0]
        return ended, said, log.read_text(), cable, cable.end()
    finally:
        lab.end()


def lives_on(name, rounds, **faults):
    ended, said, at_tool, cable, events = over_a_cable(name, rounds, **faults)
    checks.point(ended and 'S1F2' in said and len(heard(said, 'S1F2')) == 2 * rounds, f'{name}: the session lives to its end', said[-1500:] + at_tool[-800:])
    checks.point(len(heard(said, 'S2F42')) == 2 * rounds and len(heard(said, 'S2F16')) == rounds, f'{name}: each refusal comes as the transaction\'s own answer', said[-1500:])
    checks.point('ABORT' not in at_tool and 'S2F15' not in at_tool and len(heard(at_tool, 'S2F41')) == rounds, f'{name}: the tool hears what it may', at_tool[-1500:])
    checks.point(len(heard(said, 'S6F11')) > 0, f'{name}: its own messages come through between', said[-800:])
    checks.point(sum(event['fab']['kind'] == 'answer' for event in events) == 1, f'{name}: the session is told as one that was answered in', events[-3:])
    if faults.get('loss'):
        checks.point(cable.lost > rounds, f'{name}: frames were lost', cable.lost)
    if os.environ.get('GW_DEBUG'):
        print(f'# {name}: {cable.frames} frames, {cable.lost} lost')


def words_of(sock, seconds):
    """What comes until the connection ends: the bytes, and how it ended."""
    got = b''
    sock.settimeout(seconds)
    try:
        while data := sock.recv(65536):
            got += data
        return got, 'closed'
    except ConnectionResetError:
        return got, 'reset'
    except TimeoutError:
        return got, 'open'


def frame(stream, function, system, body=b'', stype=0, session=1, wait=True):
    return struct.pack('>IHBBBBI', 10 + len(body), session, stream | (0x80 if wait else 0), function, 0, stype, system) + body


def take(sock, size, seconds=5):
    got = b''
    sock.settimeout(seconds)
    try:
        while len(got) < size and (data := sock.recv(size - len(got))):
            got += data
    except OSError:
        pass
    return got


def pair_of(lab, port):
    with g.Inside(lab.a):
        waiting = g.socket.create_server(('10.77.0.1', port))
    with g.Inside(lab.b):
        caller = g.socket.create_connection(('10.77.0.1', port), 5)
    waiting.settimeout(5)
    called = waiting.accept()[0]
    waiting.close()
    return caller, called


def refused_once(caller, called):
    """Selected, then a refused S2F15 whose answer the gateway gives."""
    caller.sendall(frame(0, 0, 1, stype=1, session=0xffff, wait=False))
    select_seen = take(called, 14)
    called.sendall(frame(0, 0, 1, stype=2, session=0xffff, wait=False))
    take(caller, 14)
    caller.sendall(frame(2, 15, 7, b'\x01\x00'))
    answer = take(caller, 17)
    caller.sendall(frame(1, 1, 8))
    return len(select_seen) == 14 and answer[6:8] == b'\x02\x10' and take(called, 14)[6:8] == b'\x81\x01'


def answered_session(lab, name):
    """A session that was answered in. Under load the engine may owe a frame for longer than 4 ms, which then goes on without it: another one, then."""
    for _ in range(8):
        caller, called = pair_of(lab, 5000)
        try:
            if refused_once(caller, called):
                checks.point(True, f'{name}: a refusal is answered, the next message passes')
                return caller, called
        except OSError:
            pass
        caller.close()
        called.close()
    checks.point(False, f'{name}: a refusal is answered, the next message passes')
    return pair_of(lab, 5000)


def killed(lab, gateway, name, end):
    """A session that was answered in, and one that was not, over the end of the engine."""
    caller, called = answered_session(lab, name)
    plain, other = pair_of(lab, 7000)
    plain.sendall(b'before')
    checks.point(take(other, 6) == b'before' and live.wait(lambda: len(gateway.status()['answered_in']) == 1, 3), f'{name}: status lists the session', gateway.status())
    before = gateway.engine()
    end(before)
    for sock, who in ((caller, 'host'), (called, 'tool')):
        checks.point(words_of(sock, 4) == (b'', 'reset'), f'{name}: the {who} is told that the session is over')
    plain.sendall(b'after')
    checks.point(take(other, 5) == b'after', f'{name}: a session without shifted numbers goes on')
    for sock in (caller, called, plain, other):
        sock.close()
    return before


def again(lab, gateway, before):
    checks.point(live.wait(lambda: gateway.engine() not in (0, before) and gateway.status()['engine']['state'] == 'up' and gateway.status()['policy']['engine_has_it']), 'an engine is there again', gateway.log())
    caller, called = answered_session(lab, 'the next engine')
    for sock in (caller, called):
        sock.close()


def unheard(lab, gateway):
    """Neither end was told (the frames were lost), and no engine comes for a while: what they say does not go on under wrong numbers. The next engine resets them."""
    caller, called = answered_session(lab, 'unheard')
    before = gateway.engine()
    gateway.process.send_signal(signal.SIGSTOP)
    drop(lab, True)
    os.kill(before, signal.SIGKILL)
    time.sleep(0.3)
    drop(lab, False)
    told = ended(called) or ended(caller)
    checks.point(not told, 'unheard: neither end was told')
    if not told:
        called.sendall(frame(1, 2, 8, b'\x21\x40' + bytes(64), wait=False))
    got = words_of(caller, 2)
    checks.point(got == (b'', 'open'), 'unheard: nothing goes on with wrong numbers', got)
    gateway.process.send_signal(signal.SIGCONT)
    checks.point(live.wait(lambda: ended(called), 15), 'unheard: the next engine resets who speaks', gateway.log())
    checks.point(live.wait(lambda: gateway.status()['engine']['orphans'] >= 1, 5), 'unheard: and counts it', gateway.status()['engine'])
    for sock in (caller, called):
        sock.close()


def ended(sock):
    sock.settimeout(0.1)
    try:
        return sock.recv(1) == b''
    except TimeoutError:
        return False
    except OSError:
        return True


def drop(lab, on):
    """Nothing reaches either end: its own address is not its own for a moment."""
    for side, address in (('a', '10.77.0.1/24'), ('b', '10.77.0.2/24')):
        g.run('ip', '-n', getattr(lab, side), 'addr', 'del' if on else 'add', address, 'dev', f'v{side}')


def with_the_gateway():
    lab = g.Lab()
    gateway = None
    try:
        gateway = live.Live(lab)
        checks.point(gateway.policy(policy_text(1), 1), 'the gateway has the policy', gateway.log())
        before = killed(lab, gateway, 'killed', lambda pid: os.kill(pid, signal.SIGKILL))
        again(lab, gateway, before)
        unheard(lab, gateway)
        caller, called = answered_session(lab, 'open')
        gateway.command('gateway', 'open', '--for', '20s')
        caller.sendall(frame(2, 15, 9, b'\x01\x00'))
        checks.point(take(called, 16)[6:8] == b'\x82\x0f', 'while the gateway is open it goes on under its shifted numbers', gateway.log())
        gateway.command('gateway', 'open', '--for', '0s')
        checks.point(gateway.stop() == 0, 'it stops in order', gateway.log())
        for sock, who in ((caller, 'host'), (called, 'tool')):
            checks.point(words_of(sock, 4)[1] == 'reset', f'stopped: the {who} is told that the session is over')
    finally:
        if gateway:
            gateway.stop()
        lab.end()


def main():
    lives_on('a good cable', 5)
    lives_on('frames lost', 4, loss=8, seed=2)
    lives_on('frames swapped', 6, swap=25, seed=3)
    lives_on('all of it', 3, loss=6, swap=15, seed=4)
    with_the_gateway()
    checks.finish()


main()
