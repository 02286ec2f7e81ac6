# SPDX-License-Identifier: GPL-3.0-or-later
#
# lab.py - where the attacks are made: an equipment PC with interpreters and a compiler on it, a signed policy that lists what is on it, the code that is
# not listed, and an agent in front of it. One case is tried three times: without an agent it must have its effect, with one in enforce it must not, and
# its lawful twin must.
#
# Owns the image, the agent and the cgroup it makes. Everything that attacks is started by attack-enter, which confines it to the image and ends it.
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import struct
import subprocess
import time
import zipfile

TOP = pathlib.Path(os.environ.get('SEKISHO_SOURCE', pathlib.Path(__file__).resolve().parents[3]))
BUILD = pathlib.Path(os.environ.get('SEKISHO_BUILD', TOP / 'build'))
HERE = pathlib.Path(__file__).resolve().parents[1]
TOOLS = ('exec', 'map', 'mem', 'race', 'root')
HOME = 'opt/attacks'  # in the equipment PC: the tools and cases, all of them listed
LAWFUL = 'tries/lawful'  # what is listed of the material
COMPILE = 'import py_compile, sys; py_compile.compile(sys.argv[1], sys.argv[2], invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)'
SLOW = 6 if os.environ.get('SEKISHO_VM') else 1  # a virtual machine without the hardware's help
STOPPED, NOT_STOPPED, VOID, TWIN = 'stopped', 'not stopped', 'void', 'twin failed'


def sh(*words, seconds=60, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=seconds, errors='replace', **options)


def must(*words, **options):
    said = sh(*words, **options)
    if said.returncode:
        raise RuntimeError(f'{words[0]} {words[1]}: {said.stderr.strip() or said.stdout.strip()}')
    return said.stdout.strip()


def within(seconds, ask):
    end = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < end:
        time.sleep(0.02)
    return answer


class Case:
    """One file of cases/. Its head says what it is: `# class: ID`, and where it differs `# user: 1000`, `# seconds: 30`, `# where: vm`, `# proof: said`."""

    def __init__(self, path):
        self.name, self.path = path.stem, path
        head = dict(re.findall(r'^# (class|user|seconds|where|proof|agent): (.*)$', path.read_text(), re.MULTILINE))
        self.kind = head['class']
        self.user, self.seconds = int(head.get('user', 0)), int(head.get('seconds', 12))
        self.where, self.proof, self.agent = head.get('where', 'any'), head.get('proof', 'token'), 'agent' in head
        told = [line[2:] for line in path.read_text().splitlines()[2:12] if line.startswith('# ') and not re.match('# ([a-z]+: |shellcheck )', line)]
        self.about = ' '.join(told)


def cases(pattern=''):
    """By name; those that attack the agent come last."""
    found = [case for path in sorted((HERE / 'cases').glob('*.sh')) if re.search(pattern, (case := Case(path)).name)]
    return sorted(found, key=lambda case: case.agent)


