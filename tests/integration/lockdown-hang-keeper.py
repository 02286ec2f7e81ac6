#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=180
#
# The keeper is killed and stopped; then both of the pair, for whom the kernel answers: it allows. And fifty deaths leave no descriptor behind.
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import lockdown_lab as lab  # noqa: E402
from lockdown_lab import DENIED, RAN, UNKNOWN, Tally, attempt, point, program, ready  # noqa: E402


def try_keeper_killed():
    disk, rig = ready()
    tally = Tally()
    first = rig.kill(1)
    tally.run(disk.kept, RAN)
    tally.run(disk.fresh(), DENIED)
    tally.tell('keeper killed while idle')
    back = rig.until(3, lambda c: c['keepers'] == 2)
    guard, keeper = rig.pids()
    point(back is not None and keeper != first and lab.alive(keeper) and lab.alive(guard), 'the guard has made another', rig.pids())
    rig.kill(0, signal.SIGSTOP)
    time.sleep(0.2)
    tally = Tally(2.5)
    tally.run(disk.kept, RAN)
    tally.run(disk.fresh(), DENIED)
    rig.kill(0, signal.SIGCONT)
    tally.tell('which does its work: it answers for a stopped guard')
    rig.kill(0)
    back = rig.until(15, lambda c: c['guards'] == 2 and lab.alive(rig.pids()[0]))
    point(back is not None, f'and makes a new guard: after {(back or 99) * 1000:.0f} ms')
    rig.end()


def try_keeper_killed_in_storm():
    disk, rig = ready()
    collect, kills = lab.storm(3, disk), 0
    for _ in range(12):
        time.sleep(0.2)
        kills += rig.kill(1) > 0
    collect().tell('keeper killed twelve times in a storm')
    back = rig.until(3, lambda c: c['keepers'] == kills + 1)
    counts = rig.counts()
    point(kills >= 10 and back is not None and counts['guards'] == 1, f'{kills} times it came back, the guard lived', counts)
    rig.end()


def try_keeper_stopped():
    disk, rig = ready()
    rig.kill(1, signal.SIGSTOP)
    tally = Tally()
    for _ in range(10):
        tally.run(disk.kept, RAN)
        tally.run(disk.fresh(), DENIED)
    tally.tell('keeper stopped: the guard goes on')
    counts = rig.counts()
    point(counts['keeper'] == 0 and counts['hashed'] >= 10, 'by content', counts)
    rig.end()


def try_keeper_stopped_reads_hang():
    fuse = lab.Fuse('--no-open', '--no-flush')
    path = fuse.put('sick', program(UNKNOWN, 'sick', 1 << 20))
    fuse.mount()
    disk, rig = ready(others=[fuse.place])
    fuse.put('first', program(UNKNOWN, 'first'))
    fuse.ask_once()
    rig.kill(1, signal.SIGSTOP)
    fuse.stop()
    tally = Tally()
    tally.run(path, DENIED)
    tally.tell('keeper stopped, and reading the file hangs: the guard itself looks after the deadline')
    fuse.go()
    rig.end()


def try_no_group():
    """Both stopped, so that neither can make the other again; then both killed."""
    disk, rig = ready()
    path = disk.fresh()
    rig.kill(0, signal.SIGSTOP)
    rig.kill(1, signal.SIGSTOP)
    waiting, tally = lab.Attempt(path), Tally()
    time.sleep(0.5)
    rig.kill(0)
    rig.kill(1)
    released = time.monotonic()
    how, _, code = waiting.result()
    spent = time.monotonic() - released
    point(how == RAN and code == UNKNOWN and spent < lab.SECOND,
          f'both stopped, an event pending, both killed at once: the kernel allows it, {spent * 1000:.0f} ms after', how)
    for _ in range(5):
        tally.run(disk.kept, RAN)
        tally.run(disk.fresh(), RAN)
    tally.tell('and all that come later: nothing hangs, nothing is refused')
    rig.end()


def descriptors(pid):
    names = []
    for fd in os.listdir(f'/proc/{pid}/fd'):
        try:
            names.append(os.readlink(f'/proc/{pid}/fd/{fd}'))
        except OSError:
            pass
    return names


def still(rig):
    """What the pair has open when nothing goes on."""
    names = descriptors(rig.pids()[0])
    for _ in range(40):
        time.sleep(0.02)
        names, before = descriptors(rig.pids()[0]), names
        if names == before:
            break
    return sorted(names)


def try_fifty_deaths():
    disk, rig = ready()
    rig.settle()
    before, worst, tally = still(rig), [], Tally()
    for turn in range(50):
        which = turn % 2
        if which == 0:
            rig.settle()
        seen = rig.counts()
        sick = disk.fresh()
        waiting = lab.Attempt(sick)
        rig.kill(which)
        tally.add(sick, waiting.result(), DENIED)
        tally.run(disk.kept, RAN)
        name = ('guards', 'keepers')[which]
        if rig.until(5, lambda c: c[name] > seen[name] and all(lab.alive(pid) for pid in rig.pids())) is None:
            worst.append(f'{turn}: not back')
            break
    tally.tell('guard and keeper killed by turns, fifty times, with an execution on its way')
    point(not worst, 'each came back', worst)
    after = still(rig)
    point(len(after) <= len(before), f'the pair had {len(before)} descriptors open, and has {len(after)}',
          '\n'.join(['before:', *before, 'after:', *after]))
    on_disk = [name for name in after if name.startswith(str(disk.place))]
    point(not on_disk, 'none of them is a program\'s', on_disk)
    rig.end()


def try_many_keepers():
    """No guard dies here, so nothing is swept."""
    disk, rig = ready()
    before = still(rig)
    for turn in range(40):
        if rig.kill(1):
            rig.until(3, lambda c: c['keepers'] >= turn + 2 and lab.alive(rig.pids()[1]))
    after = still(rig)
    point(rig.counts()['keepers'] == 41 and len(after) <= len(before) + 1, f'40 keepers died: {len(before)} descriptors before, {len(after)} after',
          '\n'.join(after))
    rig.end()


lab.isolate()
try_keeper_killed()
try_keeper_killed_in_storm()
try_keeper_stopped()
try_keeper_stopped_reads_hang()
try_no_group()
try_many_keepers()
try_fifty_deaths()
lab.finish()
