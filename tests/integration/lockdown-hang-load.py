#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=180
#
# Too much, too large, and strange: storms of programs never seen, files whose hashing takes longer than the deadline, FIFOs, empty files, scripts, files
# that somebody writes to or cuts off meanwhile, files without a name, and what fanotify does not see.
import os
import select
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import lockdown_lab as lab  # noqa: E402
from lockdown_lab import BUSY, DENIED, KNOWN, RAN, UNKNOWN, Attempt, Tally, attempt, digest, point, program, ready  # noqa: E402

STORM = 300


def rush(paths):
    """All at once: each waits for the same moment. Returns the attempts."""
    gate, go = os.pipe()
    started = []
    for path in paths:
        one = object.__new__(Attempt)
        one.pipe, out = os.pipe2(os.O_CLOEXEC)
        one.pid = os.fork()
        if one.pid == 0:
            os.close(go)
            os.read(gate, 1)  # until it is closed
            try:
                os.execve(path, [str(path)], {})
            except OSError as e:
                os.write(out, bytes([e.errno]))
            os._exit(0)
        os.close(out)
        started.append(one)
    os.close(gate)
    now = time.monotonic()
    os.close(go)
    for one in started:
        one.began = now
    return started


def answers(counts):
    """To programs that are not on the list."""
    return sum(counts[name] for name in ('unknown', 'trouble1', 'trouble2', 'trouble3', 'trouble4', 'trouble5'))


def try_overload(failure, wanted, overload_says='failure'):
    """`wanted`: how an execution may end. A setting of its own for overload comes before the failure setting."""
    disk, rig = ready(failure=failure, deadline=2000, options=('--overload', overload_says))  # long, so that it is not what empties the queue
    paths = [disk.fresh() for _ in range(STORM)]
    for path in paths:
        os.truncate(path, 8 << 20)
    before = rig.counts()
    started = rush(paths)
    quick = Tally(2.5)  # 300 others want the same two cores
    while quick.tries < 5 or any(not done(one) for one in started[-5:]) and quick.tries < 200:
        quick.run(disk.kept, RAN)
    tally = Tally(8)
    let_through = sum(tally.add(path, one.result(20), wanted) == RAN for path, one in zip(paths, started))
    rig.until(2, lambda c: answers(c) - answers(before) == STORM)  # counted right behind the answer
    after = rig.counts()
    tally.tell(f'{STORM} programs of 8 MiB never seen start at once, failure setting {failure}')
    overload = after['trouble2'] - before['trouble2']
    others = after['trouble1'] + after['trouble5'] - before['trouble1'] - before['trouble5']
    point(overload > 0 and overload + others > 50, f'{overload} were answered by it because the queue was full, {others} by deadline; counted', after)
    if overload_says == 'deny':
        point(let_through <= others, f'overload: deny beside failure: allow: {let_through} were let through, none of them because the queue was full', after)
    elif failure == 'allow':
        point(0 < let_through <= overload + others, f'{let_through} were let through: no more than that', after)
    told = answers(after) - answers(before)
    point(told == STORM, f'{STORM} executions, {told} answers: none twice, none never', after)
    quick.tell('a known program meanwhile')
    tally = Tally()
    tally.run(disk.put('late', program(KNOWN)), RAN)
    tally.run(disk.fresh(), DENIED)
    tally.tell('afterwards all is judged by content')
    rig.end()


def done(one):
    return bool(select.select([one.pipe], [], [], 0)[0])


def try_large():
    """With a deadline of 60 ms, 300 MiB cannot be hashed within it."""
    disk = lab.Disk(800)
    known, unknown = disk.big('large', KNOWN), disk.big('large2', UNKNOWN)
    holes = disk.put('holes', program(KNOWN, 'holes', 1 << 20))
    os.truncate(holes, 300 << 20)
    disk, rig = ready(disk, hashes=[lab.digest_file(known), lab.digest_file(holes)], deadline=60)
    for path, wanted, name in ((known, RAN, 'known'), (holes, RAN, 'known, most of it holes'), (unknown, DENIED, 'unknown')):
        for _ in range(3):  # a machine that is busy beyond measure may really make no progress for 60 ms
            before = rig.counts()['trouble1']
            how = attempt(path)
            by_deadline = rig.counts()['trouble1'] > before
            if not by_deadline:
                break
        point(how[0] == wanted and 0.06 < how[1] < 5 and not by_deadline, f'300 MiB, {name}: judged by content after {how[1] * 1000:.0f} ms, deadline 60 ms', how)
    how, seconds, _ = attempt(known)
    point(how == RAN and seconds < 0.1, f'the second time from the cache: {seconds * 1000:.1f} ms')
    rig.end()


