#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=120
#
# lockdown-write.py - tier B where the policy protects known files: who writes into one is killed before the first byte, and one that lies elsewhere is written. Reading them
# in every way, also when their mode or times have just changed, is no writing. In a maintenance window, and without `protect`, they are written.
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.window_site import Site, finish, point, sh, within  # noqa: E402

READS = {'read': 'dd if={0} of=/dev/null bs=65536', 'sendfile': 'cat {0} >{1}', 'copied': 'cp {0} {1}'}
WRITES = {'write': 'dd of={0} bs=1 count=1 conv=notrunc </dev/zero', 'append': 'echo x >>{0}', 'sendfile': 'cat {1} 1<>{0}'}


class Place:
    """The site with a control group as the kernel side's subject."""

    def __init__(self, site):
        self.site, self.name = site, f'sekisho-write-{os.getpid()}'
        mount = next((line.split()[1] for line in open('/proc/self/mounts') if line.split()[2] == 'cgroup2'), None)
        self.group = pathlib.Path(mount) / self.name if mount else None
        if self.group:
            self.group.mkdir()
            with open(site.root / 'etc/sekisho/agent.yaml', 'a') as file:
                file.write(f'lockdown:\n  cgroup: {self.name}\n')

    def run(self, code):
        """By a shell of one static program in that group: 0, or how it ended."""
        return sh(self.site.disk / 'bin/busybox', 'sh', '-c', code, preexec_fn=lambda: (self.group / 'cgroup.procs').write_text('0')).returncode

    def end(self):
        if self.group:
            within(5, lambda: not (self.group / 'cgroup.procs').read_text())
            self.group.rmdir()


def hook(site):
    return {h['name']: h['state'] for h in site.status()['hooks']}.get('trace-write')


def victims(site):
    """Known files with content of their own, looked at by being started."""
    found = {}
    shutil.copy(shutil.which('busybox'), site.disk / 'bin/busybox')
    site.known(site.disk / 'bin/busybox')
    for name in [*WRITES, 'read', 'other', 'later', 'window']:
        path = site.disk / 'bin' / f'victim-{name}'
        path.write_bytes(pathlib.Path('/bin/true').read_bytes() + name.encode())
        path.chmod(0o755)
        site.known(path)
        found[name] = path
    return found


def protected(site, place, files):
    data, source = site.disk / 'data', site.disk / 'source'
    source.write_bytes(b'x' * 100000)
    for name, code in WRITES.items():
        before = files[name].read_bytes()
        shutil.copy(files['other'], data)
        wild, tame = place.run(code.format(files[name], source)), place.run(code.format(data, source))
        point(wild != 0 and files[name].read_bytes() == before and site.runs(files[name]), f'{name}: stopped before the first byte', (wild, files[name].read_bytes() == before))
        point(tame == 0 and data.read_bytes() != files['other'].read_bytes(), f'{name}: another file is written', tame)
    for name, code in READS.items():
        files['read'].chmod(0o711 if files['read'].stat().st_mode & 0o44 else 0o755)
        os.utime(files['read'], (0, files['read'].stat().st_mtime))  # so that the next reading writes the time down
        out = site.disk / f'copy-{name}'
        point(place.run(code.format(files['read'], out)) == 0, f'{name}: reading one whose mode has just changed')


def main():
    with Site() as site:
        place = Place(site)
        try:
            if not place.group:
                print('1..0 # SKIP no cgroup2')
                sys.exit(0)
            files = victims(site)
            site.policy(extra='  protect: true\n')
            site.start()
            ready = site.guarded() and all(site.runs(path) for path in files.values())
            if site.status()['tier'] != 'B' or hook(site) is None:
                print("1..0 # SKIP the kernel does not tell who writes")
                sys.exit(0)
            point(ready and within(5, lambda: hook(site) == 'attached'), 'the kernel side protects what is known', site.status()['hooks'])
            point('protect' not in [s['id'] for s in site.status()['without_effect']], 'and status says so')
            protected(site, place, files)
            point(within(5, lambda: site.told('program_refused') and b'"road":"file-write"' in site.spool), 'each is told with its road')
            site.open_by_code()
            point(within(5, lambda: hook(site) == 'waiting') and place.run(WRITES['write'].format(files['window'], '')) == 0, 'in a maintenance window they are written', hook(site))
            site.sekisho('window', 'close')
            site.sekisho('window', 'rollback')
            again = within(10, lambda: hook(site) == 'attached') and site.runs(files['later'])
            point(again and place.run(WRITES['write'].format(files['later'], '')) != 0, 'after it they are not', hook(site))
            site.policy()
            point(site.guarded() and within(5, lambda: hook(site) == 'waiting') and place.run(WRITES['write'].format(files['later'], '')) == 0, 'without the setting they are written', hook(site))
        finally:
            site.stop()
            place.end()
    finish()


main()
