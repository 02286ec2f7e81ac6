#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=300
#
# gateway-ot.py - the protocols of control systems through the whole engine. Each has a captures.py in its folder that makes its messages with no code of the parser: they are said
# as they were made, the same however they are cut, and from their middle on; a policy stops what it names and lets go on what it does not; and of each message, also of
# public captures, our fields are what tshark says. Four of each protocol's captures stand for all; with SEKISHO_LONG=1 all are read, and cut to more sizes.

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/support'))
from gateway_talk import HOST, Talk, arrived, essence, messages, replay, values  # noqa: E402

PUBLIC = Path(os.environ.get('SEKISHO_DATA', ROOT.parent / 'shared/data')) / 'gateway/pcaps'
DECLARED = re.compile(r'^\t\[\w+\] = \{"([\w.]+)", GW_(\w+),.*?\.en = "(.*?)",\s*\.ja = "(.*?)"\}', re.MULTILINE | re.DOTALL)
KINDS = {'en': {'UINT': 'number', 'INT': 'number', 'RANGE': 'range', 'TEXT': 'text', 'BYTES': 'bytes'},
         'ja': {'UINT': '数', 'INT': '数', 'RANGE': '範囲', 'TEXT': '文字列', 'BYTES': 'バイト列'}}
LONG = os.environ.get('SEKISHO_LONG') == '1'
SIZES = (*range(1, 18), 23, 31, 60) if LONG else (1, 2, 3, 5, 7, 8, 13, 31)
PUBLIC_FILES, PUBLIC_SIZE = 4, 1 << 20
count = 0


def point(good, name, note=''):
    global count
    count += 1
    print(('ok' if good else 'not ok') + f' {count} - {name}' + (f': {note[:1500]}' if note and not good else ''), flush=True)


def skip(name, reason):
    global count
    count += 1
    print(f'ok {count} - {name} # SKIP {reason}', flush=True)