def try_cut_off():
    """Who opens it for writing waits for the lease; whoever has it open already is a writer."""
    disk = lab.Disk(450)
    large = disk.big('large', KNOWN)
    disk, rig = ready(disk, hashes=[lab.digest_file(large)])
    waiting = Attempt(large)
    time.sleep(0.1)
    cutter = threading.Thread(target=os.truncate, args=(large, 4096))
    began = time.monotonic()
    cutter.start()
    result = waiting.result()
    cutter.join(20)
    tally = Tally(3)
    tally.add(large, result, (DENIED, BUSY, RAN))
    point(not tally.wrong and (result[0] != RAN or result[2] == KNOWN), f'cut off while it is hashed: {result[0]} after {result[1] * 1000:.0f} ms', result)
    point(not cutter.is_alive(), f'who cut it off was not kept waiting for ever ({(time.monotonic() - began) * 1000:.0f} ms)')
    tally = Tally()
    tally.run(large, DENIED)
    tally.tell('and what is left of it is judged by its content')
    rig.end()


def try_strange():
    disk, rig = ready()
    tally = Tally()
    fifo = disk.place / 'fifo'
    os.mkfifo(fifo, 0o755)
    tally.run(fifo, os.strerror(13))
    tally.run(disk.place, os.strerror(13))
    tally.tell('a FIFO and a folder: the kernel refuses them itself')
    tally = Tally()
    tally.run(disk.put('empty', b''), DENIED)
    tally.tell('an empty file, not listed')
    path = disk.put('written', program(KNOWN))
    with open(path, 'r+b'):
        tally = Tally()
        tally.run(path, (BUSY, DENIED))
        tally.tell('a listed program that is open for writing')
    tally = Tally()
    tally.run(path, RAN)
    tally.tell('and when its writer has left')
    try_scripts(disk, rig)
    try_nameless(disk, rig)
    rig.end()


def try_scripts(disk, rig):
    known_shell, unknown_shell = disk.kept, disk.fresh()
    known, bad = f'#!{known_shell}\n'.encode(), f'#!{unknown_shell}\n'.encode()
    rig.list.write_text(''.join(f'{digest(c)}\n' for c in (program(KNOWN), known, bad)))
    rig.ask(f'list {rig.list}')
    tally = Tally()
    tally.run(disk.put('script', known), RAN)
    tally.run(disk.put('script2', known + b'# more\n'), DENIED)
    tally.run(disk.put('script3', bad), DENIED)
    tally.tell('a script: known with a known interpreter runs; itself unknown, or with an unknown interpreter, it does not')


def try_nameless(disk, rig):
    tally = Tally()
    for code, wanted in ((KNOWN, RAN), (UNKNOWN, DENIED)):
        path = disk.put('nameless', program(code))
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        path.unlink()
        tally.add(path, Attempt(path, fd).result(), wanted)
        os.close(fd)
    tally.tell('fexecve of a file without a name: judged by content')
    before = rig.counts()['events']
    fd = os.memfd_create('nobody asks')
    os.write(fd, program(UNKNOWN))
    os.fchmod(fd, 0o755)
    reader = os.open(f'/proc/self/fd/{fd}', os.O_RDONLY | os.O_CLOEXEC)
    os.close(fd)
    how, _, code = Attempt('memfd', reader).result()
    point(how == RAN and code == UNKNOWN and rig.counts()['events'] == before, 'not covered, and so it is: a program in memory (memfd) runs and nobody is asked', how)
    os.close(reader)


lab.isolate()
try_overload('deny', DENIED)
try_overload('allow', (DENIED, RAN))
try_overload('allow', (DENIED, RAN), overload_says='deny')
try_large()
try_cut_off()
try_strange()
lab.finish()
