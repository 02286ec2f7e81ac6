#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=120
#
# What goes up and down between endpoints and people: requests, decisions, drafts, signed policies, commands, health. Each within a second, each again after
# whatever broke, none of it twice, and nothing of another organisation.
import base64
import hmac
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import wire  # noqa: E402
from support.server import Agent, Server, Tap, until  # noqa: E402

tap = Tap()
HASH = 'ab' * 32


def wait_for(agent, kind, seconds=3):
    """The next frame of this kind; None when it does not come."""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            got, _, body = agent.channel.receive(max(0.05, end - time.monotonic()))
            if got == kind:
                return body
    except (TimeoutError, OSError, wire.Closed):
        pass
    return None


def nothing(agent, kind, seconds=0.5):
    return wait_for(agent, kind, seconds) is None


def draft(server, serial, programs, labels='', mode='enforce'):
    path = server.top / f'policy-{serial}.yaml'
    path.write_text(f'part: lockdown\nserial: {serial}\ntitle: test {serial}\nnot_before: 2026-01-01\nexpires: 2036-01-01\n{labels}'
                    f'lockdown:\n  mode: {mode}\n  scope: [/mnt/pc]\n  programs:\n'
                    + ''.join(f'    - sha256: "{h}"\n      name: /opt/{h[:4]}\n' for h in programs))
    return path


def sign(server, path, key=None):
    out = path.with_suffix('.skp')
    server.sekisho('policy', 'sign', '--key', key or server.top / 'site.key', path, '--out', out)
    return out


def requests(server, agent):
    agent.channel.send(wire.REQUEST, {'id': 'r1', 'kind': 'allow', 'body': {'sha256': HASH, 'name': '/opt/new', 'size': 77}})
    tap.ok(wait_for(agent, wire.REQUEST_TAKEN) == {'id': 'r1'}, 'a request is taken')
    agent.channel.send(wire.REQUEST, {'id': 'r1', 'kind': 'allow', 'body': {'sha256': HASH, 'name': '/opt/new', 'size': 77}})
    tap.ok(wait_for(agent, wire.REQUEST_TAKEN) == {'id': 'r1'}, 'the same one again is taken again')
    pending = server.fleet().call('request.list', state='pending')['requests']
    tap.ok(len(pending) == 1 and pending[0]['body']['sha256'] == HASH and pending[0]['host'] == agent.host, 'and stands once', pending)
    other = server.fleet().call('request.list', scopes=[{'org': 'other'}])['requests']
    tap.ok(other == [], 'another organisation does not see it')
    try:
        server.fleet().call('request.decide', id=pending[0]['id'], decision='approve', scopes=[{'org': 'other'}])
        tap.ok(False, 'nor may it decide')
    except wire.Refused as error:
        tap.ok(error.code == 'none', 'nor may it decide')
    server.kill('fleet')
    until(5, server.serves)
    began = time.monotonic()
    decided = server.fleet().call('request.decide', id=pending[0]['id'], decision='approve', note='known tool', by='sato')
    answer = wait_for(agent, wire.ANSWER)
    expected = {'id': 'r1', 'decision': 'approved', 'note': 'known tool', 'by': 'sato'}
    tap.ok(answer == expected and time.monotonic() - began < 1.5,
           'after the fleet was killed and came back: approved, and the endpoint has the answer', f'{answer} {time.monotonic() - began:.3f} s')
    tap.ok(decided['state'] == 'approved' and decided['draft'], 'the approval left a draft', decided)
    agent.channel.close()
    agent.connect().hello()
    tap.ok(wait_for(agent, wire.ANSWER) == expected, 'not confirmed: the answer comes again with the next connection')
    agent.channel.send(wire.ANSWER_TAKEN, {'id': 'r1'})
    tap.ok(until(2, lambda: server.fleet().call('request.show', id=pending[0]['id'])['answered']), 'confirmed')
    agent.channel.close()
    agent.connect().hello()
    tap.ok(nothing(agent, wire.ANSWER), 'and not sent any more')
    try:
        server.fleet().call('request.decide', id=pending[0]['id'], decision='reject')
        tap.ok(False, 'a second, other decision is refused')
    except wire.Refused as error:
        tap.ok(error.code == 'conflict', 'a second, other decision is refused')


