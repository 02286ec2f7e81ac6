#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=180
#
# lockdown-window-lost.py - what a maintenance window cannot see or is kept from doing: births and deaths of processes that are lost in a flood, so that the number of
# a dead updater is a stranger's; a clerk that is stopped when the window should end, or killed over a restart of the machine.
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.window_site import Site, finish, point, within  # noqa: E402

LAST = Path('/proc/sys/kernel/ns_last_pid')


def flood():
    """Anybody's: each change of a name is told to the recorder. More than its queue holds."""
    libc = ctypes.CDLL(None)
    for i in range(120000):
        libc.prctl(15, b'flood%d' % (i & 1), 0, 0, 0)


def start(site, program, script):
    return subprocess.Popen([site.disk / 'bin' / program, '-c', script], env={'PATH': str(site.disk / 'bin')}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def start_as(site, number, script):
    """A stranger's shell with this process number; None = others took it each time."""
    for _ in range(200):
        LAST.write_text(str(number - 1))
        shell = start(site, 'dash', script)
        if shell.pid == number:
            return shell
        shell.kill()
        shell.wait()
    return None


def say(shell):
    shell.stdin.write(b'go\n')
    shell.stdin.flush()
    shell.wait()


def flooded(site):
    b = site.disk / 'bin'
    site.open_by_code()
    stays, dies = (start(site, 'updater', f'read line; cp {site.fresh(name)} {b}/{name}') for name in ('stays', 'dies'))
    site.updater(f'cp {site.fresh("before")} {b}/before')
    point(within(3, lambda: site.runs(b / 'before')), 'a window is open, and two updaters wait')
    with site.recorder_stopped():
        flood()
        dies.kill()
        dies.wait()
        other = start_as(site, dies.pid, f'read line; cp {site.fresh("other")} {b}/other')
        site.shell(f'cp {site.fresh("stranger")} {b}/stranger')
    told = within(10, lambda: 'births and deaths of processes were lost' in (site.folder / 'agent.log').read_text())
    point(told, 'a flood of news is noticed')
    if other is None:
        point(False, 'the number of the dead updater is a stranger\'s')
        return
    say(other)
    point((b / 'other').exists() and not site.runs(b / 'other'), 'the number of an updater that died meanwhile is a stranger\'s: what he writes does not become known')
    point(not site.runs(b / 'stranger'), 'nor what others wrote meanwhile')
    say(stays)
    point(within(5, lambda: site.runs(b / 'stays')), 'an updater that lived through it is one still')
    site.updater(f'cp {site.fresh("after")} {b}/after; sleep 1')
    point(within(5, lambda: site.runs(b / 'after')), 'and so is one that began afterwards')
    site.sekisho('window', 'close')
    site.sekisho('window', 'rollback')


def stopped(site):
    """Nobody may make a window longer by keeping the clerk from ending it."""
    unknown = site.disk / 'bin/unknown'
    unknown.write_bytes(site.fresh('unknown').read_bytes())
    unknown.chmod(0o755)
    point(not site.runs(unknown), 'an unknown program does not start')
    site.open_by_code('30m', 'observe')
    state = site.root / 'var/lib/sekisho/lockdown/window.json'
    site.stop()
    window = json.loads(state.read_text())
    with open('/proc/uptime') as uptime:
        window['until_boot_ms'] = int((float(uptime.read().split()[0]) + 8) * 1000)
    state.write_text(json.dumps(window))
    site.start()
    ran = within(6, lambda: site.runs(unknown))
    clerk = site.duty('sekisho-lockdown')
    for pid in clerk:
        os.kill(pid, signal.SIGSTOP)
    point(ran and clerk, 'a window that only observes is open, and its clerk is stopped', (ran, clerk))
    time.sleep(9)
    refused = not site.runs(unknown)
    for pid in clerk:
        os.kill(pid, signal.SIGCONT)
    point(refused, 'it ends by its time all the same')
    point(within(5, lambda: site.phase() == 'closed'), 'and the clerk, when it goes on, closes it')
    site.sekisho('window', 'approve')


def another_boot(site):
    site.open_by_code('30m', 'observe')
    unknown = site.disk / 'bin/unknown'
    point(within(5, lambda: site.runs(unknown)), 'a window that only observes is open')
    site.stop()
    state = site.root / 'var/lib/sekisho/lockdown/window.json'
    window = json.loads(state.read_text())
    window['boot'] = '00000000-0000-0000-0000-000000000000'
    state.write_text(json.dumps(window))
    site.start()
    point(site.guarded() and within(5, lambda: site.phase() == 'closed') and not site.runs(unknown), 'after a restart of the machine it is closed, and nothing is only observed', site.status())


def main():
    with Site() as site:
        site.policy()
        site.start()
        point(site.guarded(), 'lockdown enforces')
        flooded(site)
        stopped(site)
        another_boot(site)
    finish()


main()
