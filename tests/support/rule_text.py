# SPDX-License-Identifier: GPL-3.0-or-later
#
# Reads a rule in Suricata's language into what a flow that it alerts on must carry: buffers of bytes, each made from its contents, expressions and numbers. Shares
# nothing with the engine's reader. What it cannot make it leaves out; the engine says whether the flow alerts.

import re
from dataclasses import dataclass, field

try:
    import re._parser as sre
except ImportError:
    import sre_parse as sre

STICKY = {'http_uri': 'http.uri', 'http_raw_uri': 'http.uri.raw', 'http_header': 'http.header', 'http_raw_header': 'http.header.raw', 'http_method': 'http.method',
          'http_cookie': 'http.cookie', 'http_user_agent': 'http.user_agent', 'http_host': 'http.host', 'http_raw_host': 'http.host.raw', 'http_client_body': 'http.request_body',
          'http_server_body': 'http.response_body', 'http_stat_code': 'http.stat_code', 'http_stat_msg': 'http.stat_msg'}
OF_PCRE = {'U': 'http.uri', 'I': 'http.uri.raw', 'P': 'http.request_body', 'Q': 'http.response_body', 'H': 'http.header', 'D': 'http.header.raw', 'M': 'http.method',
           'C': 'http.cookie', 'S': 'http.stat_code', 'Y': 'http.stat_msg', 'V': 'http.user_agent', 'W': 'http.host', 'Z': 'http.host.raw'}
OLD = {'file_data': 'file.data', 'tls_sni': 'tls.sni', 'dns_query': 'dns.query', 'ja3_hash': 'ja3.hash', 'http_request_line': 'http.request_line', 'dce_stub_data': 'payload',
       'dcerpc.stub_data': 'payload', 'pkt_data': 'payload', 'http_header_names': 'http.header_names', 'http_content_type': 'http.content_type', 'http_referer': 'http.referer',
       'http_accept': 'http.accept', 'http_start': 'http.start', 'http_connection': 'http.connection', 'http_content_len': 'http.content_len',
       'tls_cert_subject': 'tls.cert_subject', 'tls.subject': 'tls.cert_subject', 'tls_cert_issuer': 'tls.cert_issuer', 'tls.issuerdn': 'tls.cert_issuer',
       'tls.cert_subject': 'tls.cert_subject', 'http_protocol': 'http.protocol', 'http_response_line': 'http.response_line', 'http_accept_enc': 'http.accept_enc',
       'http_accept_lang': 'http.accept_lang'}
OTHERS = {'http.uri', 'http.uri.raw', 'http.header', 'http.header.raw', 'http.method', 'http.cookie', 'http.user_agent', 'http.host', 'http.host.raw', 'http.request_body',
          'http.response_body', 'http.stat_code', 'http.stat_msg', 'http.request_line', 'http.response_line', 'http.header_names', 'http.content_type', 'http.content_len',
          'http.referer', 'http.accept', 'http.accept_enc', 'http.accept_lang', 'http.connection', 'http.start', 'http.server', 'http.location', 'http.protocol', 'file.data',
          'tls.sni', 'tls.certs', 'tls.cert_issuer', 'tls.cert_serial', 'tls.cert_fingerprint', 'dns.query', 'ja3.hash', 'ja3s.hash', 'smb.named_pipe', 'smb.share'}

OF_ANSWER = {'http.stat_code', 'http.stat_msg', 'http.response_body', 'http.response_line', 'http.server', 'http.location'}


@dataclass
class Made:
    """A buffer while it is made."""
    data: bytearray = field(default_factory=bytearray)
    fixed: set = field(default_factory=set)  # places that a condition holds
    end: int = 0                             # behind the last match
    last: bytes = b''                        # to stand at the end
    size: tuple = (0, 0)                     # at least, at most (0 = any)
    literals: list = field(default_factory=list)  # (place, bytes) of contents, for the near miss
    expressions: list = field(default_factory=list)  # (place, bytes, expression, flags), for the same; place -1 = the last

    def put(self, at, data, literal=False):
        if len(self.data) < at + len(data):
            self.data += b'\0' * (at + len(data) - len(self.data))
        self.data[at:at + len(data)] = data
        self.fixed.update(range(at, at + len(data)))
        self.end = at + len(data)
        if literal:
            self.literals.append((at, data))

    def free(self, at, size):
        while not self.fixed.isdisjoint(range(at, at + size)):
            at += 1
        return at

    def bytes(self, fill):
        out = bytearray(b if i in self.fixed else fill for i, b in enumerate(self.data))
        least = self.size[0]
        if least > len(out) + len(self.last):
            out += bytes([fill]) * (least - len(out) - len(self.last))
        return bytes(out + self.last)


