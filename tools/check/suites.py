# SPDX-License-Identifier: GPL-3.0-or-later
#
# suites.py - the table of suites: what each is called, what must be built for it, how its programs are found.
#
# A new suite is one row of SUITES. Scripts say how they want to be treated in their first 30 lines:
#   # check: timeout=600 exclusive root slow long
# exclusive: nothing else runs meanwhile. root: skipped for others. slow: not with --quick. long: only with --long.
# Programs in C come from the build (meson's test list), where the same words are suites of the test beside its main one.

import json
import re
import shutil
import subprocess

from run import Program

FLAGS = ('exclusive', 'root', 'slow', 'long')


class Options:
    """What the command line asked for."""

    def __init__(self, quick=False, long=False, fuzz_runs=None, chosen=()):
        self.quick, self.long, self.chosen = quick, long, chosen
        self.fuzz_runs = fuzz_runs or (1000000 if long else 20000)

    def wants(self, words):
        return not ('long' in words and not self.long) and not ('slow' in words and self.quick)


class Suite:
    def __init__(self, name, find, build=None, default=True, quick=False, prepare=(), about=''):
        self.name, self.find, self.build, self.default, self.quick, self.about = name, find, build, default, quick, about
        self.prepare = prepare      # commands that fetch or make, once, what its tests would else have to wait for


def header_words(path):
    """The words of all `check:` lines at the top of a script, as {word: value}."""
    words = {}
    with open(path, errors='replace') as file:
        for line, _ in zip(file, range(30)):
            if match := re.match(r'(?:#|//) check: (.*)', line):
                words.update(word.partition('=')[::2] for word in match[1].split())
    return words


def unknown_words(words):
    return [word for word in words if word not in FLAGS + ('timeout',)]


def make_script(suite, path, interpreter, options):
    words = header_words(path)
    if bad := unknown_words(words):
        raise SystemExit(f'check: {path}: unknown words after "check:": {" ".join(bad)}')
    if not options.wants(words):
        return None
    return Program(suite, path.stem, interpreter + [path], timeout=int(words.get('timeout', 300)),
                   exclusive='exclusive' in words, needs_root='root' in words)


def scripts(folder, pattern=r'[a-z0-9][a-z0-9-]*\.(sh|py|js)$'):
    """Executable scripts of a folder; node runs those that end in .js."""
    def find(suite, root, options):
        for path in sorted((root / folder).glob('*')):
            if path.is_file() and re.match(pattern, path.name) and (path.suffix == '.js' or path.stat().st_mode & 0o100):
                interpreter = ['node'] if path.suffix == '.js' else []
                if program := make_script(suite.name, path, interpreter, options):
                    yield program
    return find


def introspect(build_dir, what):
    said = subprocess.run(['meson', 'introspect', what, str(build_dir)], capture_output=True, text=True, check=True)
    return json.loads(said.stdout)


def meson_tests(build_dir):
    return introspect(build_dir, '--tests') if (build_dir / 'meson-private').is_dir() else []


def label_set(test):
    return {label.rpartition(':')[2] for label in test['suite']}


def from_build(label, slower=1):
    """Programs that the build lists as tests under a label."""
    def find(suite, root, options):
        for test in meson_tests(root / BUILD_DIRS[suite.build]):
            words = label_set(test)
            if label in words and options.wants(words):
                yield Program(suite.name, test['name'], test['cmd'], timeout=int(test['timeout'] or 60) * slower,
                              exclusive='exclusive' in words or not test['is_parallel'], needs_root='root' in words,
                              folder=test['workdir'] or root / BUILD_DIRS[suite.build], env=test['env'])
    return find


def fuzz_targets(build_dir):
    """(name, path) of each executable fuzz-NAME of a build."""
    if (build_dir / 'meson-private').is_dir():
        for target in introspect(build_dir, '--targets'):
            if target['type'] == 'executable' and target['name'].startswith('fuzz-'):
                yield target['name'][len('fuzz-'):], target['filename'][0]


