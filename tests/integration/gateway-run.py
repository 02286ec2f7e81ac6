#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=150
#
# sekisho-gateway between a simulated tool and its host, in namespaces: zone policy in the kernel, message lines in the engine, refusals in the tool's own words and explained,
# each process killed while they talk, and the switch that lets everything pass.
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import gateway_lab as g  # noqa: E402

USERS = {'link': 61101, 'io': 61120, 'engine': 61121}
LINES = ['host may S2F41 with RCMD START, STOP', 'S2F15 never', 'S7F3 only while maintenance and recipe released', 'host may read', 'equipment may report']
checks = g.Points(140)
lab = g.Lab()
root = Path(lab.folder) / 'root'


def command(*words, rooted=True):
    argv = [str(g.BUILD / 'sekisho'), *map(str, words), *(['--root', str(root)] if rooted else [])]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, env=dict(os.environ, LC_ALL='C'))


def status():
    said = command('gateway', 'status', '--json')
    return json.loads(said.stdout) if said.returncode in (0, 1) and '"mode"' in said.stdout else None


def wait(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.1)
    return False


def policy(serial, mode='enforce', failure='open', capture=''):
    draft, out = root / f'{serial}.yaml', root / f'{serial}.skp'
    draft.write_text(
        f'part: gateway\nserial: {serial}\ngateway:\n  zones:\n    - {{name: tools, addresses: [10.77.0.1]}}\n    - {{name: mes, addresses: [10.77.0.2]}}\n  conduits:\n'
        f'    - {{name: hsms, from: mes, to: tools, ports: [tcp/5000], protocols: [hsms], action: inspect, mode: {mode}, failure: {failure}, answer: native, lines: {json.dumps(LINES)}}}\n'
        f'    - {{name: probe, from: any, to: any, ports: [udp/6000], action: inspect, mode: {mode}}}\n'
        f'  otherwise: {{action: drop, mode: {mode}}}\n{capture}')
    assert command('policy', 'sign', '--key', root / 'site.key', '--out', out, draft, rooted=False).returncode == 0
    assert command('policy', 'import', out).returncode == 0
    return wait(lambda: (status() or {'policy': {}})['policy'].get('serial') == serial and status()['policy']['engine_has_it'])


def log():
    return (root / 'log').read_text(errors='replace')[-3000:]


def start():
    (root / 'etc/sekisho').mkdir(parents=True)
    root.chmod(0o755)
    os.chmod(lab.folder, 0o755)
    users = ''.join(f'  {name}: "{number}"\n' for name, number in USERS.items())
    (root / 'etc/sekisho/gateway.yaml').write_text(f'pairs:\n  - {{name: t{os.getpid() % 10000}, a: ga, b: gb}}\nusers:\n{users}')
    command('policy', 'keygen', '--plain', root / 'site.key', rooted=False)
    with open(root / 'log', 'ab') as out:
        process = subprocess.Popen([*g.inside(lab.g), str(g.BUILD / 'sekisho-gateway'), 'run', '--root', str(root)], env=dict(os.environ, SEKISHO_LOG='notice'), stdout=out, stderr=out)
    lab.started.append(process)
    checks.point(wait(lambda: status() is not None), 'the gateway starts with its ports', log())
    command('policy', 'pin', root / 'site.key.pub')
    return process


def host(*messages, seconds=20, how=()):
    """What the host prints while it says these."""
    words = [word for message in messages for word in ('--say', message)]
    said = subprocess.run([*g.inside(lab.b), str(g.BUILD / 'sekisho-tool-sim'), 'host', '--connect', '10.77.0.1', '--port', '5000', '--t3', '2s', *how, *words],
                          capture_output=True, text=True, timeout=seconds)
    return said.stdout + said.stderr


