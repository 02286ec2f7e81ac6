#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=240
#
# Restricted interpreters on the equipment PC of the tests, by the kernel side: code in an argument, on standard input, in the environment, in a file that is not
# known. Each road is gone with nobody there (the code runs), under restriction (it does not), and as its lawful twin (it does). Exemptions let through what they say, are
# counted, and nothing else.
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import kernel_lab as kernel  # noqa: E402
import lockdown_lab as lab  # noqa: E402
from lockdown_lab import note, point  # noqa: E402

PROGRAMS = ['/bin/bash', '/bin/dash', '/usr/bin/perl', '/usr/bin/mawk', '/bin/sed']


class Machine(kernel.Machine):
    """With interpreters on it, and scripts: known ones and others."""

    def __init__(self):
        super().__init__()
        for program in PROGRAMS:
            self.bring(program)
        for name, text in (('a.sh', 'echo arrived\n'), ('a.pl', 'print "arrived\\n";\n'), ('a.awk', 'BEGIN { print "arrived" }\n'),
                           ('reads.sh', 'read line <"$1" && echo "$line"\n'), ('forks.sh', '(. "$1")\n'),
                           ('exempt.sh', 'echo arrived\n'), ('Own.pm', 'print "arrived\\n"; 1;\n')):
            for folder, more in (('known', '# known\n'), ('strange', '# unknown\n')):
                path = self.root / 'srv' / folder / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text + more)
                path.chmod(0o755)
        (self.root / 'srv/data').mkdir()
        (self.root / 'srv/data/value').write_text('arrived\n')
        (self.root / 'srv/strange/value').write_text('arrived\n')
        memory = self.root / 'srv/memory'
        memory.mkdir()
        subprocess.run(['mount', '-t', 'tmpfs', 'memory', memory], check=True)
        shutil.copy('/bin/bash', memory / 'bash')
        for name in ('over', 'upper', 'work'):
            (self.root / 'srv' / name).mkdir()
        subprocess.run(['mount', '-t', 'overlay', 'over', '-o', f'lowerdir={self.root}/bin,upperdir={self.root}/srv/upper,workdir={self.root}/srv/work',
                        self.root / 'srv/over'], check=True)
        os.sync()
        time.sleep(0.1)
        self.write_list(['/srv/over', '/srv/strange', '/srv/unknown', '/lib/strange'])

    def bring(self, program):
        """A program of this machine with its libraries."""
        lines = subprocess.run(['ldd', program], capture_output=True, text=True, check=False).stdout.split()
        for path in [program] + [word for word in lines if word.startswith('/')]:
            to = self.root / path.lstrip('/')
            to.parent.mkdir(parents=True, exist_ok=True)
            if to.is_symlink() or not to.exists():
                to.unlink(missing_ok=True)
                shutil.copy(path, to)

    def go(self, *words, stdin='', env=None, uid=0):
        """What it printed, with standard input and variables."""
        out, into = os.pipe2(0)
        have, give = os.pipe2(0)
        os.write(give, stdin.encode())
        os.close(give)
        join = os.open(self.cgroup / 'cgroup.procs', os.O_WRONLY)
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(have, 0)
                os.dup2(into, 1)
                os.dup2(into, 2)
                os.write(join, b'0')
                kernel.enter(self.root)
                os.closerange(3, 64)
                if uid:
                    os.setresuid(uid, uid, uid)
                os.execve(words[0], list(words), dict({'PATH': '/usr/bin:/bin'}, **(env or {})))
            except OSError as e:
                os.write(1, f'refused {e.errno}'.encode())
            os._exit(126)
        for fd in (have, into, join):
            os.close(fd)
        text = b''
        signal.alarm(30)
        while piece := os.read(out, 4096):
            text += piece
        signal.alarm(0)
        os.close(out)
        _, status = os.waitpid(pid, 0)
        return text.decode(errors='replace').strip(), os.waitstatus_to_exitcode(status)


