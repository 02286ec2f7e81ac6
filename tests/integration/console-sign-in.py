#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=180
#
# console-sign-in.py - who gets in and how: passwords and locks, what a session is and when it ends, forged requests, headers, limits, tokens, TLS.

import pathlib
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))
from console import BUILD, PASSWORD, Browser, Console, Tap  # noqa: E402


def sign_in(tap, console):
    b = Browser(console.port)
    tap.equal([b.get(p, follow=False).status for p in ('/', '/events', '/users')], [303] * 3, 'without a session every page leads to the sign-in')
    tap.equal(b.get('/api/v1/events').status, 401, 'and the API says 401')
    page = b.sign_in('sato', 'wrong password')
    tap.ok(page.status == 401 and 'wrong' in page.text, 'a wrong password is refused')
    tap.equal(b.sign_in('nobody', 'wrong password').text.count('The user name or the password is wrong'), 1, 'in the same words as an unknown name')
    page = b.sign_in('sato')
    tap.ok(page.status == 200 and 'Sato' in page.text, 'the right one lets in')
    cookie = page.headers.get_all('Set-Cookie') or []
    tap.ok(not any('__Host-sekisho=' in c for c in cookie), 'a session is not renewed by looking')
    first = b.cookies['__Host-sekisho']
    raw = b.request('POST', '/sign-in', '', follow=False)
    tap.equal(raw.status, 403, 'signing in needs our own form')
    b.sign_in('sato')
    tap.ok(b.cookies['__Host-sekisho'] != first, 'every sign-in makes a new session')
    old = Browser(console.port)
    old.cookies = {'__Host-sekisho': 'ab' * 32}
    tap.equal(old.get('/', follow=False).status, 303, 'a session that somebody made up is none')
    b.post('/sign-out')
    tap.equal(b.get('/', follow=False).status, 303, 'signing out ends it')


def cookie_flags(tap, console):
    b = Browser(console.port)
    b.get('/sign-in')
    page = b.post('/sign-in', {'name': 'sato', 'password': PASSWORD}, csrf=b.page.csrf(), follow=False)
    line = [c for c in page.headers.get_all('Set-Cookie') if c.startswith('__Host-sekisho=')][0]
    tap.ok(all(word in line for word in ('Secure', 'HttpOnly', 'Path=/', 'SameSite=Lax')) and 'Domain' not in line, 'the session cookie is safe', line)
    away = Browser(console.port)
    away.get('/sign-in?to=//evil.example/')
    page = away.post('/sign-in', {'name': 'sato', 'password': PASSWORD, 'to': '//evil.example/'}, csrf=away.page.csrf(), follow=False)
    tap.equal(page.headers['Location'], '/', 'signing in never leads to another machine')


def locks(tap, console):
    for name in ('mori', 'no-such-person'):
        b = Browser(console.port)
        said = [b.sign_in(name, f'wrong password {n}') for n in range(6)]
        tap.ok(said[3].status == 401 and said[5].status == 429 and 'Too many' in said[5].text, f'{name}: five wrong passwords lock the name')
    tap.equal(Browser(console.port).sign_in('mori').status, 429, 'then the right one is refused too')
    console.call('user.unlock', name='mori')
    tap.ok('Mori' in Browser(console.port).sign_in('mori').text, 'until somebody unlocks')


def forged(tap, console):
    b = Browser(console.port)
    b.sign_in('sato')
    good = {'decision': 'reject', 'note': 'forged'}
    cases = {'without a token': {'csrf': ''}, 'with a wrong token': {'csrf': 'ab' * 32}, 'from another origin': {'headers': {'Origin': 'http://evil.example'}},
             'without an origin': {'headers': {'Origin': ''}}, 'with origin null': {'headers': {'Origin': 'null'}},
             'that a browser calls cross-site': {'headers': {'Sec-Fetch-Site': 'cross-site'}}}
    for name, more in cases.items():
        tap.equal(b.post('/requests/r-102/decide', good, follow=False, **more).status, 403, f'a POST {name} is refused')
    tap.ok(not any(body.get('verb') == 'request.decide' for _, body in console.fleet.calls), 'and nothing was decided')
    other = Browser(console.port)
    other.sign_in('suzuki')
    tap.equal(b.post('/requests/r-102/decide', good, csrf=other.token(), follow=False).status, 403, "a POST with somebody else's token is refused")
    tap.equal(b.get('/', headers={'Host': 'evil.example'}, follow=False).status, 421, 'another name than ours is refused (DNS rebinding)')
    tap.equal(b.get('/requests/r-102/decide', follow=False).status, 405, 'GET changes nothing')


