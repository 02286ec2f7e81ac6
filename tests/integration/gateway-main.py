#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=150
#
# sekisho-gateway as people run it: settings, status, signed policies that are taken or refused with their reason while the last good one stays, switches that end by
# themselves and are told, each process killed and there again with what it knew.
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(os.environ.get('SEKISHO_SOURCE', Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get('SEKISHO_BUILD', ROOT / 'build'))
USERS = {'link': 61101, 'io': 61120, 'engine': 61121}
LINES = ['host may S2F41 with RCMD START, STOP', 'S2F15 never', 'S7F3 only while maintenance and recipe released', 'equipment may report']

count = failed = 0


def say(ok, name, why=''):
    global count, failed
    count += 1
    failed += not ok
    print(f'{"ok" if ok else "not ok"} {count} - {name}', flush=True)
    for line in str(why).splitlines()[-25:] if not ok else []:
        print('# ' + line, flush=True)


class Gateway:
    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix='gateway-main-'))
        self.root.chmod(0o755)
        (self.root / 'etc/sekisho').mkdir(parents=True)
        users = ''.join(f'  {name}: "{number}"\n' for name, number in USERS.items())
        (self.root / 'etc/sekisho/gateway.yaml').write_text('users:\n' + users)
        self.key = self.root / 'site.key'
        self.command('policy', 'keygen', '--plain', self.key, root=False)
        self.process = None

    def command(self, *words, root=True):
        argv = [str(BUILD / 'sekisho')] + [str(w) for w in words] + (['--root', str(self.root)] if root else [])
        return subprocess.run(argv, capture_output=True, text=True, timeout=30, env=dict(os.environ, LC_ALL='C'))

    def start(self):
        self.log = open(self.root / 'log', 'ab')
        self.process = subprocess.Popen([str(BUILD / 'sekisho-gateway'), 'run', '--root', str(self.root)], env=dict(os.environ, SEKISHO_LOG='notice'),
                                        stdout=self.log, stderr=self.log)
        return self.wait(lambda: self.status() is not None)

    def status(self):
        said = self.command('gateway', 'status', '--json')
        return json.loads(said.stdout) if said.returncode in (0, 1) and 'mode' in said.stdout else None

    def wait(self, what, seconds=15):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if what():
                return True
            time.sleep(0.1)
        return False

    def sign(self, serial, lines=LINES, mode='enforce', protocols='[]', key=None, more='', tail=''):
        draft, out = self.root / f'{serial}.yaml', self.root / f'{serial}.skp'
        out.unlink(missing_ok=True)
        draft.write_text(
            f'part: gateway\nserial: {serial}\n{more}gateway:\n  zones:\n    - {{name: tools, addresses: [10.20.0.0/24]}}\n    - {{name: mes, addresses: [10.10.0.5]}}\n'
            f'  conduits:\n    - name: mes\n      from: mes\n      to: tools\n      ports: [tcp/5000]\n      protocols: {protocols}\n      action: inspect\n      mode: {mode}\n'
            f'      lines: {json.dumps(lines)}\n  otherwise: {{action: drop, mode: {mode}}}\n{tail}')
        said = self.command('policy', 'sign', '--key', key or self.key, '--out', out, draft, root=False)
        return out if said.returncode == 0 else said

    def bring(self, path):
        return self.command('policy', 'import', path)

    def text(self):
        return (self.root / 'log').read_text(errors='replace')

    def events(self, code):
        """Events wait in the clerk: without a spool they are counted, and the log tells them."""
        return self.text().count(code)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode if self.process else None

    def close(self):
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)


def settings(g):
    said = subprocess.run([str(BUILD / 'sekisho-gateway'), '--help-config'], capture_output=True, text=True, timeout=20)
    say(said.returncode == 0 and 'engine.memory' in said.stdout, '--help-config names every setting', said.stdout)
    (g.root / 'bad.yaml').write_text('pears: []\n')
    said = subprocess.run([str(BUILD / 'sekisho-gateway'), '--config', str(g.root / 'bad.yaml'), '--root', str(g.root)], capture_output=True, text=True, timeout=20)
    say(said.returncode == 2 and 'did you mean "pairs"' in said.stderr, 'a wrong setting is named, with the one that was meant', said.stderr)
    said = g.command('gateway', 'status')
    say(said.returncode == 3 and 'not running' in said.stderr, 'without a gateway the command says so', said)


