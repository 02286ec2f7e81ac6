#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=120
#
# What goes through the gateway's wire, and what does not, frame by frame: reserved addresses and unknown types pass beside inspection, frames come out as they went in, zones and
# conduits are obeyed in both directions, fragments follow their first, the engine's fates are carried out.
import os
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import gateway_lab as g  # noqa: E402

SYN, ACK, RST = 2, 16, 4
A4, B4, A6, B6 = '10.77.0.1', '10.77.0.2', 'fd77::1', 'fd77::2'
OTHERS = '20:00:00:00:00:0'
INSPECT = 'none inspect enforce open\n'
# 1 = the tool's side, 2 = the other, 3 = one address of it
ZONES = '''zone 3 10.77.0.77/32
zone 3 fd77::77/128
none drop enforce open
conduit 2 1 drop enforce closed
rule 6 5000 5000 switch
rule 17 5000 5009 switch
rule 1 0 255 switch
conduit 3 1 switch enforce open
'''
checks = g.Points(110)
lab = g.Lab(mtu=9000)
here, there = lab.wire('a'), lab.wire('b')
MACS = {'a': bytes.fromhex('020000000001'), 'b': bytes.fromhex('020000000002')}


def crosses(sender, receiver, frame, text, seconds=0.5):
    receiver.flush()
    sender.send(frame)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        got = receiver.with_text(text, left)  # an ICMP error may carry it as well
        if got and got[:len(frame)] == frame:
            return True
    return False


def frame4(source, destination, payload, protocol=17, sport=4000, dport=5000, flags=SYN, **more):
    inner = payload if 'offset' in more and more['offset'] else g.udp(sport, dport, payload) if protocol == 17 else g.tcp(sport, dport, flags, payload)
    side = 'b' if source.startswith('10.77.0.2') or source.endswith('.77') else 'a'
    return g.ether(MACS['a' if side == 'b' else 'b'], MACS[side], 0x800, g.ipv4(source, destination, protocol, inner, **more))


def through_untouched():
    """Reserved group addresses, protocols of the cable, and what nobody knows: both ways, whatever the engine does."""
    rig = lab.rig(INSPECT, 'none')
    kinds = [(f'01:80:c2:00:00:{last:02x}', last, 0x8809 if last == 2 else 0x88f7 if last == 0x0e else 0x88cc) for last in range(16) if last != 1]
    kinds += [('01:80:c2:00:00:03', 0x103, 0x888e), ('01:0e:cf:00:00:00', 0x104, 0x8892), ('01:1b:19:00:00:00', 0x105, 0x88f7), ('ff:ff:ff:ff:ff:ff', 0x106, 0x88b5),
              ('33:33:00:00:00:09', 0x107, 0x9999), ('02:00:00:00:00:02', 0x108, 0x88a4)]
    bad = []
    for address, number, kind in kinds:
        text = f'kind-{number:04x}'.encode()
        for sender, receiver, mac in ((here, there, MACS['a']), (there, here, MACS['b'])):
            frame = g.ether(bytes.fromhex(address.replace(':', '')), mac, kind, text)
            if not crosses(sender, receiver, frame, text):
                bad.append(f'{address} {kind:#06x}')
    checks.point(not bad, f'{len(kinds)} reserved addresses and types that are not IP pass unchanged both ways', bad)
    stp = b'\x01\x80\xc2\x00\x00\x00' + MACS['a'] + struct.pack('>H', 38) + b'\x42\x42\x03stp-bpdu'.ljust(46, b'\0')
    checks.point(crosses(here, there, stp, b'stp-bpdu'), 'so does a spanning tree frame (802.3 with a length)')
    counts = rig.count()
    checks.point(counts['type-passed'] >= 2 * len(kinds) and counts['inspected'] == 0, 'by the policy in the kernel, none of them for inspection', counts)
    rig.policy('type 88cc drop\nnone switch enforce open\n')
    lldp = g.ether(bytes.fromhex('0180c200000e'), MACS['a'], 0x88cc, b'lldp-no')
    checks.point(not crosses(here, there, lldp, b'lldp-no', 0.1), 'a type that the policy names is dropped')
    rig.policy('type 88cc switch\nbits types-drop\nnone switch enforce open\n')
    other = g.ether(bytes.fromhex('0180c200000e'), MACS['a'], 0x88b6, b'other-no')
    checks.point(crosses(here, there, lldp, b'lldp-no') and not crosses(here, there, other, b'other-no', 0.1), 'or every type but those that it names')
    rig.end()


