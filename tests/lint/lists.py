#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# lists.py - the lists that the harness reads are in order: tests/skips, tests/mutants and packaging/packages.*.
#
# ./check mutate takes hours and runs seldom, so what would make it fail for a reason of its own is found here: a patch must apply to the
# code as it is now, and name a test, and of a unit test a function, that is there.

import re
import subprocess

from common import Rules, lines_of, our_files, read, root

SKIP = re.compile(r'[a-z-]+/[^:]+: \S')
SCRIPT_SUITES = ('lint', 'integration', 'kernel', 'attacks', 'browser', 'package')
PACKAGE = re.compile(r'[a-z0-9][a-z0-9+.-]+( command=\S+| unpack)?$')


def missing_script(files, test):
    """Whether a test belongs to a suite of scripts and none of our files is that script."""
    suite, _, name = test.partition('/')
    return suite in SCRIPT_SUITES and not any(re.fullmatch(rf'tests/{suite}/{re.escape(name)}\.(sh|py|js)', path) for path in files)


def check_skips(files, text):
    for number, line in lines_of(text):
        if not line.strip() or line.startswith('#'):
            continue
        where = f'tests/skips:{number}'
        if not SKIP.match(line):
            yield f'{where}: not of the form "suite/test: reason"'
        elif missing_script(files, '/'.join(line.partition(':')[0].split('/')[:2])):
            yield f'{where}: there is no such test'


def missing_point(top, files, test, point):
    """Whether a test names a function that no test-NAME.c of ours has."""
    sources = [path for path in files if path.endswith(f'/test-{test.rpartition("/")[2]}.c')]
    return test.startswith('unit/') and not any(f'{point}(' in (read(top, path) or '') for path in sources)


def check_mutant(top, files, path, text):
    head = re.split(r'^(?:diff --git|--- )', text, maxsplit=1, flags=re.MULTILINE)[0]
    tests = re.findall(r'^Test: (\S+?)(?:$|: (.*))', head, re.MULTILINE)
    if not re.search(r'^Takes out: \S', head, re.MULTILINE):
        yield f'{path}: no line "Takes out: ..." says which feature'
    if not tests:
        yield f'{path}: no line "Test: SUITE/NAME"'
    for test, point in tests:
        if missing_script(files, test):
            yield f'{path}: there is no test {test}'
        elif missing_point(top, files, test, point):
            yield f'{path}: {test} has no {point or "source"}'


def check_applies(top, path):
    said = subprocess.run(['git', 'apply', '--check', path], cwd=top, capture_output=True, text=True)
    if said.returncode:
        yield f'{path}: does not apply to the code as it is: {said.stderr.strip().splitlines()[0]}'


def check_packages(path, text):
    names = []
    for number, line in lines_of(text):
        if line.strip() and not line.startswith('#'):
            if not PACKAGE.match(line):
                yield f'{path}:{number}: not of the form "NAME", "NAME command=CMD" or "NAME unpack"'
            if line.split()[0] in names:
                yield f'{path}:{number}: {line.split()[0]} stands there twice'
            names.append(line.split()[0])


def main():
    top = root()
    files = our_files(top)
    mutants, stale, packages = [], [], []
    for path in files:
        if path.startswith('tests/mutants/') and path.endswith('.patch'):
            mutants += check_mutant(top, files, path, read(top, path) or '')
            stale += check_applies(top, path)
        if path.startswith('packaging/packages.'):
            packages += check_packages(path, read(top, path) or '')
    rules = Rules()
    rules.rule('tests/skips names tests and reasons', check_skips(files, read(top, 'tests/skips') if 'tests/skips' in files else ''))
    rules.rule('each mutant says what it takes out and which test notices', mutants)
    rules.rule('each mutant applies to the code as it is', stale)
    rules.rule('package lists can be read', packages)
    rules.finish()


main()
