#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=60
#
# Who may ask what on the server's local sockets: intake faces the network, so it may add events but not read them, and decides nothing; a stranger gets
# nothing; a question that is no question ends nobody.
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(os.environ.get('SEKISHO_SOURCE', Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get('SEKISHO_BUILD', ROOT / 'build'))
DUTIES = {'intake': 61110, 'store': 61111, 'fleet': 61112, 'web': 61113}
STRANGER = 61199
ERROR, CALL, RESULT, QUERY, ROWS_END = 1, 10, 12, 51, 56

count = failed = 0


def say(ok, name, why=''):
    global count, failed
    count += 1
    failed += not ok
    print(f'{"ok" if ok else "not ok"} {count} - {name}', flush=True)
    for line in str(why).splitlines()[-25:] if not ok else []:
        print('# ' + line, flush=True)


def exactly(s, size):
    data = b''
    while len(data) < size:
        piece = s.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def talk(path, frame_type, body):
    """The type and the code of the first answer that ends the question; "closed"."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        try:
            s.connect(str(path))
            text = json.dumps(body).encode()
            s.sendall(struct.pack('>IHHI', len(text), frame_type, 1, 7) + text)
            while True:
                size, kind, _, number = struct.unpack('>IHHI', exactly(s, 12))
                answer = exactly(s, size)
                if number == 7 and kind in (ERROR, RESULT, ROWS_END):
                    return json.loads(answer)['code'] if kind == ERROR else kind
        except OSError as error:
            return 'closed' if isinstance(error, ConnectionError) else type(error).__name__
        except EOFError:
            return 'closed'


def ask(uid, path, frame_type, body):
    """talk() as a user without any other group."""
    inside, outside = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        os.write(outside, str(talk(path, frame_type, body)).encode())
        os._exit(0)
    os.close(outside)
    with os.fdopen(inside) as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return answer


def command(root, *words):
    return subprocess.run([str(BUILD / 'sekisho'), *[str(w) for w in words]], capture_output=True, text=True, timeout=60)


def main():
    root = Path(tempfile.mkdtemp(prefix='server-roles-'))
    root.chmod(0o755)
    (root / 'etc/sekisho').mkdir(parents=True)
    users = ''.join(f'  {duty}: "{uid}"\n' for duty, uid in DUTIES.items())
    (root / 'etc/sekisho/server.yaml').write_text(f'users:\n{users}intake:\n  listen: 127.0.0.1:0\nweb:\n  listen: 127.0.0.1:0\n')
    early = subprocess.run([str(BUILD / 'sekisho-server'), 'run', '--root', str(root)], capture_output=True, text=True, timeout=20)
    say(early.returncode == 3 and early.stderr.count('\n') == 1 and 'sekisho server init' in early.stderr,
        'a server without keys says so in one line and ends with 3', early)
    command(root, 'policy', 'keygen', '--plain', root / 'site.key')
    command(root, 'server', 'init', '--site-key', root / 'site.key.pub', '--name', '127.0.0.1', '--root', root)
    log = open(root / 'log', 'ab')
    server = subprocess.Popen([str(BUILD / 'sekisho-server'), 'run', '--root', str(root)], stdout=log, stderr=log)
    store, fleet = root / 'run/sekisho/store.sock', root / 'run/sekisho/fleet.sock'
    try:
        end = time.monotonic() + 20
        while ask(0, store, QUERY, {}) != str(ROWS_END) or ask(0, fleet, CALL, {'verb': 'summary'}) != str(RESULT):
            if time.monotonic() > end or server.poll() is not None:
                raise RuntimeError('the server does not come up')
            time.sleep(0.1)
        said = ask(DUTIES['intake'], store, QUERY, {})
        say(said == 'denied', 'intake may not search the events', said)
        said = ask(DUTIES['intake'], fleet, CALL, {'verb': 'agent.list'})
        say(said == 'denied', 'nor call the fleet', said)
        said = ask(DUTIES['web'], store, QUERY, {})
        say(said == str(ROWS_END), 'the console may search them', said)
        for name, path in (('store', store), ('fleet', fleet)):
            said = ask(STRANGER, path, CALL, {'verb': 'summary'})
            say(said in ('PermissionError', 'closed'), f'a stranger does not reach the {name}', said)
        for verb in (None, 7, {}):
            said = ask(0, fleet, CALL, {'verb': verb})
            say(said == 'bad', f'a call of {verb} is refused', said)
        said = ask(0, fleet, CALL, {'verb': 'summary'})
        say(said == str(RESULT), 'and the fleet goes on', said)
    except Exception as error:  # say it as a test result
        say(False, 'the test went to its end', f'{type(error).__name__}: {error}\n{(root / "log").read_text(errors="replace")}')
    finally:
        server.terminate()
        server.wait(20)
        log.close()
        shutil.rmtree(root)
    print(f'1..{count}')
    return 1 if failed else 0


sys.exit(main())