K, S = '/srv/known', '/srv/strange'
# name, the call that must not run, its lawful twin
CALLS = [
    ('inline, bash', (['/bin/bash', '-c', 'echo arrived'],), (['/bin/bash', f'{K}/a.sh'],)),
    ('inline, in a cluster', (['/bin/dash', '-ec', 'echo arrived'],), (['/bin/dash', '-e', f'{K}/a.sh', '-c'],)),
    ('inline, behind many words', (['/bin/bash', *['-e'] * 40, '-c', 'echo arrived'],), (['/bin/bash', *['-e'] * 40, f'{K}/a.sh'],)),
    ('inline, behind a long word', (['/bin/bash', '-' + 'e' * 300, '-c', 'echo arrived'],), (['/bin/bash', f'{K}/a.sh', 'e' * 3000, '-c'],)),
    ('inline, by another name', (['/bin/bash', '-c', 'echo arrived'], {'argv0': 'ls'}), (['/bin/bash', f'{K}/a.sh'], {'argv0': 'ls'})),
    ('inline, perl', (['/usr/bin/perl', '-we', 'print "arrived"'],), (['/usr/bin/perl', '-w', f'{K}/a.pl'],)),
    ('inline, awk', (['/usr/bin/mawk', 'BEGIN { print "arrived" }'],), (['/usr/bin/mawk', '-f', f'{K}/a.awk'],)),
    ('inline, BusyBox', (['/bin/busybox', 'sh', '-c', 'echo arrived'],), (['/bin/busybox', 'echo', 'arrived', '-c'],)),
    ('inline, BusyBox as sh', (['/bin/busybox', '-c', 'echo arrived'], {'argv0': 'ash'}), (['/bin/busybox', f'{K}/a.sh'], {'argv0': 'ash'})),
    ('stdin', (['/bin/bash'], {'stdin': 'echo arrived\n'}), (['/bin/bash', f'{K}/a.sh'], {'stdin': 'echo no\n'})),
    ('stdin, -s', (['/bin/dash', '-s', 'x'], {'stdin': 'echo arrived\n'}), (['/bin/dash', f'{K}/a.sh', '-s'],)),
    ('stdin, by name', (['/bin/bash', '/proc/self/fd/0'], {'stdin': 'echo arrived\n'}), None),
    ('environment, BASH_ENV', (['/bin/bash', f'{K}/reads.sh', '/dev/null'], {'env': {'BASH_ENV': f'{S}/a.sh'}}),
     (['/bin/bash', f'{K}/a.sh'], {'env': {'BASH_ENV': '', 'OTHER': f'{S}/a.sh'}})),
    ('environment, behind a large one', (['/bin/bash', f'{K}/reads.sh', '/dev/null'], {'env': {'A': 'x' * 9000, 'BASH_ENV': f'{S}/a.sh'}}),
     (['/bin/bash', f'{K}/a.sh'], {'env': {'A': 'x' * 9000, 'B': 'BASH_ENV=x'}})),
    ('environment, behind ten thousand others', (['/bin/bash', f'{K}/reads.sh', '/dev/null'], {'env': {**{f'A{i}': '' for i in range(10000)}, 'BASH_FUNC_read%%': '() { echo arrived; }'}}),
     (['/bin/bash', f'{K}/a.sh'], {'env': {**{f'A{i}': '' for i in range(7000)}, 'B': 'x'}})),
    ('inline, behind a megabyte', (['/usr/bin/mawk', *['-v', 'x=' + 'x' * 130000] * 9, 'BEGIN { print "arrived" }'],),
     (['/usr/bin/mawk', '-v', 'x=' + 'x' * 130000, '-f', f'{K}/a.awk'],)),
    # no question comes from there: it is held, and nobody has looked at its arguments before it was known what it is
    ('inline, a copy in memory', (['/srv/memory/bash', '-c', 'echo arrived'],), None),
    ('inline, by an overlay', (['/srv/over/bash', '-c', 'echo arrived'],), (['/srv/over/bash', f'{K}/a.sh'],)),
    ('inline, a copy made a moment ago', (['/srv/fresh', '-c', 'echo arrived'], {'fresh': '/bin/bash'}), (['/srv/fresh', f'{K}/a.sh'], {'fresh': '/bin/bash'})),
    ('environment, a function', (['/bin/bash', f'{K}/reads.sh', '/dev/null'], {'env': {'BASH_FUNC_read%%': '() { echo arrived; }'}}), None),
    ('environment, PERL5OPT', (['/usr/bin/perl', f'{K}/a.pl'], {'env': {'PERL5OPT': '-MOwn', 'PERL5LIB': S}}), (['/usr/bin/perl', f'{K}/a.pl'],)),
    ('module', (['/usr/bin/perl', f'-I{S}', '-MOwn', f'{K}/a.pl'],), None),
    ('operand', (['/bin/bash', f'{S}/a.sh'],), (['/bin/bash', f'{K}/a.sh'],)),
    ('operand, perl', (['/usr/bin/perl', f'{S}/a.pl'],), (['/usr/bin/perl', f'{K}/a.pl'],)),
    ('operand, by an option', (['/usr/bin/mawk', '-f', f'{S}/a.awk'],), (['/usr/bin/mawk', f'-f{K}/a.awk'],)),
    ('read by a known script', (['/bin/bash', f'{K}/reads.sh', f'{S}/value'],), (['/bin/bash', f'{K}/reads.sh', '/srv/data/value'],)),
    ('run by a child of a known script', (['/bin/bash', f'{K}/forks.sh', f'{S}/a.sh'],), (['/bin/bash', f'{K}/forks.sh', f'{K}/a.sh'],)),
]


