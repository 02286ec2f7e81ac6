#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=3000 slow
#
# power-cut.py - a power cut at any point of learning, maintenance and policy change leaves the last good state. A machine lives through all of it on disks with a
# write-back cache (tests/support/lossy_disk.py), stops at each named point until the host has noted what was on the disks, and is killed at one. It is booted again;
# and the disks as a cut at each point leaves them, where what was not flushed is lost, or some of it, are looked at on this machine, after all another boot. The file
# systems must be whole, the agent start, the state be the last good one or the next, nothing unknown run, and the window come to its end. `./check --long`: each
# pass of each point, three ways.
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.lossy_disk import Disks  # noqa: E402
from support.window_site import BUILD, TOP, SECRET, Site, desk, finish, point, sh, sha  # noqa: E402

# One of each kind in the default run. The others come with --long.
SHORT = ('lockdown.learned', 'window.answered', 'window.kept.done', 'window.known', 'window.changes', 'window.restore-file', 'window.restored.done',
         'window.provisional.done', 'lockdown.outbox', 'policy.write', 'policy.written', 'policy.prune')
LAST = 'policy.prune'  # where the machine is killed

MACHINES = []  # that run


class Lines:
    """The two serial lines of the machine."""

    def __init__(self, folder, disks, answer):
        self.disks, self.answer, self.marks, self.killed = disks, answer, [], threading.Event()
        self.passes, self.kill_at, self.gate = {}, None, threading.Lock()
        for number, serve in ((1, self.points), (2, self.talk)):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(folder / f'line{number}'))
            listener.listen(1)
            threading.Thread(target=self.wait, args=(listener, serve), daemon=True).start()

    @staticmethod
    def wait(listener, serve):
        try:
            line = listener.accept()[0]
            with line.makefile('rb') as words:
                for word in words:
                    serve(line, word.decode(errors='replace').strip())
        except OSError:
            pass

    def points(self, line, name):
        with self.gate:
            self.passes[name] = self.passes.get(name, 0) + 1
            self.marks.append((self.disks.position(), name, self.passes[name]))
            if name == self.kill_at:
                self.disks.frozen = True
                self.killed.set()
                return
        line.sendall(b'.')

    def talk(self, line, words):
        with self.gate:
            answer = self.answer(words)
            if words.startswith(('begin ', 'done ')):
                self.marks.append((self.disks.position(), words, 1))
        line.sendall(answer.encode() + b'\n')


