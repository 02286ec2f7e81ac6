#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=60 root
#
# gateway-intruder.py - the story's intruder (tests/story/intruder) reaches its victim over a cable, and does not through an engine that has the virtual patches. The topology is that of
# gateway-evasion-smb.

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
INTRUDER, RULES = TOP / 'tests/story/intruder', TOP / 'rules/gateway/virtual-patches.rules'
sys.path.insert(0, str(TOP / 'tests/support'))
spec = importlib.util.spec_from_file_location('smb', TOP / 'tests/integration/gateway-evasion-smb.py')
smb = importlib.util.module_from_spec(spec)
spec.loader.exec_module(smb)


def attack(lab):
    said = subprocess.run([*smb.gateway_lab.inside(lab.a), INTRUDER, smb.SERVER], capture_output=True, text=True, check=False, timeout=20)
    return said.returncode, json.loads(said.stdout or '{}')


def main():
    lab = smb.gateway_lab.Lab()
    relay = smb.Relay(lab)
    relay.start()
    victim = subprocess.Popen([*smb.gateway_lab.inside(lab.b), INTRUDER, '--victim', smb.SERVER], stdout=subprocess.PIPE, text=True)
    try:
        victim.stdout.readline()
        code, said = attack(lab)
        heard = json.loads(victim.stdout.readline())
        good = code == 0 and said['reached'] and heard['reached'] and heard['from'] == '10.77.0.1'
        print(f'{"ok" if good else "not ok"} 1 - without the gateway the intruder reaches the tool\n# {code} {said} {heard}', flush=True)
        told = Path(lab.folder) / 'told'
        with open(told, 'w') as out:
            relay.change(smb.evasion.Gateway(RULES, out))
        code, said = attack(lab)
        heard = json.loads(victim.stdout.readline())
        stopped = code == 1 and not said['reached'] and not heard['reached']
        print(f'{"ok" if stopped else "not ok"} 2 - the virtual patches stop it on its way\n# {code} {said} {heard}', flush=True)
        named = '"sid":1880001' in told.read_text()
        print(f'{"ok" if named else "not ok"} 3 - the event names EternalBlue\n1..3', flush=True)
        return not (good and stopped and named)
    finally:
        victim.kill()
        victim.wait(10)
        relay.over = True
        relay.join(5)


if __name__ == '__main__':
    for sign in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(sign, lambda *_: sys.exit(1))
    signal.alarm(50)
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root')
        sys.exit(0)
    sys.exit(main())
