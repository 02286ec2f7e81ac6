#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=180
#
# lockdown-life.py - the life of a lockdown under the whole agent: scan, signed policy, refusal, explanation, request, observation, learning; and what
# happens when each of its processes is killed, when file systems come and go, and what is told about the time in between.

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.lockdown_site import BUILD, Site, program, sh, within  # noqa: E402

ATTACKS = re.findall(r'^\tSK_ATTACK_\w+,$', (pathlib.Path(__file__).resolve().parents[2] / 'lib/event/attack.h').read_text(), re.M)
CAPS = {'CAP_DAC_READ_SEARCH': 2, 'CAP_IPC_LOCK': 14, 'CAP_SYS_PTRACE': 19, 'CAP_SYS_ADMIN': 21, 'CAP_SYS_NICE': 23, 'CAP_LEASE': 28}
count = failed = 0


def point(good, name, why=''):
    global count, failed
    count += 1
    failed += not good
    print(f'{"ok" if good else "not ok"} {count} - {name}' + ('' if good else '\n# ' + str(why).replace('\n', '\n# ')), flush=True)


def make_group(site):
    """A control group of our own as the subject of the kernel side, where there is a cgroup2."""
    name = f'sekisho-life-{os.getpid()}'
    site.cgroup = next((pathlib.Path(line.split()[1]) / name for line in open('/proc/self/mounts') if line.split()[2] == 'cgroup2'), None)
    if site.cgroup:
        site.cgroup.mkdir()
        with open(site.root / 'etc/sekisho/agent.yaml', 'a') as file:
            file.write(f'lockdown:\n  cgroup: {name}\n')


def begin(site):
    program(site.disk / 'known', 7)
    program(site.disk / 'changed', 8)
    said = sh(BUILD / 'sekisho', 'lockdown', 'scan', site.disk, '--mode', 'enforce', '--failure', 'deny', '--out', site.folder / 'draft.yaml')
    draft = (site.folder / 'draft.yaml').read_text()
    point(said.returncode == 0 and str(site.disk) in draft and 'scan 20' in draft and 'media' not in draft, 'scan writes a draft: programs, and the mount point as scope', said.stderr)
    # what is known of one: a package and its maker
    more = 'package: tool-control', 'version: "2.4-1"', 'publisher: Maker'
    (site.folder / 'draft.yaml').write_text(re.sub(r'^( *)(- )?(name: .*/changed)$', lambda found: '\n'.join(
        [found[0]] + [found[1] + ('  ' if found[2] else '') + line for line in more]), draft, flags=re.M))
    program(site.disk / 'unknown', 66)
    shutil.copy('/bin/sleep', site.disk / 'sleeper')
    sh(BUILD / 'sekisho', 'policy', 'pin', '--root', site.root, site.folder / 'site.pub', check=True)
    point(site.start(), 'the agent starts', (site.folder / 'agent.log').read_text())
    point(site.run('unknown') == 66 and site.sekisho('lockdown', 'status').returncode == 1, 'without a policy nothing is refused, and status says so')


def shared_memory(pid):
    """What this process could write into another's memory, or into the kernel's: [mapping]."""
    return [line for line in pathlib.Path(f'/proc/{pid}/maps').read_text().splitlines() if line.split()[1].startswith('rw-s')]


def apart(site):
    """Lockdown's processes share their orders; whoever talks to the network, keeps the spool or reads media has no part in it."""
    point(shared_memory(site.status()['processes']['guard']), 'the guard shares memory with the other processes of lockdown')
    for name in ('sekisho-spool', 'sekisho-link', 'sekisho-media'):
        pid = within(5, lambda name=name: site.child(name))
        point(pid and not shared_memory(pid), f'{name} shares no memory with them, nor with the kernel', pid and shared_memory(pid))


def refusals(site):
    point(site.bring(site.folder / 'draft.yaml').returncode != 0, 'a draft that nobody signed is not taken')
    empty = site.folder / 'empty.yaml'
    empty.write_text(f'part: lockdown\nlockdown:\n  mode: enforce\n  scope: [{site.disk}]\n  programs: []\n')
    point(site.sign(empty, 'empty.skp') is None, 'an empty allowlist cannot be signed to be enforced')
    site.serial = 0
    point(site.run('unknown') == 66, 'after both nothing is refused')


