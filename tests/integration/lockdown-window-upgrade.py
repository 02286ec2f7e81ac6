#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=300 slow
#
# lockdown-window-upgrade.py - the agent's own package is upgraded by dpkg in a maintenance window while lockdown enforces: the new program takes over in the middle of
# dpkg's run, as postinst has it; the window goes on, with what was known and with dpkg still at work; unknown programs are refused but for the moment in which one guard
# takes the other's place. Outside of a window it is refused. Approved it starts again; rolled back the version before does.
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.window_site import BUILD, PC, Site, finish, inside, point, sh, sha, sign_draft, within  # noqa: E402

POSTINST = """#!/bin/sh
# {version}
set -e
[ "$1" = configure ] && [ -e /srv/runs ] || exit 0
: >/srv/hand-over
tries=0
while [ -e /srv/hand-over ]; do
	sleep 0.1
	tries=$((tries + 1))
	[ $tries -lt 600 ]
done
"""
OTHER = """#!/bin/sh
set -e
sed s/V/{version}/ >/usr/bin/other-made <<X
#!/bin/sh
echo made V
X
chmod 755 /usr/bin/other-made
/usr/bin/other-made
"""


def build(site, name, version, postinst, files=()):
    top = site.folder / f'{name}-{version}'
    (top / 'DEBIAN').mkdir(parents=True)
    depends = 'Depends: sekisho-agent\n' if name != 'sekisho-agent' else ''
    (top / 'DEBIAN/control').write_text(f'Package: {name}\nVersion: {version}\nArchitecture: amd64\n{depends}Maintainer: test\nDescription: test\n')
    for script, text in (('preinst', f'#!/bin/sh\n# {name} {version}\n'), ('postinst', postinst.format(version=version))):
        (top / 'DEBIAN' / script).write_text(text)
        (top / 'DEBIAN' / script).chmod(0o755)
    for path, data in files:
        (top / path).parent.mkdir(parents=True)
        (top / path).write_bytes(data)
        (top / path).chmod(0o755)
    sh('dpkg-deb', '-Znone', '--root-owner-group', '--build', top, site.disk / f'srv/{name}_{version}.deb', check=True)


def packages(site, version):
    """The agent's, with the agent's program, and one that is configured after it."""
    program = (BUILD / 'sekisho-agent').read_bytes() + f'version {version}'.encode()
    build(site, 'sekisho-agent', version, POSTINST, [('usr/sbin/sekisho-agent', program)])
    build(site, 'zz-other', version, OTHER)


def dpkg(site, version):
    return inside(site, 'dpkg', '-i', f'/srv/sekisho-agent_{version}.deb', f'/srv/zz-other_{version}.deb')


class Unit:
    """As systemd has it: the program on the PC's disk, started again whenever it ends."""

    def __init__(self, site):
        self.site, self.program, self.over, self.refused, self.started = site, site.disk / 'usr/sbin/sekisho-agent', threading.Event(), 0, 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with open(self.site.folder / 'agent.log', 'ab') as log:
            while not self.over.is_set():
                try:
                    self.site.agent = subprocess.Popen([self.program, 'run', '--root', self.site.root], stdout=log, stderr=log, env={**os.environ, 'SEKISHO_LOG': 'info'})
                    self.started += 1
                    self.site.agent.wait()
                except PermissionError:
                    self.refused += 1
                time.sleep(0.2)

    def version(self):
        """Of the running main, by its content."""
        with open(f'/proc/{self.site.agent.pid}/exe', 'rb') as file:
            return file.read()[-9:].decode()

    def again(self, how):
        """Main ends by this signal: has another begun, and does it answer?"""
        before = self.started
        self.site.agent.send_signal(how)
        return within(20, lambda: self.started > before) and within(20, lambda: self.site.status() is not None)

    def end(self):
        self.over.set()
        if self.site.agent.poll() is None:
            self.site.agent.send_signal(signal.SIGTERM)
        self.thread.join(20)


class Prober(threading.Thread):
    """Starts what is unknown all the while; `ran` says when it ran."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.over, self.ran, self.refused = path, threading.Event(), [], 0

    def run(self):
        while not self.over.is_set():
            try:
                if subprocess.run([self.path], check=False).returncode == 0:
                    self.ran.append(time.monotonic())
            except PermissionError:
                self.refused += 1
            time.sleep(0.01)


def upgrade(site, unit, version):
    """dpkg's run, with the hand-over in the middle. (what dpkg said, did the new one take over, the phase then)"""
    said = []
    run = threading.Thread(target=lambda: said.append(dpkg(site, version)))
    run.start()
    flag = site.disk / 'srv/hand-over'
    taken = within(60, lambda: flag.exists() or not run.is_alive()) and flag.exists() and unit.again(signal.SIGUSR2)
    phase = within(10, lambda: site.phase() == 'open')
    within(10, lambda: (site.status() or {}).get('guard') == 'up')
    flag.unlink(missing_ok=True)
    run.join(120)
    return said[0], taken, phase


