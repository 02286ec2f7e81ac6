#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=120
#
# One review serves a hundred equal tools: what a scan of the first finds is reviewed once, by hash; the second tool with the same programs finds them reviewed, and
# its policy takes what was accepted. Who brought it, who decided, and each decision are on record; an organisation does not see another's.
import json
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import wire  # noqa: E402
from support.server import Agent, Server, Tap  # noqa: E402

tap = Tap()


def tool(server, name, more=()):
    """A tool's disk with a package that dpkg's lists name, and a scan of it."""
    disk = server.top / name
    info = disk / 'var/lib/dpkg/info'
    info.mkdir(parents=True)
    (disk / 'opt/editor').mkdir(parents=True)
    (info / 'editor.list').write_text('/opt/editor/main\n/opt/editor/helper\n')
    (disk / 'var/lib/dpkg/status').write_text('Package: editor\nStatus: install ok installed\nMaintainer: Tool Maker <x@maker.example>\nVersion: 3.1\n\n')
    for which in ('opt/editor/main', 'opt/editor/helper', 'own', *more):
        path = disk / which
        path.write_bytes(Path('/bin/true').read_bytes() + which.encode())
        path.chmod(0o755)
    draft = server.top / f'{name}.yaml'
    server.sekisho('lockdown', 'scan', disk, '--out', draft)
    return disk, draft


def programs(server, *words, **more):
    said = server.sekisho('fleet', 'programs', *words, '--json', **more)
    return json.loads(said)


def denied(server, verb, **body):
    try:
        return server.fleet().call(verb, **body)
    except wire.Refused as refused:
        return str(refused)


