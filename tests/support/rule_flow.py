# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes of what rule_text read the conversation that the rule asks for: its messages in the rule's protocol, as packets between two hosts of its own.

import ipaddress
import re
import struct

import gateway_talk as talk

PORTS = {'HTTP_PORTS': '80', 'SHELLCODE_PORTS': '!80', 'ORACLE_PORTS': '1521', 'SSH_PORTS': '22', 'DNP3_PORTS': '20000', 'MODBUS_PORTS': '502', 'FILE_DATA_PORTS': '[80,110,143]',
         'FTP_PORTS': '21', 'GENEVE_PORTS': '6081', 'VXLAN_PORTS': '4789', 'TEREDO_PORTS': '3544'}
HOSTS = ('HOME_NET', 'EXTERNAL_NET', 'HTTP_SERVERS', 'SMTP_SERVERS', 'SQL_SERVERS', 'DNS_SERVERS', 'TELNET_SERVERS', 'AIM_SERVERS', 'DC_SERVERS', 'DNP3_SERVER', 'DNP3_CLIENT',
         'MODBUS_CLIENT', 'MODBUS_SERVER', 'ENIP_CLIENT', 'ENIP_SERVER')
USUAL = {'http': 80, 'tls': 443, 'dns': 53, 'smtp': 25, 'ftp': 21, 'ssh': 22, 'smb': 445}
HEADERS = {'http.host': b'Host', 'http.host.raw': b'Host', 'http.user_agent': b'User-Agent', 'http.referer': b'Referer', 'http.cookie': b'Cookie', 'http.accept': b'Accept',
           'http.accept_enc': b'Accept-Encoding', 'http.accept_lang': b'Accept-Language', 'http.connection': b'Connection', 'http.content_type': b'Content-Type',
           'http.content_len': b'Content-Length', 'http.server': b'Server', 'http.location': b'Location'}
OF_ANSWER = ('http.stat_code', 'http.stat_msg', 'http.response_body', 'http.response_line', 'http.server', 'http.location')
LISTED = r'\[?\s*((?:[0-9a-f]+:[0-9a-f:]+|\d[\d.]*)(?:/\d+)?)'  # the first address of a list
ATTRIBUTES = {'CN': 3, 'SN': 4, 'C': 6, 'L': 7, 'ST': 8, 'STREET': 9, 'O': 10, 'OU': 11}


def port_of(text, proto):
    """A port that the rule's list of ports holds."""
    text = re.sub(r'\$(\w+)', lambda m: PORTS.get(m.group(1), 'any'), text)
    barred = [int(n) for n in re.findall(r'!\[?(\d+)', text)] + ([int(n) for n in re.findall(r'\d+', text)] if text.startswith('![') else [])
    words = [] if text.startswith('!') else [w for w in re.split(r'[\[\],]+', text) if w and not w.startswith('!')]
    usual = USUAL.get(proto, 9999)
    for word in words:
        low, colon, high = word.partition(':')
        if word != 'any' and int(low or 0) <= usual <= int(high or (65535 if colon else low)):
            return usual
    for word in words:
        low, colon, _ = word.partition(':')
        if word != 'any':
            return int(low or 1) if not colon or int(low or 1) > 1023 else max(int(low or 1), 1)
    return next(p for p in (usual, 9998, 9997) if p not in barred)


def host_of(text, own):
    first = re.match(LISTED, text)
    return ipaddress.ip_network(first.group(1), strict=False)[0].packed if first else own


def data_of(buffers, name, fill=97):
    return buffers[name].bytes(fill) if name in buffers else b''


def escaped(data):
    return b''.join(bytes([c]) if 32 < c < 127 and c not in b'%#' else b'%%%02X' % c for c in data)


def standing(made):
    """A header's value that keeps the spaces at its ends."""
    value = made.bytes(97)
    value = b'a' + value if value.startswith(b' ') else value
    return value + b'a' if value.endswith(b' ') else value


def path_of(made, front):
    """A path as long as the rule asks; `front`: it begins with a slash of its own."""
    size = (max(made.size[0] - front, 0), made.size[1])
    return (b'/' if front else b'') + type(made)(made.data, made.fixed, made.end, made.last, size).bytes(97)


