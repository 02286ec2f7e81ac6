# SPDX-License-Identifier: GPL-3.0-or-later
#
# The equipment PC on which lockdown's kernel side is tried: our program on it, a control group of the test's own as the subject, and lockdown-rig with the kernel side
# loaded. Whoever is outside of the group is never acted upon. Call lockdown_lab.isolate() first.
import ctypes
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import lockdown_lab as lab
from lockdown_lab import BUILD, ROOT

PC = ROOT / 'tests/support/equipment-pc'


def cgroups():
    """The cgroup2 mount."""
    for line in Path('/proc/self/mounts').read_text().splitlines():
        if line.split()[2] == 'cgroup2':
            return Path(line.split()[1])
    return None


def enter(root):
    """Makes it this process's root, in mounts of its own: in a chroot no user namespace can be made."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x00020000) or libc.mount(b'none', b'/', None, 0x44000, None) or libc.mount(bytes(root), bytes(root), None, 0x5000, None):
        raise OSError(ctypes.get_errno(), 'mounts')
    os.chdir(root)
    if libc.syscall(155, b'.', b'.') or libc.umount2(b'.', 2):
        raise OSError(ctypes.get_errno(), 'pivot_root')
    os.chdir('/')


class Machine:
    """An equipment PC with our program on it, and a control group for what runs inside."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix='kernel.'))
        subprocess.run([PC, 'make', '--tiny', self.folder / 'pc'], check=True, stdout=subprocess.DEVNULL)
        self.root = self.folder / 'pc/mnt'
        subprocess.run(['mount', '-t', 'proc', 'proc', self.root / 'proc'], check=True)
        self.group = f'sekisho-test-{os.getpid()}-{self.folder.name[-6:]}'
        self.cgroup = cgroups() / self.group
        self.cgroup.mkdir()
        for name in ('mnt', 'lib/known', 'lib/strange', 'srv', 'bound'):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(BUILD / 'lockdown-roads', self.root / 'usr/bin/roads')
        for name in ('libdl.so.2', 'libpthread.so.0'):
            self.library(name)
        self.copy('usr/bin/roads', 'usr/bin/known')
        library = next(self.root.glob('**/libtinfo.so.6*')).relative_to(self.root)
        self.copy(library, 'lib/known/library.so', b'known')
        self.list = self.folder / 'list'
        self.write_list()
        self.copy('usr/bin/roads', 'srv/unknown', b'unknown')
        with open(self.copy(library, 'lib/strange/library.so', b'unknown'), 'r+b') as file:
            file.seek(0x28)  # where the section headers lie: in the first page, and nothing that a loader looks at
            file.write(b'unknown')
        (self.root / 'bound/place').touch()
        self.rig = None

    def library(self, name):
        for place in ('/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu'):
            if os.path.exists(f'{place}/{name}') and not (self.root / f'lib/x86_64-linux-gnu/{name}').exists():
                shutil.copy(f'{place}/{name}', self.root / f'lib/x86_64-linux-gnu/{name}')
                return

    def copy(self, from_name, to_name, more=b''):
        path = self.root / to_name
        path.unlink(missing_ok=True)
        shutil.copy(self.root / from_name, path)
        with open(path, 'ab') as file:
            file.write(more)
        path.chmod(0o755)
        return path

    def write_list(self, without=()):
        lines = []
        for path in self.root.rglob('*'):
            if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o111 or '.so' in path.name and path.is_file():
                inside = '/' + str(path.relative_to(self.root))
                if not any(inside.startswith(prefix) for prefix in (*without, '/srv/unknown', '/lib/strange')):
                    lines.append(f'{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}')
        self.list.write_text('\n'.join(lines) + '\n')

    def guard(self, *options, mode='enforce', failure='deny'):
        self.rig = lab.Rig([self.root], [], options=['--cgroup', self.group, *options], listed=self.list, mode=mode, failure=failure)
        self.rig.until(20, lambda c: c['acting'] == 2 and c['maps'] == 1 and c['foreseen'] >= 1)
        return self.rig

    def free(self):
        if self.rig:
            self.rig.end()
            self.rig = None

    def begin(self, *words, inside=True, path=None, environment=None):
        """Starts a program of the equipment PC, inside of the control group or not."""
        out, into = os.pipe2(0)
        join = os.open(self.cgroup / 'cgroup.procs', os.O_WRONLY)
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(into, 1)
                os.dup2(into, 2)
                if inside:
                    os.write(join, b'0')
                enter(self.root)
                os.closerange(3, 64)
                os.execve(path or words[0], list(words), {'PATH': '/usr/bin:/bin', **(environment or {})})
            except OSError as e:
                os.write(1, f'refused {e.errno}'.encode())
            os._exit(126)
        os.close(into)
        os.close(join)
        return pid, out

    def run(self, *words, inside=True, limit=20, environment=None):
        """(what it printed, how it ended): 'arrived' when the code ran."""
        pid, out = self.begin(*words, inside=inside, environment=environment)
        timer = time.monotonic() + limit
        text = b''
        os.set_blocking(out, False)
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            try:
                while piece := os.read(out, 4096):
                    text += piece
            except BlockingIOError:
                pass
            if done:
                break
            if time.monotonic() > timer:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)
        os.close(out)
        return text.decode(errors='replace').strip(), os.waitstatus_to_exitcode(status)

    def end(self):
        self.free()
        for pid in (self.cgroup / 'cgroup.procs').read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.1)
        self.cgroup.rmdir()
        subprocess.run(['umount', self.root / 'proc'], check=False)
        subprocess.run([PC, 'destroy', self.folder / 'pc'], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
