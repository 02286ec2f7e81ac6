# SPDX-License-Identifier: GPL-3.0-or-later
#
# run.py - runs one test program: own process group, own temporary folder, a time limit.
#
# Owns what a test may leave behind: nothing. After each program the processes, mounts, pins (pins.py) and files it left are removed, and
# processes, mounts and pins count as a failure. Does not know suites (suites.py) or totals (report.py).

import ctypes
import os
import shutil
import signal
import subprocess
import threading
import time

from tap import Point, Reader

MARK = 'SEKISHO_CHECK_ID'
RUNNING = {}     # mark: process
SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


class Program:
    """A test program: what to start, and how it must be treated."""

    def __init__(self, suite, name, argv, timeout=300, exclusive=False, needs_root=False, plain=False, may_leave=False,
                 folder=None, env=None):
        self.suite, self.name, self.argv = suite, name, [str(word) for word in argv]
        self.timeout, self.exclusive, self.needs_root = timeout, exclusive, needs_root
        self.plain = plain      # has no TAP: its exit code is the one result
        self.may_leave = may_leave      # leaves processes by its nature: they are only killed
        self.folder = folder            # where it is started, the repository unless said
        self.env = env or {}

    @property
    def full_name(self):
        return f'{self.suite}/{self.name}'


class Outcome:
    def __init__(self, program, points, seconds, log):
        self.program, self.points, self.seconds, self.log = program, points, seconds, log


def environment(program, root, tmp, mark, extra):
    env = {k: v for k, v in os.environ.items() if not k.startswith(('SEKISHO_POINT', 'MESON_', 'NINJA_'))}
    mine = [p for p in env.get('PATH', '').split(':') if p and p not in SYSTEM_PATH.split(':')]
    env.update(PATH=':'.join([SYSTEM_PATH] + mine), LC_ALL='C.UTF-8', TMPDIR=tmp, HOME=tmp, SEKISHO_SOURCE=str(root),
               NODE_PATH=str(root / 'build/npm-tests/node_modules'), PYTHONDONTWRITEBYTECODE='1')
    env.setdefault('UBSAN_OPTIONS', 'print_stacktrace=1')
    env.setdefault('SEKISHO_CACHE', str(root / 'build/cache'))
    if (root / '../shared/data').is_dir():
        env.setdefault('SEKISHO_DATA', str((root / '../shared/data').resolve()))
    env.update(extra)
    env.update(program.env)
    env[MARK] = mark
    return env


PF_KTHREAD = 0x00200000


def look_at(pid):
    """(name, environment) of a process, or nothing of what has ended, is a kernel thread, or is not ours to look at."""
    try:
        with open(f'/proc/{pid}/stat') as file:
            comm, rest = file.read().rsplit(')', 1)
        with open(f'/proc/{pid}/environ', 'rb') as file:
            environ = file.read()
    except OSError:
        return None
    fields = rest.split()
    if fields[0] in 'ZX' or int(fields[6]) & PF_KTHREAD:
        return None
    return comm.split('(', 1)[1], environ.split(b'\0') if environ else []


def marked_processes(mark):
    """Processes that carry the mark in their first environment, however they were daemonized."""
    exact, below = f'{MARK}={mark}'.encode(), f'{MARK}={mark}/'.encode()
    found, unsure = [], [pid for pid in os.listdir('/proc') if pid.isdigit()]
    for _ in range(3):      # in the moment of its exec a process shows no environment: look at those again
        seen = [(pid, look) for pid in unsure if (look := look_at(pid))]
        found += [(int(pid), name) for pid, (name, words) in seen
                  if any(word == exact or word.startswith(below) for word in words)]
        unsure = [pid for pid, (_, words) in seen if not words]
        if not unsure:
            break
        time.sleep(0.002)
    return found