def refused(b, *request):
    try:
        return b.request(*request).status in (400, 413, 431)
    except (BrokenPipeError, ConnectionResetError):
        return True  # closed before all of it was read


def headers_and_limits(tap, console):
    b = Browser(console.port)
    b.sign_in('sato')
    page = b.get('/events')
    policy = page.headers['Content-Security-Policy']
    tap.ok("default-src 'none'" in policy and 'unsafe' not in policy and "frame-ancestors 'none'" in policy, 'the content security policy is strict', policy)
    tap.ok(page.headers['X-Content-Type-Options'] == 'nosniff' and page.headers['Cache-Control'] == 'no-store' and page.headers['Referrer-Policy'], 'and the other headers')
    tap.ok(all(word not in page.text for word in ('style="', '<style', 'onclick', 'javascript:')), 'nothing inline')
    tap.ok(refused(b, 'POST', '/sites', 'x' * (9 << 20), {'Content-Type': 'application/x-www-form-urlencoded', 'Origin': b.origin}), 'a body too large is refused')
    tap.ok(refused(b, 'GET', '/events', None, {'X-Long': 'x' * 20000}), 'headers too large are refused')
    tap.equal([b.get(p).status for p in ('/events?a=%ff', '/events?since=yesterday', '/events?severity=9', '/audit?before=x', '/users/999999', '/assets/../sign-in')],
              [400, 400, 400, 403, 403, 404], 'what cannot be read is refused in order')
    with socket.create_connection(('127.0.0.1', console.port), 5) as sock:
        sock.sendall(b'\x16\x03\x01\x00 not http at all\r\n\r\n')
        sock.settimeout(5)
        tap.ok(sock.recv(100)[:12] in (b'', b'HTTP/1.1 400', b'HTTP/1.0 400'), 'what is not HTTP is closed')
    open_ones = [socket.create_connection(('127.0.0.1', console.port), 5) for _ in range(700)]
    for sock in open_ones:
        sock.close()
    time.sleep(0.5)
    tap.equal(b.get('/').status, 200, '700 connections at once do not end it')


def hostile(tap, console):
    evil = '<script>alert(1)</script>"\'&\u202egnp.exe'
    console.store.rows[0]['event']['process']['file']['path'] = evil
    console.fleet.agents[0]['host'] = evil
    console.fleet.requests[0]['body']['note'] = evil
    b = Browser(console.port)
    b.sign_in('sato')
    raw = [p for p in ('/', '/events', '/events/a-0001%2F1%2F0%2F901', '/endpoints', '/endpoints/a-0001', '/requests', '/requests/r-101')
           if '<script' in (t := b.get(p).text).replace('<script src=', '') or '\u202e' in t]
    tap.ok(not raw, 'what endpoints send stays text, and shows its tricks', *raw)
    b.get('/sign-in?to=%22%3E%3Cscript%3E')
    tap.ok('<script>alert' not in b.get('/events?text=%22%3E%3Cscript%3Ealert(1)%3C/script%3E').text, 'so does what a link carries')
    tap.ok('class="notice good"' not in b.get('/events?done=%3Cb%3Eyou%20won').text, 'a link puts no sentence of its own on a page')


