#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=170
#
# Events on their way through the real server: bad batches, the same ones again cut differently, gaps and tombstones, searching and following, a full disk,
# the store and intake killed. The account is kept here and compared with what the store answers.
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import wire  # noqa: E402
from support.server import Agent, Server, Tap, event, until  # noqa: E402

tap = Tap()
NOW = int(time.time() * 1000)


def line(priority, seq):
    """Event `seq` of a stream: all of it follows from the number, so that sent again it is the same."""
    return event(seq, time=NOW - 500000 + seq * 7, severity_id=seq % 6 + 1, class_uid=[1007, 2004, 6002][seq % 3],
                 process={'pid': seq, 'file': {'path': f'/opt/{priority}/p-{seq % 50}'}})


def rows(server, agent, **more):
    """Every event of the agent, oldest first, as the store pages them out."""
    store, out, question = server.store(), [], {'filter': {'endpoints': [agent.id], **more}, 'order': 'oldest', 'limit': 700}
    while True:
        answer = store.ask(wire.QUERY, question)
        out += store.rows
        if not answer['next']:
            return out
        question['after'] = answer['next']


def seqs(server, agent, priority):
    return sorted(int(r['id'].split('/')[3]) for r in rows(server, agent) if r['id'].split('/')[2] == str(priority))


def bad_batches(server):
    agent = Agent(server, 'bad')
    good = [line(1, 1), line(1, 2)]
    text = '\n'.join(good) + '\n'
    cases = {
        'another epoch': wire.batch(8, 1, 1, good),
        'a priority that is none': wire.batch(7, 3, 1, good),
        'a count that is not the lines\'': wire.batch(7, 1, 1, good, count=3),
        'a size that is not the text\'s': wire.batch(7, 1, 1, good, raw_size=len(text) + 1),
        'a size beyond a batch': wire.batch(7, 1, 1, good, raw_size=(1 << 20) + 1),
        'numbers beyond all': wire.batch(7, 1, (1 << 63) - 2, good),
        'number zero': wire.batch(7, 1, 0, good),
        'no zstd at all': wire.batch(7, 1, 1, good, packed=b'x' * 200),
        'bytes behind the frame': wire.batch(7, 1, 1, good, packed=wire.zstd(text.encode()) + b'x'),
        'a bomb': wire.batch(7, 1, 1, good, packed=b'\x28\xb5\x2f\xfd\xa0\xff\xff\xff\x7f' + b'\xfb\xff\xff\x41' * 60),
        'not JSON': wire.batch(7, 1, 1, ['{"class_uid":1007', good[1]]),
        'no class': wire.batch(7, 1, 1, ['{"time":1,"severity_id":1}', good[1]]),
        'a class twice': wire.batch(7, 1, 1, ['{"class_uid":1,"class_uid":2,"time":1,"severity_id":1}']),
        'a severity that is none': wire.batch(7, 1, 1, ['{"class_uid":1007,"time":1,"severity_id":9}']),
        'a time that is text': wire.batch(7, 1, 1, ['{"class_uid":1007,"time":"now","severity_id":1}']),
        'an event of 65 KiB': wire.batch(7, 1, 1, [event(1, message='x' * 66000)]),
        'bytes that are not UTF-8': wire.batch(7, 1, 1, [b'{"class_uid":1007,"time":1,"severity_id":1,"message":"\xff"}']),
    }
    for name, body in cases.items():
        agent.connect().hello()
        agent.channel.send(wire.BATCH, body)
        answer = agent.channel.closed()
        fine = bool(answer) and answer[-1][0] == wire.ERROR and answer[-1][2]['code'] == 'bad-batch' and len(answer[-1][2]['text']) > 10
        tap.ok(fine, f'a batch with {name}: refused with its place, and closed', answer)
    agent.connect().hello()
    tap.ok(agent.send(1, good) == (7, 1, 2), 'and the good one is taken on the next connection')
    tap.ok(seqs(server, agent, 1) == [1, 2], 'nothing of a bad batch was kept')
    agent.channel.close()