class Machine:
    """`vm run` of power-cut.guest; what it printed by "= KEY VALUE" is in `said`."""

    def __init__(self, folder, what):
        self.pid = folder / 'pid'
        self.pid.unlink(missing_ok=True)
        words = [TOP / 'tests/support/vm', 'run', '--timeout', '2400' if LONG else '600', '--lsm', 'landlock,lockdown,yama', '--nbd', f'{folder}/nbd/state', '--nbd', f'{folder}/nbd/tool',
                 '--serial', folder / 'line1', '--serial', folder / 'line2', '--pidfile', self.pid, '--put', folder / 'put', '/put']
        for program in (BUILD / 'sekisho', BUILD / 'sekisho-agent', shutil.which('e2fsck', path='/sbin:/usr/sbin')):
            words += ['--program', program]
        self.process = subprocess.Popen([str(w) for w in [*words, Path(__file__).with_suffix('.guest'), what]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said, self.other = [], []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        MACHINES.append(self)

    def read(self):
        for line in self.process.stdout:
            (self.said if line.startswith('= ') else self.other).append(line.strip().removeprefix('= '))

    def kill(self):
        MACHINES.remove(self)
        if self.pid.exists():
            os.kill(int(self.pid.read_text()), signal.SIGKILL)
        else:
            self.process.terminate()
        self.process.wait(60)

    def end(self):
        code = self.process.wait(2500)
        MACHINES.remove(self)
        self.reader.join(10)
        return code


def furnish(site, folder):
    """The disks as they are before: the state below the agent's root, and the tool's own."""
    b = site.disk / 'bin'
    put = folder / 'put'
    b.mkdir(parents=True)
    put.mkdir()
    for name in ('cp', 'mv', 'busybox'):
        shutil.copy(shutil.which('busybox'), b / name)
        site.programs[f'/mnt/disk/bin/{name}'] = sha(b / name)
    (b / 'updater').write_bytes(Path(shutil.which('bash')).read_bytes() + b'updater')
    for name, where in (('good', b), ('tool', b), ('strange', b), ('v2', put), ('v3', put), ('extra', put)):
        (where / name).write_bytes(Path('/bin/true').read_bytes() + name.encode() * 20000)
    for path in (*b.iterdir(), *put.iterdir()):
        path.chmod(0o755)
    for name in ('good', 'tool', 'updater'):
        site.programs[f'/mnt/disk/bin/{name}'] = sha(b / name)
    site.updaters = [sha(b / 'updater')]
    hashes = {name: sha(b / name if (b / name).exists() else put / name) for name in ('tool', 'v2', 'v3', 'extra', 'strange')}
    site.disk = Path('/mnt/disk')
    for serial in range(1, 9):
        if serial == 3:
            site.programs['/mnt/disk/bin/tool-3'] = hashes['v3']
        shutil.copy(sign(site, serial, 'learn' if serial == 1 else 'enforce'), put / f'{serial}.skp')
    shutil.copy(site.window('W-1', 86000), put / 'w.skw')
    images = {}
    for name, tree, size in (('state', site.root, '140M'), ('tool', b.parent, '48M')):
        image = folder / f'{name}.img'
        sh('mke2fs', '-q', '-F', '-t', 'ext4', '-d', tree, image, size, check=True)
        images[name] = image.read_bytes()
    return hashes, images


def sign(site, serial, mode):
    draft = site.folder / f'{serial}.yaml'
    draft.write_text(f'part: lockdown\nserial: {serial}\nnot_before: 2020-01-01\nexpires: 2099-01-01\nlockdown:\n  mode: {mode}\n  failure: deny\n  scope: [/mnt/disk]\n  updaters:\n'
                     + ''.join(f'    - sha256: "{u}"\n' for u in site.updaters) + '  programs:\n' + ''.join(f'    - sha256: "{h}"\n      name: {n}\n' for n, h in site.programs.items()))
    out = draft.with_suffix('.skp')
    site.run('policy', 'sign', '--key', site.folder / 'policy', '--delegation', site.folder / 'policy.skd', '--out', out, draft)
    return out


class Then:
    """What was begun and what was done, as far as the machine had said so, at a position of the log."""

    def __init__(self, marks, position, order):
        self.begun, self.done = set(), set()
        for at, name, _ in marks[:order]:
            if at <= position and ' ' in name:
                (self.begun if name.startswith('begin') else self.done).add(name.split(' ')[1])

    def serials(self):
        done = max((int(n[7:]) for n in self.done if n.startswith('policy-')), default=0)
        begun = max((int(n[7:]) for n in self.begun if n.startswith('policy-')), default=0)
        return {done, begun}

    def phases(self):
        """What the window may be after the machine was started anew."""
        now, story = {'none'}, (('open', 'closed'), ('close', 'closed'), ('rollback', 'rolled-back'), ('reopen', 'closed'), ('reclose', 'closed'), ('approve', 'approved'))
        for step, phase in story:
            if step in self.done:
                now = {phase}
            elif step in self.begun:
                now = now | {phase}
        return now


def judge(then, seen, hashes):
    """Sentences about what is wrong."""
    wrong = []

    def must(good, what):
        if not good:
            wrong.append(what)

    one = {key: values[-1] for key, values in seen.items()}
    status = json.loads(one.get('status') or '{}')
    serial = status.get('policy', {}).get('serial')
    must(seen.get('fsck') == ['clean', 'clean'], f'file systems: {seen.get("fsck")}')
    must('mount' not in seen and 'umount' not in seen, 'mount')
    must(status.get('guard') == 'up' and serial in then.serials(), f'guard {status.get("guard")}, serial {serial}, not of {then.serials()}')
    enforces = (serial or 0) >= 2
    must(one.get('good') == 'yes', 'what is known does not run')
    must((one.get('strange') == 'no') == enforces, f'unknown: {one.get("strange")}, serial {serial}')
    phase = status.get('window', {}).get('phase')
    must(phase in then.phases(), f'window: {phase}, not of {then.phases()}')
    names = {value: key for key, value in hashes.items()}
    tool = names.get(one.get('tool'), one.get('tool'))
    wanted = {'tool'}
    for step, content in (('write', {'tool', 'v2'}), ('close', {'v2'}), ('rollback', {'tool'}), ('rewrite', {'tool', 'v3'}), ('reclose', {'v3'})):
        if step in then.done:
            wanted = set(content) if step != 'write' and step != 'rewrite' else content | wanted
        elif step in then.begun:
            wanted = wanted | content
    must(tool in wanted, f'the tool is {tool}, not of {wanted}')
    known = {'tool'} | ({'v3'} if phase == 'approved' or (serial or 0) >= 3 else set())
    if enforces:
        must((one.get('tool-runs') == 'yes') == (tool in known), f'the tool {tool} runs: {one.get("tool-runs")}')
        must(one.get('extra-runs') != 'yes' or phase == 'approved' and (serial or 0) < 3, f'what was added runs: {one.get("extra-runs")}')
    if 'approve' in then.done and 'policy-3' not in then.begun:
        must(one.get('tool-runs') == 'yes', 'what was approved does not run')
    if 'learn' in then.done:
        must(one.get('learned') == 'yes' or 'ask' in then.begun, 'what was learned is forgotten')
    if 'write' in then.done and 'reopen' not in then.begun:
        trusted = {r['sha256'] for r in map(json.loads, filter(lambda t: t.endswith('}'), seen.get('record', []))) if r['trusted']}
        must({hashes['v2'], hashes['extra']} <= trusted, f'the record of the window has {trusted}')
    must(one.get('last-phase') in ('none', 'approved', 'rolled-back'), f'the window stays {one.get("last-phase")}')
    if one.get('last-phase') == 'rolled-back':
        must(one.get('last-tool') == hashes['tool'] and one.get('last-tool-runs') == 'yes' and one.get('last-extra-runs') in ('gone', 'no'),
             f'rolled back: {names.get(one.get("last-tool"))} {one.get("last-tool-runs")} {one.get("last-extra-runs")}')
    must('complaint' not in seen, seen.get('complaint'))
    must('end' in seen, 'it did not come to the end')
    return wrong


def live(folder, disks):
    """The life, until the machine is killed. Its marks."""
    end = threading.Event()

    def answer(words):
        if words == 'end':
            end.set()
        return desk(words.split(' ', 1)[1], SECRET) if words.startswith('desk ') else 'ok'

    lines = Lines(folder, disks, answer)
    lines.kill_at = LAST
    machine = Machine(folder, 'live')
    while not lines.killed.wait(0.2) and not end.is_set() and machine.process.poll() is None:
        pass
    point(lines.killed.is_set(), f'a machine learns, is maintained, gets policies, and is killed at {LAST}', '\n'.join(machine.said + machine.other[-40:]))
    if lines.killed.is_set():
        machine.kill()
    else:
        machine.end()
    point(machine.said == ['strange no', 'updated yesyes', 'approved yes'] and all(line.startswith('vm: ') for line in machine.other), 'until then all of it worked', '\n'.join(machine.said + machine.other[-40:]))
    for number in (1, 2):
        (folder / f'line{number}').unlink()
    return lines.marks


def choose(marks):
    """(order, position, name, way) of the cuts to look at."""
    chosen, seen = [], set()
    for order, (position, name, count) in enumerate(marks):
        if ' ' in name or name.startswith(('spool.', 'link.')):
            if LONG and name.startswith('done '):
                chosen.append((order + 1, position, name, 'lost'))
            continue
        title = f'{name}, pass {count}'
        if LONG:
            chosen += [(order, position, title, way) for way in ('lost', 'kept', 'some')]
        elif name in SHORT and name not in seen:
            chosen.append((order, position, title, 'some' if len(chosen) % 3 == 1 else 'lost'))
        seen.add(name)
    return chosen, seen


def understand(lines):
    found = {}
    for line in lines:
        key, _, value = line.partition(' ')
        found.setdefault(key, []).append(value)
    return found


def look_here(folder, images):
    """On this machine, whose boot is another one, too: in namespaces of its own, whose loop devices go with the mounts, however it ends."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for name, data in images.items():
            Path(place, f'{name}.img').write_bytes(data)
        said = sh('timeout', '-k', '5', '400', 'unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc',
                  Path(__file__).with_suffix('.guest'), 'look', *(f'{place}/{name}.img' for name in images), timeout=450,
                  env={**os.environ, 'PATH': f'{BUILD}:/usr/sbin:/sbin:/usr/bin:/bin'})
    return understand(line.removeprefix('= ') for line in said.stdout.splitlines() if line.startswith('= ')), said.stdout + said.stderr


def look_there(folder, disks, images):
    """In a machine that is booted on these disks."""
    disks.become(images)
    Lines(folder, disks, lambda _: 'ok')
    machine = Machine(folder, 'look')
    code = machine.end()
    return understand(machine.said), '\n'.join(machine.other[-40:]), code


def look(folder, disks, marks, chosen, hashes):
    order, position = len(marks) - 1, marks[-1][0]
    found, said, code = look_there(folder, disks, disks.cut(position, 'lost'))
    wrong = judge(Then(marks, position, order), found, hashes)
    point(not wrong and code == 0, f'killed at {LAST} and booted again', '\n'.join(map(str, wrong)) + f'\n{json.dumps(found)[:2000]}\n{said}')
    with ThreadPoolExecutor(min(4, len(os.sched_getaffinity(0)))) as several:
        looks = several.map(lambda cut: look_here(folder, disks.cut(cut[1][1], cut[1][3], cut[0])), enumerate(chosen))
        for (order, position, name, way), (found, said) in zip(chosen, looks):
            wrong = judge(Then(marks, position, order), found, hashes)
            size = disks.unflushed(position) >> 10
            point(not wrong, f'cut at {name}: {({"lost": "what waited is lost", "kept": "nothing is lost", "some": "of what waited some is lost"})[way]} ({size} KiB waited)',
                  '\n'.join(map(str, wrong)) + f'\n{json.dumps(found)[:3000]}\n{said[-1500:]}')


def remove_old():
    """Folders of runs that were killed: nobody holds their lock."""
    for folder in Path(tempfile.gettempdir()).glob('sekisho-power-*'):
        try:
            with open(folder / 'lock', 'wb') as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            pass


def interrupted(number, _frame):
    sys.exit(128 + number)


LONG = os.environ.get('SEKISHO_LONG') == '1'


def main():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, interrupted)
    remove_old()
    folder = Path(tempfile.mkdtemp(prefix='sekisho-power-'))
    held = open(folder / 'lock', 'wb')  # until this process ends
    fcntl.flock(held, fcntl.LOCK_EX)
    site = Site(disk=False)
    try:
        hashes, images = furnish(site, folder)
        disks = Disks(folder / 'nbd', **images)
        began = time.monotonic()
        marks = live(folder, disks)
        disks.frozen = False
        chosen, seen = choose(marks)
        point(set(SHORT) <= seen, 'each of the points was reached', set(SHORT) - seen)
        waited = sum(disks.unflushed(position) > 0 for _, position, _, _ in chosen)
        point(waited * 2 > len(chosen), 'and at most of them something waited to be flushed', waited)
        print(f'# {len(marks)} marks, {len(disks.log)} writes and flushes, {time.monotonic() - began:.0f} s', flush=True)
        look(folder, disks, marks, chosen, hashes)
        print(f'# {time.monotonic() - began:.0f} s', flush=True)
        disks.close()
    finally:
        for machine in list(MACHINES):
            machine.kill()
        site.close()
        shutil.rmtree(folder, ignore_errors=True)
    finish()


main()
