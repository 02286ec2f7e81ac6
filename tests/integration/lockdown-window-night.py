#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=300
#
# lockdown-window-night.py - a maintenance window at three in the morning: somebody else runs the updater, folders vanish or become links, rights change, disks are
# full at the worst moment, a second window comes while one waits, and what was approved yesterday must come back today.
import json
import os
import shutil
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.window_site import Site, finish, point, sh, sha, within  # noqa: E402

CAPABILITY = struct.pack('<5I', 0x02000001, 1 << 13, 0, 0, 0)  # cap_net_raw, effective


def looks(path):
    st = os.lstat(path)
    if not path.is_file():
        return st.st_mode, st.st_uid, st.st_gid
    return st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns, sha(path), sorted((n, os.getxattr(path, n)) for n in os.listxattr(path))


def program(site, path, name):
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(site.fresh(name), path)
    site.known(path)
    return path


def strangers(site):
    """Whoever else runs the updater chooses what it writes."""
    b = site.disk / 'bin'
    open_dir = site.disk / 'open'
    open_dir.mkdir()
    open_dir.chmod(0o777)
    site.open_by_code()
    as_user = ('setpriv', '--reuid', '61150', '--regid', '61150', '--clear-groups', '--inh-caps', '-all')
    mine, his, lasting = site.fresh('mine'), site.fresh('his'), site.fresh('lasting')
    for name, script in (('his', f'cp {his} {open_dir}/his'), ('lasting', f'cp {lasting} {open_dir}/lasting; sleep 0.3')):
        sh(*as_user, 'env', f'PATH={b}', b / 'updater', '-c', script)
        point((open_dir / name).exists() and not site.runs(open_dir / name), f'the updater run by another user: what it writes does not become known ({name})')
    sh(*as_user, 'unshare', '-r', 'env', f'PATH={b}', b / 'updater', '-c', f'cp {his} {open_dir}/inside')
    point((open_dir / 'inside').exists() and not site.runs(open_dir / 'inside'), 'root of a user namespace of his own is another user')
    site.updater(f'cp {mine} {open_dir}/mine')
    point(site.runs(open_dir / 'mine'), 'run by root it does')
    site.updater(f'{shutil.which("setpriv")} --reuid 61150 --clear-groups cp {site.fresh("below")} {open_dir}/below')
    point(site.runs(open_dir / 'below'), 'also what it starts as another user')
    site.sekisho('window', 'close')
    site.sekisho('window', 'rollback')


def rights(site):
    b = site.disk / 'bin'
    app, deep, caps, suid = (site.disk / p for p in ('app/tool', 'opt/deep/tool', 'bin/caps', 'bin/suid'))
    twin, other = b / 'twin', b / 'other'
    elsewhere = site.folder / 'elsewhere'
    elsewhere.mkdir()
    before = {path: looks(path) for path in (app, deep, caps, suid, twin, other, deep.parent, deep.parent.parent, app.parent)}
    site.open_by_code()
    site.updater(f'mv {app.parent} {site.disk}/moved; ln -s {elsewhere} {app.parent}; rm -r {deep.parent.parent}; cp {site.fresh("t2")} {twin}')
    os.removexattr(caps, 'security.capability')
    suid.chmod(0o4755)
    site.sekisho('window', 'close')
    items = {Path(i['path']).name: i for i in site.changes()['items']}
    point(items.get('caps', {}).get('change') == 'attributes' and items.get('suid', {}).get('change') == 'attributes' and items['suid']['privileged'],
          'set-uid given and capabilities taken away are in the difference', items)
    text = site.sekisho('window', 'difference').stdout
    point('rights' in text and 'gives rights' in text, 'in words, too', text)
    status = site.sekisho('window', 'rollback', '--json')
    after = {path: looks(path) for path in before if path.exists()}
    point(not list(elsewhere.iterdir()), 'a folder that became a link: nothing is put where the link leads', list(elsewhere.iterdir()))
    point(after == before, 'content, owner, mode, capabilities and folders are what they were',
          '\n'.join(f'{p}: {before[p]} {after.get(p)}' for p in before if before[p] != after.get(p)) + str(status))
    point(os.stat(twin).st_ino == os.stat(other).st_ino, 'two names of one file are one file again')
    point(all(site.runs(p) for p in (app, deep, caps, suid, twin, other)), 'and all of them run')
    point(json.loads(status.stdout)['window']['not_restored'] == 0, 'nothing is left to be put back', status)


