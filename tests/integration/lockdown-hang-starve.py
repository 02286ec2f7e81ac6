#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=180
#
# What a running tool may meet around the agent: a log that nobody reads, a disk of the agent that is full, a pair that gets no descriptor and no memory.
# Programs go on being started, known and unknown are told apart where anybody can tell, and when it is over all is as before.
import os
import pathlib
import resource
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import lockdown_lab as lab  # noqa: E402
from support.lockdown_lab import BUILD, DENIED, RAN, note, point  # noqa: E402
from support.lockdown_site import Site, program, sh, within  # noqa: E402

CGROUPS = pathlib.Path('/sys/fs/cgroup')


def enforcing(site, log=None):
    program(site.disk / 'known', 7)
    sh(BUILD / 'sekisho', 'lockdown', 'scan', site.disk, '--mode', 'enforce', '--failure', 'deny', '--out', site.folder / 'draft.yaml', check=True)
    program(site.disk / 'unknown', 66)
    sh(BUILD / 'sekisho', 'policy', 'pin', '--root', site.root, site.folder / 'site.pub', check=True)
    site.bring(site.sign(site.folder / 'draft.yaml', 'first.skp'))
    site.start(log)
    return site.in_force(1, 'enforce')


def tries(site, number=20):
    """Known and unknown by turns: what was wrong, and the slowest."""
    wrong, worst = [], 0.0
    for _ in range(number):
        for name, wanted in (('known', 7), ('unknown', 'refused')):
            began = time.monotonic()
            got = site.run(name)
            worst = max(worst, time.monotonic() - began)
            if got != wanted:
                wrong.append(f'{name}: {got}')
    return wrong, worst


def stuck_log(folder):
    reader, writer = os.pipe()
    site = Site(folder)
    try:
        point(enforcing(site, os.fdopen(writer, 'wb')), 'an agent whose log goes into a pipe', site.status())
        os.set_blocking(writer, False)
        filled = 0
        try:
            while True:
                filled += os.write(writer, b'x' * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(writer, True)
        wrong, worst = tries(site)
        point(not wrong and worst < lab.SECOND, f'the pipe is full ({filled} bytes): known runs, unknown does not, {worst * 1000:.0f} ms at most', wrong)
        for name in ('sekisho-spool', 'sekisho-lockdow'):
            pid = within(5, lambda name=name: site.child(name))
            os.kill(pid, 9)
            again = within(8, lambda name=name, pid=pid: site.child(name) not in (0, pid) and site.child(name))
            point(again, f'{name} is killed: main has something to say, and starts it again')
        os.kill(site.processes()['guard'], 9)
        point(within(8, lambda: site.status() and site.status()['guard'] == 'up'), 'the guard as well', site.status())
        program(site.disk / 'later', 5)
        site.run('later')
        point(within(8, lambda: any('later' in str(event) for event in site.events('program_refused') + site.events('refused'))) or
              within(1, lambda: any('/later' in path.read_bytes().decode(errors='replace')
                                    for path in (site.root / 'var/lib/sekisho/spool').glob('*.*.*'))), 'and refusals are still told')
        point(len(os.read(reader, 1 << 20)) > 0 and within(8, lambda: site.run('unknown') == 'refused'), 'the reader is back')
    finally:
        site.done()
        os.close(reader)


def full_disk(folder):
    site = Site(folder, state_size='6M')
    try:
        point(enforcing(site), 'an agent whose state lies on a disk of 6 MiB', site.status())
        with open(site.state / 'filler', 'wb') as file:
            try:
                while True:
                    file.write(b'x' * 65536)
                    file.flush()
            except OSError:
                pass
        point(os.statvfs(site.state).f_bavail == 0, 'it is full')
        wrong, worst = tries(site)
        point(not wrong and worst < lab.SECOND, f'known runs, unknown does not, {worst * 1000:.0f} ms at most', wrong)
        for name in ('sekisho-lockdow', 'sekisho-spool'):
            os.kill(within(5, lambda name=name: site.child(name)), 9)
        os.kill(site.processes().get('guard') or 0, 9) if site.processes().get('guard') else None
        point(within(10, lambda: site.in_force(1, 'enforce')), 'all of them killed: the policy is in force again from a full disk', site.status())
        wrong, worst = tries(site, 5)
        point(not wrong, 'and decides', wrong)
        said = site.bring(site.sign(site.folder / 'draft.yaml', 'second.skp'))
        point(said.returncode != 0 and site.in_force(1, 'enforce'), 'a policy that finds no room is refused, and the one before stays', said.stderr)
        os.unlink(site.state / 'filler')
        said = site.bring(site.folder / 'second.skp')
        point(said.returncode == 0 and within(5, lambda: site.in_force(2, 'enforce')), 'with room again it comes into force', f'{said.stderr} {site.status()}')
    finally:
        site.done()


def no_descriptors():
    disk, rig = lab.ready(failure='allow')
    try:
        guard, keeper = rig.pids()
        assert guard > 1 and keeper > 1, (guard, keeper)
        kept = resource.prlimit(guard, resource.RLIMIT_NOFILE)
        for pid in (guard, keeper):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, kept[1]))
        unknown = disk.fresh()
        hows = [lab.attempt(path) for _ in range(10) for path in (disk.kept, unknown)]
        note(f'without descriptors: {sorted({how for how, _, _ in hows})}, {max(seconds for _, seconds, _ in hows) * 1000:.0f} ms at most')
        point(all(how != lab.HUNG and seconds < lab.SECOND for how, seconds, _ in hows), 'a pair that gets no descriptor: nothing hangs', hows)
        point(not any(how == RAN for how, _, _ in hows[1::2]), 'and nothing unknown starts', hows)
        for pid in rig.pids():
            if lab.alive(pid):
                resource.prlimit(pid, resource.RLIMIT_NOFILE, kept)
        tally = lab.Tally()
        for _ in range(5):
            tally.run(disk.kept, RAN)
            tally.run(disk.fresh(), DENIED)
        tally.tell('with descriptors again')
    finally:
        rig.end()


