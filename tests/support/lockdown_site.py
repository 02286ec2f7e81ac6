# SPDX-License-Identifier: GPL-3.0-or-later
#
# A guarded site in small: keys, the whole agent below a root of its own, and an ext4 on an image that it guards. Owns the processes and mounts it makes;
# done() takes them away.
import json
import os
import pathlib
import re
import signal
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('SEKISHO_BUILD', TOP / 'build'))


def within(seconds, ask):
    """The first answer that is true, else the last one."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.02)


def sh(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=30, **options)


class Site:
    """Keys, the agent below a root of its own, and a disk that is guarded."""

    def __init__(self, folder, state_size=None):
        """state_size: the agent keeps its state on a tmpfs of that size ("8M"), which a test can fill."""
        self.folder, self.root, self.disk, self.memory = folder, folder / 'root', folder / 'disk', folder / 'memory'
        self.agent, self.serial = None, 0
        self.under, self.program = [], BUILD / 'sekisho-agent'  # words before the agent's; which one
        for path in (self.root / 'etc/sekisho', self.disk, self.memory):
            path.mkdir(parents=True)
        os.chmod(folder, 0o755)
        self.state = self.root / 'var/lib/sekisho' if state_size else None
        if self.state:
            self.state.mkdir(parents=True)
            sh('mount', '-t', 'tmpfs', '-o', f'size={state_size},mode=755', 'state', self.state, check=True)
        (self.root / 'etc/sekisho/agent.yaml').write_text('users:\n  spool: 61100\n  link: 61101\n')
        sh('truncate', '-s', '64M', folder / 'disk.img', check=True)
        sh('mke2fs', '-q', '-F', '-t', 'ext4', folder / 'disk.img', check=True)
        self.device = sh('losetup', '--find', '--show', folder / 'disk.img', check=True).stdout.strip()
        self.mount()
        for key in ('site', 'policy'):
            sh(BUILD / 'sekisho', 'policy', 'keygen', '--plain', folder / key, check=True)
        sh(BUILD / 'sekisho', 'policy', 'delegate', '--site-key', folder / 'site', '--uses', 'policy', '--out', folder / 'policy.skd',
           folder / 'policy.pub', check=True)

    def mount(self):
        sh('mount', self.device, self.disk, check=True)

    def umount(self):
        return within(5, lambda: sh('umount', self.disk).returncode == 0)

    def start(self, log=None):
        """log: where standard error goes instead of agent.log."""
        self.log = log or open(self.folder / 'agent.log', 'ab')
        self.agent = subprocess.Popen([*self.under, self.program, 'run', '--root', self.root], stdout=self.log, stderr=self.log)
        return within(60, lambda: self.status() is not None)  # a second of the processor for the kernel side alone, which others may have

    def sekisho(self, *words):
        return sh(BUILD / 'sekisho', *words[:2], '--root', self.root, *words[2:])

    def status(self):
        said = self.sekisho('lockdown', 'status', '--json')
        return json.loads(said.stdout) if said.returncode in (0, 1) and said.stdout.startswith('{') else None

    def sign(self, draft, name):
        self.serial += 1
        out = self.folder / name
        said = sh(BUILD / 'sekisho', 'policy', 'sign', '--key', self.folder / 'policy', '--delegation', self.folder / 'policy.skd', '--serial',
                  self.serial, '--out', out, draft)
        return out if said.returncode == 0 else None

    def bring(self, signed):
        return self.sekisho('policy', 'import', signed)

    def in_force(self, serial, mode):
        def ask():
            status = self.status()
            return status and status['serial'] == serial and status['mode'] == mode and status['guard'] == 'up' and \
                all(scope['state'] != 'waiting' for scope in status['scope'])
        return within(20, ask)  # the machine may be busy

    def run(self, name):
        """Exit code, or 'refused'."""
        try:
            return subprocess.run([self.disk / name], timeout=10, capture_output=True).returncode
        except PermissionError:
            return 'refused'

    def events(self, code):
        found = []
        for path in (self.root / 'var/lib/sekisho/spool').glob('*.*.*'):
            for text in re.findall(rb'\{"class_uid":[\x20-\x7e\x80-\xff]*', path.read_bytes()):
                try:
                    event, _ = json.JSONDecoder().raw_decode(text.decode(errors='replace'))
                except ValueError:
                    continue
                if event['metadata'].get('event_code') == code:
                    found.append(event)
        return found

    def processes(self):
        status = self.status()
        return status['processes'] if status else {}

    def child(self, name):
        for path in pathlib.Path('/proc').glob('[0-9]*/status'):
            try:
                text = path.read_text()
            except OSError:
                continue
            if f'Name:\t{name}\n' in text and f'PPid:\t{self.agent.pid}\n' in text:
                return int(path.parent.name)
        return 0

    def stop(self):
        processes = self.processes()
        if self.agent and self.agent.poll() is None:
            self.agent.terminate()
            try:
                self.agent.wait(10)
            except subprocess.TimeoutExpired:
                self.agent.kill()
        for pid in processes.values():  # a survivor whose main was killed
            if pid and pathlib.Path(f'/proc/{pid}/comm').exists() and 'lockdown' in pathlib.Path(f'/proc/{pid}/comm').read_text():
                os.kill(pid, signal.SIGKILL)

    def done(self):
        self.stop()
        sh('umount', '-l', self.disk)
        sh('umount', '-l', self.memory)
        if self.state:
            sh('umount', '-l', self.state)
        sh('losetup', '-d', self.device)


def program(path, code, more=b''):
    path.write_bytes(f'#!/bin/sh\nexit {code}\n'.encode() + more)
    path.chmod(0o755)