def call(machine, words, options=None):
    options = dict(options or {})
    argv0 = options.pop('argv0', None)
    if fresh := options.pop('fresh', None):  # too young to be remembered
        (machine.root / 'srv/fresh').unlink(missing_ok=True)
        shutil.copy(machine.root / fresh.lstrip('/'), machine.root / 'srv/fresh')
    if argv0:  # execve(2) takes the name apart from the file
        real, words = words[0], [argv0, *words[1:]]
        link = machine.root / 'tmp' / argv0
        link.unlink(missing_ok=True)
        os.link(machine.root / real.lstrip('/'), link)
        words[0] = '/tmp/' + argv0
    return machine.go(*words, **options)


def main():
    lab.isolate()
    if not kernel.cgroups():
        print('1..0 # SKIP no cgroup2')
        return
    machine = Machine()
    try:
        free = [call(machine, *bad) for _, bad, _ in CALLS]
        rig = machine.guard('--scripts', '--data', str(machine.root / 'srv/data'), '--data', str(machine.root / 'etc'))
        for (name, bad, twin), (before, _) in zip(CALLS, free):
            said, code = call(machine, *bad)
            point('arrived' in before and 'arrived' not in said, f'{name}: runs with nobody there, and is stopped', f'without: {before}, with: {said} {code}')
            if twin:
                said, code = call(machine, *twin)
                point(said.startswith('arrived') and code == 0, f'{name}: its lawful twin runs', f'{said} {code}')
        roads = {record.split()[1] for record in rig.records if record.startswith('kernel ')}
        point({'script-inline', 'script-stdin', 'script-environment', 'script-module', 'script-operand'} <= roads, 'each is recorded with its road', roads)
        for record in rig.records[-60:]:
            note(record)
        machine.free()
        machine.guard('--scripts', '--exempt', 'mawk', '--exempt', 'dash:61999', '--exempt', f'bash::{S}/exempt.sh', '--data', str(machine.root / 'etc'))
        for name, words, uid, runs in (
                ('a program', ['/usr/bin/mawk', 'BEGIN { print "arrived" }'], 0, True),
                ('a user', ['/bin/dash', '-c', 'echo arrived'], 61999, True),
                ('not another user', ['/bin/dash', '-c', 'echo arrived'], 61998, False),
                ('a script', ['/bin/bash', f'{S}/exempt.sh'], 0, True),
                ('not another script', ['/bin/bash', f'{S}/a.sh'], 0, False),
                ('not code behind its name', ['/bin/bash', '-c', 'echo arrived', f'{S}/exempt.sh'], 0, False),
                ('not another program', ['/usr/bin/perl', '-e', 'print "arrived"'], 0, False)):
            said, code = machine.go(*words, uid=uid)
            point(('arrived' in said) == runs, f'exempt: {name}', f'{said} {code}')
        counts = machine.rig.counts()
        point(counts['exempted'] == 3, 'what was let through is counted', counts)
    finally:
        for record in machine.rig.records[-60:] if machine.rig else []:
            note(record)
        machine.end()
    lab.finish()


main()
