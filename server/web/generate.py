#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# generate.py - the build step of the console: texts, pages and files as C; and the check of the texts.
"""
generate.py - turns what people write for the console (pages, texts, static files) into C at build time.

  generate.py text   OUT.c OUT.h en.txt ja.txt        the texts: one enum value a key, one array a language
  generate.py pages  OUT.c OUT.h en.txt PAGE.html...  the pages: one C function a `%%` section
  generate.py assets OUT.c NAME=FILE...               static files as arrays, with their SHA-256
  generate.py check  ROOT                             TAP: no text is missing or unused (tests/lint/glossary.py looks at the words)

A page is HTML. `%% name(parameters)` opens a function `void name(struct sk_html *h, parameters)`; a line that starts with `%` is C. What
stands in {{ }} is written with the escaping of the place where it stands; the generator follows the HTML to know that place and
refuses the places where no escaping is safe (scripts, styles, event handlers, unquoted attributes, names of tags or attributes).

  {{expression}}          a string or a number              {{row.device.hostname}}  a field of a json_object
  {{@key}}  {{@key|a|b}}  a text, with {1} {2} filled in    {{?condition word}}      an attribute without a value
  {{>call(h, ...)}}       a function that writes HTML itself
"""

import hashlib
import os
import re
import sys

URL_ATTRIBUTES = {'href', 'src', 'action', 'formaction', 'hx-get', 'hx-post', 'sse-connect'}
CLOSED_ATTRIBUTES = {'style', 'srcdoc', 'hx-vals', 'hx-headers', 'hx-vars', 'hx-trigger'}
FIELD = re.compile(r'^(q->model|[a-z_]+)((?:\.[a-z_0-9]+)+)$')


def fail(where, text):
    raise SystemExit(f'{where}: {text}')


def c_string(text):
    out = []
    for byte in text.encode():
        if byte in b'"\\':
            out.append('\\' + chr(byte))
        elif byte == 10:
            out.append('\\n')
        elif 32 <= byte < 127 and byte != ord('?'):
            out.append(chr(byte))
        else:
            out.append(f'\\{byte:03o}')
    return '"' + ''.join(out) + '"'


def read_texts(path):
    texts = {}
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip('\n')
            if not line or line.startswith('#'):
                continue
            match = re.match(r'^([a-z][a-z0-9_]*) = (\S.*)$', line)
            if not match:
                fail(f'{path}:{number}', 'want "key = text"')
            if match[1] in texts:
                fail(f'{path}:{number}', f'{match[1]} is here twice')
            texts[match[1]] = match[2].replace('\\n', '\n')
    return texts


def write_texts(out_c, out_h, paths):
    languages = [read_texts(path) for path in paths]
    keys = list(languages[0])
    for path, texts in zip(paths, languages):
        if missing := set(keys) ^ set(texts):
            fail(path, f'not the same keys as {paths[0]}: {" ".join(sorted(missing))}')
    with open(out_h, 'w', encoding='utf-8') as file:
        file.write('/* Made by server/web/generate.py from server/web/i18n. */\n#pragma once\n\nenum sk_text {\n')
        file.writelines(f'\tT_{key},\n' for key in keys)
        file.write('\tSK_TEXTS\n};\n\nextern const char *const sk_texts[%d][SK_TEXTS];\n' % len(paths))
    with open(out_c, 'w', encoding='utf-8') as file:
        file.write(f'/* Made by server/web/generate.py from server/web/i18n. */\n#include "{os.path.basename(out_h)}"\n\n')
        file.write('const char *const sk_texts[%d][SK_TEXTS] = {\n' % len(paths))
        for texts in languages:
            file.write('\t{\n')
            file.writelines(f'\t\t[T_{key}] = {c_string(texts[key])},\n' for key in keys)
            file.write('\t},\n')
        file.write('};\n')


