#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=300
#
# lockdown-media.py - removable media under the whole agent: each rule, media that were there before, a policy that changes under a mounted medium, media
# swapped in one device, damaged and stalling ones, and the agent's processes killed. Images on loop devices stand in for USB sticks; the
# setting media.images names the only folder whose images count, so nothing else of the machine is ever touched.

import errno
import fcntl
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))
import lockdown_lab as lab  # noqa: E402
from lockdown_lab import BUILD, KNOWN, UNKNOWN, point  # noqa: E402


LOOP_CTL_ADD, LOOP_CTL_REMOVE = 0x4C80, 0x4C81


def sh(*words, **options):
    options.setdefault('timeout', 30)
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, errors='replace', **options)


def within(seconds, ask):
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.01)


def uuid(number):
    return f'11111111-2222-4333-8444-5555555555{number:02d}'


RULES = [{'uuid': uuid(1), 'mount': 'rw', 'execute': True, 'copy': True}, {'uuid': uuid(2), 'mount': 'ro', 'execute': True, 'copy': True},
         {'uuid': uuid(3), 'mount': 'rw', 'execute': False, 'copy': True}, {'uuid': uuid(4), 'mount': 'rw', 'execute': True, 'copy': False},
         {'vendor': 'image', 'product': 'named*', 'mount': 'rw', 'execute': True, 'copy': True}]
DENY = {'mount': 'deny', 'execute': False, 'copy': False}


