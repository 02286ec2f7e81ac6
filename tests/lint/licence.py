#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# licence.py - what the build links is listed with its licence in tests/lint/licences and none is GPL-2.0-only.
#
# Looks at the meson.build files, the #include lines, the package lists, and at the programs in build/ where there are any.

import os
import re
import subprocess

from common import Rules, c_files, lines_of, our_files, read, root

WANTED = re.compile(r"(?:dependency|find_library)\(\s*'([^']+)'")
INCLUDE = re.compile(r'\s*#\s*include\s*<(nftables|libnftables|libipset|mysql)/')
# Libraries under GPL-2.0-only: in a package list, a link line or a finished program.
GPL2_ONLY = re.compile(r'\b(lib)?(nftables|ipset|mysqlclient)(\d*-dev|\.so\b)|-l(nftables|ipset|mysqlclient)\b')


def read_table(text):
    return dict(line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith('#'))


def elf_files(top):
    for folder, folders, names in os.walk(top / 'build'):
        folders[:] = [f for f in folders if f not in ('cache', 'peers', 'npm', 'npm-tests', 'mutants', 'log', 'fuzz')]
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                with open(path, 'rb') as file:
                    if file.read(4) == b'\x7fELF':
                        yield path


def linked(top):
    paths = list(elf_files(top)) if (top / 'build').is_dir() else []
    if not paths:
        return []
    said = subprocess.run(['readelf', '-dW'] + paths, capture_output=True, text=True).stdout
    return [f'build: {line.strip()}' for line in said.splitlines() if 'NEEDED' in line and GPL2_ONLY.search(line)]


def main():
    top = root()
    table = read_table((top / 'tests/lint/licences').read_text())
    unknown, forbidden = [], [f'tests/lint/licences: {name} is {licence}' for name, licence in table.items()
                              if licence == 'GPL-2.0-only']
    for path in our_files(top):
        if path.endswith('meson.build'):
            for number, line in lines_of(read(top, path)):
                unknown += [f'{path}:{number}: {name} has no line in tests/lint/licences'
                            for name in WANTED.findall(line) if name not in table]
        if path.endswith('meson.build') or path.startswith('packaging/'):
            forbidden += [f'{path}:{number}: {match[0]} is GPL-2.0-only' for number, line in lines_of(read(top, path) or '')
                          if (match := GPL2_ONLY.search(line))]
    for path in c_files(top):
        forbidden += [f'{path}:{number}: {line.strip()}' for number, line in lines_of(read(top, path) or '') if INCLUDE.match(line)]
    rules = Rules()
    rules.rule('the licence of each linked library is listed', unknown)
    rules.rule('no GPL-2.0-only library is linked', forbidden + linked(top))
    rules.finish()


main()