def tool():
    log_file = open(Path(lab.folder) / 'tool.log', 'w')
    process = subprocess.Popen([*g.inside(lab.a), 'stdbuf', '-oL', str(g.BUILD / 'sekisho-tool-sim'), 'equipment', '--listen', '10.77.0.1', '--port', '5000'], stdout=log_file, stderr=log_file)
    lab.started.append(process)
    time.sleep(0.5)
    return Path(lab.folder) / 'tool.log'


def connects(port, seconds=1.5):
    with g.Inside(lab.b):
        sock = g.socket.socket()
    sock.settimeout(seconds)
    try:
        sock.connect(('10.77.0.1', port))
        return True
    except OSError as error:
        return isinstance(error, ConnectionRefusedError)
    finally:
        sock.close()


def counted(message, what):
    tops = json.loads(command('gateway', 'top', '--json').stdout)['tops']
    return sum(top[what] for top in tops if top['message'] == message)


def zones(log_of_tool):
    checks.point(connects(5000) and connects(9), 'without a policy everything passes', log())
    checks.point(policy(1), 'a policy comes into force', log())
    checks.point(wait(lambda: 'zone policy is in the kernel' in log()), 'also in the kernel', log())
    checks.point(connects(5000), 'what a conduit names passes', log())
    checks.point(not connects(9), 'what none names is dropped in the kernel')


def lines(log_of_tool):
    said = host('S1F1', 'S2F41 START')
    refused = host('S2F41 ABORT') + host('S2F15 <L <L <U4 1> <U4 2>>>')
    heard = log_of_tool.read_text()
    checks.point('S1F2' in said, 'the host may read', said)
    checks.point('START' in heard and 'S2F42' in said, 'and may say what its line lists', heard)
    checks.point('ABORT' not in heard and 'S2F15' not in heard, 'what a line does not list, or refuses, never reaches the tool', heard)
    checks.point('<L <B 0x02> <L>>' in refused and 'S2F16' in refused, 'the gateway answers in its stead', refused)
    checks.point(wait(lambda: status()['engine']['refused'] >= 2), 'status counts them', status())
    refusals = json.loads(command('gateway', 'explain', '--json').stdout)['refusals']
    text = json.dumps(refusals)
    checks.point('host may S2F41 with RCMD START, STOP' in text and 'S2F15 never' in text, 'explain names the lines', text[-1500:])
    checks.point(command('gateway', 'explain', '1').stdout.count('hsms') >= 1, 'also one by its number')
    checks.point(counted('S2F15', 'refused') >= 1 and counted('S1F1', 'allowed') >= 1, 'top counts what was said', command('gateway', 'top').stdout)


def by_header():
    """What the lines let pass by its header is judged in the kernel; the engine sees it all the same."""
    before, said = status()['engine'], counted('S1F3', 'allowed')
    talk = host('S1F3 <L <U4 1>>', how=('--repeat', '200', '--pause', '2ms', '--quiet', '--stats'))
    checks.point(wait(lambda: counted('S1F3', 'allowed') == said + 200 and counted('S1F4', 'allowed') >= 200), 'top counts 200 questions and their answers', talk + command('gateway', 'top').stdout)
    engine = status()['engine']
    judged, diverged = engine['by_header'] - before['by_header'], engine['diverged']
    print('#', f'{judged} segments by header,', ' '.join(talk.split()[-14:]), flush=True)
    checks.point(judged >= 300 and diverged == 0, 'most of their segments were judged by their headers, none otherwise than the engine would', status())
    refused = engine['refused']
    mixed = host('S1F3 <L <U4 1>>', 'S2F41 ABORT', 'S1F3 <L <U4 1>>', how=('--repeat', '3', '--pause', '5ms'))
    checks.point(wait(lambda: status()['engine']['refused'] > refused), 'what a line refuses is refused in between', mixed + str(status()))