def fuzzers(suite, root, options):
    """Each fuzz target for a fixed number of inputs, from the seeds in fuzz/NAME/ where there are any."""
    for name, path in fuzz_targets(root / BUILD_DIRS[suite.build]):
        work = root / 'build/fuzz' / name
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        seeds = [root / 'fuzz' / name] if (root / 'fuzz' / name).is_dir() else []
        flags = [f'-runs={options.fuzz_runs}', '-seed=1', '-max_len=4096', '-len_control=10', '-timeout=10', '-rss_limit_mb=2048',
                 '-print_final_stats=1', f'-artifact_prefix={work}/']
        yield Program(suite.name, name, [path] + flags + [work] + seeds, timeout=3600 if options.long else 180, plain=True)


def scenarios(suite, root, options):
    """Each kind of scenario is a folder of tests/scenarios; its own `run` plays the folders in it, or ours does."""
    for kind in sorted((root / 'tests/scenarios').glob('*')):
        if kind.is_dir():
            player = kind / 'run'
            argv = [player] if player.exists() else [root / 'tests/support/play-scenarios', kind]
            yield Program(suite.name, kind.name, argv)


def story(suite, root, options):
    """The whole product as a person starts it; the story prints TAP when asked."""
    if (root / 'tests/story/story').exists():
        yield Program(suite.name, 'once', [root / 'run', '--once', '--tap', '--no-install'], timeout=900, exclusive=True,
                      needs_root=True)


def mutants(suite, root, options):
    names = [word.partition('/')[2] for word in options.chosen if word.startswith('mutate/')]
    if any((root / 'tests/mutants').glob('*.patch')):
        yield Program(suite.name, 'mutants', [root / 'tools/mutants'] + names, timeout=3600, exclusive=True, needs_root=True,
                      may_leave=True)


def fresh(suite, root, options):
    yield Program(suite.name, 'debian-12', [root / 'tools/fresh'], timeout=3600, exclusive=True, needs_root=True)


def both(*finders):
    def find(suite, root, options):
        for finder in finders:
            yield from finder(suite, root, options)
    return find


# Build folders, and how each is set up where it is missing.
BUILD_DIRS = {'check': 'build', 'asan': 'build/asan'}
BUILD_SETUP = {
    'check': ({}, ['-Dwerror=true', '-Dpoints=true']),
    # Warnings are errors with gcc, in the build that people get; clang is here for its sanitizers.
    # Libraries are instrumented for libFuzzer too, else it would not see what an input reaches; undefined behaviour is fatal.
    'asan': ({'CC': 'clang'}, ['-Dwerror=false', '-Dpoints=true', '-Dfuzz=true', '-Db_sanitize=address,undefined',
                               '-Db_lundef=false', '--buildtype=debugoptimized',
                               '-Dc_args=-fsanitize=fuzzer-no-link -fno-sanitize-recover=all']),
}

MACHINE = ['tests/support/equipment-pc', 'cache']
KERNELS = ['tests/support/vm', 'cache']
LEGACY = ['tools/legacy', 'fetch']

SUITES = [
    Suite('lint', scripts('tests/lint'), quick=True, about='house rules: layers, banned functions, licences, words'),
    Suite('unit', from_build('unit'), 'check', quick=True, about='test-x.c beside x.c'),
    Suite('unit-asan', from_build('unit', slower=4), 'asan', about='the same under AddressSanitizer and UBSan'),
    Suite('fuzz', fuzzers, 'asan', about='fuzz-x.c beside x.c, for a fixed number of inputs'),
    Suite('scenario', scenarios, 'check', quick=True, about='folders of data: tests/scenarios/KIND/NAME'),
    Suite('integration', both(scripts('tests/integration'), from_build('integration')), 'check', quick=True,
          prepare=[MACHINE], about='several of our processes together'),
    Suite('kernel', both(scripts('tests/kernel'), from_build('kernel')), 'check', prepare=[KERNELS, LEGACY],
          about='in virtual machines with older kernels'),
    Suite('attacks', scripts('tests/attacks'), 'check', prepare=[MACHINE, KERNELS],
          about='every way to run unknown code, against what lockdown claims on each tier'),
    Suite('browser', scripts('tests/browser'), 'check', about='the console in Chromium'),
    Suite('package', scripts('tests/package'), 'check', about='Debian packages: install, upgrade, remove'),
    Suite('story', story, prepare=[MACHINE], about='./run --once'),
    # Half an hour of builds: run it when a test or a guarded feature changes, not with every change.
    Suite('mutate', mutants, default=False, about='takes features out and expects their tests to fail'),
    Suite('fresh', fresh, default=False, about='install, build and run inside a Debian 12 made anew'),
]
