#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=240
#
# Lockdown's kernel side (tier B) on the equipment PC of the tests: roads by which code comes to run and that permission events alone do not see. Each road is
# gone with nobody there (it must arrive), with the kernel side in force and an unknown file (it must not), and its lawful twin (it must).
# The subject is a control group of the test's own; whoever is outside of it is never acted upon, which is tried as well.
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import lockdown_lab as lab  # noqa: E402
from bpf_runs import Runs  # noqa: E402
from kernel_lab import Machine, cgroups  # noqa: E402
from lockdown_lab import note, point  # noqa: E402

UNKNOWN, KNOWN = '/srv/unknown', '/usr/bin/known'
STRANGE, LIBRARY = '/lib/strange/library.so', '/lib/known/library.so'

# road, what is unknown, its lawful twin (None: there is none without another program)
ROADS = [
    ('exec', (UNKNOWN,), (KNOWN,)),
    ('fd', (UNKNOWN,), (KNOWN,)),
    ('memfd', (UNKNOWN,), None),
    ('sealed', (UNKNOWN,), (KNOWN,)),
    ('deleted', (UNKNOWN,), (KNOWN,)),
    ('elsewhere', (UNKNOWN,), None),
    ('userns', (UNKNOWN,), None),
    ('overlay', (UNKNOWN,), (KNOWN,)),
    ('bind', (UNKNOWN, '/bound/place'), (KNOWN, '/bound/place')),
    ('dlopen', (STRANGE,), (LIBRARY,)),
    ('map', (STRANGE,), (LIBRARY,)),
    ('map-protect', (STRANGE,), (LIBRARY,)),
    ('map-other', (STRANGE,), (LIBRARY,)),
    ('personality', (STRANGE,), (LIBRARY,)),
]
MEMORY = ['anonymous', 'protect', 'changed', 'shared', 'twice', 'segment', 'heap', 'segment-implied', 'contended']


LOADER = '/lib64/ld-linux-x86-64.so.2'
# what runs, with which environment; the lawful twin
LOADED = [
    ('the loader, given a program', ((LOADER, UNKNOWN), {}), ((LOADER, KNOWN), {})),
    ('a preloaded library', (('/usr/bin/roads', 'hello'), {'LD_PRELOAD': STRANGE}), (('/usr/bin/roads', 'hello'), {'LD_PRELOAD': LIBRARY})),
]


def try_memory_system(machine):
    """Nothing is remembered there: the guard is asked about what is mapped, while the task waits."""
    place = machine.root / 'mnt'
    subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', place], check=True)
    try:
        for name, source in (('strange', STRANGE), ('known', LIBRARY)):
            shutil.copy(f'{machine.root}{source}', place / name)
        for road in ('dlopen', 'map', 'map-protect'):
            said, code = machine.run('/usr/bin/roads', road, '/mnt/strange')
            point('arrived' not in said, f'{road}, from memory: what is unknown is stopped', f'{said} {code}')
            said, code = machine.run('/usr/bin/roads', road, '/mnt/known')
            point((said, code) == ('arrived', 0), f'{road}, from memory: what is known by its content arrives', f'{said} {code}')
        said, code = machine.run('/usr/bin/roads', 'map-other', '/mnt/strange')
        point('arrived' not in said, 'from memory: no thread runs what another one has mapped and nobody knows', f'{said} {code}')
        with open(place / 'known', 'r+b') as writer:
            said, code = machine.run('/usr/bin/roads', 'map', '/mnt/known')  # of another process: no permit of before
            point('arrived' not in said, 'from memory: nobody is asked about what somebody can write', f'{said} {code} {writer.fileno()}')
    finally:
        subprocess.run(['umount', place], check=True)


def opened(rig, path, times):
    before = rig.counts()['opens']
    for _ in range(times):
        with open(path, 'rb') as file:
            file.read()
    return rig.counts()['opens'] - before


def try_data(machine, rig):
    """What data costs, in questions and in runs of our programs: counted, so that no load of this machine falls on it."""
    near, apart = machine.root / 'lib/known/data', machine.root / 'srv/data'
    for path in (near, apart):
        path.write_bytes(b'data' * 1024)
    time.sleep(2)  # what was written a moment ago is not remembered
    first, then = opened(rig, near, 5), opened(rig, near, 20)
    point((first >= 1, then) == (True, 0), 'data beside files of the policy is asked about, and then left alone', (first, then))
    shutil.copyfile(f'{machine.root}{LIBRARY}', near)
    said, code = machine.run('/usr/bin/roads', 'map', '/lib/known/data')
    point((said, code) == ('arrived', 0), 'until it is written: what is known by then is found out, and may be mapped', f'{said} {code}')
    shutil.copyfile(f'{machine.root}{STRANGE}', near)
    said, code = machine.run('/usr/bin/roads', 'map', '/lib/known/data')
    point('arrived' not in said, 'and what is unknown again is stopped', f'{said} {code}')
    pid = rig.process.pid  # of timeout(1)
    with Runs(int(Path(f'/proc/{pid}/task/{pid}/children').read_text().split()[0])) as runs:
        asked, ran = 0, []
        for _ in range(5):  # the least of them: everybody on the machine passes our programs
            before = runs.now()[0]
            asked += opened(rig, apart, 4000)
            ran.append(runs.now()[0] - before)
        before = runs.now()[0]
        machine.run('/usr/bin/roads', 'hello')
        started = runs.now()[0] - before
    point(asked == 0 and min(ran) < 2000 and started >= 5, 'opening, reading and closing data runs none of our programs, and asks nobody; a start does',
          (asked, ran, started))


