#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=180
#
# console-scope.py - nobody sees or changes what is of another site or organisation, on any page, in any answer of the API, by any action: also when store and
# fleet forget the scope they were told. And each role meets exactly the pages that the permission table gives it.

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))
from console import Browser, Console, Tap  # noqa: E402

HASH, OTHER = 'd4' * 32, 'e5' * 32
PAGES = ['/', '/overview', '/counts', '/events', '/events?text=secret', '/endpoints', '/assets', '/requests?state=all', '/policies', '/policies/' + HASH, '/enrolment',
         '/sites', '/users', '/audit', '/account']
FOREIGN = ['/events/a-0006%2F1%2F0%2F1', '/events/a-0007%2F1%2F0%2F1', '/endpoints/a-0006', '/endpoints/a-0007', '/requests/r-103', '/requests/r-104',
           '/policies/' + OTHER, '/policies/' + 'f6' * 32]
ACTIONS = [('/requests/r-103/decide', {'decision': 'approve'}), ('/requests/r-104/decide', {'decision': 'reject', 'note': 'no'}),
           ('/endpoints/a-0006/revoke', {'reason': 'x'}), ('/enrolment', {'org': 'acme', 'site': 'chitose'}), ('/enrolment', {'org': 'other', 'site': 'elsewhere'}),
           ('/enrolment/t-2/cancel', {}), ('/sites', {'org': 'acme', 'site': 'chitose', 'second_approver': 'yes'}),
           ('/users', {'name': 'evil', 'password': 'long enough to be one', 'role': 'administrator'}),
           ('/users', {'name': 'evil', 'password': 'long enough to be one', 'role': 'viewer', 'org': 'acme', 'site': 'chitose'}),
           ('/users/1/grant', {'role': 'viewer', 'org': 'acme', 'site': 'kumamoto'}), ('/users/1/disable', {}), ('/users/1/password', {'password': 'long enough to be one'}),
           ('/account/token', {'name': 't', 'role': 'administrator', 'org': '', 'days': '9'}), ('/assets/import', {'org': 'other', 'csv': 'equipment\nX-1\n'}),
           ('/policies', {'envelope': '{"payload":"eyJsYWJlbHMiOnsib3JnIjoib3RoZXIifX0="}'})]
# Role by role: status of each page.
ROLES = {'admin': {}, 'sato': {'/users': 403, '/audit': 403}, 'suzuki': {'/users': 403}, 'tanaka': {'/users': 403, '/audit': 403, '/sites': 403, '/enrolment': 403},
         'mori': {'/users': 403, '/enrolment': 403}, 'wall': {'/users': 403, '/audit': 403, '/sites': 403, '/enrolment': 403, '/requests?state=all': 403,
                                                             '/policies': 403, '/policies/' + HASH: 403}}
# suzuki is of the whole of acme: chitose is hers, other is not.
HIDDEN = {name: ['secret-other'] if name == 'suzuki' else ['secret-other', 'secret-chitose'] for name in ROLES}


def look(tap, browser, name, how):
    wrong, leaks = [], []
    for page in PAGES:
        for prefix in ('', '/api/v1'):
            if page == '/' and prefix:
                continue
            got = browser.get(prefix + page)
            if got.status != ROLES[name].get(page, 200):
                wrong.append(f'{prefix}{page}: {got.status}')
            leaks += [f'{prefix}{page}: {word}' for word in HIDDEN[name] if word in got.text.replace('value="secret"', '')]
    tap.ok(not wrong, f'{how}: has the pages of the role, and no others', *wrong)
    tap.ok(not leaks, f'{how}: sees nothing of elsewhere', *leaks)


def reach(tap, browser, name, foreign):
    reached = [f'{prefix}{page}: {got.status}' for page in foreign for prefix in ('', '/api/v1')
               if (got := browser.get(prefix + page)).status not in (403, 404) or 'secret' in got.text]
    tap.ok(not reached, f'{name}: cannot open what is elsewhere', *reached)


def act(tap, console, browser, name):
    calls = len(console.fleet.calls)
    done = [f'{path}: {got.status}' for path, fields in ACTIONS if (got := browser.post(path, fields, follow=False)).status not in (403, 404)]
    told = [body['verb'] for _, body in console.fleet.calls[calls:] if body['verb'] in ('request.decide', 'agent.revoke', 'token.create', 'token.cancel', 'policy.publish')]
    tap.ok(not done, f'{name}: can do nothing elsewhere', *done)
    tap.equal(told, [], f'{name}: fleet was not told to')


def main():
    tap = Tap()
    with Console() as console:
        console.people()
        root = Browser(console.port)
        root.sign_in('root')
        root.post('/assets/import', {'org': 'acme', 'csv': 'equipment,site,name\nS-1,chitose,secret-chitose-asset\nS-2,kumamoto,ours\n'})
        root.post('/assets/import/' + root.page.text.split('/assets/import/')[1].split('"')[0])
        root.post('/assets/import', {'org': 'other', 'csv': 'equipment,site,name\nS-3,elsewhere,secret-other-asset\n'})
        root.post('/assets/import/' + root.page.text.split('/assets/import/')[1].split('"')[0])
        tap.ok('secret-other-asset' in root.get('/assets').text and 'secret-chitose-asset' in root.page.text, 'an administrator of everything sees everything')
        tap.ok('secret-other-file' in root.get('/events').text, 'also events')
        before = len(console.store.calls)
        for leak in (False, True):
            console.store.leak = console.fleet.leak = leak
            for name in ROLES:
                browser = Browser(console.port)
                browser.sign_in(name)
                how = name + (', although store and fleet forget the scope' if leak else '')
                look(tap, browser, name, how)
                reach(tap, browser, how, FOREIGN if name != 'suzuki' else [page for page in FOREIGN if '6' not in page and '103' not in page and 'e5' not in page])
                if name in ('admin', 'sato', 'tanaka', 'wall'):
                    act(tap, console, browser, how)
        asked = [body for _, body in console.store.calls[before:] if body.get('verb') != 'stats']
        tap.ok(asked and all('scopes' in body.get('filter', body) for body in asked), 'the store was told the scope with every question')
    return tap.done()


sys.exit(main())
