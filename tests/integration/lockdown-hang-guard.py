#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=180
#
# The guard is killed, stopped and starved: no execution hangs, what is known runs, what is not known is answered by the failure setting, and
# the guard comes back. tests/support/lockdown_lab.py makes the file systems and watches the executions.
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import lockdown_lab as lab  # noqa: E402
from lockdown_lab import DENIED, KNOWN, RAN, Tally, attempt, point, ready  # noqa: E402

def try_untouched():
    disk, rig = ready()
    tally = Tally(0.5)
    for _ in range(20):
        tally.run(disk.kept, RAN)
        tally.run(disk.fresh(), DENIED)
    tally.tell('guard and keeper at work, known and unknown by turns')
    rig.end()


def try_killed_idle():
    disk, rig = ready()
    tally = Tally()
    rig.settle()
    rig.kill(0)
    tally.run(disk.kept, RAN)
    tally.run(disk.fresh(), DENIED)
    tally.tell('guard killed while idle')
    back = rig.until(5, lambda c: c['guards'] == 2)
    point(back is not None and back < 1, f'it is back, and counted, after {(back or 99) * 1000:.0f} ms')
    point(any(line.startswith('record 4') for line in rig.records), 'and there is a record of it', rig.records)
    rig.end()


def try_gap(failure, wanted, answer):
    """Killed young, the guard is not started again at once: the keeper alone decides."""
    disk, rig = ready(failure=failure)
    tally = Tally(0.5)
    for _ in range(4):  # 0, 200, 400, 800 ms
        rig.kill(0)
        rig.until(3, lambda c: lab.alive(rig.pids()[0]))
    pid = rig.kill(0)
    while rig.pids()[0] == pid:
        time.sleep(0.001)
    for _ in range(10):
        tally.run(disk.kept, RAN)
        tally.run(disk.fresh(), wanted)
    dead = not lab.alive(rig.pids()[0])
    tally.tell(f'no guard, failure setting {failure}: the known run, the never seen are {answer}')
    counts = rig.counts()
    point(dead and counts['trouble5'] >= 10 and counts['keeper'] >= 20, 'the keeper answered, and counted it as unattended', counts)
    back = rig.until(14, lambda c: lab.alive(rig.pids()[0]))
    point(back is not None, f'the guard is back after {back or 99:.1f} s')
    tally = Tally()
    tally.run(disk.kept, RAN)
    tally.run(disk.fresh(), DENIED)
    tally.tell('and judges by content again')
    rig.end()


def try_killed_in_storm():
    disk, rig = ready()
    rig.settle()
    before = rig.counts()
    collect = lab.storm(4, disk)
    kills = 0
    for _ in range(5):
        time.sleep(0.7)
        kills += rig.kill(0) > 0
    tally = collect()
    tally.tell('guard killed again and again in a storm: each known runs, each unknown is refused')
    rig.until(14, lambda c: lab.alive(rig.pids()[0]))
    after = rig.counts()
    told = sum(after[name] - before[name] for name in ('known', 'unknown', 'trouble1', 'trouble2', 'trouble3', 'trouble4', 'trouble5'))
    point(kills >= 3 and after['guards'] - before['guards'] == kills, f'it came back each of {kills} times', after)
    point(abs(told - tally.tries) <= 10, f'{tally.tries} executions, {told} answers counted', after)
    rig.end()


def try_killed_while_pending():
    """A writer makes the worker wait for three fifths of the deadline: so long the event is pending."""
    disk, rig = ready(deadline=2000)
    rig.settle()
    path, tally = disk.fresh(), Tally(3.0)
    with open(path, 'r+b'):
        waiting = lab.Attempt(path)
        time.sleep(0.1)
        rig.kill(0)
        tally.add(path, waiting.result(), (DENIED, lab.BUSY))
    tally.tell('guard killed while an event is pending (deadline 2 s): its successor answers')
    rig.end()