def kill_left_processes(mark, patience):
    """Names of the processes that still ran when patience (seconds) was over; they are killed."""
    deadline = time.monotonic() + patience
    while (left := marked_processes(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid, _ in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    return [f'{name} ({pid})' for pid, name in left]


def unmount_below(folder):
    with open('/proc/self/mounts') as file:
        points = [line.split()[1].encode().decode('unicode_escape') for line in file]
    left = [point for point in points if point.startswith(folder + '/')]
    for point in reversed(left):
        ctypes.CDLL(None).umount2(point.encode(), 2)    # MNT_DETACH
    return left


def pump(process, log, reader):
    for raw in process.stdout:
        log.write(raw)
        log.flush()
        if reader:
            reader.feed(raw.decode('utf-8', 'replace').rstrip('\r\n'))


def kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass


def wait_for(process, thread, timeout):
    """Exit status, or None when the time limit was reached and the program was killed."""
    try:
        status = process.wait(timeout)
        thread.join(1)
        return status
    except subprocess.TimeoutExpired:
        kill_group(process.pid)
        process.wait()
        return None


def start(program, root, tmp, mark, extra):
    os.mkdir(tmp)
    os.chmod(tmp, 0o755)    # our processes run as users of their own and must get through
    env = environment(program, root, tmp, mark, extra)
    return subprocess.Popen(program.argv, cwd=program.folder or root, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, start_new_session=True)


def judge(program, reader, status, left, mounts, pins):
    """The points of a finished program, with its own failure as one point more."""
    points = reader.points if reader else []
    if status is None:
        trouble = f'killed: not finished after {program.timeout} s'
    elif reader:
        trouble = reader.finish(status)
        if reader.skip_all is not None and reader.planned == 0 and not trouble:
            points = [Point('', 'skip', reader.skip_all)]
    else:
        trouble = f'exit code {status}' if status else None
        if not trouble:
            points = [Point('', 'pass')]
    if not trouble and left and not program.may_leave:
        trouble = 'left processes running: ' + ', '.join(left)
    if not trouble and mounts:
        trouble = 'left mounts: ' + ', '.join(mounts)
    if not trouble and pins:
        trouble = 'left BPF pins: ' + ', '.join(pins)
    return points + ([Point('', 'fail', trouble)] if trouble else [])


def run_program(program, root, scratch, number, extra, pins):
    """Run a Program to its end and return its Outcome. Never raises because of what the program does."""
    log_path = root / 'build/log/check' / program.suite / (program.name.replace('/', '-') + '.log')
    log_path.parent.mkdir(parents=True, exist_ok=True)
    tmp, mark = f'{scratch}/{number}', f'{os.path.basename(scratch)}-{number}'
    if MARK in os.environ:
        mark = f'{os.environ[MARK]}/{mark}'     # we are a test ourselves: whoever runs us finds ours too
    reader = None if program.plain else Reader()
    began = time.monotonic()
    with open(log_path, 'wb') as log:
        try:
            process = start(program, root, tmp, mark, extra)
        except OSError as error:
            return Outcome(program, [Point('', 'fail', f'cannot start: {error}')], 0.0, log_path)
        RUNNING[mark] = process
        thread = threading.Thread(target=pump, args=(process, log, reader), daemon=True)
        thread.start()
        status = wait_for(process, thread, program.timeout)
        pins.look()     # while those that are to be killed still say whose theirs are
        left = kill_left_processes(mark, 0 if status is None else 2)
        kill_group(process.pid)     # what has cleared its environment
        thread.join(5)
        del RUNNING[mark]
    mounts = unmount_below(tmp)
    pinned = pins.take(mark, tmp)
    shutil.rmtree(tmp, ignore_errors=True)
    return Outcome(program, judge(program, reader, status, left, mounts, pinned), time.monotonic() - began, log_path)


def stop_all(scratch, pins):
    """Called when the runner is interrupted: nothing of any test stays."""
    for mark, process in list(RUNNING.items()):
        kill_group(process.pid)
        kill_left_processes(mark, 0)
        pins.take(mark, scratch)
    unmount_below(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
