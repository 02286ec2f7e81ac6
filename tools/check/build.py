# SPDX-License-Identifier: GPL-3.0-or-later
#
# build.py - sets up and builds the folders that suites need (BUILD_DIRS in suites.py).

import os
import re
import subprocess
import sys
import time

from suites import BUILD_DIRS, BUILD_SETUP


def logged(argv, root, log, env, show):
    """Run a build step. On a terminal its own progress is shown, else it goes to the log."""
    with open(log, 'a') as file:
        return subprocess.run(argv, cwd=root, env=env, stdin=subprocess.DEVNULL, stdout=None if show else file,
                              stderr=None if show else subprocess.STDOUT).returncode


def set_up(name, root, log, env):
    """Configure a build folder, or bring one to our options that was configured otherwise."""
    folder, options = root / BUILD_DIRS[name], BUILD_SETUP[name][1]
    stamp, wanted = folder / 'meson-private/check-options', '\n'.join(options)
    if stamp.exists() and stamp.read_text() == wanted:
        return 0
    verb = ['configure', BUILD_DIRS[name]] if (folder / 'build.ninja').exists() else ['setup', BUILD_DIRS[name]]
    status = logged(['meson'] + verb + options, root, log, env, show=False)
    if status == 0:
        stamp.write_text(wanted)
    return status


def show_trouble(log, lines):
    """The end of a build log without the steps that went well."""
    said = [line for line in log.read_text(errors='replace').splitlines() if not re.match(r'\[\d+/\d+\] ', line)]
    print('\n'.join(said[-lines:]))


def build(name, root, jobs):
    """Build one folder. None, or a sentence on what failed."""
    log = root / 'build/log' / f'build-{name}.log'
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text('')
    env = dict(os.environ, **BUILD_SETUP[name][0])
    began = time.monotonic()
    print(f'build   {BUILD_DIRS[name]} ...', flush=True)
    if not (root / 'meson.build').exists():
        return 'there is no meson.build'
    if set_up(name, root, log, env) != 0:
        show_trouble(log, 30)
        return f'meson setup failed (see {log})'
    show = sys.stdout.isatty()
    if logged(['ninja', '-C', BUILD_DIRS[name], '-j', str(jobs)], root, log, env, show) != 0:
        if not show:
            show_trouble(log, 40)
        return f'ninja failed (see {log})'
    print(f'build   {BUILD_DIRS[name]} done  {time.monotonic() - began:.1f} s', flush=True)
    return None