def main():
    with Server() as server:
        server.start()
        one, two = Agent(server, 'etch-1'), Agent(server, 'etch-2')
        other = Agent(server, 'other-1', server.token(org='other', site='x')['token'])
        disk, first = tool(server, 'first')
        _, second = tool(server, 'second', more=('stray',))
        count = programs(server, 'import', first, '--endpoint', 'etch-1')
        tap.ok(count == {'new': 3, 'open': 0, 'accepted': 0, 'refused': 0}, 'a scan of the first tool: all of it is new', count)
        rows = programs(server, 'list', '--org', 'acme')
        tap.ok(len(rows) == 3 and all(r['decision'] == 'open' and r['first_host'] == 'etch-1' and r['endpoints'] == 1 for r in rows), 'it is listed, with the endpoint that had it first', rows)
        packed = [r for r in rows if r['package']]
        tap.ok(len(packed) == 2 and all((r['publisher'], r['package'], r['version']) == ('Tool Maker', 'editor', '3.1') and r['provenance'].startswith('scan 20') for r in packed),
               'publisher, package, version and provenance stand with each', rows)
        tap.ok(programs(server, 'import', first, '--endpoint', one.id)['open'] == 3 and len(programs(server, 'list', '--org', 'acme')) == 3, 'the same again adds nothing')
        # a draft takes nothing that nobody reviewed
        out = server.top / 'none.yaml'
        server.sekisho('fleet', 'programs', 'draft', first, '--out', out, check=False)
        tap.ok(server.code == 1 and out.read_text().count('sha256') == 0 and '3 are left out' in server.said, 'before a review a draft takes none', server.said)
        own = next(r['sha256'] for r in rows if r['name'].endswith('/own'))
        server.sekisho('fleet', 'programs', 'review', *[r['sha256'] for r in packed], '--org', 'acme', '--decision', 'accepted', '--by', 'K. Tanaka', '--note', 'CHG-7, by the vendor')
        server.sekisho('fleet', 'programs', 'review', own, '--org', 'acme', '--decision', 'refused', '--by', 'K. Tanaka', '--note', 'whose is it')
        count = programs(server, 'import', second, '--endpoint', 'etch-2')
        tap.ok(count == {'new': 1, 'open': 0, 'accepted': 2, 'refused': 1}, 'the second tool: one review served both', count)
        rows = {r['sha256']: r for r in programs(server, 'list', '--org', 'acme')}
        tap.ok(all(rows[p['sha256']]['endpoints'] == 2 and rows[p['sha256']]['first_host'] == 'etch-1' and rows[p['sha256']]['by'] == 'K. Tanaka' and
                   rows[p['sha256']]['note'] == 'CHG-7, by the vendor' and rows[p['sha256']]['reviewed'] for p in packed), 'who decided, when and why; how many have it', rows)
        out = server.top / 'policy.yaml'
        server.sekisho('fleet', 'programs', 'draft', second, '--out', out, check=False)
        text = out.read_text()
        tap.ok(server.code == 1 and all(p['sha256'] in text for p in packed) and own not in text and text.count('sha256') == 2 and '2 are left out' in server.said and
               text.count('fleet review 20') == 2 and 'K. Tanaka' in text, 'its policy takes what was accepted and names the review, and says what is left out', text)
        (server.top / 'fleet.json').write_text(server.sekisho('fleet', 'programs', 'list', '--org', 'acme', '--decision', 'accepted', '--json'))
        marked = server.top / 'marked.yaml'
        server.sekisho('lockdown', 'scan', disk, '--fleet', server.top / 'fleet.json', '--out', marked)
        text = marked.read_text()
        tap.ok(text.count('provenance: "fleet review 20') == 2 and text.count('provenance: "reviewed scan') == 1, 'a scan at a tool marks what the fleet has accepted', text)
        server.sekisho('policy', 'sign', '--key', server.top / 'site.key', '--serial', '9', '--out', server.top / 'x.skp', out, check=False)
        tap.ok(server.code == 0, 'the draft can be signed', server.said)
        # decisions change, and stay on record
        server.sekisho('fleet', 'programs', 'review', first, '--org', 'acme', '--decision', 'accepted', '--by', 'M. Sato', '--note', 'all of it')
        history = programs(server, 'show', own, '--org', 'acme')['reviews']
        tap.ok([(h['decision'], h['by']) for h in history] == [('refused', 'K. Tanaka'), ('accepted', 'M. Sato')], 'a whole draft is reviewed at once; what was decided before stays on record', history)
        tap.ok(len(programs(server, 'list', '--text', 'tool maker')) == 2 and len(programs(server, 'list', '--text', own)) == 1, 'the list is searched by publisher, name and hash')
        # another organisation
        count = programs(server, 'import', first, '--endpoint', other.id)
        tap.ok(count['new'] == 3, 'another organisation has a list of its own', count)
        scopes = [{'org': 'other'}]
        seen = server.fleet().call('program.list', scopes=scopes)['programs']
        tap.ok(len(seen) == 3 and {r['org'] for r in seen} == {'other'}, 'and sees no other', seen)
        wrong = denied(server, 'program.review', scopes=scopes, org='acme', hashes=[own], decision='refused', note='')
        tap.ok('none' in str(wrong) or 'no such' in str(wrong), 'nor decides there', wrong)
        wrong = denied(server, 'program.import', scopes=scopes, agent=one.id, programs=[])
        tap.ok('none' in str(wrong) or 'no such' in str(wrong), 'nor brings anything there', wrong)
        site_only = server.fleet().call('program.list', scopes=[{'org': 'acme', 'site': 'kyoto'}])['programs']
        tap.ok(not site_only, 'who is responsible for one site alone does not see the organisation\'s list', site_only)
        wrong = denied(server, 'program.review', org='acme', hashes=['00' * 32, own], decision='refused', note='')
        tap.ok(programs(server, 'show', own, '--org', 'acme')['reviews'] == history, 'a review with an unknown hash decides nothing at all', wrong)
        server.stop()
        server.start()
        tap.ok(len(programs(server, 'list', '--org', 'acme', '--decision', 'accepted')) == 3, 'a restart keeps it')
        shutil.rmtree(disk)
        del two
    return tap.done()


sys.exit(main())