def once(server):
    """Random ranges, overlapping, in any order, over several connections: each event once."""
    agent, have, last = Agent(server, 'once'), set(), 0
    random.seed(7)
    agent.connect().hello()
    wrong = None
    for i in range(120):
        first = random.randint(1, min(last + 15, 1900)) if random.random() < 0.7 else random.randint(1, 1900)
        count = random.randint(1, 90)
        if i % 17 == 16:
            agent.channel.close()
            agent.connect().hello()
        got = agent.send(1, [line(1, s) for s in range(first, first + count)], first)
        have |= set(range(first, first + count))
        last = max(have)
        ack = next(s for s in range(1, last + 2) if s not in have) - 1
        if got != (7, 1, ack):
            wrong = f'{got} instead of {ack}'
            break
    tap.ok(not wrong, '120 batches that overlap as they like: each acknowledged up to the first number missing', wrong)
    tap.ok(seqs(server, agent, 1) == sorted(have), 'and each event is there once')
    gaps = server.store().call('gaps', agent=agent.id)['gaps']
    missing = sorted(s for g in gaps for s in range(g['first'], g['last'] + 1))
    tap.ok(missing == [s for s in range(1, last) if s not in have] and all(g['state'] == 'open' for g in gaps), 'and every number missing stands as a gap', gaps)
    rest = missing[:]
    while rest:
        agent.send(1, [line(1, s) for s in rest[:1]], rest[0])
        rest = rest[1:]
    tap.ok(server.store().call('gaps', agent=agent.id)['gaps'] == [] and seqs(server, agent, 1) == list(range(1, last + 1)), 'when they come, the gaps are gone')
    agent.channel.close()


def losses(server):
    agent = Agent(server, 'loss')
    agent.connect().hello()
    agent.send(2, [line(2, s) for s in range(1, 11)])
    agent.send(2, [line(2, s) for s in range(31, 41)], 31)
    tombstone = event(1, class_uid=99906002, category_uid=6, type_uid=9990600201, severity_id=4,
                      fab={'loss': {'epoch': 7, 'priority': 2, 'first': 11, 'last': 30, 'reason': 'size'}})
    agent.send(0, [tombstone])
    gaps = server.store().call('gaps', agent=agent.id)['gaps']
    tap.ok([(g['first'], g['last'], g['state']) for g in gaps] == [(11, 30, 'dropped')], 'a tombstone closes its gap, and it stays on the record', gaps)
    tap.ok(agent.send(2, [line(2, 41)]) == (7, 2, 41), 'and the acknowledgement goes over it')
    agent.channel.close()
    agent.connect()
    answer = agent.hello(first=[2, 1, 101], nexts=[2, 1, 101])
    tap.ok({(a['priority'], a['seq']) for a in answer['acks']} == {(0, 1), (1, 0), (2, 100)}, 'WELCOME says what the store has', answer)
    gaps = server.store().call('gaps', agent=agent.id)['gaps']
    tap.ok((42, 100, 'lost') in [(g['first'], g['last'], g['state']) for g in gaps], 'what neither side has is on the record as lost', gaps)
    server.sekisho('server', 'status', check=False)
    tap.ok('79' in server.said or '20' in server.said, 'and the status counts it', server.said)
    agent.channel.close()