class Token:
    """Sixteen letters that only the code they were built into can write: that code has them turned over."""

    def __init__(self, name):
        self.name, self.text = name, secrets.token_hex(8)
        raw = self.text.encode()
        self.numbers = [~int.from_bytes(raw[i:i + 8], 'little') & (1 << 64) - 1 for i in (0, 8)]
        self.octal = ''.join(f'\\{byte:03o}' for byte in raw)
        self.turned = ','.join(str(255 - byte) for byte in raw)

    def build(self, folder, compiler):
        flags = [f'-DLOW={self.numbers[0]:#x}UL', f'-DHIGH={self.numbers[1]:#x}UL', '-O1', '-w']
        numbers = [f'-DLOW={self.numbers[0]:#x}', f'-DHIGH={self.numbers[1]:#x}']
        here, out = HERE / 'payload', str(folder / self.name)
        must(compiler, *flags, '-o', out, here / 'program.c')
        must(compiler, *flags, '-static', '-o', out + '.static', here / 'program.c')
        for kind, suffix in (('LIBRARY', '.so'), ('LATER', '.late.so')):
            must(compiler, *flags, f'-D{kind}', '-shared', '-fPIC', '-o', out + suffix, here / 'program.c')
        must(compiler, *numbers, '-nostdlib', '-static', '-Wl,--build-id=none', '-o', out + '.bare', here / 'code.S')
        must('objcopy', '-O', 'binary', '-j', '.text', out + '.bare', out + '.code')
        must(compiler, *numbers, '-DI386', '-m32', '-nostdlib', '-static', '-Wl,--build-id=none', '-o', out + '.i386', here / 'code.S')
        self.scripts(out)

    def scripts(self, out):
        for suffix, text in self.sources().items():
            path = pathlib.Path(out + suffix)
            path.write_text(text)
            path.chmod(0o755)
        must('/usr/bin/python3', '-c', COMPILE, out + '.module.py', out + '.module.pyc')
        with zipfile.ZipFile(out + '.zip', 'w') as archive:
            archive.write(out + '.py', '__main__.py')
            archive.write(out + '.module.py', 'inside.py')

    def sources(self):
        shell = f"printf '{self.octal}' >>/proof/token\n"
        python = f"open('/proof/token', 'ab').write(bytes(255 - b for b in [{self.turned}]))\n"
        perl = f'open(my $f, ">>", "/proof/token"); print $f pack("C*", map {{ 255 - $_ }} ({self.turned})); close($f);\n'
        awk = ''.join(f'printf "%c", {255 - int(b)} >>"/proof/token";' for b in self.turned.split(','))
        ruby = f'File.open("/proof/token", "ab") {{ |f| f.write([{self.turned}].map {{ |b| 255 - b }}.pack("C*")) }}\n'
        padding = ('#' * 99 + '\n') * 400  # further than an interpreter reads at once
        return {'.sh': '#!/bin/sh\n' + shell, '.bash': '#!/bin/bash\n' + shell, '.bare.sh': shell, '.py': '#!/usr/bin/python3\n' + python,
                '.pl': '#!/usr/bin/perl\n' + perl, '.awk': f'BEGIN {{ {awk} }}\n', '.rb': '#!/usr/bin/ruby\n' + ruby, '.octal': self.octal,
                '.turned': self.turned, '.mk': f'a = {self.text[:8]}\nb = {self.text[8:]}\n$(file >>/proof/token,$a$b)\nall:\n\t@true\n', '.env.sh': '#!/usr/bin/env -S sh -e\n' + shell,
                '.slow.sh': '#!/bin/sh\nsleep 1\n' + padding + (shell if self.name == 'known' else '') + '\n' * 400,
                '.module.py': python, '.module.pm': perl + '1;\n'}


# What an application of the equipment has: scripts that load parts of their own, and some that do nothing.
APPLICATION = {
    'main.py': '#!/usr/bin/python3\nimport part\n',
    'main.pl': '#!/usr/bin/perl\nuse FindBin; use lib $FindBin::Bin; use part;\n',
    'main.bash': '#!/bin/bash\n. "${0%/*}/part.sh"\n',
    'main.rb': "#!/usr/bin/ruby\nrequire_relative 'part'\n",
    'load.py': '#!/usr/bin/python3\nimport ctypes, sys\nctypes.CDLL(sys.argv[1])\n',
    'load.pl': '#!/usr/bin/perl\nuse DynaLoader; DynaLoader::dl_load_file($ARGV[0], 0);\n',
    'archive.py': '#!/usr/bin/python3\nimport sys\nsys.path.insert(0, sys.argv[1])\nimport inside\n',
    'do.pl': '#!/usr/bin/perl\ndo $ARGV[0];\n',
    'strict.pl': '#!/usr/bin/perl\nuse strict;\n',
    'include.awk': '@include "part.awk"\n',
    'nothing.mk': 'nothing:\n',
    'nothing.sed': 's/a/b/\n',
    'nothing.awk': 'BEGIN { exit 0 }\n',
    'nothing.py': '#!/usr/bin/python3\n',
    'nothing.pl': '#!/usr/bin/perl\nmy $nothing = 1;\n',
    'nothing.rb': '#!/usr/bin/ruby\n',
    'nothing.bash': '#!/bin/bash\nnothing 2>/dev/null\ntrue\n',
}


def is_script(path):
    return path.suffix in ('.py', '.pyc', '.pl', '.pm', '.al', '.ph', '.rb', '.gemspec', '.sh', '.bash', '.awk', '.mk') or str(path).endswith((
        '/etc/profile', '/etc/bash.bashrc', '/etc/environment'))


