#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# banned.py - functions that our C does not call, allocation past lib/base/mem.h, and unfinished work left in a file.

import re

from common import Rules, c_files, code_only, lines_of, our_files, read, root

BANNED = {
    'strcpy': 'sk_buf', 'strcat': 'sk_buf', 'sprintf': 'snprintf or sk_buf', 'vsprintf': 'vsnprintf or sk_buf', 'gets': 'sk_cursor',
    'strtok': 'sk_cursor', 'strtok_r': 'sk_cursor', 'atoi': 'a checked conversion', 'atol': 'a checked conversion',
    'atoll': 'a checked conversion', 'atof': 'a checked conversion', 'system': 'posix_spawn without a shell',
    'popen': 'posix_spawn without a shell', 'alloca': 'a fixed array or sk_malloc', 'tmpnam': 'mkostemp', 'mktemp': 'mkostemp',
    'strncpy': 'snprintf or sk_buf', 'strncat': 'sk_buf', 'rand': 'getrandom', 'srand': 'getrandom', 'signal': 'sigaction',
}
ALLOCATION = ('malloc', 'calloc', 'realloc', 'reallocarray', 'strdup', 'strndup', 'asprintf', 'vasprintf', 'aligned_alloc',
              'posix_memalign', 'memalign')
ALLOCATORS = re.compile(r'(lib/base/(test-)?mem\.[ch]|bpf/.*)$')
# Programs that are run by tests, and fuzz targets, stand outside of the product's rule on allocation.
OUTSIDE = re.compile(r'tests/|bench/|.*/fuzz-[^/]*\.c$')
UNFINISHED = re.compile(r'\b(TO' r'DO|FIX' r'ME|X' r'XX)\b')


def calls(names):
    return re.compile(r'(?<![\w.>])(' + '|'.join(names) + r')\s*\(')


def find_calls(top, path, pattern, sentence):
    for number, line in lines_of(code_only(read(top, path) or '')):
        if line.startswith('#'):
            continue
        for match in pattern.finditer(line):
            yield f'{path}:{number}: {match[1]}: {sentence(match[1])}'


def main():
    top = root()
    rules = Rules()
    banned, allocation, unfinished = [], [], []
    for path in c_files(top):
        banned += find_calls(top, path, calls(BANNED), lambda name: f'use {BANNED[name]}')
        if not ALLOCATORS.match(path) and not OUTSIDE.match(path):
            allocation += find_calls(top, path, calls(ALLOCATION), lambda name: f'use sk_{name} (base/mem.h), so that tests can make it fail')
    for path in our_files(top):
        if not path.startswith('tools/check/') and path.endswith(('.c', '.h', '.py', '.sh', '.js', '.css', '.build', '.md')):
            unfinished += [f'{path}:{number}: {match[1]}' for number, line in lines_of(read(top, path) or '')
                           if (match := UNFINISHED.search(line))]
    rules.rule('no banned function is called', banned)
    rules.rule('allocation goes through lib/base/mem.h', allocation)
    rules.rule('no unfinished work is left in a file', unfinished)
    rules.finish()


main()