def tokens(tap, console):
    b = Browser(console.port)
    b.sign_in('suzuki')
    made = b.post('/account/token', {'name': 'report', 'role': 'security', 'org': 'acme', 'site': 'kumamoto', 'days': '9'})
    secret = made.text.split('class="secret">')[1].split('<')[0]
    program = Browser(console.port)
    bearer = {'Authorization': 'Bearer ' + secret}
    tap.equal(program.get('/api/v1/endpoints', headers=bearer).status, 200, 'a token reads the API')
    tap.ok('secret-chitose' not in program.page.text, 'within its own grant, narrower than its maker')
    tap.equal(program.get('/endpoints', headers=bearer, follow=False).status, 303, 'but no pages')
    tap.equal(program.get('/api/v1/endpoints', headers={'Authorization': 'Bearer ' + secret[:-1] + ('1' if secret[-1] == '0' else '0')}).status, 401, 'a wrong token does not')
    decided = program.request('POST', '/api/v1/requests/r-102/decide', '{"decision":"reject","note":"by program"}', {**bearer, 'Content-Type': 'application/json'})
    tap.ok(decided.status == 200 and decided.json()['ok'], 'it may act in its role, as JSON', decided.text)
    tap.equal(program.request('POST', '/api/v1/users', '{"name":"x"}', {**bearer, 'Content-Type': 'application/json'}).status, 403, 'not make people')
    console.call('user.ungrant', name='suzuki', role='security', org='acme', site='')
    tap.equal(program.get('/api/v1/endpoints', headers=bearer).status, 401, 'it ends with the right of its maker')


def ends(tap, console):
    b = Browser(console.port)
    b.sign_in('tanaka')
    other = Browser(console.port)
    other.sign_in('tanaka')
    b.post('/account/password', {'password': PASSWORD, 'password_new': 'another good password', 'password_again': 'another good password'})
    tap.equal((b.get('/', follow=False).status, other.get('/', follow=False).status), (200, 303), 'a new password ends all other sessions')
    console.call('user.disable', name='tanaka')
    tap.equal(b.get('/', follow=False).status, 303, 'disabling a person ends the rest')
    tap.equal(Browser(console.port).sign_in('tanaka', 'another good password').status, 401, 'and the sign-in')
    console.call('user.password', name='wall', password='given by an admin', must_change=True)
    first = Browser(console.port)
    first.sign_in('wall', 'given by an admin')
    tap.equal(first.get('/events', follow=False).headers['Location'], '/account', 'a password given by others must be changed first')


def over_tls(tap):
    with Console() as plain:
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext',
                        'subjectAltName=IP:127.0.0.1', '-keyout', f'{plain.root}/etc/sekisho/k.pem', '-out', f'{plain.root}/etc/sekisho/c.pem'],
                       check=True, capture_output=True)
        subprocess.run(['chmod', '644', f'{plain.root}/etc/sekisho/k.pem'], check=True)
        plain.stop()
        plain.arguments = ('--certificate', '/etc/sekisho/c.pem', '--key', '/etc/sekisho/k.pem')
        plain.start()
        plain.people()
        context = ssl.create_default_context(cafile=f'{plain.root}/etc/sekisho/c.pem')
        b = Browser(plain.port, context)
        page = b.sign_in('sato')
        tap.ok(page.status == 200 and 'Sato' in page.text and page.headers['Strict-Transport-Security'], 'over TLS it serves the same')
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            Browser(plain.port, context).get('/')
            tap.ok(False, 'TLS 1.2 is refused')
        except (ssl.SSLError, OSError):
            tap.ok(True, 'TLS 1.2 is refused')
        said = subprocess.run([BUILD / 'console-rig', '--root', plain.root, '--listen', '0.0.0.0:18999'], capture_output=True, text=True, timeout=20)
        tap.ok(said.returncode == 2 and 'not on loopback' in said.stderr, 'off loopback without TLS it does not start', said.stderr)


def main():
    tap = Tap()
    with Console() as console:
        console.people()
        sign_in(tap, console)
        cookie_flags(tap, console)
        forged(tap, console)
        headers_and_limits(tap, console)
        hostile(tap, console)
        tokens(tap, console)
    with Console() as console:
        console.people()
        ends(tap, console)
        locks(tap, console)
    over_tls(tap)
    return tap.done()


sys.exit(main())
