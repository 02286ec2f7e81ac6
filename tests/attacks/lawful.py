#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=420 exclusive
#
# lawful.py - what people do on a PC goes on: a desktop with a browser, a compiler at work, containers, a database, languages, services, copies and links of what is
# known, hundreds of processes. All of it with the agent in enforce, and with the strictest policy that `sekisho lockdown scan` and a few exceptions make of
# that machine: 0 denials. Each part is a script of tests/attacks/lawful; what it says and what was denied meanwhile is shown when it fails.
#
#   lawful.py [REGEX]      only the parts whose names match

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent / 'support'))
import lab  # noqa: E402
from tier import finish, own_mounts, point  # noqa: E402

PARTS = lab.HERE / 'lawful'
HOME = 'opt/lawful'
LONG = os.environ.get('SEKISHO_LONG') == '1'
USER = 1000
# What an engineer of this PC would write into the policy after having read what the scan found.
JIT = {'usr/lib/chromium/chromium': 'the browser compiles JavaScript and WebAssembly', 'usr/bin/node': 'compiles JavaScript',
       'usr/lib/jvm/java-17-openjdk-amd64/bin/java': 'compiles Java', 'usr/lib/jvm/java-17-openjdk-amd64/bin/keytool': 'is Java',
       'usr/lib/postgresql/15/bin/postgres': 'compiles queries', 'usr/bin/qterminal': 'compiles regular expressions, as QRegularExpression does'}
EXEMPT = [
    {'program': 'sh', 'user': str(USER), 'note': 'what Ninja and the X server start by system()'},
    {'program': 'sh', 'user': 'root', 'note': 'cron, logrotate, git, tar: by system()'},
    {'program': 'sh', 'user': 'daemon', 'note': 'jobs of at'},
    {'program': 'sed', 'note': 'its code stands in the known scripts that call it'},
    {'program': 'awk', 'note': 'the same'},
]
DATA = ('etc', 'home', 'var', 'srv', 'usr/share/zoneinfo')


def note(text):
    print(f'# {text}', flush=True)


class Part:
    def __init__(self, path):
        head = dict(re.findall(r'^# (user|seconds|long|part)(?:: (.*))?$', path.read_text(), re.MULTILINE))
        self.name, self.helps = path.stem, 'part' in head
        self.user, self.seconds, self.long = int(head.get('user') or 0), int(head.get('seconds') or 30), 'long' in head


