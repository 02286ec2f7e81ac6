#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=180
#
# lockdown-window-code.py - codes read over a telephone: a challenge is good once and for one boot's time, a slip of a digit costs nothing, five wrong answers lock
# for a growing time, and neither killing the agent nor starting it anew gives a try or a used challenge back.
import json
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.window_site import SECRET, Site, desk, finish, point, within, wrong_answer  # noqa: E402


def ask(site, *more):
    done = site.sekisho('window', 'ask', '--json', *more)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def code(site, answer, **more):
    return site.sekisho('code', answer, '--change', 'CHG-9', '--owner', 'M. Sato')


def shut(site):
    site.sekisho('window', 'close')
    site.sekisho('window', 'rollback')


def restart(site, how=signal.SIGKILL, **env):
    site.stop(how)
    within(5, lambda: not site.duty('sekisho-lockdown'))
    site.start(**env)
    return site.guarded()


def book(site):
    return json.loads((site.root / 'var/lib/sekisho/lockdown/phone.json').read_text())


def set_book(site, **change):
    """What time does: the agent must be stopped."""
    path = site.root / 'var/lib/sekisho/lockdown/phone.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}, sort_keys=True, separators=(',', ':')))


def main():
    with Site() as site:
        site.policy()
        site.start()
        point(site.guarded(), 'lockdown enforces')
        asked = ask(site, '--for', '90m', '--scope', 'observe')
        digits = asked['challenge'].replace(' ', '')
        point(len(digits) == 12 and asked['challenge'].count(' ') == 2 and digits[:3] == '203' and asked['minutes'] == 90, 'the challenge says scope and duration', asked)
        point(code(site, '123 456 789').returncode == 1 and site.phase() == 'none', 'a number that is not the answer opens nothing')
        right = desk(asked['challenge'])
        for bad in (right[:-1], right + '1', right[:3] + str((int(right[3]) + 1) % 10) + right[4:], right[1] + right[0] + right[2:] if right[0] != right[1] else right[:8]):
            said = code(site, bad)
            point(said.returncode == 1 and 'digit' in said.stderr, f'a slip ({len(bad)} digits) is found by the check digit', said)
        point(book(site)['wrong'] <= 1, 'and costs no try', book(site))
        point(code(site, desk(asked['challenge'], bytes(32))).returncode == 1, 'the answer of another endpoint is none here')
        done = code(site, f'{right[:3]} {right[3:6]} {right[6:]}')
        status = site.status()
        point(done.returncode == 0 and status['window']['phase'] == 'open' and status['window']['scope'] == 'observe' and 5300 < status['window']['left_s'] <= 5400,
              'the right answer opens what was asked for, for as long', f'{done}{status["window"]}')
        evil = site.disk / 'bin/installer'
        evil.write_bytes(site.fresh('installer').read_bytes())
        evil.chmod(0o755)
        point(status['mode'] == 'observe' and site.runs(evil), 'scope observe: an unknown installer starts')
        site.sekisho('window', 'close')
        point(site.status()['mode'] == 'enforce' and not site.runs(evil), 'and after it does not')
        point(site.sekisho('window', 'approve').returncode == 0 and not site.runs(evil), 'approved: only what updaters wrote')
        again = code(site, right)
        point(again.returncode == 1 and site.phase() == 'approved', 'the same answer opens nothing twice', again)
        restart(site)
        again = code(site, right)
        point(again.returncode == 1 and site.phase() == 'approved', 'nor after a restart of the agent', again)
        # a challenge survives a restart; a new one voids the old
        first = ask(site)
        restart(site)
        point(code(site, desk(first['challenge'])).returncode == 0 and site.phase() == 'open', 'a challenge survives a restart of the agent')
        point(ask(site) == {}, 'while a window is open nothing is asked')
        shut(site)
        first, second = ask(site), ask(site)
        point(code(site, desk(first['challenge'])).returncode == 1, 'of two challenges the older is void')
        point(code(site, desk(second['challenge'])).returncode == 0, 'the newer is good')
        shut(site)
        # killed at the moment of the right answer: used up
        asked = ask(site)
        restart(site, signal.SIGTERM, SEKISHO_POINT='window.answered:1')
        code(site, desk(asked['challenge']))
        within(5, lambda: site.status())
        point(code(site, desk(asked['challenge'])).returncode == 1 and site.phase() == 'rolled-back', 'killed right after a right answer: the challenge is used up, nothing is open', site.phase())
        # five tries; killed between counting and comparing
        asked = ask(site)
        restart(site, signal.SIGTERM, SEKISHO_POINT='window.try:1')
        wrong = wrong_answer(desk(asked['challenge']))
        code(site, wrong)
        within(5, lambda: site.status())
        point(book(site)['wrong'] == 1, 'a try counts before it is compared: killed in between, it is gone', book(site))
        said = [code(site, wrong) for _ in range(3)]
        point('1 tries are left' in said[-1].stderr, 'it says how many tries are left', said[-1])
        asked = ask(site)
        wrong = wrong_answer(desk(asked['challenge']))
        fifth = code(site, wrong)
        point('locked' in fifth.stderr and book(site)['locks'] == 1, 'the fifth wrong answer locks, also to another challenge', fifth)
        point(code(site, desk(asked['challenge'])).returncode == 1, 'while it is locked the right answer opens nothing')
        point(ask(site) == {}, 'and nothing new is asked')
        restart(site)
        point(ask(site) == {}, 'a restart of the agent does not unlock')
        left = book(site)['locked'] - book(site)['made']
        # time passes
        site.stop()
        set_book(site, locked=1)
        site.start()
        site.guarded()
        asked = ask(site)
        for _ in range(5):
            code(site, wrong_answer(desk(asked['challenge'])))
        b = book(site)
        point(b['locks'] == 2 and b['locked'] - b['made'] > 100000 > left, 'the next lock is twice as long', f'{left} {b}')
        site.stop()
        set_book(site, boot='00000000-0000-0000-0000-000000000000')
        site.start()
        site.guarded()
        point(ask(site) == {}, 'a restart of the machine begins a lock anew, it does not end it')
        site.stop()
        set_book(site, locked=1)
        site.start()
        site.guarded()
        asked = ask(site)
        site.stop()
        set_book(site, boot='00000000-0000-0000-0000-000000000000')
        site.start()
        site.guarded()
        point(code(site, desk(asked['challenge'])).returncode == 1, 'a challenge of an earlier boot is void')
        asked = ask(site)
        site.stop()
        set_book(site, made=max(0, book(site)['made'] - 31 * 60000))
        site.start()
        site.guarded()
        late = code(site, desk(asked['challenge']))
        point(late.returncode == 1 and ('older' in late.stderr or book(site)['made'] == 0), 'a challenge of half an hour ago is void', late)
        asked = ask(site)
        point(code(site, desk(asked['challenge'])).returncode == 0 and book(site)['locks'] == 0, 'a right answer makes the locks begin small again')
        point(within(5, lambda: site.told('window_code') >= 10), 'asking and wrong answers are events', site.told('window_code'))
        text = b''.join(p.read_bytes() for p in (site.root / 'var/lib/sekisho').rglob('*') if p.is_file() and p.name != 'endpoint.secret')
        point(SECRET not in text and desk(asked['challenge']).encode() not in text and SECRET not in (site.folder / 'agent.log').read_bytes(), 'neither secret nor answer stands anywhere')
        shut(site)
        (site.root / 'var/lib/sekisho/endpoint.secret').unlink()
        point('not enrolled' in site.sekisho('window', 'ask').stderr, 'without enrolment nobody can answer, and it says so')
    finish()


main()
