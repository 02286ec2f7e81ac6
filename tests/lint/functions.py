#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# functions.py - no C function is longer than 80 lines, but for those that tests/lint/long-functions lists with a reason.
#
# Reads our own layout: a function's body begins with `{` and ends with `}` in the first column.

import re

from common import Rules, c_files, code_only, lines_of, read, root

LIMIT = 80
NAME = re.compile(r'(\w+)\s*\([^;]*$')


def functions(text):
    """(name, line, length) of each function."""
    before, begin, name = [], None, ''
    for number, line in lines_of(text):
        if line.startswith('{') and begin is None:
            begin, name = number, ' '.join(before[-6:])
        elif line.startswith('}') and begin is not None:
            if line.rstrip() == '}' and (match := re.findall(r'(\w+)\s*\(', name)):
                yield match[0], begin, number - begin + 1
            begin, before = None, []
        elif begin is None:
            if not line.strip() or line.rstrip().endswith((';', '}')) or line.startswith('#'):
                before = []
            else:
                before.append(line)


def read_exceptions(path):
    """{'path:function': reason}"""
    table = {}
    if path.exists():
        for line in path.read_text().splitlines():
            if line.strip() and not line.startswith('#'):
                key, _, reason = line.partition(' ')
                table[key] = reason.strip()
    return table


def main():
    top = root()
    listed = read_exceptions(top / 'tests/lint/long-functions')
    lengths, long, used = [], [], set()
    for path in c_files(top):
        for name, number, length in functions(code_only(read(top, path) or '')):
            lengths.append(length)
            if length > LIMIT and listed.get(f'{path}:{name}'):
                used.add(f'{path}:{name}')
            elif length > LIMIT:
                long.append(f'{path}:{number}: {name} has {length} lines')
    lengths.sort()
    note = f'{len(lengths)} functions' + (f', median {lengths[len(lengths) // 2]}, 95th percentile {lengths[len(lengths) * 95 // 100]}, '
                                          f'longest {lengths[-1]} lines' if lengths else '')
    rules = Rules()
    rules.rule(f'no function has more than {LIMIT} lines without a reason in tests/lint/long-functions', long, note)
    rules.rule('tests/lint/long-functions lists only what is long', [f'tests/lint/long-functions: {key}' for key in set(listed) - used])
    rules.finish()


main()
