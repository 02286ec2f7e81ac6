#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# selftest.py - each lint program finds the violation that is planted for it, and finds none in a clean tree.

import pathlib
import shutil
import subprocess
import sys
import tempfile

from common import Rules

HERE = pathlib.Path(__file__).resolve().parent
SPDX = '// SPDX-License-Identifier: GPL-3.0-or-later\n'
OPENING = '/*\n * What this file does, in enough words that a newcomer understands it.\n */\n'
SOURCE = SPDX + OPENING

PATCH = ('diff --git a/tools/hello b/tools/hello\n--- a/tools/hello\n+++ b/tools/hello\n@@ -4,2 +4,1 @@\n'
         ' # tools/hello - says hello to whoever calls it, and no more.\n-echo "hello"\n')

CLEAN = {
    'lib/base/buf.h': SOURCE + 'int sk_buf(void);\n',
    'lib/os/loop.h': SOURCE + '#include "base/buf.h"\n',
    'lib/base/mem.c': SOURCE + '#include <stdlib.h>\nvoid *sk_malloc(size_t n)\n{\n\treturn malloc(n);\n}\n',
    'agent/lockdown/guard.h': SOURCE,
    'agent/lockdown/guard.c': SOURCE + '#include "lockdown/guard.h"\n#include "os/loop.h"\n// calls strcpy() only in a comment\n'
                                      'int f(void)\n{\n\treturn sk_buf(); /* malloc( */\n}\n',
    'server/web/web.h': SOURCE,
    'bpf/gate.bpf.c': SOURCE.replace('GPL-3.0', 'GPL-2.0'),
    'tools/hello': '#!/bin/sh\n# SPDX-License-Identifier: GPL-3.0-or-later\n#\n# tools/hello - says hello to whoever calls it, and no more.\n'
                   'echo "hello"\n',
    'docs/glossary.md': '| term | 日本語 | not to be written in Japanese as |\n| --- | --- | --- |\n| tool | 装置 | ツール, `カタ.ログ` |\n| event | イベント | - |\n',
    'README.ja.md': '装置を守る。\n',
    'meson.build': SPDX.replace('//', '#') + '# The build list of the planted tree, with one library.\n' + "dependency('libcrypto')\n",
    'packaging/packages.build': 'libssl-dev\n',
    'lib/base/test-buf.c': SOURCE + 'static void test_a(void **state)\n{\n}\n',
    'tests/mutants/hello.patch': 'Takes out: the greeting.\nTest: unit/buf: test_a\n\n' + PATCH,
}

BODY = '\n'.join(['\tf();'] * 80)

# lint program, file to plant, its contents, what the finding must say
PLANTS = [
    ('layers', 'agent/lockdown/guard.c', SOURCE + '#include "server/web/web.h"\n', 'agent may not use server'),
    ('layers', 'lib/base/buf.h', SOURCE + '#include "os/loop.h"\n', 'lib/base may not use lib/os'),
    ('layers', 'agent/lockdown/guard.c', SOURCE + '#include "lockdown/gone.h"\n', 'is in no folder'),
    ('banned', 'agent/lockdown/guard.c', SOURCE + 'void f(void)\n{\n\tstrcpy(a, b);\n}\n', 'guard.c:7: strcpy'),
    ('banned', 'agent/lockdown/guard.c', SOURCE + 'void f(void)\n{\n\tp = malloc(3);\n}\n', 'use sk_malloc'),
    ('banned', 'agent/lockdown/guard.c', SOURCE + '// TO' 'DO later\n', 'guard.c:5'),
    ('headers', 'agent/lockdown/guard.c', OPENING, 'must be SPDX-License-Identifier: GPL-3.0-or-later'),
    ('headers', 'bpf/gate.bpf.c', SOURCE, 'must be SPDX-License-Identifier: GPL-2.0-or-later'),
    ('headers', 'agent/lockdown/guard.c', SPDX + '\nint x;\n', 'no opening comment'),
    ('headers', 'tools/hello', '#!/bin/sh\necho hello\n', 'tools/hello:1'),
    ('places', 'README.ja.md', 'see /wo' 'rk/shared/x\n', 'README.ja.md:1'),
    ('places', 'README.ja.md', 'https://regis' 'try.corp.example/npm\n', 'registry.corp.example'),
    ('places', 'server/package-lock.json', '"resolved": "https://registry.npmjs.org/x.tgz"\n', 'download address'),
    ('licence', 'meson.build', "dependency('libother')\n", 'libother has no line'),
    ('licence', 'packaging/packages.build', 'libnftables-dev\n', 'is GPL-2.0-only'),
    ('licence', 'agent/lockdown/guard.c', SOURCE + '#include <nftables/libnftables.h>\n', 'nftables/libnftables.h'),
    ('glossary', 'README.ja.md', '装置\nこのツールは\n', 'README.ja.md:2: ツール'),
    ('glossary', 'README.ja.md', 'カタxログ\n', 'README.ja.md:1: カタxログ'),
    ('glossary', 'docs/glossary.md', '| term |\n', 'no table'),
    ('scripts', 'tools/hello', '#!/bin/sh\necho $1\n', 'SC2086'),
    ('lists', 'tests/skips', 'kernel/gone: no such kernel\n', 'tests/skips:1: there is no such test'),
    ('lists', 'tests/skips', 'kernel/gone\n', 'not of the form'),
    ('lists', 'tests/mutants/x.patch', 'Takes out: x.\n--- a/x\n', 'no line "Test:'),
    ('lists', 'tests/mutants/x.patch', 'Test: unit/x\n--- a/x\n', 'no line "Takes out:'),
    ('lists', 'tests/mutants/x.patch', 'Takes out: x.\nTest: lint/gone: x\n--- a/x\n', 'there is no test lint/gone'),
    ('lists', 'tests/mutants/x.patch', 'Takes out: x.\nTest: unit/buf: test_gone\n--- a/x\n', 'unit/buf has no test_gone'),
    ('lists', 'tests/mutants/x.patch', 'Takes out: x.\nTest: unit/buf\n\n' + PATCH.replace('echo "hello"', 'echo "good bye"'), 'does not apply'),
    ('lists', 'packaging/packages.build', 'libssl-dev please\n', 'packages.build:1'),
    ('functions', 'agent/lockdown/guard.c', SOURCE + f'int f(void)\n{{\n{BODY}\n}}\n', 'f has 82 lines'),
]


def write_tree(top, files):
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
        if text.startswith('#!'):
            (top / path).chmod(0o755)
    (top / 'tests/lint').mkdir(parents=True, exist_ok=True)
    for table in ('layers', 'licences'):
        shutil.copy(HERE / table, top / 'tests/lint')


def lint(name, files):
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        write_tree(top, files)
        return subprocess.run([sys.executable, '-B', HERE / f'{name}.py', '--root', top], capture_output=True, text=True)


def main():
    rules = Rules()
    for name in sorted({plant[0] for plant in PLANTS}):
        said = lint(name, CLEAN)
        rules.rule(f'{name} finds nothing in a clean tree', said.stdout.splitlines() + said.stderr.splitlines() if said.returncode else [])
    for name, path, text, wanted in PLANTS:
        said = lint(name, {**CLEAN, path: text})
        found = said.returncode == 1 and any(line.startswith('#') and wanted in line for line in said.stdout.splitlines())
        rules.rule(f'{name} finds "{wanted}"', [] if found else ['it said:'] + said.stdout.splitlines() + said.stderr.splitlines())
    rules.finish()


main()
