#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=150
#
# The door of the server: who gets in, and what the others get, which is nothing. Tokens, certificates, revocation, TLS versions, ALPN, limits and
# slowness. "Nothing" is meant: not one byte of application data.
import hashlib
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import wire  # noqa: E402
from support.server import Agent, Server, Tap, event, tls, until  # noqa: E402

tap = Tap()


def attempt(port, alpn, pem=None, say=None, **more):
    """Application bytes that the server gave to whoever came like this; None when it let the connection live without a word."""
    got = b''
    try:
        with tls(port, alpn, pem, **more) as s:
            s.settimeout(3)
            if say:
                s.sendall(say)
            while piece := s.recv(4096):
                got += piece
    except (ssl.SSLError, ConnectionError):
        return got
    except (TimeoutError, socket.timeout):
        return got or None
    return got


def refused(server, token, name):
    try:
        Agent(server, token=token)
        tap.ok(False, name, 'it was enrolled')
    except wire.Refused as error:
        tap.ok(error.code == 'denied', name, f'{error.code}: {error}')


def tokens(server):
    token = server.token()
    agent = Agent(server, token=token['token'])
    tap.ok(agent.enrolled['org'] == 'acme' and agent.enrolled['site'] == 'kyoto' and len(agent.enrolled['secret']) == 44,
           'a token enrols one endpoint, with its organisation, site and a secret of its own', agent.enrolled)
    refused(server, token['token'], 'the same token a second time: refused')
    refused(server, '00000-00000-00000-00000', 'a token nobody made: refused')
    refused(server, 'short', 'what is no token: refused')
    late = server.token(seconds=1)
    time.sleep(1.2)
    refused(server, late['token'], 'a token after its time: refused')
    gone = server.token()
    server.fleet().call('token.cancel', id=gone['id'])
    refused(server, gone['token'], 'a cancelled token: refused')
    spoken = server.token()['token'].upper().replace('-', ' ').replace('0', 'O').replace('1', 'l')
    tap.ok(Agent(server, token=spoken).id, 'a token read out over a telephone: letters of either case, O for 0, l for 1')
    database = sqlite3.connect(f'file:{server.root}/var/lib/sekisho/fleet/fleet.db?mode=ro', uri=True)
    kept = '\n'.join(database.iterdump())
    tap.ok(token['token'] not in kept and token['token'].replace('-', '') not in kept, 'no token is kept as it was given out')
    states = {t['state'] for t in server.fleet().call('token.list')['tokens']}
    tap.ok(states == {'used', 'expired', 'cancelled'}, 'the list says what became of each token', states)
    for _ in range(12):
        try:
            Agent(server, token='00000-00000-00000-00001')
        except wire.Refused as error:
            last = error.code
    tap.ok(last == 'limit', 'guessing: after ten wrong tokens from an address nothing more is looked at', last)
    return agent


def sign(server, csr_text, ca, key, name):
    """A client certificate by some CA of ours or theirs."""
    folder = server.top
    (folder / 'x.csr').write_text(csr_text)
    (folder / 'x.ext').write_text('extendedKeyUsage=clientAuth\nkeyUsage=digitalSignature\nbasicConstraints=critical,CA:FALSE\n')
    out = folder / f'{name}-{time.monotonic_ns()}.pem'
    subprocess.run(['openssl', 'x509', '-req', '-in', str(folder / 'x.csr'), '-CA', str(ca), '-CAkey', str(key), '-CAcreateserial', '-extfile',
                    str(folder / 'x.ext'), '-out', str(out), '-days', '30'], check=True, capture_output=True)
    return out


def named_csr(server, name):
    key = server.top / f'{name}-{time.monotonic_ns()}.key'
    csr = key.with_suffix('.csr')
    subprocess.run(['openssl', 'req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', str(key), '-out', str(csr), '-subj',
                    f'/CN={name}'], check=True, capture_output=True)
    return key, csr.read_text()


