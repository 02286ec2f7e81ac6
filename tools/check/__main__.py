# SPDX-License-Identifier: GPL-3.0-or-later
#
# tools/check - the test runner behind ./check: builds what the chosen suites need and runs their programs.
#
# Standard library only. suites.py is the table of suites, build.py builds, run.py runs one program, tap.py reads what it says,
# pins.py knows whose a pin is, report.py counts and shows. The last line printed is `N passed, N failed, N skipped`.

import argparse
import fnmatch
import itertools
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from build import build
from pins import Pins
from report import Report
from run import MARK, Outcome, run_program, stop_all
from suites import SUITES, Options
from tap import Point

ROOT = pathlib.Path(__file__).resolve().parents[2]
NUMBERS = itertools.count(1)


def parse(argv):
    lines = [f'  {suite.name:<12} {suite.about}' + ('' if suite.default else ' (only when named)') for suite in SUITES]
    parser = argparse.ArgumentParser(prog='./check', formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description='Install what is missing, build, run the tests.',
                                     epilog='suites:\n' + '\n'.join(lines))
    parser.add_argument('chosen', nargs='*', metavar='SUITE[/TEST]', help='only these (TEST may have wildcards); default: all')
    parser.add_argument('--quick', action='store_true', help='the suites and tests that take two minutes together')
    parser.add_argument('--long', action='store_true', help='also storms and soak, and a million inputs for each fuzz target')
    parser.add_argument('--json', metavar='FILE', help='write suite, name, result, seconds and reason of each test')
    parser.add_argument('--no-install', action='store_true', help='install and fetch nothing')
    parser.add_argument('--list', action='store_true', help='print the names of the test programs and run none')
    parser.add_argument('--fuzz-runs', type=int, metavar='N', help='inputs for each fuzz target (20000)')
    parser.add_argument('-j', type=int, default=os.cpu_count(), dest='jobs', metavar='N', help='programs at once (cores)')
    args = parser.parse_args(argv)
    known = {suite.name for suite in SUITES}
    for word in args.chosen:
        if word.partition('/')[0] not in known:
            parser.error(f'no suite {word.partition("/")[0]}; there are: {" ".join(sorted(known))}')
    return args


def choose_suites(args):
    if args.chosen:
        names = {word.partition('/')[0] for word in args.chosen}
        return [suite for suite in SUITES if suite.name in names]
    return [suite for suite in SUITES if suite.default and (suite.quick or not args.quick)]


def choose_programs(suite, programs, chosen):
    """Those that the command line names; `suite/TEST` names one, the bare suite all."""
    patterns = [word.partition('/')[2] for word in chosen if word.partition('/')[0] == suite.name]
    if not patterns or '' in patterns or suite.name == 'mutate':
        return programs
    return [program for program in programs if any(fnmatch.fnmatch(program.name, pattern) for pattern in patterns)]


def build_all(suites, jobs):
    """{build name: sentence or None}"""
    said = {}
    for suite in suites:
        if suite.build and suite.build not in said:
            said[suite.build] = build(suite.build, ROOT, jobs)
    return said


def prepare_all(suites):
    """[failure] of the commands that suites need once, which may use the network."""
    failures = []
    os.environ.setdefault('SEKISHO_CACHE', str(ROOT / 'build/cache'))
    for command in {tuple(command): None for suite in suites for command in suite.prepare}:
        if subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL).returncode:
            failures.append(('prepare', pathlib.Path(command[0]).name, 'it failed, see above'))
    return failures


def find_all(suites, args, options, broken):
    """The programs to run, and the failures found by looking: (suite, name, reason)."""
    programs, failures = [], []
    for name, reason in broken.items():
        if reason:
            failures.append(('build', name, reason))
    for suite in suites:
        if suite.build and broken[suite.build]:
            continue
        found = list(suite.find(suite, ROOT, options))
        chosen = choose_programs(suite, found, args.chosen)
        if not chosen:
            failures.append((suite.name, '', 'there is no such test' if found else 'a suite without tests'))
        programs += chosen
    return programs, failures


def needs_root_outcome(program):
    return Outcome(program, [Point('', 'skip', 'needs root')], 0.0, None)


def run_one(program, report, scratch, number, extra, pins):
    if program.needs_root and not report.is_root:
        return needs_root_outcome(program)
    try:
        return run_program(program, ROOT, scratch, number, extra, pins)
    except Exception as error:      # a fault of ours must not lose a test silently
        return Outcome(program, [Point('', 'fail', f'the runner failed: {error!r}')], 0.0, None)


def run_batch(programs, report, jobs, scratch, extra, pins):
    """Run programs, at most `jobs` at a time, in their order."""
    waiting = queue.SimpleQueue()
    for program in programs:
        waiting.put((next(NUMBERS), program))

    def work():
        while True:
            try:
                number, program = waiting.get_nowait()
            except queue.Empty:
                return
            report.started(program)
            report.add(run_one(program, report, scratch, number, extra, pins))

    threads = [threading.Thread(target=work) for _ in range(min(jobs, len(programs)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run_all(programs, report, jobs, extra):
    scratch = tempfile.mkdtemp(prefix='sk-')    # short: sockets lie below, and their paths are limited
    os.chmod(scratch, 0o711)

    pins = Pins(MARK)

    def interrupted(number, _frame):
        stop_all(scratch, pins)
        print('\ncheck: interrupted', file=sys.stderr)
        os._exit(128 + number)

    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        run_batch([program for program in programs if not program.exclusive], report, jobs, scratch, extra, pins)
        run_batch([program for program in programs if program.exclusive], report, 1, scratch, extra, pins)
        for name in pins.unowned():
            report.fail('run', name, 'a BPF pin that came with the tests, and no test can be named that left it')
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def main():
    args = parse(sys.argv[1:])
    began = time.monotonic()
    os.chdir(ROOT)
    options = Options(args.quick, args.long, args.fuzz_runs, args.chosen)
    suites = choose_suites(args)
    broken = build_all(suites, args.jobs)
    programs, failures = find_all(suites, args, options, broken)
    if not args.no_install and not args.list and os.geteuid() == 0:
        failures += prepare_all(suites)
    if args.list:
        print('\n'.join(program.full_name for program in programs))
        return 0
    report = Report(ROOT, len(programs))
    if not report.is_root:
        print('check: not root: tests that need root are skipped, and every skip is allowed')
    extra = {'SEKISHO_BUILD': str(ROOT / 'build'), 'SEKISHO_QUICK': str(int(args.quick)), 'SEKISHO_LONG': str(int(args.long))}
    for failure in failures:
        report.fail(*failure)
    run_all(programs, report, args.jobs, extra)
    return report.finish(args.json, began)


if __name__ == '__main__':
    sys.exit(main())
