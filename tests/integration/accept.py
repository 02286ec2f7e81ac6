#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=240
#
# accept.py - a medium, a laptop's disk and a tool's folder on their way in: what is found, what is said when a check could not be made, the signed pass, and
# how it ends when a file, the medium or the date changes. The malware is the EICAR test file, its signature our own; nothing is downloaded.

import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('SEKISHO_BUILD', TOP / 'build'))
EICAR = rb'X5O!P%@AP[4\PZX54(P^)7CC)7}$' + rb'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'
count = failed = 0


def point(good, name, why=''):
    global count, failed
    count += 1
    failed += not good
    print(f'{"ok" if good else "not ok"} {count} - {name}' + ('' if good else '\n# ' + str(why).replace('\n', '\n# ')), flush=True)


def sh(*words, **options):
    options.setdefault('timeout', 60)
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, errors='backslashreplace', **options)


class Gate:
    """Keys, a root with a signed policy, a signature of our own for the scanner."""

    def __init__(self, folder):
        self.folder, self.root = folder, folder / 'root'
        self.root.mkdir()
        for key in ('site', 'policy', 'gate', 'other', 'vendor'):
            sh(BUILD / 'sekisho', 'policy', 'keygen', '--plain', folder / key, check=True)
        for key, use in (('policy', 'policy'), ('gate', 'accept'), ('other', 'policy')):
            sh(BUILD / 'sekisho', 'policy', 'delegate', '--site-key', folder / 'site', '--uses', use, '--out', folder / f'{key}.skd',
               folder / f'{key}.pub', check=True)
        sh(BUILD / 'sekisho', 'policy', 'pin', '--root', self.root, folder / 'site.pub', check=True)
        self.signatures = folder / 'test.hdb'
        self.signatures.write_text(f'{hashlib.md5(EICAR).hexdigest()}:{len(EICAR)}:Test.Eicar\n')

    def sign(self, programs, more=''):
        lines = ''.join(f'    - {{sha256: {hashlib.sha256(data).hexdigest()}, name: /x}}\n' for data in programs)
        (self.folder / 'draft.yaml').write_text(f'part: lockdown\nlockdown:\n  mode: observe\n  scope: [/]\n{more}  programs:\n{lines}')
        self.serial = getattr(self, 'serial', 0) + 1
        out = self.folder / f'{self.serial}.skp'
        said = sh(BUILD / 'sekisho', 'policy', 'sign', '--key', self.folder / 'policy', '--delegation', self.folder / 'policy.skd', '--serial',
                  self.serial, '--out', out, self.folder / 'draft.yaml')
        return out if said.returncode == 0 else point(False, 'a policy is signed', said.stderr)

    def accept(self, target, *words, scan=True, json_=True, language='C'):
        options = ['--signatures', self.signatures] if scan else ['--no-scan']
        if '--verify' in words:
            options = []
        said = sh(BUILD / 'sekisho', 'lockdown', 'accept', '--root', self.root, *(['--json'] if json_ else []), *options, *words, target,
                  env={**os.environ, 'LC_ALL': language})
        self.said = said
        return said.returncode, json.loads(said.stdout) if json_ and said.stdout.startswith('{') else said.stdout + said.stderr

    def issue(self, name):
        return ('--issue', self.folder / name, '--key', self.folder / 'gate', '--delegation', self.folder / 'gate.skd', '--inspector', 'Sato')


def codes(report):
    return {one['code'] for one in report['findings'] if not one['waived']} if isinstance(report, dict) and 'findings' in report else report


def image(path, uuid, files):
    sh('truncate', '-s', '16M', path, check=True)
    sh('mke2fs', '-q', '-F', '-t', 'ext4', '-U', uuid, path, check=True)
    change(path, files)


def change(path, files):
    mount = path.parent / 'put'
    mount.mkdir(exist_ok=True)
    sh('mount', '-o', 'loop', path, mount, check=True)
    for name, data in files.items():
        if data is None:
            (mount / name).unlink()
        else:
            (mount / name).write_bytes(data)
    sh('umount', mount, check=True)


