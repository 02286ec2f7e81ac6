#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=180
#
# A dead file system in the scope: a FUSE whose daemon is stopped, and an ext4 on a loop device whose image lies on it. What is asked there is answered
# by the deadline where the kernel lets us answer at all; the healthy ext4 beside it does not notice.
import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import lockdown_lab as lab  # noqa: E402
from lockdown_lab import DENIED, KNOWN, RAN, UNKNOWN, Attempt, Tally, attempt, digest, point, program, ready  # noqa: E402

SIZE = 1 << 20
LARGER = 100 << 10  # the reader does not hash it itself


LISTED = program(KNOWN, 'listed', LARGER)


def sick(*options, files=4, failure='deny'):
    fuse = lab.Fuse(*options)
    fuse.put('first', program(UNKNOWN, 'first'))
    paths = [fuse.put(f'sick{i}', program(UNKNOWN, f'sick {i}', SIZE)) for i in range(files)]
    fuse.mount()
    disk, rig = ready(others=[fuse.place], failure=failure, hashes=[digest(LISTED)])
    if '--no-open' in options:
        fuse.ask_once()
    return fuse, paths, disk, rig


def healthy(disk, name, tries=10, bound=0.5):
    tally = Tally(bound)
    for _ in range(tries):
        tally.run(disk.kept, RAN)
        tally.run(disk.fresh(size=LARGER), DENIED)
    tally.tell(name)


def try_works():
    fuse = lab.Fuse()
    known, unknown = fuse.put('k', program(KNOWN, 'on fuse')), fuse.put('u', program(UNKNOWN, 'on fuse'))
    fuse.mount()
    disk, rig = ready(others=[fuse.place], hashes=[digest(program(KNOWN, 'on fuse'))])
    tally = Tally()
    tally.run(known, RAN)
    tally.run(unknown, DENIED)
    tally.tell('a FUSE file system that lives: judged by content')
    rig.end()


def try_reads_hang(failure, wanted, answer):
    fuse, paths, disk, rig = sick('--no-open', '--no-flush', failure=failure)
    fuse.stop()
    waiting = [Attempt(path) for path in paths]
    if failure == 'deny':
        healthy(disk, 'four executions wait for a dead FUSE: the healthy ext4 does not')
    tally = Tally()
    for path, one in zip(paths, waiting):
        result = one.result(3 if wanted == DENIED else 0.9)
        tally.add(path, (result[0], min(result[1], 0.9) if wanted != DENIED else result[1], 0), wanted)
    counts = rig.counts()
    if wanted == DENIED:
        tally.tell(f'reading a dead FUSE, deadline 200 ms, failure setting {failure}: {answer}')
    point(counts['trouble1'] >= 4 and counts['keeper'] >= 4, f'failure setting {failure}: the keeper answered, and counted it as overdue', counts)
    fuse.go()
    time.sleep(0.3)
    if failure == 'deny':
        tally = Tally()
        tally.run(fuse.place / 'first', DENIED)
        tally.tell('the daemon goes on: its file system is judged again')
        healthy(disk, 'and the healthy ext4 as before')
    rig.end()


def try_many_wait():
    """More than the queue has places."""
    fuse, paths, disk, rig = sick('--no-open', '--no-flush', files=150)
    fuse.stop()
    tally = Tally(2)
    waiting = [Attempt(path) for path in paths]
    for path, one in zip(paths, waiting):
        tally.add(path, one.result(), DENIED)
    tally.tell('150 executions on a dead FUSE')
    known = disk.put('known2', LISTED)
    tally = Tally(0.5)
    for turn in range(5):
        tally.run(disk.put(f'known{turn}', LISTED), RAN)
        tally.run(disk.fresh(), DENIED)
    tally.run(known, RAN)
    tally.tell('while they block their places: a listed program of the healthy ext4, never seen, is judged by content')
    tally = Tally(0.5)
    for _ in range(300):
        tally.run(known, RAN)
        tally.run(disk.fresh(), DENIED)
    tally.tell('and 300 refusals there do not fill the table')
    fuse.go()
    time.sleep(0.5)
    tally = Tally()
    tally.run(fuse.place / 'first', DENIED)
    tally.run(disk.kept, RAN)
    tally.tell('the daemon goes on: both are judged')
    rig.end()


def try_two_dead():
    first, second = lab.Fuse('--no-open', '--no-flush'), lab.Fuse('--no-open', '--no-flush')
    for fuse in (first, second):
        for name in ('first', 'a', 'b'):
            fuse.put(name, program(UNKNOWN, name, SIZE))
        fuse.mount()
    disk, rig = ready(others=[first.place, second.place])
    for fuse in (first, second):
        fuse.ask_once()
        fuse.stop()
    waiting, tally = [(path, Attempt(path)) for fuse in (first, second) for path in (fuse.place / 'a', fuse.place / 'b')], Tally()
    for path, one in waiting:
        tally.add(path, one.result(), DENIED)
    tally.tell('two dead FUSE file systems, two executions on each')
    healthy(disk, 'there is a worker left for the healthy ext4')
    counts = rig.counts()
    point(counts['trouble1'] == 4, 'and only the four were answered by deadline', counts)
    first.go()
    second.go()
    rig.end()