class Stage:
    """The equipment PC before anything happens: all that is on it is listed, then the unknown is added."""

    def __init__(self, folder, series=None):
        self.folder, self.series = folder, series
        os.chmod(folder, 0o755)
        self.pc = folder / 'pc'
        self.mount = pathlib.Path(must(TOP / 'tests/support/equipment-pc', 'make', '--workshop', self.pc, seconds=900))
        self.home = self.mount / HOME
        self.tokens = {name: Token(name) for name in ('known', 'unknown')}
        self.listed, self.places, self.extras = [], [], {}  # places: of a listed file all of them, for who trusts paths
        self.lay_out()

    def lay_out(self):
        material = self.home / 'material'
        material.mkdir(parents=True)
        for folder in ('proof', 'tries'):
            (self.mount / folder).mkdir()
            (self.mount / folder).chmod(0o777)
        for tool in TOOLS:
            shutil.copy(BUILD / f'attack-{tool}', self.home / tool)
        shutil.copy(BUILD / 'attack-mem', self.home / 'jit')
        with open(self.home / 'jit', 'ab') as file:
            file.write(b'the one that may make code in memory')
        must('gcc', '-DTINY', '-O1', '-o', self.home / 'tiny', HERE / 'payload/program.c')
        shutil.copytree(HERE / 'cases', self.home / 'cases')
        for path in (self.home / 'cases').iterdir():
            path.chmod(0o755)
        self.tokens['known'].build(material, 'gcc')
        self.build_linked(material)
        self.victims()
        self.equip()
        self.use()
        if self.series:
            self.bring_kernel(material)
        shutil.copytree(material, self.mount / LAWFUL)
        self.list_all()
        self.tokens['unknown'].build(material, 'gcc')
        with open(self.home / 'tiny', 'rb') as tiny:
            (material / 'unknown.tiny').write_bytes(tiny.read() + b'!')
        (material / 'unknown.tiny').chmod(0o755)

    def build_linked(self, material):
        """A known program that needs a library of its own folder."""
        (self.home / 'lib').mkdir()
        shutil.copy(material / 'known.so', self.home / 'lib/libplugin.so')
        must('gcc', '-DLINKED', '-w', '-o', self.home / 'linked', HERE / 'payload/program.c', '-L', self.home / 'lib', '-lplugin',
             f'-Wl,-rpath,/{HOME}/lib')

    def bring_kernel(self, material):
        """Of the kernel that the virtual machine runs: a module of its maker, the same with a byte more, and the kernel itself."""
        cache = pathlib.Path(os.environ.get('SEKISHO_CACHE', TOP / 'build/cache')) / 'kernels-1' / self.series
        must(TOP / 'tests/support/vm', 'cache', seconds=900)
        version = next(word for word in must('debugfs', '-R', 'ls -p /', cache / 'modules.img').split('/') if re.match(re.escape(self.series) + r'\.\d', word))
        must('debugfs', '-R', f'dump /{version}/kernel/drivers/net/dummy.ko {material}/known.ko', cache / 'modules.img')
        (material / 'unknown.ko').write_bytes((material / 'known.ko').read_bytes() + b'!')
        shutil.copy(cache / 'vmlinuz', self.home / 'vmlinuz')

    def victims(self):
        """Known files that attacks try to change; put back before each attempt."""
        self.victim = self.home / 'victim'
        self.victim.mkdir()
        shutil.copy(self.home / 'tiny', self.victim / 'program')
        with open(self.victim / 'program', 'ab') as file:
            file.write(b'a victim')
        shutil.copy(self.home / 'material/known.so', self.victim / 'library.so')
        shutil.copy(self.home / 'material/known.sh', self.victim / 'script.sh')
        for path in self.victim.iterdir():
            path.chmod(0o755)

    def equip(self):
        """Modules of a known script, as an application has them, and places where programs look for start-up files."""
        app = self.home / 'app'
        app.mkdir()
        for name, text in APPLICATION.items():
            (app / name).write_text(text)
            (app / name).chmod(0o755)
        for suffix, name in (('.module.py', 'part.py'), ('.module.pm', 'part.pm'), ('.bare.sh', 'part.sh'), ('.rb', 'part.rb')):
            (app / name).write_bytes((self.home / f'material/known{suffix}').read_bytes() + b'# a part\n')  # listed by a name of its own
        dev = self.mount / 'dev'
        os.mknod(dev / 'fuse', 0o020666, os.makedev(10, 229))
        (dev / 'fuse').chmod(0o666)
        for name in ('shm', 'pts'):
            (dev / name).mkdir(exist_ok=True)
        (dev / 'ptmx').unlink(missing_ok=True)
        (dev / 'ptmx').symlink_to('pts/ptmx')

    def use(self):
        """As a machine that has worked: Python has left its compiled start-up file, which is then read instead of the source."""
        must('chroot', self.mount, '/usr/bin/python3', '-c', 'pass')

    def list_all(self):
        seen = set()
        self.list_below(LAWFUL, seen)  # first: a file is listed by one name, and this is where it is used
        for top in ('usr', 'opt', 'etc', 'bin', 'sbin', 'lib', 'lib64'):
            if not (self.mount / top).is_symlink():
                self.list_below(top, seen)

    def list_below(self, top, seen):
        for folder, folders, names in os.walk(self.mount / top):
            folders[:] = [f for f in folders if f not in ('doc', 'man', 'locale', 'zoneinfo')]
            for name in names:
                path = pathlib.Path(folder, name)
                if path.is_file() and not path.is_symlink() and path.name not in ('vmlinuz', 'unknown.ko') and (kind := self.kind_of(path)):
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    self.places.append((str(path), digest))
                    if digest not in seen:
                        seen.add(digest)
                        self.listed.append({'sha256': digest, 'name': str(path), 'kind': kind})

    def kind_of(self, path):
        with open(path, 'rb') as file:
            head = file.read(4)
        if head == b'\x7fELF':
            if path.name == 'known.ko':
                return 'module'
            return 'library' if '.so' in path.name and not path.name.startswith('ld-') else 'program'
        if head[:2] == b'#!' and os.access(path, os.X_OK):
            return 'program' if path.parts[-2] in ('bin', 'sbin') else 'script'
        whole = (self.home, self.mount / LAWFUL, self.mount / 'etc')  # of these all; an interpreter reads nsswitch.conf as well
        return 'script' if is_script(path) or any(folder in path.parents for folder in whole) else None

    def policy(self):
        jit = hashlib.sha256((self.home / 'jit').read_bytes()).hexdigest()
        return {'part': 'lockdown', 'serial': 0, 'lockdown': {'mode': 'enforce', 'failure': 'deny', 'deadline_ms': 500, 'scope': [str(self.mount)],
                                                              'programs': self.listed}}, \
            {'interpreters': {'restrict': True, 'data': [str(self.mount / 'usr/share/zoneinfo')]}, 'protect': True, 'modules': 'listed', 'mounts': 'deny', 'memory': {'exec': 'deny'},
             'self': {'release': True}, 'jit': [{'sha256': jit, 'note': 'the compiler of the tests'}], 'overload': 'deny',
             'media': [{'vendor': 'image', 'product': name, 'mount': 'rw', 'execute': True, 'copy': copy} for name, copy in (('medium*', True), ('closed*', False))],
             'media_default': {'mount': 'deny', 'execute': False, 'copy': False}}

    def close(self):
        sh(TOP / 'tests/support/equipment-pc', 'destroy', self.pc)