TOOL, LIBRARY = b'#!/bin/sh\necho update\n', b'\x7fELF\x02\x01\x01' + bytes(9) + b'\x03\x00' + bytes(100)
UUID_A, UUID_B = '11111111-2222-4333-8444-555555555501', '11111111-2222-4333-8444-555555555502'


def zipped(name, data):
    space = io.BytesIO()
    with zipfile.ZipFile(space, 'w') as archive:
        archive.writestr(name, data)
    return space.getvalue()


def check_folder(gate):
    folder = gate.folder / 'laptop'
    folder.mkdir()
    (folder / 'update.sh').write_bytes(TOOL)
    (folder / 'notes.txt').write_text('x')
    code, report = gate.accept(folder, '--serial', 'SN1')
    point(code == 1 and codes(report) == {'no-allowlist'}, 'without any allowlist a program speaks against the target', (code, report))
    one = gate.sign([TOOL])
    sh(BUILD / 'sekisho', 'policy', 'import', '--root', gate.root, one, check=True)
    code, report = gate.accept(folder, '--serial', 'SN1')
    point(code == 0 and report['verdict'] == 'accepted' and report['programs'] == {'known': 1, 'unknown': 0, 'unknown_list': []} and
          report['malware']['scan'] == 'clean' and report['malware']['version'], 'what is on the allowlist and scanned clean is accepted', report)
    (folder / 'lib.so').write_bytes(LIBRARY)
    (folder / 'setup.zip').write_bytes(zipped('deep/setup.zip', zipped('../in\ner.bat', b'echo')))
    code, report = gate.accept(folder, '--serial', 'SN1')
    paths = [one['path'] for one in report['programs']['unknown_list']]
    point(code == 1 and codes(report) == {'unknown-programs'} and paths == ['lib.so', 'setup.zip!/deep/setup.zip!/../in\\x0Aer.bat'],
          'a library, and a script in an archive inside an archive, are unknown programs', report)
    two = gate.sign([TOOL, LIBRARY, b'echo'])
    code, report = gate.accept(folder, '--serial', 'SN1', '--list', two)
    point(code == 0 and report['programs']['known'] == 3, "another signed list makes them known", report)
    forged = gate.folder / 'forged.skp'
    said = sh(BUILD / 'sekisho', 'policy', 'sign', '--key', gate.folder / 'vendor', '--serial', 9, '--out', forged, gate.folder / 'draft.yaml')
    code, report = gate.accept(folder, '--serial', 'SN1', '--list', forged)
    point(said.returncode == 0 and code == 1 and report.get('refused') == 'wrong-delegation', 'a list that a stranger signed is refused', report)
    os.mkfifo(folder / 'fifo')
    os.symlink('/etc/shadow', folder / 'link')
    (folder / 'a\n\x1b[2J: FOUND').write_text('x')
    code, text = gate.accept(folder, '--serial', 'SN1', json_=False)
    point(code == 1 and '\x1b' not in text and 'REFUSED' in text and 'lib.so' in text, 'for people: the same, and no name moves the terminal', text)
    code, text = gate.accept(folder, '--serial', 'SN1', json_=False, language='ja_JP.UTF-8')
    point(code == 1 and '受け入れ不可' in text and '未登録' in text, 'and in Japanese', text)


