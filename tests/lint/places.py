#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# places.py - nothing in the repository names one particular machine: no paths of a workplace, no private registry.

import re

from common import Rules, lines_of, our_files, read, root

# Written in pieces so that this file does not find itself.
PATHS = re.compile(r'(?<![\w.$}*/-])/(' + '|'.join(['wo' 'rk', 'fa' 'rm', 'ro' 'ot', 'home/[a-z]\\w*', 'U' 'sers']) + r')/[\w.]')
URL = re.compile(r'https?://([\w.-]+)')
REGISTRY = re.compile(r'(registry|artifactory|nexus|mirror|proxy|npm|pypi|snapshot|packages|apt|deb)[\w-]*\.', re.IGNORECASE)
PUBLIC = {'registry.npmjs.org', 'www.npmjs.com', 'deb.debian.org', 'security.debian.org', 'snapshot.debian.org',
          'packages.debian.org', 'tracker.debian.org', 'wiki.debian.org', 'www.debian.org'}


def main():
    top = root()
    paths, hosts, resolved = [], [], []
    for path in our_files(top):
        text = read(top, path)
        if text is None:
            continue
        for number, line in lines_of(text):
            if match := PATHS.search(line):
                paths.append(f'{path}:{number}: {match[0]}...')
            for match in URL.finditer(line):
                if REGISTRY.search(match[1]) and match[1] not in PUBLIC:
                    hosts.append(f'{path}:{number}: {match[1]}')
            if path.endswith('package-lock.json') and '"resolved"' in line:
                resolved.append(f'{path}:{number}: download address')
    rules = Rules()
    rules.rule('no file names a path of one particular machine', paths)
    rules.rule('no file names a registry other than the public ones', hosts)
    rules.rule('lock files carry no download addresses (npm: omit-lockfile-registry-resolved)', resolved)
    rules.finish()


main()
