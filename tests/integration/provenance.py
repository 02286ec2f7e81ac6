#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=180
#
# provenance.py - where programs come from: kinds, packages and versions in a scan; proved by a signed archive of our own (and by none that was changed anywhere on its
# chain), by a vendor's manifest (and by no other key or name); drafts in groups that read back as the same policy.

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SEKISHO = os.path.abspath(os.path.join(os.environ.get('SEKISHO_BUILD', 'build'), 'sekisho'))
count = 0


def point(good, name, note=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}' + (f': {note}' if note and not good else ''), flush=True)


def call(*words, **more):
    return subprocess.run([SEKISHO, *map(str, words)], capture_output=True, text=True, check=False, **more)


def policy(path):
    """The programs of a draft by path, as its payload has them."""
    said = call('policy', 'check', '--json', path)
    return {p['name']: p for p in json.loads(said.stdout)['policy']['lockdown'].get('programs', [])} if said.returncode == 0 else {'error': said.stderr}


def scan(top, *options):
    out = top / f'draft-{count}-{len(os.listdir(top))}.yaml'
    said = call('lockdown', 'scan', top / 'root', '--out', out, *options)
    return said, policy(out) if out.exists() else {}


def make_root(top):
    """A small root: our package's program and library, a script, a module, what an interpreter loads, and something of nobody's."""
    root = top / 'root'
    for folder in ('usr/bin', 'usr/lib', 'lib/modules', 'var/lib/dpkg/info', 'opt'):
        (root / folder).mkdir(parents=True)
    shutil.copy('/bin/true', root / 'usr/bin/tool')
    library = next(Path('/lib/x86_64-linux-gnu').glob('libz.so.1*')) if list(Path('/lib/x86_64-linux-gnu').glob('libz.so.1*')) else next(Path('/lib').glob('**/libc.so.6'))
    shutil.copy(library, root / 'usr/lib/libtool.so.1')
    (root / 'usr/lib/libtool.so.1').chmod(0o644)
    (root / 'usr/bin/helper').write_text('#!/bin/sh\necho helper\n')
    (root / 'usr/bin/helper').chmod(0o755)
    (root / 'usr/lib/part.py').write_text('x = 1\n')
    (root / 'usr/lib/data.txt').write_text('nothing to run\n')
    (root / 'lib/modules/a.ko.xz').write_bytes(b'\xfd7zXZ\0 packed')
    shutil.copy('/bin/false', root / 'opt/own')
    (root / 'var/lib/dpkg/info/tool.list').write_text('/.\n/usr\n/usr/bin\n/usr/bin/tool\n/usr/lib/libtool.so.1\n/usr/bin/helper\n')
    (root / 'var/lib/dpkg/status').write_text('Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2-3\n\n')
    return root