def through_engine():
    """Frames of all shapes to the engine and back, unchanged but for what it changed."""
    rig = lab.rig(INSPECT, 'mark')
    rig.settle()
    six = g.ipv6(A6, B6, 17, g.udp(4000, 5000, b'text-v6'))
    options = g.ipv6(A6, B6, 0, struct.pack('>BB6x', 17, 0) + g.udp(4000, 5000, b'text-hop'))
    four = g.ipv4(A4, B4, 17, g.udp(4000, 5000, b'text-v4'))
    shapes = {'IPv4': g.ether(MACS['b'], MACS['a'], 0x800, four), 'IPv6': g.ether(MACS['b'], MACS['a'], 0x86dd, six),
              'IPv6 with an extension header': g.ether(MACS['b'], MACS['a'], 0x86dd, options),
              'VLAN': g.ether(MACS['b'], MACS['a'], 0x800, four, (0x8100, 0x6123)), 'QinQ': g.ether(MACS['b'], MACS['a'], 0x800, four, (0x88a8, 100), (0x8100, 200)),
              'large': g.ether(MACS['b'], MACS['a'], 0x800, g.ipv4(A4, B4, 17, g.udp(4000, 5000, b'text-big'.ljust(3000, b'.'))))}
    before = rig.count()
    bad = [name for name, frame in shapes.items() if not crosses(here, there, frame, b'text-')]
    after = rig.count()
    checks.point(not bad, f'through the engine, unchanged: {", ".join(shapes)}', bad)
    checks.point(after['io-passed'] - before['io-passed'] >= len(shapes), 'and the engine had each of them', after)
    jumbo = g.ether(MACS['b'], MACS['a'], 0x800, g.ipv4(A4, B4, 17, g.udp(4000, 5000, b'text-jumbo'.ljust(8000, b'.'))))
    checks.point(crosses(here, there, jumbo, b'text-jumbo') and rig.count()['long-passed'] == 1, 'a jumbo frame passes beside the engine, counted, where the conduit fails open')
    there.flush()
    for text in (b'one DROPMARK', b'two REWRITEME', b'three FOLLOWME'):
        here.send(frame4(A4, B4, text))
    got = b' '.join(there.all(0.3))
    checks.point(b'DROPMARK' not in got, 'what the engine drops does not arrive')
    checks.point(b'two REWRITTEN' in got and b'REWRITEME' not in got, 'what it rewrites arrives rewritten')
    checks.point(b'three FOLLOWME' in got and b'three FOLLOWED' in got and got.index(b'FOLLOWME') != got.index(b'FOLLOWED'), 'and a frame of its own with it')
    here.send(frame4(A4, B4, b'SWITCHME', sport=4444))
    there.with_text(b'SWITCHME')
    before = rig.count()
    passes = crosses(here, there, frame4(A4, B4, b'later DROPMARK', sport=4444), b'DROPMARK')
    checks.point(passes and rig.count()['done'] == before['done'] + 1, 'a flow that the engine wants no more is switched in the kernel')
    rig.policy('none inspect enforce closed\n')
    checks.point(not crosses(here, there, jumbo, b'text-jumbo', 0.1) and rig.count()['long-dropped'] == 1, 'where it fails closed, the jumbo frame is dropped, counted')
    rig.end()


def modes():
    """Rules of one pair of zones, each with its own mode and failure setting; nobody inspects."""
    rig = lab.rig('none drop enforce open\nconduit 2 1 drop enforce open\nrule 17 5000 5000 drop shadow open\nrule 17 6000 6000 inspect enforce closed\n'
                  'rule 17 6001 6001 inspect enforce open\n', 'none')

    def passes(dport, sport=4100):
        return crosses(there, here, frame4(B4, A4, b'mode-text', 17, sport, dport), b'mode-text', 0.12)

    before = rig.count()['would']
    checks.point(passes(5000) and rig.count()['would'] == before + 1, 'a rule in shadow drops nothing, and is counted')
    checks.point(not passes(6000) and passes(6001), 'beside it one that fails closed and one that fails open, each by itself')
    checks.point(not passes(6002) and rig.count()['dropped'] >= 1, 'and what no rule fits is enforced')

    def error(about, kind=3):
        body = struct.pack('>BBHI', kind, 3, 0, 0) + about[:28]
        body = body[:2] + struct.pack('>H', g.checksum(body)) + body[4:]
        frame = g.ether(MACS['b'], MACS['a'], 0x800, g.ipv4(A4, B4, 1, body))
        return crosses(here, there, frame, body, 0.12)

    known, unknown = (g.ipv4(B4, A4, 17, g.udp(sport, 6001, b'mode-text')) for sport in (4100, 4999))
    foreign = g.ipv4(A4, B4, 17, g.udp(6001, 4100, b'mode-text'))
    checks.point(error(known) and rig.count()['related'] == 1, 'an ICMP error about a flow that was let through passes without a rule')
    checks.point(not error(unknown) and not error(foreign), 'one about a flow that nobody knows does not, nor one to who did not send what it is about')
    checks.point(not error(known, 8), 'nor what is no error')
    six_about = g.ipv6('fd77::2', A6, 17, g.udp(4100, 6001, b'mode-text'))
    six = g.ether(MACS['a'], MACS['b'], 0x86dd, six_about)
    body = struct.pack('>BBHI', 1, 4, 0, 0) + six_about[:48]
    six_error = g.ether(MACS['b'], MACS['a'], 0x86dd, g.ipv6(A6, 'fd77::2', 58, body))
    checks.point(crosses(there, here, six, b'mode-text') and crosses(here, there, six_error, body, 0.2), 'the same of IPv6')
    rig.ask('remove')
    rig.end()