def policies(g):
    say(g.command('policy', 'pin', g.root / 'site.key.pub').returncode == 0, 'the site key is pinned')
    status = g.status()
    say(status['mode'] == 'observe' and status['policy']['state'] == 'none', 'without a policy it observes', status)
    say(g.bring(g.sign(3)).returncode == 0, 'a policy of part gateway is signed and imported')
    say(g.wait(lambda: g.status()['policy']['serial'] == 3), 'and comes into force without a restart', g.status())
    status = g.status()
    say(status['mode'] == 'enforce' and status['policy']['conduits'] == 1 and status['policy']['zones'] == 2, 'with its zones and conduits', status)
    bad = g.sign(4, LINES + ['S2F21 nevr'])
    say(not isinstance(bad, Path) and 'column 7' in bad.stdout + bad.stderr, 'a line that cannot be read is named with its column when it is signed', bad)
    say(g.bring(g.sign(4, protocols='[telepathy]')).returncode == 0, 'a policy for another gateway is in order for the store')
    say(g.wait(lambda: 'telepathy' in g.status()['policy']['refused']), 'this gateway refuses it and says which protocol it does not know', g.status())
    say(g.status()['policy']['serial'] == 3, 'and the last good one stays in force', g.status())
    say(g.command('gateway', 'status').returncode == 1, 'which status says by its exit code')
    say(g.bring(g.sign(5, mode='shadow')).returncode == 0 and g.wait(lambda: g.status()['policy']['serial'] == 5), 'the next good one takes its place', g.status())
    say(g.status()['mode'] == 'shadow' and g.status()['policy']['refused'] == '', 'in shadow, with nothing refused', g.status())
    before = g.status()['policy']['serial']
    g.bring(g.root / '3.skp')
    time.sleep(0.5)
    say(g.status()['policy']['serial'] == before, 'an older one changes nothing')


def switches(g):
    say(g.command('gateway', 'open').returncode == 2, 'open without a time is a wrong call')
    said = g.command('gateway', 'open', '--for', '1500ms')
    say(said.returncode == 0 and g.status()['mode'] == 'open', 'open --for opens', said)
    say(g.command('gateway', 'status').returncode == 1, 'and status says so by its exit code')
    say(g.wait(lambda: g.status()['mode'] == 'shadow', 5), 'it ends by itself', g.status())
    say('shadow -> open, by root' in g.text() and 'open -> shadow, by time' in g.text(), 'both are told', g.text())
    waiting = g.status()['events']
    say(waiting['waiting'] >= 5 and not waiting['spool'], 'in events, which wait for a spool that is not there', waiting)
    g.command('gateway', 'open', '--for', '1h')
    g.command('gateway', 'open', '--close')
    say(g.status()['mode'] == 'shadow' and 'open -> shadow, by root' in g.text(), 'and can be ended', g.status())
    g.command('gateway', 'maintenance', '--for', '1h')
    say(g.status()['maintenance_until'] > time.time() * 1000, 'maintenance has an end as well', g.status())


def killed(g):
    g.command('gateway', 'open', '--for', '1h')
    was = g.status()
    os.kill(was['processes']['clerk'], signal.SIGKILL)
    say(g.wait(lambda: (g.status() or was)['processes']['clerk'] != was['processes']['clerk']), 'a clerk that is killed is there again', g.text())
    now = g.status()
    say(now['policy']['serial'] == was['policy']['serial'] and now['mode'] == 'open' and now['open_until'] == was['open_until'] and now['maintenance_until'],
        'with the policy, and what people had thrown', now)
    g.command('gateway', 'open', '--close')
    say(g.command('gateway', 'reload', '--json').returncode == 0, 'reload looks again')
    say(g.command('gateway', 'top', '--json').returncode == 0 and json.loads(g.command('gateway', 'explain', '--json').stdout) == {'refusals': []}, 'top and explain answer')
    say(g.command('gateway', 'explain', '7').returncode == 1, 'explain of what never was says so')


