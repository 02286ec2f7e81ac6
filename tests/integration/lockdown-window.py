#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=240
#
# lockdown-window.py - a maintenance window from opening to the decision: what a trusted updater and its descendants write becomes known and starts at once, what
# others write does not; the difference; approval, and rolling back to exactly what was there; what happens when a process of the agent is killed meanwhile.
import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.window_site import Site, finish, point, sh, sha, within  # noqa: E402


def writers(site):
    """Every way an updater's work comes about."""
    b = site.disk / 'bin'
    new = [site.fresh(f'new{i}') for i in range(8)]
    ways = {
        'a program that the updater copies': f'cp {new[0]} {b}/w0',
        'one written under another name and renamed, as dpkg does': f'cp {new[1]} {b}/w1.dpkg-new; mv {b}/w1.dpkg-new {b}/w1',
        'one moved to another folder': f'cp {new[2]} {site.disk}/lib/w2; mv {site.disk}/lib/w2 {b}/w2',
        'one by a second name of a hard link': f'cp {new[3]} {b}/x3; ln {b}/x3 {b}/w3',
        'one by a grandchild, two shells down': f'dash -c "dash -c \'cp {new[4]} {b}/w4\'"',
        'one by a child without exec': f'(cat() {{ while IFS= read -r l; do echo "$l"; done; }}; echo "#!{b}/dash\nexit 0" > {b}/w5; chmod 755 {b}/w5)',
        'one by a child that outlives the updater': f'(sleep 0.4; cp {new[6]} {b}/w6) & exit 0',
        'one written by a maintainer\'s script that was itself just written': f'echo "#!{b}/dash\n{b}/cp {new[7]} {b}/w7" > {b}/post.sh; chmod 755 {b}/post.sh; {b}/post.sh',
    }
    for i, (name, script) in enumerate(ways.items()):
        done = site.updater(script)
        point(within(3, lambda: site.runs(b / f'w{i}')), f'{name}: starts', f'{done}')
    done = site.updater(f'cp {site.fresh("now")} {b}/now && {b}/now && echo it ran')
    point(done.stdout == 'it ran\n', 'what was written a moment ago starts: the guard waits for the recorder', done)
    rounds = site.updater(f'i=0; while [ $i -lt 30 ]; do echo "#!{b}/dash" > {b}/r; echo "exit $i" >> {b}/r; chmod 755 {b}/r; {b}/r; [ $? = $i ] || exit 99; i=$((i+1)); done')
    point(rounds.returncode == 0, 'thirty times written anew and started at once: thirty times it starts', rounds)


def others(site):
    b = site.disk / 'bin'
    evil = [site.fresh(f'evil{i}') for i in range(4)]
    site.shell(f'cp {evil[0]} {b}/e0')
    point(not site.runs(b / 'e0'), 'what a shell wrote that is no updater does not start')
    # a process that becomes an updater: what it wrote itself before is not an updater's work, also when the recorder comes to it afterwards
    site.shell(f': >{b}/e1; chmod 755 {b}/e1')
    with site.recorder_stopped():
        site.shell(f'echo "#!{b}/dash\nexit 0 # e1" >{b}/e1; exec {b}/updater -c :')
    point(not site.runs(b / 'e1'), 'what a process wrote before it became an updater does not start')
    # born before its parent became the updater
    site.shell(f'(sleep 0.3; cp {evil[2]} {b}/e2) & exec {b}/updater -c "sleep 1"')
    point(within(2, (b / 'e2').exists) and not site.runs(b / 'e2'), 'nor what a child writes that was born before its parent became one')
    # the updater writes, somebody else changes it before it is started
    site.updater(f'cp {evil[3]} {b}/e3')
    site.shell(f'echo more >> {b}/e3')
    point(not site.runs(b / 'e3'), 'nor what somebody changed after the updater')
    # an execution of the updater that fails makes nobody one
    script = site.folder / 'fail.py'
    script.write_text(f'''import os, shutil
try:
    os.execv("{b}/updater", ["x" * 200000] * 40)
except OSError:
    pass
shutil.copy("{site.fresh("evil4")}", "{b}/e4")
os.chmod("{b}/e4", 0o755)
''')
    sh(sys.executable, script)
    point((b / 'e4').exists() and not site.runs(b / 'e4'), 'nor does a failed execution of the updater make one an updater')