class Site:
    def __init__(self, folder):
        self.folder, self.root, self.media, self.disk = folder, folder / 'root', folder / 'media', folder / 'disk'
        self.agent, self.serial, self.loops, self.numbers = None, 0, {}, []
        for path in (self.root / 'etc/sekisho', self.media, self.disk, folder / 'elsewhere'):
            path.mkdir(parents=True)
        os.chmod(folder, 0o755)
        (self.root / 'etc/sekisho/agent.yaml').write_text(f'users:\n  spool: 61100\n  link: 61101\nmedia:\n  images: [{self.media}]\n')
        for key in ('site', 'policy'):
            sh(BUILD / 'sekisho', 'policy', 'keygen', '--plain', folder / key, check=True)
        sh(BUILD / 'sekisho', 'policy', 'delegate', '--site-key', folder / 'site', '--uses', 'policy', '--out', folder / 'policy.skd',
           folder / 'policy.pub', check=True)
        sh(BUILD / 'sekisho', 'policy', 'pin', '--root', self.root, folder / 'site.pub', check=True)
        sh('mount', '-t', 'tmpfs', 'disk', self.disk, check=True)

    def policy(self, rules=RULES, default=DENY, mode='enforce'):
        """Signs and brings a policy; waits until it is in force."""
        self.serial += 1
        known = lab.hashlib.sha256(lab.program(KNOWN)).hexdigest()
        draft = {'part': 'lockdown', 'lockdown': {'mode': mode, 'scope': [str(self.disk)], 'media': rules, 'media_default': default,
                                                  'programs': [{'sha256': known, 'name': '/known'}]}}
        (self.folder / 'draft.yaml').write_text(json.dumps(draft))
        out = self.folder / f'{self.serial}.skp'
        sh(BUILD / 'sekisho', 'policy', 'sign', '--key', self.folder / 'policy', '--delegation', self.folder / 'policy.skd', '--serial', self.serial,
           '--out', out, self.folder / 'draft.yaml', check=True)
        sh(BUILD / 'sekisho', 'policy', 'import', '--root', self.root, out, check=True)
        return not self.agent or within(5, lambda: (self.status() or {}).get('serial') == self.serial)

    def start(self, *before):
        self.log = open(self.folder / 'agent.log', 'ab')
        self.agent = subprocess.Popen([*before, BUILD / 'sekisho-agent', 'run', '--root', self.root], stdout=self.log, stderr=self.log)
        return within(30, lambda: (self.status() or {}).get('serial') == self.serial and self.duty())

    def stop(self):
        if self.agent:
            self.agent.terminate()
            self.agent.wait(20)
            self.agent = None

    def status(self):
        said = sh(BUILD / 'sekisho', 'lockdown', 'status', '--root', self.root, '--json')
        return json.loads(said.stdout) if said.returncode in (0, 1) and said.stdout.startswith('{') else None

    def duty(self):
        """Process of the duty: the one whose parent is main."""
        for path in pathlib.Path('/proc').glob('[0-9]*/status'):
            try:
                text = path.read_text()
            except OSError:
                continue
            if 'Name:\tsekisho-media\n' in text and f'PPid:\t{self.agent.pid}\n' in text:
                return int(path.parent.name)
        return 0

    def image(self, name, number, size='16M', folder=None):
        path = (folder or self.media) / name
        sh('truncate', '-s', size, path, check=True)
        sh('mke2fs', '-q', '-F', '-t', 'ext4', '-U', uuid(number), path, check=True)
        mount = self.folder / 'fill'
        mount.mkdir(exist_ok=True)
        held = self.folder / 'elsewhere' / name
        path.rename(held)
        sh('mount', '-o', 'loop', held, mount, check=True)
        for file, body in (('known', lab.program(KNOWN)), ('unknown', lab.program(UNKNOWN))):
            (mount / file).write_bytes(body)
            (mount / file).chmod(0o755)
        within(5, lambda: sh('umount', mount).returncode == 0)
        held.rename(path)
        return path

    def own_device(self):
        """A loop device that nobody finds by --find: for tests that put one image after another into it."""
        control = os.open('/dev/loop-control', os.O_RDWR)
        for number in random.sample(range(300, 900), 20):
            try:
                fcntl.ioctl(control, LOOP_CTL_ADD, number)
            except OSError:
                continue
            self.numbers.append(number)
            os.close(control)
            return f'/dev/loop{number}'
        raise RuntimeError('no loop device can be added')

    def put(self, device, image):
        within(5, lambda: sh('losetup', device, image).returncode == 0)  # who looked at the last one may just be leaving
        self.loops[device] = image
        return device

    def attach(self, image, *more):
        device = sh('losetup', '--find', '--show', *more, image, check=True).stdout.strip()
        self.loops[device] = image
        return device

    def detach(self, device):
        self.loops.pop(device, None)
        return sh('losetup', '-d', device).returncode == 0

    def point(self, name):
        path = self.folder / 'at' / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def mount(self, device, name, *options):
        """Mounted? Tries for a while, as the device is held until it is known."""
        path = self.point(name)
        return path if within(5, lambda: sh('mount', *options, device, path).returncode == 0) else None

    def events(self, code, **fields):
        found = []
        for path in (self.root / 'var/lib/sekisho/spool').glob('*.*.*'):
            for text in re.findall(rb'\{"class_uid":[\x20-\x7e\x80-\xff]*', path.read_bytes()):
                try:
                    event, _ = json.JSONDecoder().raw_decode(text.decode(errors='replace'))
                except ValueError:
                    continue
                medium = event.get('fab', {}).get('medium', {})
                if event['metadata'].get('event_code') == code and all({**medium, **event['fab']}.get(key) == value for key, value in fields.items()):
                    found.append(event)
        return found

    def told(self, code, **fields):
        return within(12, lambda: self.events(code, **fields))

    def close(self):
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.agent.kill()
        if getattr(self, 'fuse', None):
            self.fuse.kill()
        for path in sorted(self.folder.glob('at/*')) + [self.folder / 'fill', self.media / 'fuse', self.disk]:
            while sh('umount', '-l', path).returncode == 0:
                pass
        for device in list(self.loops):
            sh('blockdev', '--setrw', device)
            self.detach(device)
        control = os.open('/dev/loop-control', os.O_RDWR)
        for number in self.numbers:
            if not within(3, lambda: removed(control, number)):
                print(f'# /dev/loop{number} stays')
        os.close(control)


def removed(control, number):
    try:
        return fcntl.ioctl(control, LOOP_CTL_REMOVE, number) is not None
    except OSError as e:
        return e.errno == errno.ENODEV


def run(path):
    try:
        return subprocess.run([path], timeout=10, capture_output=True).returncode
    except OSError as e:
        return errno.errorcode[e.errno]


def write(path):
    try:
        path.write_bytes(b'x' * 4096)
        os.sync()
        return True
    except OSError as e:
        return errno.errorcode[e.errno]


