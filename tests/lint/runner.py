#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# runner.py - ./check itself: what it says of test programs that misbehave in each way it must notice.
#
# The runner is copied into a tree of its own, with planted programs as its lint suite.

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from common import Rules

TOP = pathlib.Path(__file__).resolve().parents[2]

# Recognizable in the process table, and not another run's.
FIRST, SECOND, THIRD = (f'9{os.getpid()}{n}' for n in (1, 2, 3))

# What an agent does that is killed, as far as the runner sees it: a folder of pins named after its root. The second lives for a second, and its
# root goes before the test ends; the third cannot be told whose it was.
AGENT = 'import os, sys, time; sys.path.insert(0, "tools/check"); import pins; root = os.path.realpath(sys.argv[2]);' \
        'os.mkdir(f"{pins.PLACE}/{pins.name_of(root)}"); time.sleep(float(sys.argv[3]))'
PIN = f'python3 -c \'{AGENT}\' --root'

# name of the program: (its shell text, {point: result} that must come out, words that a reason must have)
PROGRAMS = {
    'good': ('echo 1..2; echo ok 1 - one; echo "ok 2 - two"', {'one': 'pass', 'two': 'pass'}, ''),
    'plan-last': ('echo ok 1 - one; echo 1..1', {'one': 'pass'}, ''),
    'bad': ('echo 1..2; echo not ok 1 - one; echo ok 2 - two; exit 1', {'one': 'fail', 'two': 'pass'}, ''),
    'dies': ('echo 1..2; echo ok 1 - one; kill -9 $$', {'one': 'pass', '': 'fail'}, 'died of signal 9'),
    'no-plan': ('echo ok 1 - one', {'one': 'pass', '': 'fail'}, 'no plan'),
    'silent': ('exit 0', {'': 'fail'}, 'no plan'),
    'fewer': ('echo 1..3; echo ok 1 - one', {'one': 'pass', '': 'fail'}, 'planned 3'),
    'exits': ('echo 1..1; echo ok 1 - one; exit 7', {'one': 'pass', '': 'fail'}, 'exit code 7'),
    'bails': ('echo 1..1; echo "Bail out! no disk"; exit 1', {'': 'fail'}, 'no disk'),
    'later': ('echo 1..1; echo "not ok 1 - one # TO' 'DO some day"', {'one': 'fail'}, 'may not be marked'),
    'skips': ('echo 1..1; echo "ok 1 - one # SKIP no such kernel"', {'one': 'fail'}, 'tests/skips'),
    'listed': ('echo 1..2; echo "ok 1 - one # SKIP no such kernel"; echo ok 2 - two', {'one': 'skip', 'two': 'pass'}, ''),
    'skips-all': ('echo "1..0 # SKIP nothing here"', {'': 'skip'}, ''),
    'cmocka-skips': ('echo 1..1; echo "not ok 1 # SKIP test_name"', {'test_name': 'fail'}, 'tests/skips'),
    'hangs': (f'# check: timeout=1\nsetsid sleep {FIRST} & echo 1..1; sleep {FIRST}', {'': 'fail'}, 'not finished after 1 s'),
    'leaves': (f'echo 1..1; echo ok 1 - one; setsid sleep {SECOND} >/dev/null 2>&1 &', {'one': 'pass', '': 'fail'}, 'left processes'),
    'pins': (f'mkdir $TMPDIR/r; {PIN} $TMPDIR/r 0; echo 1..1; echo ok 1 - one', {'one': 'pass', '': 'fail'}, 'left BPF pins'),
    'pins-late': (f'cd $SEKISHO_SOURCE; mkdir $TMPDIR/s; {PIN} $TMPDIR/s 1; rmdir $TMPDIR/s; echo 1..1; echo ok 1 - one',
                  {'one': 'pass', '': 'fail'}, 'left BPF pins'),
    'needs-long': ('# check: long\necho 1..1; echo ok 1 - one', {}, ''),
}
SKIPS = 'lint/listed/one: there is no such kernel here\nlint/skips-all: nothing to do here\n'


def plant(top):
    shutil.copytree(TOP / 'tools/check', top / 'tools/check')
    pins = top / 'tools/check/pins.py'
    pins.write_text(pins.read_text().replace("PLACE = '/sys/fs/bpf'", f"PLACE = '{top}/pins'"))
    (top / 'pins').mkdir()
    (top / 'tests/lint').mkdir(parents=True)
    (top / 'tests/skips').write_text(SKIPS)
    for name, (text, _, _) in PROGRAMS.items():
        path = top / f'tests/lint/{name}.sh'
        path.write_text(f'#!/bin/sh\n{text}\n')
        path.chmod(0o755)


