#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=150
#
# What the gateway does when a part of it does not work: each conduit goes by its failure setting at each trigger, and that is counted; zones stay in force while all of
# user space is dead; the loss of a link is carried to the other side and back.
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import gateway_lab as g  # noqa: E402

POLICY = 'zone 3 10.77.0.33/32\nnone drop enforce closed\nconduit 1 2 drop enforce {failure}\nrule 17 5000 5000 inspect\nrule 17 5001 5001 switch\n'
MAC_A, MAC_B = bytes.fromhex('020000000001'), bytes.fromhex('020000000002')
checks = g.Points(140)
lab = g.Lab()
here, there = lab.wire('a'), lab.wire('b')
sent = 0


def crosses(port=5000, size=0, seconds=0.15):
    """One datagram from the tool's side."""
    global sent
    sent += 1
    text = f'failure-{os.getpid()}-{sent:06}'.encode()
    there.flush()
    try:
        here.send(g.ether(MAC_B, MAC_A, 0x800, g.ipv4('10.77.0.1', '10.77.0.2', 17, g.udp(4000, port, text.ljust(size, b'.')))))
    except OSError:  # the link was down meanwhile, which a socket is told once
        return False
    return there.with_text(text, seconds) is not None


def stop(rig, who):
    os.kill(rig.pids()[who], signal.SIGSTOP)


def both_stopped(rig):
    stop(rig, 'io')
    stop(rig, 'inner')
    time.sleep(0.05)  # until the heartbeat is over


def hung_engine(rig):
    stop(rig, 'engine')
    crosses()  # the frame that it owes
    time.sleep(0.02)


def wake(rig):
    pids = rig.pids()
    for who in ('io', 'inner', 'engine'):
        if pids[who] > 0:
            os.kill(pids[who], signal.SIGCONT)


TRIGGERS = (
    ('no engine is attached', lambda rig: (rig.ask('engine stop'), time.sleep(0.02)), 'absent'),
    ('io is stopped', lambda rig: rig.ask('io stop'), 'silent'),
    ('io hangs', both_stopped, 'silent'),
    ('the engine hangs', hung_engine, 'owed'),
)


def triggers(failure, passes, suffix):
    for name, act, word in TRIGGERS:
        rig = lab.rig(POLICY.format(failure=failure), 'pass')
        rig.settle()
        through = crosses()
        act(rig)
        before = rig.count()
        got = [crosses() for _ in range(3)]
        counts = rig.count()
        key = f'{word}-{suffix}'
        good = through and all(one == passes for one in got) and counts[key] - before[key] == 3
        checks.point(good, f'{name}: fail-{failure} {suffix} what should be inspected, and counts it', (through, got, counts))
        if failure == 'closed':
            checks.point(crosses(5001) and not crosses(5002), 'what needs no inspection passes, what is not permitted does not')
        if word == 'owed':
            late = f'io-late_{suffix}'
            checks.point(counts[late] == 1, f'the frame it had was {suffix}', counts)
        wake(rig)
        rig.ask('io start')
        rig.ask('engine start')
        checks.point(rig.until(3, lambda c: crosses() and c['inspected'] > counts['inspected']) is not None, 'and is inspected again when that is over')
        tally = rig.pairs('tally 1')
        checks.point(tally['passed-blind' if passes else 'dropped-blind'] >= 3 and tally['dropped-blind' if passes else 'passed-blind'] == 0, 'the conduit counts it by itself', tally)
        rig.ask('detach')
        rig.end()


def killed_over_a_frame():
    """A frame that the engine has when it is killed."""
    for failure, passes in (('open', True), ('closed', False)):
        rig = lab.rig(POLICY.format(failure=failure), 'pass', '--owed', '1000')
        rig.settle()
        pid = rig.pids()['engine']
        os.kill(pid, signal.SIGSTOP)
        here_text = f'orphan-{failure}'.encode()
        there.flush()
        here.send(g.ether(MAC_B, MAC_A, 0x800, g.ipv4('10.77.0.1', '10.77.0.2', 17, g.udp(4000, 5000, here_text))))
        rig.until(1, lambda c: c['io-lent'] == 1)
        os.kill(pid, signal.SIGKILL)
        got = there.with_text(here_text, 0.3) is not None
        counts = rig.count()
        word = 'passed' if passes else 'dropped'
        checks.point(got == passes and counts[f'io-orphan_{word}'] == 1, f'the engine is killed over a frame: fail-{failure} has it {word}', counts)
        rig.ask('detach')
        rig.end()


def all_dead():
    rig = lab.rig(POLICY.format(failure='closed'), 'pass')
    rig.settle()
    pids = rig.pids()
    for who in ('rig', 'io', 'inner', 'engine'):
        os.kill(pids[who], signal.SIGKILL)
    rig.process.wait()
    time.sleep(0.1)
    checks.point(crosses(5001) and not crosses(5002) and not crosses(5000), 'all of user space is dead: zones and the closed conduit are in force')
    rig = lab.rig(None, 'pass')
    rig.settle()
    checks.point(crosses(5001) and not crosses(5002) and crosses(5000), 'the next gateway adopts the policy with what is pinned, and inspects')
    rig.policy(POLICY.format(failure='open'))
    pids = rig.pids()
    for who in ('rig', 'io', 'inner', 'engine'):
        os.kill(pids[who], signal.SIGKILL)
    rig.process.wait()
    time.sleep(0.1)
    checks.point(crosses(5001) and not crosses(5002) and crosses(5000), 'and where the conduit fails open, all dead lets it pass')
    rig = lab.rig(None, 'none', '--no-io')
    checks.point(crosses(5001) and not crosses(5002) and crosses(5000) and rig.ready[-1] == 'io=none', 'without AF_XDP: the zones, and the failure setting')
    rig.ask('detach')
    rig.end()


def within(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def link_loss():
    rig = lab.rig('none switch enforce open\n', 'none', '--carry')
    for side, other in (('a', 'b'), ('b', 'a')):
        space = getattr(lab, side)
        checks.point(lab.carrier(other) and crosses(), f'both links are there ({side})')
        g.run('ip', '-n', space, 'link', 'set', f'v{side}', 'down')
        checks.point(within(1, lambda: not lab.carrier(other)), f'a link lost on side {side} is lost on side {other}')
        g.run('ip', '-n', space, 'link', 'set', f'v{side}', 'up')
        checks.point(within(2, lambda: lab.carrier(other)) and within(2, crosses), 'and comes back with it')
    g.run('ip', '-n', lab.a, 'link', 'set', 'va', 'down')
    within(1, lambda: not lab.carrier('b'))
    os.kill(rig.pids()['carry'], signal.SIGTERM)  # the default: it dies at once
    rig.ask('remove')
    rig.end()
    g.run('ip', '-n', lab.a, 'link', 'set', 'va', 'up')


triggers('open', True, 'passed')
triggers('closed', False, 'dropped')
killed_over_a_frame()
all_dead()
link_loss()
checks.finish()