class Desk:
    """Keys, and what is signed with them."""

    def __init__(self, folder):
        self.folder, self.serial = folder, 0
        for key in ('site', 'policy'):
            must(BUILD / 'sekisho', 'policy', 'keygen', '--plain', folder / key)
        must(BUILD / 'sekisho', 'policy', 'delegate', '--site-key', folder / 'site', '--uses', 'policy', '--out', folder / 'policy.skd', folder / 'policy.pub')

    def try_sign(self, draft):
        path, out = self.folder / 'draft.yaml', self.folder / 'signed.skp'
        path.write_text(json.dumps(draft))  # YAML as well
        out.unlink(missing_ok=True)
        said = sh(BUILD / 'sekisho', 'policy', 'sign', '--key', self.folder / 'policy', '--delegation', self.folder / 'policy.skd', '--serial',
                  self.serial + 1, '--out', out, path)
        if said.returncode == 0:
            self.serial += 1
        return out if said.returncode == 0 else None, said.stderr.strip()

    def sign(self, stage):
        """With each protection that this build's policies have. Which there are is said by the schema, not by us."""
        draft, extras = stage.policy()
        stage.extras = {}
        for name, value in extras.items():
            probe = {**draft, 'lockdown': {**draft['lockdown'], 'programs': [{'sha256': '0' * 64, 'name': '/x'}], name: value}}
            if self.try_sign(probe)[0]:
                stage.extras[name] = value
        probe = {**draft, 'lockdown': {**draft['lockdown'], 'programs': [{'sha256': '0' * 64, 'name': '/x', 'kind': 'library'}]}}
        if not self.try_sign(probe)[0]:
            for entry in stage.listed:
                entry.pop('kind', None)
        draft['lockdown'].update(stage.extras)
        out, why = self.try_sign(draft)
        if not out:
            raise RuntimeError(f'the policy cannot be signed: {why}')
        return out