def try_flush_hangs():
    """The answer is given, and closing the file hangs."""
    fuse, _, disk, rig = sick('--stop-at', 'flush')
    tally = Tally()
    tally.run(fuse.place / 'first', DENIED)
    tally.tell('a FUSE that dies when the file is closed: the answer was given')
    point(fuse.stopped(), 'it is dead')
    healthy(disk, 'and 300 refusals on the healthy ext4 do not wait for it', tries=300)
    counts = rig.counts()
    point(counts['trouble5'] == 0 and counts['stalls'] == 0, 'all of them by the guard', counts)
    fuse.go()
    rig.end()


def try_open_hangs():
    """The kernel opens the file for us before it tells us which: there is nothing yet that could be answered."""
    fuse, paths, disk, rig = sick('--stop-at', 'open')
    waiting = Attempt(paths[0])
    point(fuse.stopped(), 'a FUSE that dies when the file is opened')
    second = Attempt(paths[1])
    time.sleep(0.5)
    healthy(disk, 'the healthy ext4 does not notice')
    rig.kill(1)
    rig.until(3, lambda c: c['keepers'] == 2)
    healthy(disk, 'nor with another keeper')
    rig.kill(0)
    time.sleep(0.3)
    healthy(disk, 'nor when the guard is killed, which cannot die while the dead one holds its thread', bound=1)
    fuse.process.kill()
    result = waiting.result(5)
    point(result[0] != lab.HUNG and result[0] != RAN, f'the daemon is killed: the first execution there ends ({result[0]})', result)
    result = second.result(5)
    point(result[0] != lab.HUNG and result[0] != RAN, f'and the second ({result[0]})', result)
    back = rig.until(15, lambda c: c['guards'] >= 2 and all(lab.alive(pid) for pid in rig.pids()))
    point(back is not None, 'and the pair is whole again', rig.counts())
    healthy(disk, 'and judges')
    rig.end()


def try_dead_device():
    fuse = lab.Fuse()
    lab.make_image(fuse.source / 'image', 16)
    writer = lab.Disk(image=fuse.source / 'image')
    paths = [writer.put(f'sick{i}', program(UNKNOWN, f'device {i}', SIZE)) for i in range(3)]
    os.system(f'umount {writer.place}')
    fuse.mount()
    dead = lab.Disk(options='loop,ro', image=fuse.place / 'image')
    paths = [dead.place / path.name for path in paths]
    for path in paths:
        path.stat()
    disk, rig = ready(others=[dead.place])
    fuse.stop()
    waiting, tally = [Attempt(path) for path in paths], Tally()
    healthy(disk, 'an ext4 whose block device is dead: the healthy one does not notice')
    for path, one in zip(paths, waiting):
        tally.add(path, one.result(3), DENIED)
    tally.tell('executions on the dead one, deadline 200 ms')
    fuse.go()
    time.sleep(0.5)
    tally = Tally()
    tally.run(paths[0], DENIED)
    tally.tell('the device goes on')
    point(rig.counts()['trouble1'] >= 3, 'counted as overdue', rig.counts())
    rig.end()


def begin_cap():
    """Progress moves the deadline on, but not for ever: this takes half a minute and runs beside the rest."""
    fuse = lab.Fuse('--slow', '60')
    slow = fuse.put('slow', program(KNOWN, 'slow', 100 << 20))
    short = fuse.put('short', program(KNOWN, 'short', 4 << 20))
    fuse.mount()
    disk, rig = ready(others=[fuse.place], deadline=1000,
                      hashes=[lab.digest_file(fuse.source / name) for name in ('slow', 'short')])
    found = []
    watcher = threading.Thread(target=lambda: found.extend([attempt(short, 20), attempt(slow, 45)]))
    watcher.start()
    return rig, watcher, found, fuse


def end_cap(rig, watcher, found, fuse):
    watcher.join()
    how, seconds, code = found[0]
    point(how == RAN and code == KNOWN and seconds > 1, f'a slow file system that goes on: judged by content after {seconds:.1f} s, deadline 1 s', how)
    how, seconds, _ = found[1]
    point(how == DENIED and 29 < seconds < 33, f'but not for ever: after {seconds:.1f} s the failure setting answers (30 s)', how)
    counts = rig.counts()
    point(counts['trouble1'] + counts.get('trouble6', 0) == 1, 'and is counted', counts)
    fuse.process.kill()
    rig.end()


lab.isolate()
cap = begin_cap()
try_works()
try_reads_hang('deny', DENIED, 'refused')
try_reads_hang('allow', lab.HUNG, '')
try_dead_device()
try_two_dead()
try_flush_hangs()
try_many_wait()
try_open_hangs()
end_cap(*cap)
lab.finish()