def check_manifest(gate):
    folder = gate.folder / 'vendor-medium'
    folder.mkdir()
    (folder / 'install.sh').write_bytes(b'#!/bin/sh\nvendor\n')
    key = (gate.folder / 'vendor.pub').read_text().strip()
    sh(BUILD / 'sekisho', 'policy', 'import', '--root', gate.root, gate.sign([TOOL], f'  vendors: [{{name: Acme Etch, key: {key}}}]\n'), check=True)
    hash_ = hashlib.sha256(b'#!/bin/sh\nvendor\n').hexdigest()
    (gate.folder / 'm.yaml').write_text(f'id: m1\nvendor: Acme Etch\nproduct: E1\nversion: "2"\nserial: 1\nprograms:\n  - {{sha256: {hash_}, name: install.sh}}\n')
    good, bad = gate.folder / 'good.skm', gate.folder / 'bad.skm'
    said = [sh(BUILD / 'sekisho', 'policy', 'sign', '--kind', 'manifest', '--key', gate.folder / who, '--out', out, gate.folder / 'm.yaml')
            for who, out in (('vendor', good), ('other', bad))]
    code, report = gate.accept(folder, '--serial', 'V', '--manifest', good)
    point(code == 0 and report['programs']['known'] == 1, "a vendor's signed manifest makes its programs known", (report, said))
    code, report = gate.accept(folder, '--serial', 'V', '--manifest', bad)
    point(code == 1 and report.get('refused') == 'unknown-key', 'a manifest under another key is refused', report)
    check_withdrawn(gate, folder, good)


def check_withdrawn(gate, folder, manifest):
    """What was good once: a vendor's key that the site has revoked since, a list for other machines that has expired."""
    key = json.loads(manifest.read_text())['signatures'][0]['keyid']
    out = gate.folder / 'revoked.skr'
    said = [sh(BUILD / 'sekisho', 'policy', 'revoke', '--site-key', gate.folder / 'site', '--serial', 1, '--out', out, key),
            sh(BUILD / 'sekisho', 'policy', 'import', '--root', gate.root, out)]
    code, report = gate.accept(folder, '--serial', 'V', '--manifest', manifest)
    point(code == 1 and report.get('refused') == 'revoked-key', "a manifest under a vendor's key that was revoked is refused", (report, said))
    looked = sh(BUILD / 'sekisho', 'lockdown', 'manifest', 'verify', '--json', '--root', gate.root, manifest)
    point(looked.returncode == 1 and 'revoked' in looked.stdout, 'also where it is only looked at', looked)
    (gate.folder / 'draft.yaml').write_text(f'part: lockdown\nlabels: {{asset: [elsewhere]}}\nlockdown:\n  mode: observe\n  scope: [/]\n  programs:\n'
                                            f'    - {{sha256: {hashlib.sha256((folder / "install.sh").read_bytes()).hexdigest()}, name: /x}}\n')
    for name, dates, wanted in (('now.skp', ('--days', '2'), 0), ('then.skp', ('--from', '2026-01-01T00:00:00Z', '--until', '2026-01-02T00:00:00Z'), 1)):
        said = sh(BUILD / 'sekisho', 'policy', 'sign', '--key', gate.folder / 'policy', '--delegation', gate.folder / 'policy.skd', '--serial', 70, *dates,
                  '--out', gate.folder / name, gate.folder / 'draft.yaml')
        code, report = gate.accept(folder, '--serial', 'V', '--list', gate.folder / name)
        point(said.returncode == 0 and code == wanted and (not wanted or report.get('refused') == 'expired'),
              'a list for other machines is refused when it has expired' if wanted else 'a list for other machines makes programs known', (said.stderr, code, report))