def hand_overs(site):
    return (site.folder / 'agent.log').read_text().count('guard outlived an earlier main')


def story(site, unit, unknown):
    refused = dpkg(site, 2)
    point(refused.returncode != 0 and unit.version() == 'version 1' and b'version 1' in (site.disk / 'usr/sbin/sekisho-agent').read_bytes()[-20:],
          'without a window the upgrade is refused, and the agent goes on', refused)
    done = site.open_by_code('4h')
    point(site.phase() == 'open', 'a window is open', done)
    window = site.status()['window']['id']
    prober = Prober(unknown)
    prober.start()
    done, taken, phase = upgrade(site, unit, 2)
    prober.over.set()
    prober.join()
    point(taken and unit.version() == 'version 2', 'dpkg upgrades the agent: the new program takes over in the middle of its run', (done, unit.version(), unit.refused))
    point(hand_overs(site) == 1, 'from a guard that worked until then')
    point(phase and site.status()['window']['id'] == window, 'the window goes on', site.status()['window'])
    point(done.returncode == 0 and 'made 2' in done.stdout, 'dpkg goes on: the next package writes a program and starts it', done)
    longest = prober.ran[-1] - prober.ran[0] if prober.ran else 0
    print(f'# unknown programs: {prober.refused} refused, {len(prober.ran)} ran, within {1000 * longest:.0f} ms')
    point(prober.refused > 10 and longest < 3, 'what is unknown was refused, but for the moment of the exchange', (prober.ran, prober.refused))
    site.sekisho('window', 'close')
    items = {i['path'].removeprefix(str(site.disk)): i for i in site.changes()['items']}
    agent, made = items.get('/usr/sbin/sekisho-agent', {}), items.get('/usr/bin/other-made', {})
    point((agent.get('change'), agent.get('trusted'), made.get('trusted')) == ('changed', True, True), 'the difference has the agent, and what was written after the hand-over', list(items))
    after = site.folder / 'next.yaml'
    done = site.sekisho('window', 'approve', '--out', after)
    point(done.returncode == 0 and unit.again(signal.SIGKILL) and unit.version() == 'version 2' and site.guarded(1), 'approved: it is killed, and starts again', done)
    sign_draft(site, after, site.folder / '2.skp', 2)
    site.root_run('policy', 'import', site.folder / '2.skp')
    point(site.guarded(2) and unit.again(signal.SIGKILL) and site.guarded(2) and not site.runs(unknown), 'with the signed successor as well', site.status())


def back(site, unit):
    site.open_by_code('4h')
    packages(site, 3)
    done, taken, _ = upgrade(site, unit, 3)
    point(done.returncode == 0 and taken and unit.version() == 'version 3', 'another window, another version', done)
    site.sekisho('window', 'close')
    done = site.sekisho('window', 'rollback')
    point(within(20, lambda: site.phase() == 'rolled-back') and (site.disk / 'usr/sbin/sekisho-agent').read_bytes().endswith(b'version 2'), 'rolled back: the version before lies there', done)
    point(unit.again(signal.SIGUSR2) and unit.version() == 'version 2' and site.guarded(2), 'and takes over')
    made = inside(site, 'other-made')
    point(made.stdout == 'made 2\n', 'with all that belongs to it', made)


def main():
    with Site(disk=False) as site:
        site.pc = site.folder / 'pc'
        made = sh(PC, 'make', site.pc, timeout=300)
        if made.returncode:
            point(False, 'the equipment PC is made', made)
            finish()
        site.disk, unit = site.pc / 'mnt', None
        try:
            (site.disk / 'srv').mkdir(exist_ok=True)
            packages(site, 1)
            packages(site, 2)
            done = dpkg(site, 1)
            draft, updater = site.folder / 'draft.yaml', sha(site.disk / 'usr/bin/dpkg')
            site.run('lockdown', 'scan', site.disk, '--scripts', '--mode', 'enforce', '--failure', 'deny', '--out', draft, check=False, timeout=200)
            text = draft.read_text() if draft.exists() else ''
            point(done.returncode == 0 and updater in text and '/usr/sbin/sekisho-agent' in text, 'version 1 is installed and scanned', done)
            draft.write_text(text.replace('lockdown:\n', f'lockdown:\n  updaters:\n    - sha256: "{updater}"\n      note: dpkg\n', 1))
            sign_draft(site, draft, site.folder / '1.skp', 1)
            site.root_run('policy', 'import', site.folder / '1.skp')
            (site.disk / 'srv/runs').touch()
            unknown = site.disk / 'usr/bin/unknown'
            unknown.write_bytes(Path('/bin/true').read_bytes() + b'unknown')
            unknown.chmod(0o755)
            unit = Unit(site)
            point(within(30, lambda: site.status() is not None) and site.guarded(1) and not site.runs(unknown) and unit.version() == 'version 1', 'the agent runs from there and enforces')
            story(site, unit, unknown)
            back(site, unit)
        finally:
            if unit:
                unit.end()
            sh(PC, 'destroy', site.pc)
    finish()


main()
