#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# lists.py - the lists that the harness reads are in order: tests/skips, tests/mutants and packaging/packages.*.

import re

from common import Rules, lines_of, our_files, read, root

SKIP = re.compile(r'[a-z-]+/[^:]+: \S')
SCRIPT_SUITES = ('lint', 'integration', 'kernel', 'browser', 'package')
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


def check_mutant(files, path, text):
    head = re.split(r'^(?:diff --git|--- )', text, maxsplit=1, flags=re.MULTILINE)[0]
    tests = re.findall(r'^Test: (\S+?)(?:$|: )', head, re.MULTILINE)
    if not re.search(r'^Takes out: \S', head, re.MULTILINE):
        yield f'{path}: no line "Takes out: ..." says which feature'
    if not tests:
        yield f'{path}: no line "Test: SUITE/NAME"'
    yield from (f'{path}: there is no test {test}' for test in tests if missing_script(files, test))


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
    mutants, packages = [], []
    for path in files:
        if path.startswith('tests/mutants/') and path.endswith('.patch'):
            mutants += check_mutant(files, path, read(top, path) or '')
        if path.startswith('packaging/packages.'):
            packages += check_packages(path, read(top, path) or '')
    rules = Rules()
    rules.rule('tests/skips names tests and reasons', check_skips(files, read(top, 'tests/skips') if 'tests/skips' in files else ''))
    rules.rule('each mutant says what it takes out and which test notices', mutants)
    rules.rule('package lists can be read', packages)
    rules.finish()


main()
