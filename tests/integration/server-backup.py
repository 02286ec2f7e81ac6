#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=150
#
# A running server is backed up while events pour in, lost, and restored elsewhere. Endpoints send again what they hold; what nobody has stands on the record.
# A backup that was touched, is not whole, or whose pass phrase is wrong changes nothing.
import json
import shutil
import sqlite3
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import wire  # noqa: E402
from support.server import Agent, Server, Tap, event, until  # noqa: E402

tap = Tap()


def pour(agent, stop, counter):
    while not stop.is_set():
        first = agent.next[1]
        agent.send(1, [event(s) for s in range(first, first + 50)])
        counter[0] = first + 49


def sums(server):
    return server.store().call('stats')


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(Path(folder).rglob('*')) if p.is_file()}


def made(server, agent, medium):
    """Backups, plain and sealed, of a server under load."""
    stop, counter = threading.Event(), [0]
    thread = threading.Thread(target=pour, args=(agent, stop, counter))
    thread.start()
    until(5, lambda: counter[0] > 2000)
    before = counter[0]
    said = json.loads(server.sekisho('server', 'backup', medium / 'plain', '--json'))
    after = counter[0]
    (medium / 'pass').write_text('correct horse\n')
    server.sekisho('server', 'backup', medium / 'sealed', '--encrypt', '--pass-file', medium / 'pass')
    going = counter[0]
    until(5, lambda: counter[0] > going)
    stop.set()
    thread.join()
    tap.ok(said['files'] >= 10, 'a backup of a server that takes events', said)
    tap.ok(counter[0] > after > 0, 'which goes on taking them')
    manifest = json.loads((medium / 'plain/manifest.json').read_text())
    tap.ok({f['name'] for f in manifest['files']} >= {'events.db', 'fleet.db', 'ca.key', 'intake.key', 'site.pub'} and
           not any((medium / 'plain').glob('*-wal')), 'with a manifest that names everything', manifest)
    kept = sqlite3.connect(f'file:{medium}/plain/events.db?mode=ro&immutable=1', uri=True).execute('SELECT events FROM total').fetchone()[0]
    tap.ok(before <= kept <= counter[0], 'and the events of one moment', f'{before} <= {kept} <= {counter[0]}')
    tap.ok(not list((server.root / 'var/lib/sekisho').glob('.backup-*')), 'nothing is left beside the databases')
    secret = (server.root / 'var/lib/sekisho/fleet/ca.key').read_bytes().splitlines()[1]
    tap.ok(all(secret not in data and b'SQLite format' not in data for data in tree(medium / 'sealed').values()), 'the sealed one shows nothing of what it holds')
    server.sekisho('server', 'backup', medium / 'plain', check=False)
    tap.ok(server.code == 3, 'an older backup is not written over', server.said)
    return kept, counter[0]


