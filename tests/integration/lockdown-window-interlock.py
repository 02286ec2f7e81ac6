#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=240
#
# lockdown-window-interlock.py - what could disturb a tool in its work waits until the tool is idle, as an operator, a probe program or the gateway's GEM events
# say; and what happens when it never is.
import json
import os
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import wire  # noqa: E402
from support.window_site import Site, desk, finish, point, within  # noqa: E402


def interlock(source, wait=0, probe=None):
    return f'  interlock:\n    source: {source}\n    wait_s: {wait}\n' + (f'    probe: {probe}\n' if probe else '')


def waiting(site):
    return site.status()['interlock']['waiting']


def operator(site):
    unknown = site.disk / 'bin/unknown'
    unknown.write_bytes(site.fresh('unknown').read_bytes())
    unknown.chmod(0o755)
    site.terms = interlock('operator')
    site.policy('observe')
    point(site.guarded() and site.runs(unknown), 'observe: an unknown program starts')
    site.policy('enforce')
    point(within(3, lambda: waiting(site) == ['policy']), 'the switch to enforce waits: nobody said that the tool is idle')
    time.sleep(1)
    point(site.runs(unknown) and site.status()['mode'] == 'observe', 'and is not in force meanwhile')
    site.sekisho('idle', 'no')
    point(waiting(site) == ['policy'], 'an operator says no: it waits on')
    site.sekisho('idle', 'yes', '--by', 'M. Sato')
    point(within(3, lambda: site.status()['mode'] == 'enforce') and not site.runs(unknown) and waiting(site) == [], 'an operator says yes: it is in force')
    site.sekisho('idle', 'no')
    site.policy('observe')
    point(within(3, lambda: site.status()['mode'] == 'observe'), 'what is less strict does not wait')
    site.sekisho('idle', 'yes')
    site.policy('enforce')
    point(site.guarded(), 'and while it is idle nothing waits')
    # windows
    site.sekisho('idle', 'no')
    asked = json.loads(site.sekisho('window', 'ask', '--json').stdout)
    site.sekisho('code', desk(asked['challenge']))
    point(site.phase() == 'waiting' and waiting(site) == ['window-open'], 'a window waits, too', site.status()['window'])
    site.sekisho('idle', 'yes')
    point(within(5, lambda: site.phase() == 'open'), 'and opens when it is idle')
    site.sekisho('idle', 'no')
    site.sekisho('window', 'close', '--no-wait')
    point(site.phase() == 'open' and waiting(site) == ['window-close'], 'closing waits')
    site.sekisho('idle', 'yes')
    point(within(5, lambda: site.phase() == 'closed'), 'until it is idle')
    site.sekisho('window', 'rollback')


def too_long(site):
    site.terms = interlock('operator', wait=2)
    site.sekisho('idle', 'yes')
    site.policy('observe')
    site.guarded()
    site.sekisho('idle', 'no')
    began = time.monotonic()
    site.policy('enforce')
    point(within(10, lambda: site.status()['mode'] == 'enforce') and time.monotonic() - began > 1.8, 'never idle: after wait_s a stricter policy takes effect all the same')
    point(within(5, lambda: site.told('interlock_passed') >= 1 and b'time-is-over' in site.spool), 'and that is told', site.told('interlock_passed'))
    asked = json.loads(site.sekisho('window', 'ask', '--json').stdout)
    site.sekisho('code', desk(asked['challenge']))
    point(site.phase() == 'waiting' and within(10, lambda: site.phase() == 'rolled-back'), 'a window that waited in vain is not opened', site.phase())


