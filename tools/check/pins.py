# SPDX-License-Identifier: GPL-3.0-or-later
#
# pins.py - whose the agents' pins in the BPF file system are: what a test's agent pinned must be gone when the test is.
#
# A pin keeps a program attached to the kernel after its agent: left by a test that killed it, it taxes and judges whatever comes later. A
# folder of pins is named after the root of its agent (agent/lockdown/duty.c) and does not say whose it is, so while tests run somebody looks
# five times a second, and asks of each folder that is new which living process has that root and which test's mark it carries.

import os
import threading
import time

PLACE = '/sys/fs/bpf'
PREFIX = 'sekisho-'
PERIOD = 0.2


def folders(place=PLACE):
    try:
        return {name for name in os.listdir(place) if name.startswith(PREFIX)}
    except OSError:
        return set()


def name_of(root):
    """What the agent of a root calls its folder: FNV-1a."""
    mark = 2166136261
    for byte in os.fsencode(root):
        mark = (mark ^ byte) * 16777619 & 0xffffffff
    return f'{PREFIX}{mark:08x}'


def root_of(pid):
    """The --root of a process, resolved as the agent does, or None."""
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as file:
            words = file.read().split(b'\0')
        folder = os.readlink(f'/proc/{pid}/cwd')
    except OSError:
        return None
    for word, following in zip(words, words[1:] + [b'']):
        if word == b'--root' or word.startswith(b'--root='):
            said = os.fsdecode(word[len(b'--root='):] or following)
            return os.path.realpath(os.path.join(folder, said))
    return None


def mark_of(pid, variable):
    try:
        with open(f'/proc/{pid}/environ', 'rb') as file:
            words = file.read().split(b'\0')
    except OSError:
        return None
    start = f'{variable}='.encode()
    return next((os.fsdecode(word[len(start):]) for word in words if word.startswith(start)), '')


def remove(name, place=PLACE):
    """Takes the pins away, and with them what only they kept attached."""
    folder = os.path.join(place, name)
    try:
        for pin in os.listdir(folder):
            os.unlink(os.path.join(folder, pin))
        os.rmdir(folder)
    except OSError:
        pass


class Pins:
    """owners: {folder: mark of the test it belongs to, '' of a process that is no test's}"""

    def __init__(self, variable, place=PLACE):
        self.variable, self.place = variable, place
        self.before = folders(place)
        self.owners = {}
        self.lock = threading.RLock()     # an interrupt may come while we hold it
        threading.Thread(target=self.watch, daemon=True).start()

    def fresh(self):
        return folders(self.place) - self.before - self.owners.keys()

    def look(self):
        """Asks of each folder that is new who lives in its root."""
        with self.lock:
            fresh = self.fresh()
            for pid in os.listdir('/proc') if fresh else []:
                root = root_of(pid) if pid.isdigit() else None
                if root and (name := name_of(root)) in fresh and (mark := mark_of(pid, self.variable)) is not None:
                    self.owners[name] = mark

    def watch(self):
        while True:
            self.look()
            time.sleep(PERIOD)

    def search(self, mark, tmp):
        """A test that has ended, and those of whom nobody saw a living owner: was it a folder of the test's own?"""
        with self.lock:
            fresh = self.fresh()
            for folder, _, _ in os.walk(os.path.realpath(tmp)) if fresh else []:
                if (name := name_of(folder)) in fresh:
                    self.owners[name] = mark

    def take(self, mark, tmp):
        """The folders that a test which has ended left; they are removed."""
        self.search(mark, tmp)
        there = folders(self.place)
        with self.lock:
            left = sorted(name for name, owner in self.owners.items()
                          if name in there and (owner == mark or owner.startswith(f'{mark}/')))
            for name in left:
                remove(name, self.place)
            self.owners = {name: owner for name, owner in self.owners.items() if name in there and name not in left}
        return left

    def unowned(self):
        """Those that came while tests ran, and nobody can say whose they are."""
        self.look()
        with self.lock:
            return sorted(self.fresh())