def enforce(site):
    sleeper = subprocess.Popen([site.disk / 'sleeper', '60'])
    restrained = subprocess.Popen([BUILD / 'sekisho', 'lockdown', 'exec', '--place', site.disk, '--', site.disk / 'sleeper', '60'])
    within(3, lambda: os.readlink(f'/proc/{restrained.pid}/exe').endswith('/sleeper'))
    signed = site.sign(site.folder / 'draft.yaml', 'one.skp')
    said = site.bring(signed)
    point(said.returncode == 0 and site.in_force(1, 'enforce'), 'a signed policy is in force within a moment', said.stderr)
    point(site.run('known') == 7, 'a known program starts')
    point(site.run('unknown') == 'refused', 'an unknown one does not')
    point(within(2, lambda: [e for e in site.events('program_refused') if e['process']['file']['path'] == f'{site.disk}/unknown' and
                             e['process']['file']['hashes'] and e['fab']['reason'] == 'not-listed' and e['fab']['policy_serial'] == 1]),
          'its event has path, hash, reason and policy')
    point(within(3, lambda: [e for e in site.events('program_already_running') if e['process']['file']['path'].endswith('/sleeper')]),
          'what ran before and is not listed is told')
    point(within(3, lambda: (site.status()['restraints']['processes'], site.status()['restraints']['restrained']) == (2, 1)),
          'of the two that run from the guarded disk one is under restraints', site.status()['restraints'])
    for process in (sleeper, restrained):
        process.kill()
        process.wait()
    shutil.copy(site.disk / 'known', site.disk / 'elsewhere')
    point(site.run('elsewhere') == 7, 'the same content runs under any name')
    with open(site.disk / 'elsewhere', 'ab') as file:
        file.write(b'\n')
    point(site.run('elsewhere') == 'refused', 'with one byte more it does not')


def protection(site):
    """Status says what protects, what does not, and claims no more than the table."""
    status = site.status()
    open_classes = {one['id']: one for one in status['not_stopped']}
    hooks = {one['name']: one['state'] for one in status['hooks']}
    point(status['tier'] in ('A', 'B', 'C') and hooks.get('fanotify') == 'attached', 'status names the tier and the hooks in force', status)
    point('exec-file' not in open_classes, 'what was just refused is not among the classes that are not stopped')
    point(status['tier'] != 'C' or 'exec-memfd' in open_classes and 'map-dlopen' in open_classes, 'what fanotify alone cannot see is', sorted(open_classes))
    point(all(one['claim'] in ('open', 'noticed', 'restrained') and one['en'] and one['ja'] for one in open_classes.values()),
          'each with what may be claimed, in both languages')
    said = site.sekisho('lockdown', 'status').stdout
    point(f'tier {status["tier"]}' in said and all(name in said for name in open_classes), 'people are told the same', said)


def denials(site):
    """Every denial says what, who, how, which rule, and what would allow it; the same again is counted."""
    script = f"""import os, subprocess, time
for _ in range(40):
    try:
        subprocess.run(['{site.disk}/again'])
    except PermissionError:
        pass
"""
    program(site.disk / 'again', 9)
    asker = subprocess.Popen([sys.executable, '-c', script], start_new_session=True, cwd='/')
    asker.wait(30)
    mine = lambda: [e for e in site.events('program_refused') if e['process']['file']['path'] == f'{site.disk}/again']
    first = within(3, mine)
    fab = first[0]['fab'] if first else {}
    chain = fab.get('ancestry', [])
    point(first and 'count' not in first[0] and fab['road'] == 'script-shebang' and fab['rule'] == 'allowlist' and fab['policy_serial'] == 1,
          'a denial names road, rule and policy', first)
    point(first and fab['remedy'] == 'allow' and fab['remedy_line'] == f"sekisho lockdown allow '{site.disk}/again' --note WHY",
          'and the command that would allow it', fab)
    point(asker.pid in [one['pid'] for one in chain[:2]] and os.getpid() in [one['pid'] for one in chain] and chain[-1]['pid'] == 1 and not fab['ancestry_cut'],
          'and all who stand above it, up to the first', fab)
    here = [one for one in chain if one['pid'] == os.getpid()]
    point(here and here[0]['uid'] == os.getuid() and here[0]['program'] == os.readlink('/proc/self/exe') and here[0]['session'] == os.getsid(0) and
          here[0]['cgroup'] == open('/proc/self/cgroup').read().strip().split('::')[-1].split('\n')[0], 'each with user, program, session and control group', here)
    later = within(9, lambda: [e for e in mine() if e.get('count')])
    total = sum(e.get('count', 1) for e in mine())
    point(later and total == 40 and len(mine()) <= 4, f'40 refusals of one file for children of one parent: {len(mine())} events, {total} counted', mine())
    point(later and later[0]['start_time'] <= later[0]['end_time'] <= later[0]['start_time'] + 60000, 'with the time between them', later)
    program(site.disk / 'changed', 80)
    point(site.run('changed') == 'refused', 'a listed program whose content was changed does not start')
    told = within(3, lambda: [e for e in site.events('program_refused') if e['process']['file']['path'] == f'{site.disk}/changed'])
    point(told and told[0]['fab'].get('package') == 'tool-control 2.4-1' and told[0]['fab'].get('publisher') == 'Maker',
          'its denial names the package and the maker of the file that ought to stand there', told)
    said = site.sekisho('lockdown', 'explain', site.disk / 'again').stdout
    point('script-shebang' in said and 'allowlist' in said and str(os.getpid()) in said and f"sekisho lockdown allow '{site.disk}/again'" in said,
          'explain says the same', said)


