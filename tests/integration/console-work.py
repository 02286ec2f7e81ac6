#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=180
#
# console-work.py - what people come to do, without JavaScript: find an event and why it happened, import assets, decide requests alone and by two, publish, enrol,
# and read it all back from the audit trail, whose chain a change breaks. And what the console says when store and fleet are away.

import pathlib
import re
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))
from console import CSV, Browser, Console, Tap  # noqa: E402


def events(tap, b):
    b.get('/events?severity=4')
    tap.ok('/media/usb/setup/update-helper' in b.page.text and '/opt/litho/bin/step-1' not in b.page.text, 'events: a filter holds')
    page, seen = b.get('/events'), 0
    while True:
        seen += page.text.count('<tr class="severity-')
        older = re.search(r'class="button" href="(/events\?[^"]*after=[^"]*)"', page.text)
        if not older:
            break
        page = b.get(older[1].replace('&amp;', '&'))
    tap.ok(seen > 150, 'events: older ones follow page by page', seen)
    b.get('/events/a-0001%2F1%2F0%2F901')
    tap.ok('content (its SHA-256) is not on the list' in b.page.text and 'sekisho lockdown allow' in b.page.text, 'event: says why, and what to do')
    tap.ok('/usr/bin/mount' in b.page.text and 'aria-current="true"' in b.page.text, 'event: shows what happened around it')
    model = b.get('/api/v1/events/a-0001%2F1%2F0%2F901').json()
    agent = next(one['agent'] for one in b.get('/api/v1/endpoints').json()['endpoints'] if one['host'] == 'cmp-pc-03')
    page = b.get(f'/events/{agent}%2F1%2F0%2F11').text
    tap.ok('Memory that is not a known file became executable' in page and 'SHA-256) is not on the list' not in page and 'lockdown.jit' in page,
           'event: what another rule than the allowlist refused is told by that rule')
    page = b.get(f'/events/{agent}%2F1%2F0%2F10').text
    tap.ok('4C530001' in page and '4A1B-22C0' in page and 'Expired' in page and 'It cannot be mounted' in page, 'event: a medium is told with identity, pass and what was done')
    tap.ok(model['event']['why']['policy_serial'] == 7 and len(model['around']) >= 3, 'event: the API gives the same')


def assets(tap, b):
    for name, data in (('UTF-8', CSV.encode()), ('UTF-8 with a mark', b'\xef\xbb\xbf' + CSV.encode()), ('Shift_JIS', CSV.encode('cp932'))):
        page = b.upload('/assets/import', {'org': 'acme'}, '資産.csv', data)
        tap.ok('露光装置 1号機' in page.text and '<strong>5</strong> new' in page.text.replace('\n', ' '), f'assets: a file in {name} is understood', page.status)
    tap.equal(b.get('/api/v1/assets').json()['total'], 0, 'assets: looking changes nothing')
    b.upload('/assets/import', {'org': 'acme'}, '資産.csv', CSV.encode('cp932'))
    key = re.search(r'/assets/import/([0-9a-f]{64})', b.page.text)[1]
    other = Browser(b.port)
    other.sign_in('suzuki')
    tap.equal(other.post('/assets/import/' + key).status, 404, "assets: nobody confirms somebody else's file")
    tap.ok('were imported' in b.post('/assets/import/' + key).text, 'assets: confirmed, they are there')
    model = b.get('/api/v1/assets').json()
    tap.equal((model['total'], model['with_agent'], [u['host'] for u in model['unknown']]), (5, 4, ['cvd-pc-11']), 'assets: joined with what runs: how many of how many')
    bad = 'equipment,site,scope,name\nLITHO-01,kumamoto,OT,New name\n,kumamoto,OT,x\nX-1,a b,OT,x\nX-2,chitose,OT,x\nX-3,kumamoto,cloud,x\nX-4,kumamoto,OT,"open\n'
    page = b.upload('/assets/import', {'org': 'acme'}, 'bad.csv', bad.encode())
    flat = re.sub(r'\s+', ' ', page.text)
    tap.ok(all(f'Line {n}: ' in flat for n in (3, 4, 5, 6, 7)) and '<strong>1</strong> changed' in flat, 'assets: errors by line, the rest stands', flat[:3000])
    b.post('/assets/import/' + re.search(r'/assets/import/([0-9a-f]{64})', page.text)[1])
    rows = {a['equipment']: a for a in b.get('/api/v1/assets').json()['assets']}
    tap.ok(len(rows) == 5 and rows['LITHO-01']['name'] == 'New name' and rows['LITHO-01']['model'] == 'NP-S630', 'assets: changed by equipment id, nothing lost')
    gateway_only(tap, b)
    for name, data in (('no heading', b'a,b\n1,2\n'), ('neither encoding', b'\xff\xff\xff'), ('a zero byte', b'equipment\n\0'), ('empty', b'')):
        tap.equal(b.upload('/assets/import', {'org': 'acme'}, 'x.csv', data).status, 400, f'assets: {name} is refused')
    tap.ok(b.get('/assets/export').text.startswith('\ufeff"equipment","site"'), 'assets: out again as CSV')