def make_archive(top, root):
    """A repository with one package, signed by a key of its own."""
    tree, repo, home = top / 'tree', top / 'repo', top / 'gpg'
    for name in ('usr/bin/tool', 'usr/lib/libtool.so.1', 'usr/bin/helper'):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, tree / name)
    (tree / 'DEBIAN').mkdir()
    (tree / 'DEBIAN/control').write_text('Package: tool\nVersion: 1.2-3\nArchitecture: amd64\nMaintainer: Tool Makers <a@example.org>\nDescription: a tool\n')
    repo.mkdir()
    subprocess.run(['dpkg-deb', '--root-owner-group', '-b', tree, repo / 'tool_1.2-3_amd64.deb'], check=True, stdout=subprocess.DEVNULL)
    deb = (repo / 'tool_1.2-3_amd64.deb').read_bytes()
    (repo / 'Packages').write_text(f'Package: tool\nVersion: 1.2-3\nFilename: tool_1.2-3_amd64.deb\nSize: {len(deb)}\nSHA256: {hashlib.sha256(deb).hexdigest()}\n')
    home.mkdir(mode=0o700)
    gpg = ['gpg', '--homedir', home, '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '']
    subprocess.run([*gpg, '--quick-generate-key', 'Archive <archive@example.org>', 'ed25519', 'sign', 'never'], check=True, capture_output=True)
    subprocess.run([*gpg, '--output', top / 'keys.gpg', '--export'], check=True)
    sign_release(top, repo, gpg)
    return repo, gpg


def sign_release(top, repo, gpg):
    packages = (repo / 'Packages').read_bytes()
    (top / 'Release').write_text('Origin: Makers\nSuite: stable\nCodename: fab\nDate: Mon, 02 Nov 2026 10:00:00 UTC\nSHA256:\n'
                                 f' {hashlib.sha256(packages).hexdigest()} {len(packages)} main/binary-amd64/Packages\n')
    (repo / 'InRelease').unlink(missing_ok=True)
    subprocess.run([*gpg, '--clearsign', '--output', repo / 'InRelease', top / 'Release'], check=True, capture_output=True)


def kinds(top, root):
    said, found = scan(top)
    at = {name.removeprefix(str(root)): p for name, p in found.items()}
    point(sorted(at) == ['/lib/modules/a.ko.xz', '/opt/own', '/usr/bin/helper', '/usr/bin/tool', '/usr/lib/libtool.so.1'], 'a scan finds what runs or is mapped', f'{sorted(at)} {said.stderr}')
    point([at.get(n, {}).get('kind', 'program') for n in ('/usr/bin/tool', '/usr/lib/libtool.so.1', '/usr/bin/helper', '/lib/modules/a.ko.xz')] ==
          ['program', 'library', 'script', 'module'], 'with what each is', at)
    tool, own = at.get('/usr/bin/tool', {}), at.get('/opt/own', {})
    point((tool.get('package'), tool.get('version')) == ('tool', '1.2-3') and 'package' not in own, "with package and version of the scanned root's own database", (tool, own))
    _, found = scan(top, '--scripts')
    point(f'{root}/usr/lib/part.py' in found and f'{root}/usr/lib/data.txt' not in found, '--scripts adds what interpreters load', sorted(found))


def archives(top, root):
    repo, gpg = make_archive(top, root)
    options = ['--archive', repo, '--keyring', top / 'keys.gpg']
    _, found = scan(top, *options)
    tool, own = found.get(f'{root}/usr/bin/tool', {}), found.get(f'{root}/opt/own', {})
    point(tool.get('provenance', '').startswith('archive Makers fab, Mon, 02 Nov 2026') and tool.get('publisher') == 'Makers', 'what a signed archive holds is proved', tool)
    point(own.get('provenance', '').startswith('reviewed scan'), 'the rest is for a person to review', own)
    (root / 'usr/bin/helper').write_text('#!/bin/sh\necho changed\n')
    _, found = scan(top, *options)
    point(found.get(f'{root}/usr/bin/helper', {}).get('provenance', '').startswith('reviewed scan'), 'a file that was changed after unpacking is not proved, though dpkg lists it')
    for name, change in (('a package', 'tool_1.2-3_amd64.deb'), ('the list', 'Packages')):
        before = (repo / change).read_bytes()
        (repo / change).write_bytes(before + b'\n')
        said, found = scan(top, *options)
        point(said.returncode == 0 and not any(p.get('provenance', '').startswith('archive') for p in found.values()), f'{name} that was changed proves nothing', said.stderr)
        (repo / change).write_bytes(before)
    (root / 'opt/planted').write_bytes(b'#!/bin/sh\nplanted\n')
    (root / 'opt/planted').chmod(0o755)
    swaps(top, root, repo, options)
    before = (repo / 'InRelease').read_text()
    (repo / 'InRelease').write_text(before.replace('Origin: Makers', 'Origin: Others'))
    said, _ = scan(top, *options)
    point(said.returncode == 1 and 'signature' in said.stderr, 'a changed InRelease ends the scan', said.stderr)
    (repo / 'InRelease').write_text(before)
    said, _ = scan(top, '--archive', repo)
    point(said.returncode == 1, "so does a key that is not in the keyring", said.stderr)


def swaps(top, root, repo, options):
    """Who may write in the archive exchanges a package between the look and the unpacking: here at the very moment of unpacking."""
    deb, evil, bin_ = repo / 'tool_1.2-3_amd64.deb', top / 'evil', top / 'bin'
    shutil.copytree(top / 'tree', evil)
    shutil.copy(root / 'opt/planted', evil / 'usr/bin/planted')
    subprocess.run(['dpkg-deb', '--root-owner-group', '-b', evil, top / 'evil.deb'], check=True, stdout=subprocess.DEVNULL)
    bin_.mkdir()
    (bin_ / 'dpkg-deb').write_text(f'#!/bin/sh\ncat {top}/evil.deb >{deb}\nexec /usr/bin/dpkg-deb "$@"\n')
    (bin_ / 'dpkg-deb').chmod(0o755)
    before = deb.read_bytes()
    out = top / 'swapped.yaml'
    said = call('lockdown', 'scan', root, '--out', out, *options, env={**os.environ, 'PATH': f'{bin_}:{os.environ["PATH"]}'})
    found = policy(out) if out.exists() else {}
    point(deb.read_bytes() != before and found.get(f'{root}/usr/bin/tool', {}).get('provenance', '').startswith('archive') and
          found.get(f'{root}/opt/planted', {}).get('provenance', '').startswith('reviewed scan'), 'a package that is exchanged when it is unpacked proves nothing more', (said.stderr, found))
    deb.write_bytes(before)


def groups(top, root):
    out = top / 'grouped.yaml'
    call('lockdown', 'scan', root, '--group', '--out', out)
    text = out.read_text() if out.exists() else ''
    _, plain = scan(top)
    point('# tool 1.2-3 ' in text and '# no package' in text and text.index('# tool 1.2-3') < text.index('# no package') and '/opt: 1' in text, 'groups: package and version, folder, how many', text[:300])
    point(policy(out) == plain, 'a draft in groups is the same policy')
    said = call('lockdown', 'scan', root, '--group', '--json')
    found = json.loads(said.stdout)
    point([g['package'] for g in found] == ['tool', ''] and found[0]['library'] == 1 and sum(found[0]['folders'].values()) == 3, 'and the groups as JSON', said.stdout)


def manifests(top, root):
    for name in ('vendor', 'thief'):
        call('policy', 'keygen', '--plain', top / name)
    made = ('--vendor', 'Etch Works', '--product', 'controller', '--version', '4.2', '--id', 'm-1')
    said = call('lockdown', 'manifest', 'make', root, *made, '--key', top / 'vendor', '--out', top / 'm.skm')
    point(said.returncode == 0, 'a vendor makes a manifest of a folder', said.stderr)
    good = ('--vendor', 'Etch Works', '--vendor-pub', top / 'vendor.pub')
    point(call('lockdown', 'manifest', 'verify', top / 'm.skm', *good).returncode == 0, 'it verifies by name and key')
    for why, words in (('another key', ('--vendor', 'Etch Works', '--vendor-pub', top / 'thief.pub')), ('another name', ('--vendor', 'Others', '--vendor-pub', top / 'vendor.pub')),
                       ('no policy that names the vendor', ('--root', top / 'none'))):
        said = call('lockdown', 'manifest', 'verify', top / 'm.skm', *words)
        point(said.returncode == 1, f'not by {why}', said.stderr)
    said = call('lockdown', 'manifest', 'import', top / 'm.skm', *good, '--root', top / 'none', '--out', top / 'imported.yaml')
    found = policy(top / 'imported.yaml')
    point(len(found) == 5 and all(p['publisher'] == 'Etch Works' and p['version'] == '4.2' and p['provenance'].startswith('manifest m-1') for p in found.values()),
          'imported: a draft with its programs, each with publisher, version and the manifest', f'{said.stderr} {found}')
    _, found = scan(top, '--manifest', top / 'm.skm', *good)
    point(all(p['publisher'] == 'Etch Works' for p in found.values()) and len(found) == 5, 'a scan knows what a manifest names', found)
    text = json.loads((top / 'm.skm').read_text())
    text['payload'] = text['payload'][:40] + ('A' if text['payload'][40] != 'A' else 'B') + text['payload'][41:]
    (top / 'bad.skm').write_text(json.dumps(text, separators=(',', ':'), sort_keys=True))
    point(call('lockdown', 'manifest', 'verify', top / 'bad.skm', *good).returncode == 1, 'a changed one is refused')


def main():
    top = Path(tempfile.mkdtemp(prefix='sk-provenance-', dir=os.environ.get('TMPDIR')))
    (top / 'none').mkdir()
    try:
        root = make_root(top)
        kinds(top, root)
        groups(top, root)
        manifests(top, root)
        archives(top, root)
    finally:
        subprocess.run(['gpgconf', '--homedir', top / 'gpg', '--kill', 'all'], check=False, capture_output=True)
        shutil.rmtree(top, ignore_errors=True)
    print(f'1..{count}')


sys.exit(main())