def limits(site):
    """What cannot be carried out is refused or named, never left out in silence."""
    if site.status()['tier'] != 'B' or not site.cgroup:
        point(True, 'what has no effect is named # SKIP not tier B')
        return
    draft = (site.folder / 'draft.yaml').read_text()
    many = site.folder / 'many.yaml'
    shells = ''.join(f'    - {{sha256: "{number:064x}", name: "/opt/{number}/sh"}}\n' for number in range(1, 301))
    many.write_text(draft.replace('  programs:\n', '  interpreters: {restrict: true}\n  programs:\n' + shells))
    serial = site.serial
    site.bring(site.sign(many, 'many.skp'))
    said = within(3, lambda: next((e for e in site.events('policy_refused') if '300 interpreters' in str(e)), None))
    point(said and site.status()['serial'] == serial, 'more interpreters than can be restricted: the policy is refused, and says why', said)
    many.write_text(draft.replace('  programs:\n', '  interpreters: {restrict: true, data: [' + ', '.join(f'/d{n}' for n in range(65)) + ']}\n  programs:\n'))
    point(site.sign(many, 'data.skp') is None, 'more folders of data than the kernel side holds cannot be signed')
    site.serial -= 1
    hooks = lambda: {one['name']: one['state'] for one in site.status()['hooks']}
    point(hooks()['trace-read'] == 'waiting', 'where interpreters are not restricted nothing sits on reading', hooks())
    many.write_text(draft.replace('  programs:\n', '  interpreters: {restrict: true}\n  mounts: deny\n  programs:\n'))
    site.bring(site.sign(many, 'mounts.skp'))
    without = within(5, lambda: [one['id'] for one in site.status()['without_effect']])
    point(without == ['mounts'], 'a setting that this tier does not carry out is named', without)
    point(within(5, lambda: hooks()['trace-read'] == 'attached'), 'and what watches interpreters is attached when the policy restricts them', hooks())
    site.bring(site.sign(site.folder / 'draft.yaml', 'back.skp'))
    point(within(5, lambda: hooks()['trace-read'] == 'waiting' and not site.status()['without_effect']), 'and taken away after', hooks())


def kernel_side(site):
    """What the kernel side stops becomes the same event, with the same things in it."""
    status = site.status()
    if status['tier'] == 'C' or not site.cgroup:
        point(True, 'what the kernel side stops is told # SKIP tier C')
        return
    shown = {one['name']: one['state'] for one in status['hooks']}
    point(within(3, lambda: site.status()['subject'] == 'cgroup') and 'attached' in (shown.get('trace-exec'), shown.get('lsm-exec')),
          'status names the kernel side and whom it acts upon', status)
    stopped = {one['id'] for one in site.status()['not_stopped'] if one['claim'] != 'stopped'}
    point('exec-deleted' not in stopped or status['tier'] == 'A', 'and claims more with it', stopped)
    child = os.fork()
    if child == 0:
        try:
            (site.cgroup / 'cgroup.procs').write_text('0')
            fd = os.memfd_create('made-in-memory')
            os.write(fd, pathlib.Path('/bin/true').read_bytes())
            os.execv(f'/proc/self/fd/{fd}', ['true'])
        except OSError:
            os._exit(99)
        os._exit(98)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    point(code in (-signal.SIGKILL, 99), 'a program in memory, of the subject, does not run', code)
    told = within(3, lambda: [e for e in site.events('program_refused') if e['fab'].get('road') == 'exec-memfd'])
    fab = told[0]['fab'] if told else {}
    point(told and told[0]['actor']['process']['pid'] == child and fab['rule'] == 'allowlist' and fab['remedy'] == 'file' and fab['policy_serial'] == 1,
          'it is told with road, rule and what would allow it', told)
    point(told and [one['pid'] for one in fab['ancestry'][:2]] == [child, os.getpid()] and fab['ancestry'][-1]['pid'] == 1, 'and with all who stand above', fab)


