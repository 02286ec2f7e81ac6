# SPDX-License-Identifier: GPL-3.0-or-later
#
# gateway_live.py - the whole sekisho-gateway between the ports of a Lab, with a key and policies of its own.
#
#   live = Live(lab)               started, or an exception with its log
#   live.policy(text, serial)      signed, imported, in force; true when it is
#   live.status(), live.command('gateway', 'open', '--for', '4s'), live.wait(lambda: ...), live.log()
#   live.stop()                    its exit status
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import gateway_lab as g

USERS = {'link': 61101, 'io': 61120, 'engine': 61121}


def wait(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.1)
    return False


class Live:
    def __init__(self, lab, more=''):
        self.lab, self.root = lab, Path(lab.folder) / 'root'
        (self.root / 'etc/sekisho').mkdir(parents=True)
        self.root.chmod(0o755)
        os.chmod(lab.folder, 0o755)
        users = ''.join(f'  {name}: "{number}"\n' for name, number in USERS.items())
        (self.root / 'etc/sekisho/gateway.yaml').write_text(f'pairs:\n  - {{name: l{os.getpid() % 10000}, a: ga, b: gb}}\n{more}users:\n{users}')
        self.command('policy', 'keygen', '--plain', self.root / 'site.key', rooted=False)
        with open(self.root / 'log', 'ab') as out:
            self.process = subprocess.Popen([*g.inside(lab.g), str(g.BUILD / 'sekisho-gateway'), 'run', '--root', str(self.root)], env=dict(os.environ, SEKISHO_LOG='notice'), stdout=out, stderr=out)
        lab.started.append(self.process)
        if not wait(lambda: self.status() is not None):
            raise RuntimeError('the gateway does not start: ' + self.log())
        self.command('policy', 'pin', self.root / 'site.key.pub')

    def command(self, *words, rooted=True):
        argv = [str(g.BUILD / 'sekisho'), *map(str, words), *(['--root', str(self.root)] if rooted else [])]
        return subprocess.run(argv, capture_output=True, text=True, timeout=30, env=dict(os.environ, LC_ALL='C'))

    def status(self):
        said = self.command('gateway', 'status', '--json')
        return json.loads(said.stdout) if said.returncode in (0, 1) and '"mode"' in said.stdout else None

    def policy(self, text, serial):
        draft, out = self.root / f'{serial}.yaml', self.root / f'{serial}.skp'
        draft.write_text(text)
        said = self.command('policy', 'sign', '--key', self.root / 'site.key', '--out', out, draft, rooted=False)
        if said.returncode:
            raise RuntimeError(said.stderr)
        self.command('policy', 'import', out)
        return wait(lambda: (now := self.status()) and now['policy'].get('serial') == serial and now['policy']['engine_has_it'] and 'zone policy is in the kernel' in self.log())

    def engine(self):
        now = self.status()
        return now['processes']['engine'] if now else 0

    def log(self):
        return (self.root / 'log').read_text(errors='replace')[-4000:]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        mark = 2166136261
        for byte in str(self.root).encode():
            mark = (mark ^ byte) * 16777619 & 0xffffffff
        subprocess.run(['rm', '-rf', f'/sys/fs/bpf/sekisho-gateway-{mark:08x}'])
        return self.process.returncode