def yesterday(site):
    """Approved, no newer policy: the next window rolls back to that, not to the policy's."""
    b = site.disk / 'bin'
    v2, extra, v3 = site.fresh('v2'), site.fresh('x2'), site.fresh('v3')
    site.open_by_code()
    site.updater(f'cp {v2} {b}/tool.new; mv {b}/tool.new {b}/tool; cp {extra} {b}/extra')
    site.sekisho('window', 'close')
    site.sekisho('window', 'approve')
    point(site.runs(b / 'tool') and site.runs(b / 'extra'), 'a window was approved yesterday')
    site.open_by_code()
    site.updater(f'cp {v3} {b}/tool.new; mv {b}/tool.new {b}/tool; cp {v3} {b}/extra')
    point(site.runs(b / 'extra'), 'the next one changes the same files')
    site.sekisho('window', 'close')
    site.sekisho('window', 'rollback')
    point(sha(b / 'tool') == sha(v2) and sha(b / 'extra') == sha(extra) and site.runs(b / 'tool') and site.runs(b / 'extra'),
          'rolled back: yesterday\'s versions are there again, and run', f'{sha(b / "tool") == sha(v2)} {sha(b / "extra") == sha(extra)}')
    point(not (shutil.copy(v3, b / 'copy') and site.runs(b / 'copy')), 'today\'s do not')


def full(site):
    """The disk is full while it is recorded, closed, approved."""
    b, record, state = site.disk / 'bin', site.folder / 'record-full', site.folder / 'state-full'
    site.stop()
    site.start(SEKISHO_FAIL=f'window.record:@{record}:ENOSPC,window.state:@{state}:ENOSPC')
    site.guarded()
    site.open_by_code()
    record.touch()
    site.updater(f'cp {site.fresh("squeezed")} {b}/squeezed')
    point(not site.runs(b / 'squeezed'), 'what cannot be recorded does not become known')
    record.unlink()
    point(within(6, lambda: site.runs(b / 'squeezed')), 'it does when there is room again')
    lines = [json.loads(line) for line in next((site.root / 'var/lib/sekisho/window').glob('*/record.ndjson')).read_text().splitlines() if line.endswith('}')]
    point(any(line['sha256'] == sha(b / 'squeezed') and line['trusted'] for line in lines), 'and is on record')
    state.touch()
    site.sekisho('window', 'close', '--no-wait')
    shutil.copy(b / 'squeezed', b / 'squeezed-2')
    point(not site.runs(b / 'squeezed-2') and site.phase() == 'closing', 'closed on a full disk: nothing new runs any more', site.phase())
    state.unlink()
    point(within(12, lambda: site.phase() == 'closed'), 'and its difference comes when there is room', site.phase())
    state.touch()
    done = site.sekisho('window', 'approve')
    point(done.returncode != 0 and site.phase() == 'closed' and not site.runs(b / 'squeezed-2'), 'an approval that cannot be written approves nothing', done)
    site.policy_again()
    point(not site.runs(b / 'squeezed-2'), 'also not when the policy is put anew')
    state.unlink()
    site.stop()
    site.start()
    point(site.guarded() and site.phase() == 'closed' and not site.runs(b / 'squeezed-2'), 'and not after a restart')
    site.sekisho('window', 'rollback')
    point(site.phase() == 'rolled-back' and not site.runs(b / 'squeezed-2'), 'rolled back it is not known either', site.phase())
    site.stop()
    site.start()
    point(site.guarded() and not site.runs(b / 'squeezed-2'), 'never')


def two(site):
    """A second window while the first waits, and one whose time goes by."""
    site.terms = '  interlock:\n    source: operator\n    wait_s: 3600\n'
    site.policy()
    site.guarded()
    site.sekisho('idle', 'no')
    first, second = site.window('W-first', seconds=6, change='CHG-first'), site.window('W-second', change='CHG-second')
    began = time.monotonic()
    site.sekisho('window', 'open', first)
    point(site.phase() == 'waiting', 'a signed window waits for the tool', site.phase())
    done = site.sekisho('window', 'open', second)
    point(done.returncode == 1 and 'waits' in done.stdout + done.stderr, 'a second one is refused meanwhile', done)
    time.sleep(max(0, 7 - (time.monotonic() - began)))
    site.sekisho('idle', 'yes')
    point(within(5, lambda: site.phase() != 'waiting') and site.phase() not in ('open', 'opening'), 'its own time is over when the tool is idle: it does not open', site.phase())
    done = site.sekisho('window', 'open', second)
    point(done.returncode == 0 and site.phase() == 'open' and site.status()['window']['change'] == 'CHG-second', 'the second one can be opened then', done)
    left = site.status()['window']['left_s']
    point(left <= 3600, 'for its own time and no longer', left)
    site.sekisho('window', 'close')
    site.sekisho('window', 'rollback')


