# SPDX-License-Identifier: GPL-3.0-or-later
#
# peer.py - Debian's fapolicyd in the place of our agent, with the rules that its package calls known-libs, on the same equipment PC with the same list.
#
# bench/peer-fapolicyd confines it: it can mark that one image and nothing of the machine. What attacks an agent's own processes is not tried upon it.
import ctypes
import hashlib
import os
import signal
import subprocess

import lab
import tier

UNPACKED = lab.TOP / 'build/peers/fapolicyd'
# Without 20-dracut, which lets root do everything: it shall have its best chance.
KNOWN_LIBS = ('10-languages', '21-updaters', '30-patterns', '40-bad-elf', '41-shared-obj', '42-trusted-elf', '70-trusted-lang', '72-shell',
              '90-deny-execute', '95-allow-open')


class Peer:
    def __init__(self, folder, stage):
        self.folder, self.stage, self.process, self.pid = folder, stage, None, 0

    def trust(self):
        """Each file by the path that it sees, and by the one that a process inside has."""
        path = self.folder / 'trust'
        with open(path, 'w', encoding='utf-8') as file:
            for name, digest in self.stage.places:
                for place in (name, name[len(str(self.stage.mount)):]):
                    file.write(f'{place} {os.path.getsize(name)} {digest}\n')
            for name in os.listdir(self.stage.home / 'material'):  # it trusts paths: these are where the cases find what is known
                content = (self.stage.home / 'material' / name).read_bytes()
                if not name.startswith('unknown'):
                    for place in ('/tries/fixed', f'{self.stage.mount}/tries/fixed'):
                        file.write(f'{place}/{name} {len(content)} {hashlib.sha256(content).hexdigest()}\n')
        return path

    def start(self):
        rules = self.folder / 'rules'
        rules.write_text('\n'.join((UNPACKED / f'usr/share/fapolicyd/sample-rules/{name}.rules').read_text() for name in KNOWN_LIBS).replace('deny_audit', 'deny'))  # no audit in here
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # it makes itself a daemon: ours to wait for all the same
        self.process = subprocess.Popen([lab.TOP / 'bench/peer-fapolicyd', UNPACKED, self.stage.mount, self.trust()], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, 'PEER_RULES': str(rules)})
        words = self.process.stdout.readline().split()
        if words[:1] != ['pid']:
            raise RuntimeError('fapolicyd did not start')
        self.pid = int(words[1])
        device = os.stat(self.stage.mount).st_dev
        wanted = f'sdev:{os.major(device) << 20 | os.minor(device):x}'
        if not lab.within(20, self.marks) or self.marks() != [wanted]:
            os.kill(self.pid, signal.SIGKILL)
            raise RuntimeError(f'fapolicyd marked {self.marks()} instead of {wanted}: killed')

    def marks(self):
        found = []
        for path in lab.pathlib.Path(f'/proc/{self.pid}/fdinfo').glob('*'):
            with lab.contextlib.suppress(OSError):
                found += [line.split()[1] for line in path.read_text().splitlines() if line.startswith('fanotify ') and 'flags:' not in line.split()[1]]
        return found

    def status(self):
        return {'tier': 'fapolicyd', 'not_stopped': [{'id': case.kind} for case in lab.cases()]}

    def stop(self):
        if self.process:
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.kill(self.pid, signal.SIGKILL)
                self.process.kill()
            with lab.contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)


def measure(pattern):
    if not (UNPACKED / '.complete').exists():
        print('1..0 # SKIP no fapolicyd in build/peers: tools/install-deps check', flush=True)
        return
    with tier.Ground() as ground:
        field, peer = lab.Range(ground.folder, ground.stage.mount, ground.tokens, lab.Cgroup()), Peer(ground.folder, ground.stage)
        field.fixed = 'fixed'
        ground.closing += [field.cgroup.close, field.close, peer.stop]

        def start():
            peer.start()
            return peer
        tier.RESULTS.mkdir(parents=True, exist_ok=True)
        with open(tier.RESULTS / 'fapolicyd.log', 'w', encoding='utf-8') as file:
            results, status, claims = tier.fight(field, [case for case in tier.chosen_cases(pattern) if not case.agent], start,
                                                 lambda text, _: print(text, file=file, flush=True))
        tried = [result for result in results if result.verdict != lab.VOID]
        if len(results) > 60:
            tier.point(any(r.verdict == lab.STOPPED for r in tried), 'fapolicyd is at work: it stops some')
        tier.report_share('fapolicyd', results, False)
        tier.write('fapolicyd', results, status, claims)
    tier.finish()