class Agent:
    """The agent below a root of its own."""

    def __init__(self, folder, cgroup):
        self.place, self.process = folder / 'agent', None
        self.root = self.place / 'root'
        (self.root / 'etc/sekisho').mkdir(parents=True)
        settings = 'users:\n  spool: 61100\n  link: 61101\n'
        known = sh(BUILD / 'sekisho-agent', '--help-config').stdout
        if 'media.images' in known:
            settings += 'media:\n  images: [/tries]\n'  # as the attacker's mount namespace names it
        if 'lockdown.cgroup' in known and cgroup:
            settings += f'lockdown:\n  cgroup: {cgroup.setting}\n'
        (self.root / 'etc/sekisho/agent.yaml').write_text(settings)
        self.log = folder / 'agent.log'
        self.policy = self.root / 'var/lib/sekisho/policy'

    def start(self, pin, signed):
        must(BUILD / 'sekisho', 'policy', 'pin', '--root', self.root, pin)
        self.launch()
        if not within(30 * SLOW, self.status):  # its kernel programs take their time to be loaded
            raise RuntimeError(f'the agent does not start: {self.log.read_text()[-2000:]}')
        must(BUILD / 'sekisho', 'policy', 'import', '--root', self.root, signed)
        if not within(30 * SLOW, self.in_force):
            raise RuntimeError(f'the policy is not in force: {self.status()} {self.log.read_text()[-1000:]}')
        within(5, lambda: self.status()['tier'] != 'C')  # where there is no kernel side it stays so
        if self.status()['tier'] == 'A':  # known files are protected when they were looked at: emulated, the end of the list takes minutes
            within(60 * SLOW, lambda: self.status()['count']['foreseen'])

    def launch(self):
        program = self.place / 'sekisho-agent'
        program.unlink(missing_ok=True)  # it may have been replaced
        shutil.copy(BUILD / 'sekisho-agent', program)
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([self.place / 'sekisho-agent', 'run', '--root', self.root], stdout=log, stderr=log)

    def status(self):
        said = sh(BUILD / 'sekisho', 'lockdown', 'status', '--root', self.root, '--json')
        answer = json.loads(said.stdout) if said.stdout.startswith('{') else {}
        return answer if 'mode' in answer else None

    def in_force(self):
        status = self.status()
        return status and status['mode'] == 'enforce' and status['guard'] == 'up' and all(s['state'] not in ('waiting', 'not-guarded') for s in status['scope'])

    def pids(self):
        status = self.status() or {}
        found = {name: pid for name, pid in status.get('processes', {}).items() if pid}
        return {**found, 'main': self.process.pid}

    def events(self, code):
        found = 0
        for path in (self.root / 'var/lib/sekisho/spool').glob('*.*.*'):
            found += path.read_bytes().count(f'"event_code":"{code}"'.encode())
        return found

    def bpf(self):
        """The kernel's numbers of links and maps that its processes hold."""
        found = {'link_id': set(), 'map_id': set()}
        for pid in self.pids().values():
            for path in pathlib.Path(f'/proc/{pid}/fdinfo').glob('*'):
                with contextlib.suppress(OSError):
                    for name, number in re.findall(r'^(link_id|map_id):\s*(\d+)', path.read_text(), re.MULTILINE):
                        found[name].add(number)
        return ','.join(sorted(found['link_id'])), ','.join(sorted(found['map_id']))

    def mend(self, hurt):
        """After an attack upon it: all of it runs, else it is started again; also when it was hurt in a way that does not show."""
        for pid in self.pids().values():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)
        if not hurt and self.process.poll() is None and within(4 * SLOW, self.in_force):
            return
        self.stop()
        self.launch()
        if not within(20 * SLOW, self.in_force):
            raise RuntimeError(f'the agent does not come back: {self.status()} {self.log.read_text()[-1500:]}')
        within(5, lambda: self.status()['tier'] != 'C')

    def stop(self):
        if not self.process:
            return
        pids = self.pids()
        for pid in pids.values():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in pids.values():
            with contextlib.suppress(OSError):
                if 'lockdown' in pathlib.Path(f'/proc/{pid}/comm').read_text():
                    os.kill(pid, signal.SIGKILL)
        self.process = None