def headers(buffers, names, body, host):
    """The lines of a message's head, in the order that header_names asks."""
    block = data_of(buffers, 'http.header') + data_of(buffers, 'http.header.raw')
    if block and b':' not in block.split(b'\r\n')[0]:
        block = (b'X' if block.startswith(b'\r\n') else b'X: ') + block if not block.startswith(b'\r\n') else b'X: a' + block
    lines = [line if b':' in line else b'Y: ' + line for line in block.split(b'\r\n') if line]
    have = {line.split(b':')[0].lower() for line in lines}
    for name, key in names.items():
        if name in buffers and key.lower() not in have:
            lines.append(key + b': ' + standing(buffers[name]))
            have.add(key.lower())
    if host and b'host' not in have:
        lines.append(b'Host: a.test')
    if body and b'content-length' not in have:
        lines.append(b'Content-Length: %d' % len(body))
    order = [n for n in data_of(buffers, 'http.header_names').split(b'\r\n') if n]
    if order:
        known = {line.split(b':')[0].lower(): line for line in lines}
        lines = [known.pop(n.lower(), n + b': a') for n in order] + list(known.values())
    return b''.join(line + b'\r\n' for line in lines) + b'\r\n'


def http(rule, buffers):
    answers = rule.to_client
    asked = {k: v for k, v in buffers.items() if not (answers and (k.startswith(('http.header', 'http.content', 'http.connection')) or k in OF_ANSWER or k == 'http.cookie'))
             and k not in OF_ANSWER}
    raw = b'' if answers else data_of(buffers, 'payload')
    body = data_of(asked, 'http.request_body') + (b'' if answers else data_of(buffers, 'file.data'))
    method = data_of(asked, 'http.method').strip() or (b'POST' if body else b'GET')
    made, whole = asked.get('http.uri'), b''
    if made:
        whole = made.bytes(97)
        whole = escaped(whole if whole.startswith((b'/', b'http')) or made.literals and made.size[1] == len(whole) else path_of(made, True))
    uri = whole + data_of(asked, 'http.uri.raw').replace(b' ', b'%20') or b'/'
    uri = uri if whole or uri.startswith((b'/', b'http')) else b'/' + uri
    line = data_of(asked, 'http.request_line') or data_of(asked, 'http.start') or b'%s %s %s' % (method, uri, data_of(asked, 'http.protocol') or b'HTTP/1.1')
    if b' HTTP/' not in line and b'HTTP/' not in data_of(asked, 'http.protocol'):
        line = (line if b' ' in line.strip() else method + b' ' + line).rstrip() + b' HTTP/1.1'
    if re.match(rb'[A-Z]{3,8} ', raw):
        request = raw if b'HTTP/' in raw else raw + b' HTTP/1.1\r\nHost: a\r\n\r\n'
    else:
        body += raw
        request = line + (b'\r\n' if b'\r\n' not in line else b'') + headers(asked, {k: v for k, v in HEADERS.items() if k not in OF_ANSWER}, body, True) + body
    told = {k: v for k, v in buffers.items() if answers}
    body = data_of(told, 'file.data') + data_of(told, 'http.response_body')
    raw = data_of(told, 'payload')
    if raw.startswith(b'HTTP/'):
        return [(0, request), (1, raw + b'\r\n\r\n')]
    body += raw
    first = data_of(told, 'http.response_line') or data_of(told, 'http.start') or b'HTTP/1.1 %s %s' % (data_of(told, 'http.stat_code') or b'200', data_of(told, 'http.stat_msg') or b'OK')
    cookie = {**{k: v for k, v in HEADERS.items() if k in OF_ANSWER or 'content' in k or 'connection' in k}, 'http.cookie': b'Set-Cookie'}
    return [(0, request), (1, first + b'\r\n' + headers(told, cookie, body, False).replace(b'\r\n\r\n', b'\r\n' if not body else b'\r\n\r\n')
                           + (b'' if body else b'Content-Length: 0\r\n\r\n') + body)]


def dns(rule, buffers, udp):
    if 'dns.query' not in buffers:
        return [(int(rule.to_client), data_of(buffers, 'payload'))]
    made = buffers['dns.query']
    name = made.bytes(97)
    if name.startswith(b'.'):
        name = b'a' + name
    labels = b''.join(bytes([len(part)]) + part for part in (p[:63] or b'a' for p in name.split(b'.')))
    kind = 1
    query = struct.pack('>HHHHHH', 7, 0x0100, 1, 0, 0, 0) + labels + b'\0' + struct.pack('>HH', kind, 1)
    return [(0, query if udp else struct.pack('>H', len(query)) + query)]


def der(tag, data):
    size = len(data)
    return bytes([tag]) + (bytes([size]) if size < 128 else b'\x82' + struct.pack('>H', size)) + data


def name_of(text):
    parts = []
    for part in text.decode('latin-1').split(', '):
        key, equal, value = part.partition('=')
        if not equal or key.strip() not in ATTRIBUTES:
            key, value = 'CN' if not equal else 'O', part
        parts.append(der(0x31, der(0x30, der(6, bytes([0x55, 4, ATTRIBUTES[key.strip()]])) + der(0x0c, value.encode('latin-1')))))
    return der(0x30, b''.join(parts))