@dataclass
class Rule:
    sid: int = 0
    action: str = 'alert'
    proto: str = 'tcp'
    ends: tuple = ()
    options: list = field(default_factory=list)
    buffers: dict = field(default_factory=dict)
    to_client: bool = False
    sets: set = field(default_factory=set)
    needs: list = field(default_factory=list)
    silent: bool = False
    times: int = 1
    size: tuple = (0, 0)


def split_options(text):
    out, word, quoted, i = [], '', False, 0
    while i < len(text):
        c = text[i]
        if c == '\\' and i + 1 < len(text):
            word += text[i:i + 2]
            i += 2
            continue
        quoted ^= c == '"'
        if c == ';' and not quoted:
            name, _, value = word.strip().partition(':')
            out.append((name.strip(), value.strip()))
            word = ''
        else:
            word += c
        i += 1
    return [(n, v) for n, v in out if n]


def content_bytes(text):
    out, i = bytearray(), 0
    while i < len(text):
        if text[i] == '|':
            end = text.index('|', i + 1)
            out += bytes.fromhex(text[i + 1:end].replace(' ', ''))
            i = end + 1
            continue
        if text[i] == '\\' and i + 1 < len(text):
            i += 1
        out += text[i].encode('latin-1', 'replace')
        i += 1
    return bytes(out)


def from_set(items):
    negated, chosen, barred = False, [], set()
    for op, value in items:
        name = str(op)
        if name == 'NEGATE':
            negated = True
        elif name == 'LITERAL':
            chosen.append(value)
        elif name == 'RANGE':
            chosen.append(max(value[0], min(value[1], 97)))
            barred.update(range(value[0], value[1] + 1))
        elif name == 'CATEGORY':
            chosen.append({'CATEGORY_DIGIT': 53, 'CATEGORY_SPACE': 32, 'CATEGORY_WORD': 97}.get(str(value), 46))
            barred.update({'CATEGORY_DIGIT': range(48, 58), 'CATEGORY_SPACE': (9, 10, 11, 12, 13, 32),
                           'CATEGORY_WORD': [c for c in range(128) if chr(c).isalnum() or c == 95]}.get(str(value), ()))
    if not negated:
        return bytes([chosen[0] & 255])
    barred.update(chosen)
    return bytes([next((c for c in [97, 53, 46, 45, 32, 1] if c not in barred), 64)])


def example(tree, groups):
    """Bytes that an expression matches, as short as it may be."""
    out = b''
    for op, value in tree:
        name = str(op)
        if name == 'LITERAL':
            out += bytes([value & 255])
        elif name == 'NOT_LITERAL':
            out += b'b' if value == 97 else b'a'
        elif name == 'ANY':
            out += b'a'
        elif name == 'IN':
            out += from_set(value)
        elif name == 'BRANCH':
            out += example(value[1][0], groups)
        elif name == 'SUBPATTERN':
            part = example(value[3], groups)
            groups[value[0]] = part
            out += part
        elif name in ('MAX_REPEAT', 'MIN_REPEAT', 'POSSESSIVE_REPEAT'):
            out += b''.join(example(value[2], groups) for _ in range(value[0]))
        elif name == 'GROUPREF':
            out += groups.get(value, b'')
        elif name == 'ATOMIC_GROUP':
            out += example(value, groups)
        elif name == 'ASSERT' and value[0] > 0:
            out += example(value[1], groups)
    return out


def of_pcre(text):
    """(bytes, flags, at the beginning, at the end) or None."""
    body, _, flags = text[1:].rpartition('/')
    body = body.replace('\\/', '/')
    try:
        tree = sre.parse(body.encode('latin-1', 'replace'), re.DOTALL)
    except (re.error, OverflowError, RecursionError, ValueError):
        return None
    places = [str(v) for op, v in tree if str(op) == 'AT']
    return example(tree, {}), flags, any('BEGIN' in p for p in places), any('END' in p for p in places)