class PC:
    """The equipment PC with all that is to run on it; everything is there before it is scanned."""

    def __init__(self, folder):
        self.folder = folder
        self.pc = folder / 'pc'
        self.mount = pathlib.Path(lab.must(lab.TOP / 'tests/support/equipment-pc', 'make', '--desk', self.pc, seconds=1500))
        shutil.copytree(PARTS, self.mount / HOME)
        shutil.copy(lab.BUILD / 'attack-storm', self.mount / HOME / 'attack-storm')
        self.people()
        self.devices()
        self.sources()
        self.probe()

    def inside(self, *words):
        return lab.must(lab.TOP / 'tests/support/equipment-pc', 'run', self.pc, *words, seconds=120)

    def people(self):
        self.inside('useradd', '--create-home', '--home-dir', '/var/lawful', '--uid', str(USER), '--shell', '/bin/sh', 'lawful')
        (self.mount / 'etc/sudoers.d/lawful').write_text('lawful ALL=(ALL) NOPASSWD: ALL\n')
        (self.mount / 'etc/sudoers.d/lawful').chmod(0o440)

    def devices(self):
        dev = self.mount / 'dev'
        for name, minor in (('fuse', 229), ('net/tun', 200)):
            (dev / name).parent.mkdir(exist_ok=True)
            if not (dev / name).exists():
                os.mknod(dev / name, 0o020666, os.makedev(10, minor))
                (dev / name).chmod(0o666)
        for name in ('shm', 'pts'):
            (dev / name).mkdir(exist_ok=True)
        (dev / 'ptmx').unlink(missing_ok=True)
        (dev / 'ptmx').symlink_to('pts/ptmx')
        for name, to in (('fd', '/proc/self/fd'), ('stdin', '/proc/self/fd/0'), ('stdout', '/proc/self/fd/1'), ('stderr', '/proc/self/fd/2')):
            (dev / name).unlink(missing_ok=True)
            (dev / name).symlink_to(to)

    def probe(self):
        """Two programs that Meson compiles and starts are there when the PC is scanned: one by its set-up, this one by us."""
        text = self.mount / HOME / 'testfile.c'
        text.write_text('#include<stdio.h>\nint main(void) {\n            printf("%ld\\n", (long)(sizeof(void *)));\n            return 0;\n}\n')
        self.inside('cc', f'/{HOME}/testfile.c', '-o', f'/{HOME}/output.exe', '-D_FILE_OFFSET_BITS=64', '-O0')

    def sources(self):
        """This repository, as it is here."""
        source = self.mount / 'var/lawful/source'
        names = lab.must('git', '-C', lab.TOP, '-c', f'safe.directory={lab.TOP}', 'ls-files', '--cached', '--others', '--exclude-standard', '-z').split('\0')
        for name in filter(None, names):
            if (lab.TOP / name).is_file():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(lab.TOP / name, source / name)
        text = (source / 'meson.build').read_text()  # no gateway: its libraries are on no equipment's PC
        (source / 'meson.build').write_text(text.replace("  subdir('gateway')\n", ''))
        if (lab.TOP / 'build/npm').is_dir():
            shutil.copytree(lab.TOP / 'build/npm', source / 'build/npm')
        self.inside('chown', '-R', 'lawful:lawful', '/var/lawful')
        self.inside('su', 'lawful', '-c', 'cd ~/source && meson setup ../build -Dbpf=disabled -Dbuild_tests=false')

    def close(self):
        lab.sh(lab.TOP / 'tests/support/equipment-pc', 'destroy', self.pc)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def policy(pc):
    """The product's own scan, and what the engineer adds."""
    draft = pc.folder / 'scan.yaml'
    began = time.monotonic()
    lab.must(lab.BUILD / 'sekisho', 'lockdown', 'scan', pc.mount, '--scripts', '--mode', 'enforce', '--failure', 'deny', '--out', draft, seconds=180)
    lines = draft.read_text().splitlines()
    note(f'scanned in {time.monotonic() - began:.1f} s: {sum(line.lstrip().startswith("sha256:") for line in lines)} files')
    database = next(line.split(':')[2] for line in (pc.mount / 'etc/passwd').read_text().splitlines() if line.startswith('postgres:'))
    exempt = [*EXEMPT, {'program': 'sh', 'user': database, 'note': 'what initdb and pg_ctl start by system()'}]
    more = {'overload': 'deny', 'protect': True, 'modules': 'listed', 'mounts': 'deny', 'memory': {'exec': 'deny'},
            'jit': [{'sha256': digest(pc.mount / name), 'note': why} for name, why in JIT.items()],
            'interpreters': {'restrict': True, 'exempt': exempt, 'data': [str(pc.mount / name) for name in DATA]}}
    at = lines.index('lockdown:') + 1
    lines[at:at] = [f'  {name}: {json.dumps(value)}' for name, value in more.items()]
    lines = [line for line in lines if not line.startswith(('serial:', 'not_before:', 'expires:'))]
    draft.write_text('\n'.join(lines) + '\n')
    lab.Desk(pc.folder)
    signed = pc.folder / 'lawful.skp'
    lab.must(lab.BUILD / 'sekisho', 'policy', 'sign', '--key', pc.folder / 'policy', '--delegation', pc.folder / 'policy.skd', '--serial', 1, '--out', signed, draft)
    return signed