def gateway_only(tap, b):
    """What no agent can protect is never shown as protected, even where an endpoint has its host's name, and counts in the whole."""
    lines = ['equipment,site,os,host'] + [f'OLD-{n},kumamoto,{os},{host}' for n, (os, host) in enumerate(
        [('Solaris 2.6', 'litho-pc-01'), ('windows NT 4.0', ''), ('Winterthur OS', ''), ('Linux 2.4', '')])]
    page = b.upload('/assets/import', {'org': 'acme'}, 'old.csv', '\n'.join(lines).encode())
    b.post('/assets/import/' + re.search(r'/assets/import/([0-9a-f]{64})', page.text)[1])
    model = b.get('/api/v1/assets').json()
    rows = {a['equipment']: a for a in model['assets']}
    tap.equal([rows[name]['kind'] for name in ('LITHO-01', 'CMP-03', 'INSP-02', 'OLD-0', 'OLD-1', 'OLD-2', 'OLD-3')],
              ['agent', 'unknown', 'gateway_only', 'gateway_only', 'gateway_only', 'unknown', 'agent'], 'assets: the system says what can protect them')
    tap.ok('agent' not in rows['OLD-0'] and 'agent' in rows['LITHO-01'], 'assets: gateway only is not shown as protected, though an endpoint has its host name', rows['OLD-0'])
    tap.equal((model['total'], model['with_agent'], model['gateway_only']), (9, 4, 3), 'assets: gateway only counts in the whole')
    only = b.get('/api/v1/assets?agent=gateway').json()['assets']
    tap.equal(sorted(a['equipment'] for a in only), ['INSP-02', 'OLD-0', 'OLD-1'], 'assets: found by it')
    tap.ok('Gateway only' in b.get('/assets').text and 'OLD-3' in [a['equipment'] for a in b.get('/api/v1/assets?agent=no').json()['assets']], 'assets: the page says so')
    overview = b.get('/api/v1/overview').json()
    tap.equal((overview['assets']['total'], overview['assets']['with_agent'], overview['assets']['gateway_only']), (9, 4, 3), 'overview: counted there as well')
    tap.equal([(a['count']) for a in overview['attention'] if a['word'] in ('gateway_only', 'no_agent')], [2, 3], 'overview: and told apart from assets that lack an agent')


def protection(tap, b):
    """What protects an endpoint and what does not; a class that the console does not know yet keeps its id."""
    page = b.get('/endpoints/a-0001').text
    tap.ok(all(word in page for word in ('B: tracing programs and fanotify', 'sched_process_exec', 'the processes of one control group', '12 / 41', 'CHG-2214')),
           'endpoint: tier, hooks, subject, restraints, window', page[-6000:])
    tap.ok('Not stopped: 12 attack classes' in page and 'a running program opens an unknown library (dlopen)' in page and 'new-class' in page and 'stopped where a restraint is on' in page,
           'endpoint: the classes that are not stopped, in words')
    tap.ok('failed' in b.get('/endpoints/a-0005').text and 'Operation not permitted' in b.page.text, 'endpoint: a hook that failed, and why')
    page = b.get('/events/a-0001%2F1%2F0%2F901').text
    tap.ok('an unknown program is started from a file' in page and 'exec-file' in page and 'Its content is not on the allowlist' in page, 'event: road and rule')
    tap.ok("sekisho lockdown allow &#39;/media/usb/setup/update-helper&#39; --note WHY" in page and '/usr/sbin/sshd' in page and 'docker 0123456789ab' in page and 'pts/2' in page,
           'event: what would allow it, and everybody above')