def isolated(g):
    """An isolation set is signed in advance; throwing it needs no new policy, and neither a killed clerk nor a restart opens it."""
    more = '  isolation:\n    - {name: bay, zones: [tools]}\n'
    g.bring(g.sign(8, mode='shadow', tail=more))
    say(g.wait(lambda: g.status()['policy']['serial'] == 8), 'a policy with an isolation set is in force', g.text())
    conduits = g.status()['policy']['conduits']
    say(g.command('gateway', 'rehearse', 'bay').returncode == 0, 'where nothing was learnt a rehearsal stops nothing')
    said = g.command('gateway', 'rehearse', 'fab')
    say(said.returncode != 0 and 'no isolation set' in said.stderr, 'a set that the policy does not have is named', said)
    say(g.command('gateway', 'isolate', 'fab', '--for', '1h').returncode != 0, 'and cannot be thrown')
    say(g.command('gateway', 'isolate', 'bay', '--for', '1h').returncode == 0, 'isolate --for')
    now = g.status()
    say(now['isolated'][0]['set'] == 'bay' and now['policy']['conduits'] == conduits + 2 and now['mode'] == 'enforce', 'shuts the zone both ways, enforced', now)
    say(g.command('gateway', 'status').returncode == 1, 'status says so by its exit code')
    os.kill(now['processes']['clerk'], signal.SIGKILL)
    say(g.wait(lambda: (g.status() or now)['processes']['clerk'] != now['processes']['clerk']) and g.status()['isolated'] == now['isolated'], 'a clerk that is killed', g.text())
    g.stop()
    g.start()
    say(g.status()['isolated'] == now['isolated'] and g.status()['policy']['conduits'] == conduits + 2, 'and a restart open nothing', g.status())
    say(g.command('gateway', 'isolate', 'bay', '--close').returncode == 0 and g.status()['policy']['conduits'] == conduits, 'until a person does', g.status())
    g.command('gateway', 'isolate', 'bay', '--for', '1s')
    say(g.wait(lambda: not g.status()['isolated'], 5) and g.status()['policy']['conduits'] == conduits, 'or its time is over', g.status())
    say('isolation of "bay" begins, by root' in g.text() and 'ends, by time' in g.text(), 'both are told', g.text())


ROW = {'client': '10.10.0.5', 'server': '10.20.0.7', 'transport': 6, 'port': 5000, 'protocol': 'hsms', 'message': 'S2F41', 'from': 'host', 'dir': 'to-server', 'act': 'control',
       'answer': False, 'allowed': 4211, 'first': 1790000000, 'last': 1790500000, 'days': 6, 'kinds': 1}


