#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=240 exclusive
#
# Nothing that happens to the gateway's user space is noticed by who talks through it: a ping each millisecond and a TCP session's requests, and none is lost or later
# than 5 ms at start, stop, restart, reload and a killed engine or io; on a hang not later than the heartbeat allows. Beside the gateway runs a cable: when that is late as
# well, this machine was, and the attempt is made again; a lost frame is never excused.
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import gateway_lab as g  # noqa: E402

INSPECT = 'none inspect enforce open\n'
TRIES = 6
checks = g.Points(225)
lab = g.Lab()
lab.listen('b', 7000)


def kill(rig, who, number=signal.SIGKILL):
    os.kill(rig.pids()[who], number)


def watch(act, seconds=1.0):
    """What the probes say about the time around act(): ping and TCP through the gateway, and the same beside it."""
    probes = [lab.probe('a', kind, host, 7000, seconds, 1000) for host in ('10.77.0.2', '10.78.0.2') for kind in ('ping', 'tcp')]
    time.sleep(0.35)
    act()
    return [probe.result() for probe in probes]


def is_noticed(ping, tcp, late_us):
    return ping['lost'] > 0 or ping['worst_us'] >= late_us or tcp['worst_us'] >= late_us or tcp['error'] or tcp['sent'] < 200


def unnoticed(name, act, prepare=None, late_us=5000):
    said, stalled = [], 0
    for _ in range(TRIES):
        if prepare:
            prepare()
        ping, tcp, cable_ping, cable_tcp = watch(act)
        said.append(f'ping lost {ping["lost"]} worst {ping["worst_us"]} us, tcp worst {tcp["worst_us"]} us repeated {tcp["again"]} {tcp["error"]}; '
                    f'the cable {cable_ping["worst_us"]} and {cable_tcp["worst_us"]} us')
        if not is_noticed(ping, tcp, late_us):
            return checks.point(True, f'{name}: {said[-1]}')
        if not ping['lost'] and not tcp['error'] and max(cable_ping['worst_us'], cable_tcp['worst_us']) > 1500 + late_us / 10:
            stalled += 1
    if stalled == TRIES:
        return checks.skip(name, 'this machine stalls by itself')
    return checks.point(False, name, said)


def life():
    rigs = [lab.rig(INSPECT, 'pass')]
    rig = rigs[0]
    rig.settle()
    unnoticed('nothing happens', lambda: None)
    checks.point(rig.count()['io-passed'] > 1000, 'and the engine had it')
    unnoticed('the engine is killed', lambda: kill(rig, 'engine'), rig.settle)
    unnoticed('the inner io process is killed', lambda: kill(rig, 'inner'), lambda: time.sleep(0.1))
    unnoticed('the outer io process is killed', lambda: kill(rig, 'io'), lambda: time.sleep(0.1))
    unnoticed('the engine stops in order, and another starts', lambda: (rig.ask('engine stop'), rig.ask('engine start')), rig.settle)
    unnoticed('io stops in order, and another starts', lambda: (rig.ask('io stop'), rig.ask('io start')), rig.settle)
    unnoticed('a policy of 500 lines is loaded twice', lambda: (rig.policy(INSPECT + long_policy()), rig.policy(INSPECT)), rig.settle)
    counts = rig.count()
    checks.point(counts['io-no_room'] == 0 and counts['io-bad_back'] < counts['io-takeovers'] and counts['io-takeovers'] > 3 and counts['io-engines'] > 2, 'no chunk was lost or came twice', counts)
    print('#', counts['io-orphan_passed'], 'frames of dead engines passed on,', counts['io-late_passed'], 'late ones', flush=True)

    def restart():
        rigs[0].end()
        rigs[0] = lab.rig(None, 'pass')

    unnoticed('the whole gateway is restarted, and adopts what is pinned', restart, lambda: rigs[0].settle())
    rigs[0].ask('detach')
    rigs[0].end()

    def start():
        rigs[0] = lab.rig(INSPECT, 'pass')

    def stop():
        rigs[0].ask('detach')
        rigs[0].end()

    unnoticed('the gateway starts on a bridge that carries traffic', start, lambda: (rigs[0].process.poll() is None) and stop())
    unnoticed('the gateway stops for good', stop, lambda: rigs[0].process.poll() is None or start())


def long_policy():
    return ''.join(f'zone {4 + i % 50} 10.{i % 200}.{i // 200}.0/24\n' for i in range(250)) + \
        ''.join(f'conduit {4 + i % 50} {4 + i // 50} switch enforce open\nrule 6 {i} {i} drop\n' for i in range(125))


def hangs():
    rig = lab.rig(INSPECT, 'pass')
    rig.settle()
    unnoticed('the engine hangs', lambda: kill(rig, 'engine', signal.SIGSTOP), lambda: (kill(rig, 'engine', signal.SIGCONT), time.sleep(0.05)))
    counts = rig.count()
    checks.point(counts['io-late_passed'] > 0 and counts['owed-passed'] > 100, 'what it had was let on, and the rest passed by', counts)
    kill(rig, 'engine', signal.SIGCONT)
    checks.point(rig.until(1, lambda c: c['io-came_back'] == c['io-late_passed']) is not None, 'what it gives back later is not sent again')
    unnoticed('the inner io process hangs: another takes over', lambda: kill(rig, 'inner', signal.SIGSTOP), lambda: time.sleep(0.1), late_us=25000)

    def both():
        pids = rig.pids()
        os.kill(pids['io'], signal.SIGSTOP)
        os.kill(pids['inner'], signal.SIGSTOP)

    def wake():
        pids = rig.pids()
        for who in ('io', 'inner'):
            os.kill(pids[who], signal.SIGCONT)
        time.sleep(0.1)

    before = rig.count()
    ping, tcp, _, _ = watch(both)
    counts = rig.count()
    checks.point(ping['lost'] <= 20 and not tcp['error'] and counts['silent-passed'] - before['silent-passed'] > 300,
                 f'both hang: {ping["lost"]} frames wait, and after a heartbeat all pass by', (ping, tcp, counts))
    wake()
    rig.ask('detach')
    rig.end()


life()
hangs()
checks.finish()
