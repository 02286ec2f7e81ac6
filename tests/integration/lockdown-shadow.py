#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=180
#
# lockdown-shadow.py - the two modes before enforce, with agent, server and command. Learn yields a list by package, folder and first use; reviewed and signed it
# enforces. Shadow refuses nothing and tells what enforce would refuse: the same fields as a refusal, on the server and in explain.
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.lockdown_site import BUILD, Site, program, sh, within  # noqa: E402

count = failed = 0


def point(good, name, why=''):
    global count, failed
    count += 1
    failed += not good
    print(f'{"ok" if good else "not ok"} {count} - {name}' + ('' if good else '\n# ' + str(why).replace('\n', '\n# ')), flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def serve(site):
    """A server below the same root, and the endpoint enrolled."""
    port = free_port()
    (site.root / 'etc/sekisho/server.yaml').write_text('users:\n  intake: "61110"\n  store: "61111"\n  fleet: "61112"\n  web: "61113"\n'
                                                       f'intake:\n  listen: 127.0.0.1:{port}\nweb:\n  listen: 127.0.0.1:{free_port()}\n')
    sh(BUILD / 'sekisho', 'server', 'init', '--root', site.root, '--site-key', site.folder / 'site.pub', '--name', '127.0.0.1', check=True)
    log = open(site.folder / 'server.log', 'ab')
    server = subprocess.Popen([BUILD / 'sekisho-server', 'run', '--root', site.root], stdout=log, stderr=log)
    token = within(10, lambda: (said := site.sekisho('fleet', 'token', '--org', 'o', '--site', 's', '--json')).returncode == 0 and json.loads(said.stdout))
    said = sh(BUILD / 'sekisho-agent', 'enrol', '--root', site.root, '--server', f'127.0.0.1:{port}', '--token', f'{token["token"]}.{token["pin"]}')
    return server, said


def shape(value, path=''):
    """Names of all members, however deep."""
    if isinstance(value, dict):
        return {p for key, inner in value.items() for p in {f'{path}.{key}'} | shape(inner, f'{path}.{key}')}
    if isinstance(value, list):
        return {p for inner in value for p in shape(inner, path + '[]')}
    return set()


def events(site, code):
    """As the server has them: `sekisho events`, newest first."""
    said = sh(BUILD / 'sekisho', 'events', '--root', site.root, '--text', code, '--limit', '1000', '--json')
    found = [json.loads(line) for line in said.stdout.splitlines() if line.startswith('{')]
    found = [e.get('event', e) for e in found]
    return [e for e in found if e['metadata'].get('event_code') == code]


def of(site, code, name, wait=8):
    return within(wait, lambda: [e for e in events(site, code) if e['process']['file']['path'] == f'{site.disk}/{name}'])


def learn(site):
    """dpkg's lists of the tool's own disk say who made two of them."""
    info = site.disk / 'var/lib/dpkg/info'
    info.mkdir(parents=True)
    (info / 'recipe-editor.list').write_text('/.\n/opt/editor/main\n/opt/editor/helper\n')
    (site.disk / 'var/lib/dpkg/status').write_text('Package: recipe-editor\nStatus: install ok installed\nMaintainer: Tool Maker <help@maker.example>\nVersion: 3.1-2\n\n')
    (site.disk / 'opt/editor').mkdir(parents=True)
    (site.disk / 'srv').mkdir()
    for at, name in enumerate(('opt/editor/main', 'opt/editor/helper', 'srv/stray', 'late', 'never')):
        program(site.disk / name, 20 + at)
    draft = site.folder / 'learn.yaml'
    draft.write_text(f'part: lockdown\nlockdown:\n  mode: learn\n  failure: deny\n  scope: [{site.disk}]\n  programs: []\n')
    site.bring(site.sign(draft, 'learn.skp'))
    point(site.in_force(site.serial, 'learn'), 'a policy that learns, with an empty list')
    point([site.run(n) for n in ('opt/editor/main', 'opt/editor/helper', 'srv/stray')] == [20, 21, 22], 'everything starts')
    within(3, lambda: (s := site.status()) and s['learned'] >= 3)
    out = site.folder / 'learned.yaml'
    said = site.sekisho('lockdown', 'learn', '--group', '--out', out)
    text = out.read_text() if said.returncode == 0 else ''
    heads = [line.strip() for line in text.splitlines() if line.strip().startswith('#')]
    place = [text.find(f'{site.disk}/{n}') for n in ('opt/editor/helper', 'opt/editor/main', 'srv/stray')]
    point(0 < place[0] < place[1] < place[2], 'the draft has them in groups: the package first, what no package has last', said.stderr + text)
    point(any('recipe-editor 3.1-2' in h and '2' in h for h in heads) and any(f'{site.disk}/srv' in h for h in heads), 'each group has a headline: package, version, folder, how many', heads)
    point(text.count('package: "recipe-editor"') == 2 and text.count('publisher: "Tool Maker"') == 2, 'publisher and package stand with each', text)
    point(len(re.findall('provenance: "learn .*, first used 20', text)) == 3, 'and the day of its first use', text)
    # a person takes one out, and signs
    head, *entries = re.split(r'(?m)^(?=    - sha256)', text)
    *entries, last = entries
    last, tail = last[:last.index('  deadline_ms')], last[last.index('  deadline_ms'):]
    reviewed = head + ''.join(e for e in [*entries, last] if '/srv/stray' not in e) + tail
    reviewed = reviewed.replace('mode: learn', 'mode: enforce')
    (site.folder / 'reviewed.yaml').write_text(reviewed)
    said = site.bring(site.sign(site.folder / 'reviewed.yaml', 'reviewed.skp'))
    point(said.returncode == 0 and '/srv/stray' not in reviewed and site.in_force(site.serial, 'enforce'), 'reviewed and signed it is in force', said.stderr + reviewed)
    point([site.run(n) for n in ('opt/editor/main', 'opt/editor/helper', 'srv/stray', 'late')] == [20, 21, 'refused', 'refused'],
          'what was reviewed starts; what was taken out, or never seen, does not')
    point(of(site, 'program_refused', 'late'), 'a refusal is told')


def shadow(site):
    draft = (site.folder / 'reviewed.yaml').read_text().replace('mode: enforce', 'mode: shadow')
    (site.folder / 'shadow.yaml').write_text(re.sub(r'serial: \d+', 'serial: 0', draft))
    before = site.status()['count']
    site.bring(site.sign(site.folder / 'shadow.yaml', 'shadow.skp'))
    point(site.in_force(site.serial, 'shadow'), 'a policy in shadow')
    refused_so_far = len(events(site, 'program_refused'))
    point([site.run(n) for n in ('opt/editor/main', 'srv/stray', 'late', 'never')] == [20, 22, 23, 24], 'nothing is refused')
    would = within(8, lambda: [e for e in of(site, 'program_would_be_refused', 'late') if e['fab']['mode'] == 'shadow'])
    refused = of(site, 'program_refused', 'late')
    point(would and refused, 'what enforce would have refused is told')
    if would and refused:
        # who started it may have gone on or ended when the namer looks: its file is told where it can be
        missing = {name for name in shape(refused[0]) - shape(would[0]) if not name.startswith('.actor.process.file')}
        point(not missing, 'with the same fields as a refusal', missing)
        point(would[0]['fab']['mode'] == 'shadow' and would[0]['disposition_id'] == 15 and would[0]['action_id'] == 1 and
              would[0]['fab']['reason'] == refused[0]['fab']['reason'] and would[0]['fab']['remedy'] == refused[0]['fab']['remedy'],
              'the reason and what would allow it too; detected, not blocked', json.dumps(would[0]))
    point(not [e for e in of(site, 'program_would_be_refused', 'opt/editor/main', 0) if e['fab']['mode'] == 'shadow'], 'what is known is not among them')
    point(len(events(site, 'program_refused')) == refused_so_far, 'and none is told as refused')
    after = site.status()['count']
    point(after['would_deny'] - before['would_deny'] >= 3 and after['denied'] == before['denied'], 'status counts them apart', f'{before} {after}')
    said = site.sekisho('lockdown', 'explain', site.disk / 'late')
    point('enforce would refuse it' in said.stdout, 'explain says that enforce would refuse it', said.stdout)
    point(events(site, 'policy_shadow'), 'that a policy runs in shadow is an event')
    said = sh(BUILD / 'sekisho', 'events', '--root', site.root)
    point(all(re.search(f'.*started.*{site.disk}/{n}|.*{site.disk}/{n}.*started', said.stdout) for n in ('late', 'never', 'srv/stray')), 'the command lists them for people', said.stdout)
    # and enforced once more, it does what shadow said
    (site.folder / 'again.yaml').write_text(re.sub(r'serial: \d+', 'serial: 0', draft.replace('mode: shadow', 'mode: enforce')))
    site.bring(site.sign(site.folder / 'again.yaml', 'again.skp'))
    point(site.in_force(site.serial, 'enforce') and [site.run(n) for n in ('opt/editor/main', 'srv/stray', 'late', 'never')] == [20, 'refused', 'refused', 'refused'],
          'enforced, those and no others are refused')


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix='sekisho-shadow-'))
    site = Site(folder)
    server = None
    try:
        server, said = serve(site)
        point(said.returncode == 0, 'an endpoint is enrolled', said.stderr)
        point(site.start() or within(15, site.status), 'the agent starts')
        learn(site)
        shadow(site)
    finally:
        site.done()
        if server:
            server.terminate()
            server.wait(10)
        if failed:
            print('# ' + (folder / 'agent.log').read_text()[-3000:].replace('\n', '\n# '))
        shutil.rmtree(folder, ignore_errors=True)
    print(f'1..{count}', flush=True)
    sys.exit(failed > 0)


main()