class Page:
    """One page file: follows the HTML far enough to know which escaping a place needs."""

    def __init__(self, path, keys):
        self.path, self.keys, self.number = path, keys, 0
        self.out, self.prototypes, self.literal = [], [], ''
        self.state, self.tag, self.attribute, self.value, self.open = 'text', '', '', '', False

    def fail(self, text):
        fail(f'{self.path}:{self.number}', text)

    def flush(self):
        if self.literal:
            self.out.append(f'\tsk_html_raw(h, {c_string(self.literal)}, {len(self.literal.encode())});')
            self.literal = ''

    def code(self, text):
        self.flush()
        self.out.append(f'#line {self.number} "{self.path}"\n\t{text}')

    def close(self):
        self.flush()
        if self.state != 'text':
            self.fail(f'a function ends inside a {self.state}')
        if self.open:
            self.out.append('}\n')
            self.open = False

    def section(self, line):
        self.close()
        match = re.match(r'^%%\s*([a-z_0-9]+)\((.*)\)$', line)
        if not match:
            self.fail('want "%% name(parameters)"')
        prototype = f'void {match[1]}(struct sk_html *h{", " + match[2] if match[2] else ""})'
        self.prototypes.append(prototype)
        self.out.append(f'{prototype}\n{{')
        self.open = True

    def read(self):
        with open(self.path, encoding='utf-8') as file:
            for self.number, line in enumerate(file, 1):
                line = line.rstrip('\n')
                if line.startswith('%%'):
                    self.section(line)
                elif line.startswith('%'):
                    self.code(line[1:].strip())
                elif self.open:
                    self.line(line.lstrip('\t') + '\n')
        self.close()

    def line(self, line):
        if line == '\n':
            return
        at = 0
        while at < len(line):
            if line.startswith('{{', at):
                end = line.find('}}', at)
                if end < 0:
                    self.fail('{{ without }} on the line')
                self.interpolate(line[at + 2:end].strip())
                at = end + 2
            else:
                self.step(line[at])
                self.literal += line[at]
                at += 1

    def step(self, c):
        getattr(self, 'in_' + self.state)(c)

    def in_text(self, c):
        if c == '<':
            self.state, self.tag = 'name', ''

    def in_name(self, c):
        if c == '>':
            self.end_tag()
        elif c.isspace():
            self.state, self.attribute = 'tag', ''
        else:
            self.tag += c

    def in_tag(self, c):
        if c == '>':
            self.end_tag()
        elif c == '=':
            self.state = 'equals'
        elif c.isspace():
            self.attribute = ''
        else:
            self.attribute += c

    def in_equals(self, c):
        if c != '"':
            self.fail('values of attributes stand in double quotes')
        if self.attribute.startswith('on') or self.attribute in ('style', 'srcdoc'):
            self.fail(f'the attribute {self.attribute} has no place in a page')
        self.state, self.value = 'value', ''

    def in_value(self, c):
        if c == '"':
            self.state, self.attribute = 'tag', ''
        else:
            self.value += c

    def end_tag(self):
        self.state = 'script' if self.tag in ('script', 'style') else 'text'

    def in_script(self, c):
        if c != '<':
            self.fail('a script comes from a file')
        self.state, self.tag = 'name', ''

    def interpolate(self, text):
        if text.startswith('?'):
            if self.state != 'tag':
                self.fail('{{?condition word}} stands among the attributes of a tag')
            condition, _, word = text[1:].rpartition(' ')
            self.code(f'if ({self.expression(condition)}) sk_html_raw(h, {c_string(" " + word)}, {len(word) + 1});')
            return
        if self.state not in ('text', 'value'):
            self.fail(f'no escaping is safe inside a {self.state}')
        if self.state == 'value' and (self.attribute in CLOSED_ATTRIBUTES or self.attribute.startswith('on')):
            self.fail(f'no escaping is safe in {self.attribute}')
        if text.startswith('>'):
            if self.state != 'text':
                self.fail('a call that writes HTML stands in the text')
            self.code(text[1:] + ';')
        elif text.startswith('@'):
            self.translated(text[1:].split('|'))
        else:
            self.code(f'{self.writer()}(h, {self.expression(text)});')
        self.value += '\0'

    def writer(self):
        if self.state == 'value' and self.attribute in URL_ATTRIBUTES:
            return 'sk_html_url_part' if self.value else 'sk_html_url'
        return 'sk_html_put'

    def translated(self, words):
        if words[0] not in self.keys:
            self.fail(f'no text {words[0]}')
        if self.state == 'value' and self.attribute in URL_ATTRIBUTES:
            self.fail('a text in an address')
        arguments = [f'sk_html_str({self.expression(word.strip())})' for word in words[1:]]
        if len(arguments) > 2:
            self.fail('a text takes two values')
        arguments += ['NULL'] * (2 - len(arguments))
        self.code(f'sk_html_fill(h, T_{words[0]}, {", ".join(arguments)});')

    @staticmethod
    def expression(text):
        match = FIELD.match(text)
        return f'sk_field_text({match[1]}, "{match[2][1:]}")' if match else text


