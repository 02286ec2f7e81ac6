# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the tests of "nothing hangs" share: file systems of their own, lockdown-rig (guard and keeper alone) on them, and executions that are each
# watched: how they ended and how long they took. Every run lies in its own mount and process namespace, so whatever happens to the test, its
# processes, marks and mounts are gone with it.
import atexit
import collections
import hashlib
import os
import queue
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(os.environ.get('SEKISHO_SOURCE', Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get('SEKISHO_BUILD', ROOT / 'build'))
KNOWN, UNKNOWN = 7, 66  # exit codes of the two kinds of program
RAN, DENIED, BUSY, HUNG = 'ran', 'EPERM', 'ETXTBSY', 'hung'
SECOND = 1.0  # the bound of an answer where nothing else is said: deadline 200 ms, on two busy cores
ELF = bytes.fromhex('7f454c46020101000000000000000000' '02003e000100000078004000000000004000000000000000'
                    '0000000000000000' '00000000' '40003800' '0100' '0000' '0000' '0000'
                    '01000000' '05000000' '0000000000000000' '0000400000000000' '0000400000000000'
                    '8400000000000000' '8400000000000000' '0010000000000000') + b'\xbf'
CODE = bytes.fromhex('b83c0000000f05')

count = failed = 0


def point(good, name, why=''):
    global count, failed
    count += 1
    failed += not good
    print(f'{"ok" if good else "not ok"} {count} - {name}', flush=True)
    for line in str(why).splitlines() if why and not good else []:
        print('# ' + line, flush=True)


def note(text):
    print(f'# {text}', flush=True)


def finish():
    print(f'1..{count}', flush=True)
    sys.exit(failed > 0)


def isolate():
    """Starts this program anew as the first process of a namespace: all of it dies when that one does."""
    if not os.environ.get('LOCKDOWN_LAB'):
        os.environ['LOCKDOWN_LAB'] = 'inside'
        os.execvp('unshare', ['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc', sys.executable,
                              '-B', *sys.argv])
    signal.signal(signal.SIGALRM, lambda *_: (print('Bail out! it took too long', flush=True), os._exit(1)))
    signal.alarm(120)


def program(code, salt='', size=0):
    """A program of three instructions that exits with `code`; salt and size make its hash another."""
    body = ELF + code.to_bytes(4, 'little') + CODE + str(salt).encode()
    return body + bytes(max(0, size - len(body)))


class Attempt:
    """One execution. The pipe is closed by a successful exec and carries errno after one that failed."""

    def __init__(self, path, fd=None):
        self.began = time.monotonic()
        self.pipe, out = os.pipe2(os.O_CLOEXEC)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.execve(path if fd is None else fd, [str(path)], {})
            except OSError as e:
                os.write(out, bytes([e.errno]))
            os._exit(0)
        os.close(out)

    def result(self, limit=10.0):
        """(how, seconds, exit code)"""
        left = self.began + limit - time.monotonic()
        if not select.select([self.pipe], [], [], max(left, 0))[0]:
            os.kill(self.pid, signal.SIGKILL)
            self.reap()
            return HUNG, limit, None
        seconds = time.monotonic() - self.began
        said = os.read(self.pipe, 1)
        code = self.reap()
        return (RAN if not said else {1: DENIED, 26: BUSY, 8: 'ENOEXEC'}.get(said[0], os.strerror(said[0]))), seconds, code

    def reap(self):
        os.close(self.pipe)
        end = time.monotonic() + 3
        while time.monotonic() < end:  # a process in the hands of a dead file system cannot be waited for
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.0005)
        return None


def attempt(path, limit=10.0):
    return Attempt(path).result(limit)


class Yardstick:
    """
    How long an execution takes meanwhile that nobody guards. What the product promises is an answer by the deadline on a processor that it gets; between a
    test's execution and its answer some eight processes and threads have their turn, and a machine that others use gives each of them its turn late.
    """
    TURNS, MOST = 8, 4.0

    def __init__(self):
        self.taken = collections.deque(maxlen=600)
        threading.Thread(target=self.measure, daemon=True).start()

    def measure(self):
        while True:
            began = time.monotonic()
            os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)
            self.taken.append((began, time.monotonic() - began))
            time.sleep(0.1)

    def late(self, since):
        """Seconds by which others may have delayed what began at `since`."""
        return min(self.TURNS * max([seconds for began, seconds in list(self.taken) if began + seconds > since - 0.5], default=0), self.MOST)