def carried(site):
    """No network reaches this machine: policy and windows come in one file on a medium."""
    site.terms = ''
    site.serial += 1
    draft = (site.folder / f'{site.serial - 1}.yaml').read_text().replace(f'serial: {site.serial - 1}', f'serial: {site.serial}')
    draft = draft.replace('  interlock:\n    source: operator\n    wait_s: 3600\n', '')
    (site.folder / 'carried.yaml').write_text(draft)
    signed = ('--key', site.folder / 'policy', '--delegation', site.folder / 'policy.skd')
    site.run('policy', 'sign', *signed, '--out', site.folder / 'carried.skp', site.folder / 'carried.yaml')
    now, stamp = time.time(), lambda at: time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(at))
    windows = [site.window('W-here', change='CHG-here'), site.window('W-later', **{'from': stamp(now + 3000)})]
    other = site.window('W-other', labels='{host: [another]}')
    bundle = site.folder / 'medium.skb'
    site.run('policy', 'bundle', '--out', bundle, *windows, site.folder / 'carried.skp')
    damaged = bytearray(bundle.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (site.folder / 'damaged.skb').write_bytes(damaged)
    done = site.root_run('policy', 'import', site.folder / 'damaged.skb', check=False)
    listed = site.sekisho('window', 'open')
    point(done.returncode != 0 and listed.returncode != 0, 'a damaged bundle brings nothing', f'{done} {listed}')
    done = site.root_run('policy', 'import', bundle, check=False)
    point(done.returncode == 0 and site.guarded(), 'a bundle brings a policy and windows', done)
    again = site.root_run('policy', 'import', bundle, check=False)
    point(again.returncode == 0 and again.stdout.count('was here already') >= 2, 'twice changes nothing', again)
    listed = {w['id']: w for w in json.loads(site.sekisho('window', 'open', '--json').stdout)}
    point(set(listed) == {'W-here', 'W-later'} and listed['W-here']['state'] == 'accepted' and listed['W-later']['state'] != 'accepted' and
          listed['W-here']['change'] == 'CHG-here', 'they are listed, and which can be opened', listed)
    done = site.root_run('policy', 'import', other, check=False)
    point(done.returncode != 0 and len(json.loads(site.sekisho('window', 'open', '--json').stdout)) == 2, 'one for another machine is not taken', done)
    point(site.sekisho('window', 'open', 'W-later').returncode == 1 and site.phase() != 'open', 'one whose time has not come does not open')
    done = site.sekisho('window', 'open', 'W-here')
    point(done.returncode == 0 and site.phase() == 'open' and site.status()['window']['change'] == 'CHG-here', 'one that was carried is opened by its number', done)
    site.sekisho('window', 'close')
    site.sekisho('window', 'rollback')
    point(site.sekisho('window', 'open', 'W-here').returncode == 1 and site.phase() == 'rolled-back', 'once')


def main():
    with Site() as site:
        b = site.disk / 'bin'
        program(site, b / 'tool', 'v1')
        app, deep = program(site, site.disk / 'app/tool', 'app'), program(site, site.disk / 'opt/deep/tool', 'deep')
        app.parent.chmod(0o751)
        for folder in (deep.parent, deep.parent.parent):
            os.chown(folder, 61150, 61151)
            folder.chmod(0o2750)
        caps = program(site, b / 'caps', 'caps')
        os.setxattr(caps, 'security.capability', CAPABILITY)
        program(site, b / 'suid', 'suid')
        program(site, b / 'twin', 'twin')
        os.link(b / 'twin', b / 'other')
        site.known(shutil.copy(shutil.which('setpriv'), b / 'setpriv') and b / 'setpriv')

        def policy_again():
            with open(site.root / 'etc/sekisho/agent.yaml', 'a') as file:
                file.write('\n')
            site.root_run('policy', 'import', site.folder / f'{site.serial}.skp', check=False)
        site.policy_again = policy_again
        site.policy()
        site.start()
        point(site.guarded(), 'lockdown enforces')
        strangers(site)
        rights(site)
        yesterday(site)
        full(site)
        two(site)
        carried(site)
    finish()


main()
