#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# console-serve.py - the console with a fab of sample data, for tests in a browser. Prints {"port": N} when it serves, then does what lines on standard input say:
# "push" (an event arrives now; prints {"id"}), "flood N", "away", "back" (store and fleet), and ends with its input.

import json
import re
import sys
import time

from console import CSV, Browser, Console, program_event, row_of


def prepare(console):
    console.people()
    browser = Browser(console.port)
    browser.sign_in('root')
    browser.post('/sites', {'org': 'acme', 'site': 'kumamoto', 'second_approver': 'yes'})
    page = browser.upload('/assets/import', {'org': 'acme'}, 'assets.csv', CSV.encode('cp932'))
    browser.post('/assets/import/' + re.search(r'/assets/import/([0-9a-f]{64})', page.text)[1])


def push(console, seq):
    row = row_of(console.fleet.agents[0], program_event(int(time.time() * 1000), 'program_refused', f'/srv/dropped/program-{seq}', 4), 5000 + seq)
    console.store.push(row)
    print(json.dumps({'id': row['id']}), flush=True)


def main():
    seq = 0
    with Console() as console:
        prepare(console)
        print(json.dumps({'port': console.port}), flush=True)
        for line in sys.stdin:
            word, _, number = line.strip().partition(' ')
            if word in ('push', 'flood'):
                for _ in range(int(number or 1)):
                    seq += 1
                    push(console, seq)
            elif word in ('away', 'back'):
                for backend in (console.store, console.fleet):
                    backend.close() if word == 'away' else backend.open()
                print('{}', flush=True)


main()