def write_pages(out_c, out_h, texts, paths):
    pages = [Page(path, read_texts(texts)) for path in paths]
    for page in pages:
        page.read()
    with open(out_h, 'w', encoding='utf-8') as file:
        file.write('/* Made by server/web/generate.py from server/web/pages. */\n#pragma once\n\n#include "web/page.h"\n\n')
        file.writelines(prototype + ';\n' for page in pages for prototype in page.prototypes)
    with open(out_c, 'w', encoding='utf-8') as file:
        file.write('/* Made by server/web/generate.py from server/web/pages. */\n')
        file.write(f'#include "{os.path.basename(out_h)}"\n\n')
        file.write('\n'.join('\n'.join(page.out) for page in pages))


TYPES = {'.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.svg': 'image/svg+xml'}


def write_assets(out_c, pairs):
    with open(out_c, 'w', encoding='utf-8') as file:
        file.write('/* Made by server/web/generate.py. */\n#include "web/asset-file.h"\n\n')
        rows = []
        for index, pair in enumerate(pairs):
            name, _, path = pair.partition('=')
            with open(path, 'rb') as source:
                data = source.read()
            body = ','.join(str(byte) for byte in data)
            file.write(f'static const unsigned char data{index}[] = {{{body}}};\n')
            kind = TYPES[os.path.splitext(name)[1]]
            rows.append(f'\t{{"{name}", "{kind}", data{index}, {len(data)}, "{hashlib.sha256(data).hexdigest()[:16]}"}},\n')
        file.write('\nconst struct sk_asset_file sk_asset_files[] = {\n' + ''.join(rows) + '\t{0}};\n')


def used_keys(root):
    """Keys that pages and C code name."""
    found = {}
    for folder, _, names in os.walk(os.path.join(root, 'server/web')):
        for name in names:
            path = os.path.join(folder, name)
            pattern = r'(?:\{\{@|\bT_)([a-z0-9_]+)' if name.endswith('.html') else r'\bT_([a-z0-9_]+)\b'
            if name.endswith(('.html', '.c')) and not name.startswith(('test-', 'fuzz-')):
                with open(path, encoding='utf-8') as file:
                    for key in re.findall(pattern, file.read()):
                        found.setdefault(key, os.path.relpath(path, root))
    return found


def unnamed_kinds(root):
    """Kinds of events (lib/event/table.c) that words.c or why.c do not know."""
    source = {name: open(os.path.join(root, name), encoding='utf-8').read() for name in ('lib/event/table.c', 'server/web/words.c', 'server/web/why.c')}
    kinds = re.findall(r'\[SK_EVENT_\w+\] = \{"(\w+)"', source['lib/event/table.c'])
    return [kind for kind in kinds if f'{{"{kind}", T_event' not in source['server/web/words.c'] or f'{{"{kind}", ' not in source['server/web/why.c']] or \
        ([] if kinds else ['lib/event/table.c: no kinds were found'])


def check(root):
    results = []

    def case(name, problems):
        results.append((name, sorted(problems)))

    folder = os.path.join(root, 'server/web/i18n')
    texts = {name: read_texts(os.path.join(folder, name + '.txt')) for name in ('en', 'ja')}
    used = used_keys(root)
    for name, keys in texts.items():
        case(f'no text is missing in {name}', set(used) - set(keys))
        case(f'no text is unused in {name}', set(keys) - set(used))
    case('both languages fill in the same places',
         [key for key in texts['en'] if sorted(re.findall(r'\{\d\}', texts['en'][key])) != sorted(re.findall(r'\{\d\}', texts['ja'].get(key, '')))])
    case('every Japanese text is Japanese or the same everywhere',
         [key for key, text in texts['ja'].items()
          if not re.search(r'[ぁ-んァ-ヶ一-龠]', text) and text != texts['en'].get(key)])
    case('English texts hold no Japanese, but for the name of the language',
         [key for key, text in texts['en'].items() if re.search(r'[ぁ-んァ-ヶ一-龠]', text) and key != 'language_ja'])
    case('every kind of event has a name and an answer to why', unnamed_kinds(root))
    print(f'1..{len(results)}')
    for number, (name, problems) in enumerate(results, 1):
        print(('not ok' if problems else 'ok'), number, '-', name)
        for problem in problems:
            print('#  ', problem)
    return 1 if any(problems for _, problems in results) else 0


def main(arguments):
    command = arguments[0] if arguments else ''
    if command == 'text' and len(arguments) > 3:
        write_texts(arguments[1], arguments[2], arguments[3:])
    elif command == 'pages' and len(arguments) > 4:
        write_pages(arguments[1], arguments[2], arguments[3], arguments[4:])
    elif command == 'assets' and len(arguments) > 1:
        write_assets(arguments[1], arguments[2:])
    elif command == 'check' and len(arguments) == 2:
        return check(arguments[1])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