def check_scan(gate):
    folder = gate.folder / 'infected'
    folder.mkdir()
    (folder / 'fine.txt').write_text('x')
    (folder / 'e: x.txt').write_bytes(EICAR)
    code, report = gate.accept(folder, '--serial', 'I')
    point(code == 1 and 'infected' in codes(report) and report['malware']['found'] == [{'path': 'e: x.txt', 'name': 'Test.Eicar.UNOFFICIAL'}],
          'malware is found and named', report)
    code, report = gate.accept(folder, '--serial', 'I', '--waive', 'infected')
    point(code == 2, 'malware cannot be waived', report)
    code, report = gate.accept(folder, '--serial', 'I', '--clamscan', '/nowhere/clamscan')
    point(code == 1 and codes(report) == {'not-scanned'} and report['malware']['scan'] == 'not-scanned',
          'without a scanner it says "not-scanned", never clean', report)
    (folder / 'e: x.txt').unlink()
    for name, lines, why in (('lies', 'exit 0', 'no summary'), ('odd', 'exit 7', 'an unknown code'), ('hangs', 'sleep 60', 'no end'),
                             ('floods', 'yes "/x: Y FOUND"', 'endless output'), ('one', 'echo "/x: Y FOUND"; exit 1', 'no summary')):
        fake = gate.folder / f'scan-{name}'
        fake.write_text(f'#!/bin/sh\n{lines}\n')
        fake.chmod(0o755)
        start = time.monotonic()
        code, report = gate.accept(folder, '--serial', 'I', '--clamscan', fake, '--time', '3')
        point(code == 1 and codes(report) == {'scan-failed'} and time.monotonic() - start < 20, f'a scanner with {why} gives no verdict', (name, report))
    left = sh('pgrep', '-f', str(gate.folder / 'scan-')).stdout
    point(not left and not list(pathlib.Path('/tmp').glob('sekisho-clam.*')), 'nothing of a scanner stays behind', left)
    probe = gate.folder / 'scan-probe'
    probe.write_text(f'#!/bin/sh\nexec >{folder}/written\n')
    probe.chmod(0o755)
    gate.accept(folder, '--serial', 'I', '--clamscan', probe, '--time', '5')
    point(not (folder / 'written').exists(), 'a scanner that went mad cannot write to the target')


def check_vulnerabilities(gate):
    folder = gate.folder / 'tool'
    (folder / 'etc').mkdir(parents=True)
    (folder / 'usr/lib').mkdir(parents=True)
    code, report = gate.accept(folder, '--kind', 'tool', '--serial', 'T1')
    point(code == 1 and codes(report) == {'no-vulnerability-report', 'os-support-unknown'}, 'a tool needs a report and a supported system', report)
    (folder / 'usr/lib/os-release').write_text('ID=etchos\nVERSION_ID=3\nPRETTY_NAME="Etch OS 3"\nSUPPORT_END=2099-01-31\n')
    os.symlink('../usr/lib/os-release', folder / 'etc/os-release')
    trivy = {'SchemaVersion': 2, 'CreatedAt': '2026-11-02T01:02:03Z', 'ArtifactName': '/', 'Trivy': {'Version': '0.60.0'},
             'Results': [{'Target': 'x', 'Vulnerabilities': [{'VulnerabilityID': 'CVE-2026-1', 'Severity': 'HIGH', 'CVSS': {'nvd': {'V3Score': 7.5}}}]}]}
    (gate.folder / 'trivy.json').write_text(json.dumps(trivy))
    words = ('--kind', 'tool', '--serial', 'T1', '--vulnerabilities', gate.folder / 'trivy.json')
    code, report = gate.accept(folder, *words)
    ids = {one['id']: one['met'] for one in report['semi']}
    point(code == 0 and report['vulnerabilities']['high'] == 1 and report['os']['support_end'] == '2099-01-31' and all(ids.values()) and
          set(ids) == {'E187.00-RQ-00001-00', 'E187.00-RQ-00005-00', 'E187.00-RQ-00006-00', 'E188-0222'},
          'report, system and scan answer the items of SEMI by their ids', report)
    trivy['Results'][0]['Vulnerabilities'][0]['Severity'] = 'CRITICAL'
    (gate.folder / 'trivy.json').write_text(json.dumps(trivy))
    code, report = gate.accept(folder, *words)
    point(code == 1 and codes(report) == {'critical-vulnerabilities'} and report['vulnerabilities']['critical_list'] == ['CVE-2026-1'],
          'a critical vulnerability speaks against it', report)
    code, report = gate.accept(folder, *words, '--waive', 'critical-vulnerabilities')
    point(code == 0 and report['verdict'] == 'accepted-with-waivers', 'unless it is waived by name, which the report says', report)
    (gate.folder / 'trivy.json').write_text('{"SchemaVersion": 2, "Results": [')
    code, report = gate.accept(folder, *words)
    point(code == 1 and 'error' in report, 'a damaged report is refused', report)
    (folder / 'usr/lib/os-release').write_text('ID=etchos\nSUPPORT_END=2020-01-31\n')
    code, report = gate.accept(folder, '--kind', 'tool', '--serial', 'T1', '--waive', 'no-vulnerability-report')
    point(code == 1 and codes(report) == {'os-support-ended'}, 'a system out of support speaks against it', report)


