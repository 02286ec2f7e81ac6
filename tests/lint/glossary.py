#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# glossary.py - Japanese texts use the words of docs/glossary.md and none that it forbids.
#
# The glossary's tables whose last column is headed "not to be written ..." are read: words in it, separated by commas, may not stand in
# *.ja.md files, in the message catalogues or in other files whose name says that they are Japanese. A word in back quotes is
# taken as a regular expression.

import re

from common import Rules, lines_of, our_files, read, root

JAPANESE = re.compile(r'(.*\.ja\.\w+|.*/(i18n|messages|catalog|catalogue|locale|po)/.*|.*/ja\.(json|po|yaml|txt|msg))$')


def forbidden_words(text):
    """[(compiled pattern, word)] of every table that has such a column."""
    found, column = [], None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')] if line.strip().startswith('|') else None
        if cells is None:
            column = None
        elif cells[-1].startswith('not to be written'):
            column = len(cells) - 1
        elif column is not None and len(cells) > column and not set(cells[column]) <= set('-: '):
            for word in re.split(r'[、,]\s*', cells[column]):
                if word:
                    found.append((re.compile(word.strip('`') if word[0] == '`' else re.escape(word)), word))
    return found


def main():
    top = root()
    rules = Rules()
    glossary = top / 'docs/glossary.md'
    words = forbidden_words(glossary.read_text()) if glossary.exists() else []
    files = [path for path in our_files(top) if JAPANESE.match(path) and not path.startswith('tests/lint/')]
    findings = [f'{path}:{number}: {match[0]} (docs/glossary.md forbids {word})' for path in files
                for number, line in lines_of(read(top, path) or '') for pattern, word in words if (match := pattern.search(line))]
    rules.rule('docs/glossary.md forbids words', [] if words else ['docs/glossary.md: no table with a last column "not to be written ..."'])
    rules.rule('no Japanese text has a word that the glossary forbids', findings, f'{len(files)} files, {len(words)} words')
    rules.finish()


main()