class Field:
    """Runs parts as processes of that PC, and knows what was denied."""

    def __init__(self, pc, agent, cgroup):
        self.pc, self.agent, self.cgroup = pc, agent, cgroup

    def run(self, part):
        words = [lab.BUILD / 'attack-enter', '--seconds', part.seconds, '--user', part.user, '--cgroup', self.cgroup.path, self.pc.mount,
                 '/', f'/{HOME}/{part.name}.sh']
        try:
            said = lab.sh(*words, seconds=part.seconds + 20, stdin=subprocess.DEVNULL, env={**os.environ, 'ATTACK_LONG': '1' if LONG else ''})
            return said.returncode, said.stdout + said.stderr
        except subprocess.TimeoutExpired:
            return 125, 'it hung'

    def denials(self):
        """What the agent told so far: each line of the spool that is a denial."""
        found = []
        for path in sorted((self.agent.root / 'var/lib/sekisho/spool').glob('*.*.*')):
            for line in re.findall(rb'\{"[^\n\0]*\}', path.read_bytes()):
                if b'"disposition_id":2' in line:
                    found.append(line.decode(errors='replace'))
        return found


class Latency(threading.Thread):
    """How long a start takes outside of the PC, and how late a sleep of 10 ms ends, while something else goes on."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over, self.starts, self.late = threading.Event(), [], []

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            time.sleep(0.01)
            slept = time.monotonic()
            subprocess.run(['/bin/true'], check=False)
            self.late.append((slept - began - 0.01) * 1000)
            self.starts.append((time.monotonic() - slept) * 1000)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def tell(self):
        both = ((name, statistics.median(found), max(found)) for name, found in (('a start outside', self.starts), ('a sleep is late by', self.late)))
        return '; '.join(f'{name} {middle:.1f} ms, longest {most:.0f}' for name, middle, most in both)


def settled(agent):
    """The guard has looked at every file of the policy once: the PC was on for a moment before people came to it."""
    seen = [0, 0]

    def still():
        seen.append((agent.status() or {}).get('count', {}).get('hashed', 0))
        time.sleep(0.3)
        return seen[-1] and seen[-1] == seen[-2] == seen[-3]
    lab.within(60, still)


def show(field, part):
    before = len(field.denials())
    refused = (field.agent.status() or {}).get('count', {})
    began = time.monotonic()
    with Latency() as latency:
        code, text = field.run(part)
    seconds = time.monotonic() - began
    time.sleep(0.3)  # what was denied is on its way to the spool
    denials = field.denials()[before:]
    now = (field.agent.status() or {}).get('count', {})
    denied = {name: now.get(name, 0) - refused.get(name, 0) for name in ('denied', 'killed', 'stopped') if now.get(name, 0) != refused.get(name, 0)}
    why = '\n'.join([f'exit {code}', *text.splitlines()[-30:], f'counted: {denied}', *[line[:1500] for line in denials[:12]]])
    point(code == 0 and not denials and not denied, f'{part.name}: runs, nothing is denied', why)
    note(f'{part.name}: {seconds:.1f} s; {latency.tell()}')
    for line in text.splitlines()[:40]:
        note('  ' + line)


def main():
    own_mounts()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = pathlib.Path(tempfile.mkdtemp(prefix='sekisho-lawful.'))
    os.chmod(folder, 0o755)
    cgroup = pc = agent = None
    try:
        began = time.monotonic()
        pc, cgroup = PC(folder), lab.Cgroup()
        note(f'the PC is made: {time.monotonic() - began:.1f} s')
        signed = policy(pc)
        agent = lab.Agent(folder, cgroup)
        agent.start(folder / 'site.pub', signed)
        settled(agent)
        status = agent.status()
        note(f'in force after {time.monotonic() - began:.1f} s, tier {status["tier"]}')
        field = Field(pc, agent, cgroup)
        pattern = sys.argv[1] if len(sys.argv) > 1 else ''
        for path in sorted(PARTS.glob('*.sh')):
            part = Part(path)
            if not part.helps and (LONG or not part.long or pattern) and re.search(pattern, part.name):
                show(field, part)
        point('does not fit' not in agent.log.read_text(), 'every exemption of the policy is in force', agent.log.read_text()[-1000:])
        told = agent.status().get('exceptions', {})
        point(told.get('jit') == len(JIT) and told.get('interpreters') == len(EXEMPT) + 1 and (told.get('let_through') or pattern), 'the exceptions are told and counted', told)
        note(f'exceptions: {json.dumps(told)}')
    finally:
        if agent:
            agent.stop()
        if cgroup:
            cgroup.close()
        if pc:
            pc.close()
        shutil.rmtree(folder, ignore_errors=True)
    finish()


main()
