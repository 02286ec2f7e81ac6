#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=120
#
# lockdown-siege.py - what a user without rights can do to guard and keeper with files of his own: they must neither hang nor let an unknown
# program start. The failure setting is "allow" here, so that every way to make the guard give up would show.

import ctypes
import fcntl
import hashlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('SEKISHO_BUILD', TOP / 'build'))
USER = 61199
count = failed = 0


def point(good, name, why=''):
    global count, failed
    count += 1
    failed += not good
    print(f'{"ok" if good else "not ok"} {count} - {name}' + ('' if good else f'\n# {why}'), flush=True)


def program(code):
    """An ELF file that exits with `code`: mov edi, code; mov eax, 60; syscall."""
    head = bytes.fromhex('7f454c46020101000000000000000000') + (2).to_bytes(2, 'little') + (62).to_bytes(2, 'little') + \
        (1).to_bytes(4, 'little') + (0x400078).to_bytes(8, 'little') + (64).to_bytes(8, 'little') + bytes(12) + \
        bytes.fromhex('4000380001000000') + bytes(4)
    segment = (1).to_bytes(4, 'little') + (5).to_bytes(4, 'little') + bytes(8) + 2 * (0x400000).to_bytes(8, 'little') + \
        2 * (0x1000).to_bytes(8, 'little') + (0x1000).to_bytes(8, 'little')
    return (head + segment + b'\xbf' + code.to_bytes(4, 'little') + b'\xb8\x3c\0\0\0\x0f\x05').ljust(4096, b'\0')


def put(path, content, size=0):
    path.write_bytes(content)
    if size:
        os.truncate(path, size)
    os.chown(path, USER, USER)
    path.chmod(0o755)


def start(path):
    """The exit code, or -errno; None after 10 s."""
    try:
        child = subprocess.Popen([path], user=USER, group=USER)
    except OSError as error:
        return -error.errno
    try:
        return child.wait(10)
    except subprocess.TimeoutExpired:
        return None


def leave_starting(path):
    """Asks for an execution and does not wait for it: a process of its own, because the question may hang."""
    pid = os.fork()
    if pid == 0:
        os.setgid(USER)
        os.setuid(USER)
        try:
            os.execv(path, [path])
        finally:
            os._exit(1)
    return pid


def hold_lease(path):
    """A process of the user that holds a write lease on his file and does not give it back."""
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        os.setgid(USER)
        os.setuid(USER)
        fd = os.open(path, os.O_RDWR)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        os.write(told, b'x')
        signal.pause()
        os._exit(0)
    os.close(told)
    point(os.read(ready, 1) == b'x', f'a user takes a write lease on {path.name}')
    os.close(ready)
    return pid


def end(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        os.waitpid(pid, 0)


def try_leases(disk, good):
    """Opening a file with somebody's write lease on it waits up to 45 s for the holder. One reader of events after the other would."""
    holders, askers = [], []
    for i in range(4):
        put(disk / f'leased{i}', program(66))
        holders.append(hold_lease(disk / f'leased{i}'))
    for i in range(4):
        askers.append(leave_starting(disk / f'leased{i}'))
    time.sleep(0.5)
    worst, codes = 0, set()
    for _ in range(5):
        before = time.monotonic()
        codes.add(start(good))
        worst = max(worst, time.monotonic() - before)
        if None in codes:
            break
    end(holders)
    end(askers)
    point(codes == {7} and worst < 2, 'meanwhile a known program starts', f'{codes}, at most {worst:.2f} s')


def try_huge(disk):
    """A file that nobody can hash in time must not get in by that."""
    put(disk / 'huge', program(66), 1 << 40)
    before = time.monotonic()
    code = start(disk / 'huge')
    point(code == -1, 'a sparse file of 1 TiB is refused', f'{code}')
    point(time.monotonic() - before < 5, 'and at once', f'{time.monotonic() - before:.1f} s')


def try_load(disk):
    """Large files that are started together keep no small one from being judged: not the known one, and not the unknown one."""
    askers = []
    for i in range(6):
        put(disk / f'large{i}', program(66), 4 << 30)
        askers.append(leave_starting(disk / f'large{i}'))
    time.sleep(0.3)
    put(disk / 'other', program(66) + bytes(256 << 10) + b'x')  # the reader hashes smaller ones itself: it needs a worker
    code = start(disk / 'other')
    point(code == -1, 'an unknown program is refused while six large files are judged', f'{code}')
    end(askers)


def begin(disk, tmp):
    put(disk / 'good', program(7))
    (tmp / 'list').write_text(hashlib.sha256(program(7)).hexdigest() + '\n')
    rig = subprocess.Popen([BUILD / 'lockdown-rig', '--mode', 'enforce', '--failure', 'allow', '--deadline', '1000', '--list', tmp / 'list', disk],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    rig.stdout.readline()
    os.set_blocking(rig.stdout.fileno(), False)
    point(start(disk / 'good') == 7, 'the known program starts')
    put(disk / 'bad', program(66))
    point(start(disk / 'bad') == -1, 'an unknown program is refused')
    return rig


def main():
    if ctypes.CDLL(None, use_errno=True).unshare(0x20000):
        raise SystemExit('Bail out! unshare')
    subprocess.run(['mount', '--make-rprivate', '/'], check=True)
    with tempfile.TemporaryDirectory() as name:
        tmp, disk = pathlib.Path(name), pathlib.Path(name) / 'disk'
        tmp.chmod(0o755)
        disk.mkdir()
        subprocess.run(['truncate', '-s', '64M', tmp / 'image'], check=True)
        subprocess.run(['mke2fs', '-q', '-F', '-t', 'ext4', '-b', '4096', tmp / 'image'], check=True)
        subprocess.run(['mount', '-o', 'loop', tmp / 'image', disk], check=True)
        rig = None
        try:
            rig = begin(disk, tmp)
            try_leases(disk, disk / 'good')
            try_huge(disk)
            try_load(disk)
        finally:
            if rig:
                rig.stdin.close()
                rig.wait(30)
            subprocess.run(['umount', '-l', disk], check=False)
    print(f'1..{count}')
    return failed > 0


sys.exit(main())
