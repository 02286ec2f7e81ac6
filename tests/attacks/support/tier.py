# SPDX-License-Identifier: GPL-3.0-or-later
#
# tier.py - all cases on one kernel, and what comes of them: a TAP point for each, whether the agent claims more than is shown, the share that is stopped, and
# a file of results for the table (build/attacks/NAME.json).
#
# What the agent claims is asked of itself (`sekisho lockdown status --json`), so that nothing here must follow when a claim is added: a class that is not
# among its not_stopped must be stopped in every case, and must have one.
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import lab

GOALS = {'A': None, 'B': 85, 'C': None}  # percent of the cases that show something; A: all but what it names
NOTICES = ('B',)  # where attacks upon the agent itself cannot be refused: there each must at least be told of
# False denials that a tier is known to have, told as such; the table shows "twin failed" for them.
TOO_STRICT = {'A': {
    'mem-proc-write-self': 'own memory is not written through /proc, not even data',
    'mem-proc-write-self-user': 'the same',
    'mem-proc-write-child': 'the same',
    'module-load-memory': 'what is loaded from memory no hook can hash: a listed module is loaded by its file',
    'file-hardlink-exchange': 'under protection no name of a known file is given to another, whichever of its names it is',
    'race-rename-hardlink': 'the same',
    'script-module-bash-beside': 'what bash reads by `.` in a folder that no policy names is not looked at in time',
    'script-operand-loader': 'an interpreter is started by its own name, not by the loader',
    'script-inline-python-loader': 'the same',
    'agent-starve-frozen': 'where a control group is the subject, its processes put nobody into another group, whoever that is',
    'agent-trace-memory': "no process' memory is written by another, whoever that is",
    'agent-unload-links': 'nobody but the agent detaches links'}}
# Noticed, but not always told: main ends guard, clerk and spool at once, and the kernel's record may come after the last of them has looked.
NOT_ALWAYS_TOLD = {'agent-signal-main'}
RESULTS = lab.TOP / 'build/attacks'
PART = 36  # cases of one virtual machine
MACHINES = 2  # at once
count = failed = 0


def point(good, name, why=''):
    global count, failed
    count += 1
    failed += not good
    print(f'{"ok" if good else "not ok"} {count} - {name}', flush=True)
    for line in str(why).splitlines() if why and not good else []:
        print('# ' + line, flush=True)


def finish():
    print(f'1..{count}', flush=True)
    sys.exit(failed > 0)


def own_mounts():
    import ctypes  # not in the virtual machine
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x20000) or libc.mount(b'none', b'/', None, 0x44000, None):
        raise SystemExit('no mount namespace of its own')


def chosen_cases(pattern, in_machine=False):
    """All; in a virtual machine, where each takes ten times as long, one of a class and what can only be tried there, unless `./check --long` wants more."""
    chosen = lab.cases(pattern)
    if pattern or not in_machine or os.environ.get('SEKISHO_LONG') == '1':
        return chosen
    seen = collections.Counter()
    for case in chosen:
        case.place = seen[case.kind]
        seen[case.kind] += case.where == 'any' and case.seconds <= 25
    return [case for case in chosen if case.where == 'vm' or (case.place < 1 and case.seconds <= 25)]