def requests(tap, console, b):
    page = b.post('/requests/r-102/decide', {'decision': 'reject'}, follow=False)
    tap.equal(page.status, 400, 'requests: a rejection needs a note')
    tap.ok('Approved' in b.post('/requests/r-101/decide', {'decision': 'approve', 'note': '確認済み', 'change': 'CHG-7'}).text, 'requests: approved')
    told = [body for _, body in console.fleet.calls if body.get('verb') == 'request.decide'][-1]
    tap.equal((told['id'], told['decision'], told['note'], told['by']), ('r-101', 'approve', '[CHG-7] 確認済み', 'sato'), 'requests: fleet hears it, with the change number')
    tap.equal(b.post('/requests/r-101/decide', {'decision': 'reject', 'note': 'x'}).status, 409, 'requests: decided once')
    root, second = Browser(b.port), Browser(b.port)
    root.sign_in('root')
    tap.equal(root.post('/requests/r-102/decide', {'decision': 'reject', 'note': 'x'}).status, 403, 'requests: who gives roles does not decide')
    root.post('/sites', {'org': 'acme', 'site': 'kumamoto', 'second_approver': 'yes'})
    count = len([1 for _, body in console.fleet.calls if body.get('verb') == 'request.decide'])
    tap.ok('second person' in b.post('/requests/r-102/decide', {'decision': 'approve', 'note': 'one'}).text, 'requests: where two are asked, the first is kept')
    tap.equal(b.post('/requests/r-102/decide', {'decision': 'approve', 'note': 'two'}).status, 409, 'requests: one person is not two')
    tap.equal(len([1 for _, body in console.fleet.calls if body.get('verb') == 'request.decide']), count, 'requests: fleet has heard nothing yet')
    second.sign_in('suzuki')
    tap.ok('has approved' in second.get('/requests/r-102').text, 'requests: the second sees who was first')
    second.post('/requests/r-102/decide', {'decision': 'approve', 'note': 'two'})
    told = [body for _, body in console.fleet.calls if body.get('verb') == 'request.decide'][-1]
    tap.ok(told['by'] == 'suzuki' and 'sato' in told['note'], 'requests: with the second, fleet hears both', told)


def programs(tap, console, b):
    tap.ok('/opt/litho/1' not in b.get('/programs').text, 'programs: who is responsible for one site does not see the organisation\'s list')
    tap.equal(b.post('/programs', {'org': 'acme', 'hash': '1a' * 32, 'decision': 'accepted', 'note': 'x'}, follow=False).status, 404, 'programs: nor decides there')
    b = Browser(b.port)
    b.sign_in('suzuki')
    page = b.get('/programs')
    tap.ok('/opt/litho/1' in page.text and 'Nikko Precision' in page.text and '/opt/litho/3' not in page.text, 'programs: those of the own organisation, with publisher', page.text[-2000:])
    tap.equal(b.post('/programs', {'org': 'acme', 'hash': '1a' * 32, 'decision': 'refused'}, follow=False).status, 400, 'programs: a refusal needs a note')
    tap.equal(b.post('/programs', {'org': 'other', 'hash': '3a' * 32, 'decision': 'accepted', 'note': 'x'}, follow=False).status, 404, "programs: another organisation's are not decided")
    tap.equal(b.post('/programs', {'org': 'acme', 'hash': 'nonsense', 'decision': 'accepted'}, follow=False).status, 400, 'programs: what is no hash is refused')
    b.post('/programs', {'org': 'acme', 'hash': '1a' * 32, 'decision': 'accepted', 'note': 'CHG-9'})
    told = [body for _, body in console.fleet.calls if body.get('verb') == 'program.review'][-1]
    tap.equal((told['org'], told['hashes'], told['decision'], told['note'], told['by']), ('acme', ['1a' * 32], 'accepted', 'CHG-9', 'suzuki'), 'programs: fleet hears the decision, and whose it is')
    tap.ok('/opt/litho/1' in b.get('/programs?decision=accepted').text and '/opt/litho/1' not in b.get('/programs').text, 'programs: it stands among the accepted ones')
    root = Browser(b.port)
    root.sign_in('root')
    tap.equal(root.post('/programs', {'org': 'acme', 'hash': '2a' * 32, 'decision': 'accepted'}).status, 403, 'programs: who gives roles does not decide')
    tap.ok('Accepted a program for the fleet' in root.get('/audit').text and '1a1a' in root.get('/audit').text, 'programs: the decision stands in the audit trail')


