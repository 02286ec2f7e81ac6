#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# layers.py - compares the #include lines with tests/lint/layers: parts never include each other, lib/ has layers.

import re
import sys

from common import Rules, c_files, lines_of, read, root

INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')
GENERATED = re.compile(r'(.*\.skel\.h|(.*/)?(config|version|vmlinux)\.h|.*\.gen\.h)$')


def read_table(text):
    """{folder: (used by, uses)}; None stands for everything."""
    table, folder = {}, None
    for line in text.splitlines():
        if not line.strip() or line.startswith('#'):
            continue
        if not line[0].isspace():
            folder = line.strip()
            table[folder] = [[], []]
            continue
        key, _, value = line.strip().partition(':')
        words = [] if value.strip() == 'nothing' else value.split()
        table[folder]['used by uses'.find(key) and 1 or 0] = None if words == ['everything'] else words
    return table


def below(path, folder):
    return path == folder or path.startswith(folder + '/')


def row_of(table, path):
    """The most particular row a file belongs to."""
    rows = [folder for folder in table if below(path, folder)]
    return max(rows, key=len) if rows else None


def part_of(path):
    words = path.split('/')
    return '/'.join(words[:2]) if words[0] == 'lib' else words[0]


def resolve(top, path, name):
    """The file an #include means, seen from `path`: beside it, in lib/, in its own part, in tests/, from the top."""
    here = path.rsplit('/', 1)[0] + '/' if '/' in path else ''
    own = path.split('/')[0] + '/'
    for place in (here, 'lib/', own, 'tests/', ''):
        if (top / (place + name)).is_file():
            return str((top / (place + name)).resolve().relative_to(top.resolve()))
    return None


def allowed(table, path, target):
    user, used = row_of(table, path), row_of(table, target)
    if user == used and user or part_of(path) == part_of(target):
        return True
    if path.rsplit('/', 1)[-1].startswith(('test-', 'fuzz-')) and below(target, 'tests/support'):
        return True
    if not user or not used:
        return False
    uses, used_by = table[user][1], table[used][0]
    return any(below(target, folder) for folder in uses) and (used_by is None or any(below(path, folder) for folder in used_by))


def main():
    top = root()
    table = read_table((top / 'tests/lint/layers').read_text())
    wrong, unknown = [], []
    for path in c_files(top):
        for number, line in lines_of(read(top, path) or ''):
            match = INCLUDE.match(line)
            if not match or GENERATED.match(match[1]):
                continue
            target = resolve(top, path, match[1])
            if not target:
                unknown.append(f'{path}:{number}: "{match[1]}" is in no folder this file may include from')
            elif not allowed(table, path, target):
                wrong.append(f'{path}:{number}: {row_of(table, path) or path} may not use {row_of(table, target) or target}')
    rules = Rules()
    rules.rule('parts meet in lib/, and lib/ has layers', wrong)
    rules.rule('every #include "..." names a file of ours', unknown)
    rules.finish()


if __name__ == '__main__':
    sys.exit(main())