def certificate(buffers):
    serial = bytes.fromhex(re.sub(rb'[^0-9A-Fa-f]', b'', data_of(buffers, 'tls.cert_serial')).decode() or '11')
    algorithm = der(0x30, der(6, bytes.fromhex('2a864886f70d01010b')) + der(5, b''))
    dates = der(0x30, der(0x17, b'240101000000Z') + der(0x17, b'340101000000Z'))
    key = der(0x30, algorithm + der(3, b'\0' + bytes(64)))
    body = der(0xa0, der(2, b'\2')) + der(2, serial) + algorithm + name_of(data_of(buffers, 'tls.cert_issuer') or b'CN=i') + dates + name_of(data_of(buffers, 'tls.cert_subject') or b'CN=s') + key
    return der(0x30, der(0x30, body) + algorithm + der(3, b'\0' + bytes(64)))


def record(kind, data):
    return b'\x16\x03\x03' + struct.pack('>H', len(data) + 4) + bytes([kind]) + struct.pack('>I', len(data))[1:] + data


def tls(rule, buffers):
    sni = data_of(buffers, 'tls.sni') or b'a.test'
    entry = struct.pack('>BH', 0, len(sni)) + sni
    names = struct.pack('>H', len(entry)) + entry
    more = struct.pack('>HH', 0, len(names)) + names
    hello = b'\3\3' + bytes(32) + b'\0' + b'\0\4\0\x2f\0\x35' + b'\1\0' + struct.pack('>H', len(more)) + more
    raw = data_of(buffers, 'payload')
    cert = der(0x30, raw) if raw and rule.to_client else data_of(buffers, 'tls.certs') or certificate(buffers)
    listed = struct.pack('>I', len(cert))[1:] + cert
    said = [(0, record(1, hello)), (1, record(2, b'\3\3' + bytes(32) + b'\0\0\x2f\0') + record(11, struct.pack('>I', len(listed))[1:] + listed))]
    return said + ([(0, b'\x17\3\3' + struct.pack('>H', len(raw)) + raw)] if raw and not rule.to_client else [])


OPENINGS = {'smtp': [(1, b'220 a ESMTP\r\n'), (0, b'EHLO a\r\n'), (1, b'250 a\r\n')], 'ftp': [(1, b'220 a FTP\r\n'), (0, b'USER a\r\n'), (1, b'331 a\r\n')],
            'ssh': [(1, b'SSH-2.0-a\r\n'), (0, b'SSH-2.0-b\r\n')]}


def messages(rule, buffers, udp):
    fab = rule.proto.split('-')[0]
    if fab == 'http' or any(name.startswith('http.') or name == 'file.data' for name in buffers):
        return http(rule, buffers)
    if fab == 'dns' or 'dns.query' in buffers:
        return dns(rule, buffers, udp)
    if fab == 'tls' or any(name.startswith('tls.') for name in buffers):
        return tls(rule, buffers)
    data = data_of(buffers, 'payload')
    if len(data) < rule.size[0]:
        data += b'a' * (rule.size[0] - len(data))
    return OPENINGS.get(fab, []) + [(int(rule.to_client), data or b'a')]


def chain(rule, setters, depth=0):
    """The rules that set what this one asks, first the first; None where none is known."""
    found = []
    for bit in rule.needs:
        setter = setters.get(bit)
        if depth > 3 or setter is None or setter is rule:
            return None
        before = chain(setter, setters, depth + 1)
        if before is None:
            return None
        found += before + [setter]
    return found


def holds(expression, flags, data):
    try:
        return re.search(expression, data, (re.I if 'i' in flags else 0) | (re.S if 's' in flags else 0) | (re.M if 'm' in flags else 0)) is not None
    except (re.error, RecursionError):
        return True


def others(byte):
    """What a byte is changed into: of its own kind first."""
    made = [byte ^ 3, byte ^ 1, byte ^ 2, byte ^ 8]
    return [b for b in made if chr(b).isalnum() and b < 128] + made[1:2] if chr(byte).isalnum() else [byte ^ 1]