def captures():
    """Packets around a refusal: headers unless the policy wants bodies, and those for the certificate's owner alone."""
    folder = root / 'var/lib/sekisho/gateway/captures'
    key, certificate, opened = root / 'reader.key', root / 'reader.pem', root / 'opened.pcapng'

    def kept(ending):
        return sorted(folder.glob('*' + ending))

    def newest():
        return json.loads(command('gateway', 'explain', '--json').stdout)['refusals'][0]['event']['fab'].get('capture', '')

    name = newest()
    checks.point(wait(lambda: (folder / f'{name}.pcapng').exists(), 8), 'the capture that explain names is there', [name, os.listdir(folder)])
    data = (folder / f'{name}.pcapng').read_bytes()
    said = command('gateway', 'replay', '--pcap', folder / f'{name}.pcapng', '--json', rooted=False)
    packets = json.loads(said.stdout.splitlines()[-1])['summary']['packets']
    checks.point(packets > 3 and data.count(b'ABORT') == 0 and data.count(bytes([10, 77, 0, 1])) > 3, 'headers without bodies, which replay reads', [packets, len(data)])
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=reader'],
                   check=True, capture_output=True)
    pem = ''.join('      ' + line + '\n' for line in certificate.read_text().splitlines())
    checks.point(policy(2, capture=f'  capture:\n    keep: bodies\n    certificate: |\n{pem}'), 'a policy that wants bodies', log())
    time.sleep(0.3)
    host('S2F41 ABORT')
    name = newest()
    checks.point(wait(lambda: kept('.cms'), 8) and kept('.cms')[-1].name == f'{name}.pcapng.cms', 'with bodies it is encrypted', [name, os.listdir(folder)])
    sealed = kept('.cms')[-1]
    subprocess.run(['openssl', 'cms', '-decrypt', '-inform', 'DER', '-binary', '-in', sealed, '-inkey', key, '-recip', certificate, '-out', opened], capture_output=True)
    checks.point(opened.exists() and b'ABORT' in opened.read_bytes(), 'its reader reads it')
    checks.point(not any(b'ABORT' in path.read_bytes() for path in folder.iterdir()), 'nobody else does')
    checks.point(status()['captures']['written'] >= 2 and status()['captures']['failed'] == 0, 'status counts them', status()['captures'])
    checks.point(stat_of(folder) == [0o700] and set(map(stat_one, folder.iterdir())) == {0o600}, 'and only root may look')


def stat_one(path):
    return path.stat().st_mode & 0o777


def stat_of(*paths):
    return [stat_one(path) for path in paths]


def killed():
    """Each process in turn while datagrams that are inspected go by."""
    lab.listen('a', 6000)
    for name in ('engine', 'clerk'):
        before = status()['processes'][name]
        probe = lab.probe('b', 'udp', '10.77.0.1', 6000, 2, 1000)
        time.sleep(0.5)
        os.kill(before, signal.SIGKILL)
        told = probe.result()
        checks.point(told['sent'] > 500 and told['lost'] <= 5, f'{name}: of datagrams 1 ms apart at most five are lost when it is killed', told)
        checks.point(wait(lambda: (status() or {'processes': {name: before}})['processes'][name] not in (0, before)), f'{name}: it is there again', log())
    checks.point(wait(lambda: status()['policy']['engine_has_it'] and status()['engine']['state'] == 'up'), 'with the policy', status())
    said = host('S2F41 START', 'S2F41 ABORT')
    checks.point('S2F42' in said and wait(lambda: status()['engine']['refused'] >= 1), 'and refuses as before', said + str(status()))


def answered():
    """The first that a new engine sees is an answer: it knows all the same who had opened."""
    with g.Inside(lab.a):
        tool = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tool.bind(('10.77.0.1', 6000))
    with g.Inside(lab.b):
        caller = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        caller.bind(('10.77.0.2', 6001))
    for sock in (tool, caller):
        sock.settimeout(2)
    caller.sendto(b'question', ('10.77.0.1', 6000))
    checks.point(heard(tool) == b'question', 'a question reaches the tool')
    before = status()['processes']['engine']
    os.kill(before, signal.SIGKILL)
    wait(lambda: status()['processes']['engine'] not in (0, before) and status()['policy']['engine_has_it'] and status()['engine']['state'] == 'up')
    tool.sendto(b'answer', ('10.77.0.2', 6001))
    checks.point(heard(caller) == b'answer', 'its answer goes on though the engine that saw the question is dead', status())
    tool.close()
    caller.close()