def state_of(path):
    st = os.lstat(path)
    body = os.readlink(path) if path.is_symlink() else sha(path)
    attributes = {} if path.is_symlink() else {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return body, st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns if not path.is_symlink() else 0, attributes


def rollback(site):
    b, lib = site.disk / 'bin', site.disk / 'lib'
    old = site.fresh('old').read_bytes()
    for name, mode, owner in (('tool', 0o4755, 1234), ('gone', 0o755, 0), ('inplace', 0o700, 7)):
        (b / name).write_bytes(old + name.encode())
        os.chown(b / name, owner, owner)
        (b / name).chmod(mode)
        os.setxattr(b / name, 'user.note', b'kept\0too')
        os.utime(b / name, ns=(1_500_000_000_123_456_789, 1_500_000_000_987_654_321))
        site.known(b / name)
    (lib / 'libx.so.1.0').write_bytes(old + b'lib')
    (lib / 'libx.so.1').symlink_to('libx.so.1.0')
    site.known(lib / 'libx.so.1.0')
    (b / 'stranger').write_bytes(old + b'stranger')
    (b / 'stranger').chmod(0o755)
    # a folder of somebody's with a known program and a link of his choice; a place that is reached by a link of root's
    theirs, prey, real = site.disk / 'theirs', site.disk / 'prey', site.disk / 'real'
    for folder in (theirs, prey, real):
        folder.mkdir()
    os.chown(theirs, 1234, 1234)
    (site.disk / 'way').symlink_to('real')
    for name, where in (('theirs', theirs), ('real', site.disk / 'way')):
        (where / 'kept').write_bytes(old + name.encode())
        (where / 'kept').chmod(0o755)
        site.known(where / 'kept')
    (theirs / 'ld.so.preload').symlink_to('/tmp/own.so')
    site.policy()
    point(site.guarded(), 'a policy with more programs is in force')
    paths = [b / 'tool', b / 'gone', b / 'inplace', lib / 'libx.so.1.0', lib / 'libx.so.1']
    before = {path: state_of(path) for path in paths}
    site.open_by_code()
    new = site.fresh('next')
    site.updater(f'cp {new} {b}/tool.new; mv {b}/tool.new {b}/tool; rm {b}/gone; cp {new} {b}/inplace; cp {new} {lib}/libx.so.1.1; ln -sf libx.so.1.1 {lib}/libx.so.1; '
                 f'cp {new} {b}/added; cp {new} {b}/stranger; chmod 600 {lib}/libx.so.1.0')
    point(site.runs(b / 'tool') and os.readlink(lib / 'libx.so.1') == 'libx.so.1.1', 'the update is in place')
    said = site.sekisho('status').stdout
    point('a maintenance window is OPEN' in said and 'CHG-9' in said, 'status says that a window is open, and for which change', said)
    theirs.rename(site.disk / 'away')
    theirs.symlink_to('prey')
    os.chown(theirs, 1234, 1234, follow_symlinks=False)
    (site.disk / 'way/kept').unlink()
    site.sekisho('window', 'close')
    found = {(Path(i['path']).name, i['change'], i['trusted']) for i in site.changes()['items']}
    point({('tool', 'changed', True), ('inplace', 'changed', True), ('gone', 'removed', False), ('added', 'added', True), ('libx.so.1.1', 'added', True)} <= found,
          'the difference: changed, added, removed', found)
    point(not site.runs(b / 'tool'), 'until it is decided the new versions do not start')
    done = site.sekisho('window', 'rollback', '--by', 'K. Tanaka')
    after = {path: state_of(path) for path in paths if path.exists() or path.is_symlink()}
    point(after == before, 'rolled back: content, owner, mode, attributes, times and links are what they were', f'{done}\n{before}\n{after}')
    point(not os.listdir(prey), 'nothing is put where a link of the folder\'s owner leads', os.listdir(prey))
    point((real / 'kept').exists() and site.runs(site.disk / 'way/kept'), 'what lies behind a link of root\'s is put back')
    point((b / 'stranger').exists() and not site.runs(b / 'stranger'), 'a file that was there with an unknown content is not taken away')
    point(not (b / 'added').exists() and not (lib / 'libx.so.1.1').exists(), 'what was added is gone')
    point(site.runs(b / 'tool') and site.runs(b / 'gone'), 'and the old versions start')
    point(site.phase() == 'rolled-back' and within(5, lambda: site.told('window_decided')) >= 1, 'told as an event', site.phase())


def killed(site):
    """Processes of the agent killed in the middle of a window."""
    b = site.disk / 'bin'
    site.open_by_code()
    site.updater(f'cp {site.fresh("k0")} {b}/k0')
    point(site.runs(b / 'k0'), 'a window is open')
    for name in ('sekisho-window', 'sekisho-lockdown', 'lockdown-guard', 'lockdown-keeper'):
        pids = site.duty(name)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        back = within(10, lambda: site.duty(name) and site.duty(name) != pids and site.status())
        site.updater(f'cp {site.fresh("k" + name)} {b}/{name}')
        point(pids and back and within(6, lambda: site.runs(b / name) or site.updater(f'cp {site.fresh("again" + name)} {b}/{name}') and False),
              f'{name} killed: the window goes on, new work of the updater starts')
    point(site.runs(b / 'k0'), 'what was known before is known still')
    site.stop(signal.SIGKILL)
    within(5, lambda: not site.duty('sekisho-lockdown'))
    site.start()
    point(site.guarded() and within(5, lambda: site.phase() == 'open') and within(5, lambda: site.runs(b / 'k0')), 'the whole agent killed and started: the window is open still', site.phase())
    site.sekisho('window', 'close')
    point({Path(i['path']).name for i in site.changes()['items'] if i['trusted']} >= {'k0', 'sekisho-window'}, 'and its difference has all of it', site.changes())
    site.sekisho('window', 'rollback')


def releases(site):
    """A signed release counts once: offered again it is what is left of it, and after another start of the machine it is nothing."""
    site.run('policy', 'keygen', '--plain', site.folder / 'releases')
    site.run('policy', 'delegate', '--site-key', site.folder / 'site', '--uses', 'release', '--out', site.folder / 'releases.skd', site.folder / 'releases.pub')
    (site.folder / 'release.yaml').write_text('id: REL-1\nchange: C\naction: stop\nreason: test\n')
    site.run('policy', 'sign', '--kind', 'release', '--key', site.folder / 'releases', '--delegation', site.folder / 'releases.skd', '--days', 1, '--out',
             site.folder / 'release.skl', site.folder / 'release.yaml')
    first = json.loads(site.sekisho('release', site.folder / 'release.skl', '--json').stdout)['seconds']
    time.sleep(2.1)
    second = json.loads(site.sekisho('release', site.folder / 'release.skl', '--json').stdout)['seconds']
    used = site.root / 'var/lib/sekisho/lockdown/release-used.json'
    book = json.loads(used.read_text())
    book['used'][0]['until'] -= (second - 60) * 1000  # as if nearly a day had passed by the clock that nobody sets, and the other had been set back
    used.write_text(json.dumps(book))
    third = json.loads(site.sekisho('release', site.folder / 'release.skl', '--json').stdout)['seconds']
    point(first > 80000 and second <= first - 2 and third <= 61, 'a release that is offered again lasts no longer', (first, second, third))
    book['used'][0]['boot'] = 'another'
    used.write_text(json.dumps(book))
    done = site.sekisho('release', site.folder / 'release.skl', '--json')
    point(done.returncode == 1 and 'once' in done.stdout + done.stderr, 'after another start of the machine it is refused', done)


def books(site, old):
    """Each signed window opens once, and no mark of one that is still valid makes room for another's."""
    used = site.root / 'var/lib/sekisho/lockdown/window-used.json'
    kept = used.read_text()
    now = int(time.time())
    point({mark['id'] for mark in json.loads(kept)['used']} == {'W-1', 'W-2'} and any(mark['id'] == 'W-1' and mark['ends'] > now + 3000 for mark in json.loads(kept)['used']),
          'the windows that were opened stand in the book, each with its end', kept)
    marks = [mark for mark in json.loads(kept)['used'] if mark['id'] == 'W-1'] + [{'boot': 'b', 'ends': now + 3000, 'id': f'X-{i}'} for i in range(199)]
    new = site.window('W-3')
    used.write_text(json.dumps({'used': marks}))
    done = site.sekisho('window', 'open', new)
    point(done.returncode == 1 and 'no more can be remembered' in done.stdout + done.stderr, 'the book is full of windows that are valid: no other opens', done)
    point('W-1' in used.read_text() and site.sekisho('window', 'open', old).returncode == 1, 'and none of them is forgotten', used.read_text()[:200])
    marks[-1]['ends'] = now - 10
    used.write_text(json.dumps({'used': marks}))
    done = site.sekisho('window', 'open', new)
    book = used.read_text()
    point(done.returncode == 0 and site.phase() == 'open' and '"W-1"' in book and '"W-3"' in book and '"X-198"' not in book, 'when one is over there is room', (done, book[-300:]))
    site.sekisho('window', 'close')
    site.sekisho('window', 'rollback')
    used.write_text('{"used":')
    done = site.sekisho('window', 'open', site.window('W-4'))
    point(done.returncode == 1 and 'damaged' in done.stdout + done.stderr, 'a damaged book opens none', done)
    used.write_text(kept)


def main():
    with Site() as site:
        site.policy()
        site.start()
        point(site.guarded(), 'lockdown enforces')
        before = site.fresh('before')
        site.updater(f'cp {before} {site.disk}/bin/before')
        point(not site.runs(site.disk / 'bin/before'), 'without a window an updater makes nothing known')
        # signed window
        skw = site.window('W-1')
        done = site.sekisho('window', 'open', skw, '--json')
        window = json.loads(done.stdout)['window'] if done.returncode == 0 else {}
        point((window.get('phase'), window.get('change'), window.get('owner'), window.get('consent')) == ('open', 'CHG-1', 'M. Sato', 'letter 7'),
              'a signed window opens: change, owner and vendor\'s consent on record', done)
        point(not site.runs(site.disk / 'bin/before'), 'what was written before it does not become known by it')
        writers(site)
        others(site)
        site.sekisho('window', 'close')
        items = {Path(i['path']).name: i for i in site.changes()['items']}
        point(all(items[f'w{i}']['trusted'] for i in (0, 1, 2, 4, 5, 6, 7)) and (items.get('w3') or items['x3'])['trusted'], 'the difference names them by where they are now', items)
        point(not any(items[f'e{i}']['trusted'] for i in range(5) if f'e{i}' in items), 'and what was not an updater\'s work as such', items)
        point(not site.runs(site.disk / 'bin/w0'), 'closed: new programs do not start before they are approved')
        point(site.sekisho('window', 'open', skw).returncode == 1, 'no other window opens before the decision')
        done = site.sekisho('window', 'approve', '--out', site.folder / 'next.yaml')
        point(done.returncode == 0 and site.runs(site.disk / 'bin/w0') and site.runs(site.disk / 'bin/w7'), 'approved: they start', done)
        point(not site.runs(site.disk / 'bin/e0'), 'others do not')
        draft = (site.folder / 'next.yaml').read_text()
        point(items['w0']['sha256'] in draft and items['e0']['sha256'] not in draft, 'the draft of the next policy holds what was approved')
        point(site.sekisho('window', 'open', skw).returncode == 1, 'the same signed window does not open twice')
        site.stop()
        site.start()
        point(site.guarded() and within(5, lambda: site.runs(site.disk / 'bin/w0')), 'a restart of the agent: what was approved is known')
        site.policy()
        point(site.guarded() and not site.runs(site.disk / 'bin/w0'), 'a newer signed policy that does not have it ends it')
        # expiry
        site.sekisho('window', 'open', site.window('W-2', seconds=3))
        site.updater(f'cp {site.fresh("late")} {site.disk}/bin/late')
        ran = site.runs(site.disk / 'bin/late')
        point(ran and within(8, lambda: site.phase() == 'closed') and not site.runs(site.disk / 'bin/late'), 'a window that nobody closes ends by its time; new programs stay unknown', site.phase())
        point(site.runs(site.disk / 'bin/dash') or site.shell('exit 0').returncode == 0, 'what was known before runs on')
        point(site.status()['window']['closed_by'] == 'expired', 'and says so', site.status()['window'])
        site.sekisho('window', 'rollback')
        point(within(5, lambda: site.told('window_opened') >= 2 and site.told('window_closed') >= 2 and site.told('window_decided') >= 2), 'each step is an event')
        books(site, skw)
        rollback(site)
        killed(site)
        releases(site)
    finish()


main()
