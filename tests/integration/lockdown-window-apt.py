#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=420 slow
#
# lockdown-window-apt.py - `apt upgrade` on an equipment PC in a maintenance window: a package with a program, a library, maintainer's scripts and a program that
# postinst writes, from a local repository with two versions. Only dpkg is a trusted updater. Afterwards the new version runs, what is unknown does not.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.window_site import PC, Site, finish, inside, point, sh, sha, sign_draft  # noqa: E402


def package(site, version, into):
    """One version of the package: /usr/bin/demo with its library, and scripts."""
    top = site.folder / f'deb-{version}'
    lib = top / 'usr/lib/x86_64-linux-gnu'
    for folder in (top / 'DEBIAN', top / 'usr/bin', lib):
        folder.mkdir(parents=True)
    (site.folder / 'lib.c').write_text(f'const char *demo(void) {{ return "demo {version}"; }}\n')
    (site.folder / 'demo.c').write_text('#include <stdio.h>\nconst char *demo(void);\nint main(void) { puts(demo()); return 0; }\n')
    sh('cc', '-shared', '-fPIC', '-Wl,-soname,libdemo.so.1', '-o', lib / f'libdemo.so.1.{version}', site.folder / 'lib.c', check=True)
    (lib / 'libdemo.so.1').symlink_to(f'libdemo.so.1.{version}')
    sh('cc', f'-DVERSION={version}', '-o', top / 'usr/bin/demo', site.folder / 'demo.c', lib / f'libdemo.so.1.{version}', check=True)
    with open(top / 'usr/bin/demo', 'ab') as file:
        file.write(f'version {version}'.encode())
    (top / 'DEBIAN/control').write_text(f'Package: sekisho-demo\nVersion: {version}\nArchitecture: amd64\nMaintainer: test\nDescription: test\n')
    (top / 'DEBIAN/triggers').write_text('activate-noawait ldconfig\n')
    for name, text in {'preinst': f'#!/bin/sh\nset -e\n# {version}\nexit 0\n',
                       'postinst': f'#!/bin/sh\nset -e\nsed "s/V/{version}/" > /usr/bin/demo-made <<X\n#!/bin/sh\necho made V\nX\nchmod 755 /usr/bin/demo-made\n'
                                   f'cp /usr/bin/demo /usr/bin/demo-copy.tmp\nmv /usr/bin/demo-copy.tmp /usr/bin/demo-copy\n/usr/bin/demo-made\n',
                       'prerm': f'#!/bin/sh\n# {version}\nexit 0\n', 'postrm': f'#!/bin/sh\n# {version}\nexit 0\n'}.items():
        (top / 'DEBIAN' / name).write_text(text)
        (top / 'DEBIAN' / name).chmod(0o755)
    sh('dpkg-deb', '--root-owner-group', '--build', top, into / f'sekisho-demo_{version}_amd64.deb', check=True)
    (into / 'Packages').write_text(sh('dpkg-scanpackages', '--multiversion', '.', cwd=into, check=True).stdout)


def apt(site, *words):
    return inside(site, 'apt-get', '-o', 'APT::Sandbox::User=root', '-o', 'Dir::Etc::SourceParts=/none', '-o', 'Dir::Etc::SourceList=/etc/apt/local.list', '-y', *words)


def main():
    with Site(disk=False) as site:
        site.pc = site.folder / 'pc'
        made = sh(PC, 'make', site.pc, timeout=300)
        if made.returncode:
            point(False, 'the equipment PC is made', made)
            finish()
        try:
            story(site)
        finally:
            site.stop()
            sh(PC, 'destroy', site.pc)
    finish()


def story(site):
    site.disk = site.pc / 'mnt'
    repo = site.disk / 'srv/repo'
    repo.mkdir(parents=True)
    (site.disk / 'etc/apt/local.list').write_text('deb [trusted=yes] file:/srv/repo ./\n')
    package(site, 1, repo)
    apt(site, 'update')
    done = apt(site, 'install', 'sekisho-demo')
    point(inside(site, 'demo').stdout == 'demo 1\n' and inside(site, 'demo-made').stdout == 'made 1\n', 'version 1 is installed', done)
    draft, out = site.folder / 'draft.yaml', site.folder / '1.skp'
    scanned = site.run('lockdown', 'scan', site.disk, '--mode', 'enforce', '--out', draft, check=False, timeout=200)
    text = draft.read_text() if draft.exists() else ''
    dpkg = sha(site.disk / 'usr/bin/dpkg')
    point(dpkg in text, 'scanned', scanned)
    draft.write_text(text.replace('lockdown:\n', f'lockdown:\n  updaters:\n    - sha256: "{dpkg}"\n      note: dpkg\n', 1))
    sign_draft(site, draft, out, 1)
    site.root_run('policy', 'import', out)
    site.serial = 1
    site.start()
    point(site.guarded(), 'the equipment PC is locked down')
    package(site, 2, repo)
    apt(site, 'update')
    unknown = site.disk / 'usr/bin/unknown'
    unknown.write_bytes(Path('/bin/true').read_bytes() + b'unknown')
    unknown.chmod(0o755)
    point(inside(site, 'demo').stdout == 'demo 1\n' and inside(site, 'unknown').returncode != 0, 'what is known runs, what is not does not')
    done = site.open_by_code('4h')
    point(site.phase() == 'open', 'the window is open', done)
    window = site.status()['window']
    print(f'# kept {window["kept"]} files, {window["kept_bytes"] >> 20} MB')
    done = apt(site, 'upgrade')
    point(done.returncode == 0 and 'made 2' in done.stdout, 'apt upgrade goes through: every script of the maintainer runs', done)
    said = [inside(site, name).stdout for name in ('demo', 'demo-made', 'demo-copy')]
    point(said == ['demo 2\n', 'made 2\n', 'demo 2\n'], 'the new version runs, and what postinst made', said)
    point(inside(site, 'unknown').returncode != 0, 'what is unknown does not')
    site.sekisho('window', 'close')
    point(inside(site, 'demo').returncode != 0, 'closed: the new version waits for the decision')
    items = {i['path'].removeprefix(str(site.disk)): i for i in site.changes()['items']}
    demo = items.get('/usr/bin/demo', {})
    point((demo.get('package'), demo.get('change'), demo.get('trusted')) == ('sekisho-demo', 'changed', True), 'the difference, by package', demo)
    point('/usr/bin/unknown' not in items and items['/usr/bin/demo-made']['trusted'], 'with what postinst made, without what was there before', list(items))
    shown = site.sekisho('window', 'difference').stdout
    point('sekisho-demo\n' in shown and 'libdemo.so.1.2' in shown, 'and as a person reads it', shown)
    after = site.folder / 'next.yaml'
    done = site.sekisho('window', 'approve', '--out', after)
    point(done.returncode == 0 and inside(site, 'demo').stdout == 'demo 2\n' and inside(site, 'unknown').returncode != 0, 'approved: it runs, what is unknown does not', done)
    sign_draft(site, after, site.folder / '2.skp', 2)
    site.root_run('policy', 'import', site.folder / '2.skp')
    point(site.guarded(2) and inside(site, 'demo').stdout == 'demo 2\n' and inside(site, 'demo-made').stdout == 'made 2\n' and inside(site, 'unknown').returncode != 0,
          'the signed successor is in force: the same')
    refused = site.status()['count']['denied']
    done = apt(site, 'check')
    point(done.returncode == 0 and site.status()['count']['denied'] == refused, 'no false denial afterwards', done)


main()