def certificates(server, agent):
    port, hello = server.port, wire.frame(wire.HELLO, {'agent': agent.id}, 1)
    tap.ok(attempt(port, 'sekisho/1', None, hello) == b'', 'without a certificate: not a byte')
    key, csr = named_csr(server, agent.id)
    fake = server.top / 'fake'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', f'{fake}.key', '-out', f'{fake}.pem',
                    '-days', '30', '-subj', '/CN=Sekisho endpoints'], check=True, capture_output=True)
    tap.ok(attempt(port, 'sekisho/1', (sign(server, csr, f'{fake}.pem', f'{fake}.key', 'fake'), key), hello) == b'',
           'a certificate of another CA with our CA\'s name: not a byte')
    ca, ca_key = server.root / 'var/lib/sekisho/fleet/ca.pem', server.root / 'var/lib/sekisho/fleet/ca.key'
    tap.ok(attempt(port, 'sekisho/1', (sign(server, csr, ca, ca_key, 'stray'), key), hello) == b'',
           'a certificate of our own CA, in a known endpoint\'s name, that the fleet never admitted: not a byte')
    tap.ok(attempt(port, 'sekisho/1', (f'{fake}.pem', f'{fake}.key'), hello) == b'', 'a self-signed certificate: not a byte')
    return ca, ca_key


def expired(server, agent, ca, ca_key):
    """A certificate that the fleet knows and admits, after its last day."""
    key, csr = named_csr(server, agent.id)
    pem = server.top / 'old.pem'
    (server.top / 'ca.cnf').write_text('[ca]\ndefault_ca=c\n[c]\ndatabase=%(t)s/index\nnew_certs_dir=%(t)s\nserial=%(t)s/serial\ndefault_md=sha256\npolicy=p\n'
                                       'x509_extensions=e\n[p]\ncommonName=supplied\n[e]\nextendedKeyUsage=clientAuth\nkeyUsage=digitalSignature\n' % {'t': server.top})
    (server.top / 'index').write_text('')
    (server.top / 'serial').write_text('77\n')
    (server.top / 'old.csr').write_text(csr)
    subprocess.run(['openssl', 'ca', '-batch', '-config', str(server.top / 'ca.cnf'), '-in', str(server.top / 'old.csr'), '-cert', str(ca), '-keyfile', str(ca_key),
                    '-startdate', '20200101000000Z', '-enddate', '20200201000000Z', '-out', str(pem), '-notext'], check=True, capture_output=True)
    der = ssl.PEM_cert_to_DER_cert(pem.read_text())
    server.stop()
    database = sqlite3.connect(server.root / 'var/lib/sekisho/fleet/fleet.db')
    database.execute('INSERT INTO certificate VALUES(?,?,?,?,?)', (hashlib.sha256(der).digest(), agent.id, '77', 1577836800000, 1580515200000))
    database.commit()
    database.close()
    server.start()
    tap.ok(attempt(server.port, 'sekisho/1', (pem, key), wire.frame(wire.HELLO, {'agent': agent.id}, 1)) == b'',
           'an admitted certificate after its last day: not a byte')
    agent.connect().hello()
    tap.ok(agent.send(1, [event(1)])[2] == 1, 'and the same endpoint with its good one is served')
    agent.channel.close()


def versions(server, agent):
    pem = (agent.cert, agent.key)
    tap.ok(attempt(server.port, 'sekisho/1', pem, newest=ssl.TLSVersion.TLSv1_2) == b'', 'TLS 1.2: refused')
    tap.ok(attempt(server.port, None, pem) == b'', 'no ALPN: refused')
    tap.ok(attempt(server.port, 'http/1.1', pem) == b'', 'an ALPN name that is not ours: refused')
    tap.ok(attempt(server.port, ['http/1.1', 'h2'], None) == b'', 'several of them: refused')


