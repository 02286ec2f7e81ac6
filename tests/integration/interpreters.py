#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=900 slow
#
# interpreters.py - what really runs code is called code: each interpreter of rules/interpreters that is installed runs the examples of its file, and every
# option letter, with code in an argument, on standard input, in a script and in a module. Code leaves a mark named after the road it came by;
# the verdict of `sekisho lockdown interpreters` on the same call is compared with the marks.

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

BUILD = os.environ.get('SEKISHO_BUILD', 'build')
SEKISHO = os.path.join(BUILD, 'sekisho')
REFUSED = {'inline', 'stdin', 'module', 'environment', 'unprovable'}
LETTERS = [c for c in map(chr, range(0x21, 0x7f)) if c not in '-']
PLAIN = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C', 'TERM': 'dumb'}
SKIP = {'gdb', 'vim'}  # the letters of these are looked at by their examples alone: without a terminal they wait, or draw


class Call:
    """One call in a folder of its own."""

    def __init__(self, top, interp, program, argv0, words, variables=()):
        self.interp, self.program, self.argv0 = interp, program, argv0
        self.folder = tempfile.mkdtemp(dir=top)
        mark = interp['mark']
        text = (interp['file'] or mark)
        for name in ('script', 'file'):
            self.write(name, text.replace('@', name))
        self.write('stdin', 'a line\n' if interp['input'] else text.replace('@', 'stdin') + '\n')
        os.mkdir(os.path.join(self.folder, 'dir'))
        for name in ('sitecustomize.py', 'Skmark.pm', 'skmark.rb', '.zshenv'):
            self.write('dir/' + name, text.replace('@', 'file') + ('\n1;\n' if name.endswith('pm') else '\n'))
        self.words = [self.fill(word) for word in words]
        self.env = dict(PLAIN, M=os.path.join(self.folder, 'marks'), HOME=self.folder)
        for variable in variables:
            name, value = variable.split('=', 1)
            self.env[name] = self.fill(value).replace('$M', self.env['M'])
        os.mkdir(self.env['M'])

    def write(self, name, text):
        with open(os.path.join(self.folder, name), 'w', encoding='utf-8') as file:
            file.write(text)

    def fill(self, word):
        mark = self.interp['mark']
        return (word.replace('@code', mark.replace('@', 'inline')).replace('@mark', mark.replace('@', 'environment'))
                .replace('@script', os.path.join(self.folder, 'script')).replace('@file', os.path.join(self.folder, 'file'))
                .replace('@dir', os.path.join(self.folder, 'dir')))

    def run(self, lazy=False):
        with open(os.path.join(self.folder, 'stdin'), 'rb') as stdin:
            try:
                subprocess.run([self.argv0] + self.words, executable=self.program, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               cwd=self.folder, env=self.env, timeout=4, start_new_session=True, check=False)
            except (subprocess.TimeoutExpired, ValueError):
                pass
        marks = set(os.listdir(self.env['M']))
        if lazy and not marks:
            shutil.rmtree(self.folder, ignore_errors=True)
            return marks, {'verdict': 'nothing'}
        said = subprocess.run([SEKISHO, 'lockdown', 'interpreters', '--json', '--root', self.folder, '--as', self.program, '--', self.argv0] + self.words,
                              capture_output=True, env=self.env, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        return marks, json.loads(said.stdout)


def wrong(verdict, marks, is_):
    """What does not fit between what was said and what was seen; None when it does."""
    if verdict != is_:
        return f'judged {verdict}'
    wanted = {'inline': {'inline'}, 'stdin': {'stdin', 'inline', 'script'}, 'script': {'script'}, 'module': {'inline', 'script', 'file'}, 'load': {'inline', 'script', 'file'},
              'environment': {'environment', 'file', 'stdin'}, 'unprovable': {'inline', 'script', 'file'}}.get(is_)
    if wanted is None:
        return f'ran {sorted(marks)}' if marks else None
    if not marks & wanted:
        return f'left the marks {sorted(marks)}'
    if is_ == 'script' and marks - {'script'}:
        return f'ran more than the script: {sorted(marks)}'
    return None


def installed(interp):
    for name in interp['programs']:
        path = shutil.which(name, path=PLAIN['PATH']) or next((p for p in ['/usr/bin/' + name + v for v in ('5.4', '8.2')] if os.path.exists(p)), None)
        if path and name not in ('wish',):  # needs a display
            yield name, os.path.realpath(path), name
    if interp['name'] == 'ash' and os.path.exists('/usr/bin/busybox'):
        yield 'ash', '/usr/bin/busybox', 'ash'
    if interp['name'] == 'awk' and os.path.exists('/usr/bin/busybox'):
        yield 'busybox-' + interp['name'], '/usr/bin/busybox', interp['name']


def permissive(call):
    """Code ran by a road that the verdict does not refuse."""
    marks, said = call.run(lazy=True)
    allowed = {'script': {'script'}, 'implicit': {'script'}, 'load': {'script', 'file'}}.get(said['verdict'], set())
    return None if said['verdict'] in REFUSED or not marks - allowed else f'{call.words}: {said["verdict"]}, but ran {sorted(marks)}'


def letters(top, pool, interp, name, program, argv0):
    forms = [['-@', '@code'], ['-@', '@script'], ['-@', '1', '@code'], ['-@@code']]
    forms += [['+@', '@code']] if interp['name'] in ('sh', 'ash', 'zsh') else []
    calls = [Call(top, interp, program, argv0, [form[0].replace('@', c, 1)] + form[1:]) for c in LETTERS for form in forms]
    return [found for found in pool.map(permissive, calls) if found]


def point(number, good, name, note=''):
    print(('ok' if good else 'not ok') + f' {number} - {name}' + (f': {note}' if note and not good else ''), flush=True)


def main():
    table = json.loads(subprocess.run([SEKISHO, 'lockdown', 'interpreters', '--json'], capture_output=True, check=True, env=dict(PLAIN)).stdout)
    number = seen = 0
    top = tempfile.mkdtemp(prefix='sk-interpreters-', dir=os.environ.get('TMPDIR'))
    try:
        with ThreadPoolExecutor(max_workers=4) as pool:
            for interp in table:
                if not interp['mark']:
                    continue
                done = set()
                for name, program, argv0 in installed(interp):
                    if program in done:
                        continue
                    done.add(program)
                    seen += 1
                    base = os.path.basename(program)
                    calls = [(e, Call(top, interp, program, argv0, e['run'], e['set'])) for e in interp['examples']
                             if not e['dead'] and (not e['only'] or name in e['only'] or base in e['only'])]
                    results = list(pool.map(lambda pair: pair[1].run(), calls))
                    bad = [(e['run'], why) for (e, _), (marks, said) in zip(calls, results) if (why := wrong(said['verdict'], marks, e['is']))]
                    number += 1
                    point(number, calls and not bad, f'{name} ({program}): {len(calls)} calls are what its file says', str(bad[:6]))
                    if interp['name'] not in SKIP:
                        bad = letters(top, pool, interp, name, program, argv0)
                        number += 1
                        point(number, not bad, f'{name} ({program}): no letter runs code that is not called so', '; '.join(bad[:8]))
        number += 1
        point(number, seen >= 8, f'{seen} interpreters were run')
    finally:
        shutil.rmtree(top, ignore_errors=True)
    print(f'1..{number}')


sys.exit(main())