def people(site):
    said = site.sekisho('lockdown', 'explain', site.disk / 'unknown')
    point(said.returncode == 1 and 'Last refused' in said.stdout and 'sekisho lockdown allow' in said.stdout, 'explain says why, and what to do', said.stdout)
    said = site.sekisho('lockdown', 'explain', site.disk / 'known')
    point(said.returncode == 0 and 'scan 20' in said.stdout, 'explain names the entry of a known one', said.stdout)
    said = site.sekisho('lockdown', 'allow', site.disk / 'unknown', '--note', 'ticket 12', '--json')
    request = json.loads(said.stdout)['id'] if said.returncode == 0 else ''
    point(request and [r for r in site.status()['requests'] if r['id'] == request and r['body']['note'] == 'ticket 12'], 'allow makes a request', said.stderr)
    point(site.run('unknown') == 'refused', 'a request changes nothing')
    clerk = site.child('sekisho-lockdow')
    os.kill(clerk, signal.SIGKILL)
    point(site.run('unknown') == 'refused' and site.run('known') == 7, 'without the clerk the guard goes on')
    point(within(5, lambda: [r for r in (site.status() or {}).get('requests', []) if r['id'] == request]), 'the request outlives the clerk')


def observe(site):
    said = site.sekisho('lockdown', 'observe', '--out', site.folder / 'observe.yaml')
    site.bring(site.sign(site.folder / 'observe.yaml', 'two.skp'))
    point(said.returncode == 0 and site.in_force(2, 'observe') and site.run('unknown') == 66, 'observe: the unknown one starts')
    point(within(2, lambda: [e for e in site.events('program_would_be_refused') if e['process']['file']['path'] == f'{site.disk}/unknown']),
          'and is told')
    status, said = site.status(), site.sekisho('lockdown', 'status').stdout
    later = {one['id'] for one in status['not_stopped_in_enforce']}
    point(len(status['not_stopped']) == len(ATTACKS) and 'exec-file' not in later and 'in this mode nothing is stopped' in said,
          'in observe status claims to stop nothing, and says what enforce would', said)
    said = site.sekisho('lockdown', 'explain', site.disk / 'unknown').stdout
    point('Started all the same' in said and 'enforce would have refused it' in said and 'Road: ' in said and 'sekisho lockdown allow' in said,
          'explain says of what started how enforce would have taken it', said)
    said = site.sekisho('lockdown', 'learn', '--out', site.folder / 'learnt.yaml')
    learnt = (site.folder / 'learnt.yaml').read_text() if said.returncode == 0 else ''
    point(f'{site.disk}/unknown' in learnt and f'{site.disk}/known' in learnt, 'learn: the draft has both', said.stderr)
    point(site.bring(site.folder / 'one.skp').returncode != 0 and site.in_force(2, 'observe'), 'an older policy is refused, the last good one stays')
    site.sekisho('lockdown', 'enforce', '--out', site.folder / 'enforce.yaml')
    site.bring(site.sign(site.folder / 'enforce.yaml', 'three.skp'))
    point(site.in_force(3, 'enforce') and site.run('unknown') == 'refused', 'enforce again')
    refused = lambda: [one for one in json.loads(site.sekisho('lockdown', 'explain', '--json').stdout)['refusals'] if not one['allowed']]
    within(3, refused)
    last = json.loads(site.sekisho('lockdown', 'explain', '--json').stdout)['refusals']
    said = site.sekisho('lockdown', 'explain').stdout
    point(last and [one['time'] for one in last] == sorted((one['time'] for one in last), reverse=True) and not last[0]['allowed'] and
          all(one['rule'] and one['remedy'] for one in last) and 'Last refused' in said, 'explain without a file: the last refusals, newest first', last)