def rest(tap, console, b):
    made = b.post('/enrolment', {'org': 'acme', 'site': 'kumamoto', 'hours': '24', 'note': 'CVD'})
    tap.ok('de7mc-dfgqn-5035r-dd0cv.' + 'b3' * 32 in made.text, 'enrolment: the token is shown once')
    tap.ok('de7mc' not in b.get('/enrolment').text, 'enrolment: and never again')
    envelope = '{"payload":"eyJsYWJlbHMiOnsib3JnIjoiYWNtZSIsInNpdGUiOiJrdW1hbW90byJ9fQ=="%s}'
    tap.ok('published' in b.upload('/policies', {}, 'p.json', (envelope % '').encode()).text, 'policies: a signed one is handed in')
    tap.equal(b.upload('/policies', {}, 'p.json', (envelope % ',"wrong":1').encode()).status, 422, 'policies: what fleet refuses is said')
    tap.equal(b.upload('/policies', {}, 'p.json', b'nonsense').status, 400, 'policies: what is none is said')
    tap.ok('was revoked' in b.post('/endpoints/a-0002/revoke', {'reason': 'stolen'}).text, 'endpoints: revoked')
    b.post('/account/choice', {'language': 'ja', 'theme': 'dark'})
    page = b.get('/')
    tap.ok('lang="ja"' in page.text and 'data-theme="dark"' in page.text and '要対応' in page.text, 'language and colours are kept for the person')


def audit(tap, console):
    root = Browser(console.port)
    root.sign_in('root')
    lines = console.call('audit.list', limit=1000)['lines']
    actions = {line['action'] for line in lines}
    want = {'sign-in', 'asset.import', 'request.approve', 'request.approve.first', 'enrolment.make', 'policy.publish', 'endpoint.revoke', 'site.set', 'user.add'}
    tap.ok(want <= actions, 'audit: everything that was done is there', want - actions)
    state = console.call('audit.verify')
    tap.ok(state['broken'] == 0 and state['entries'] == len(lines) and state['head'] == lines[0]['hash'], 'audit: the chain is whole', state)
    tap.ok('whole' in root.get('/audit?verify=1').text, 'audit: the page says so')
    console.stop()
    path = f'{console.root}/var/lib/sekisho/web/console.db'
    cases = {'a changed line': ("UPDATE audit SET line=replace(line, 'sato', 'moto') WHERE seq=8", 8), 'a line taken out': ('DELETE FROM audit WHERE seq=5', 5),
             'a line hidden under another place': ("UPDATE audit SET org='hidden' WHERE seq=3", 3)}
    for name, (sql, where) in cases.items():
        db = sqlite3.connect(path)
        try:
            db.execute(sql)
            tap.ok(False, f'audit: {name} is refused by the database itself')
        except sqlite3.DatabaseError:
            tap.ok(True, f'audit: {name} is refused by the database itself')
        db.executescript('DROP TRIGGER audit_stays; DROP TRIGGER audit_fixed; CREATE TABLE kept AS SELECT * FROM audit;')
        db.execute(sql)
        db.commit()
        console.start()
        tap.equal(console.call('audit.verify')['broken'], where, f'audit: {name} breaks the chain where it is')
        console.stop()
        db.executescript("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept;"
                         "CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'no'); END;"
                         "CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'no'); END;")
        db.close()
    console.start()


def away(tap, console):
    b = Browser(console.port)
    b.sign_in('suzuki')
    console.store.close()
    console.fleet.close()
    page = b.get('/')
    tap.ok(page.status == 200 and 'does not answer' in page.text, 'away: the overview says who does not answer', page.status)
    tap.equal([b.get(p).status for p in ('/events', '/endpoints', '/requests', '/assets', '/account')], [503, 503, 503, 200, 200], 'away: pages say it; what is ours stays')
    console.store.open()
    console.fleet.open()
    tap.equal([b.get(p).status for p in ('/events', '/endpoints')], [200, 200], 'away: back again without a restart')


def main():
    tap = Tap()
    with Console() as console:
        console.people()
        b = Browser(console.port)
        b.sign_in('sato')
        events(tap, b)
        assets(tap, b)
        protection(tap, b)
        requests(tap, console, b)
        programs(tap, console, b)
        rest(tap, console, b)
        audit(tap, console)
        away(tap, console)
    return tap.done()


sys.exit(main())
