#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=240
#
# What lockdown's kernel side lets go on, and what it does when others fail: copies, links, moved and upgraded files of what is known run at once; what a new list
# takes off is stopped; observing stops nothing; with guard and keeper dead the known goes on, and the failure setting decides about the rest.
import os
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import lockdown_lab as lab  # noqa: E402
from kernel_lab import Machine, cgroups  # noqa: E402
from lockdown_lab import note, point  # noqa: E402

ARRIVED = ('arrived', 0)
TRIES = 15


def wrong(machine, change, *words):
    """How often the lawful did not run right after `change`."""
    found = []
    for number in range(TRIES):
        change(number)
        got = machine.run(*words)
        if got != ARRIVED:
            found.append(f'{number}: {got}')
    return found


def try_lawful(machine):
    root = machine.root
    rig = machine.guard('--alone', '--memory', 'deny')
    point(machine.run('/usr/bin/roads', 'dlopen', '/lib/known/library.so') == ARRIVED, 'a known program loads a known library')

    def anew(path, source, way):
        def change(_):
            target = root / path
            target.unlink(missing_ok=True)
            way(root / source, target)
        return change

    def upgraded(path, source):
        def change(_):
            shutil.copy(root / source, root / (path + '.new'))
            os.rename(root / (path + '.new'), root / path)
        return change

    (root / 'srv/place').mkdir(exist_ok=True)
    cases = [
        ('a copy of a known program', anew('srv/place/copy', 'usr/bin/known', shutil.copy), ('/srv/place/copy',)),
        ('a hard link to it', anew('srv/place/link', 'usr/bin/known', os.link), ('/srv/place/link',)),
        ('it, while links to it come and go', anew('srv/place/link', 'usr/bin/known', os.link), ('/usr/bin/known',)),
        ('it, upgraded to itself by a new file renamed over it', upgraded('usr/bin/known', 'usr/bin/roads'), ('/usr/bin/known',)),
        ('it, with another mode', lambda i: (root / 'usr/bin/known').chmod(0o755 if i % 2 else 0o711), ('/usr/bin/known',)),
        ('a copy of a known library', anew('srv/place/copy.so', 'lib/known/library.so', shutil.copy), ('/usr/bin/roads', 'dlopen', '/srv/place/copy.so')),
        ('a hard link to it', anew('srv/place/link.so', 'lib/known/library.so', os.link), ('/usr/bin/roads', 'dlopen', '/srv/place/link.so')),
        ('it, upgraded to itself', upgraded('lib/known/library.so', 'srv/place/copy.so'), ('/usr/bin/roads', 'dlopen', '/lib/known/library.so')),
    ]
    for name, change, words in cases:
        found = wrong(machine, change, *words)
        point(not found, f'{name}: runs at once, {TRIES} times', '\n'.join(found + rig.records[-5:]))
    stopped = [record for record in rig.records if record.startswith('kernel ')]
    point(not stopped, 'nothing lawful was stopped', '\n'.join(stopped))
    machine.free()


def try_list(machine):
    rig = machine.guard('--alone')
    point(machine.run('/usr/bin/known') == ARRIVED and machine.run('/usr/bin/roads', 'dlopen', '/lib/known/library.so') == ARRIVED, 'both are on the list')
    machine.copy('usr/bin/roads', 'usr/bin/other', b'other')
    machine.write_list(without=('/lib/known', '/srv/place', '/usr/bin/other'))
    time.sleep(0.1)
    rig.ask(f'list {machine.list}')
    rig.until(10, lambda c: c['maps'] == 1 and c['foreseen'] >= 2)
    said, code = machine.run('/usr/bin/roads', 'dlopen', '/lib/known/library.so')
    point('arrived' not in said, 'the library, taken off the list: stopped', f'{said} {code} {rig.records[-4:]}')
    point(machine.run('/usr/bin/known') == ARRIVED, 'the program, still on it: runs')
    machine.write_list()
    rig.ask(f'list {machine.list}')
    rig.until(10, lambda c: c['maps'] == 1 and c['foreseen'] >= 3)
    point(machine.run('/usr/bin/roads', 'dlopen', '/lib/known/library.so') == ARRIVED, 'put on it again: loaded', rig.records[-4:])
    machine.free()


def try_no_libraries(machine):
    """A policy that was made without looking at libraries."""
    rig = machine.guard('--no-libraries', '--alone')
    for library in ('/lib/known/library.so', '/lib/strange/library.so'):
        got = machine.run('/usr/bin/roads', 'dlopen', library)
        point(got == ARRIVED, f'a policy that lists no library: {library} is loaded', f'{got} {rig.records[-3:]}')
    said, code = machine.run('/usr/bin/roads', 'memfd', '/srv/unknown')
    point('arrived' not in said, 'and executions are judged all the same', f'{said} {code}')
    machine.free()


def try_observe(machine):
    rig = machine.guard('--memory', 'deny', mode='observe')
    for words in (('memfd', '/srv/unknown'), ('dlopen', '/lib/strange/library.so'), ('anonymous', '/srv/unknown')):
        got = machine.run('/usr/bin/roads', *words)
        point(got == ARRIVED, f'observing: {words[0]} arrives', got)
    rig.until(3, lambda c: len([r for r in rig.records if ' would ' in r]) >= 3)
    told = {record.split()[1] for record in rig.records if record.startswith('kernel ') and ' would ' in record}
    point({'exec-memfd', 'map-library', 'mem-anonymous'} <= told, 'and each is recorded as what would have been stopped', told)
    machine.free()


def try_dead(machine, failure):
    rig = machine.guard('--alone', failure=failure)
    point(machine.run('/usr/bin/known') == ARRIVED, f'failure {failure}: the known program runs')
    for _ in range(40):  # each would start the other again
        for pid in rig.pids():
            if pid > 1:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        time.sleep(0.02)
        if not any(lab.alive(pid) for pid in rig.pids() if pid > 1):
            break
    point(machine.run('/usr/bin/known') == ARRIVED, 'guard and keeper dead: the known program runs', rig.records[-3:])
    said, code = machine.run('/srv/unknown')
    point('arrived' not in said, 'and what is unknown is stopped, though no permission event is answered any more', f'{said} {code}')
    time.sleep(8.5)
    point(machine.run('/usr/bin/known') == ARRIVED, 'silent for long: the known program runs', rig.records[-3:])
    said, code = machine.run('/srv/unknown')
    if failure == 'deny':
        point('arrived' not in said, 'and what is unknown is stopped, as the failure setting says', f'{said} {code}')
    else:
        point((said, code) == ARRIVED and rig.counts()['kernel6'] >= 1, 'and what is unknown goes on, as the failure setting says, and is counted',
              f'{said} {code} {rig.counts()}')
    machine.free()


def main():
    lab.isolate()
    if not cgroups():
        print('1..0 # SKIP no cgroup2')
        return
    machine = Machine()
    try:
        try_lawful(machine)
        try_list(machine)
        try_no_libraries(machine)
        try_observe(machine)
        try_dead(machine, 'deny')
        try_dead(machine, 'allow')
    finally:
        for record in machine.rig.records[-20:] if machine.rig else []:
            note(record)
        machine.end()
    lab.finish()


main()