class Cgroup:
    """The equipment PC's processes, below the machine's cgroup2."""

    def __init__(self):
        with open('/proc/self/mounts', encoding='utf-8') as file:
            tops = [line.split()[1] for line in file if line.split()[2] == 'cgroup2']
        if not tops:
            raise RuntimeError('no cgroup2 is mounted')
        self.setting = f'sekisho-attacks-{os.getpid()}'
        self.path = pathlib.Path(tops[0], self.setting)
        self.path.mkdir()

    def close(self):
        with contextlib.suppress(OSError):
            (self.path / 'cgroup.kill').write_text('1')
        within(3, lambda: not (self.path / 'cgroup.procs').read_text().strip())
        for path in [*self.path.glob('*/'), self.path]:
            with contextlib.suppress(OSError):
                path.rmdir()


class Standins:
    """What agent attacks are tried upon where no agent is, and what their twins do to a process that is not ours."""

    def __init__(self, folder):
        self.processes, self.place = [], folder / 'standins'
        self.policy = self.place / 'policy'
        self.policy.mkdir(parents=True)
        shutil.copy('/bin/true', self.place / 'sekisho-agent')

    def pids(self):
        for process in [p for p in self.processes if p.poll() is not None]:
            self.processes.remove(process)
        while len(self.processes) < 4:
            self.processes.append(subprocess.Popen(['/bin/sleep', '600']))
        return dict(zip(('guard', 'keeper', 'lockdown', 'main'), (p.pid for p in self.processes)))

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()


def clear_flags(path):
    with contextlib.suppress(OSError), open(path, 'rb') as file:
        fcntl.ioctl(file, 0x40086602, bytes(8))  # FS_IOC_SETFLAGS: neither immutable nor append-only


def is_pristine(path, content, owner=0):
    try:
        with open(path, 'rb') as file:
            flags = struct.unpack('i', fcntl.ioctl(file, 0x80086601, bytes(8))[:4])[0]  # FS_IOC_GETFLAGS
            return file.read() == content and os.stat(path).st_mode & 0o777 == 0o755 and os.stat(path).st_uid == owner and not flags & 0x30
    except OSError:
        return False