def try_roads(machine):
    loaded = {name: machine.run(*words, environment=more) for name, (words, more), _ in LOADED}
    free = {road: machine.run('/usr/bin/roads', road, *files) for road, files, _ in ROADS}
    for road in MEMORY:
        free[road] = machine.run('/usr/bin/roads', road, LIBRARY)
    rig, unsure = machine.guard('--memory', 'deny'), 0
    for road, files, twin in ROADS:
        said, code = machine.run('/usr/bin/roads', road, *files)
        point(free[road] == ('arrived', 0) and 'arrived' not in said, f'{road}: arrives with nobody there, and is stopped',
              f'without: {free[road]}, with: {said} {code}')
        if twin:
            said, code = machine.run('/usr/bin/roads', road, *twin)
            point((said, code) == ('arrived', 0), f'{road}: its lawful twin arrives', f'{said} {code}')
    for name, (words, more), (lawful, lawful_more) in LOADED:
        said, code = machine.run(*words, environment=more)
        point(loaded[name] == ('arrived', 0) and 'arrived' not in said, f'{name}: arrives with nobody there, and is stopped',
              f'without: {loaded[name]}, with: {said} {code}')
        said, code = machine.run(*lawful, environment=lawful_more)
        point((said, code) == ('arrived', 0), f'{name}: its lawful twin arrives', f'{said} {code}')
    if 'hook sk_trace_look attached' in rig.records:
        try_memory_system(machine)
    try_data(machine, rig)
    for road in MEMORY:
        unsure = rig.counts()['kernel8'] if road != 'contended' else unsure
        said, code = machine.run('/usr/bin/roads', road, LIBRARY, limit=60)
        point(free[road] == ('arrived', 0) and 'arrived' not in said, f'memory, {road}: arrives with nobody there, and is stopped',
              f'without: {free[road]}, with: {said} {code}')
    said, code = machine.run(UNKNOWN, inside=False)
    point('refused 1' in said, 'outside of the control group the permission event still refuses', f'{said} {code}')
    said, code = machine.run('/usr/bin/roads', 'memfd', UNKNOWN, inside=False)
    point((said, code) == ('arrived', 0), 'outside of the control group nobody is killed', f'{said} {code}')
    wanted = {'exec-memfd', 'map-library', 'mem-anonymous', 'mem-mprotect', 'mem-shared'}
    end = time.monotonic() + 5
    while (missing := wanted - {record.split()[1] for record in rig.records if record.startswith('kernel ')}) and time.monotonic() < end:
        time.sleep(0.05)  # they come by a ring of their own
    point(not missing, 'each is recorded with its road', missing)
    if 'hook sk_trace_look attached' in rig.records:
        before = rig.counts()['kernel8']
        said, code = machine.run('/usr/bin/roads', 'race', STRANGE, LIBRARY)
        point('arrived' not in said, 'a descriptor exchanged behind the look: stopped by the second one', f'{said} {code}')
        point(unsure == 0 and rig.counts()['kernel8'] == before, 'each look could be made, where nobody kept it from looking', (unsure, before, rig.counts()))
    machine.free()
    rig = machine.guard('--memory', 'deny', mode='observe')
    said, code = machine.run('/usr/bin/roads', 'flood', LIBRARY)
    full = rig.until(15, lambda c: c['kernel7'] > 0 and sum(r.startswith('kernel ') for r in list(rig.records)) + c['lost'] >= c['kernel5'])
    point((said, code) == ('arrived', 0) and full, 'a flood of records: those for which the kernel side had no room are counted as lost', (said, code, len(rig.records), rig.counts()))
    machine.free()


def main():
    lab.isolate()
    if not cgroups():
        print('1..0 # SKIP no cgroup2')
        return
    machine = Machine()
    try:
        try_roads(machine)
    finally:
        for record in machine.rig.records[-40:] if machine.rig else []:
            note(record)
        machine.end()
    lab.finish()


if __name__ == '__main__':
    main()
