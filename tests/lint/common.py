# SPDX-License-Identifier: GPL-3.0-or-later
#
# common.py - what the lint programs share: the list of our files, C source without comments, findings as TAP.
#
# A lint program is called with no argument for this repository, or with `--root DIR` for another tree (tests/lint/selftest.py
# plants violations that way). Each rule is one TAP point; what breaks it follows as `# path:line: sentence`.

import os
import pathlib
import re
import subprocess
import sys


def root():
    if len(sys.argv) == 3 and sys.argv[1] == '--root':
        return pathlib.Path(sys.argv[2])
    return pathlib.Path(__file__).resolve().parents[2]


def is_repository(top):
    said = subprocess.run(['git', '-C', str(top), 'rev-parse', '--show-toplevel'], capture_output=True, text=True)
    return said.returncode == 0 and os.path.realpath(said.stdout.strip()) == os.path.realpath(top)


def our_files(top):
    """Relative paths of all files that are, or would be, in the repository."""
    if is_repository(top):
        said = subprocess.run(['git', '-C', str(top), 'ls-files', '-z', '-co', '--exclude-standard'], capture_output=True,
                              text=True, check=True)
        paths = [path for path in said.stdout.split('\0') if path]
    else:
        paths = [str(path.relative_to(top)) for path in top.rglob('*')]
    return sorted(path for path in paths if (top / path).is_file() and not (top / path).is_symlink())


def read(top, path):
    """Text of a file, or None of a binary one."""
    raw = (top / path).read_bytes()
    return None if b'\0' in raw[:8192] else raw.decode('utf-8', 'replace')


def first_line(top, path):
    with open(top / path, 'rb') as file:
        return file.readline(200).decode('utf-8', 'replace').rstrip()


def c_files(top):
    return [path for path in our_files(top) if path.endswith(('.c', '.h'))]


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_only(text):
    """C source with comments and the insides of literals blanked, lines kept."""
    def blank(match):
        kept = match[0] if match[0][0] not in '/"\'' else re.sub(r'[^\n]', ' ', match[0])
        return kept if match[0][0] == '/' else match[0][0] + kept[1:-1] + match[0][0]
    return TOKEN.sub(blank, text)


def lines_of(text):
    return enumerate(text.splitlines(), 1)


class Rules:
    """The TAP points of one lint program."""

    def __init__(self):
        self.said = []

    def rule(self, name, findings, note=None):
        self.said.append((name, sorted(set(findings)), note))

    def finish(self):
        print(f'1..{len(self.said)}')
        for number, (name, findings, note) in enumerate(self.said, 1):
            print(f'{"not " if findings else ""}ok {number} - {name}')
            for line in findings[:100] + ([note] if note else []):
                print(f'# {line}')
        sys.exit(any(findings for _, findings, _ in self.said))
