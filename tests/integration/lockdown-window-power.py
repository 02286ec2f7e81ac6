#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root long timeout=1200
#
# lockdown-window-power.py - a power cut at any point of learning, maintenance and policy change leaves the last good state. The agent's process that reaches a named
# point is killed there (SIGKILL), the rest of the agent with it, and all of it started anew, as after a cut in which the disk kept what was synced. After
# each: the policy that was in force or the newer one is in force, what is known starts, what is not known does not, and the window can be brought to its end.
# A point that is not reached is a failure.
import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.window_site import Site, desk, finish, point, sha, within  # noqa: E402


def cut(site):
    """Nothing of the agent is left."""
    for name in ('sekisho-agent', 'sekisho-lockdown', 'sekisho-window', 'lockdown-guard', 'lockdown-keeper', 'sekisho-spool', 'sekisho-link', 'sekisho-guard'):
        for pid in site.duty(name):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    site.stop(signal.SIGKILL)
    within(5, lambda: not any(site.duty(n) for n in ('sekisho-lockdown', 'sekisho-window', 'lockdown-guard', 'lockdown-keeper')))


class Points:
    """Runs `story` with a kill at one point; says whether it was reached."""

    def __init__(self, site):
        self.site, self.log = site, site.folder / 'points'

    def dead(self):
        """One of the two that write the state is not what it was."""
        return any(self.site.duty(n) != pids for n, pids in self.before.items())

    def play(self, name, story):
        self.log.unlink(missing_ok=True)
        cut(self.site)
        self.site.start(SEKISHO_POINT=f'{name}:1', SEKISHO_POINT_LOG=str(self.log))
        within(10, self.site.status)
        self.before = {n: self.site.duty(n) for n in ('sekisho-lockdown', 'sekisho-window')}
        story()
        reached = self.log.exists() and name in self.log.read_text().split()
        died = within(3, self.dead)
        cut(self.site)
        self.site.start()
        within(10, self.site.status)
        return reached, died


def settled(site):
    """Guards with the newest policy of its store."""
    return within(10, lambda: (s := site.status()) and s['guard'] == 'up' and s['scope'] and all(x['state'] == 'guarded' for x in s['scope']) and s)


def good(site, known, unknown):
    status = settled(site)
    ran, not_ran = within(5, lambda: site.runs(known)), not site.runs(unknown)
    return bool(status and status['mode'] == 'enforce' and status['policy']['state'] == 'good' and ran and not_ran), f'{status} {ran} {not_ran}'


def finish_window(site):
    """Whatever was left of a window, it can be closed and decided."""
    if within(10, lambda: site.phase() not in ('opening', 'closing', 'rolling-back', None)) and site.phase() == 'open':
        site.sekisho('window', 'close')
    within(10, lambda: site.phase() not in ('opening', 'closing', 'rolling-back'))
    if site.phase() == 'closed':
        site.sekisho('window', 'rollback')
    return within(10, lambda: site.phase() in ('none', 'approved', 'rolled-back'))