def try_killed_while_hashing():
    disk = lab.Disk(450)
    path = disk.big('big', KNOWN)
    disk, rig = ready(disk, hashes=[lab.digest_file(path)], deadline=500)
    rig.settle()
    began = time.monotonic()
    alone = attempt(path)
    took = alone[1]
    point(alone[0] == RAN, f'a known program of 300 MiB runs, judged in {took * 1000:.0f} ms', alone)
    os.utime(path)  # not remembered any more
    time.sleep(0.05)
    rig.settle()
    began = time.monotonic()
    waiting = lab.Attempt(path)
    time.sleep(took / 2)
    rig.kill(0)
    how, _, code = waiting.result()
    spent = time.monotonic() - began
    point(how == RAN and code == KNOWN and spent < 2 * took + 2, f'guard killed while hashing it: its successor hashes it anew, {spent * 1000:.0f} ms', how)
    os.utime(path)
    time.sleep(0.05)
    waiting = lab.Attempt(path)
    time.sleep(took / 4)
    rig.kill(0, signal.SIGSTOP)
    how, spent, _ = waiting.result()
    point(how == DENIED and spent < took + 1.5, f'guard stopped while hashing it: refused by the failure setting after {spent * 1000:.0f} ms', how)
    rig.kill(0, signal.SIGCONT)
    time.sleep(0.1)
    how, spent, _ = attempt(path)
    point(how == RAN, 'and when it goes on, the program runs', how)
    rig.end()


def try_stopped(name, bound, before=lambda rig: None):
    disk, rig = ready()
    before(rig)
    rig.kill(0, signal.SIGSTOP)
    tally = Tally(bound)
    for _ in range(10):
        tally.run(disk.kept, RAN)
        tally.run(disk.fresh(), DENIED)
    tally.tell(name)
    counts = rig.counts()
    point(counts['stalls'] >= 1 and counts['keeper'] >= 15, 'the keeper answered', counts)
    rig.kill(0, signal.SIGCONT)
    tally = Tally()
    for _ in range(50):
        tally.run(disk.kept, RAN)
        tally.run(disk.fresh(), DENIED)
    tally.tell('after SIGCONT every verdict is right')
    before_end = rig.counts()
    tally.run(disk.fresh(), DENIED)
    point(rig.counts()['hashed'] > before_end['hashed'], 'and the guard reads again', before_end)
    rig.end()


def within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def try_left_stopped():
    disk, rig = ready()
    rig.kill(0, signal.SIGSTOP)
    state = lambda: Path(f'/proc/{rig.pids()[0]}/stat').read_text().rsplit(')', 1)[1].split()[0]
    stopped = within(2, lambda: state() == 'T')
    point(stopped and within(12, lambda: state() != 'T'), 'a guard that somebody stopped and left is told to go on', state())
    tally = Tally()
    tally.run(disk.kept, RAN)
    tally.run(disk.fresh(), DENIED)
    tally.tell('and judges')
    rig.end()


def second_keeper(rig):
    """The guard's child, not its parent: nobody tells it that the guard was stopped."""
    rig.kill(1)
    rig.until(3, lambda c: c['keepers'] == 2)
    time.sleep(0.2)


def try_stopped_in_storm():
    disk, rig = ready()
    collect = lab.storm(4, disk)
    for _ in range(12):
        time.sleep(0.15)
        rig.kill(0, signal.SIGSTOP)
        time.sleep(0.15)
        rig.kill(0, signal.SIGCONT)
    collect().tell('guard stopped and continued twelve times in a storm: no verdict goes to the wrong program')
    counts = rig.counts()
    point(counts['keeper'] > 0 and counts['guards'] == 1, f'{counts["keeper"]} answers were the keeper\'s', counts)
    rig.end()


def busy(seconds):
    pid = os.fork()
    if pid == 0:
        os.nice(-20)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
        os._exit(0)
    return pid


def try_starved():
    disk, rig = ready()
    files = [disk.fresh() for _ in range(12)]
    guard = rig.pids()[0]
    for thread in os.listdir(f'/proc/{guard}/task'):
        os.sched_setscheduler(int(thread), os.SCHED_IDLE, os.sched_param(0))
    loops = [busy(5) for _ in range(8)]
    time.sleep(0.2)
    os.nice(-20)
    tally, end = Tally(2.5), time.monotonic() + 4
    for path in files:
        if time.monotonic() < end:
            tally.run(disk.kept, RAN)
            tally.run(path, DENIED)
    os.nice(20)
    for pid in loops:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    tally.tell('guard starved by eight busy processes at the highest priority, itself at the lowest')
    tally = Tally()
    tally.run(disk.kept, RAN)
    tally.run(disk.fresh(), DENIED)
    tally.tell('and afterwards')
    rig.end()


lab.isolate()
try_untouched()
try_killed_idle()
try_gap('deny', DENIED, 'refused')
try_gap('allow', RAN, 'let through')
try_killed_in_storm()
try_killed_while_pending()
try_killed_while_hashing()
try_left_stopped()
try_stopped('guard stopped', lab.SECOND)
try_stopped('guard stopped, under a keeper that it made itself', 2.5, second_keeper)
try_stopped_in_storm()
try_starved()
lab.finish()