class Range:
    """Tries cases on one mounted equipment PC."""

    def __init__(self, folder, mount, tokens, cgroup):
        self.mount, self.tokens, self.cgroup = mount, tokens, cgroup
        device = os.stat(mount).st_dev
        self.device = f'{os.major(device)}:{os.minor(device)}'
        self.pristine = {path.name: path.read_bytes() for path in (mount / HOME / 'victim').iterdir()}
        self.material = {path.name: path.read_bytes() for path in (mount / HOME / 'material').iterdir()}
        self.agent, self.standins, self.number, self.fixed = None, Standins(folder), 0, None

    def restore(self):
        victim = self.mount / HOME / 'victim'
        for path in victim.iterdir():
            if path.name not in self.pristine:
                sh('rm', '-rf', path)
        for name, content in self.pristine.items():
            path = victim / name
            if not is_pristine(path, content):
                clear_flags(path)
                path.unlink(missing_ok=True)
                path.write_bytes(content)
                path.chmod(0o755)
                time.sleep(0.05)
                path.read_bytes()  # what is protected is what the agent has seen, and a younger file is not remembered

    def folder(self, case, kind):
        """Where a case works. What is lawful, and what races with it, is done where the policy has its files; the rest in a folder of its own."""
        if not self.fixed and (kind == 'known' or case.kind.startswith('race-')):
            return self.lawful(case.user)
        self.number += 1
        work = self.mount / 'tries' / (self.fixed or str(self.number))
        if self.fixed:
            sh('rm', '-rf', work)
        work.mkdir()
        (work / 'flood').mkdir()
        for name in self.material:
            self.lay(work / name, case.user)
        self.give(work, case.user)
        return work

    def lawful(self, user):
        """The folder that is listed. It stays, because the guard watches it; what the case before has changed in it is put back."""
        work = self.mount / LAWFUL
        work.mkdir(exist_ok=True)
        for path in work.iterdir():
            if path.name not in self.material:
                sh('rm', '-rf', path)
        (work / 'flood').mkdir()
        for name, content in self.material.items():
            path = work / name
            if path.is_symlink() or not is_pristine(path, content, user) or os.stat(path).st_nlink > 1:
                clear_flags(path)
                sh('rm', '-rf', path)
                self.lay(path, user)
        self.give(work, user)
        return work

    def lay(self, path, user):
        path.write_bytes(self.material[path.name])
        path.chmod(0o755)
        os.chown(path, user, user)

    def give(self, work, user):
        for path in (work, work / 'flood'):
            os.chown(path, user, user)
        time.sleep(0.04)  # a younger file is not remembered as known, and a restricted interpreter reads only what is

    def surroundings(self, case, kind):
        env = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'ATTACK_DEVICE': self.device, 'ATTACK_CGROUP': str(self.cgroup.path) if self.cgroup else ''}
        if case.agent:
            target = self.agent if self.agent and kind == 'unknown' else self.standins
            env.update({f'ATTACK_{name.upper()}': str(pid) for name, pid in target.pids().items()})
            env.update(ATTACK_PLACE=str(target.place), ATTACK_POLICY=str(target.policy))
            if target is self.agent:
                env['ATTACK_LINKS'], env['ATTACK_MAPS'] = self.agent.bpf()
        return env

    def attempt(self, case, kind):
        """(did its code have an effect, what was said)"""
        proof = self.mount / 'proof/token'
        proof.unlink(missing_ok=True)
        proof.touch()
        proof.chmod(0o666)
        self.restore()
        work = self.folder(case, kind)
        words = [BUILD / 'attack-enter', '--seconds', case.seconds, '--user', case.user]
        words += ['--host-pids'] if case.agent else []
        words += ['--cgroup', self.cgroup.path] if self.cgroup else []
        words += [self.mount, f'/tries/{work.name}', f'/{HOME}/cases/{case.name}.sh', kind]
        try:
            said = sh(*words, seconds=case.seconds + 20, env=self.surroundings(case, kind), stdin=subprocess.DEVNULL)
            text, code = said.stdout + said.stderr, said.returncode
        except subprocess.TimeoutExpired:
            text, code = 'hung', 125
        written = proof.read_text(errors='replace') if proof.exists() else ''
        if work.name != pathlib.Path(LAWFUL).name:
            shutil.rmtree(work, ignore_errors=True)  # what was mounted in it was mounted for its own processes only
        seen = self.tokens[kind] in written if case.proof == 'token' else 'effect' in text.split('\n')
        return seen, f'exit {code}: {" / ".join(text.split(chr(10))[:4])}'[:300]

    def close(self):
        self.standins.close()


def without(field, chosen):
    """What each case does with no agent: {name: '' or the reason why it shows nothing here}."""
    void = {}
    for case in chosen:
        here = 'vm' if os.environ.get('SEKISHO_VM') else 'host'
        if case.where not in ('any', here):
            void[case.name] = f'only tried in a {"virtual machine" if case.where == "vm" else case.where}'
            continue
        for _ in range(2):
            attack, said = field.attempt(case, 'unknown')
            twin, twin_said = field.attempt(case, 'known') if attack and here == 'host' else (attack, '')  # time in a machine is dear
            if attack and twin:
                break
        void[case.name] = '' if attack and twin else f'without an agent {"its twin does not run" if attack else "it has no effect"}: {twin_said if attack else said}'
    return void


def against(field, case):
    """(verdict, details) with the agent in enforce."""
    attack, said = field.attempt(case, 'unknown')
    if attack:
        return NOT_STOPPED, said
    twin, twin_said = field.attempt(case, 'known')
    if not twin:
        twin, twin_said = field.attempt(case, 'known')
    return (STOPPED, said) if twin else (TWIN, twin_said)