def main():
    with Site() as site:
        b = site.disk / 'bin'
        tool, evil = b / 'tool', b / 'evil'
        old = site.fresh('old').read_bytes()
        tool.write_bytes(old)
        evil.write_bytes(site.fresh('evil').read_bytes())
        for path in (tool, evil):
            path.chmod(0o755)
        site.known(tool)
        site.policy()
        site.start()
        point(settled(site), 'lockdown enforces')
        points = Points(site)

        def open_it():
            asked = site.sekisho('window', 'ask', '--json')
            if asked.returncode == 0:
                site.sekisho('code', desk(json.loads(asked.stdout)['challenge']), '--no-wait', '--json')
            within(10, lambda: site.phase() == 'open' or points.dead())

        def update():
            open_it()
            if site.phase() != 'open':
                return
            site.updater(f'cp {site.fresh("v2")} {b}/tool.new; mv {b}/tool.new {tool}; cp {site.fresh("extra")} {b}/extra')
            time.sleep(0.3)

        def close():
            update()
            if site.phase() == 'open':
                site.sekisho('window', 'close', '--no-wait')
                within(10, lambda: site.phase() == 'closed' or points.dead())

        def approve():
            close()
            site.sekisho('window', 'approve')
            time.sleep(0.2)

        def roll_back():
            close()
            site.sekisho('window', 'rollback', '--no-wait')
            within(10, lambda: site.phase() in ('rolled-back', 'none') or points.dead())

        def learn():
            site.sekisho('learn', '--clear')
            site.runs(evil)
            time.sleep(0.2)
            site.sekisho('learn', '--out', site.folder / f'learned-{time.monotonic_ns()}')

        def policy():
            site.policy()
            within(2, lambda: (s := site.status()) and s['policy']['serial'] == site.serial)

        stories = (('opening', open_it, ('window.phone', 'window.phone.done', 'window.try', 'window.answered', 'window.names', 'window.names.done', 'window.keep-file', 'window.kept', 'window.kept.done')),
                   ('maintenance', update, ('window.record', 'window.known')),
                   ('closing', close, ('window.forbid', 'window.changes', 'window.changes.done')),
                   ('approving', approve, ('window.provisional', 'window.provisional.done')),
                   ('rolling back', roll_back, ('window.restore-file', 'window.remove-file', 'window.restored', 'window.restored.done')))
        for kind, story, names in stories:
            for name in names:
                reached, died = points.play(name, story)
                ok, why = good(site, b / 'dash' if False else b / 'env', evil)
                done = finish_window(site)
                # rolled back, or nothing was opened: the tool is what it was
                whole = site.phase() == 'approved' or (sha(tool) == sha_old(old) and site.runs(tool) and not ((b / 'extra').exists() and site.runs(b / 'extra')))
                point(reached and died and ok and done and whole, f'{kind}: killed at {name}',
                      f'reached {reached} died {died} good {ok} {why if not ok else ""} done {done} whole {whole} {site.status()["window"]}')
                (b / 'tool.new').unlink(missing_ok=True)
                (b / 'extra').unlink(missing_ok=True)
                if sha(tool) != sha_old(old):
                    tool.unlink()
                    tool.write_bytes(old)
                    tool.chmod(0o755)
        # every write of the state itself, in turn: opening, open, closing, closed, rolling back, rolled back
        for name, turn in [(n, t) for t in range(1, 7) for n in ('window.state', 'window.state.done')]:
            points.log.unlink(missing_ok=True)
            cut(site)
            site.start(SEKISHO_POINT=f'{name}:{turn}', SEKISHO_POINT_LOG=str(points.log))
            within(10, site.status)
            points.before = {n: site.duty(n) for n in ('sekisho-lockdown', 'sekisho-window')}
            roll_back()
            died = within(2, points.dead)
            cut(site)
            site.start()
            ok, why = good(site, b / 'env', evil)
            done = finish_window(site)
            whole = sha(tool) == sha_old(old) and site.runs(tool) and not ((b / 'extra').exists() and site.runs(b / 'extra'))
            point(died and ok and done and whole, f'killed at {name}, number {turn}', f'died {died} good {ok} done {done} whole {whole} {site.status()["window"]}')
            (b / 'tool.new').unlink(missing_ok=True)
        # learning: what was on the disk stays, a line cut short is passed over
        site.policy('learn')
        for name in ('lockdown.learned',):
            reached, died = points.play(name, learn)
            learned = site.root / 'var/lib/sekisho/lockdown/learned.ndjson'
            with open(learned, 'ab') as file:
                file.write(b'{"sha256":"ab')
            cut(site)
            site.start()
            settled(site)
            site.runs(evil)
            out = site.folder / 'after'
            said = within(15, lambda: site.sekisho('learn', '--out', out).returncode == 0 and sha(evil) in out.read_text() or (out.unlink(missing_ok=True), False)[1])
            point(reached and said, f'learning: killed at {name}: what is seen afterwards is noted', f'{reached} {died} {said}')
        # policy change
        site.policy('enforce')
        for name in ('lockdown.outbox', ):
            reached, died = points.play(name, lambda: site.sekisho('allow', evil, '--note', 'x'))
            ok, why = good(site, b / 'env', evil)
            point(reached and died and ok, f'a request: killed at {name}', f'{reached} {died} {why}')
        for turn in ('policy.write:1', 'policy.written:1', 'policy.write:2', 'policy.written:2', 'policy.prune:1'):
            serial = site.serial
            try:
                os.environ['SEKISHO_POINT'] = turn
                site.policy()
            except RuntimeError:
                pass
            finally:
                os.environ.pop('SEKISHO_POINT')
            cut(site)
            site.start()
            ok, why = good(site, b / 'env', evil)
            point(ok and site.status()['policy']['serial'] in (serial, serial + 1), f'a policy\'s import killed at {turn}: the older or the newer is in force, whole', why)
    finish()


def sha_old(data):
    import hashlib
    return hashlib.sha256(data).hexdigest()


main()