def read_only(device):
    return pathlib.Path(f'/sys/block/{os.path.basename(device)}/ro').read_text().strip() == '1'


def is_mounted(path):
    return any(line.split()[4] == str(path) for line in open('/proc/self/mountinfo'))


def flags(path):
    return [set(line.split()[5].split(',')) for line in open('/proc/self/mountinfo') if line.split()[4] == str(path)][-1]


def check_rules(site):
    device = site.attach(site.image('one.img', 1))
    path = site.mount(device, 'one')
    point(path and run(path / 'known') == KNOWN and write(path / 'copy') is True, 'a medium that may everything is mounted, written, and a known program on it starts')
    point(within(3, lambda: run(path / 'unknown') == 'EPERM'), 'and an unknown one does not: the medium came into the scope by itself')
    point(site.told('media_attached', uuid=uuid(1), rule='1'), 'its identity is told')
    lab.note(f'from mount to guard: {window(site, device, path, lambda: run(path / "unknown") == "EPERM"):.1f} ms')

    device = site.attach(site.image('two.img', 2))
    ready = within(5, lambda: read_only(device))
    path = site.mount(device, 'two')
    point(ready and path and write(path / 'copy') == 'EROFS' and run(path / 'known') == KNOWN,
          'a medium for reading was read-only before anybody could mount it', (ready, path))
    point(sh('mount', '-o', 'remount,rw', path).returncode != 0 and write(pathlib.Path(device)) in ('EPERM', 'EROFS', 'EACCES'),
          'root cannot make it writable by a remount, nor write to its device')

    device = site.attach(site.image('three.img', 3))
    path = site.mount(device, 'three')
    point(within(3, lambda: 'noexec' in flags(path)) and run(path / 'known') == 'EACCES' and write(path / 'copy') is True,
          'a medium without execution: not even a known program starts, but it is written', flags(path))
    point({'nosuid', 'nodev'} <= flags(path) and site.told('media_restricted', uuid=uuid(3)), 'and that is told')
    lab.note(f'from mount to noexec: {window(site, device, path, lambda: "noexec" in flags(path)):.1f} ms')
    sh('mount', '-o', 'remount,exec', path)
    point(within(3, lambda: 'noexec' in flags(path)), 'root who remounts it with execution finds it without again')

    device = site.attach(site.image('four.img', 4))
    path = site.mount(device, 'four')
    point(path and within(3, lambda: write(path / 'copy') == 'EROFS') and run(path / 'known') == KNOWN,
          'a medium to which nothing may be copied is for reading alone')
    lab.note(f'from attaching to being held: {holding(site):.1f} ms')

    device = site.attach(site.image('five.img', 5))
    point(site.told('media_refused', uuid=uuid(5), reason='held'), 'a medium that no rule knows is refused')
    before = time.monotonic()
    tries = [sh('mount', device, site.point('five')).returncode for _ in range(20)]
    point(all(tries) and time.monotonic() - before < 20, 'and cannot be mounted, however often one tries')
    inside = sh('unshare', '--mount', 'mount', device, site.point('five'))
    point(inside.returncode != 0, 'not in another mount namespace either')
    def noticed():
        return {one['id'] for one in site.status()['not_stopped'] if one['claim'] == 'noticed'} & {'media-mount', 'media-exec', 'media-copy'}
    closed = noticed()
    site.policy(default={'mount': 'rw', 'execute': True, 'copy': True})
    point(len(closed) == 3 and within(3, lambda: not noticed()), 'status claims to notice these attacks only where the policy refuses what it does not list', closed)
    site.policy()
    check_elsewhere(site)
    device = site.attach(site.image('named-6.img', 6))
    point(site.mount(device, 'six'), 'a rule by the name of the device fits')
    refused = site.media / 'fat.img'
    sh('truncate', '-s', '4M', refused)
    sh('mkfs.vfat', '-i', '4a1b22c0', refused, check=True)
    site.attach(refused)
    point(site.told('media_refused', uuid='4A1B-22C0', file_system='vfat'), 'FAT is told by its volume id')
    device = site.attach(site.image('own.img', 7, folder=site.folder / 'elsewhere'))
    path = site.mount(device, 'own')
    time.sleep(0.5)
    point(path and is_mounted(path) and write(path / 'copy') is True and not site.events('media_attached', uuid=uuid(7)),
          'a loop device over an image that is none of the folder\'s is nobody\'s medium: the agent leaves it alone')