def refusals(server, medium):
    """None of these changes a byte of the server's folder."""
    server.sekisho('server', 'restore', medium / 'plain', '--replace', check=False)
    tap.ok(server.code == 1 and 'stop' in server.said, 'a server that runs is not restored over', server.said)
    server.stop()
    before = tree(server.root / 'var/lib')

    def try_it(name, words=(), change=None, source='plain', code=1):
        copy = medium / 'copy'
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(medium / source, copy)
        if change:
            change(copy)
        server.sekisho('server', 'restore', copy, '--replace', *words, check=False)
        tap.ok(server.code == code and tree(server.root / 'var/lib') == before, f'{name}: refused, and nothing is changed', f'{server.code} {server.said}')

    def flip(name, at):
        def change(folder):
            data = bytearray((folder / name).read_bytes())
            data[at % len(data)] ^= 1
            (folder / name).write_bytes(data)
        return change

    def cut(name):
        return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-1])

    def rename(folder):
        text = (folder / 'manifest.json').read_text().replace('"path":"var/lib/sekisho/fleet/site.pub"', '"path":"../../etc/passwd"')
        (folder / 'manifest.json').write_text(text)

    server.sekisho('server', 'restore', medium / 'plain', check=False)
    tap.ok(server.code == 1 and tree(server.root / 'var/lib') == before, 'data that is there is not written over without a word', server.said)
    try_it('a changed byte in a database', change=flip('events.db', 5000))
    try_it('a changed byte in a key', change=flip('ca.key', 60))
    try_it('a database cut short', change=cut('fleet.db'))
    try_it('a missing file', change=lambda f: (f / 'site.pub').unlink())
    try_it('no manifest', change=lambda f: (f / 'manifest.json').unlink())
    try_it('half a manifest', change=cut('manifest.json'))
    try_it('a path that leads elsewhere', change=rename)
    (medium / 'wrong').write_text('incorrect horse\n')
    sealed = ('--pass-file', medium / 'pass')
    try_it('a wrong pass phrase', ('--pass-file', medium / 'wrong'), source='sealed')
    try_it('a sealed manifest that was changed', sealed, flip('manifest.json', 30), 'sealed')

    def seal_swapped(folder):  # two sealed files change places, and the manifest with them: their own keys tell
        data = json.loads((folder / 'manifest.json').read_text())
        data.pop('mac')
        (folder / 'manifest.json').write_text(json.dumps(data, sort_keys=True, separators=(',', ':')))

    try_it('a sealed manifest without its seal', sealed, seal_swapped, 'sealed')
    return before


def restored(server, agent, medium, kept, sent):
    shutil.rmtree(server.root / 'var/lib/sekisho/store')
    server.sekisho('server', 'restore', medium / 'sealed', '--replace', '--pass-file', medium / 'pass')
    aside = [p.name for p in (server.root / 'var/lib/sekisho').iterdir() if 'before-restore' in p.name]
    tap.ok(any(name.startswith('fleet.before-restore') for name in aside), 'what was there is moved aside', aside)
    server.start()
    stats = sums(server)
    tap.ok(kept <= stats['events'] <= sent, 'the restored server has the events of the backup', stats)
    open_tokens = [t for t in server.fleet().call('token.list')['tokens'] if t['state'] == 'open']
    tap.ok(open_tokens == [], 'tokens that were open then are not open now', open_tokens)
    agent.connect()
    held = stats['events'] + 101  # the spool let go of a hundred more than the backup has
    answer = agent.hello(first=[1, held, 1], nexts=[1, sent + 1, 1])
    ack = next(a['seq'] for a in answer['acks'] if a['priority'] == 1)
    tap.ok(ack == held - 1, 'the endpoint comes back with its old certificate, and is asked for what it still holds', answer)
    for first in range(held, sent + 1, 500):
        agent.send(1, [event(s) for s in range(first, min(first + 500, sent + 1))], first)
    stats = sums(server)
    tap.ok(stats['events'] == sent - 100 and stats['lost'] == 100 and stats['gaps'] == 0, 'everything it still had is there, and what nobody has is on record', stats)
    agent.channel.close()


def elsewhere(medium, agent):
    """The same server on another machine: a root that has nothing."""
    with Server() as other:
        shutil.rmtree(other.root / 'var')
        other.sekisho('server', 'restore', medium / 'plain')
        other.start()
        agent.server = other
        agent.connect()
        tap.ok(agent.hello()['acks'], 'on a machine that has nothing the backup becomes a server, and its endpoints know it')
        agent.channel.close()


def main():
    with Server() as server:
        medium = server.top / 'medium'
        medium.mkdir()
        server.start()
        agent = Agent(server, 'etch-1')
        server.token(note='never used')
        agent.connect().hello()
        kept, sent = made(server, agent, medium)
        agent.channel.close()
        refusals(server, medium)
        restored(server, agent, medium, kept, sent)
        elsewhere(medium, agent)
    return tap.done()


sys.exit(main())