def shadow(site):
    """Everything starts; what enforce would deny is told each time."""
    draft = (site.folder / 'enforce.yaml').read_text()
    (site.folder / 'shadow.yaml').write_text(re.sub(r'serial: \d+', 'serial: 0', draft.replace('mode: enforce', 'mode: shadow')))
    program(site.disk / 'shadowed', 12)
    site.bring(site.sign(site.folder / 'shadow.yaml', 'shadow.skp'))
    point(site.in_force(4, 'shadow') and site.run('shadowed') == 12 and site.run('known') == 7, 'shadow: the unknown one starts')
    mine = lambda: [e for e in site.events('program_would_be_refused') if e['process']['file']['path'] == f'{site.disk}/shadowed']
    point(within(3, mine) and mine()[0]['fab']['mode'] == 'shadow' and mine()[0]['fab']['remedy'] == 'allow', 'and is told as what enforce would deny', mine())
    site.run('shadowed')
    point(within(9, lambda: sum(e.get('count', 1) for e in mine()) == 2), 'the second time as well', mine())
    said = site.sekisho('lockdown', 'status').stdout
    point('shadow: everything starts' in said, 'status names the mode', said)
    (site.folder / 'enforce.yaml').write_text(re.sub(r'serial: \d+', 'serial: 0', draft))
    site.bring(site.sign(site.folder / 'enforce.yaml', 'five.skp'))
    point(site.in_force(5, 'enforce') and site.run('shadowed') == 'refused', 'after it enforce denies it')


def mounts(site):
    point(site.umount(), 'the guarded file system can be unmounted')
    site.mount()
    point(within(2, lambda: site.run('unknown') == 'refused'), 'mounted again, it is guarded again')
    # on a file system of its own: were it guarded by mistake, then that one and not the machine's
    sh('mount', '-t', 'tmpfs', 'none', site.memory, check=True)
    (site.memory / 'folder').mkdir()
    draft = (site.folder / 'enforce.yaml').read_text().replace(f'- {site.disk}', f'- {site.disk}\n    - {site.memory}/folder')
    (site.folder / 'wide.yaml').write_text(re.sub(r'serial: \d+', 'serial: 0', draft))
    signed = site.sign(site.folder / 'wide.yaml', 'six.skp')
    site.bring(signed)
    point(site.in_force(6, 'enforce') and [s for s in site.status()['scope'] if s['path'].endswith('/folder') and s['state'] == 'not-guarded'],
          'a scope that is no mount point is not guarded: not what lies below it either', site.status())
    program(site.memory / 'outside', 5)
    point(site.run(site.memory / 'outside') == 5, 'outside of the scope nothing is judged')


def deaths(site):
    before = len(site.events('unguarded'))
    processes = site.processes()
    os.kill(processes['guard'], signal.SIGKILL)
    known, unknown = site.run('known'), site.run('unknown')
    point(known == 7 and unknown == 'refused', 'the guard killed: nothing hangs, what is known starts, nothing unknown does', f'{known} {unknown} {site.status()}')
    point(within(3, lambda: [e for e in site.events('tampering') if 'guard-killed' in json.dumps(e)]), 'and it is told')
    processes = within(3, lambda: site.processes() if site.processes().get('guard') else None)
    os.kill(processes['keeper'], signal.SIGSTOP)  # else it may have made another guard before its own signal comes
    os.kill(processes['guard'], signal.SIGKILL)
    os.kill(processes['keeper'], signal.SIGKILL)
    point(within(5, lambda: site.run('unknown') == 'refused'), 'both killed: a new pair guards')
    told = within(13, lambda: site.events('unguarded')[before:])  # at the latest with the clerk's next tick
    point(told and told[0]['fab']['reason'] == 'guard-and-keeper-died-kernel-allowed' and told[0]['start_time'] <= told[0]['end_time'],
          'the time in between is told', told)
    os.kill(site.agent.pid, signal.SIGKILL)
    site.agent.wait()
    point(site.run('known') == 7 and site.run('unknown') == 'refused', 'main killed: the pair survives')
    point(site.start() and site.in_force(6, 'enforce') and site.run('unknown') == 'refused', 'a new main takes over', (site.folder / 'agent.log').read_text())


