#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=600
#
# Events through the agent's spool and link to a server, with everything killed, starved and disconnected on the way.
#
# The server is link-rig (agent/link/rig.c): it remembers what it got, and nothing else. Each case reports numbered events to spool.sock, hurts
# something, and asks: did each number arrive, each (epoch, priority, seq) once and in order, and does a capped spool name exactly what it dropped?
# A point of agent/link or of lib/spool that runs in the agent and is not reached fails the test.
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(os.environ.get('SEKISHO_SOURCE', Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get('SEKISHO_BUILD', ROOT / 'build'))
AGENT, ALONE, RIG = BUILD / 'sekisho-agent', BUILD / 'link-agent', BUILD / 'link-rig'
SPOOL_UID, LINK_UID = (61100, 61101) if os.geteuid() == 0 else (os.geteuid(), os.geteuid())

count = failed = 0


def say(ok, name, why=''):
    global count, failed
    count += 1
    failed += not ok
    print(f'{"ok" if ok else "not ok"} {count} - {name}', flush=True)
    for line in str(why).splitlines()[-25:] if not ok else []:
        print('# ' + line, flush=True)
    return ok


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def until(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


class World:
    """A root, an agent in it, a server beside it."""

    def __init__(self, settings=''):
        self.top = Path(tempfile.mkdtemp(prefix='link-loss-'))
        self.top.chmod(0o755)
        self.root, self.server_dir = self.top / 'root', self.top / 'server'
        (self.root / 'etc/sekisho').mkdir(parents=True)
        self.server_dir.mkdir()
        (self.root / 'etc/sekisho/agent.yaml').write_text(
            f'users:\n  spool: "{SPOOL_UID}"\n  link: "{LINK_UID}"\nlink:\n  retry_max: 500ms\n{settings}')
        self.port = free_port()
        self.log = open(self.top / 'log', 'ab')
        self.agent = self.server = None

    def start_server(self, point=None):
        self.server = self.start([RIG, 'serve', self.server_dir, str(self.port)], point, stdout=subprocess.PIPE)
        return self.server.stdout.readline().decode().strip()

    def start(self, argv, point=None, **more):
        env = dict(os.environ, SEKISHO_LOG='notice')
        env.pop('SEKISHO_POINT', None)
        if point:
            env['SEKISHO_POINT'] = point
            env['SEKISHO_POINT_LOG'] = str(self.top / 'points')
        more.setdefault('stdout', self.log)
        return subprocess.Popen([str(a) for a in argv], env=env, stderr=self.log, **more)

    def enrol(self, token='good', pin=None):
        port = free_port()
        door = self.start([RIG, 'enrol', self.server_dir, str(port)], stdout=subprocess.PIPE)
        true_pin = door.stdout.readline().decode().strip()
        said = subprocess.run([str(AGENT), 'enrol', '--root', str(self.root), '--server', f'127.0.0.1:{port}', '--token',
                               f'{token}.{pin or true_pin}'], capture_output=True, text=True, timeout=60)
        self.stop(door)
        identity = self.root / 'var/lib/sekisho/link/identity.json'
        if identity.exists():
            known = json.loads(identity.read_text())
            known['server'] = f'127.0.0.1:{self.port}'
            identity.write_text(json.dumps(known, sort_keys=True, separators=(',', ':')))
        return said

    def start_agent(self, point=None):
        self.agent = self.start([AGENT, 'run', '--root', self.root], point)

    def start_agent_alone(self):
        """Without the duties of lockdown: lockdown.sock is the stand-in's (agent/main/rig.c)."""
        self.agent = self.start([ALONE, self.root])

    def duty(self, name):
        """Process id of a duty of our agent."""
        for path in Path('/proc').glob('[0-9]*/stat'):
            try:
                fields = path.read_text()
            except OSError:
                continue
            inside, after = fields[fields.index('(') + 1:fields.rindex(')')], fields[fields.rindex(')') + 2:].split()
            if inside == f'sekisho-{name}' and int(after[1]) == self.agent.pid:
                return int(path.parent.name)
        return 0

    def report(self, first, last):
        return subprocess.Popen([str(RIG), 'report', str(self.root), str(first), str(last)], stderr=self.log)

    def received(self):
        path = self.server_dir / 'received'
        text = path.read_text() if path.exists() else ''
        whole = text[:text.rfind('\n') + 1]  # the server may be in the middle of a line
        return [tuple(int(word) for word in line.split()) for line in whole.splitlines()]

    def numbers(self):
        return {row[3] for row in self.received() if row[3]}

    def arrived(self, total, seconds=60):
        return until(seconds, lambda: len(self.numbers()) >= total)

    def account(self, total):
        """What is wrong with what arrived; '' when nothing."""
        last, lost, seen = {}, set(), set()
        for epoch, priority, seq, number, *loss in self.received():
            stream = (epoch, priority)
            if seq <= last.get(stream, 0):
                return f'seq {seq} of priority {priority} came after {last[stream]}'
            last[stream] = seq
            seen.add((epoch, priority, seq))
            if loss:
                for one in range(loss[1], loss[2] + 1):
                    if (epoch, loss[0], one) in lost:
                        return f'{one} of priority {loss[0]} was called lost twice'
                    lost.add((epoch, loss[0], one))
        if both := seen & lost:
            return f'called lost and came: {sorted(both)[:5]}'
        for (epoch, priority), end in last.items():
            for seq in range(1, end + 1):
                if (epoch, priority, seq) not in seen and (epoch, priority, seq) not in lost:
                    return f'seq {seq} of priority {priority} is missing, and nothing says so'
        missing = set(range(1, total + 1)) - self.numbers()
        if len(missing) > len(lost):
            return f'{len(missing)} numbers did not arrive, {len(lost)} are called lost: {sorted(missing)[:5]}'
        return ''

    def stop(self, process, how=signal.SIGTERM):
        if process and process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(60)  # an agent that was only just started loads its kernel side first, and killed in it would leave pins
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process and process.stdout:
            process.stdout.close()

    def said(self):
        return (self.top / 'log').read_text(errors='replace')

    def close(self):
        self.stop(self.agent)
        self.stop(self.server)
        self.log.close()
        shutil.rmtree(self.top)


def case(function):
    world = World(getattr(function, 'settings', ''))
    try:
        function(world)
    except Exception as error:  # a test that cannot go on says so and lets the next one run
        say(False, function.__name__, f'{type(error).__name__}: {error}\n{world.said()}')
    finally:
        world.close()


def enrolment(w):
    said = w.enrol(token='bad')
    say(said.returncode == 1 and 'denied' in said.stderr, 'an unknown token is refused with exit code 1', said)
    said = w.enrol(pin='00' * 32)
    say(said.returncode == 3 and not (w.root / 'var/lib/sekisho/link/identity.json').exists(),
        'a server with another certificate than the token names is not believed', said)
    said = w.enrol()
    say(said.returncode == 0 and 'agent-1' in said.stdout, 'the right token enrols', said)
    wanted = {'var/lib/sekisho/link/key.pem': (LINK_UID, 0o600), 'var/lib/sekisho/link/identity.json': (LINK_UID, 0o600),
              'var/lib/sekisho/endpoint.secret': (os.geteuid(), 0o600), 'var/lib/sekisho/link': (LINK_UID, 0o700)}
    real = {path: ((w.root / path).stat().st_uid, (w.root / path).stat().st_mode & 0o777) for path in wanted}
    say(real == wanted, 'what it leaves has the right owners and modes', real)
    say((w.root / 'var/lib/sekisho/policy/site.pub').exists(), 'the site key is pinned')
    again = w.enrol()
    say(again.returncode == 0, 'enrolling again with the same site key works', again)


def straight(w):
    w.enrol()
    w.start_server()
    w.start_agent()
    started = time.monotonic()
    reporter = w.report(1, 100000)
    say(reporter.wait(60) == 0 and w.arrived(100000), '100,000 events arrive', w.said())
    print(f'# {100000 / (time.monotonic() - started):.0f} events/s', flush=True)
    why = w.account(100000)
    say(not why, 'each once and in order', why)
    before = len(w.numbers())
    started = time.monotonic()
    w.report(100002, 100002).wait()  # a multiple of three: priority 0
    say(until(1, lambda: len(w.numbers()) > before), 'one event of priority 0 arrives within a second', w.said())
    print(f'# after {1000 * (time.monotonic() - started):.0f} ms, starting the reporter included', flush=True)


def rest(w):
    w.enrol()
    w.start_server()
    w.start_agent()
    until(60, lambda: 'connected to' in w.said() and all(w.duty(name) for name in ('spool', 'link')))
    time.sleep(2)
    def switches():
        total = 0
        for name in ('spool', 'link'):
            text = Path(f'/proc/{w.duty(name)}/status').read_text()
            total += sum(int(n) for n in re.findall(r'ctxt_switches:\t(\d+)', text))
        text = Path(f'/proc/{w.agent.pid}/status').read_text()
        return total + sum(int(n) for n in re.findall(r'ctxt_switches:\t(\d+)', text))
    before = switches()
    time.sleep(10)
    woken = switches() - before
    say(woken <= 10, 'at rest the agent wakes up at most once a second', f'{woken} in ten seconds')
    print(f'# {woken} wake-ups of all processes in ten seconds', flush=True)


def server_comes_and_goes(w):
    w.enrol()
    w.start_agent()
    reporter = w.report(1, 100000)
    for _ in range(4):
        w.start_server()
        time.sleep(0.7)
        w.stop(w.server, signal.SIGKILL)
    w.start_server()
    say(reporter.wait(60) == 0 and w.arrived(100000), 'the server is absent, then killed four times: 100,000 arrive', w.said())
    why = w.account(100000)
    say(not why, 'each once and in order', why)


def server_full(w):
    w.enrol()
    (w.server_dir / 'full').touch()
    w.start_server()
    w.start_agent()
    reporter = w.report(1, 3000)
    reporter.wait(60)
    time.sleep(1)
    held = len(w.received())
    (w.server_dir / 'full').unlink()
    say(held == 0 and w.arrived(3000, 20), 'a server without room: events wait, and arrive when there is', w.said())
    why = w.account(3000)
    say(not why, 'each once and in order', why)


def refused(w):
    """A server that never takes one of the events: its batch is given up, and that is said; everything behind it arrives."""
    w.enrol()
    (w.server_dir / 'refuse').touch()
    w.start_server()
    w.start_agent()
    w.report(1, 5000).wait(60)
    w.report(5001, 5003).wait(60)
    say(until(40, lambda: 5003 in w.numbers() and any(len(row) > 4 for row in w.received())), 'a batch that is refused for good: what comes behind it arrives', w.said()[-3000:])
    lost = [row[4:] for row in w.received() if len(row) > 4]
    why = w.account(5003)
    say(not why and len(lost) == 1 and 1234 not in w.numbers(), 'and a tombstone names exactly what was given up', (why, lost))
    say(w.said().count('event 1234 is not liked here') >= 3, 'after three tries', w.said()[-2000:])


def duties_killed(w):
    w.enrol()
    w.start_server()
    w.start_agent()
    until(5, lambda: w.duty('spool') and w.duty('link'))
    reporter = w.report(1, 100000)
    for i in range(8):
        time.sleep(0.3)
        if victim := w.duty('link' if i % 2 else 'spool'):
            os.kill(victim, signal.SIGKILL)
    say(reporter.wait(120) == 0 and w.arrived(100000), 'spool and link killed eight times: 100,000 arrive', w.said())
    why = w.account(100000)
    say(not why, 'nothing twice or out of order', why)


def whole_agent_killed(w):
    w.enrol()
    w.start_server()
    w.start_agent()
    reporter = w.report(1, 15000)
    for _ in range(3):
        time.sleep(0.5)
        w.stop(w.agent, signal.SIGKILL)
        time.sleep(0.3)
        w.start_agent()
    say(reporter.wait(120) == 0 and w.arrived(15000), 'the whole agent killed three times: all arrive', w.said())
    why = w.account(15000)
    say(not why, 'nothing twice or out of order', why)


def capped(w):
    w.enrol()
    w.start_agent()
    reporter = w.report(1, 12000)
    reporter.wait(60)
    w.start_server()
    w.report(12001, 12003).wait()
    say(until(30, lambda: {12001, 12002, 12003} <= w.numbers()), 'a capped spool goes on', w.said())
    time.sleep(0.5)
    lost = [row for row in w.received() if len(row) > 4]
    why = w.account(12003)
    say(lost and not why, 'and says exactly which ranges it dropped', why or 'it dropped nothing')
    say(all(row[4] == 2 for row in lost) or any(row[4] == 2 for row in lost), 'the least important first', lost)


capped.settings = 'spool:\n  max_bytes: 1M\n  segment_bytes: 128K\n'


def messages(w):
    w.enrol()
    (w.root / 'run/sekisho').mkdir(parents=True)
    seen = w.server_dir / 'said'
    heard = w.top / 'guard'
    with open(heard, 'wb') as out:
        guard = w.start([RIG, 'guard', w.root, LINK_UID], stdout=out)
    w.start_server()
    w.start_agent_alone()
    say(until(10, lambda: 'REQUEST ' in seen.read_text()), "a request in the guard's outbox reaches the server", w.said())
    say(until(5, lambda: 'REQUEST_TAKEN {"id":"r-1"}' in heard.read_text()), 'and the guard hears that it was taken', heard.read_text())
    started = time.monotonic()
    (w.server_dir / 'commands').write_text('{"body":{},"id":"c-1","kind":"status"}\n')
    say(until(1, lambda: 'RESULT {"body":{"mode":"enforce"},"id":"c-1","ok":true}' in seen.read_text()),
        'a command goes down and its result comes up within a second', seen.read_text())
    print(f'# {1000 * (time.monotonic() - started):.0f} ms', flush=True)
    until(5, lambda: '"lockdown":{' in seen.read_text())
    health = [json.loads(line.split(' ', 1)[1]) for line in seen.read_text().splitlines() if line.startswith('HEALTH')][-1]
    say(health['clock'] in ('ok', 'wrong') and len(health['spool']['depth']) == 3 and health['lockdown']['serial'] == 7,
        'HEALTH says what spool, clock and guard say', health)
    w.stop(guard, signal.SIGKILL)
    with open(heard, 'wb') as out:
        guard = w.start([RIG, 'guard', w.root, LINK_UID], stdout=out)
    say(until(10, lambda: 'COMMAND' in heard.read_text()), 'a guard that comes back gets what the server still holds', w.said())
    w.stop(guard)


# Points that run inside the agent: where to kill it, and at which pass.
AGENT_POINTS = {
    'link.welcome': 1, 'link.batch': 2, 'link.sent': 2, 'link.ack': 2,
    'spool.append': 4000, 'spool.appended': 4000, 'spool.fsync': 3, 'spool.fsynced': 3, 'spool.rotate': 2, 'spool.rotated': 2,
    'spool.ack': 2, 'spool.acked': 1, 'spool.state': 3, 'spool.open': 1,
}


def at_point(point, number):
    def run(w):
        w.enrol()
        w.start_server()
        w.start_agent(f'{point}:{number}')
        reporter = w.report(1, 9000)
        fine = reporter.wait(120) == 0 and w.arrived(9000)
        reached = (w.top / 'points').exists() and point in (w.top / 'points').read_text().split()
        why = w.account(9000)
        say(fine and reached and not why, f'killed at {point} (pass {number})',
            why or ('the point was not reached' if not reached else w.said()))
    run.settings = 'spool:\n  segment_bytes: 128K\n'
    return run


def server_at_point(point):
    def run(w):
        w.enrol()
        w.start_server(f'{point}:3')
        w.start_agent()
        reporter = w.report(1, 9000)
        died = until(30, lambda: w.server.poll() is not None)
        w.stop(w.server)
        w.start_server()
        fine = reporter.wait(120) == 0 and w.arrived(9000)
        why = w.account(9000)
        say(died and fine and not why, f'the server killed at {point}', why or w.said())
    return run


def main():
    in_source = {name for folder in ('agent/link',) for path in (ROOT / folder).glob('*.c') if path.name != 'rig.c'
                 for name in re.findall(r'SK_POINT\("([^"]+)"\)', path.read_text())}
    say(in_source <= set(AGENT_POINTS), 'every named point of agent/link is in the table', in_source - set(AGENT_POINTS))
    for one in (enrolment, straight, rest, server_comes_and_goes, server_full, refused, duties_killed, whole_agent_killed, capped, messages):
        if len(sys.argv) < 2 or one.__name__ in sys.argv[1:]:
            case(one)
    for point, number in AGENT_POINTS.items():
        if len(sys.argv) < 2 or point in sys.argv[1:]:
            case(at_point(point, number))
    for point in ('rig.commit', 'rig.committed'):
        if len(sys.argv) < 2 or point in sys.argv[1:]:
            case(server_at_point(point))
    print(f'1..{count}')
    return 1 if failed else 0


sys.exit(main())
