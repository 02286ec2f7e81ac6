# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the tests of maintenance windows share: an agent below a root of its own, a disk that is guarded with a few known programs on it (a shell, cp, mv), one of
# which is a trusted updater (a shell of another hash), and keys. Not in namespaces of its own: births of processes are told to the first namespace alone.
import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get('SEKISHO_BUILD', TOP / 'build'))
SECRET = bytes(range(32))
PC = TOP / 'tests/support/equipment-pc'
count = failed = 0


def point(good, name, why=''):
    global count, failed
    count += 1
    failed += not good
    print(f'{"ok" if good else "not ok"} {count} - {name}', flush=True)
    for line in str(why).splitlines() if not good else []:
        print('# ' + line, flush=True)
    return good


def finish():
    print(f'1..{count}', flush=True)
    sys.exit(failed > 0)


def within(seconds, ask):
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.03)


def sh(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=options.pop('timeout', 120), **options)


def sha(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def check_digit(digits):
    rows = ['0317598642', '7092154863', '4206871359', '1750983426', '6123045978', '3674209581', '5869720134', '8945362017', '9438617205', '2581436790']
    state = 0
    for digit in digits:
        state = int(rows[state][int(digit)])
    return str(state)


def desk(challenge, secret=SECRET):
    """What the desk reads back: RFC 6287 once more, apart from the product's own."""
    import hmac
    challenge = challenge.replace(' ', '')
    question = bytes.fromhex(f'{int(challenge[:11]):x}'.ljust(256, '0'))
    words = f'sekisho lockdown {({"1": "updaters", "2": "observe"})[challenge[0]]} {int(challenge[1:3]) * 30} minutes'
    mac = hmac.new(secret, b'OCRA-1:HOTP-SHA256-8:QN11-S064\0' + question + words.encode().rjust(64, b'\0'), 'sha256').digest()
    at = mac[-1] & 15
    value = f'{(int.from_bytes(mac[at:at + 4], "big") & 0x7fffffff) % 10 ** 8:08}'
    return value + check_digit(value)


def wrong_answer(right):
    value = f'{(int(right[:8]) + 1) % 10 ** 8:08}'
    return value + check_digit(value)


def inside(site, *words):
    """A command on the equipment PC in site.pc."""
    return sh(PC, 'run', site.pc, 'env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', *words, timeout=200)


def sign_draft(site, draft, out, serial):
    """What `scan` or `window approve` wrote."""
    lines = [line for line in draft.read_text().splitlines() if not line.startswith(('serial:', 'not_before:', 'expires:'))]
    draft = out.with_suffix('.yaml')
    draft.write_text(f'serial: {serial}\nnot_before: 2020-01-01\nexpires: 2099-01-01\n' + '\n'.join(lines) + '\n')
    site.run('policy', 'sign', '--key', site.folder / 'policy', '--delegation', site.folder / 'policy.skd', '--out', out, draft)


class Site:
    def __init__(self, size='96M', disk=True):
        self.folder = Path(tempfile.mkdtemp(prefix='sekisho-window-'))
        self.folder.chmod(0o755)
        self.root, self.disk = self.folder / 'root', self.folder / 'disk'
        self.agent, self.serial, self.env, self.updaters, self.terms, self.programs = None, 0, {}, [], '', {}
        for path in (self.root / 'etc/sekisho', self.root / 'var/lib/sekisho', self.disk):
            path.mkdir(parents=True)
        (self.root / 'etc/sekisho/agent.yaml').write_text('users:\n  spool: 61100\n  link: 61101\n')
        (self.root / 'var/lib/sekisho/endpoint.secret').write_bytes(SECRET)
        if disk:
            sh('truncate', '-s', size, self.folder / 'disk.img', check=True)
            sh('mke2fs', '-q', '-F', '-t', 'ext4', self.folder / 'disk.img', check=True)
            sh('mount', '-o', 'loop', self.folder / 'disk.img', self.disk, check=True)
            self.furnish()
        for key in ('site', 'policy', 'windows'):
            self.run('policy', 'keygen', '--plain', self.folder / key)
        self.run('policy', 'delegate', '--site-key', self.folder / 'site', '--uses', 'policy', '--out', self.folder / 'policy.skd', self.folder / 'policy.pub')
        self.run('policy', 'delegate', '--site-key', self.folder / 'site', '--uses', 'exception', '--out', self.folder / 'windows.skd', self.folder / 'windows.pub')
        self.root_run('policy', 'pin', self.folder / 'site.pub')

    def furnish(self):
        (self.disk / 'bin').mkdir()
        (self.disk / 'lib').mkdir()
        for name in ('dash', 'cp', 'mv', 'ln', 'chmod', 'rm', 'sleep', 'mkdir', 'env'):
            shutil.copy(shutil.which(name), self.disk / 'bin' / name)
            self.known(self.disk / 'bin' / name)
        updater = self.disk / 'bin/updater'
        updater.write_bytes(Path(shutil.which('dash')).read_bytes() + b'updater')
        updater.chmod(0o755)
        self.known(updater)
        self.updaters = [sha(updater)]

    def known(self, path):
        self.programs[str(path)] = sha(path)

    def run(self, *words, check=True, **options):
        done = sh(BUILD / 'sekisho', *words, **options)
        if check and done.returncode:
            raise RuntimeError(f'{words}: {done.returncode} {done.stdout}{done.stderr}')
        return done

    def root_run(self, *words, check=True, **options):
        return self.run(*words[:2], '--root', self.root, *words[2:], check=check, **options)

    def sekisho(self, *words, **options):
        return self.root_run('lockdown', *words, check=False, **options)

    def policy(self, mode='enforce', failure='deny', extra='', sign=True):
        self.serial += 1
        draft = self.folder / f'{self.serial}.yaml'
        draft.write_text(f'part: lockdown\nserial: {self.serial}\nnot_before: 2020-01-01\nexpires: 2099-01-01\nlockdown:\n  mode: {mode}\n  failure: {failure}\n'
                         f'  deadline_ms: 2000\n  scope: [{self.disk}]\n  updaters:\n' + ''.join(f'    - sha256: "{u}"\n' for u in self.updaters)
                         + self.terms + extra + '  programs:\n' + ''.join(f'    - sha256: "{h}"\n      name: {n}\n' for n, h in self.programs.items()))
        out = draft.with_suffix('.skp')
        self.run('policy', 'sign', '--key', self.folder / 'policy', '--delegation', self.folder / 'policy.skd', '--out', out, draft)
        self.root_run('policy', 'import', out)
        return out

    def window(self, name, seconds=3600, **more):
        """A signed window."""
        now = time.time()
        stamp = lambda at: time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(at))  # noqa: E731
        draft = self.folder / f'{name}.yaml'
        fields = {'id': name, 'from': stamp(now - 60), 'until': stamp(now + seconds), 'change': 'CHG-1', 'owner': 'M. Sato', 'vendor_consent': 'letter 7', **more}
        draft.write_text(''.join(f'{key}: {value}\n' for key, value in fields.items()))
        out = draft.with_suffix('.skw')
        self.run('policy', 'sign', '--kind', 'window', '--key', self.folder / 'windows', '--delegation', self.folder / 'windows.skd', '--out', out, draft)
        return out

    def start(self, **env):
        self.log = open(self.folder / 'agent.log', 'ab')
        self.agent = subprocess.Popen([BUILD / 'sekisho-agent', 'run', '--root', self.root], stdout=self.log, stderr=self.log,
                                      env={**os.environ, 'SEKISHO_LOG': 'info', **self.env, **env})
        return within(60, lambda: self.status() is not None)  # as lockdown_site.py

    def stop(self, how=signal.SIGTERM):
        if self.agent and self.agent.poll() is None:
            self.agent.send_signal(how)
            try:
                self.agent.wait(15)
            except subprocess.TimeoutExpired:
                self.agent.kill()
                self.agent.wait()
        self.agent = None

    def status(self):
        said = self.sekisho('status', '--json')
        return json.loads(said.stdout) if said.stdout.startswith('{"') and '"error"' not in said.stdout[:10] else None

    def phase(self):
        status = self.status()
        return status and status['window']['phase']

    def guarded(self, serial=None):
        def look():
            s = self.status()
            return s and s['guard'] == 'up' and s['policy']['serial'] == (serial or self.serial) and s['scope'] and all(x['state'] == 'guarded' for x in s['scope'])
        return within(10, look)

    def duty(self, name):
        """Process ids of a duty of this agent."""
        found = []
        for path in Path('/proc').glob('[0-9]*'):
            try:
                if (path / 'comm').read_text().strip() == name[:15] and os.readlink(path / 'exe') == str(BUILD / 'sekisho-agent') and str(self.root) in (path / 'cmdline').read_text():
                    found.append(int(path.name))
            except OSError:
                pass
        return found

    def fresh(self, name, text='fresh'):
        """A program nobody knows, outside of the guarded disk."""
        path = self.folder / name
        path.write_bytes(Path('/bin/true').read_bytes() + f'{text} {time.monotonic_ns()}'.encode())
        path.chmod(0o755)
        return path

    def updater(self, script, **options):
        return sh(self.disk / 'bin/updater', '-c', script, env={'PATH': str(self.disk / 'bin')}, **options)

    def shell(self, script, **options):
        return sh(self.disk / 'bin/dash', '-c', script, env={'PATH': str(self.disk / 'bin')}, **options)

    @contextlib.contextmanager
    def recorder_stopped(self):
        """What happens meanwhile the recorder learns afterwards, all at once."""
        names = {pid: (Path('/proc') / pid / 'comm').read_text().strip() for pid in self.children()}
        recorder = int(next(pid for pid, name in names.items() if name == 'sekisho-window'))
        os.kill(recorder, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(recorder, signal.SIGCONT)

    def children(self):
        """Of main: the duties."""
        return (Path('/proc') / str(self.agent.pid) / 'task' / str(self.agent.pid) / 'children').read_text().split()

    def runs(self, path):
        try:
            return sh(path).returncode == 0
        except PermissionError:
            return False

    def changes(self):
        return json.loads(self.sekisho('window', 'difference', '--json').stdout)

    def open_by_code(self, length='1h', scope='updaters', *more):
        asked = json.loads(self.sekisho('window', 'ask', '--for', length, '--scope', scope, '--json').stdout)
        return self.sekisho('code', desk(asked['challenge']), '--change', 'CHG-9', '--owner', 'M. Sato', '--json', *more)

    def told(self, code):
        """Events of a kind that the spool holds."""
        self.spool = b''.join(p.read_bytes() for p in sorted((self.root / 'var/lib/sekisho/spool').glob('[0-9]*')))
        return self.spool.count(f'"event_code":"{code}"'.encode())

    def close(self):
        self.stop()
        for _ in range(50):
            if sh('umount', self.disk).returncode in (0, 32) and not os.path.ismount(self.disk):
                break
            time.sleep(0.1)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        if why[0] or failed:
            print('# ' + (self.folder / 'agent.log').read_text()[-6000:].replace('\n', '\n# ') if (self.folder / 'agent.log').exists() else '# no log')
        self.close()
