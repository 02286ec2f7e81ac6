# SPDX-License-Identifier: GPL-3.0-or-later
#
# report.py - counts, shows and writes down what the tests said.
#
# Owns the totals, the list of allowed skips (tests/skips) and the words on the terminal. A skip that tests/skips does not
# list is a failure when root runs the tests; anybody else gets it counted as a skip.

import json
import os
import shutil
import sys
import threading
import time

TAIL = 30


def read_skips(path):
    """{'suite/test' or 'suite/test: point': reason} from lines `suite/name: reason`."""
    skips = {}
    if path.exists():
        for line in path.read_text().splitlines():
            if line.strip() and not line.startswith('#'):
                name, _, reason = line.partition(': ')
                skips[name.strip()] = reason.strip()
    return skips


class Report:
    def __init__(self, root, total):
        self.skips = read_skips(root / 'tests/skips')
        self.is_root = os.geteuid() == 0
        self.total, self.done = total, 0
        self.tests, self.failed_programs, self.running = [], [], []
        self.lock = threading.Lock()
        self.terminal = sys.stdout.isatty()
        if self.terminal:
            threading.Thread(target=self.tick, daemon=True).start()

    # -- counting

    def allowed(self, program, point):
        if not self.is_root:
            return True
        return program.full_name in self.skips or f'{program.full_name}/{point.name}' in self.skips

    def add(self, outcome):
        """Take in a finished program."""
        program = outcome.program
        with self.lock:
            self.done += 1
            self.running = [entry for entry in self.running if entry[0] is not program]
            for point in outcome.points:
                if point.result == 'skip' and not self.allowed(program, point):
                    point.result, point.reason = 'fail', f'skipped, which tests/skips does not list: {point.reason}'
                self.note(program.suite, program.name + (f': {point.name}' if point.name else ''), point)
            self.show(outcome)

    def note(self, suite, name, point):
        self.tests.append({'suite': suite, 'name': name, 'result': point.result, 'seconds': round(point.seconds, 3),
                           'reason': point.reason})

    def fail(self, suite, name, reason):
        """A failure that no program reported, such as a build or a suite without tests."""
        with self.lock:
            self.tests.append({'suite': suite, 'name': name, 'result': 'fail', 'seconds': 0, 'reason': reason})
            self.line(f'not ok  {suite}/{name}: {reason}')

    def count(self, result):
        return sum(test['result'] == result for test in self.tests)

    # -- showing

    def started(self, program):
        with self.lock:
            self.running.append((program, time.monotonic()))
            self.progress()

    def progress(self):
        if self.terminal and self.done < self.total:
            names = '  '.join(f'{program.full_name} {time.monotonic() - began:.0f} s' for program, began in self.running)
            failed = self.count('fail')
            note = f', {failed} failed' if failed else ''
            width = shutil.get_terminal_size().columns - 1
            print('\r\033[K' + f'[{self.done}/{self.total}{note}] {names}'[:width], end='', flush=True)

    def tick(self):
        while True:
            time.sleep(1)
            with self.lock:
                self.progress()

    def line(self, text):
        print(('\r\033[K' if self.terminal else '') + text, flush=True)
        self.progress()

    def show(self, outcome):
        program, points = outcome.program, outcome.points
        bad = [point for point in points if point.result == 'fail']
        skipped = sum(point.result == 'skip' for point in points)
        summary = f'{len(points)} test{"s" * (len(points) != 1)}' + (f', {skipped} skipped' if skipped else '')
        if not bad:
            self.line(f'ok      {program.full_name:<44} {summary}  {outcome.seconds:.2f} s')
            return
        self.failed_programs.append(program.full_name)
        self.line(f'not ok  {program.full_name:<44} {summary}, {len(bad)} failed  {outcome.seconds:.2f} s')
        for point in bad:
            self.line(f'        {point.name or "the program"}' + (f': {point.reason}' if point.reason else ''))
        self.show_tail(outcome.log)

    def show_tail(self, log):
        if not log or not log.exists():
            return
        lines = log.read_text(errors='replace').splitlines()
        self.line(f'        --- {log} (last {min(TAIL, len(lines))} of {len(lines)} lines)')
        for line in lines[-TAIL:]:
            self.line(f'        | {line}')

    def finish(self, json_path, began):
        """Print the closing lines; the exit code."""
        passed, failed, skipped = (self.count(result) for result in ('pass', 'fail', 'skip'))
        if self.terminal:
            print('\r\033[K', end='')
        if failed:
            print('\nfailed:')
            for test in self.tests:
                if test['result'] == 'fail':
                    print(f"  {test['suite']}/{test['name']}" + (f": {test['reason']}" if test['reason'] else ''))
        if json_path:
            with open(json_path, 'w') as file:
                json.dump({'passed': passed, 'failed': failed, 'skipped': skipped,
                           'seconds': round(time.monotonic() - began, 1), 'tests': self.tests}, file, indent=1)
                file.write('\n')
        print(f'{time.monotonic() - began:.0f} s')
        print(f'{passed} passed, {failed} failed, {skipped} skipped', flush=True)
        return 1 if failed or not passed else 0