def alpn_abuse(server, agent):
    port = server.port
    enrol = 'sekisho-enrol/1'
    for kind, name in ((wire.HELLO, 'HELLO'), (wire.BATCH, 'BATCH'), (wire.HEALTH, 'HEALTH'), (wire.CALL, 'CALL'), (wire.APPEND, 'APPEND')):
        tap.ok(attempt(port, enrol, None, wire.frame(kind, b'{}', 1)) == b'', f'{name} at the door of enrolment: not a byte')
    tap.ok(attempt(port, [enrol, 'sekisho/1'], None, wire.frame(wire.HELLO, {'agent': agent.id}, 1)) == b'',
           'both names at once, enrolment first: it is enrolment, and HELLO is not heard')
    tap.ok(attempt(port, ['sekisho/1', enrol], None, wire.frame(wire.HELLO, {'agent': agent.id}, 1)) == b'',
           'both names at once, the link first: a certificate is asked for')
    agent.connect()
    agent.channel.send(wire.ENROL, {'token': 'x', 'csr': 'x', 'host': 'x', 'machine': 'x'})
    tap.ok(agent.channel.closed() == [], 'ENROL on the link: closed')


def hello_rules(server, agent):
    def said(**more):
        agent.connect()
        try:
            agent.hello(**more)
            return 'welcome'
        except wire.Refused as error:
            return error.code
        except wire.Closed:
            return 'closed'

    tap.ok(said(agent='someone-else') == 'bad', 'HELLO in another endpoint\'s name: refused')
    tap.ok(said(surprise=1) == 'bad', 'HELLO with a key nobody knows: refused')
    agent.connect()
    agent.channel.send(wire.BATCH, wire.batch(7, 1, 1, [event(1)]))
    answer = agent.channel.closed()
    tap.ok(answer is not None and [a[0] for a in answer] == [wire.ERROR], 'a batch before HELLO: refused', answer)
    agent.connect().hello()
    agent.channel.send(wire.HELLO, {'agent': agent.id})
    answer = agent.channel.closed()
    tap.ok(answer is not None and any(a[0] == wire.ERROR for a in answer), 'HELLO twice: refused', answer)
    first = Agent.connect(agent).channel
    agent.channel = first
    agent.hello()
    second = Agent.connect(agent).channel
    agent.channel = second
    agent.hello()
    answer = first.closed()
    tap.ok(answer is not None and answer[-1][2].get('code') == 'replaced', 'the same endpoint again: the older connection ends', answer)
    second.close()


def revocation(server):
    agent = Agent(server, 'etch-2')
    agent.connect().hello()
    agent.send(1, [event(1)])
    began = time.monotonic()
    closed = server.fleet().call('agent.revoke', agent=agent.id, reason='stolen')['closed']
    rest = agent.channel.closed()
    took = time.monotonic() - began
    tap.ok(closed and rest is not None and took < 1, 'revoked: the live session closes within a second', f'{took:.3f} s, {rest}')
    tap.ok(rest and rest[-1][2].get('code') == 'revoked', 'and it is told why', rest)
    tap.ok(attempt(server.port, 'sekisho/1', (agent.cert, agent.key), wire.frame(wire.HELLO, {'agent': agent.id}, 1)) == b'',
           'and its certificate gets not a byte any more')
    server.stop()
    server.start()
    tap.ok(attempt(server.port, 'sekisho/1', (agent.cert, agent.key)) == b'', 'nor after a restart of the server')


def frames_cut_short(server, agent):
    """The connection ends inside a frame, at every byte of it: nothing happens, and the server goes on."""
    hello = wire.frame(wire.HELLO, {'agent': agent.id, 'version': '0.1', 'boot': 'b', 'clock': {'time': 1, 'state': 'ok'}, 'epoch': 7,
                                    'streams': [{'priority': 1, 'first': 1, 'next': 2}]}, 1)
    before = server.store().call('stats')['events']
    for cut in range(0, len(hello), 5):
        with tls(server.port, 'sekisho/1', (agent.cert, agent.key)) as s:
            s.sendall(hello[:cut])
    body = wire.batch(7, 1, agent.next[1], [event(900)])
    batch = wire.frame(wire.BATCH, body, 2)
    for cut in range(len(batch)):
        if cut % 9:
            continue
        agent.connect().hello()
        agent.channel.sock.sendall(batch[:cut])
        agent.channel.close()
    tap.ok(server.store().call('stats')['events'] == before, 'HELLO and BATCH cut short, byte by byte: nothing is kept and nothing falls over')
    agent.connect().hello()
    for cut in range(1, len(body)):  # a whole frame with a body cut short: each must name the place, and close
        agent.channel.sock.sendall(wire.frame(wire.BATCH, body[:cut], 3))
        answer = agent.channel.closed()
        if not answer or answer[-1][0] != wire.ERROR or answer[-1][2]['code'] != 'bad-batch' or not answer[-1][2]['text']:
            tap.ok(False, 'a batch cut short is refused with its place', f'{cut}: {answer}')
            return
        if cut % 7 == 0:
            agent.connect().hello()
            continue
        agent.connect().hello()
    tap.ok(server.store().call('stats')['events'] == before, 'a batch cut short at every byte inside a whole frame: refused with its place, and closed')


