#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=400 exclusive
#
# Floods against the kernel side: openings that are refused and openings that are permitted, fragments that begin and never end, fragments that never began. Its tables keep their size,
# and a session that was there before goes on. Some seconds of each; with --long until ten million flows.
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import gateway_lab as g  # noqa: E402

POLICY = 'zone 3 10.99.0.0/16\nnone drop enforce closed\nconduit 1 2 switch enforce closed\nconduit 3 2 drop enforce closed\nrule 17 5000 5000 switch\n'
FLOWS, PIECES = 131072, 8192
LONG = os.environ.get('SEKISHO_LONG') == '1'
checks = g.Points(390)
lab = g.Lab()
lab.listen('b', 7000)


def flood(name, kind, port, wanted, seconds=2):
    """A session through the gateway before, while and after; `wanted` looks at what was counted."""
    session = lab.probe('a', 'tcp', '10.77.0.2', 7000, seconds + 1, 2000)
    before = rig.count()
    sent = lab.probe('a', 'flood', 'va', kind, seconds, '10.99.0.0', '10.77.0.2', port).result()['sent']
    flows = rig.pairs('flows')
    after = {key: value - before[key] for key, value in rig.count().items()}
    tcp = session.result()
    checks.point(not tcp['error'] and tcp['back'] == tcp['sent'] and tcp['sent'] > 50, f'{name}: {sent} frames, and the session goes on ({tcp["sent"]} requests)', (tcp, after))
    checks.point(wanted(after, sent, flows), f'counted, and bounded: {flows["flows"]} flows, {flows["pieces"]} datagrams in pieces', (sent, after, flows))
    return sent


rig = lab.rig(POLICY, 'none')
seconds = 2
flood('openings that are refused', 'syn', 80, lambda c, sent, f: c['dropped'] >= 0.9 * sent and f['flows'] < 1000)
flood('first fragments', 'pieces', 5000, lambda c, sent, f: c['switched'] >= 0.5 * sent and f['pieces'] <= PIECES)
flood('fragments without a first', 'later', 5000, lambda c, sent, f: c['piece-lost'] + c['switched'] + c['piece-dropped'] >= 0.9 * sent and f['pieces'] <= PIECES)
total = 0
while True:
    total += flood('flows that are permitted', 'flows', 5000, lambda c, sent, f: c['new-flow'] >= 0.5 * sent and c['full'] == 0 and f['flows'] <= FLOWS, 10 if LONG else 2)
    if not LONG or total > 10000000 or checks.count > 60:
        break
checks.point(not LONG or total > 10000000, f'{total} flows')
rig.ask('remove')
rig.end()
checks.finish()