def learnt(g):
    """What was counted before the start is there again, and drafts are made of it."""
    g.stop()
    rows = [ROW, dict(ROW, kind='rcmd=START', kinds=0)]
    (g.root / 'var/lib/sekisho/gateway/learnt.json').write_text(json.dumps({'format': 1, 'proposed': 0, 'known': 0, 'lost': 0, 'rows': rows}))
    g.start()
    said = json.loads(g.command('gateway', 'learn', '--json').stdout)
    say(said['messages'] == 4211 and said['rows'] == 2, 'what was learnt is there after a restart', said)
    said = g.command('gateway', 'drift')
    say(said.returncode == 1 and 'host S2F41 with rcmd=START' in said.stdout, 'with nothing known all of it is drift', said)
    said = g.command('gateway', 'rehearse', 'bay')
    say(said.returncode == 1 and '10.10.0.5 -> 10.20.0.7 tcp/5000  hsms: host S2F41  (4,211 times on 6 days' in said.stdout, 'a rehearsal says what isolation would stop', said)
    draft = g.root / 'proposed.yaml'
    said = g.command('gateway', 'propose', '--out', draft)
    text = draft.read_text() if draft.exists() else str(said)
    say('# seen 4,211 times on 6 days' in text and 'host may S2F41 with rcmd "START"' in text, 'a draft says its evidence line by line', text)
    out = g.root / 'proposed.skp'
    said = g.command('policy', 'sign', '--key', g.key, '--serial', '9', '--out', out, draft, root=False)
    say(said.returncode == 0 and g.bring(out).returncode == 0, 'it can be signed', said)
    say(g.wait(lambda: g.status()['policy']['serial'] == 9), 'and put in force', g.text())
    say(g.wait(lambda: g.command('gateway', 'drift').returncode == 0, 5), 'which makes known what it was made of', g.command('gateway', 'drift'))
    said = g.command('gateway', 'draw')
    say(said.stdout.startswith('<svg') and 'class="way good"' in said.stdout, 'draw shows the way that is in use', said.stdout[:300])
    g.stop()
    kept = g.root / 'var/lib/sekisho/gateway/learnt.json'
    say(json.loads(kept.read_text())['known'] > 0, 'and is kept', kept.read_text()[:200])
    said = subprocess.run([str(BUILD / 'sekisho'), 'gateway', 'propose', '--from', str(kept), '--policy', str(draft)], capture_output=True, text=True, timeout=30)
    say(said.returncode == 0 and 'host may S2F41' in said.stdout, 'the same offline, of the file', said)
    kept.write_text('{"format":1,"rows":[{}]}')
    g.start()
    say(json.loads(g.command('gateway', 'learn', '--json').stdout)['rows'] == 0 and 'learning begins anew' in g.text(), 'a file that cannot be is not believed', g.text())


def again(g):
    """A restart of main, and (for what is in memory) a reboot: the newest policy in the store is one that this gateway refuses."""
    say(g.stop() == 0, 'it stops in order', g.text())
    g.bring(g.sign(6, protocols='[telepathy]'))
    say(g.start(), 'and starts with a policy in the store that it refuses', g.text())
    now = g.status()
    say(now['policy']['serial'] == 5 and now['mode'] == 'shadow', 'the last good one is in force again', now)
    say('telepathy' in now['policy']['refused'], 'and why the newest is not is said', now)
    kept = g.root / 'var/lib/sekisho/gateway/last.skp'
    g.stop()
    good = kept.read_bytes()
    kept.write_bytes(good.replace(b'payload":"', b'payload":"AAAA', 1))
    g.start()
    say(g.status()['policy']['state'] == 'none' and 'is not believed' in g.text(), 'a copy that somebody changed is not believed', g.status())
    g.stop()
    soon = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 4))
    g.start()
    out = g.sign(7, more=f'expires: {soon}\n')
    g.bring(out)
    say(g.wait(lambda: g.status()['policy']['serial'] == 7), 'a policy with an end comes into force', g.text())
    say(g.wait(lambda: g.status()['policy']['state'] == 'expired', 10), 'status says when it has expired', g.status())
    say('expired: it stays in force' in g.text() and g.status()['mode'] == 'enforce', 'which is told, and it stays in force', g.text())
    g.stop()
    shutil.rmtree(g.root / 'var/lib/sekisho/policy/gateway')
    g.start()
    now = g.status()
    say(now['policy']['serial'] == 7 and now['policy']['state'] == 'expired', 'expired or not, it is there again after a restart, also when the store has lost it', now)


def main():
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root: processes with users of their own')
        return 0
    signal.alarm(140)
    g = Gateway()
    try:
        settings(g)
        say(g.start(), 'it starts without ports and without a spool', g.text())
        policies(g)
        switches(g)
        killed(g)
        again(g)
        isolated(g)
        learnt(g)
        say(g.stop() == 0, 'and stops in order', g.text())
    finally:
        g.close()
    print(f'1..{count}')
    return 1 if failed else 0


sys.exit(main())
