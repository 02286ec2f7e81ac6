#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=400
#
# lockdown-older.py - tier C: the agent on what looks like Linux 3.2, 3.10, 4.19 and 5.10 (tests/support/oldkernel.c): the same refusals and the same life, by
# fewer means; and what an open costs and may not cost there. `static PATH` runs that binary instead, on the kernel as it is.

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.lockdown_site import BUILD, Site, program, sh, within  # noqa: E402

count = failed = 0
AGES = {'3.2': 'FAN_OPEN_PERM on mounts', '3.10': 'FAN_OPEN_PERM on mounts', '4.19': 'FAN_OPEN_PERM on mounts', '5.10': 'FAN_OPEN_EXEC_PERM on the file system'}


def point(good, name, why=''):
    global count, failed
    count += 1
    failed += not good
    print(f'{"ok" if good else "not ok"} {count} - {name}' + ('' if good else '\n# ' + str(why).replace('\n', '\n# ')), flush=True)


def compile_threads(site):
    """A program that executes from its second thread."""
    source = site.folder / 'threads.c'
    source.write_text('''#include <pthread.h>
#include <unistd.h>
static void *run(void *path) { execl(path, path, (char *)0); _exit(9); }
int main(int argc, char **argv) { pthread_t t; pthread_create(&t, 0, run, argv[1]); for (;;) pause(); }
''')
    sh('cc', '-o', site.folder / 'threads', source, '-pthread', check=True)


def prepare(site):
    program(site.disk / 'known', 7)
    shutil.copy('/bin/true', site.disk / 'binary')
    said = sh(BUILD / 'sekisho', 'lockdown', 'scan', site.disk, '--mode', 'enforce', '--failure', 'deny', '--out', site.folder / 'draft.yaml')
    program(site.disk / 'unknown', 66)
    shutil.copy('/bin/cat', site.disk / 'foreign')
    (site.disk / 'data').write_text('recipe\n')
    sh(BUILD / 'sekisho', 'policy', 'pin', '--root', site.root, site.folder / 'site.pub', check=True)
    return said.returncode == 0


def way(site):
    return next((scope.get('way') for scope in site.status()['scope'] if scope['path'] == str(site.disk)), None)


def verdicts(site, name, wanted):
    began = time.monotonic()
    point(site.run('known') == 7 and site.run('binary') == 0, f'{name}: what is known runs')
    point(site.run('unknown') == 'refused', f'{name}: an unknown script does not')
    point(site.run('foreign') == 'refused', f'{name}: nor an unknown binary')
    said = sh(site.folder / 'threads', site.disk / 'unknown')
    point(said.returncode == 9, f'{name}: nor one that is executed from a second thread', said)
    chrooted = subprocess.run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', f'sleep 2.5; {site.disk}/foreign /dev/null'],
                              capture_output=True, timeout=20)
    point(chrooted.returncode == 126, f'{name}: nor in another mount namespace (within seconds of its making)', chrooted)
    bound = site.folder / 'bound'
    bound.mkdir(exist_ok=True)
    sh('mount', '--bind', site.disk, bound, check=True)
    time.sleep(0.3)
    point(site.run(bound / 'unknown') == 'refused', f'{name}: nor through another mount')
    sh('umount', bound)
    point(way(site) == wanted, f'{name}: by {wanted}', site.status()['scope'])
    point(time.monotonic() - began < 15, f'{name}: nothing hangs')


def opens(site, name):
    """Data is nobody's business; a file that is no known program may be read, copied and written."""
    point((site.disk / 'data').read_text() == 'recipe\n', f'{name}: data is read')
    point(len((site.disk / 'foreign').read_bytes()) > 1000, f'{name}: an unknown program can be read')
    shutil.copy(site.disk / 'foreign', site.disk / 'copy')
    point(site.run('copy') == 'refused', f'{name}: and copied, and the copy does not run')
    with open(site.disk / 'foreign', 'ab') as file:
        file.write(b'x')
    point((site.disk / 'foreign').read_bytes()[-1:] == b'x', f'{name}: and written')
    source = site.disk / 'x.c'
    source.write_text('int main(void) { return 0; }\n')
    made = [sh('cc', '-o', site.disk / 'made', source).returncode for _ in range(2)]
    point(made == [0, 0] and site.run('made') == 'refused', f'{name}: a compiler works, twice over the same file; what it makes is unknown', made)
    # Data first, read, then made executable: an ignore mark would still hold.
    late = site.disk / 'late'
    late.write_text('#!/bin/sh\nexit 3\n')
    late.chmod(0o644)
    late.read_bytes()
    late.chmod(0o755)
    point(site.run('late') == 'refused', f'{name}: what was data a moment ago and is executable now is refused')
    stop = threading.Event()

    def read_on():
        while not stop.is_set():
            (site.disk / 'data').read_bytes()
    readers = [threading.Thread(target=read_on) for _ in range(3)]
    for thread in readers:
        thread.start()
    answers = [(site.run('known'), site.run('unknown')) for _ in range(20)]
    stop.set()
    for thread in readers:
        thread.join()
    point(set(answers) == {(7, 'refused')}, f'{name}: the same while others read all the time', set(answers))