def check(top, *words):
    """(exit code, last line, tests) of a run of the planted runner."""
    said = subprocess.run([sys.executable, '-B', top / 'tools/check', '--no-install', '--json', top / 'out.json', *words],
                          capture_output=True, text=True)
    lines = said.stdout.splitlines() or ['']
    return said.returncode, lines[-1], json.loads((top / 'out.json').read_text())['tests'] if (top / 'out.json').exists() else []


def results_of(tests, name):
    mine = [test for test in tests if test['name'].split(':')[0] == name]
    return {test['name'].partition(': ')[2]: test['result'] for test in mine}, ' '.join(test['reason'] for test in mine)


def still_runs(words):
    return subprocess.run(['pgrep', '-f', words], capture_output=True).returncode == 0


def check_programs(rules, tests):
    for name, (_, wanted, words) in PROGRAMS.items():
        if os.geteuid() != 0 and name in ('skips', 'cmocka-skips'):
            continue
        got, reasons = results_of(tests, name)
        rules.rule(f'a program that is "{name}"', [] if got == wanted and words in reasons else [f'{got} {reasons}'])


def check_moment_of_exec(rules):
    """A process that is looked at while it execs shows no environment: it must be found all the same."""
    sys.path.insert(0, str(TOP / 'tools/check'))
    import run
    missed = 0
    for turn in range(300):
        mark = f'runner-{os.getpid()}-{turn}'
        subprocess.run(['sh', '-c', f'setsid sleep {THIRD} >/dev/null 2>&1 &'], env={**os.environ, run.MARK: mark}, check=True)
        missed += not run.kill_left_processes(mark, 0)
    subprocess.run(['pkill', '-f', f'sleep {THIRD}'])
    rules.rule('a process in the middle of its exec is found', [f'{missed} of 300 were not'] if missed else [])


def check_pins_of_nobody(rules, top):
    (top / 'tests/lint/nobody.sh').write_text(f'#!/bin/sh\n{PIN} /nonexistent 0; echo 1..1; echo ok 1 - one\n')
    (top / 'tests/lint/nobody.sh').chmod(0o755)
    code, last, tests = check(top, 'lint/nobody')
    said = [test['reason'] for test in tests if test['suite'] == 'run']
    rules.rule('pins of which nobody knows the owner are a failure', [] if code == 1 and 'no test can be named' in ' '.join(said) else [last])


def check_name_of_pins(rules):
    """As agent/lockdown/duty.c names them."""
    sys.path.insert(0, str(TOP / 'tools/check'))
    import pins
    rules.rule('a folder of pins is named after its root', [] if pins.name_of('/srv/line/agent') == 'sekisho-0a3df720' else ['it is not'])


def main():
    rules = Rules()
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        plant(top)
        code, last, tests = check(top, 'lint')
        check_programs(rules, tests)
        counts = [sum(test['result'] == result for test in tests) for result in ('pass', 'fail', 'skip')]
        wanted = '{} passed, {} failed, {} skipped'.format(*counts)
        rules.rule('failures make the exit code 1 and the last line counts', [] if (code, last) == (1, wanted) else [f'{code} {last}'])
        rules.rule('nothing of a hanging test goes on', [name for name in (FIRST, SECOND) if still_runs(f'sleep {name}')])
        code, last, _ = check(top, 'lint/good', 'lint/plan-last')
        rules.rule('named programs alone are run', [] if (code, last) == (0, '3 passed, 0 failed, 0 skipped') else [f'{code} {last}'])
        code, last, tests = check(top, 'lint/nothing')
        rules.rule('a name that fits no test is a failure', [] if code == 1 and 'no such test' in tests[0]['reason'] else [last])
        code, last, tests = check(top, 'integration')
        rules.rule('a build that fails is a failure', [] if code == 1 and 'meson' in tests[0]['reason'] else [last])
        code, last, tests = check(top, 'story')
        rules.rule('a suite without tests is a failure', [] if code == 1 and 'without tests' in tests[0]['reason'] else [last])
        rules.rule('an unknown suite is a wrong call', [] if check(top, 'nonsense')[0] == 2 else ['accepted'])
        code, last, _ = check(top, 'lint/needs-long', '--long')
        rules.rule('--long finds the long tests', [] if (code, last) == (0, '1 passed, 0 failed, 0 skipped') else [f'{code} {last}'])
        rules.rule('pins that are left are taken away', list(map(str, (top / 'pins').iterdir())))
        check_pins_of_nobody(rules, top)
    check_name_of_pins(rules)
    check_moment_of_exec(rules)
    rules.finish()


main()
