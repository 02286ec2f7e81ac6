# SPDX-License-Identifier: GPL-3.0-or-later
#
# console.py - what tests of the console share: the console duty alone (console-rig), a store and a fleet that the test plays itself, a fab full of sample data,
# a small browser without JavaScript, and TAP.

import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('SEKISHO_BUILD', ROOT / 'build'))
ERROR, CALL, PROGRESS, RESULT, QUERY, ROWS, FOLLOW, GET, AROUND, ROWS_END = 1, 10, 11, 12, 51, 52, 53, 54, 55, 56
PASSWORD = 'correct horse battery'


class Tap:
    """Counts and prints test points; `done` prints the plan and gives the exit code."""

    def __init__(self):
        self.number = self.failed = 0

    def ok(self, good, name, *notes):
        self.number += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.number} - {name}', flush=True)
        if not good:
            for note in notes:
                print('\n'.join('# ' + line for line in str(note).splitlines()[:40]), flush=True)
        return good

    def equal(self, got, want, name):
        return self.ok(got == want, name, f'got  {got!r}', f'want {want!r}')

    def done(self):
        print(f'1..{self.number}')
        return 1 if self.failed else 0


# ---- frames ----

def send(sock, kind, number, body):
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False, separators=(',', ':'), sort_keys=True).encode()
    sock.sendall(struct.pack('>IHHI', len(data), kind, 1, number) + data)


def read(sock, size):
    data = b''
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def receive(sock):
    size, kind, _, number = struct.unpack('>IHHI', read(sock, 12))
    return kind, number, read(sock, size)


class Played:
    """A server on a unix socket whose answers are methods of a subclass."""

    name = ''

    def __init__(self, root):
        self.path = pathlib.Path(root) / 'run/sekisho' / self.name
        self.calls, self.lock, self.followers, self.connections = [], threading.Lock(), [], []
        self.listener = None

    def open(self):
        self.path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.path.chmod(0o666)
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        return self

    def close(self):
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        self.path.unlink(missing_ok=True)
        with self.lock:
            for sock in self.connections:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.connections, self.followers = [], []

    def accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.append(sock)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        try:
            while True:
                kind, number, data = receive(sock)
                if kind == 2:
                    send(sock, 3, number, b'')
                    continue
                body = json.loads(data) if data else {}
                with self.lock:
                    self.calls.append((kind, body))
                self.answer(sock, kind, number, body)
        except (EOFError, OSError):
            pass


def in_scope(item, scopes):
    return scopes is None or any(item['org'] == s['org'] and s.get('site', item['site']) == item['site'] for s in scopes)


