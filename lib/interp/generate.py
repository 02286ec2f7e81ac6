#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# generate.py OUT FILE... - writes rules/interpreters/*.yaml as one C file (texts.h says what is in it).

import os
import sys


def quoted(line):
    return '"' + line.replace('\\', '\\\\').replace('"', '\\"') + '\\n"'


def main():
    with open(sys.argv[1], 'w', encoding='utf-8') as out:
        out.write('#include "interp/texts.h"\n\n#include <stddef.h>\n\nconst struct sk_interp_text sk_interp_texts[] = {\n')
        for path in sorted(sys.argv[2:]):
            with open(path, encoding='utf-8') as file:
                lines = file.read().splitlines()
            out.write(f'{{"{os.path.basename(path)}",\n' + '\n'.join(quoted(line) for line in lines) + '},\n')
        out.write('{NULL, NULL}};\n')


main()