def check_elsewhere(site):
    """Mounted at once, in a mount namespace and a root of its own: before the agent can hold it."""
    image = site.image('twentyone.img', 21)
    room = site.folder / 'room'
    (room / 'm').mkdir(parents=True)
    for folder in ('bin', 'lib', 'lib64', 'usr', 'sbin', 'dev', 'proc'):
        (room / folder).mkdir()
    script = (f'for f in bin lib lib64 usr sbin dev proc; do mount --rbind /$f {room}/$f; done; chroot {room} sh -c '
              f'\'while :; do d=$(losetup -f); losetup $d /proc/1/root{image} 2>/dev/null && break; done; mount $d /m && echo $d && exec sleep 30; losetup -d $d\'')
    for _ in range(20):
        process = subprocess.Popen(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script], stdout=subprocess.PIPE, text=True, start_new_session=True)
        device = process.stdout.readline().strip()
        if device:
            break
        process.wait()
    site.loops[device] = image
    def there():
        return any(line.split()[4].endswith('/m') for line in open(f'/proc/{process.pid}/mountinfo'))
    point(device and within(8, lambda: not there()) and site.told('media_refused', uuid=uuid(21), reason='unmounted-elsewhere'),
          'who was faster than the agent, in a namespace and a root of his own, loses it again', (device, there()))
    point(within(8, lambda: not is_free(device)), 'and then it is held')
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def window(site, device, path, closed):
    """Milliseconds from the return of mount(2) until it is closed: median of five."""
    times = []
    for _ in range(5):
        within(3, lambda: sh('umount', path).returncode == 0)
        if not site.mount(device, path.name):
            return -1
        start = time.monotonic()
        within(3, closed)
        times.append((time.monotonic() - start) * 1000)
    return sorted(times)[2]


def holding(site):
    """Milliseconds from losetup's return until the device cannot be had any more: median of five."""
    image, times = site.image('twenty.img', 20), []
    for _ in range(5):
        device = site.attach(image)
        start = time.monotonic()
        within(3, lambda: not is_free(device))
        times.append((time.monotonic() - start) * 1000)
        site.detach(device)
    return sorted(times)[2]


def is_free(device):
    try:
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL))
        return True
    except OSError:
        return False


