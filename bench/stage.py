# SPDX-License-Identifier: GPL-3.0-or-later
#
# Where bench/exec, bench/open and bench/memory measure: one equal ext4 image for each contender, each on a loop device of its own.
#
# "baseline" and "control" are watched by nobody, "ours" by our guard and keeper, "peer" by fapolicyd, and "floor" by a loop that allows without looking:
# the difference between it and the baseline is the kernel's and the scheduler's, not ours to save. All stand side by side for the whole run, so
# that samples can be interleaved; a permission mark is on a superblock and never touches the others. Owns a temporary folder, the images in it
# and the processes it starts, and ends them all.
import contextlib
import ctypes
import hashlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import measure

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("SEKISHO_BUILD", os.path.join(TOP, "build"))
PEERS = os.path.join(TOP, "build", "peers", "fapolicyd")
PR_SET_CHILD_SUBREAPER, CLONE_NEWNS, MS_REC, MS_PRIVATE = 36, 0x20000, 0x4000, 0x40000
ROLES = ("baseline", "control", "ours", "peer", "floor")


def refuse(text):
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr)
    raise SystemExit(3)


def say(text):
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        for piece in iter(lambda: f.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def own_mounts():
    """Neither do others see our mounts, nor do theirs wake whom we measure; and what we leave when killed goes with the namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None):
        refuse(f"no mount namespace: {os.strerror(ctypes.get_errno())}")


class Ours:
    """Guard and keeper, in enforcing mode with this allowlist, on this mount."""

    def __init__(self, folder, hashes, mount):
        listed = os.path.join(folder, "allowlist")
        with open(listed, "w", encoding="ascii") as f:
            f.writelines(h + "\n" for h in hashes)
        self.process = subprocess.Popen([os.path.join(BUILD, "lockdown-rig"), *self.words(listed, mount)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.answer = None
        self.answered = threading.Condition()
        threading.Thread(target=self._drain, daemon=True).start()
        words = self._wait("ready")
        self.pids = [int(p) for p in words.split()[1:]] + [self.process.pid]

    def words(self, listed, mount):
        return ["--list", listed, mount]

    def _drain(self):
        for line in self.process.stdout:
            if not line.startswith(("exec ", "record ", "kernel ", "hook ")):
                with self.answered:
                    self.answer = line
                    self.answered.notify()

    def _wait(self, word):
        with self.answered:
            if not self.answered.wait_for(lambda: self.answer and self.answer.startswith(word), 10):
                refuse(f"the guard did not say {word}")
            line, self.answer = self.answer, None
            return line

    def counts(self):
        self.process.stdin.write("count\n")
        self.process.stdin.flush()
        return {k: int(v) for k, v in (w.split("=") for w in self._wait("count").split()[1:])}

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class Peer:
    """fapolicyd with these files (path -> (size, hash)) as its trust database, where it sees one mount only."""

    def __init__(self, folder, trusted, mount):
        trust = os.path.join(folder, "trust")
        with open(trust, "w", encoding="utf-8") as f:
            f.writelines(f"{path} {size} {digest}\n" for path, (size, digest) in trusted.items())
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # it makes itself a daemon: ours to wait for all the same
        self.process = subprocess.Popen([os.path.join(TOP, "bench", "peer-fapolicyd"), PEERS, mount, trust], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if words[:1] != ["pid"]:
            refuse("fapolicyd did not start")
        self.pid = int(words[1])
        self.pids = [self.pid]
        self._check_marks(mount)

    def _check_marks(self, mount):
        device = os.stat(mount).st_dev
        wanted = f"sdev:{os.major(device) << 20 | os.minor(device):x}"
        end = time.monotonic() + 20
        while time.monotonic() < end:
            marks = self._marks()
            if marks == [wanted]:
                return
            if marks:
                os.kill(self.pid, signal.SIGKILL)
                refuse(f"fapolicyd marked {marks} instead of {wanted}: killed")
            time.sleep(0.05)
        os.kill(self.pid, signal.SIGKILL)
        refuse("fapolicyd marked nothing within 20 s")

    def _marks(self):
        marks = []
        with contextlib.suppress(OSError):
            for number in os.listdir(f"/proc/{self.pid}/fdinfo"):
                with open(f"/proc/{self.pid}/fdinfo/{number}", encoding="ascii") as f:
                    marks += [line.split()[1] for line in f if line.startswith("fanotify ") and "flags:" not in line.split()[1]]
        return marks

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.kill(self.pid, signal.SIGKILL)
            self.process.kill()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


class Floor:
    def __init__(self, mount):
        self.process = subprocess.Popen([os.path.join(BUILD, "bench-probe"), "answer", "1", "-", mount], stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            refuse("bench-probe does not answer")

    def close(self):
        self.process.kill()
        self.process.wait()


class Stage(contextlib.AbstractContextManager):
    def __init__(self, megabytes, with_floor=False, with_peer=True):
        if os.geteuid() != 0:
            refuse("not root: images, marks and namespaces need root")
        for name in ("lockdown-rig", "bench-probe", "bench-tiny"):
            if not os.access(os.path.join(BUILD, name), os.X_OK):
                refuse(f"no {name} in {BUILD}: build first (ninja -C build)")
        own_mounts()
        self.folder = tempfile.mkdtemp(prefix="sekisho-bench.")
        self.has_peer = with_peer and os.access(os.path.join(PEERS, ".complete"), os.R_OK)
        self.roles = [r for r in ROLES if (r != "peer" or self.has_peer) and (r != "floor" or with_floor)]
        self.mounts = {}
        self.ours = self.peer = self.floor = None
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        if with_peer and not self.has_peer:
            say("no fapolicyd in build/peers: measured without a peer (tools/install-deps check)")
        try:
            for role in self.roles:
                self.mounts[role] = self._pc("make", "--tiny", "--size", str(megabytes), os.path.join(self.folder, role))
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _pc(*words):
        done = subprocess.run([os.path.join(TOP, "tests", "support", "equipment-pc"), *words], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.returncode)
        return done.stdout.strip()

    def everywhere(self, path, write):
        """Calls write(file path) below each contender's mount."""
        for mount in self.mounts.values():
            full = mount + path
            os.makedirs(os.path.dirname(full), exist_ok=True)
            write(full)

    def settle(self):
        """What was written is on the disk, and older than what a cache must not trust."""
        for mount in self.mounts.values():
            fd = os.open(mount, os.O_RDONLY)
            os.fsync(fd)
            subprocess.run(["sync", "--file-system", mount], check=True)
            os.close(fd)
        time.sleep(0.1)

    def guard(self, extra=None, hashes=(), start=Ours):
        """
        Starts ours (by `start`) and the peer. What may run is what lies on the images, `extra` (path -> a file with that content), and `hashes`,
        which lie nowhere.
        """
        allowed = {}
        for folder, _, names in os.walk(self.mounts["baseline"]):
            for name in names:
                full = os.path.join(folder, name)
                if not os.path.islink(full) and os.path.isfile(full) and os.access(full, os.X_OK):
                    allowed[full[len(self.mounts["baseline"]):]] = (os.path.getsize(full), sha256(full))
        for path, model in (extra or {}).items():
            allowed[path] = (os.path.getsize(model), sha256(model))
        self.ours = start(self.folder, [h for _, h in allowed.values()] + list(hashes), self.mounts["ours"])
        if self.has_peer:
            more = {f"/no/program/{i:05}": (4096, h) for i, h in enumerate(hashes)}
            self.peer = Peer(self.folder, {self.mounts["peer"] + p: a for p, a in {**allowed, **more}.items()}, self.mounts["peer"])
        if "floor" in self.mounts:
            self.floor = Floor(self.mounts["floor"])
        self._refuses_unknown()

    def _refuses_unknown(self):
        """What is measured must be at work: a program that is on no list does not start."""
        def write(full):
            shutil.copy(os.path.join(BUILD, "bench-tiny"), full)
            with open(full, "ab") as f:
                f.write(b"not on any list")

        self.everywhere("/unknown", write)
        self.settle()
        for role, mount in self.mounts.items():
            try:
                ran = subprocess.run([mount + "/unknown"], check=False).returncode == 0
            except PermissionError:
                ran = False
            if ran != (role in ("baseline", "control", "floor")):
                refuse(f"{role}: an unknown program {'ran' if ran else 'did not run'}")

    def probe(self, verb, count, path):
        """Samples in nanoseconds: role -> list; for "fresh" also role + " hash"."""
        mounts = list(self.mounts.items())
        done = subprocess.run([os.path.join(BUILD, "bench-probe"), verb, str(count), path, *(m for _, m in mounts)],
                              stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            refuse("bench-probe did not measure")
        lines = iter(done.stdout.splitlines())
        samples = {}
        for index, (role, _) in enumerate(mounts):
            samples[role] = [int(v) for v in next(lines).split()]
            if verb == "fresh" and index < 2:
                samples[role + " hash"] = [int(v) for v in next(lines).split()]
        return samples

    def close(self):
        for process in (self.ours, self.peer, self.floor):
            if process:
                process.close()
        for role in ROLES:
            self._pc("destroy", os.path.join(self.folder, role))
        shutil.rmtree(self.folder, ignore_errors=True)

    def __exit__(self, *_):
        self.close()


def median(samples):
    return statistics.median(samples)


def row_with_floor(name, unit, samples):
    """As measure.row(), with the floor's median and the ratio to it beside."""
    floor = median(samples["floor"])
    row = measure.row(name, unit, {role: values for role, values in samples.items() if role != "floor"})
    row.update(floor=floor, ratio_floor=row["ours"] / floor)
    return row


def target(row, limit, text):
    """Puts the target beside the figure: `limit` in the row's unit."""
    row.update(target=limit, target_text=text, met=row["ours"] is not None and row["ours"] <= limit)
    return row


def verdicts(rows):
    for row in rows:
        if "target" in row:
            word = "met" if row["met"] else "MISSED"
            floor = f"; without looking: {row['floor']:.4g}" if "floor" in row else ""
            print(f"target {word}: {row['measure']}: {row['ours']:.4g} {row['unit']}, at most {row['target']:.4g} ({row['target_text']}){floor}")