def memory_group():
    """A cgroup of our own with its files for limit and usage, of whichever version the machine has."""
    name = f'sekisho-starve-{os.getpid()}'
    for parent, limit, usage in ((CGROUPS, 'memory.max', 'memory.current'), (CGROUPS / 'memory', 'memory.limit_in_bytes', 'memory.usage_in_bytes')):
        if not (parent / 'cgroup.procs').exists():
            continue
        if limit == 'memory.max' and 'memory' not in (parent / 'cgroup.subtree_control').read_text():
            (parent / 'cgroup.subtree_control').write_text('+memory')
        (parent / name).mkdir()
        return parent / name, parent / name / limit, parent / name / usage
    raise RuntimeError('no cgroup that limits memory')


def spared(pid):
    """Where we may, guard and keeper are never chosen when memory is short. A container may take that right from root."""
    return pathlib.Path(f'/proc/{pid}/oom_score_adj').read_text().strip() == '-1000'


def no_memory(folder):
    """Guard and keeper in a cgroup that has no room left. Only they are in it: what the kernel kills there is theirs."""
    site = Site(folder)
    group, limit, usage = memory_group()
    try:
        point(enforcing(site), 'an agent whose guard and keeper get no memory', site.status())
        pids = site.processes()
        sure = all(spared(pid) for pid in pids.values())
        for pid in pids.values():
            (group / 'cgroup.procs').write_text(str(pid))
        limit.write_text(str(max(int(usage.read_text()) + 64 * 1024, 256 * 1024)))
        codes, worst, end = set(), 0.0, time.monotonic() + 5
        for number in range(100000):
            program(site.disk / f'fresh{number}', 66, bytes(200000))
            for name in ('known', f'fresh{number}'):
                began = time.monotonic()
                codes.add((name[:5], site.run(name)))
                worst = max(worst, time.monotonic() - began)
            (site.disk / f'fresh{number}').unlink()
            if time.monotonic() > end:
                break
        note(f'{number} rounds, spared: {sure}, {sorted(map(str, codes))}')
        point(worst < 2, f'nothing hangs: {worst * 1000:.0f} ms at most')
        point(not sure or (site.processes() == pids and codes == {('known', 7), ('fresh', 'refused')}),
              'who is spared is not killed, and decides as ever' if sure else 'killed by the kernel, as this machine lets nobody be spared', codes)
        limit.write_text('max' if limit.name == 'memory.max' else '-1')
        point(within(15, lambda: site.in_force(1, 'enforce')), 'with memory again both are there', site.status())
        point(sure or site.processes() == pids or within(5, lambda: any(site.events(code) for code in ('unguarded', 'tampering'))),
              'and what happened meanwhile is told', site.status())
        wrong, _ = tries(site, 5)
        point(not wrong, 'known runs, unknown does not', wrong)
    finally:
        site.done()
        for _ in range(100):
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.05)


def main():
    lab.isolate()
    for number, scene in enumerate((stuck_log, full_disk, no_memory)):
        folder = pathlib.Path(tempfile.mkdtemp(prefix='lockdown-starve-'))
        try:
            scene(folder / str(number))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    no_descriptors()
    lab.finish()


main()