def check_passes(site):
    """A rule that asks for a pass: only the very medium that was inspected, only while its pass holds."""
    sh(BUILD / 'sekisho', 'policy', 'keygen', '--plain', site.folder / 'gate', check=True)
    sh(BUILD / 'sekisho', 'policy', 'delegate', '--site-key', site.folder / 'site', '--uses', 'accept', '--out', site.folder / 'gate.skd', site.folder / 'gate.pub', check=True)
    ask = [{'uuid': '11111111-2222-4333-8444-*', 'mount': 'rw', 'execute': True, 'copy': True, 'pass': True}]
    site.policy(ask)

    def sign(number, name, until, key='gate'):
        now = int(time.time())
        draft = {'id': name, 'from': stamp(now - 60), 'until': stamp(now + until), 'subject': 'medium', 'serial': f'uuid:{uuid(number)}', 'uuid': uuid(number),
                 'inspector': 'Sato', 'content': '00' * 32, 'checks': [{'name': 'allowlist', 'result': 'good'}]}
        (site.folder / f'{name}.yaml').write_text(json.dumps(draft))
        said = sh(BUILD / 'sekisho', 'policy', 'sign', '--kind', 'pass', '--key', site.folder / key, '--delegation', site.folder / f'{key}.skd', '--out',
                  site.folder / f'{name}.ska', site.folder / f'{name}.yaml')
        return site.folder / f'{name}.ska' if said.returncode == 0 else lab.note(said.stderr)

    def bring(*words):
        return sh(BUILD / 'sekisho', 'lockdown', 'pass', '--root', site.root, *words)

    device = site.attach(site.image('thirty.img', 30))
    point(site.told('media_refused', uuid=uuid(30), **{'pass': 'none'}) and sh('mount', device, site.point('thirty')).returncode != 0,
          'a medium without the pass that its rule asks for is refused, and told why')
    issued = sh(BUILD / 'sekisho', 'lockdown', 'accept', '--root', site.root, '--no-scan', '--waive', 'not-scanned', '--waive', 'unknown-programs', '--issue',
                site.folder / 'thirty.ska', '--key', site.folder / 'gate', '--delegation', site.folder / 'gate.skd', '--inspector', 'Sato', '--mount', '--days', '1',
                site.media / 'thirty.img')
    said = bring(site.folder / 'thirty.ska')
    path = site.mount(device, 'thirty')
    point(said.returncode == 0 and path and run(path / 'known') == KNOWN and write(path / 'copy') is True,
          'the pass that accept issued lets it in, as its rule says', (issued.stdout, issued.stderr, said.stderr))
    point(site.told('media_attached', uuid=uuid(30), **{'pass': 'valid'}), 'and that is told')
    other = site.attach(site.image('thirtyone.img', 31))
    point(site.told('media_refused', uuid=uuid(31), **{'pass': 'none'}) and sh('mount', other, site.point('thirtyone')).returncode != 0, 'another medium is not let in by it')
    short = bring(sign(31, 'short', 4))
    path = site.mount(other, 'thirtyone')
    point(short.returncode == 0 and path, 'a pass of four seconds lets it in', short.stderr)
    point(within(12, lambda: not is_mounted(path)) and site.told('media_refused', uuid=uuid(31), **{'pass': 'expired'}),
          'when it ends the medium is unmounted, and told why', sh('cat', '/proc/self/mountinfo').stdout[-500:])
    point(bring(site.folder / 'short.ska').returncode == 1 and bring().returncode == 1 and 'EXPIRED' in bring().stdout, 'an expired pass is not taken, and is shown as such', bring().stdout)
    sh('cp', site.folder / 'thirty.ska', site.folder / 'torn.ska')
    text = (site.folder / 'torn.ska').read_bytes()
    (site.folder / 'torn.ska').write_bytes(text.replace(b'"sig":"', b'"sig":"A', 1)[:len(text)])
    point(bring(site.folder / 'torn.ska').returncode == 1, 'one that was changed is not taken')
    foreign = sign(31, 'foreign', 600, 'policy')
    point(foreign is None or bring(foreign).returncode == 1, 'nor one by a key that may not issue passes')
    within(3, lambda: sh('umount', path.parent / 'thirty').returncode == 0)
    site.stop()
    point(site.start() and site.mount(device, 'thirty'), 'passes outlive the agent')
    listed = json.loads(bring('--json').stdout)['passes']
    mine = [one for one in listed if one['state'] == 'valid']
    point(len(mine) == 1 and mine[0]['serial'] == f'uuid:{uuid(30)}' and mine[0]['inspector'] == 'Sato', 'and are listed', listed)
    point(bring('--remove', mine[0]['id']).returncode == 0 and within(5, lambda: not is_mounted(site.point('thirty'))), 'one that is removed lets nothing in any more')
    site.policy()


def stamp(seconds):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seconds))


def check_policy_changes(site):
    one, two = site.point('one'), site.point('two')
    site.policy([{**RULES[0], 'mount': 'deny'}, *RULES[1:]])
    point(within(5, lambda: not is_mounted(one)) and site.told('media_refused', uuid=uuid(1), reason='unmounted'),
          'a policy that refuses a mounted medium unmounts it')
    device = next(device for device, image in site.loops.items() if image.name == 'one.img')
    time.sleep(0.3)
    point(sh('mount', device, one).returncode != 0, 'and it stays out')
    site.policy([RULES[0], {**RULES[1], 'mount': 'rw'}, *RULES[2:]])
    point(site.mount(device, 'one'), 'a policy that lets it in again lets it in')
    device = next(device for device, image in site.loops.items() if image.name == 'two.img')
    point(within(5, lambda: not read_only(device)) and sh('mount', '-o', 'remount,rw', two).returncode == 0 and write(two / 'copy') is True,
          'a medium for reading becomes one for writing')
    with open(two / 'held', 'wb') as held:
        held.write(b'x')
        held.flush()
        site.policy()
        point(site.told('media_copy_refused', uuid=uuid(2), reason='busy') and not is_mounted(two),
              'and back, while a file is open for writing: it is unmounted, since it cannot be made read-only')
    site.policy(mode='observe', rules=[])
    device = site.attach(site.image('eight.img', 8))
    point(site.mount(device, 'eight') and site.told('media_refused', uuid=uuid(8), reason='observe'), 'observe refuses nothing, and says what enforce would')
    site.policy()
    point(within(5, lambda: not is_mounted(site.point('eight'))), 'enforce then does')


