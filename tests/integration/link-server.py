#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Events from the agent's spool to the real server's store: 100,000 of them arrive exactly once while every process of both programs is killed, and
# the server is killed at each named point of its way in.
#
# The account is the store's own: each event stands once under (agent, epoch, priority, seq), so with no open gap, nothing lost and as many events as
# numbers were given out, each arrived exactly once; that the numbers are in order is asked of the rows themselves.
import hashlib
import json
import os
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
DUTIES = {'spool': 61100, 'link': 61101, 'intake': 61110, 'store': 61111, 'fleet': 61112, 'web': 61113}
POINTS = {'intake.receive': 3, 'intake.commit': 3, 'intake.ack': 3, 'store.commit': 3, 'store.ack': 3}

count = failed = 0


def say(ok, name, why=''):
    global count, failed
    count += 1
    failed += not ok
    print(f'{"ok" if ok else "not ok"} {count} - {name}', flush=True)
    for line in str(why).splitlines()[-25:] if not ok else []:
        print('# ' + line, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class World:
    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix='link-server-'))
        self.root.chmod(0o755)
        (self.root / 'etc/sekisho').mkdir(parents=True)
        self.port = free_port()
        pick = {'agent': ('spool', 'link'), 'server': ('intake', 'store', 'fleet', 'web')}
        for name, duties in pick.items():
            users = ''.join(f'  {duty}: "{DUTIES[duty]}"\n' for duty in duties)
            more = f'intake:\n  listen: 127.0.0.1:{self.port}\nweb:\n  listen: 127.0.0.1:{free_port()}\n' if name == 'server' else 'link:\n  retry_max: 500ms\n'
            (self.root / f'etc/sekisho/{name}.yaml').write_text(f'users:\n{users}{more}')
        self.log = open(self.root / 'log', 'ab')
        self.command('policy', 'keygen', '--plain', self.root / 'site.key', root=False)
        self.command('server', 'init', '--site-key', self.root / 'site.key.pub', '--name', '127.0.0.1')
        self.server = self.agent = None

    def command(self, *words, root=True):
        argv = [str(BUILD / 'sekisho')] + [str(w) for w in words] + (['--root', str(self.root)] if root else [])
        return subprocess.run(argv, capture_output=True, text=True, timeout=60)

    def start(self, program, point=None):
        env = dict(os.environ, SEKISHO_LOG='notice')
        env.pop('SEKISHO_POINT', None)
        if point:
            env.update(SEKISHO_POINT=point, SEKISHO_POINT_LOG=str(self.root / 'points'))
        return subprocess.Popen([str(BUILD / program), 'run', '--root', str(self.root)], env=env, stdout=self.log, stderr=self.log)

    def enrol(self, *labels):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            said = self.command('fleet', 'token', '--org', 'o', '--site', 's', '--json', *labels)
            if said.returncode == 0:
                break
            time.sleep(0.1)
        token = json.loads(said.stdout)
        return subprocess.run([str(BUILD / 'sekisho-agent'), 'enrol', '--root', str(self.root), '--server', f'127.0.0.1:{self.port}',
                               '--token', f'{token["token"]}.{token["pin"]}'], capture_output=True, text=True, timeout=60)

    def report(self, first, last):
        return subprocess.Popen([str(BUILD / 'link-rig'), 'report', str(self.root), str(first), str(last)], stderr=self.log)

    def duty(self, program, name):
        for path in Path('/proc').glob('[0-9]*/stat'):
            try:
                fields = path.read_text()
            except OSError:
                continue
            inside, after = fields[fields.index('(') + 1:fields.rindex(')')], fields[fields.rindex(')') + 2:].split()
            if inside == f'sekisho-{name}' and int(after[1]) == program.pid:
                return int(path.parent.name)
        return 0

    def kill(self, program, name):
        if pid := self.duty(program, name):
            os.kill(pid, signal.SIGKILL)

    def stats(self):
        said = self.command('server', 'status', '--json')
        return json.loads(said.stdout) if said.returncode == 0 else {}

    def store(self):
        found = self.stats()
        return found.get('store', found)

    def arrived(self, total, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.store().get('events', 0) >= total:
                return True
            time.sleep(0.2)
        return False

    def stop(self, program):
        if program and program.poll() is None:
            program.terminate()
            try:
                program.wait(20)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()

    def said(self):
        return (self.root / 'log').read_text(errors='replace')

    def close(self):
        self.stop(self.agent)
        self.stop(self.server)
        self.log.close()
        shutil.rmtree(self.root)


def in_order(w):
    """The newest thousand rows: their numbers go down by one in each stream, and the event is the one that was given that number."""
    said = w.command('events', '--json', '--limit', '1000')
    last = {}
    for line in said.stdout.splitlines():
        row = json.loads(line)
        if 'id' not in row:
            continue
        agent, epoch, priority, seq = row['id'].split('/')
        before = last.get((epoch, priority))
        if before is not None and int(seq) != before - 1:
            return f'{row["id"]} follows {before}'
        last[(epoch, priority)] = int(seq)
    return '' if last else f'no rows: {said.stdout[:300]} {said.stderr[:300]}'


def account(w, total, name, least=None):
    reached = w.arrived(total, 90)
    time.sleep(0.3)
    store = w.store()
    fine = reached and store.get('gaps') == 0 and store.get('lost') == 0 and total <= store['events'] <= (least or total)
    say(fine, name, f'{store}\n{w.said()}')
    why = in_order(w)
    say(not why, 'and in order', why)


def publish(w, serial, asset, programs=1):
    """A policy for one asset, through the server; it observes a folder that is none."""
    listed = ''.join(f'    - {{sha256: {hashlib.sha256(str(i).encode()).hexdigest()}, name: /usr/lib/x86_64-linux-gnu/lib{i}.so.1, publisher: lib{i}, size: {i}}}\n'
                     for i in range(programs))
    draft, signed = w.root / f'{serial}.yaml', w.root / f'{serial}.skp'
    draft.write_text(f'part: lockdown\nserial: {serial}\nnot_before: 2026-01-01\nexpires: 2036-01-01\nlabels:\n  asset: [{asset}]\n'
                     f'lockdown:\n  mode: observe\n  scope: [/none]\n  programs:\n{listed}')
    return [w.command('policy', 'sign', '--key', w.root / 'site.key', draft, '--out', signed, root=False), w.command('fleet', 'publish', signed)]


def labels():
    """The asset of the token is the endpoint's own place: what the server says of it later makes no policy fit."""
    w = World()

    def guard():
        said = w.command('lockdown', 'status', '--json')
        return json.loads(said.stdout) if said.stdout.startswith('{') else {}

    def until(condition):
        end = time.monotonic() + 15
        while not (good := condition()) and time.monotonic() < end:
            time.sleep(0.1)
        return good
    try:
        w.server = w.start('sekisho-server')
        said = w.enrol('--label', 'asset=ETCH-07')
        place = json.loads((w.root / 'var/lib/sekisho/policy/place.json').read_text())
        say(place == {'org': 'o', 'site': 's', 'asset': 'ETCH-07'}, 'enrolment pins organisation, site and the asset of the token', f'{place} {said}')
        w.agent = w.start('sekisho-agent')
        did = publish(w, 3, 'ETCH-07')
        say(until(lambda: guard().get('serial') == 3), 'a policy for this asset is in force', f'{did} {guard()} {w.said()}')
        did = publish(w, 4, 'ETCH-07', 100000)
        say(until(lambda: guard().get('serial') == 4), 'a policy of 100,000 programs goes the same way', f'{did} {guard()} {w.said()}')
        agent = json.loads((w.root / 'var/lib/sekisho/link/identity.json').read_text())['agent']
        did = [w.command('fleet', 'label', agent, 'asset=ETCH-08')] + publish(w, 5, 'ETCH-08')
        say(until(lambda: 'other-label' in json.dumps(guard())) and guard()['serial'] == 4,
            'labelled anew on the server: a policy for another asset comes, and is refused', f'{did} {guard()} {w.said()}')
    except Exception as error:  # say it as a test result
        say(False, 'the test of labels went to its end', f'{type(error).__name__}: {error}\n{w.said()}')
    finally:
        w.close()


def main():
    labels()
    if sys.argv[1:] == ['labels']:
        print(f'1..{count}')
        return 1 if failed else 0
    w = World()
    try:
        w.server = w.start('sekisho-server')
        said = w.enrol()
        say(said.returncode == 0, 'an endpoint enrols at the real server', said)
        w.agent = w.start('sekisho-agent')
        reporter = w.report(1, 100000)
        victims = [(w.server, 'store'), (w.agent, 'link'), (w.server, 'intake'), (w.agent, 'spool'), (w.server, 'fleet')]
        for program, name in victims:
            time.sleep(0.6)
            w.kill(program, name)
        w.server.kill()
        w.server.wait()
        time.sleep(0.3)
        w.server = w.start('sekisho-server')
        say(reporter.wait(120) == 0, 'every process is killed once: the spool takes 100,000 events', w.said())
        # A reporter whose spool died sends again what it was not told is taken: one group of 1,500 at most, under new numbers.
        account(w, 100000, 'and the store has each number exactly once', 101500)
        total = w.store().get('events', 0)
        for point, number in POINTS.items():
            w.stop(w.server)
            (w.root / 'points').unlink(missing_ok=True)
            w.server = w.start('sekisho-server', f'{point}:{number}')
            w.report(1, 6000).wait(60)
            total += 6000
            account(w, total, f'the server killed at {point}: each number exactly once')
            reached = (w.root / 'points').exists() and point in (w.root / 'points').read_text().split()
            say(reached, f'{point} was reached')
    except Exception as error:  # say it as a test result
        say(False, 'the test went to its end', f'{type(error).__name__}: {error}\n{w.said()}')
    finally:
        w.close()
    print(f'1..{count}')
    return 1 if failed else 0


sys.exit(main())