def policies(server, agent, stranger):
    published = None
    old = draft(server, 1, ['11' * 32])
    server.sekisho('fleet', 'drafts', '--onto', old, '--out', server.top / 'policy-2.yaml')
    text = (server.top / 'policy-2.yaml').read_text()
    tap.ok(HASH in text and 'serial: 2' in text, 'the approved program is on the draft, with the next serial', text)
    for name, path in (('unsigned YAML', old), ('a file of no kind', server.log_path)):
        server.sekisho('fleet', 'publish', path, check=False)
        tap.ok(server.code == 1, f'{name}: not published', server.said)
    server.sekisho('policy', 'keygen', '--plain', server.top / 'other.key')
    server.sekisho('fleet', 'publish', sign(server, draft(server, 7, [HASH]), server.top / 'other.key'), check=False)
    tap.ok(server.code == 1 and ('key' in server.said), 'a policy signed by another key: not published', server.said)
    labels = 'labels:\n  org: [acme]\n  site: [kyoto]\n'
    first = sign(server, draft(server, 3, ['11' * 32], labels))
    began = time.monotonic()
    said = json.loads(server.sekisho('fleet', 'publish', first, '--json'))
    envelope = wait_for(agent, wire.POLICY)
    tap.ok(envelope == first.read_bytes().strip() and time.monotonic() - began < 1, 'a signed policy is with the endpoint within a second',
           f'{time.monotonic() - began:.3f} s')
    tap.ok(said['agents'] == 1 and nothing(stranger, wire.POLICY, 0.3), 'and with nobody it is not for', said)
    agent.channel.send(wire.POLICY_STATE, {'serial': 3, 'hash': said['hash'], 'state': 'enforced', 'reason': ''})
    tap.ok(until(2, lambda: server.fleet().call('policy.list')['policies'][0]['enforced'] == 1), 'the list says that it is in force there')
    server.sekisho('fleet', 'publish', first)
    server.sekisho('fleet', 'publish', sign(server, draft(server, 2, [HASH], labels)), check=False)
    tap.ok(server.code == 1 and 'serial' in server.said, 'a lower serial for the same labels: not published', server.said)
    agent.channel.close()
    agent.connect().hello()
    tap.ok(nothing(agent, wire.POLICY), 'a policy that is in force is not sent again')
    second = sign(server, draft(server, 4, ['11' * 32, HASH], labels))
    said = json.loads(server.sekisho('fleet', 'publish', second, '--json'))
    published = wait_for(agent, wire.POLICY)
    drafts = server.fleet().call('draft.list')['drafts']
    tap.ok(published == second.read_bytes().strip() and drafts[0]['state'] == 'published' and drafts[0]['serial'] == 4 and said['drafts'],
           'a policy that holds what was approved: the draft is done', drafts)
    server.sekisho('fleet', 'publish', sign(server, draft(server, 9, [HASH], 'labels:\n  asset: [etch-*]\n')))
    tap.ok(nothing(agent, wire.POLICY, 0.3), 'a policy for assets named otherwise passes it by')
    server.sekisho('fleet', 'label', agent.id, 'asset=etch-7')
    tap.ok(wait_for(agent, wire.POLICY) is not None, 'and comes when its label says that it is one of them')


def commands(server, agent):
    sent = server.fleet().call('command.send', agent=agent.id, kind='status')
    command = wait_for(agent, wire.COMMAND)
    tap.ok(command == {'id': sent['id'], 'kind': 'status', 'body': {}}, 'a command is there at once', command)
    agent.channel.close()
    agent.connect().hello()
    tap.ok(wait_for(agent, wire.COMMAND) == command, 'without a result it comes again')
    agent.channel.send(wire.RESULT, {'id': sent['id'], 'ok': True, 'body': {'mode': 'enforce'}})
    tap.ok(until(2, lambda: server.fleet().call('command.show', id=sent['id'])['state'] == 'done'), 'its result is kept')
    agent.channel.close()
    agent.connect().hello()
    tap.ok(nothing(agent, wire.COMMAND), 'and then no more')
    try:
        server.fleet().call('command.send', agent=agent.id, kind='rm -rf')
        tap.ok(False, 'a command that is none is refused')
    except wire.Refused as error:
        tap.ok(error.code == 'bad', 'a command that is none is refused')


def check_digit(digits):
    rows = ['0317598642', '7092154863', '4206871359', '1750983426', '6123045978', '3674209581', '5869720134', '8945362017', '9438617205', '2581436790']
    state = 0
    for digit in digits:
        state = int(rows[state][int(digit)])
    return str(state)


def telephone_answer(secret, challenge):
    """RFC 6287 worked out once more: what the endpoint will compare with."""
    question = bytes.fromhex(f'{int(challenge[:11]):x}'.ljust(256, '0'))
    words = f'sekisho lockdown {({"1": "updaters", "2": "observe"})[challenge[0]]} {int(challenge[1:3]) * 30} minutes'
    mac = hmac.new(secret, b'OCRA-1:HOTP-SHA256-8:QN11-S064\0' + question + words.encode().rjust(64, b'\0'), 'sha256').digest()
    at = mac[-1] & 15
    value = f'{(int.from_bytes(mac[at:at + 4], "big") & 0x7fffffff) % 10 ** 8:08}'
    return value + check_digit(value)


