#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Kills a spool at every named point and looks whether anything was lost unsaid, came twice or out of order.
#
# spool-rig (lib/spool/rig.c) is a reporter, a spool and a server in one program. For each point of lib/spool it is started with SEKISHO_POINT,
# dies there, is started again, and must end with "complete". The points are read off the source, so a new one without a row here fails, and a
# point that no run reaches fails as well.
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(os.environ.get('SEKISHO_SOURCE', Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get('SEKISHO_BUILD', ROOT / 'build'))
RIG = BUILD / 'spool-rig'

# point: (mode, events of each priority, passes at which to kill)
POINTS = {
    'spool.open': ('plain', 300, (1,)),
    'spool.append': ('plain', 3000, (1, 700, 5000)),
    'spool.appended': ('plain', 3000, (1, 700, 5000)),
    'spool.fsync': ('plain', 3000, (1, 60)),
    'spool.fsynced': ('plain', 3000, (1, 60)),
    'spool.rotate': ('plain', 3000, (1, 4, 8)),
    'spool.rotated': ('plain', 3000, (1, 4, 8)),
    'spool.state': ('plain', 3000, (1, 2, 20)),
    'spool.ack': ('plain', 3000, (1, 20)),
    'spool.acked': ('plain', 3000, (1, 4)),
    'spool.drop': ('capped', 3000, (1, 3)),
    'spool.dropped': ('capped', 3000, (1, 3)),
    'spool.tombstone': ('capped', 3000, (1, 3)),
    'spool.cut': ('damaged', 3000, (1,)),
    'spool.repair': ('damaged', 3000, (1,)),
}

count = failed = 0


def say(ok, name, why=''):
    global count, failed
    count += 1
    failed += not ok
    print(f'{"ok" if ok else "not ok"} {count} - {name}', flush=True)
    for line in why.splitlines() if not ok else []:
        print('# ' + line)


def run(folder, mode, events, point=None):
    env = dict(os.environ, SEKISHO_LOG='error')
    env.pop('SEKISHO_POINT', None)
    if point:
        env['SEKISHO_POINT'] = point
    said = subprocess.run([RIG, folder, mode, str(events)], env=env, capture_output=True, text=True, timeout=120)
    return said.returncode, said.stdout or said.stderr


def prepare_damage(folder):
    """Something is in the spool, the server has none of it; then a byte goes bad in the middle and half a record stands at an end."""
    code, said = run(folder, 'plain', 900, 'spool.ack:1')
    files = sorted((folder / 'spool').glob('[0-9].*'))
    middle = [f for f in files if f.name.startswith('2')][0]
    tail = [f for f in files if f.name.startswith('1')][-1]
    (folder / 'to-damage').write_text(f'{middle} 600\n{tail} -1\n')
    (folder / 'received').unlink(missing_ok=True)
    return code == -9


def kill_at(point, mode, events, number):
    folder = Path(tempfile.mkdtemp(prefix='spool-points-'))
    try:
        if mode == 'damaged' and not prepare_damage(folder):
            return 'the spool to be damaged was not made'
        code, said = run(folder, mode, events, f'{point}:{number}')
        if code != -9:
            return f'the point was not reached: exit code {code}, {said}'
        code, said = run(folder, mode, events)
        if code != 0 or said != 'complete\n':
            return f'after the second start: exit code {code}, {said}'
        return ''
    finally:
        shutil.rmtree(folder)


def main():
    in_source = set()
    for path in (ROOT / 'lib/spool').glob('*.c'):
        in_source |= set(re.findall(r'SK_POINT\("([^"]+)"\)', path.read_text()))
    say(in_source == set(POINTS), 'every named point of lib/spool is in the table', str(in_source ^ set(POINTS)))
    folder = Path(tempfile.mkdtemp(prefix='spool-points-'))
    code, said = run(folder, 'capped', 3000)
    shutil.rmtree(folder)
    say(code == 0 and said == 'complete\n', 'a small spool without a server: every number arrives or stands in one tombstone', said)
    for point, (mode, events, numbers) in POINTS.items():
        for number in numbers:
            why = kill_at(point, mode, events, number)
            say(not why, f'killed at {point} (pass {number}): nothing lost, twice or out of order', why)
    print(f'1..{count}')
    return 1 if failed else 0


sys.exit(main())