def probe(site):
    flag, trace = site.folder / 'idle', site.folder / 'trace'
    trace.mkdir(mode=0o777)
    trace.chmod(0o777)
    program = site.folder / 'probe.sh'
    program.write_text(f'#!/bin/dash\nwhile read name value rest; do case $name in Uid:) [ $value = 65534 ] || exit 1;; CapEff:) [ $value = 0000000000000000 ] || exit 1;; '
                       f'NoNewPrivs:) [ $value = 1 ] || exit 1;; esac; done < /proc/self/status\n(echo x > {trace}/x) 2>/dev/null\n[ -s {trace}/x ] && exit 1\ntest -e {flag}\n')
    program.chmod(0o755)
    site.sekisho('idle', 'yes')
    site.terms = interlock('probe', probe=program)
    site.policy('observe')
    site.guarded()
    site.policy('enforce')
    point(within(3, lambda: waiting(site) == ['policy']), 'a probe: it waits')
    time.sleep(4)
    point(site.status()['mode'] == 'observe', 'while the probe says no; an operator\'s yes does not count')
    flag.touch()
    point(within(10, lambda: site.status()['mode'] == 'enforce'), 'and takes effect when it says yes: run as nobody, without capabilities, and it can write nothing', site.status()['interlock'])
    program.write_text('#!/bin/dash\nwhile :; do :; done\n')
    site.policy('observe')
    site.guarded()
    flag.touch()
    site.policy('enforce')
    point(within(40, lambda: 'failed' in site.status()['interlock']['by']) and site.status()['mode'] == 'observe', 'a probe that never ends is stopped, and counts as no', site.status()['interlock'])


def as_link(site):
    """The link's place at the clerk: its user, its group."""
    sock = socket.socket(socket.AF_UNIX)
    os.setegid(61101)
    os.seteuid(61101)
    try:
        sock.connect(str(site.root / 'run/sekisho/lockdown.sock'))
    finally:
        os.seteuid(0)
        os.setegid(0)
    return wire.Channel(sock)


def gem(site):
    """A stand-in for the gateway: the message as the link brings it."""
    site.terms = interlock('gem')
    site.policy('observe')
    site.guarded()
    site.policy('enforce')
    point(within(3, lambda: waiting(site) == ['policy']), 'GEM: it waits')
    site.sekisho('idle', 'yes')
    point(waiting(site) == ['policy'], 'an operator\'s yes does not count')
    link = as_link(site)

    def command(number, **body):
        link.send(wire.COMMAND, {'id': f'c{number}', 'kind': 'idle', 'body': body})
        while True:
            kind, _, got = link.receive(5)
            if kind == wire.RESULT:
                return got

    point(command(1, idle=False, source='gem', note='PROCESSING')['ok'] and waiting(site) == ['policy'], 'the tool is at work, says the gateway')
    point(not command(2, idle=True, source='nobody')['ok'] and waiting(site) == ['policy'], 'a message of another source is refused')
    point(command(3, idle=True, source='gem', note='IDLE')['ok'] and within(3, lambda: site.status()['mode'] == 'enforce'), 'the tool is idle, says the gateway: it is in force')
    # a signed window that the server carries
    sent = site.window('W-link')
    link.send(wire.COMMAND, {'id': 'w1', 'kind': 'window', 'body': {'envelope': sent.read_text().strip()}})
    got = next(body for kind, _, body in iter(lambda: link.receive(5), None) if kind == wire.RESULT)
    point(got['ok'] and within(5, lambda: site.phase() == 'open'), 'a signed window comes over the link and opens', got)
    link.send(wire.COMMAND, {'id': 'w2', 'kind': 'window', 'body': {'envelope': sent.read_text().strip()[:-30] + 'x' * 28 + '"}'}})
    got = next(body for kind, _, body in iter(lambda: link.receive(5), None) if kind == wire.RESULT)
    point(not got['ok'] and got['body']['reason'], 'one that is not signed does not, and the answer says why', got)
    link.close()


def main():
    with Site() as site:
        site.start()
        operator(site)
        too_long(site)
        probe(site)
        gem(site)
        point(within(5, lambda: site.told('interlock_waiting') >= 5), 'waiting is told', site.told('interlock_waiting'))
    finish()


main()