def searching(server):
    agent = Agent(server, 'find-me')
    agent.connect().hello()
    for first in range(1, 1001, 100):
        agent.send(1, [line(1, s) for s in range(first, first + 100)])
    store = server.store()

    def found(**f):
        store.ask(wire.QUERY, {'filter': {'endpoints': ['find-me'], **f}, 'limit': 1000})
        return {int(r['id'].split('/')[3]) for r in store.rows}

    every = range(1, 1001)
    tap.ok(found(classes=[2004]) == {s for s in every if s % 3 == 1}, 'by class')
    tap.ok(found(severities=[5, 6]) == {s for s in every if s % 6 + 1 in (5, 6)}, 'by severity')
    tap.ok(found(path='/p-17') == {s for s in every if s % 50 == 17}, 'by path')
    tap.ok(found(text='EVENT 77') == {77, *range(770, 780)}, 'by text, upper or lower case')
    tap.ok(found(since=NOW - 500000 + 70, until=NOW - 500000 + 140) == set(range(10, 20)), 'by time')
    tap.ok(found(endpoints=[agent.id], path='/p-17', classes=[1007], since=NOW - 500000 + 700) == {s for s in every if s % 50 == 17 and s % 3 == 0 and s >= 100},
           'by all of it together')
    tap.ok(found(scopes=[{'org': 'other'}]) == set() and len(found(scopes=[{'org': 'acme', 'site': 'kyoto'}])) == 1000, 'and never beyond organisation and site')
    counts = store.call('counts', since=NOW - 600000, until=NOW, step=60000, scopes=[{'org': 'acme'}])
    tap.ok(sum(p['count'] for p in counts['points']) >= 1000, 'counts over time add up', counts)
    store.ask(wire.GET, {'id': f'{agent.id}/7/1/500'})
    shown = store.rows[0]['event']
    tap.ok(shown['metadata']['uid'] == f'{agent.id}/7/1/500' and shown['device']['hostname'] == 'find-me', 'one event, complete with its id and device', shown)
    store.ask(wire.AROUND, {'id': f'{agent.id}/7/1/500', 'seconds': 1})
    around = [int(r['id'].split('/')[3]) for r in store.rows]
    tap.ok(around == list(range(358, 643)), 'and what happened around it on the same endpoint', around)
    for body in ({'filter': {'surprise': 1}}, {'limit': 0}, {'limit': 1001}, {'filter': {'since': -1}}, {'after': 'x'}, {'filter': {'classes': ['a']}}):
        try:
            store.ask(wire.QUERY, body)
            tap.ok(False, f'a wrong question is refused: {body}')
        except wire.Refused as error:
            tap.ok(error.code == 'bad' and str(error), f'a wrong question is refused with its place: {error}')
    said = server.sekisho('events', '--endpoint', 'find-me', '--path', '/p-17', '--severity', 'high', '--limit', '1000', '--json')
    tap.ok({json.loads(x)['id'].split('/')[3] for x in said.splitlines()} == {str(s) for s in every if s % 50 == 17 and s % 6 == 3}, 'sekisho events says the same')
    agent.channel.close()


def following(server):
    agent = Agent(server, 'live')
    agent.connect().hello()
    agent.send(1, [line(1, s) for s in range(1, 6)])
    follower = server.store()
    follower.send(wire.FOLLOW, {'filter': {'endpoints': ['live'], 'severities': [3]}, 'backlog': 1000})
    kind, _, backlog = follower.receive()
    first = [json.loads(x)['id'].split('/')[3] for x in backlog.splitlines()] if kind == wire.ROWS else None
    tap.ok(first == ['2'], 'following begins with what is there', first)
    tap.ok(follower.receive()[2] == {'following': True}, 'and says when it is live')
    worst = 0
    for s in range(6, 40):
        began = time.monotonic()
        agent.send(1, [line(1, s)])
        if s % 6 + 1 == 3:
            kind, _, body = follower.receive(3)
            worst = max(worst, time.monotonic() - began)
            if kind != wire.ROWS or f'/{s}"'.encode() not in body:
                worst = 99
    tap.ok(worst < 1, 'each new event that matches is there within a second of being sent', f'{worst:.3f} s')
    command = subprocess.Popen([str(Path(os.environ['SEKISHO_BUILD'] if 'SEKISHO_BUILD' in os.environ else Path(__file__).resolve().parents[2] / 'build') / 'sekisho'),
                                'events', '--follow', '--limit', '0', '--text', 'needle', '--root', str(server.root), '--json'], stdout=subprocess.PIPE, text=True)
    time.sleep(0.7)
    agent.send(1, [event(40, message='a needle in the hay')])
    got = []
    threading.Thread(target=lambda: got.append(command.stdout.readline()), daemon=True).start()
    tap.ok(until(2, lambda: got and 'needle' in got[0]), 'sekisho events --follow prints it as it comes', got)
    command.terminate()
    command.wait()
    for c in (follower, agent.channel):
        c.close()