def hand_over(site):
    """As a package's upgrade does it: main goes, guard and keeper stay until the next main has prepared everything."""
    guard = site.processes()['guard']
    starts, stop = [], threading.Event()

    def knock():
        while not stop.is_set():
            starts.append((time.monotonic(), site.run('unknown')))
    knocker = threading.Thread(target=knock)
    knocker.start()
    os.kill(site.agent.pid, signal.SIGUSR2)
    code = site.agent.wait(20)
    alone = time.monotonic()
    within(1, lambda: False)
    kept = pathlib.Path(f'/proc/{guard}').exists()
    site.start()
    ready = within(20, lambda: site.in_force(6, 'enforce'))
    stop.set()
    knocker.join()
    ran = [when for when, how in starts if how != 'refused']
    before = [when for when in ran if when < alone + 1]
    point(code == 0 and kept and ready and not before, 'handed over: main ends in order, and until the next one comes the guard refuses', (code, kept, ready, len(before)))
    print(f'# {len(starts)} starts of an unknown program during the handing over, {len(ran)} ran, within {1000 * (ran[-1] - ran[0]) if ran else 0:.0f} ms')
    point(not ran or ran[-1] - ran[0] < 3, 'the time in which the next one takes its place is short', (len(ran), ran[-1] - ran[0] if ran else 0))
    point(site.run('unknown') == 'refused' and site.run('known') == 7 and not pathlib.Path(f'/proc/{guard}').exists(), 'then the next one refuses, and the old one is gone')


def small(site):
    def caps(pid):
        return int(re.search(r'CapEff:\t(\w+)', pathlib.Path(f'/proc/{pid}/status').read_text())[1], 16)
    guard = sum(1 << bit for bit in CAPS.values())
    processes = site.processes()
    point(caps(processes['guard']) == guard and caps(processes['keeper']) == guard, 'guard and keeper have the capabilities of the table')
    point(caps(site.child('sekisho-lockdow')) == 1 << CAPS['CAP_DAC_READ_SEARCH'], 'the clerk has one')
    point(all('Seccomp:\t2' in pathlib.Path(f'/proc/{pid}/status').read_text() for pid in processes.values()), 'and their system calls are listed')


def release(site):
    """What a package's removal asks: may the agent go?"""
    point(site.sekisho('lockdown', 'release', '--check').returncode == 0, 'without a word in the policy no release is needed')
    draft = re.sub(r'serial: \d+', 'serial: 0', (site.folder / 'enforce.yaml').read_text()).replace('lockdown:\n', 'lockdown:\n  self: {release: true}\n', 1)
    (site.folder / 'self.yaml').write_text(draft)
    site.bring(site.sign(site.folder / 'self.yaml', 'self.skp'))
    ready = site.in_force(site.serial, 'enforce')
    said = site.sekisho('lockdown', 'release', '--check')
    point(ready and said.returncode == 1 and 'sekisho policy sign --kind release' in said.stdout, 'with it one is, and what to do is said', (ready, said.stdout, said.stderr))
    sh(BUILD / 'sekisho', 'policy', 'keygen', '--plain', site.folder / 'freer', check=True)
    sh(BUILD / 'sekisho', 'policy', 'delegate', '--site-key', site.folder / 'site', '--uses', 'release', '--out', site.folder / 'freer.skd', site.folder / 'freer.pub', check=True)
    until = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 600))
    (site.folder / 'go.yaml').write_text(f'id: R-1\nfrom: 2026-01-01T00:00:00Z\nuntil: {until}\naction: remove\nreason: out of service\n')
    made = sh(BUILD / 'sekisho', 'policy', 'sign', '--kind', 'release', '--key', site.folder / 'freer', '--delegation', site.folder / 'freer.skd',
              '--out', site.folder / 'go.skr', site.folder / 'go.yaml')
    point(site.sekisho('lockdown', 'release', site.folder / 'self.skp').returncode == 1, 'a policy is no release')
    said = site.sekisho('lockdown', 'release', site.folder / 'go.skr')
    state = json.loads(site.sekisho('lockdown', 'release', '--check', '--json').stdout)
    point(said.returncode == 0 and state['release'] and 0 < state['released_s'] <= 600 and site.sekisho('lockdown', 'release', '--check').returncode == 0,
          'a signed release lets it go', (made.stderr, said.stdout, said.stderr, state))


