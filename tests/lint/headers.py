#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# headers.py - each source file opens with its licence (SPDX) and a comment that says what it is for.

import re

from common import Rules, first_line, our_files, read, root

OURS, KERNEL = 'GPL-3.0-or-later', 'GPL-2.0-or-later'
SOURCE = re.compile(r'.*(\.(c|h|py|sh|js|mjs|css)|/meson\.build|meson_options\.txt|^meson\.build)$')
# A folder's build list says enough by itself.
BUILD_LIST = re.compile(r'(.+/meson\.build|meson_options\.txt)$')
SPDX = re.compile(r'\s*(?://|#|/\*)\s*SPDX-License-Identifier: ([\w.-]+)')


def is_source(top, path):
    return bool(SOURCE.match(path)) or (not re.search(r'\.\w+$', path) and first_line(top, path).startswith('#!'))


def opening(text):
    """The lines after the shebang."""
    lines = text.splitlines()
    return lines[1:] if lines and lines[0].startswith('#!') else lines


def comment_words(lines):
    """Words of the first comment after the SPDX line."""
    words = 0
    for line in lines[1:60]:
        text = line.strip()
        if text.startswith(('//', '#', '/*', '*')) and not text.startswith(('#include', '#define', '#pragma', '#if')):
            words += len(re.findall(r'[^\W_]{2,}', text))
        elif text and words:
            break
        elif text:
            return 0
    return words


def main():
    top = root()
    licence, comment = [], []
    for path in our_files(top):
        if not is_source(top, path):
            continue
        lines = opening(read(top, path) or '')
        match = SPDX.match(lines[0]) if lines else None
        wanted = KERNEL if path.startswith('bpf/') else OURS
        if not match or match[1] != wanted:
            licence.append(f'{path}:1: the first line must be SPDX-License-Identifier: {wanted}')
        elif not BUILD_LIST.match(path) and comment_words(lines) < 6:
            comment.append(f'{path}:2: no opening comment that says what the file does')
    rules = Rules()
    rules.rule('each source file names its licence in its first line', licence)
    rules.rule('each source file opens with what it is for', comment)
    rules.finish()


main()