def number(text, known):
    text = text.strip()
    try:
        return int(text, 0)
    except ValueError:
        return known.get(text, 0)


class Maker:
    def __init__(self, rule):
        self.rule, self.at, self.known, self.chain = rule, 'payload', {}, []

    def buffer(self, name=None):
        return self.rule.buffers.setdefault(name or self.at, Made())

    def modifiers(self, i):
        found, name = {}, self.at
        for key, value in self.rule.options[i + 1:]:
            if key in STICKY:
                name = STICKY[key]
            elif key in ('offset', 'depth', 'distance', 'within'):
                found[key] = number(value, self.known)
            elif key in ('startswith', 'endswith'):
                found[key] = True
            elif key not in ('nocase', 'fast_pattern', 'rawbytes'):
                break
        return found, name

    def content(self, i, value):
        found, name = self.modifiers(i)
        if value.startswith('!'):
            return
        data, made = content_bytes(value.strip('"')), self.buffer(name)
        if found.get('endswith') and not found.get('startswith'):
            if not made.last.endswith(data):
                made.last = data
            return
        if 'distance' in found or 'within' in found:
            at = made.end + max(found.get('distance', 0), -made.end)
            at = at if found.get('distance', 0) < 0 else made.free(at, len(data))
        elif 'offset' in found or 'depth' in found or found.get('startswith'):
            at = found.get('offset', 0)
            if bytes(made.data[at:at + len(data)]) != data:
                at = made.free(at, len(data))
        else:
            where = bytes(made.data).find(data)
            at = where if where >= 0 else len(made.data)
        made.put(at, data, True)
        if found.get('startswith') and found.get('endswith'):
            made.size = (len(data), len(data))

    def pcre(self, value):
        if value.startswith('!'):
            return
        told = of_pcre(value.strip('"'))
        if not told:
            return
        data, flags, begins, ends = told
        made = self.buffer(next((OF_PCRE[f] for f in flags if f in OF_PCRE), self.at))
        rest = re.sub('[^imsxAEGRB]', '', flags)
        if self.holds(value, bytes(made.bytes(97)), rest):
            return
        at = len(made.data)
        if 'R' in rest:
            at = made.end
            made.put(at, data)
        elif begins and not made.fixed:
            at = 0
            made.put(at, data)
        elif self.front(made, data, begins):
            at = 0
        elif begins:
            return
        elif ends:
            at, made.last = -1, data
        else:
            made.put(at, data)
        if 'R' not in rest and data:
            made.expressions.append((at, data, self.expression(value), rest))

    @staticmethod
    def expression(value):
        return value.strip('"')[1:].rpartition('/')[0].replace('\\/', '/').encode('latin-1', 'replace')

    @staticmethod
    def front(made, data, begins):
        """An expression that says again what the contents said: it alone, when they are in it."""
        if not (made.literals and all(literal in data for _, literal in made.literals) or begins and not made.literals) or made.last:
            return False
        made.data, made.fixed = bytearray(data), set(range(len(data)))
        made.literals = [(data.find(literal), literal) for _, literal in made.literals]
        made.end = len(data)
        return True

    @staticmethod
    def holds(value, data, flags):
        if 'R' in flags:
            return False
        body = value.strip('"')[1:].rpartition('/')[0].replace('\\/', '/')
        try:
            return re.search(body.encode('latin-1'), data, re.I if 'i' in flags else 0) is not None
        except (re.error, UnicodeError, OverflowError):
            return False

    def byte_test(self, value):
        words = [w.strip() for w in value.split(',')]
        if len(words) < 4:
            return
        size, op, made = number(words[0], {}), words[1], self.buffer()
        want, at = number(words[2], self.known), number(words[3], self.known)
        at += made.end if 'relative' in words else 0
        good = {'>': want + 1, '<': max(want - 1, 0), '=': want, '>=': want, '<=': want, '&': want, '!&': 0, '!=': want + 1, '!>': want, '!<': want, '^': want}.get(op, want)
        if at < 0 or not made.fixed.isdisjoint(range(at, at + size)):
            return
        end = made.end
        if 'string' in words:
            made.put(at, (b'%x' if 'hex' in words else b'%d') % good if not size else (b'%0*x' if 'hex' in words else b'%0*d') % (size, good))
            made.end = end
            return
        made.put(at, (good & (1 << 8 * size) - 1).to_bytes(size, 'little' if 'little' in words else 'big'))
        made.end = end

    def byte_jump(self, value):
        words = [w.strip() for w in value.split(',')]
        size, made = number(words[0], {}), self.buffer()
        at = number(words[1], self.known) + (made.end if 'relative' in words else 0)
        if made.fixed.isdisjoint(range(at, at + size)) and at >= 0 and 'string' not in words:
            made.put(at, b'\0' * size)
        made.end = at + size + next((number(w.split()[1], {}) for w in words if w.startswith('post_offset')), 0)

    def sizes(self, key, value):
        low, high = value, value
        if '<>' in value:
            low = str(number(value.split('<>')[0], {}) + 1)
        elif value[0] == '<':
            low = high = str(max(number(value.strip('<='), {}) - 1, 0)) if '=' not in value else value.strip('<=')
            low = '0'
        elif value[0] in '>':
            low = value.strip('>=') if '=' in value else str(number(value[1:], {}) + 1)
        size = (number(low, {}), number(high.strip('<>='), {}))
        if key == 'dsize':
            self.rule.size = size
        else:
            names = {OLD.get(name, STICKY.get(name, name)) for name, _ in self.rule.options}
            raw = 'http.uri' not in names and 'http.uri.raw' in names
            self.buffer(('http.uri.raw' if raw else 'http.uri') if key == 'urilen' else self.at).size = size

    def run(self):
        rule, directed = self.rule, False
        for i, (key, value) in enumerate(rule.options):
            name = OLD.get(key, key)
            if name in OTHERS or name in ('payload', 'tls.cert_subject'):
                self.at = name
                self.buffer()
            elif key == 'content':
                self.content(i, value)
            elif key == 'uricontent':
                self.at = 'http.uri'
                self.content(i, value)
            elif key == 'pcre':
                self.pcre(value)
            elif key == 'byte_test':
                self.byte_test(value)
            elif key == 'byte_jump':
                self.byte_jump(value)
            elif key in ('bsize', 'dsize', 'urilen') and value:
                self.sizes(key, value.split(',')[0])
            elif key == 'isdataat' and not value.startswith('!'):
                made = self.buffer()
                words = value.split(',')
                least = number(words[0], self.known) + 1 + (made.end if 'relative' in value else 0)
                made.size = (max(made.size[0], least), made.size[1])
            elif key == 'flow':
                directed |= 'to_' in value or 'from_' in value
                rule.to_client = 'to_client' in value or 'from_server' in value
            elif key == 'flowbits':
                self.flowbit([w.strip() for w in value.split(',')])
            elif key in ('threshold', 'detection_filter') and 'limit' not in value:
                found = re.search(r'count\s+(\d+)', value)
                rule.times = int(found.group(1)) + 1 if found else 1
        rule.to_client |= not directed and not OF_ANSWER.isdisjoint(rule.buffers)

    def flowbit(self, words):
        if words[0] == 'noalert':
            self.rule.silent = True
        elif words[0] == 'set':
            self.rule.sets.add(words[1])
        elif words[0] == 'isset':
            self.rule.needs.append(words[1].split('|')[0].strip())


def read(line):
    """A rule of one line, or None."""
    found = re.match(r'(\w+)\s+(\S+)\s+(\[.*?\]|\S+)\s+(\[.*?\]|\S+)\s+(->|<>)\s+(\[.*?\]|\S+)\s+(\[.*?\]|\S+)\s+\((.*)\)\s*$', line)
    if not found:
        return None
    action, proto, *ends, text = found.groups()
    rule = Rule(action=action, proto=proto, ends=(ends[0], ends[1], ends[3], ends[4]), options=split_options(text))
    rule.sid = int(dict(rule.options).get('sid', 0))
    rule.silent |= any(key == 'noalert' for key, _ in rule.options)
    Maker(rule).run()
    return rule