class Store(Played):
    name = 'store.sock'

    def __init__(self, root):
        super().__init__(root)
        self.rows = []
        self.leak = False  # a store that forgets its scopes: the console must not

    def seen(self, scopes):
        return [row for row in self.rows if self.leak or in_scope(row, scopes)]

    def fits(self, row, f):
        e, path = row['event'], row['event'].get('process', {}).get('file', {}).get('path', '')
        return ((self.leak or in_scope(row, f.get('scopes'))) and e['time'] >= f.get('since', 0) and e['time'] < f.get('until', 1 << 60)
                and ('severities' not in f or e['severity_id'] in f['severities']) and ('classes' not in f or e['class_uid'] in f['classes'])
                and ('endpoints' not in f or row['agent'] in f['endpoints'] or row['host'] in f['endpoints'])
                and f.get('path', '') in path and f.get('text', '').lower() in json.dumps(e, ensure_ascii=False).lower())

    def answer(self, sock, kind, number, body):
        if kind == QUERY:
            rows = sorted((r for r in self.rows if self.fits(r, body['filter'])), key=lambda r: -r['event']['time'])
            start, limit = int(body.get('after') or 0), body.get('limit', 100)
            more = str(start + limit) if len(rows) > start + limit else None
            self.give(sock, number, rows[start:start + limit], more)
        elif kind == GET:
            self.give(sock, number, [r for r in self.seen(body.get('scopes')) if r['id'] == body['id']], None)
        elif kind == AROUND:
            self.around(sock, number, body)
        elif kind == FOLLOW:
            with self.lock:
                self.followers.append((sock, number, body['filter']))
            send(sock, PROGRESS, number, {'following': True})
        else:
            self.call(sock, number, body)

    def give(self, sock, number, rows, more):
        if rows:
            send(sock, ROWS, number, ''.join(json.dumps(r, ensure_ascii=False) + '\n' for r in rows).encode())
        send(sock, ROWS_END, number, {'rows': len(rows), 'next': more, 'complete': True, 'damaged': 0})

    def around(self, sock, number, body):
        here = [r for r in self.seen(body.get('scopes')) if r['id'] == body['id']]
        span = body['seconds'] * 1000
        self.give(sock, number, sorted((r for r in self.rows if here and r['agent'] == here[0]['agent']
                                        and abs(r['event']['time'] - here[0]['event']['time']) <= span), key=lambda r: r['event']['time']), None)

    def call(self, sock, number, body):
        verb = body['verb']
        if verb == 'counts':
            points = {}
            for row in self.seen(body.get('scopes')):
                if body['since'] <= row['event']['time'] < body['until']:
                    key = (row['event']['time'] // body['step'] * body['step'], row['event']['class_uid'], row['event']['severity_id'])
                    points[key] = points.get(key, 0) + 1
            send(sock, RESULT, number, {'step': body['step'], 'points': [
                {'time': t, 'class': c, 'severity': s, 'count': n} for (t, c, s), n in sorted(points.items())]})
        elif verb == 'stats':
            send(sock, RESULT, number, {'state': 'ok', 'events': 184213, 'batches': 412, 'bytes': 11 << 20, 'oldest': 1, 'newest': 2, 'free_bytes': 180 << 30,
                                        'commits': 400, 'duplicates': 0, 'removed': {'events': 0, 'batches': 0, 'bytes': 0}, 'lost': 0, 'gaps': 0})
        elif verb == 'streams':
            send(sock, RESULT, number, {'streams': [{'agent': body['agent'], 'epoch': 1, 'priority': p, 'ack': 1200 + p, 'last': 1200 + p, 'received': NOW - 4000}
                                                    for p in range(3)]})
        elif verb == 'gaps':
            send(sock, RESULT, number, {'gaps': [g for g in GAPS if g['agent'] == body.get('agent') and in_scope(g, body.get('scopes'))]})
        else:
            send(sock, ERROR, number, {'code': 'bad', 'text': 'no such verb'})

    def push(self, row):
        """An event arrives: whoever follows it hears of it."""
        self.rows.append(row)
        with self.lock:
            followers = list(self.followers)
        for sock, number, wanted in followers:
            if self.fits(row, wanted):
                try:
                    send(sock, ROWS, number, (json.dumps(row, ensure_ascii=False) + '\n').encode())
                except OSError:
                    pass


class Fleet(Played):
    name = 'fleet.sock'

    def __init__(self, root):
        super().__init__(root)
        self.agents, self.requests, self.policies, self.drafts, self.tokens = [], [], [], [], []
        self.leak = False
        self.programs = [{'sha256': f'{n}a' * 32, 'org': org, 'name': f'/opt/litho/{n}', 'publisher': 'Nikko Precision', 'package': 'litho', 'version': '3.1', 'provenance': 'scan 2026-11-20',
                          'kind': 'program', 'decision': 'open', 'by': '', 'note': '', 'first_agent': 'a-0001', 'first_host': 'litho-pc-01', 'brought_by': 'root', 'size': 7,
                          'created': NOW, 'reviewed': None, 'endpoints': 12} for n, org in ((1, 'acme'), (2, 'acme'), (3, 'other'))]

    def program_list(self, body, scopes):
        return {'programs': [p for p in self.programs if (self.leak or in_scope({**p, 'site': ''}, scopes)) and body.get('decision') in (None, p['decision']) and body.get('text', '') in p['name']]}

    def program_review(self, body, scopes):
        found = [p for p in self.programs if p['sha256'] in body['hashes'] and p['org'] == body['org'] and in_scope({**p, 'site': ''}, scopes)]
        if len(found) != len(body['hashes']):
            return ('none', 'no such program')
        for p in found:
            p.update(decision=body['decision'], by=body['by'], note=body['note'], reviewed=NOW)
        return {'reviewed': len(found)}

    def seen(self, items, scopes):
        return [item for item in items if self.leak or in_scope(item, scopes)]

    def answer(self, sock, kind, number, body):
        handler = getattr(self, body.get('verb', '').replace('.', '_'), None)
        result = handler(body, body.get('scopes')) if handler else ('bad', 'no such verb')
        if isinstance(result, tuple):
            send(sock, ERROR, number, {'code': result[0], 'text': result[1]})
        else:
            send(sock, RESULT, number, result)

    def agent_list(self, body, scopes):
        start, agents = int(body.get('after') or 0), self.seen(self.agents, scopes)
        end = start + body.get('limit', 100)
        return {'agents': agents[start:end], 'next': str(end) if len(agents) > end else None}

    def agent_show(self, body, scopes):
        found = [a for a in self.seen(self.agents, scopes) if a['agent'] == body['agent']]
        return dict(found[0], certificates=[]) if found else ('none', 'no such agent')

    def agent_revoke(self, body, scopes):
        found = [a for a in self.seen(self.agents, scopes) if a['agent'] == body['agent']]
        if not found:
            return ('none', 'no such agent')
        found[0].update(state='revoked', connected=False)
        return {'closed': True}

    def request_list(self, body, scopes):
        return {'requests': [r for r in self.seen(self.requests, scopes) if body.get('state') in (None, r['state'])], 'next': None}

    def request_show(self, body, scopes):
        found = [r for r in self.seen(self.requests, scopes) if r['id'] == body['id']]
        return found[0] if found else ('none', 'no such request')

    def request_decide(self, body, scopes):
        found = [r for r in self.seen(self.requests, scopes) if r['id'] == body['id']]
        if not found:
            return ('none', 'no such request')
        if found[0]['state'] != 'pending':
            return ('conflict', 'decided already')
        found[0].update(state='approved' if body['decision'] == 'approve' else 'rejected', decided=NOW, by=body['by'], note=body['note'])
        return found[0]

    def token_list(self, body, scopes):
        return {'tokens': self.seen(self.tokens, scopes)}

    def token_create(self, body, scopes):
        if not in_scope(body, scopes):
            return ('denied', 'not there')
        self.tokens.append({'id': f't{len(self.tokens)}', 'org': body['org'], 'site': body['site'], 'labels': {}, 'note': body['note'], 'by': body['by'],
                            'created': NOW, 'expires': NOW + body['seconds'] * 1000, 'state': 'open', 'agent': None})
        return {'id': self.tokens[-1]['id'], 'token': 'de7mc-dfgqn-5035r-dd0cv', 'pin': 'b3' * 32, 'expires': self.tokens[-1]['expires']}

    def token_cancel(self, body, scopes):
        for token in self.seen(self.tokens, scopes):
            if token['id'] == body['id']:
                token['state'] = 'cancelled'
                return {}
        return ('none', 'no such token')

    def draft_list(self, body, scopes):
        return {'drafts': self.seen(self.drafts, scopes)}

    def policy_list(self, body, scopes):
        return {'policies': self.policies}

    def policy_show(self, body, scopes):
        found = [p for p in self.policies if p['hash'] == body['hash']]
        return dict(found[0], envelope=ENVELOPE) if found else ('none', 'no such policy')

    def policy_publish(self, body, scopes):
        return ('bad', 'the signature does not fit') if 'wrong' in body['envelope'] else {'serial': 8, 'hash': 'ab' * 32, 'agents': 2, 'drafts': []}


# ---- a fab ----

NOW = int(time.time() * 1000)
GAPS = [{'agent': 'a-0003', 'org': 'acme', 'site': 'kumamoto', 'epoch': 1, 'priority': 2, 'first': 4001, 'last': 4410, 'state': 'dropped', 'reason': 'size',
         'seen': NOW - 7200000}]
ENVELOPE = json.dumps({'payload_type': 'application/vnd.sekisho.policy+json', 'delegation': {}, 'signatures': [], 'payload':
                       __import__('base64').b64encode(json.dumps({'part': 'lockdown', 'serial': 7, 'labels': {'org': 'acme', 'site': 'kumamoto'}, 'programs': [
                           {'name': '/opt/litho/bin/stepper-ctl', 'publisher': 'Nikko Precision', 'sha256': '5f' * 32, 'size': 4718592},
                           {'name': '/opt/litho/bin/recipe-loader', 'publisher': 'Nikko Precision', 'sha256': 'c3' * 32, 'size': 901120}]}).encode()).decode()})


def program_event(when, kind, path, severity, reason='not-listed', action=2, extra=None):
    return {'class_uid': 1007, 'category_uid': 1, 'activity_id': 1, 'type_uid': 100701, 'time': when, 'severity_id': severity, 'action_id': action,
            'disposition_id': 2, 'message': 'A program was refused', 'metadata': {'version': '1.3.0', 'event_code': kind, 'product': {'name': 'Sekisho'}},
            'process': {'pid': 4242, 'file': {'path': path, 'name': path.rpartition('/')[2], 'type_id': 1, 'size': 73802, 'hashes': [
                {'algorithm_id': 3, 'value': '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'}]}},
            'actor': {'process': {'pid': 812, 'file': {'path': '/bin/bash', 'name': 'bash', 'type_id': 1}}, 'user': {'uid': '1001'}},
            'fab': {'clock': 'ok', 'mode': 'enforce', 'reason': reason, 'policy_serial': 7, 'took_us': 412}, **(extra or {})}


def refused_event(when, path):
    """A refusal as the agent tells it: road, rule, what would allow it, who stands above."""
    event = program_event(when, 'program_refused', path, 4)
    who = [('/usr/bin/bash', 'bash', 812, 1001, 700, 'pts/2'), ('/usr/sbin/sshd', 'sshd', 698, 0, 698, None), ('/usr/lib/systemd/systemd', 'systemd', 1, 0, 1, None)]
    event.update(count=14, start_time=when - 9000, end_time=when)
    event['fab'].update(road='exec-file', rule='allowlist', remedy='allow', remedy_line=f"sekisho lockdown allow '{path}' --note WHY", package='update-tools 2.4-1',
                        ancestry=[{key: value for key, value in zip(('program', 'name', 'pid', 'uid', 'session', 'tty'), one) if value is not None} for one in who],
                        ancestry_cut=True)
    event['fab']['ancestry'][0].update(cgroup='/system.slice/docker-0123456789abcdef.scope', container='docker 0123456789ab')
    return event


def memory_event(when, path):
    """A refusal that is no question of the allowlist."""
    event = program_event(when, 'program_refused', path, 4)
    event['fab'].update(road='mem-anonymous', rule='memory', remedy='jit', remedy_line='lockdown.jit: [{sha256: 9f86}]')
    return event


def plain_event(when, kind, class_uid, severity, **more):
    return {'class_uid': class_uid, 'category_uid': 6, 'activity_id': 1, 'type_uid': class_uid * 100 + 1, 'time': when, 'severity_id': severity,
            'message': kind.replace('_', ' '), 'metadata': {'version': '1.3.0', 'event_code': kind, 'product': {'name': 'Sekisho'}}, **more}


def row_of(agent, event, seq, priority=0):
    return {'id': f'{agent["agent"]}/1/{priority}/{seq}', 'agent': agent['agent'], 'host': agent['host'], 'org': agent['org'], 'site': agent['site'],
            'received': event['time'] + 180, 'event': event}


NOT_STOPPED = {'map-preload': 'open', 'map-dlopen': 'open', 'mem-ptrace': 'restrained', 'mem-process-vm': 'restrained', 'script-module': 'open', 'module-load': 'restrained',
               'mount-shadow': 'open', 'file-write': 'open', 'race-writer': 'open', 'agent-signal': 'noticed', 'device-write': 'noticed', 'new-class': 'open'}


def lockdown_health(tier='B', **more):
    """What an agent says of its protection (agent/lockdown/clerk/protection.c)."""
    names = ['fanotify', 'sched_process_exec', 'mmap_lock_acquire_returned'] if tier == 'B' else ['fanotify']
    return {'mode': 'enforce', 'guard': 'up', 'tier': tier, 'subject': 'cgroup' if tier == 'B' else 'none', 'without_effect': [{'id': 'mounts'}] if tier == 'B' else [], 'hooks': [{'name': name, 'state': 'attached'} for name in names],
            'not_stopped': [{'id': name, 'claim': claim} for name, claim in NOT_STOPPED.items()], 'restraints': {'counted': True, 'processes': 41, 'restrained': 12},
            'exceptions': {'jit': 1, 'interpreters': 2, 'updaters': 0}, **more}


def make_agent(number, host, site, org='acme', **more):
    health = {'spool': {'depth': [0, 0, 0], 'bytes': 8192, 'max_bytes': 512 << 20, 'dropped': 0}, 'clock': 'ok',
              'lockdown': lockdown_health()}
    agent = {'agent': f'a-{number:04d}', 'host': host, 'machine': 'm', 'org': org, 'site': site, 'labels': {'line': 'L2'}, 'enrolled': NOW - 86400000 * 40,
             'state': 'enrolled', 'connected': True, 'last_seen': NOW - 3000, 'version': '0.1.0', 'address': f'10.20.1.{number}', 'health': health,
             'health_at': NOW - 5000, 'policy': {'serial': 7, 'hash': 'd4' * 32, 'state': 'enforced', 'reason': '', 'at': NOW - 86400000},
             'assigned': {'serial': 7, 'hash': 'd4' * 32}}
    agent.update(more)
    return agent


def fill(store, fleet):
    """Two organisations; acme has two sites. What is of chitose or of other must not be seen from kumamoto."""
    fleet.agents = [make_agent(1, 'litho-pc-01', 'kumamoto'), make_agent(2, 'litho-pc-02', 'kumamoto'), make_agent(3, 'etch-pc-07', 'kumamoto'),
                    make_agent(4, 'cmp-pc-03', 'kumamoto', connected=False, last_seen=NOW - 5400000), make_agent(5, 'cvd-pc-11', 'kumamoto'),
                    make_agent(6, 'secret-chitose-pc', 'chitose'), make_agent(7, 'secret-other-pc', 'elsewhere', org='other')]
    fleet.agents[2]['health']['spool'].update(depth=[0, 12, 14880], dropped=410)
    fleet.agents[4]['health']['clock'] = 'wrong'
    fleet.agents[0]['health']['lockdown']['window'] = {'phase': 'open', 'change': 'CHG-2214', 'until': NOW + 3600000}
    fleet.agents[4]['health']['lockdown'] = lockdown_health('C')
    fleet.agents[4]['health']['lockdown']['hooks'].append({'name': 'sched_process_exec', 'state': 'failed', 'error': 'Operation not permitted'})
    fleet.agents[4]['health']['lockdown'].update(mode='observe', unguarded={'from': NOW - 4000000, 'to': NOW - 3400000})
    fleet.agents[4]['policy'].update(state='refused', reason='the serial 6 is below 7')
    fill_requests(fleet)
    fill_events(store, fleet)


def fill_requests(fleet):
    base = {'kind': 'allow', 'state': 'pending', 'decided': None, 'by': None, 'note': None, 'answered': None, 'draft': None}
    body = {'path': '/opt/litho/bin/recipe-loader-2.4', 'sha256': '1b' * 32, 'size': 1204224, 'by': 'tanaka', 'note': 'メーカー提供の更新プログラム（作業票 WO-1182）'}
    fleet.requests = [
        dict(base, id='r-101', agent='a-0001', host='litho-pc-01', org='acme', site='kumamoto', body=body, created=NOW - 600000),
        dict(base, id='r-102', agent='a-0003', host='etch-pc-07', org='acme', site='kumamoto', kind='unknown', body={'programs': [
            {'path': '/srv/op/tool.sh', 'name': 'tool.sh', 'sha256': '77' * 32, 'size': 812}]}, created=NOW - 4200000),
        dict(base, id='r-103', agent='a-0006', host='secret-chitose-pc', org='acme', site='chitose', body=body, created=NOW - 60000),
        dict(base, id='r-104', agent='a-0007', host='secret-other-pc', org='other', site='elsewhere', body=body, created=NOW - 60000),
        dict(base, id='r-090', agent='a-0002', host='litho-pc-02', org='acme', site='kumamoto', body=body, created=NOW - 9e7 // 1, state='approved',
             decided=int(NOW - 8e7), by='sato', note='[CHG-2201] 確認済み', draft='d-5')]
    fleet.requests[-1]['created'] = int(NOW - 9e7)
    policy = {'serial': 7, 'hash': 'd4' * 32, 'part': 'lockdown', 'labels': {'org': 'acme', 'site': 'kumamoto'}, 'mode': 'enforce', 'programs': 1184,
              'keyid': 'policy-2026', 'not_before': NOW - 86400000 * 2, 'expires': NOW + 86400000 * 180, 'published': NOW - 86400000, 'by': 'sato', 'agents': 5,
              'enforced': 4, 'refused': 1}
    fleet.policies = [policy, dict(policy, serial=3, hash='e5' * 32, labels={'org': 'acme', 'site': 'chitose'}, keyid='secret-chitose-key'),
                      dict(policy, serial=2, hash='f6' * 32, labels={'org': 'other'}, keyid='secret-other-key')]
    fleet.drafts = [{'id': 'd-5', 'request': 'r-090', 'agent': 'a-0002', 'org': 'acme', 'site': 'kumamoto', 'programs': [{'sha256': '1b' * 32, 'name': 'recipe-loader-2.4'}],
                     'by': 'sato', 'note': '[CHG-2201] 確認済み', 'created': int(NOW - 8e7), 'state': 'open', 'serial': None},
                    {'id': 'd-6', 'request': 'r-x', 'agent': 'a-0006', 'org': 'acme', 'site': 'chitose', 'programs': [{'sha256': '2b' * 32, 'name': 'secret-chitose-program'}],
                     'by': 'x', 'note': '', 'created': int(NOW - 8e7), 'state': 'open', 'serial': None}]
    fleet.tokens = [{'id': 't-1', 'org': 'acme', 'site': 'kumamoto', 'labels': {}, 'note': 'CVD 2台目', 'by': 'sato', 'created': NOW - 3600000, 'expires': NOW + 82800000,
                     'state': 'open', 'agent': None},
                    {'id': 't-2', 'org': 'acme', 'site': 'chitose', 'labels': {}, 'note': 'secret-chitose-token', 'by': 'x', 'created': NOW, 'expires': NOW + 1000,
                     'state': 'open', 'agent': None}]


def fill_events(store, fleet):
    a = {agent['host']: agent for agent in fleet.agents}
    litho, etch, cvd, cmp3 = a['litho-pc-01'], a['etch-pc-07'], a['cvd-pc-11'], a['cmp-pc-03']
    minute = 60000
    store.rows = [
        row_of(litho, refused_event(NOW - 2 * minute, '/media/usb/setup/update-helper'), 901),
        row_of(litho, plain_event(NOW - 4 * minute, 'request_made', 99906004, 1, fab={'request': {'id': 'r-101', 'kind': 'allow'}}), 900),
        row_of(litho, program_event(NOW - 3 * minute, 'program_allowed', '/usr/bin/mount', 1, '', 1), 55, 2),
        row_of(etch, program_event(NOW - 26 * minute, 'program_refused', '/srv/op/tool.sh', 4, 'changed'), 310),
        row_of(etch, plain_event(NOW - 120 * minute, 'spool_dropped', 99906002, 4, count=410, fab={'reason': 'size', 'loss': {
            'epoch': 1, 'priority': 2, 'first': 4001, 'last': 4410}}), 309),
        row_of(cvd, plain_event(NOW - 56 * minute, 'tampering', 2004, 5, evidences=[{'file': {'path': '/etc/sekisho/agent.yaml', 'name': 'agent.yaml'}}],
                                fab={'what': 'file-changed', 'duty': 'lockdown'}), 77),
        row_of(cvd, plain_event(NOW - 57 * minute, 'unguarded', 99906001, 4, start_time=NOW - 4000000, end_time=NOW - 3400000, fab={
            'duty': 'lockdown', 'reason': 'killed'}), 76),
        row_of(cvd, plain_event(NOW - 57 * minute, 'clock_wrong', 99906001, 3, fab={'floor_time': NOW, 'clock': 'wrong'}), 75),
        row_of(cmp3, plain_event(NOW - 90 * minute, 'guard_stopped', 6002, 3, app={'name': 'sekisho-agent'}, fab={'duty': 'lockdown', 'reason': 'stop'}), 12),
        row_of(cmp3, memory_event(NOW - 2400 * minute, '/opt/cmp/bin/viewer'), 11),
        row_of(cmp3, plain_event(NOW - 2410 * minute, 'media_refused', 99906005, 4, fab={'duty': 'media', 'mode': 'enforce', 'reason': 'held', 'policy_serial': 7, 'medium': {
            'device': 'sdb1', 'kind': 'usb', 'vendor': '0781', 'product': '5581', 'serial': '4C530001', 'uuid': '4A1B-22C0', 'file_system': 'vfat', 'rule': '2',
            'pass': 'expired'}}), 10),
        row_of(a['secret-chitose-pc'], program_event(NOW - minute, 'program_refused', '/tmp/secret-chitose-file', 4), 1),
        row_of(a['secret-other-pc'], program_event(NOW - minute, 'program_refused', '/tmp/secret-other-file', 4), 1)]
    for hour in range(23):
        for n in range(3 + (hour * 7) % 11):
            store.rows.append(row_of(litho, program_event(NOW - hour * 3600000 - n * 211000 - 420000, 'program_allowed', f'/opt/litho/bin/step-{n}', 1, '', 1),
                                     1000 + hour * 40 + n, 2))
        if hour % 5 == 1:
            store.rows.append(row_of(etch, program_event(NOW - hour * 3600000 - 900000, 'program_refused', '/tmp/.x/loader', 4), 200 + hour))


CSV = '''装置ID,サイト,ベイ,名称,メーカー,機種,担当,区分,ホスト名,IPアドレス,OS,備考
LITHO-01,kumamoto,B2,露光装置 1号機,Nikko Precision,NP-S630,田中,OT,litho-pc-01,10.20.1.1,Debian 12,
LITHO-02,kumamoto,B2,露光装置 2号機,Nikko Precision,NP-S630,田中,OT,litho-pc-02,10.20.1.2,Debian 12,
ETCH-07,kumamoto,B3,エッチング装置 7号機,TKE,Ardent 3,鈴木,OT,etch-pc-07,10.20.1.3,Red Hat Enterprise Linux 7,
CMP-03,kumamoto,B5,研磨装置 3号機,Hirado,HX-300,鈴木,OT,CMP-PC-03,10.20.1.4,,
INSP-02,kumamoto,B5,検査装置 2号機,Lumen,L-90,高橋,OT,,,VxWorks 6.9,更新時期 2027年
'''


# ---- the console ----

def free_port():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


class Console:
    """console-rig in a root of its own, with a played store and fleet. Use as a context."""

    def __init__(self, *arguments, backends=True):
        self.root = tempfile.mkdtemp(prefix='sekisho-console-')
        os.chmod(self.root, 0o755)
        for folder in ('run/sekisho', 'var/lib/sekisho', 'etc/sekisho'):
            os.makedirs(f'{self.root}/{folder}')
        self.port, self.arguments, self.process = free_port(), arguments, None
        self.store, self.fleet = Store(self.root), Fleet(self.root)
        if backends:
            fill(self.store, self.fleet)
            self.store.open()
            self.fleet.open()

    def __enter__(self):
        self.start()
        return self

    def start(self):
        self.log = open(f'{self.root}/log', 'ab')
        self.process = subprocess.Popen([BUILD / 'console-rig', '--root', self.root, '--listen', f'127.0.0.1:{self.port}', *self.arguments],
                                        stdout=self.log, stderr=self.log, env=dict(os.environ, TZ=os.environ.get('TZ', 'Asia/Tokyo')))
        for _ in range(200):
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                self.call('user.list')
                return
            except (OSError, EOFError):
                time.sleep(0.05)
                if self.process.poll() is not None:
                    break
        raise SystemExit('console-rig did not start:\n' + open(f'{self.root}/log').read())

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def __exit__(self, *_):
        self.stop()
        self.store.close()
        self.fleet.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def said(self):
        return open(f'{self.root}/log').read()

    def call(self, verb, **body):
        """What `sekisho console` asks; raises RuntimeError(code) for an error."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            sock.connect(f'{self.root}/run/sekisho/console.sock')
            send(sock, CALL, 1, dict(body, verb=verb))
            kind, _, data = receive(sock)
        if kind == ERROR:
            raise RuntimeError(json.loads(data)['code'])
        return json.loads(data)

    def add_user(self, name, role, org='', site='', language='en', password=PASSWORD):
        self.call('user.add', name=name, display=name.capitalize(), password=password, language=language, role=role, org=org, site=site)
        return Browser(self.port)

    def people(self):
        """One of each role, at kumamoto, and an administrator everywhere."""
        for name, role, org, site in (('root', 'administrator', '', ''), ('admin', 'administrator', 'acme', 'kumamoto'), ('sato', 'security', 'acme', 'kumamoto'),
                                      ('suzuki', 'security', 'acme', ''), ('tanaka', 'engineer', 'acme', 'kumamoto'), ('mori', 'assessor', 'acme', 'kumamoto'),
                                      ('wall', 'viewer', 'acme', 'kumamoto')):
            self.call('user.add', name=name, display=name.capitalize(), password=PASSWORD, language='en', role=role, org=org, site=site)


class Page:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode('utf-8', 'replace')

    def json(self):
        return json.loads(self.body)

    def csrf(self):
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.text)
        return found[1] if found else ''


class Browser:
    """Cookies, redirects and forms; no JavaScript."""

    def __init__(self, port, tls=None):
        self.port, self.cookies, self.page, self.tls = port, {}, None, tls
        self.origin = f'{"https" if tls else "http"}://127.0.0.1:{port}'

    def request(self, method, path, body=None, headers=None, follow=True):
        if self.tls:
            connection = http.client.HTTPSConnection('127.0.0.1', self.port, timeout=20, context=self.tls)
        else:
            connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=20)
        sent = {'Cookie': '; '.join(f'{k}={v}' for k, v in self.cookies.items())} if self.cookies else {}
        connection.request(method, path, body, {**sent, **(headers or {})})
        answer = connection.getresponse()
        page = Page(answer.status, answer.headers, answer.read())
        connection.close()
        for line in answer.headers.get_all('Set-Cookie') or []:
            name, _, rest = line.partition('=')
            value = rest.split(';')[0]
            if 'Max-Age=0' in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        if follow and page.status == 303:
            return self.request('GET', page.headers['Location'])
        self.page = page
        return page

    def get(self, path, **more):
        return self.request('GET', path, **more)

    def post(self, path, fields=None, csrf=None, headers=None, **more):
        fields = dict(fields or {})
        fields['csrf'] = csrf if csrf is not None else self.token()
        return self.request('POST', path, urllib.parse.urlencode(fields), {'Content-Type': 'application/x-www-form-urlencoded', 'Origin': self.origin, **(headers or {})},
                            **more)

    def upload(self, path, fields, name, data):
        mark = 'sekisho-test-boundary'
        fields = dict(fields, csrf=self.token())
        body = b''.join(f'--{mark}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items())
        body += f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'.encode() + data
        body += f'\r\n--{mark}--\r\n'.encode()
        return self.request('POST', path, body, {'Content-Type': f'multipart/form-data; boundary={mark}', 'Origin': self.origin})

    def token(self):
        saved = self.page
        token = self.get('/account').csrf() or self.get('/sign-in').csrf()
        self.page = saved
        return token

    def sign_in(self, name, password=PASSWORD):
        self.cookies = {}
        return self.post('/sign-in', {'name': name, 'password': password}, csrf=self.get('/sign-in').csrf())