def check_before(site):
    """Mounted before the agent starts, and while it does not run."""
    site.stop()
    nine, ten = site.attach(site.image('nine.img', 9)), site.attach(site.image('ten.img', 4))
    point(site.mount(nine, 'nine') and site.mount(ten, 'ten') and write(site.point('ten') / 'x') is True, 'without the agent everything is mounted')
    site.start()
    point(within(5, lambda: not is_mounted(site.point('nine'))), 'what may not be mounted is unmounted when the agent starts')
    # looked at, not tried: a file that is open for writing at that moment would have it unmounted instead
    within(12, lambda: os.statvfs(site.point('ten')).f_flag & os.ST_RDONLY)
    refused = write(site.point('ten') / 'y')
    point(refused == 'EROFS' and site.told('media_copy_refused', uuid=uuid(4), reason='read-only'), 'what may not be written is made read-only under its users',
          (refused, site.events('media_copy_refused')))


def holders(site):
    try:
        return [int(pid) for pid in pathlib.Path(f'/proc/{site.duty()}/task/{site.duty()}/children').read_text().split()]
    except OSError:
        return []


def status(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/status').read_text()
    except OSError:
        return ''


def check_kills(site):
    three = site.point('three')
    duty = site.duty()
    os.kill(duty, signal.SIGKILL)
    held = site.attach(site.image('eleven.img', 11))
    point(within(5, lambda: site.duty() not in (0, duty)), 'the duty is started again')
    point(site.told('media_refused', uuid=uuid(11), reason='held') and sh('mount', held, site.point('eleven')).returncode != 0,
          'and refuses what came meanwhile')
    point('noexec' in flags(three) and run(three / 'known') == 'EACCES', 'what it restricted stays so without it')
    time.sleep(1.5)  # who looks at a mounted medium has gone; who holds a refused one stays
    before = holders(site)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    point(before and within(8, lambda: len(holders(site)) == len(before) and not set(before) & set(holders(site))) and
          sh('mount', held, site.point('eleven')).returncode != 0, 'killed holders are replaced', (before, holders(site)))
    os.kill(site.agent.pid, signal.SIGKILL)
    site.agent.wait()
    point(run(three / 'known') == 'EACCES' and within(5, lambda: not sh('pgrep', '-f', f'{site.root}$').stdout or True),
          'with the whole agent killed the mounts stay restricted')
    point(site.start() and within(5, lambda: sh('mount', held, site.point('eleven')).returncode != 0), 'the next agent goes on')
    caps = int(re.search(r'CapEff:\t(\w+)', pathlib.Path(f'/proc/{site.duty()}/status').read_text())[1], 16)
    point(caps == 1 << 18 | 1 << 19 | 1 << 21, 'the duty has the capabilities of the table', hex(caps))
    point(within(3, lambda: holders(site) and all(re.search(r'CapPrm:\t0{16}\n', status(pid)) and re.search(r'Seccomp_filters:\t[2-9]', status(pid))
                                                  for pid in holders(site))), 'who reads a foreign superblock has none, and system calls of its own')


def check_swapped(site):
    device = site.put(site.own_device(), site.image('twelve.img', 1))
    path = site.mount(device, 'twelve')
    within(3, lambda: sh('umount', path).returncode == 0)
    other = site.image('thirteen.img', 13)
    site.detach(device)
    site.put(device, other)
    point(path and site.told('media_refused', uuid=uuid(13), reason='held') and sh('mount', device, path).returncode != 0,
          'another medium in the same device has its own rule')


def check_left(site):
    """The read-only that was set for one medium is not there for the next in the same device."""
    device = site.put(site.own_device(), site.image('seventeen.img', 2))
    ready = within(5, lambda: read_only(device))
    site.detach(device)
    point(ready and within(5, lambda: not read_only(device)), 'a device is writable again when its read-only medium has gone')
    site.put(device, site.image('eighteen.img', 2))
    within(5, lambda: read_only(device))
    site.stop()
    other = site.image('nineteen.img', 1)
    site.detach(device)
    left = read_only(device)
    site.start()
    site.put(device, other)
    within(5, lambda: not read_only(device))
    path = site.mount(device, 'nineteen')
    point(left and path and write(path / 'copy') is True, 'also when that happened without the agent', (left, path))


def check_damaged(site):
    for name, data in (('zeros', bytes(1 << 20)), ('garbage', os.urandom(1 << 20)), ('sector', bytes(512)), ('cut', bytes(1080) + b'\x53\xef' + bytes(430))):
        (site.media / f'{name}.img').write_bytes(data)
        site.attach(site.media / f'{name}.img')
        point(site.told('media_refused', product=f'{name}.img', reason='held'), f'a medium of {name} gets the default rule')
    image = site.image('torn.img', 14)
    with open(image, 'r+b') as file:
        file.truncate(64 << 10)
    site.attach(image)
    point(site.told('media_refused', product='torn.img', uuid=uuid(14)), 'a torn one is known by what can be read of it')
    name = 'esc\x1b[2J\n\xff.img'.encode('latin-1')
    image = site.media / os.fsdecode(name)
    shutil.copy(site.media / 'five.img', image)
    site.attach(image)
    point(site.told('media_refused', product='esc?[2J?012?.img') or [e for e in site.events('media_refused') if e['fab']['medium']['product'].startswith('esc') and
          '\x1b' not in json.dumps(e, ensure_ascii=False)], 'a name with control characters is made printable',
          [e['fab']['medium']['product'] for e in site.events('media_attached')])


def check_stall(site):
    """A disk that does not answer: its image lies on a FUSE file system that stops itself with the first read in its hands."""
    source, mount = site.folder / 'elsewhere/stall', site.media / 'fuse'
    source.mkdir()
    mount.mkdir()
    shutil.copy(site.media / 'five.img', source / 'stall.img')
    site.fuse = subprocess.Popen([BUILD / 'lockdown-fuse', source, mount, '--stop-at', 'read'], stdout=subprocess.PIPE)
    site.fuse.stdout.readline()
    site.attach(mount / 'stall.img', '--read-only')
    start = time.monotonic()
    path = site.mount(site.attach(site.image('fifteen.img', 1)), 'fifteen')
    took = time.monotonic() - start
    point(path and took < 5, 'while a medium does not answer, others are served', took)
    point(within(12, lambda: site.events('media_failed', product='stall.img', reason='stalled')), 'that it does not answer is told')
    point(site.status() and site.policy() and sh('mount', next(d for d, i in site.loops.items() if i.name == 'eleven.img'), site.point('eleven')).returncode != 0,
          'and the agent decides on')
    site.fuse.kill()
    site.fuse.wait()


def check_namespace(site):
    """systemd gives the agent a mount namespace of its own: the mounts that count are those of process 1."""
    site.stop()
    point(site.start('unshare', '--mount', '--propagation', 'slave'), 'an agent in a mount namespace of its own')
    device = site.attach(site.image('sixteen.img', 3))
    path = site.mount(device, 'sixteen')
    point(path and within(15, lambda: 'noexec' in flags(path)) and run(path / 'known') == 'EACCES', 'restricts the mounts of everybody else')
    site.policy([{**RULES[2], 'mount': 'deny'}])
    point(within(15, lambda: not is_mounted(path)), 'and unmounts there')


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix='sekisho-media-', dir=os.environ.get('TMPDIR', '/tmp')))
    site = Site(folder)
    try:
        site.policy()
        point(site.start(), 'the agent starts')
        for check in (check_rules, check_policy_changes, check_before, check_kills, check_swapped, check_left, check_damaged, check_stall, check_passes, check_namespace):
            check(site)
    finally:
        site.close()
        if lab.failed:
            print('# ' + (folder / 'agent.log').read_text(errors='replace')[-3000:].replace('\n', '\n# '))
        shutil.rmtree(folder, ignore_errors=True)
    lab.finish()


lab.isolate()
signal.alarm(290)
main()
