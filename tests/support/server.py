# SPDX-License-Identifier: GPL-3.0-or-later
#
# A server of ours in a folder of its own, with keys, users by number and free ports; and agents that are nothing but a TLS socket.
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import wire  # noqa: E402

ROOT = Path(os.environ.get('SEKISHO_SOURCE', Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get('SEKISHO_BUILD', ROOT / 'build'))
IS_ROOT = os.geteuid() == 0
USERS = {'intake': 61110, 'store': 61111, 'fleet': 61112, 'web': 61113, 'spool': 61100, 'link': 61101}


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name, why=''):
        self.count += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.count} - {name}', flush=True)
        for line in str(why).splitlines()[-25:] if not good else []:
            print('# ' + line, flush=True)
        return good

    def done(self):
        print(f'1..{self.count}', flush=True)
        return 1 if self.failed else 0


def until(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, settings=None, parent=None):
        self.top = Path(tempfile.mkdtemp(prefix='sekisho-server-', dir=parent))
        self.top.chmod(0o755)
        self.root = self.top / 'root'
        (self.root / 'etc/sekisho').mkdir(parents=True)
        self.port = free_port()
        self.write_settings(settings)
        self.log_path = self.top / 'log'
        self.log = open(self.log_path, 'ab')
        self.process = None
        self.sekisho('policy', 'keygen', '--plain', self.top / 'site.key')
        self.pin = json.loads(self.sekisho('server', 'init', '--site-key', self.top / 'site.key.pub', '--name', '127.0.0.1', '--json'))['pin']

    def write_settings(self, text):
        """`text`: YAML of the parts "intake" (indented lines), "store", "fleet" as a dict of dicts."""
        users = {name: str(USERS[name] if IS_ROOT else os.geteuid()) for name in ('intake', 'store', 'fleet', 'web')}
        whole = {'intake': {'listen': f'127.0.0.1:{self.port}'}, 'web': {'listen': f'127.0.0.1:{free_port()}'}, 'store': {'reserve': '1M'}, 'users': users}
        for part, values in (text or {}).items():
            whole.setdefault(part, {}).update(values)
        lines = []
        for part, values in whole.items():
            lines += [f'{part}:'] + [f'  {key}: "{value}"' if part == 'users' or ':' in str(value) else f'  {key}: {value}' for key, value in values.items()]
        (self.root / 'etc/sekisho/server.yaml').write_text('\n'.join(lines) + '\n')

    def sekisho(self, *words, check=True, env=None):
        words = [str(w) for w in words]
        rooted = words if words[0] == 'policy' else words + ['--root', str(self.root)]
        done = subprocess.run([str(BUILD / 'sekisho'), *rooted], capture_output=True, text=True, timeout=120, env=env, check=False)
        self.said = done.stdout + done.stderr
        self.code = done.returncode
        if check and done.returncode:
            raise RuntimeError(f'sekisho {" ".join(words)}: {done.returncode}: {self.said}')
        return done.stdout

    def start(self, wait=True, **env):
        self.process = subprocess.Popen([str(BUILD / 'sekisho-server'), 'run', '--root', str(self.root)], stdout=self.log, stderr=self.log,
                                        env=dict(os.environ, SEKISHO_LOG='info', **env))
        if wait and not until(20, self.serves):
            raise RuntimeError('the server does not serve:\n' + self.log_path.read_text()[-2000:])
        return self

    def serves(self):
        try:
            self.store().close()
            self.fleet().close()
            socket.create_connection(('127.0.0.1', self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def duty(self, name):
        """Process id of a duty of this server; 0 when there is none."""
        for path in Path('/proc').glob('[0-9]*/stat'):
            try:
                text = path.read_text()
            except OSError:
                continue
            inside, after = text[text.index('(') + 1:text.rindex(')')], text[text.rindex(')') + 2:].split()
            if inside == f'sekisho-{name}' and self.process and int(after[1]) == self.process.pid:
                return int(path.parent.name)
        return 0

    def kill(self, name):
        pid = self.duty(name)
        if pid:
            os.kill(pid, signal.SIGKILL)
        return pid

    def store(self, timeout=20):
        return wire.unix(self.root, 'store.sock', timeout)

    def fleet(self, timeout=20):
        return wire.unix(self.root, 'fleet.sock', timeout)

    def token(self, **more):
        return self.fleet().call('token.create', **{'org': 'acme', 'site': 'kyoto', **more})

    def end(self):
        self.stop()
        self.log.close()
        shutil.rmtree(self.top, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def tls(port, alpn, pem=None, host='127.0.0.1', newest=ssl.TLSVersion.TLSv1_3, oldest=ssl.TLSVersion.TLSv1_2):
    """A handshaken socket. `pem`: (certificate file, key file)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = newest
    context.minimum_version = oldest
    if alpn:
        context.set_alpn_protocols(alpn if isinstance(alpn, list) else [alpn])
    if pem:
        context.load_cert_chain(*map(str, pem))
    return context.wrap_socket(socket.create_connection((host, port), 10), server_hostname=None)


def make_key(folder, name):
    """A P-256 key and a request for it."""
    key, csr = Path(folder) / f'{name}.key', Path(folder) / f'{name}.csr'
    subprocess.run(['openssl', 'req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', str(key), '-out', str(csr),
                    '-subj', '/CN=whoever'], check=True, capture_output=True)
    return key, csr.read_text()


class Agent:
    """An endpoint that is nothing but its certificate."""

    def __init__(self, server, host='etch-1', token=None):
        self.server, self.host, self.channel, self.epoch = server, host, None, 7
        self.key, csr = make_key(server.top, f'{host}-{time.monotonic_ns()}')
        door = wire.Channel(tls(server.port, 'sekisho-enrol/1'))
        self.enrolled = door.ask(wire.ENROL, {'token': token or server.token()['token'], 'csr': csr, 'host': host, 'machine': 'test'})
        door.close()
        self.id = self.enrolled['agent']
        self.cert = self.key.with_suffix('.pem')
        self.cert.write_text(self.enrolled['certificate'])
        self.next = [1, 1, 1]

    def connect(self, timeout=20):
        self.channel = wire.Channel(tls(self.server.port, 'sekisho/1', (self.cert, self.key)), timeout)
        return self

    def hello(self, first=None, nexts=None, **more):
        first = first or [1, 1, 1]
        streams = [{'priority': p, 'first': first[p], 'next': (nexts or self.next)[p]} for p in range(3)]
        return self.channel.ask(wire.HELLO, {'agent': self.id, 'version': '0.1', 'boot': 'b', 'clock': {'time': 1, 'state': 'ok'},
                                             'epoch': self.epoch, 'streams': streams, **more})

    def send(self, priority, lines, first=None):
        """Sends one batch and returns (epoch, priority, seq) of its ACK."""
        number = self.post(priority, lines, first)
        while True:
            kind, its, body = self.channel.receive()
            if kind == wire.ERROR:
                raise wire.Refused(body)
            if kind == wire.ACK and its == number:
                return wire.ack(body)

    def post(self, priority, lines, first=None):
        first = self.next[priority] if first is None else first
        self.next[priority] = max(self.next[priority], first + len(lines))
        return self.channel.send(wire.BATCH, wire.batch(self.epoch, priority, first, lines))


def event(number=1, **more):
    plain = {'class_uid': 1007, 'category_uid': 1, 'activity_id': 1, 'type_uid': 100701, 'time': int(time.time() * 1000), 'severity_id': 3,
             'message': f'event {number}', 'metadata': {'version': '1.3.0'}, 'process': {'pid': number, 'file': {'path': f'/opt/tool/{number}'}}}
    return json.dumps({**plain, **more}, separators=(',', ':'))