def load(path):
    spec = importlib.util.spec_from_file_location('captures_' + path.parent.name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make(module, top, size=1400, skip_first=0):
    talk = Talk(module.PORT, getattr(module, 'UDP', False), opened=not skip_first)
    for who, data, *_ in module.TALK[skip_first:]:
        talk.send(who, data, size)
    return talk.write(top / 'talk.pcap')


def wanted(module, first=0, of=None):
    return [said for who, _, *told in module.TALK[first:] for said in told if of in (None, who)]


def said_as(message):
    fields = {}
    for f in message['fields']:
        for name, value in f.items():
            fields.setdefault(name, []).append(value)
    return (message['name'], message['act'], fields)


def differences(found, want):
    """Each message that is not as it was made. Fields that the generator does not name are not compared."""
    wrong = [f'{len(found)} messages, {len(want)} were made'] if len(found) != len(want) else []
    for number, (f, (name, act, fields)) in enumerate(zip(found, want)):
        got_name, got_act, got = said_as(f)
        if (got_name, got_act) != (name, act) or any(got.get(k, []) != v for k, v in fields.items()) or f.get('partial'):
            wrong.append(f'{number}: {name} {act} {fields} was told as {got_name} {got_act} {got} {f.get("partial", "")}')
    return wrong


def own(name, module, top):
    lines, _ = replay(make(module, top))
    whole, found = essence(lines), messages(lines, name)
    wrong = differences(found, wanted(module))
    point(not wrong and not [e for e in whole if e['kind'] == 'odd'], f'{name}: the {len(found)} messages that were made are said, with their fields',
          '; '.join(wrong) + str([e for e in whole if e['kind'] == 'odd']))
    if not getattr(module, 'UDP', False):
        wrong = [size for size in SIZES if essence(replay(make(module, top, size))[0]) != whole]
        point(not wrong, f'{name}: cut into segments of any size, the same is said', f'{wrong}')
    late = getattr(module, 'LATE', 4)
    found, want = messages(replay(make(module, top, skip_first=late))[0], name), wanted(module, late)
    if not getattr(module, 'UDP', False):      # each direction of a stream is understood when its framing is sure: between the two there is no order
        found.sort(key=lambda m: m['direction'] == 'to-client')
        want = wanted(module, late, HOST) + wanted(module, late, 1 - HOST)
    point(len(found) >= len(want) - 1 and not differences(found, want[len(want) - len(found):]), f'{name}: picked up in its middle, it is understood from there on',
          f'{[m["name"] for m in found]}, {len(want)} were made')


POLICY = '''part: gateway
serial: 1
not_before: 2023-01-01
expires: 2033-01-01
gateway:
  zones:
    - {name: hosts, addresses: [10.10.0.5]}
    - {name: devices, addresses: [10.20.0.0/24]}
  conduits:
    - name: cell
      from: hosts
      to: devices
      protocols: [PROTOCOL]
      action: inspect
      mode: enforce
      answer: ANSWER
      lines:
LINES  otherwise: {action: switch, mode: observe}
'''


def judged(name, module, top, lines, data, answer):
    """The policy's word on a message of the host, after the talk's opening, and whether its bytes went on."""
    (top / 'policy.yaml').write_text(POLICY.replace('PROTOCOL', name).replace('ANSWER', answer).replace('LINES', ''.join(f'        - {line}\n' for line in lines)))
    talk = Talk(module.PORT, getattr(module, 'UDP', False))
    for who, opening, *_ in module.TALK[:getattr(module, 'OPENING', 0)]:
        talk.send(who, opening)
    talk.send(HOST, data)
    out = top / 'passed.pcap'
    lines, text = replay(talk.write(top / 'in.pcap'), '--policy', top / 'policy.yaml', '--passed', out)
    found = messages(lines, name)
    return (found[-1] if found else {'verdict': text}), arrived(out, HOST)


def policies(name, module, top):
    for sentence, lines, data, good in module.LINES:
        message, out = judged(name, module, top, lines, data, 'reset')
        point(out.endswith(data) == good and (message['verdict'] == 'allowed') == good, f'{name}: {sentence}: {"goes on" if good else "does not"}', f'{message}')
    if hasattr(module, 'REWRITTEN'):
        lines, data, wanted_out = module.REWRITTEN
        message, out = judged(name, module, top, lines, data, 'native')
        point(message['verdict'] == 'refused' and out.endswith(wanted_out), f'{name}: refused natively, it goes on as what the device refuses by itself', out.hex())


def rules(name, module, top):
    """Rules in Suricata's language on the protocol's fields: whether one alerts on a message of the host, after the talk's opening."""
    for options, data, good in getattr(module, 'RULES', []):
        (top / 'a.rules').write_text(f'alert {name} any any -> any any (msg:"field"; {options} sid:7; rev:1;)\n')
        talk = Talk(module.PORT, getattr(module, 'UDP', False))
        for who, opening, *_ in module.TALK[:getattr(module, 'OPENING', 0)]:
            talk.send(who, opening)
        talk.send(HOST, data)
        lines, text = replay(talk.write(top / 'in.pcap'), '--rules', top / 'a.rules')
        fired = any(line.get('unmapped', {}).get('sid') == 7 for line in lines)
        point(fired == good and 'sid 7' not in text, f'{name}: a rule with {options} {"alerts" if good else "does not alert"}', text)


def number(word):
    try:
        return int(word, 0)
    except ValueError:
        return {'True': 1, 'False': 0}.get(word, word)


def dissect(pcap, module):
    """What tshark says: {frame: {field: [values]}}."""
    names = sorted({name for key in module.COMPARE for name in key.split('+')})
    options = [word for rule in getattr(module, 'DECODE_AS', []) for word in ('-d', rule)]
    said = subprocess.run(['tshark', '-n', '-r', pcap, *options, '-Y', f'({module.DISSECT}) and not _ws.malformed', '-T', 'fields', '-E', 'separator=|', '-E', 'aggregator=~', '-e', 'frame.number',
                           *[word for name in names for word in ('-e', name)]], capture_output=True, text=True, check=False, timeout=100)
    frames = {}
    for line in said.stdout.splitlines():
        frame, *rest = line.split('|')
        frames[int(frame)] = {name: [number(v) for v in word.split('~')] if word else [] for name, word in zip(names, rest)}
    return frames


def ours(message, names):
    for value in values(message, *names):
        yield number(value) if isinstance(value, str) else value


def compare(name, module, pcap):
    """(messages that tshark knows too, what is not the same)"""
    frames, mine, wrong, seen = dissect(pcap, module), {}, [], 0
    for m in messages(replay(pcap)[0], name):
        mine.setdefault(m['packet'], []).append(m)
    for frame, said in frames.items():
        if not any(said.values()):
            continue
        if frame not in mine:
            wrong.append(f'{pcap.name} {frame}: only tshark has it: {said}')
            continue
        seen += len(mine[frame])
        for key, names in module.COMPARE.items():
            theirs = [v for part in key.split('+') for v in said[part]]
            found = [v for m in mine[frame] for v in ours(m, names)]
            if getattr(module, 'NORMAL', None):
                found, theirs = module.NORMAL(key, found, theirs)
            if sorted(map(str, found)) != sorted(map(str, theirs)):
                wrong.append(f'{pcap.name} {frame}: {key} is {theirs}, ours {found}')
    return seen, wrong


def agree(name, module, top):
    if not getattr(module, 'COMPARE', None):
        return
    public = f'{name} in public captures, too' # a colon would end a name in tests/skips
    if not shutil.which('tshark'):
        skip(f'{name}: tshark says the same', 'tshark is not installed')
        skip(public, 'tshark is not installed')
        return
    seen, wrong = compare(name, module, make(module, top))
    point(seen > 0 and not wrong, f'{name}: tshark says the same', f'{seen}: ' + '; '.join(wrong[:6]))
    files = sorted(path for pattern in module.CAPTURES for path in PUBLIC.glob(pattern)) if PUBLIC.exists() else []
    if not module.CAPTURES:
        return
    if not files:
        skip(public, 'open data is not here')
        return
    if not LONG:
        files = sorted((path for path in files if path.stat().st_size < PUBLIC_SIZE), key=lambda path: path.stat().st_size)[-PUBLIC_FILES:]
    seen, wrong = 0, []
    for path in files:
        more, bad = compare(name, module, path)
        seen, wrong = seen + more, wrong + bad
    point(seen >= (module.PUBLIC_MESSAGES if LONG else 1) and not wrong, public, f'{seen} messages, {len(wrong)}: ' + '; '.join(wrong[:8]))
    print(f'# {name}: {seen} messages of {len(files)} public captures compared')


def documents(name, folder):
    source = '\n'.join(path.read_text() for path in sorted(folder.glob('*.c')) if not path.name.startswith(('test-', 'fuzz-')))
    declared = DECLARED.findall(source)
    for language, page in (('en', f'docs/gateway-{name}.md'), ('ja', f'docs/gateway-{name}.ja.md')):
        text = (ROOT / page).read_text() if (ROOT / page).exists() else ''
        missing = [f for f, kind, en, ja in declared if f'| `{f}` | {KINDS[language][kind]} | {en if language == "en" else ja} |' not in text]
        point(declared and not missing, f'{page} has the fields that are declared', f'{missing}')


def main():
    top = Path(tempfile.mkdtemp(prefix='gateway-ot-'))
    try:
        built = re.findall(r"'([a-z0-9-]+)'", (ROOT / 'gateway/proto/meson.build').read_text().partition('gw_protos = ')[2].partition(']')[0])
        for path in sorted((ROOT / 'gateway/proto').glob('*/captures.py')):
            name = path.parent.name
            if name not in built or (sys.argv[1:] and name not in sys.argv[1:]):
                continue
            module = load(path)
            own(name, module, top)
            policies(name, module, top)
            rules(name, module, top)
            agree(name, module, top)
            documents(name, path.parent)
    finally:
        shutil.rmtree(top)
    print(f'1..{count}')


sys.exit(main())