def codes(server, agent, stranger):
    challenge = '10812345678'
    challenge += check_digit(challenge)
    said = json.loads(server.sekisho('fleet', 'code', agent.host, challenge[:4], challenge[4:8], challenge[8:], '--asked-by', 'M. Sato', '--why', 'CHG-7', '--json'))
    right = telephone_answer(base64.b64decode(agent.enrolled['secret']), challenge)
    tap.ok(said['answer'].replace(' ', '') == right and said['minutes'] == 240 and said['scope'] == 'updaters', 'the answer to a challenge, by its own secret', said)
    tap.ok(said['answer'] == f'{right[:3]} {right[3:6]} {right[6:]}', 'in groups of three')
    kept = json.loads(server.sekisho('fleet', 'codes', '--json'))['codes']
    tap.ok(len(kept) == 1 and (kept[0]['asked_by'], kept[0]['why'], kept[0]['challenge']) == ('M. Sato', 'CHG-7', challenge) and kept[0]['by'],
           'who asked, who answered and why is kept', kept)
    tap.ok('answer' not in kept[0], 'the answer itself is not')
    other = server.fleet().call('code.answer', agent=stranger.id, challenge=challenge, asked_by='x', why='y')['answer']
    tap.ok(other.replace(' ', '') != right, 'another endpoint has another answer')
    wrong = challenge[:-1] + str((int(challenge[-1]) + 1) % 10)
    for call, code in (({'challenge': wrong}, 'bad'), ({'scopes': [{'org': 'other'}]}, 'none'), ({'why': ''}, 'bad'), ({'agent': 'nobody'}, 'none')):
        try:
            server.fleet().call('code.answer', **{'agent': agent.id, 'challenge': challenge, 'asked_by': 'x', 'why': 'y', **call})
            tap.ok(False, f'refused: {call}')
        except wire.Refused as error:
            tap.ok(error.code == code, f'refused: {call}', error.code)
    tap.ok(len(server.fleet().call('code.list')['codes']) == 2, 'what was refused leaves no row')
    tap.ok(server.fleet().call('code.list', scopes=[{'org': 'other'}])['codes'] == [], 'another organisation sees none of it')


def health(server, agent):
    watch = server.fleet()
    watch.send(wire.CALL, {'verb': 'watch'})
    agent.channel.send(wire.HEALTH, {'spool': {'depth': [1, 2, 3]}, 'clock': 'ok'})
    told = watch.receive(3)
    tap.ok(told[0] == wire.PROGRESS and told[2] == {'changed': 'agents'}, 'who watches is told of news', told)
    shown = server.fleet().call('agent.show', agent=agent.id)
    tap.ok(shown['health']['spool']['depth'] == [1, 2, 3] and shown['connected'], 'health as the endpoint sent it', shown)
    time.sleep(5.5)
    server.kill('fleet')
    until(5, server.serves)
    tap.ok(until(5, lambda: server.fleet().call('agent.show', agent=agent.id)['connected']), 'the fleet killed: it knows again who is connected')
    shown = server.fleet().call('agent.show', agent=agent.id)
    tap.ok(shown['health']['spool']['depth'] == [1, 2, 3], 'and the health of some seconds ago', shown)
    agent.channel.close()
    tap.ok(until(2, lambda: not server.fleet().call('agent.show', agent=agent.id)['connected']), 'and who went')


def calls(server):
    for call in ({'verb': 'nonsense'}, {'verb': 'token.create', 'org': 'a'}, {'verb': 'token.create', 'org': 'a', 'site': 'b', 'seconds': 0},
                 {'verb': 'token.create', 'org': 'a' * 200, 'site': 'b'}, {'verb': 'agent.list', 'surprise': 1}, {'verb': 'agent.list', 'limit': 0},
                 {'verb': 'token.create', 'org': 'a', 'site': 'b', 'labels': {'x': 1}}, {'verb': 'agent.list', 'scopes': 'all'}):
        try:
            server.fleet().ask(wire.CALL, call)
            tap.ok(False, f'refused: {call}')
        except wire.Refused as error:
            tap.ok(error.code == 'bad' and str(error), f'a wrong call is refused with its place: {error}')


def main():
    with Server() as server:
        server.start()
        agent = Agent(server, 'etch-7')
        stranger = Agent(server, 'tokyo-1', token=server.token(site='tokyo')['token'])
        stranger.connect().hello()
        agent.connect().hello()
        requests(server, agent)
        policies(server, agent, stranger)
        commands(server, agent)
        codes(server, agent, stranger)
        health(server, agent)
        calls(server)
        tap.ok(server.duty('intake'), 'intake lived through all of it')
    return tap.done()


sys.exit(main())