def heard(sock):
    try:
        return sock.recv(100)
    except TimeoutError:
        return None


def shared_of(duty):
    """(writable, file, offset) of each shared mapping of a process."""
    found = set()
    for line in Path(f'/proc/{duty}/maps').read_text().splitlines():
        words = line.split(None, 5)
        if words[1][3] == 's':
            found.add(('w' in words[1], words[5] if len(words) > 5 else '', int(words[2], 16)))
    return found


def duties():
    """The engine's process, and one of io's: whoever has the frames mapped."""
    found = {}
    for duty in Path('/proc').glob('[0-9]*'):
        try:
            if os.stat(duty).st_uid in (USERS['io'], USERS['engine']) and str(root) in (duty / 'cmdline').read_text():
                found['io' if os.stat(duty).st_uid == USERS['io'] else 'engine'] = duty.name
        except OSError:
            pass
    return found


def apart():
    """Who reads frames can write to none of what is enforced, nor to a ring of the kernel."""
    found = duties()
    engine, io = shared_of(found['engine']), shared_of(found['io'])
    names = {name for _, name, _ in engine}
    checks.point(any('gateway-common' in name for name in names) and not any(w and 'gateway-common' in name and at == 0 for w, name, at in engine),
                 "the engine cannot write to the clerk's half", engine)
    checks.point(any('gateway-frames' in name for name in names) and not any('xsk' in name or 'socket' in name or '/dev/zero' in name for name in names),
                 "nor has it a ring of the kernel or io's book", engine)
    checks.point(not any('gateway-common' in name for _, name, _ in io), 'io shares nothing with the clerk', io)


def opened(log_of_tool):
    command('gateway', 'open', '--for', '4s')
    checks.point(wait(lambda: connects(9), 3), 'open lets pass what the kernel drops', log())
    host('S2F41 RESUME')
    checks.point('RESUME' in log_of_tool.read_text(), 'and what the engine refuses', log_of_tool.read_text()[-800:])
    checks.point(wait(lambda: status()['mode'] == 'enforce', 8) and wait(lambda: not connects(9), 3), 'it ends by itself, in the kernel too', status())
    host('S2F41 PAUSE')
    checks.point('PAUSE' not in log_of_tool.read_text(), 'and in the engine', log_of_tool.read_text()[-800:])
    checks.point(policy(3, 'shadow'), 'the next policy is in shadow')
    host('S2F41 PAUSE')
    checks.point('PAUSE' in log_of_tool.read_text(), 'and refuses nothing', log_of_tool.read_text()[-800:])
    checks.point(wait(lambda: counted('S2F41', 'would_refuse') >= 1, 3), 'but tells what it would have refused', command('gateway', 'top', '--json').stdout + str(status()))


def main():
    process = start()
    heard = tool()
    try:
        zones(heard)
        lines(heard)
        by_header()
        captures()
        apart()
        answered()
        killed()
        opened(heard)
        process.send_signal(signal.SIGTERM)
        checks.point(process.wait(15) == 0, 'it stops in order', log())
        checks.point(connects(5000), 'and leaves a cable with zone policy')
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for folder in Path('/sys/fs/bpf').glob('sekisho-gateway-*'):
            if folder.name in pins():
                subprocess.run(['rm', '-rf', str(folder)])
        lab.end()
    checks.finish()


def pins():
    mark = 2166136261
    for byte in str(root).encode():
        mark = (mark ^ byte) * 16777619 & 0xffffffff
    return [f'sekisho-gateway-{mark:08x}']


main()
