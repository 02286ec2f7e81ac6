#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# scripts.py - shell scripts pass shellcheck, and a file with a #! line can be executed (else ./check would not find it).

import os
import re
import shutil
import subprocess

from common import Rules, first_line, our_files, read, root

SHELL = re.compile(r'#! ?(/usr)?/bin/(env )?(ba|da)?sh\b')


def shellcheck(top, paths):
    if not shutil.which('shellcheck'):
        return ['shellcheck is missing: tools/install-deps check']
    if not paths:
        return []
    said = subprocess.run(['shellcheck', '-f', 'gcc', '-x', '-P', 'SCRIPTDIR'] + paths, cwd=top, capture_output=True, text=True)
    return said.stdout.splitlines()


def main():
    top = root()
    shell, not_executable, tests = [], [], []
    for path in our_files(top):
        line = first_line(top, path)
        executable = os.access(top / path, os.X_OK)
        if SHELL.match(line):
            shell.append(path)
        if line.startswith('#!') and not executable:
            not_executable.append(f'{path}:1: has a #! line but is not executable')
        if executable and not line.startswith('#!') and read(top, path) is not None:
            not_executable.append(f'{path}:1: is executable but has no #! line')
        if re.match(r'tests/(integration|kernel|package|lint)/[^/]*\.sh$', path) and not executable:
            tests.append(f'{path}: ./check does not find a test that is not executable')
    rules = Rules()
    rules.rule('shell scripts pass shellcheck', shellcheck(top, shell), f'{len(shell)} scripts')
    rules.rule('scripts, and only scripts, are executable', not_executable + tests)
    rules.finish()


main()