def zones():
    rig = lab.rig(ZONES, 'none')
    text = b'zone-text'

    def opens(protocol, dport, source=B4, flags=SYN, sport=4100):
        return crosses(there, here, frame4(source, A4, text, protocol, sport, dport, flags), text, 0.12)

    def answers(protocol, sport, destination=B4, dport=4100, flags=SYN | ACK):
        return crosses(here, there, frame4(A4, destination, text, protocol, sport, dport, flags), text, 0.12)

    checks.point(not answers(17, 5001, dport=4200), 'before anything: the tool may not open to the other side')
    checks.point(opens(6, 5000) and answers(6, 5000), 'TCP to the permitted port, and its answer')
    checks.point(not opens(6, 5001) and not answers(6, 5001), 'another port is refused, and so is what would be its answer')
    checks.point(opens(17, 5009) and answers(17, 5009), 'UDP of a range of ports, and its answer')
    checks.point(not opens(17, 5010), 'one past the range is refused')
    checks.point(opens(6, 1234, '10.77.0.77'), 'another zone by its address, with a conduit of its own')
    checks.point(not answers(6, 5000, flags=SYN), 'who was asked may not open to who asked, on the same ports')
    checks.point(opens(6, 5000, flags=ACK, sport=4300) and answers(6, 5000, dport=4301, flags=ACK), 'a session that began before the gateway is picked up, from both sides')
    checks.point(not opens(6, 6000, flags=ACK, sport=4300), 'but not one that no rule would have let begin')
    six = g.ether(MACS['a'], MACS['b'], 0x86dd, g.ipv6('fd77::77', A6, 17, g.udp(1, 9999, text)))
    six_no = g.ether(MACS['a'], MACS['b'], 0x86dd, g.ipv6('fd77::78', A6, 17, g.udp(1, 9999, text)))
    checks.point(crosses(there, here, six, text) and not crosses(there, here, six_no, text, 0.12), 'zones of IPv6 addresses')
    old = rig.count()
    rig.policy(ZONES + 'bits strict\n')
    checks.point(opens(6, 5000, flags=ACK), 'under another policy a session goes on')
    checks.point(not opens(6, 5000, flags=ACK, sport=4302), 'a strict policy picks nothing up')
    checks.point(old['dropped'] > 5 and old['picked-up'] == 2, 'all of it counted', old)
    rig.policy(ZONES.replace('conduit 2 1 drop enforce', 'conduit 2 1 drop shadow'))
    checks.point(opens(6, 5001) and rig.count()['would'] == 1, 'in shadow nothing is refused, and it is counted what would be')
    rig.policy(ZONES)
    rig.ask('open 300')
    checks.point(opens(6, 5001, sport=4400), 'while the gateway is open everything passes')
    time.sleep(0.3)
    checks.point(not opens(6, 5001, sport=4401), 'and then no more')
    vlans = 'bits vlans\nzone 4 10.77.0.2/32 7\nnone drop enforce open\nconduit 4 1 switch enforce open\n'
    rig.policy(vlans)
    inner = g.ipv4(B4, A4, 17, g.udp(1, 2, text))
    in_seven, in_eight = (g.ether(MACS['a'], MACS['b'], 0x800, inner, (0x8100, vlan)) for vlan in (7, 8))
    checks.point(crosses(there, here, in_seven, text) and not crosses(there, here, in_eight, text, 0.12), 'zones of a VLAN')
    rig.end()