def killed(server):
    """The store and intake die in the middle; the agent knows only what was acknowledged, and sends the rest again."""
    agent, acked, number = Agent(server, 'kill'), 0, 1
    random.seed(3)
    for i in range(14):
        try:
            agent.connect(5)
            acks = agent.hello()['acks']
            acked = next((a['seq'] for a in acks if a['priority'] == 1), 0)
            number = acked + 1
            threading.Timer(random.random() * 0.2, server.kill, ['store' if i % 2 else 'intake']).start()
            for _ in range(200):
                agent.send(1, [line(1, s) for s in range(number, number + 20)], number)
                number += 20
        except (wire.Closed, wire.Refused, OSError):
            until(5, server.serves)
    for _ in range(50):
        try:
            agent.connect(5)
            acked = next((a['seq'] for a in agent.hello()['acks'] if a['priority'] == 1), 0)
            break
        except (wire.Closed, wire.Refused, OSError):
            time.sleep(0.2)
    have = seqs(server, agent, 1)
    tap.ok(acked > 200 and have == list(range(1, acked + 1)), 'store and intake killed fourteen times: what was acknowledged is there, once and in order',
           f'{acked} acknowledged, {len(have)} there')
    agent.channel.close()


def full_disk():
    """The store's folder on a file system of 12 MiB."""
    with Server() as server:
        folder = server.root / 'var/lib/sekisho/store'
        folder.mkdir(parents=True)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=12m', 'none', str(folder)], check=True)
        try:
            server.start()
            agent = Agent(server, 'full')
            agent.connect(3).hello()
            random.seed(1)

            def fat(s):
                return event(s, message=''.join(random.choice('abcdefghijklmnopqrstuvwxyz0123456789') for _ in range(60000)))

            acked, number = 0, 1
            try:
                while number < 400:
                    acked = agent.send(1, [fat(number), fat(number + 1)], number)[2]
                    number += 2
            except (TimeoutError, OSError, wire.Closed):
                pass
            tap.ok(0 < acked < 400, 'a full disk: the acknowledgements stop', acked)
            stats = server.store().call('stats')
            tap.ok(stats['state'] == 'full' and stats['events'] == acked, 'the store says so, and still answers', stats)
            server.sekisho('server', 'status', check=False)
            tap.ok(server.code == 1 and 'full' in server.said, 'and so does sekisho server status, with exit code 1', server.said)
            tap.ok('the disk is full' in server.log_path.read_text(), 'and the log')
            agent.channel.close()
            subprocess.run(['mount', '-o', 'remount,size=64m', str(folder)], check=True)
            tap.ok(until(5, lambda: server.store().call('stats')['state'] == 'ok'), 'room again: it goes on by itself')
            agent.connect(5)
            has = next(a['seq'] for a in agent.hello()['acks'] if a['priority'] == 1)
            tap.ok(has >= acked and agent.send(1, [line(1, has + 1)], has + 1)[2] == has + 1, 'and takes what comes', has)
            tap.ok(seqs(server, agent, 1) == list(range(1, has + 2)), 'nothing is there twice, nothing is missing')
            agent.channel.close()
        finally:
            server.stop()
            subprocess.run(['umount', '-l', str(folder)], check=False)


def retention():
    with Server({'store': {'max_bytes': '100K', 'reserve': '1M'}}) as server:
        server.start()
        agent = Agent(server, 'keep')
        agent.connect().hello()
        random.seed(1)
        for s in range(1, 60):
            agent.send(2, [event(s, message=''.join(random.choice('abcdefghij') for _ in range(20000)))], s)
        agent.send(0, [event(1)])
        tap.ok(until(15, lambda: server.store().call('stats')['removed']['events'] > 0), 'over its size the store removes what is oldest',
               server.store().call('stats'))
        stats = server.store().call('stats')
        tap.ok(stats['events'] + stats['removed']['events'] == 60 and seqs(server, agent, 0) == [1], 'and counts it; the important one stays', stats)
        tap.ok(agent.send(2, [event(1, message='again')], 1)[2] == 59 and server.store().call('stats')['events'] == stats['events'],
               'what was removed is not taken a second time')
        tap.ok('retention removed' in server.log_path.read_text(), 'and the log says what went')
        agent.channel.close()


def main():
    with Server() as server:
        server.start()
        bad_batches(server)
        once(server)
        losses(server)
        searching(server)
        following(server)
        killed(server)
    full_disk()
    retention()
    return tap.done()


sys.exit(main())