def check_pass(gate):
    disk = gate.folder / 'stick.img'
    image(disk, UUID_A, {'update.sh': TOOL, 'data.bin': b'1' * 5000})
    before = hashlib.sha256(disk.read_bytes()).hexdigest()
    mounts = pathlib.Path('/proc/self/mountinfo').read_text()
    code, report = gate.accept(disk, '--mount', *gate.issue('a.ska'))
    point(code == 0 and report['target']['serial'] == f'uuid:{UUID_A}' and (gate.folder / 'a.ska').exists(), 'an image is mounted, looked at, and gets a pass',
          (code, report))
    point(hashlib.sha256(disk.read_bytes()).hexdigest() == before and pathlib.Path('/proc/self/mountinfo').read_text() == mounts and
          not sh('losetup', '-j', disk).stdout, 'the image is as it was, and nothing stays mounted or attached')
    said = sh(BUILD / 'sekisho', 'policy', 'show', '--json', gate.folder / 'a.ska')
    checks = {one['name']: one['result'] for one in json.loads(said.stdout)['payload']['checks']} if said.returncode == 0 else said.stderr
    point(checks == {'allowlist': 'good', 'malware': 'good', 'vulnerabilities': 'skipped', 'operating-system': 'skipped'}, 'the pass says what was looked at', checks)
    verify = ('--mount', '--verify', gate.folder / 'a.ska')
    code, report = gate.accept(disk, *verify)
    point(code == 0 and report['verdict'] == 'valid', 'the pass holds', report)
    change(disk, {'data.bin': b'2' * 5000, 'new.txt': b'x', 'update.sh': None})
    code, report = gate.accept(disk, *verify)
    point(code == 1 and report['verdict'] == 'changed' and {(one['path'], one['how']) for one in report['changed']} ==
          {('data.bin', 'changed'), ('new.txt', 'added'), ('update.sh', 'removed')}, 'a changed medium no longer matches, and it says which files', report)
    (gate.folder / 'a.ska.list').rename(gate.folder / 'kept')
    code, report = gate.accept(disk, *verify)
    point(code == 1 and report['verdict'] == 'changed' and not report['changed'], 'without its list the change is seen all the same', report)
    (gate.folder / 'a.ska.list').write_text('0' * 64 + ' 1 data x\n')
    code, report = gate.accept(disk, *verify)
    point(code == 1 and 'error' in report, 'a list that is not the pass\'s is refused', report)
    (gate.folder / 'kept').rename(gate.folder / 'a.ska.list')
    other = gate.folder / 'swapped.img'
    image(other, UUID_B, {'update.sh': TOOL, 'data.bin': b'1' * 5000})
    code, report = gate.accept(other, *verify)
    point(code == 1 and report['verdict'] == 'other', 'another medium with the same files is another medium', report)
    image(other, UUID_A, {'evil.sh': b'#!/bin/sh\n'})
    code, report = gate.accept(other, *verify)
    point(code == 1 and report['verdict'] == 'changed', 'a medium swapped under the same identifier does not match', report)