class Tally:
    """Many executions, of which each must end as its kind does."""
    yardstick = None

    def __init__(self, bound=SECOND):
        self.bound, self.tries, self.worst, self.wrong = bound, 0, 0.0, []
        Tally.yardstick = Tally.yardstick or Yardstick()

    def add(self, path, result, wanted):
        how, seconds, _ = result
        self.tries += 1
        self.worst = max(self.worst, seconds)
        late = seconds > self.bound and seconds > self.bound + self.yardstick.late(time.monotonic() - seconds)
        if how not in (wanted if isinstance(wanted, tuple) else (wanted,)) or late:
            self.wrong.append(f'{Path(path).name}: {how} after {seconds * 1000:.0f} ms, not {wanted}')
        return how

    def run(self, path, wanted):
        return self.add(path, attempt(path, 2 * self.bound + 1), wanted)

    def tell(self, name):
        point(not self.wrong and self.tries, f'{name}: {self.tries} tries, the slowest {self.worst * 1000:.0f} ms (bound {self.bound * 1000:.0f})',
              '\n'.join(self.wrong[:20]))


class Rig:
    def __init__(self, mounts, hashes, deadline=200, failure='deny', mode='enforce', options=(), listed=None):
        self.list = listed or Path(tempfile.mkstemp(dir=scratch())[1])
        if not listed:
            self.list.write_text(''.join(f'{h}\n' for h in hashes))
        self.process = subprocess.Popen(['timeout', '-k', '2', '110', BUILD / 'lockdown-rig', '--mode', mode, '--failure', failure, '--deadline',
                                         str(deadline), '--list', self.list, *options, *mounts], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answers, self.records = queue.Queue(), []
        threading.Thread(target=self.listen, daemon=True).start()
        self.answers.get(timeout=20)
        self.born = time.monotonic()

    def listen(self):
        for line in self.process.stdout:
            if line.startswith(('exec ', 'record ', 'kernel ', 'hook ', 'noticed ')):
                self.records.append(line.strip())
            else:
                self.answers.put(line)

    def ask(self, words):
        self.process.stdin.write(words + '\n')
        self.process.stdin.flush()
        return self.answers.get(timeout=20)

    def pids(self):
        """guard, keeper"""
        return tuple(int(word) for word in self.ask('pids').split()[1:3])

    def counts(self):
        return {name: int(value) for name, value in re.findall(r'(\w+)=(\d+)', self.ask('count'))}

    def until(self, seconds, what):
        """Waits until what(counts) holds; the seconds that took, or None."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if what(self.counts()):
                return time.monotonic() - began
            time.sleep(0.01)
        return None

    def kill(self, which, signal_number=signal.SIGKILL):
        """0: the guard, 1: the keeper. The process id, or 0 when there was none to kill."""
        pid = self.pids()[which]
        if pid <= 1 or not alive(pid):
            return 0
        os.kill(pid, signal_number)
        return pid

    def settle(self):
        """Both alive, and the guard old enough to be started again at once when it dies."""
        self.until(15, lambda c: all(alive(pid) for pid in self.pids()))
        time.sleep(1.05)

    def end(self):
        for pid in self.pids():
            if alive(pid):
                os.kill(pid, signal.SIGCONT)
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def alive(pid):
    try:
        return pid > 0 and Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] not in 'ZX'
    except OSError:
        return False


def scratch():
    if not hasattr(scratch, 'path'):
        scratch.path = Path(tempfile.mkdtemp(prefix='lockdown-hang-'))
        atexit.register(clean)
        scratch.mounts = []
    return scratch.path


def clean():
    for place in reversed(scratch.mounts):
        subprocess.run(['umount', '-l', place], stderr=subprocess.DEVNULL)
    shutil.rmtree(scratch.path, ignore_errors=True)


class Disk:
    """An ext4 on an image, with a known program that is remembered, and as many others as are asked for."""
    made = 0

    def __init__(self, mebibytes=64, options='loop', image=None):
        Disk.made += 1
        self.place = scratch() / f'disk{Disk.made}'
        self.place.mkdir()
        self.image = image or scratch() / f'disk{Disk.made}.img'
        if not image:
            make_image(self.image, mebibytes)
        subprocess.run(['mount', '-t', 'ext4', '-o', options, self.image, self.place], check=True)
        scratch.mounts.append(self.place)
        self.salt = 0

    def put(self, name, content):
        path = self.place / name
        path.write_bytes(content)
        path.chmod(0o755)
        return path

    def known(self):
        self.kept = self.put('known', program(KNOWN))
        return self.kept

    def big(self, name, code, mebibytes=300):
        """A large program, all of it really there."""
        path, piece = self.put(name, program(code, name)), os.urandom(1 << 20)
        with open(path, 'r+b') as file:
            file.seek(1 << 20)
            for _ in range(mebibytes - 1):
                file.write(piece)
        return path

    def fresh(self, code=UNKNOWN, size=0):
        """A program nobody has seen; with KNOWN its hash is not on the list either."""
        self.salt += 1
        return self.put(f'fresh{self.salt}', program(code, f'{self.place.name} {self.salt}', size))


def make_image(path, mebibytes):
    with open(path, 'wb') as file:
        file.truncate(mebibytes << 20)
    subprocess.run(['mke2fs', '-q', '-F', '-t', 'ext4', '-b', '4096', '-O', '^has_journal', path], check=True)


def digest(content):
    return hashlib.sha256(content).hexdigest()


def digest_file(path):
    found = hashlib.sha256()
    with open(path, 'rb') as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


def warm(path):
    """Runs a program until it is remembered."""
    time.sleep(0.05)
    for _ in range(2):
        attempt(path)


def ready(disk=None, others=(), hashes=(), **options):
    """A disk with a rig on it; the known program is remembered."""
    disk = disk or Disk()
    disk.known()
    rig = Rig([disk.place, *others], [digest(program(KNOWN)), *hashes], **options)
    warm(disk.kept)
    return disk, rig


def storm(seconds, disk, bound=SECOND, runners=3, unknown=None):
    """Starts processes that run known and never-seen programs by turns; what they found comes from the function returned."""
    pipes = []
    for number in range(runners):
        inlet, out = os.pipe()
        pid = os.fork()
        if pid == 0:
            os._exit(storm_one(seconds, disk, bound, number, unknown, out))
        os.close(out)
        pipes.append((pid, inlet))

    def collect():
        total = Tally(bound)
        for pid, inlet in pipes:
            with open(inlet) as file:
                tries, worst, *wrong = file.read().split('\n')
            os.waitpid(pid, 0)
            total.tries += int(tries)
            total.worst = max(total.worst, float(worst))
            total.wrong += [line for line in wrong if line]
        return total
    return collect


def storm_one(seconds, disk, bound, number, unknown, out):
    tally, end, turn = Tally(bound), time.monotonic() + seconds, 0
    try:
        while time.monotonic() < end:
            turn += 1
            tally.run(disk.kept, RAN)
            path = unknown or disk.put(f'storm{number}-{turn}', program(UNKNOWN, f'{disk.place.name} {number} {turn}'))
            tally.run(path, DENIED)
            if not unknown:
                path.unlink()
    except OSError as e:
        tally.wrong.append(f'{e}')
    os.write(out, '\n'.join([str(tally.tries), str(tally.worst), *tally.wrong[:20]]).encode())
    return 0


class Fuse:
    """A file system whose daemon is ours to stop."""

    def __init__(self, *options):
        Disk.made += 1
        self.source, self.place = scratch() / f'source{Disk.made}', scratch() / f'fuse{Disk.made}'
        self.source.mkdir()
        self.place.mkdir()
        self.options = options
        self.process = None

    def put(self, name, content):
        path = self.source / name
        path.write_bytes(content)
        path.chmod(0o755)
        return self.place / name

    def mount(self):
        self.process = subprocess.Popen([BUILD / 'lockdown-fuse', self.source, self.place, *self.options], stdout=subprocess.PIPE, text=True)
        scratch.mounts.append(self.place)
        if self.process.stdout.readline() != 'ready\n':
            raise RuntimeError('FUSE cannot be mounted')
        for path in self.source.iterdir():  # the kernel knows names and attributes from now on
            (self.place / path.name).stat()

    def ask_once(self):
        """After this the kernel knows that it need not ask about open and flush: the guard closes a file behind its answer."""
        attempt(self.place / 'first')
        time.sleep(0.3)

    def stopped(self, seconds=5):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if ') T ' in Path(f'/proc/{self.process.pid}/stat').read_text():
                return True
            time.sleep(0.005)
        return False

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)
        self.stopped()

    def go(self):
        self.process.send_signal(signal.SIGCONT)