def parts_of(chosen):
    """A machine that hangs takes its part of the cases with it, and no others: the same number of each class to each."""
    count = max(-(-len(chosen) // PART), MACHINES if len(chosen) > 12 else 1)
    return [chosen[at::count] for at in range(count)]


class Result:
    def __init__(self, case, verdict, said, noticed=False):
        self.case, self.verdict, self.said, self.noticed = case, verdict, said, noticed

    def record(self):
        return {'case': self.case.name, 'class': self.case.kind, 'verdict': self.verdict, 'said': self.said, 'noticed': self.noticed}


def fight(field, chosen, start, log):
    """Results of all cases. `start` brings the agent up; what is void without one is not tried against it."""
    void, results = lab.without(field, chosen), []
    agent = field.agent = start()
    began = time.monotonic()
    lab.within(30, lambda: not any(hook['name'] == 'trace-map' and hook['state'] == 'waiting' for hook in (agent.status() or {}).get('hooks', [])))
    print(f'# mappings are looked at, or are not going to be, after {time.monotonic() - began:.1f} s', flush=True)
    status = agent.status() or {}
    claims = {entry['id'] for entry in status.get('not_stopped', [])}
    if 'map-preload' not in claims:
        wait_for_mappings(field)
    for case in chosen:
        if void[case.name]:
            results.append(Result(case, lab.VOID, void[case.name]))
            log(f'{case.name}: void', results[-1])
            continue
        before, began = agent.events('tampering') if case.agent else 0, time.monotonic()
        verdict, said = lab.against(field, case)
        # what it noticed is on its way to the spool; what it finds changed in itself it looks for every five seconds
        noticed = bool(case.agent and lab.within(0.3 if verdict == lab.STOPPED else 15, lambda: agent.events('tampering') > before))
        if case.agent:
            agent.mend(verdict != lab.STOPPED)
        results.append(Result(case, verdict, said, noticed))
        log(f'{case.name}: {verdict}: {time.monotonic() - began:.2f} s: {said}', results[-1])
    return results, status, claims


def wait_for_mappings(field):
    """The kernel side looks at mappings when the guard has seen the libraries of the policy, a while after it is in force."""
    case, began = lab.cases('^map-preload-env$')[0], time.monotonic()
    lab.within(20, lambda: not field.attempt(case, 'unknown')[0])
    print(f'# executable mappings are looked at {time.monotonic() - began:.1f} s after the policy is said to be in force', flush=True)


def judge(name, results, status, claims):
    """TAP points: claimed classes hold, the goal of the tier, the lawful twins."""
    tier = status.get('tier', '?')
    hooks = [hook['name'] for hook in status.get('hooks', []) if hook.get('attached') or hook.get('state') == 'attached' or not hook.get('error')]
    print(f'# tier {tier}; hooks: {" ".join(hooks)}', flush=True)
    tried = [result for result in results if result.verdict != lab.VOID]
    proven = collections.Counter(result.case.kind for result in tried if result.verdict == lab.STOPPED)
    for result in results:
        show(result, claims, TOO_STRICT.get(tier, {}), tier in NOTICES)
    for kind in sorted({case.kind for case in lab.cases()} - claims):
        point(proven[kind] or not any(result.case.kind == kind and not is_excused(result, tier) for result in results), f'class {kind} is claimed and shown',
              f'{kind} is not among not_stopped, but no case shows that it is stopped')
    share = report_share(name, results, tier in NOTICES)
    goal = GOALS.get(tier)
    if goal and len(results) > 60:
        point(share >= goal, f'tier {tier} stops at least {goal} percent of the cases, attacks upon the agent stopped or noticed', f'{share:.1f} percent')
    write(name, results, status, claims)


def is_excused(result, tier):
    return result.verdict == lab.VOID or (result.verdict == lab.TWIN and result.case.name in TOO_STRICT.get(tier, {}))


def report_share(name, results, notices):
    """Both figures: stopped of all, and with the attacks upon the agent that were noticed, where that is the demand. Percent of the latter."""
    tried = [result for result in results if result.verdict != lab.VOID]
    stopped = sum(result.verdict == lab.STOPPED for result in tried)
    told = sum(result.case.agent and result.noticed and result.verdict != lab.STOPPED for result in tried)
    whole = max(1, len(tried))
    print(f'# {name}: {stopped} of {len(tried)} stopped ({100 * stopped / whole:.0f} percent), {len(results) - len(tried)} void', flush=True)
    if notices:
        agent = [result for result in tried if result.case.agent]
        print(f'# {name}: of {len(agent)} attacks upon the agent {sum(r.verdict == lab.STOPPED for r in agent)} stopped, {told} noticed', flush=True)
    return 100 * (stopped + told * notices) / whole


def show(result, claims, strict, notices):
    kind, case = result.case.kind, result.case
    if result.verdict == lab.VOID:
        print(f'# void: {case.name}: {result.said}', flush=True)
    elif result.verdict == lab.STOPPED:
        point(True, f'{case.name}: stopped, and its lawful twin runs')
    elif case.agent and notices:
        told = 'noticed and told' if result.noticed else 'not told this time'
        point(result.noticed or case.name in NOT_ALWAYS_TOLD, f'{case.name}: {told}', result.said)
    elif kind in claims:
        noticed = ', noticed' if result.noticed else ''
        point(True, f'{case.name}: {result.verdict}{noticed}; {kind} is not claimed here')
    elif result.verdict == lab.TWIN and case.name in strict:
        point(True, f'{case.name}: stopped, and so is its twin: {strict[case.name]}')
    else:
        point(False, f'{case.name}: stopped, and its lawful twin runs', f'{result.verdict}, and {kind} is claimed: {result.said}')


def write(name, results, status, claims):
    """What was not tried this time stays as it was found before, on the same kernel."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path, kernel = RESULTS / f'{name}.json', status.get('kernel', os.uname().release)
    before = json.loads(path.read_text()) if path.exists() else {}
    kept = {record['case']: record for record in before.get('cases', [])} if before.get('kernel') == kernel else {}
    kept.update({result.case.name: result.record() for result in results})
    known = {case.name for case in lab.cases()}
    path.write_text(json.dumps({'name': name, 'tier': status.get('tier'), 'kernel': kernel, 'not_stopped': sorted(claims),
                                'cases': [record for case, record in sorted(kept.items()) if case in known]}, indent=1) + '\n')


class Ground:
    """Folder, equipment PC, policy: all that is made outside, for this machine or for a virtual one."""

    def __init__(self, series=None):
        own_mounts()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='sekisho-attacks.'))
        self.stage, self.closing = None, []
        try:
            self.stage = lab.Stage(self.folder, series)
            self.closing.append(self.stage.close)
            self.signed = lab.Desk(self.folder).sign(self.stage)
            self.tokens = {name: token.text for name, token in self.stage.tokens.items()}
            print(f'# listed: {len(self.stage.listed)} files; policy has: {" ".join(self.stage.extras) or "nothing beside programs"}', flush=True)
        except BaseException:
            self.close()
            raise

    def close(self):
        for close in reversed(self.closing):
            close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def battle(folder, mount, tokens, pin, signed, chosen, log):
    """On the kernel that runs here. (results, status, claims)"""
    cgroup = lab.Cgroup()
    field, agent = lab.Range(folder, mount, tokens, cgroup), lab.Agent(folder, cgroup)

    def start():
        agent.start(pin, signed)
        return agent
    try:
        return fight(field, chosen, start, log)
    finally:
        agent.stop()
        field.close()
        cgroup.close()


def on_host(pattern):
    with Ground() as ground:
        RESULTS.mkdir(parents=True, exist_ok=True)
        with open(RESULTS / 'host.log', 'w', encoding='utf-8') as file:
            results, status, claims = battle(ground.folder, ground.stage.mount, ground.tokens, ground.folder / 'site.pub', ground.signed, chosen_cases(pattern),
                                             lambda text, _: print(text, file=file, flush=True))
        judge('host', results, status, claims)
    finish()


# --- in a virtual machine: the same, with what was made outside

SCRIPT = """#!/bin/bash
mkdir -p {mount} /var/attacks && mount /dev/vdc {mount} || exit 1
export SEKISHO_SOURCE=/attacks SEKISHO_BUILD=/attacks/build
exec /usr/bin/python3 -B /attacks/tests/attacks/support/inside.py
"""


def programs():
    words = ['--program', '/usr/bin/python3.11', '--as', '/usr/bin/python3']
    for name in ('sekisho', 'sekisho-agent', 'attack-enter'):
        words += ['--program', lab.BUILD / name, '--as', f'/attacks/build/{name}']
    return words


def stdlib(folder):
    """Python's library without what is large and not asked for."""
    def unwanted(place, names):
        return [name for name in names if name in ('__pycache__', 'test', 'idlelib', 'lib2to3', 'tkinter', 'ensurepip', 'dist-packages', 'pydoc_data', 'turtledemo')
                or name.startswith('config-')]
    shutil.copytree('/usr/lib/python3.11', folder / 'python3.11', ignore=unwanted)
    return folder / 'python3.11'


def in_machine(name, series, words, options):
    """`words`: [--part N/OF] [REGEX]."""
    part = words[words.index('--part') + 1] if '--part' in words else None
    pattern = words[-1] if words and words[-1] != part else ''
    chosen = chosen_cases(pattern, True)
    if part:
        number, of = (int(n) for n in part.split('/'))
        chosen = chosen[number - 1::of]
    parts = parts_of(chosen)
    with Ground(series) as ground:
        prepare_machine(ground)

        def run_one(number):
            plan, began = ground.folder / f'plan-{number}.json', time.monotonic()
            plan.write_text(json.dumps({'mount': str(ground.stage.mount), 'tokens': ground.tokens, 'cases': [case.name for case in parts[number]]}))
            lines = watch_machine(machine_words(ground, series, plan, options), f'{name}-{number + 1}')
            print(f'# machine {number + 1} of {len(parts)}: {len(parts[number])} cases in {time.monotonic() - began:.0f} s', flush=True)
            return lines
        with concurrent.futures.ThreadPoolExecutor(MACHINES) as pool:
            try:
                said = list(pool.map(run_one, range(len(parts))))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                end_machines()
                raise
    take_results(name, said)
    finish()


def prepare_machine(ground):
    """Its script and Python's library, and the equipment PC's image as it is now: each machine begins with that."""
    folder, mount = ground.folder, ground.stage.mount
    (folder / 'script').write_text(SCRIPT.format(mount=mount))
    (folder / 'script').chmod(0o755)
    stdlib(folder)
    lab.must('sync', '-f', mount)
    lab.must('umount', mount)
    lab.sh('e2fsck', '-fp', ground.stage.pc / 'disk.img')


def machine_words(ground, series, plan, options):
    folder = ground.folder
    return [lab.TOP / 'tests/support/vm', 'run', '--kernel', series, '--memory', '1024', '--disk', '384', '--drive', ground.stage.pc / 'disk.img',
            *options, *programs(), '--put', folder / 'python3.11', '/usr/lib/python3.11', '--put', lab.HERE, '/attacks/tests/attacks',
            '--put', plan, '/attacks/plan.json', '--put', ground.signed, '/attacks/signed.skp',
            '--put', folder / 'site.pub', '/attacks/site.pub', folder / 'script']


running = []


def end_machines():
    for machine in running:
        with contextlib.suppress(OSError):
            os.killpg(machine.pid, signal.SIGTERM)


def watch_machine(words, name):
    RESULTS.mkdir(parents=True, exist_ok=True)
    said = []
    with open(RESULTS / f'{name}.log', 'w', encoding='utf-8') as log, \
            subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', start_new_session=True) as machine:
        running.append(machine)
        for line in machine.stdout:
            log.write(line)
            log.flush()
            said.append(line)
    running.remove(machine)
    said.append(f'@@code {machine.returncode}\n')
    return said


def take_results(name, said):
    by_name = {case.name: case for case in lab.cases()}
    results, last = [], {}
    for number, lines in enumerate(said):
        last = {}
        for line in lines:
            if line.startswith('@@result '):
                record = json.loads(line[9:])
                results.append(Result(by_name[record['case']], record['verdict'], record['said'], record['noticed']))
            elif line.startswith('@@status '):
                last = json.loads(line[9:])
        point(last and lines[-1] == '@@code 0\n', f'{name}: machine {number + 1} came to its end', ''.join(lines[-25:]))
    status = last.get('status') or {}
    judge(name, results, status, {entry['id'] for entry in status.get('not_stopped', [])} if status else {case.kind for case in by_name.values()})


def inside():
    with open('/attacks/plan.json', encoding='utf-8') as file:
        plan = json.load(file)
    began = time.monotonic()

    def log(text, result):
        print(f'{time.monotonic() - began:.0f} s: {text}', flush=True)
        print('@@result ' + json.dumps(result.record()), flush=True)
    _, status, _ = battle(pathlib.Path('/var/attacks'), pathlib.Path(plan['mount']), plan['tokens'], '/attacks/site.pub', '/attacks/signed.skp',
                          [case for case in lab.cases() if case.name in plan['cases']], log)
    print('@@status ' + json.dumps({'status': {**status, 'kernel': os.uname().release}}), flush=True)