def units(site):
    """Who sees to it that the machine starts without the agent is told of while it still runs."""
    def told(what):
        return within(5, lambda: [e for e in site.events('tampering') if what in json.dumps(e)])
    choices, shipped = site.root / 'etc/systemd/system', site.root / 'lib/systemd/system/sekisho-agent.service'
    enabled, masked = choices / 'multi-user.target.wants/sekisho-agent.service', choices / 'sekisho-agent.service'
    for path in (enabled, shipped):
        path.parent.mkdir(parents=True, exist_ok=True)
    shipped.write_text('[Service]\n')
    enabled.symlink_to('/lib/systemd/system/sekisho-agent.service')
    clerk = site.child('sekisho-lockdow')
    os.kill(clerk, signal.SIGKILL)  # the next one finds the unit as it would be after an installation
    within(5, lambda: site.child('sekisho-lockdow') not in (0, clerk) and site.in_force(site.status()['serial'], 'enforce'))
    shipped.with_suffix('.new').write_text('[Service]\n# newer\n')
    shipped.with_suffix('.new').rename(shipped)
    enabled.unlink()
    point(told('unit-disabled'), 'the unit is disabled: told')
    masked.symlink_to('/dev/null')
    point(told('unit-masked'), 'the unit is masked: told')
    point(not [e for e in site.events('tampering') if 'unit-removed' in json.dumps(e)], 'an upgrade that exchanges its file is nothing')
    shipped.unlink()
    point(told('unit-removed'), 'the unit is removed: told')
    point(site.run('unknown') == 'refused', 'and the agent goes on')


def half_removed(site):
    """Some of its files are gone when it starts: what the policy says is enforced all the same."""
    serial = site.status()['serial']
    site.stop()
    state = site.root / 'var/lib/sekisho'
    kept = {'policy', 'place.json', 'endpoint.secret'}
    gone = [path for path in state.iterdir() if path.name not in kept]
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(site.root / 'run', ignore_errors=True)
    site.start()
    point(gone and site.in_force(serial, 'enforce') and site.run('unknown') == 'refused' and site.run('known') == 7,
          'half of its files removed: it starts and enforces', f'{[p.name for p in gone]} {site.status()}')


def end(site):
    before = len(site.events('unguarded'))
    site.stop()
    point(site.run('unknown') == 66, 'the agent stopped: the kernel allows')
    site.start()
    point(within(3, lambda: site.run('unknown') == 'refused'), 'started again it refuses')
    told = within(13, lambda: site.events('unguarded')[before:])  # at the latest with the clerk's next tick
    point(told and told[-1]['fab']['reason'] == 'agent-was-not-running-kernel-allowed' and told[-1]['end_time'] - told[-1]['start_time'] < 60000,
          'and tells since when nothing was judged', told)


def labels(site):
    """What this machine is stands where root alone writes: the duty that talks to the network cannot make a policy not fit."""
    root = site.root / 'var/lib/sekisho'
    (root / 'policy/place.json').write_text('{"org":"o","site":"kumamoto"}')
    draft = re.sub(r'serial: \d+', 'serial: 0', (site.folder / 'enforce.yaml').read_text())
    (site.folder / 'labels.yaml').write_text(draft + 'labels:\n  site: [kumamoto]\n')
    signed = site.sign(site.folder / 'labels.yaml', 'labels.skp')
    site.serial -= signed is None
    envelope = signed.read_bytes() if signed else b''
    site.stop()
    (root / f'policy/lockdown/{site.serial:020}.skp').write_bytes(envelope)
    (root / 'link/identity.json').write_text('{"agent":"a","org":"x","server":"127.0.0.1:9","site":"elsewhere"}')
    point(signed and site.start() and site.in_force(site.serial, 'enforce'), 'a policy for this site stays, whatever the link says of itself', site.status())
    (root / 'link/identity.json').unlink()


def main():
    if len(sys.argv) < 2:  # mounts of our own that no other namespace copies
        os.execvp('unshare', ['unshare', '--mount', '--propagation', 'private', sys.argv[0], 'inside'])
    folder = pathlib.Path(tempfile.mkdtemp(prefix='sekisho-life-', dir=os.environ.get('TMPDIR', '/tmp')))
    site = Site(folder)
    make_group(site)
    try:
        for part in (begin, apart, refusals, enforce, protection, denials, kernel_side, people, observe, shadow, mounts, deaths, hand_over, small, release, labels, limits, end, units, half_removed):
            part(site)
    finally:
        if failed:
            print('# ' + (folder / 'agent.log').read_text().replace('\n', '\n# '))
        site.done()
        if site.cgroup:
            site.cgroup.rmdir()
        shutil.rmtree(folder, ignore_errors=True)
    print(f'1..{count}')
    sys.exit(failed > 0)


main()