def off_content(made, at, data):
    """The place and the byte that make a content's bytes occur nowhere; None where another copy of them stays."""
    whole = made.bytes(97).lower()
    index = next((i for i in range(len(data) // 2, len(data)) if chr(data[i]).isalnum()), len(data) // 2)
    other = others(data[index])[0]
    start = len(whole) - len(data) if at < 0 else at
    changed_whole = whole[:start + index] + bytes([other]).lower() + whole[start + index + 1:]
    return index, other, data.lower() in changed_whole


def off_expression(made, at, data, expression, flags):
    """The same of an expression's example."""
    whole = made.bytes(97)
    start = len(whole) - len(data) if at < 0 else at
    for index in sorted(range(len(data)), key=lambda i: (not chr(data[i]).isalnum(), abs(i - len(data) // 2)))[:40]:
        for other in others(data[index]):
            if not holds(expression, flags, whole[:start + index] + bytes([other]) + whole[start + index + 1:]):
                return index, other
    return None


def nearest(rule):
    """Copies of the rule's buffers with one byte of one literal or expression changed: what leaves no other copy first, the longest literals first."""
    found = []
    for name, made in rule.buffers.items():
        places = [(at, data) for at, data in made.literals if made.data[at:at + len(data)] == data] + ([(-1, made.last)] if made.last else [])
        for at, data in places:
            if data:
                index, other, stays = off_content(made, at, data)
                found.append((stays, -len(data), name, at, index, other))
        for at, data, expression, flags in made.expressions:
            off = off_expression(made, at, data, expression, flags) if at < 0 or made.data[at:at + len(data)] == data else None
            if off:
                found.append((False, 0, name, at, *off))
    found.sort(key=lambda f: f[:2])
    chosen = found[:2] + [f for f in found[2:] if f[1] == 0 and not f[0]][:1]
    return [f[2:] for f in (chosen if len(chosen) == 3 else found[:3])]


def changed(made, at, index, other):
    copy = type(made)(bytearray(made.data), set(made.fixed), made.end, made.last, made.size, list(made.literals))
    if at < 0:
        copy.last = made.last[:index] + bytes([other]) + made.last[index + 1:]
    else:
        copy.data[at + index] = other
    return copy


def aside(text, host):
    """A host one byte off of one that the list has, and that the list has not."""
    nets = [ipaddress.ip_network(word, strict=False) for word in re.findall(r'[\d.]+(?:/\d+)?' if len(host) == 4 else r'[0-9a-f:]+(?:/\d+)?', text)
            if (':' in word) == (len(host) == 16)]
    for index in range(len(host) - 1, -1, -1):
        for bit in (1, 2, 64, 128, 16):
            other = host[:index] + bytes([host[index] ^ bit]) + host[index + 1:]
            if not any(ipaddress.ip_address(other) in net for net in nets):
                return other
    raise ValueError('no host is beside the list')


def ends_of(number, rule, bent):
    """The addresses and ports of the rule's sender and receiver; bent: its listed host or its port is one off."""
    sender, receiver = [ipaddress.ip_address(base + number).packed for base in (0x0b000001, 0x15000001)]
    sender, receiver = host_of(rule.ends[0], sender), host_of(rule.ends[2], receiver)
    to, back = port_of(rule.ends[3], '' if rule.to_client else rule.proto), port_of(rule.ends[1], rule.proto if rule.to_client else '')
    if bent == 'host':
        sender, receiver = [aside(text, host) if re.match(LISTED, text) else host for text, host in ((rule.ends[0], sender), (rule.ends[2], receiver))]
    elif bent == 'port':
        to, back = [port ^ 1 if re.match(r'\d+$', text) else port for text, port in ((rule.ends[3], to), (rule.ends[1], back))]
    if len(sender) != len(receiver):
        sender, receiver = [host if len(host) == 16 else bytes([0x2a, 0xff]) + bytes(10) + host for host in (sender, receiver)]
    return (receiver, sender, to, back) if rule.to_client else (sender, receiver, back, to)


def bends(rule):
    """What else than a byte of its data may be one off."""
    if any(made.literals or made.last or made.expressions for made in rule.buffers.values()):
        return []
    return [kind for kind, text in (('host', rule.ends[0]), ('host', rule.ends[2])) if re.match(LISTED, text)][:1] or \
        [kind for kind, text in (('port', rule.ends[3]), ('port', rule.ends[1])) if re.match(r'\d+$', text)][:1]


def conversation(number, rule, before, buffers, bent=None):
    """The packets of one flow; the host's address tells whose it is."""
    udp = rule.proto in ('udp', 'dns')
    client, server, low, high = ends_of(number, rule, bent)
    said = talk.Talk(high, udp, False)
    said.ports = (low if low not in (9999, 9998, 9997) else 20000 + number % 40000, high)
    talk.ADDRESS = (client, server)
    if not udp:
        for who, flags in ((0, 2), (1, 0x12), (0, 0x10)):
            said.segment(who, flags)
    for part in before:
        for who, data in messages(part, part.buffers, udp):
            said.send(who, data)
    for _ in range(min(rule.times, 60)):
        for who, data in messages(rule, buffers, udp):
            said.send(who, data)
    return said.packets, {str(ipaddress.ip_address(client)), str(ipaddress.ip_address(server))}