def oversize(server, agent):
    for size, kind, name in ((0xffffffff, wire.HELLO, 'a frame that says it is 4 GiB'), (64 << 10, wire.HELLO, 'a HELLO beyond its limit'),
                             (0, 999, 'a frame nobody knows')):
        agent.connect()
        agent.channel.sock.sendall(size.to_bytes(4, 'big') + kind.to_bytes(2, 'big') + b'\0\1\0\0\0\1')
        tap.ok(agent.channel.closed() == [], f'{name}: closed')


def slow(server, agent):
    """handshake: 700ms in this server's settings."""
    def lives(sock, seconds=4):
        began = time.monotonic()
        sock.settimeout(seconds)
        try:
            sock.recv(1)
        except (TimeoutError, socket.timeout):
            return 99
        except OSError:
            pass
        return time.monotonic() - began

    with socket.create_connection(('127.0.0.1', server.port)) as s:
        tap.ok(lives(s) < 2, 'a connection that says nothing ends')
    with socket.create_connection(('127.0.0.1', server.port)) as s:
        s.sendall(b'\x16\x03\x01\x02\x00\x01')
        tap.ok(lives(s) < 2, 'half a ClientHello: ends')
    with tls(server.port, 'sekisho/1', (agent.cert, agent.key)) as s:
        tap.ok(lives(s) < 2, 'a handshake and no HELLO: ends')
    with tls(server.port, 'sekisho/1', (agent.cert, agent.key)) as s:
        began = time.monotonic()
        try:
            for byte in wire.frame(wire.HELLO, {'agent': agent.id}, 1):
                s.sendall(bytes([byte]))
                time.sleep(0.1)
            took = 99
        except OSError:
            took = time.monotonic() - began
        tap.ok(took < 3, 'HELLO a byte at a time: the time does not begin anew with each byte', took)


def crowd(server, agent):
    """max_per_address: 20 in this server's settings."""
    held = [socket.create_connection(('127.0.0.1', server.port)) for _ in range(20)]
    time.sleep(0.2)
    extra = socket.create_connection(('127.0.0.1', server.port))
    extra.settimeout(0.5)
    try:
        over = extra.recv(1) == b''
    except ConnectionError:
        over = True
    except (TimeoutError, socket.timeout):
        over = False
    tap.ok(over, 'more connections from one address than allowed: the one too many is closed')
    for s in held + [extra]:
        s.close()
    time.sleep(1)
    agent.connect().hello()
    tap.ok(agent.send(1, [event(5)]), 'and when they are gone the address is served again')
    agent.channel.close()


def main():
    with Server() as server:
        server.start()
        agent = tokens(server)
        ca, ca_key = certificates(server, agent)
        expired(server, agent, ca, ca_key)
        versions(server, agent)
        alpn_abuse(server, agent)
        hello_rules(server, agent)
        revocation(server)
        frames_cut_short(server, agent)
        oversize(server, agent)
        server.stop()
        server.write_settings({'intake': {'handshake': '700ms', 'max_per_address': 20}})
        server.start()
        slow(server, agent)
        crowd(server, agent)
        tap.ok(until(1, lambda: server.process.poll() is None) and 'starts again' not in server.log_path.read_text(), 'no process of the server fell over',
               server.log_path.read_text()[-1500:])
    return tap.done()


sys.exit(main())
