#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=300
#
# gateway-rules - check-rules on ET Open: at least 98 percent of the enabled rules are honoured, and each other one is named with file, line, sid, keyword and
# reason; loading them stays within its memory; and on a file of rules that must be refused.

import json
import os
import resource
import subprocess
import sys
import tarfile
import tempfile

BUILD = os.environ.get('SEKISHO_BUILD', 'build')
DATA = os.environ.get('SEKISHO_DATA', '../shared/data')
GATEWAY = os.path.join(BUILD, 'sekisho-gateway')
LOADING = 'loading holds at most 150 MiB, and takes at most 4 s of the processor'
number = 0


def point(good, name, note=''):
    global number
    number += 1
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if note:
        print(f'# {note}')


def check(files):
    done = subprocess.run([GATEWAY, 'check-rules', *files, '--json'], capture_output=True, text=True, timeout=250)
    return done, json.loads(done.stdout.splitlines()[-1])


def unpack(path, into):
    plain = os.path.join(into, 'rules.tar')
    with open(plain, 'wb') as out:
        subprocess.run(['zstd', '-dcq', path], stdout=out, check=True, timeout=60)
    with tarfile.open(plain) as archive:
        for member in archive:
            if member.isfile() and member.name.endswith('.rules'):
                with open(os.path.join(into, os.path.basename(member.name)), 'wb') as out:
                    out.write(archive.extractfile(member).read())
    return sorted(os.path.join(at, name) for at, _, names in os.walk(into) for name in names if name.endswith('.rules'))


def enabled_in(files):
    """Counted apart from the loader: no rule of this collection spans lines."""
    count = 0
    for path in files:
        with open(path, errors='replace') as text:
            count += sum(1 for line in text if line.strip() and not line.lstrip().startswith('#'))
    return count


def et_open(work):
    archive = os.path.join(DATA, 'gateway/et-open-2024.tar.zst')
    if not os.path.exists(archive):
        for name in ('every enabled rule is counted', 'at least 98 percent are honoured', 'each other is named', LOADING):
            point(True, f'{name} # SKIP no ET Open under SEKISHO_DATA')
        return
    files = unpack(archive, work)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _, told = check(files)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    point(told['enabled'] == enabled_in(files), 'every enabled rule is counted', f"{told['enabled']} enabled")
    point(told['honoured'] >= 0.98 * told['enabled'], 'at least 98 percent are honoured', f"{told['honoured']} honoured")
    named = told['named']
    whole = all(os.path.exists(n['file']) and n['line'] > 0 and n['sid'] > 0 and n['why'] for n in named)
    point(len(named) == told['enabled'] - told['honoured'] and whole, 'each other is named', '; '.join(sorted({n['keyword'] or n['why'] for n in named})))
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    point(after.ru_maxrss <= 150 * 1024 and seconds <= 4, LOADING, f'{after.ru_maxrss / 1024:.0f} MiB at most in any child, {seconds:.2f} s')


def refused(work):
    path = os.path.join(work, 'own.rules')
    with open(path, 'w') as out:
        out.write('# own\nalert tcp any any -> any any (msg:"fine"; content:"abc"; sid:1;)\n\nalert tcp any any -> any any (content:"abc"; frobnicate:1; sid:2;)\n')
    done, told = check([path])
    point(told == {'enabled': 2, 'honoured': 1, 'named': [{'file': path, 'line': 4, 'sid': 2, 'keyword': 'frobnicate', 'why': 'the keyword is not known'}]},
          'a rule with an unknown keyword is named', json.dumps(told))
    missing = subprocess.run([GATEWAY, 'check-rules', path + '.missing', '--json'], capture_output=True, text=True, timeout=60)
    point(missing.returncode != 0, 'a file that is not there is an error')


def main():
    with tempfile.TemporaryDirectory() as work:
        et_open(work)
        refused(work)
    print(f'1..{number}')
    return 0


sys.exit(main())