def pieces():
    rig = lab.rig(ZONES, 'none')
    text = b'piece-of-text'.ljust(64, b'.')

    def piece(number, offset, dport=5000, source=B4):
        return crosses(there, here, frame4(source, A4, text, 17, dport=dport, number=number, offset=offset, more=True), text[:13], 0.12)

    checks.point(piece(10, 0) and piece(10, 72) and piece(10, 136), 'fragments follow their first')
    checks.point(not piece(11, 0, dport=6000) and not piece(11, 72), 'into the refusal as well')
    checks.point(not piece(12, 72), 'later ones whose first was not seen are dropped where the conduit fails closed')
    checks.point(piece(13, 72, source='10.77.0.77'), 'and pass where everything is switched')
    checks.point(not piece(14, 72, source='10.77.0.5'), 'and are dropped where everything is, though nothing fails closed')
    counts = rig.count()
    checks.point(counts['piece-dropped'] == 1 and counts['piece-lost'] == 2 and counts['piece-passed'] == 1, 'all of it counted', counts)
    rig.policy(ZONES.replace('rule 17 5000 5009 switch', 'rule 17 5000 5009 inspect').replace('enforce closed', 'enforce open'))
    checks.point(piece(15, 72) and rig.count()['absent-passed'] == 1, 'where something is inspected they are to be, and go by the failure setting when nobody is there', rig.count())
    rig.end()


def odd():
    """What cannot be read never passes a drop, though the conduit fails open."""
    rig = lab.rig('none drop enforce open\nconduit 2 1 drop enforce open\n', 'none')
    text = b'odd-text'.ljust(48, b'.')
    datagram = g.ipv4(B4, A4, 17, g.udp(1, 2, text))
    snap = b'\xaa\xaa\x03\0\0\0\x08\0' + datagram
    frames = {
        'a first fragment that ends before the ports do': g.ether(MACS['a'], MACS['b'], 0x800, g.ipv4(B4, A4, 6, text[:8], number=14, more=True)),
        'a header that says it is shorter than a header': g.ether(MACS['a'], MACS['b'], 0x800, b'\x44' + datagram[1:]),
        'a third VLAN tag': g.ether(MACS['a'], MACS['b'], 0x8100, struct.pack('>HH', 3, 0x800) + datagram, (0x88a8, 1), (0x8100, 2)),
        'IP behind 802.2 and SNAP': g.ether(MACS['a'], MACS['b'], len(snap), snap),
        'the same behind a tag': g.ether(MACS['a'], MACS['b'], len(snap), snap, (0x8100, 0)),
    }
    for what, frame in frames.items():
        checks.point(not crosses(there, here, frame, text[:8], 0.12), what)
    checks.point(rig.count()['odd-dropped'] == len(frames), 'each is counted', rig.count())
    spanning = b'\x42\x42\x03\0\0\0\0\0' + text
    checks.point(crosses(there, here, g.ether(MACS['a'], MACS['b'], len(spanning), spanning), text[:8]), 'a frame of the spanning tree is none of them')
    rig.policy('none switch enforce closed\n')
    checks.point(all(crosses(there, here, frame, text[:8]) for frame in frames.values()), 'where everything is switched they are nobody\'s business')
    rig.policy('none drop enforce open\nconduit 2 1 drop shadow open\n')
    before = rig.count()['would']
    checks.point(all(crosses(there, here, frame, text[:8]) for frame in frames.values()) and rig.count()['would'] == before + len(frames), 'in shadow they pass, counted', rig.count())
    rig.end()


def echo():
    """A permitted echo is answered, and permits nothing else."""
    rig = lab.rig('none drop enforce open\nconduit 2 1 drop enforce open\nrule 1 8 8 switch\n', 'none')

    def message(kind, sender, receiver, source, destination):
        body = struct.pack('>BBHHH', kind, 0, 0, 7, 7) + b'echo-text'
        macs = (MACS['a'], MACS['b']) if sender is there else (MACS['b'], MACS['a'])
        return crosses(sender, receiver, g.ether(*macs, 0x800, g.ipv4(source, destination, 1, body)), b'echo-text', 0.12)

    checks.point(message(8, there, here, B4, A4) and message(0, here, there, A4, B4), 'an echo that a rule permits, and its answer')
    checks.point(not message(5, there, here, B4, A4) and not message(13, there, here, B4, A4), 'but neither a redirect nor a time stamp')
    print('#', rig.ask('remove'), flush=True)
    rig.end()


through_untouched()
through_engine()
zones()
pieces()
modes()
odd()
echo()
checks.point(not os.path.exists(lab.pins), 'nothing is left pinned when the gateway was taken away')
checks.finish()