def deaths(site, name):
    for which in ('guard', 'keeper', 'guard', 'keeper'):
        processes = site.processes()
        began = time.monotonic()
        os.kill(processes[which], signal.SIGKILL)
        answers = site.run('known'), site.run('unknown')
        point(answers == (7, 'refused') and time.monotonic() - began < 3, f'{name}: the {which} killed: nothing hangs, what is known starts, nothing else',
              f'{answers} after {time.monotonic() - began:.2f} s')
        point(within(5, lambda: (site.processes() or {}).get(which) not in (0, None, processes[which])), f'{name}: there is a new {which}', site.processes())
        time.sleep(1.1)
    processes = site.processes()
    for which in ('guard', 'keeper'):
        os.kill(processes[which], signal.SIGKILL)
    point(within(6, lambda: site.run('unknown') == 'refused'), f'{name}: both killed: a new pair guards', site.status())
    processes = within(3, lambda: site.processes() if site.processes().get('guard') else None)
    os.kill(processes['guard'], signal.SIGSTOP)
    time.sleep(0.2)
    began = time.monotonic()
    answers = site.run('unknown'), (site.disk / 'data').read_text()
    os.kill(processes['guard'], signal.SIGCONT)
    point(answers == ('refused', 'recipe\n') and time.monotonic() - began < 3, f'{name}: the guard stopped: data is read, the unknown refused', answers)


def speak(site, name):
    status = site.status()
    classes = {one['id'] for one in status['not_stopped']}
    hooks = {one['name']: one['state'] for one in status['hooks']}
    tracing = any(hook.startswith('trace-') and state == 'attached' for hook, state in hooks.items())
    point(status['tier'] == 'BC'[not tracing] and hooks.get('fanotify') == 'attached' and (not tracing or name == '5.10'),
          f'{name}: status says tier C (B where programs can trace), and what is in force', status['hooks'])
    point('exec-file' not in classes and (tracing or {'exec-memfd', 'map-dlopen', 'mem-mprotect', 'script-operand'} <= classes),
          f'{name}: and what this tier does not stop', sorted(classes))


def play(site, name, wanted):
    point(prepare(site) and site.start(), f'{name}: the agent starts', (site.folder / 'agent.log').read_text())
    compile_threads(site)
    site.bring(site.sign(site.folder / 'draft.yaml', 'one.skp'))
    if not site.in_force(1, 'enforce'):
        return point(False, f'{name}: a signed policy is in force', site.status())
    point(True, f'{name}: a signed policy is in force')
    verdicts(site, name, wanted)
    opens(site, name)
    speak(site, name)
    deaths(site, name)


def one(name, under, binary, wanted):
    folder = pathlib.Path(tempfile.mkdtemp(prefix='sekisho-older-', dir=os.environ.get('TMPDIR', '/tmp')))
    site = Site(folder)
    site.under, site.program = under, binary
    before = failed
    try:
        play(site, name, wanted)
    finally:
        if failed > before:
            print('# ' + (folder / 'agent.log').read_text()[:4000].replace('\n', '\n# '))
        site.done()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    if 'inside' not in sys.argv:
        os.execvp('unshare', ['unshare', '--mount', '--propagation', 'private', sys.argv[0], 'inside', *sys.argv[1:]])
    words = sys.argv[2:]
    if words[:1] == ['static']:
        one(f'{pathlib.Path(words[1]).parent.name} static', [], words[1], words[2])
    for age, wanted in AGES.items():
        if words[:1] != ['static'] and (not words or age in words):
            one(age, [BUILD / 'oldkernel', age], BUILD / 'sekisho-agent', wanted)
    print(f'1..{count}')
    sys.exit(failed > 0)


main()