def check_signatures(gate):
    disk = gate.folder / 'second.img'
    image(disk, UUID_B, {'update.sh': TOOL})
    words = ('--issue', gate.folder / 'b.ska', '--key', gate.folder / 'other', '--delegation', gate.folder / 'other.skd', '--inspector', 'X')
    code, report = gate.accept(disk, '--mount', *words)
    code, report = gate.accept(disk, '--mount', '--verify', gate.folder / 'b.ska')
    point(code == 1 and report.get('refused') == 'use-not-allowed', 'a pass under a key that may not accept is refused', report)
    code, report = gate.accept(disk, '--mount', *gate.issue('c.ska'), '--days', '1')
    point(code == 0 and report['target']['serial'] == f'uuid:{UUID_B}', 'a pass for a day', report)
    raw = bytearray((gate.folder / 'c.ska').read_bytes())
    (gate.folder / 'd.ska').write_bytes(raw[:400] + bytes([raw[400] ^ 1]) + raw[401:])
    code, report = gate.accept(disk, '--mount', '--verify', gate.folder / 'd.ska')
    point(code == 1 and {'refused', 'error'} & set(report), 'a pass with a changed byte is refused', report)
    late(gate, disk)
    code, report = gate.accept(disk, '--mount', *gate.issue('c.ska'))
    point(code == 3, 'a pass never overwrites another', report)
    folder = gate.folder / 'laptop'
    code, report = gate.accept(folder, '--waive', 'unknown-programs', *gate.issue('e.ska'))
    point(code == 2 and not (gate.folder / 'e.ska').exists(), 'what cannot be told from another gets no pass', report)


def late(gate, disk):
    """The same pass, two days on: a clock of its own for one process, by a draft with old dates."""
    said = sh(BUILD / 'sekisho', 'policy', 'show', '--json', gate.folder / 'c.ska')
    body = json.loads(said.stdout)['payload']
    body['from'], body['until'] = '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'
    (gate.folder / 'old.yaml').write_text(json.dumps(body))
    signed = sh(BUILD / 'sekisho', 'policy', 'sign', '--kind', 'pass', '--key', gate.folder / 'gate', '--delegation', gate.folder / 'gate.skd', '--out',
                gate.folder / 'old.ska', gate.folder / 'old.yaml')
    code, report = gate.accept(disk, '--mount', '--verify', gate.folder / 'old.ska')
    point(code == 1 and isinstance(report, dict) and report.get('verdict') == 'expired', 'an expired pass says so', (report, signed.stderr))


def check_hostile(gate):
    disk = gate.folder / 'hostile.img'
    for name, data in (('zeros', bytes(1 << 20)), ('garbage', os.urandom(1 << 20)), ('cut', b''), ('short', bytes(1080) + b'\x53\xef')):
        disk.write_bytes(data)
        code, report = gate.accept(disk, '--mount')
        point(code in (2, 3) and 'error' in report, f'an image of {name} is refused in words', (code, report))
    image(disk, UUID_A, {'update.sh': TOOL})
    with open(disk, 'r+b') as file:
        file.truncate(1 << 20)
    code, report = gate.accept(disk, '--mount')
    point(code in (1, 2, 3), 'a truncated file system ends in words', (code, report))
    bomb = gate.folder / 'bombs'
    bomb.mkdir()
    with tarfile.open(bomb / 'zeros.tar.gz', 'w:gz') as archive:
        info = tarfile.TarInfo('zeros.sh')
        info.size = 1200 << 20
        archive.addfile(info, Zeros(info.size))
    start = time.monotonic()
    code, report = gate.accept(bomb, '--serial', 'B', scan=False, *('--waive', 'not-scanned'))
    point(code == 1 and codes(report) == {'incomplete'} and report['content']['gaps'][0]['reason'] == 'archive-too-large',
          'an archive that unpacks without end is said to be too large', (report, time.monotonic() - start))


class Zeros(io.RawIOBase):
    def __init__(self, size):
        self.left = size

    def read(self, size=-1):
        size = min(size if size > 0 else self.left, self.left)
        self.left -= size
        return bytes(size)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix='sekisho-accept-', dir=os.environ.get('TMPDIR', '/tmp')))
    try:
        gate = Gate(folder)
        for check in (check_folder, check_manifest, check_scan, check_vulnerabilities, check_pass, check_signatures, check_hostile):
            check(gate)
    finally:
        sh('umount', folder / 'put')
        shutil.rmtree(folder, ignore_errors=True)
    print(f'1..{count}')
    sys.exit(failed > 0)


main()
