# SPDX-License-Identifier: GPL-3.0-or-later
#
# tap.py - reads the Test Anything Protocol as our tests print it.
#
# Owns the rules of what a test program must say: one plan, as many points as planned, no TODO. It neither starts programs
# (run.py) nor decides which skips are allowed (report.py).

import re
import time

POINT = re.compile(r'(not )?ok\b *(\d+)? *(?:- *)?(.*?)(?: *(?<!\\)# *(SKIP|TODO)\b:? *(.*))?$', re.IGNORECASE)
PLAN = re.compile(r'1\.\.(\d+)(?: *# *SKIP\b:? *(.*))?$', re.IGNORECASE)


class Point:
    """One thing that was tested: result is 'pass', 'fail' or 'skip'."""

    def __init__(self, name, result, reason='', seconds=0.0):
        self.name, self.result, self.reason, self.seconds = name, result, reason, seconds


class Reader:
    """Takes a program's output line by line; finish() says what is wrong with it as a whole."""

    def __init__(self):
        self.points = []
        self.planned = None
        self.skip_all = None
        self.bailed = None
        self.last = time.monotonic()

    def feed(self, line):
        if line.startswith('Bail out!'):
            self.bailed = line
        elif (match := PLAN.match(line)) and self.planned is None:
            self.planned, self.skip_all = int(match[1]), match[2]
        elif line.startswith(('ok', 'not ok')) and (match := POINT.match(line)):
            self.add(match)

    def add(self, match):
        failed, number, name, word, reason = match.groups()
        now = time.monotonic()
        result = 'fail' if failed else 'pass'
        if (word or '').upper() == 'SKIP':
            result = 'skip'
            name, reason = name or reason, reason if name else ''   # cmocka: "not ok 3 # SKIP name"
        elif word:
            result, reason = 'fail', 'a test may not be marked TODO'
        self.points.append(Point(name or f'point {number}', result, reason or '', now - self.last))
        self.last = now

    def finish(self, status):
        """A sentence on why the program as a whole failed, or None. status is the exit code, or a negative signal."""
        failed = any(point.result == 'fail' for point in self.points)
        if self.bailed:
            return self.bailed
        if status < 0:
            return f'died of signal {-status}'
        if self.planned is None:
            return f'printed no plan (exit code {status})'
        if len(self.points) != self.planned:
            return f'planned {self.planned} tests but reported {len(self.points)} (exit code {status})'
        if status != 0 and not failed:
            return f'exit code {status} though no test failed'
        return None
