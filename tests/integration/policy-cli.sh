#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=120
#
# The key ceremony and the life of a policy with the sekisho command alone: exit codes, --json, both languages, and the list of refusals on a
# machine's store: each leaves the last good policy in force.

. "$(dirname "$0")/../support/tap.sh"
sekisho=$build/sekisho
export LC_ALL=C
cd "$tmp" || exit 1
root=$tmp/root
mkdir "$root"

policy() {
	"$sekisho" policy "$@"
}

# value KEY: of the JSON on standard input
value() {
	python3 -c 'import json, sys; v = json.load(sys.stdin); print(v[sys.argv[1]] if isinstance(v, dict) else v[0][sys.argv[1]])' "$1"
}

in_force() {
	policy status --root "$root" --json 2>/dev/null | value serial
}

# draft SERIAL [LINE...]: a draft to enforce one program
draft() {
	printf 'part: lockdown\nserial: %s\n' "$1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@"
	printf 'lockdown:\n  mode: enforce\n  scope: [/]\n  programs:\n    - {sha256: %064d, name: /bin/x}\n' 7
}

# refused CODE FILE: the import is refused for this reason, and what was in force stays
refused() {
	local before after got
	before=$(in_force)
	got=$(policy import --root "$root" --org acme --json "$2" 2>/dev/null | value state)
	after=$(in_force)
	is "refused: $1, and serial $before stays in force" "$got $after" "$1 $before"
}

# Keys
exits 0 "keygen --plain makes a site key" policy keygen --plain site
is "the private key is for its owner alone" "$(stat -c %a site)" 600
exits 3 "keygen never overwrites a key" policy keygen --plain site
echo "three blind mice" >pass
exits 0 "keygen --pass-file makes an encrypted key" policy keygen --pass-file pass desk
fails "whose file does not hold the word plain" grep -q '^kdf none' desk
exits 0 "keygen makes another site's key" policy keygen --plain other
exits 0 "and a second desk's" policy keygen --plain desk2
exits 2 "keygen without a file name is a wrong call" policy keygen --plain
exits 2 "an unknown option is a wrong call" policy keygen --plane x
exits 2 "an unknown subcommand is a wrong call" policy keyjen
exits 3 "no terminal and no --pass-file: the environment does not allow it" setsid "$sekisho" policy keygen x </dev/null
id=$(policy show --json desk.pub | value keyid)
like "show says a public key's id" "$id" '^[0-9a-f]{16}$'

# Delegation
exits 0 "the site key delegates" policy delegate --site-key site --uses policy --holder "policy desk" --out desk.skd desk.pub
exits 0 "to a second desk, for releases alone" policy delegate --site-key site --uses release --out desk2.skd desk2.pub
exits 0 "another site delegates to the same desk" policy delegate --site-key other --uses policy --out foreign.skd desk.pub
exits 2 "an unknown use is a wrong call" policy delegate --site-key site --uses everything --out x desk.pub
exits 3 "a missing key file is the environment's" policy delegate --site-key nowhere --uses policy --out x desk.pub

# Drafts
draft 1 >good.yaml
exits 0 "a draft is checked" policy check good.yaml
printf 'part: lockdown\nlockdown:\n  mood: enforce\n' >typo.yaml
exits 1 "a typing error is found" policy check typo.yaml
like "with file, line, column and what was meant" "$(policy check typo.yaml 2>&1)" '^sekisho: typo.yaml:3:9: lockdown.mood: there is no such key; did you mean "mode"\?$'
printf 'part: lockdown\nlockdown:\n  mode: enforce\n  scope: [/]\n' >empty.yaml
exits 1 "an empty list is not enforced" policy check empty.yaml
exits 1 "nor signed" policy sign --key site --serial 1 --out x empty.yaml
fails "and nothing is written" [ -e x ]
policy draft >start.yaml
exits 0 "the empty draft is a good draft" policy check start.yaml

# Signing
exits 0 "a draft is signed" policy sign --key desk --pass-file pass --delegation desk.skd --out 1.skp good.yaml
echo wrong >wrong
exits 1 "not with a wrong pass phrase" policy sign --key desk --pass-file wrong --delegation desk.skd --out x good.yaml
exits 3 "an existing file is not overwritten" policy sign --key desk --pass-file pass --delegation desk.skd --out 1.skp good.yaml
exits 0 "verify takes it" policy verify --site-pub site.pub 1.skp
exits 1 "another site does not" policy verify --site-pub other.pub 1.skp
exits 1 "nor a machine with a higher serial" policy verify --site-pub site.pub --floor 2 1.skp
is "verify --json says why" "$(policy verify --json --site-pub site.pub --at 2001-01-01 1.skp 2>/dev/null | value refused)" delegation-not-yet
policy draft 1.skp >again.yaml
policy sign --key site --out again.skp again.yaml >/dev/null
is "a signed policy becomes a draft and the same payload again" "$(policy show --json again.skp | value payload)" "$(policy show --json 1.skp | value payload)"

# On a machine
exits 1 "nothing is in force before" policy status --root "$root"
exits 1 "nothing is taken before a site key is pinned" policy import --root "$root" 1.skp
exits 0 "the site key is pinned" policy pin --root "$root" site.pub
exits 0 "pinning it again changes nothing" policy pin --root "$root" site.pub
exits 1 "another one is refused" policy pin --root "$root" other.pub
exits 0 "objects go into one bundle" policy bundle --out 1.skb 1.skp desk.skd
exits 0 "the bundle is imported" policy import --root "$root" 1.skb
find "$root" -type f -exec sha256sum {} + | sort >before
exits 0 "and imported again" policy import --root "$root" 1.skb
find "$root" -type f -exec sha256sum {} + | sort >after
check "which changes nothing" cmp before after
is "serial 1 is in force" "$(in_force)" 1
draft 5 >5.yaml
policy sign --key desk --pass-file pass --delegation desk.skd --out 5.skp 5.yaml >/dev/null
exits 0 "a newer policy is imported" policy import --root "$root" 5.skp

# The list of refusals
sign_with() {
	local out=$1 key=$2 delegation=$3
	shift 3
	draft "$@" >refused.yaml
	policy sign --key "$key" --pass-file pass --delegation "$delegation" --out "$out" refused.yaml >/dev/null
}
sign_with older.skp desk desk.skd 4
refused older-serial older.skp
sign_with same.skp desk desk.skd 5 "title: other content"
refused same-serial same.skp
sign_with label.skp desk desk.skd 6 "labels: {org: [other]}"
refused other-label label.skp
sign_with expired.skp desk desk.skd 6 "not_before: 2020-01-01" "expires: 2020-01-02"
refused expired expired.skp
sign_with foreign.skp desk foreign.skd 6
refused wrong-delegation foreign.skp
sign_with use.skp desk2 desk2.skd 6
refused use-not-allowed use.skp
python3 - <<'PY'
import json
e = json.load(open('5.skp'))
json.dump({**e, 'signatures': []}, open('unsigned.skp', 'w'))
sig = e['signatures'][0]['sig']
e['signatures'][0]['sig'] = ('B' if sig[0] == 'A' else 'A') + sig[1:]
json.dump(e, open('changed.skp', 'w'))
PY
refused unsigned unsigned.skp
refused bad-signature changed.skp
head -c 500 5.skp >cut.skp
refused malformed cut.skp
head -c 500 1.skb >cut.skb
exits 1 "a bundle that is cut short is refused" policy import --root "$root" cut.skb
like "with the place" "$(policy import --root "$root" cut.skb 2>&1)" '^sekisho: cut.skb: byte [0-9]+: the bundle is cut short'
sign_with waits.skp desk desk.skd 7 "not_before: 2999-01-01" "expires: 2999-02-01"
refused not-yet waits.skp
exits 0 "the desk's key is revoked" policy revoke --site-key site --serial 1 --reason lost --out 1.skr "$id"
exits 2 "a second list needs the first" policy revoke --site-key site --out 2.skr "$id"
exits 0 "the revocation is imported" policy import --root "$root" 1.skr
sign_with revoked.skp desk desk.skd 8
refused revoked-key revoked.skp
exits 1 "status tells that the only policies are of a revoked key" policy status --root "$root"
is "and keeps the last one in force" "$(policy status --root "$root" --json | value state)" revoked
draft 9 >9.yaml
policy sign --key site --out 9.skp 9.yaml >/dev/null
exits 0 "a policy by the site key itself puts it right" policy import --root "$root" 9.skp
exits 0 "and status is well" policy status --root "$root"
exits 0 "a second list keeps the first one's keys" policy revoke --site-key site --previous 1.skr --out 2.skr 0123456789abcdef
is "in its next serial" "$(policy show --json 2.skr | python3 -c 'import json, sys; p = json.load(sys.stdin)["payload"]; print(p["serial"], len(p["keys"]))')" "2 2"

# Help
exits 0 "help" "$sekisho" help policy sign
exits 2 "no subcommand is a wrong call" "$sekisho"
like "Japanese where the person reads Japanese" "$(env LC_ALL=ja_JP.UTF-8 "$sekisho" help policy)" 鍵
like "also for a refusal" "$(env LC_ALL=ja_JP.UTF-8 "$sekisho" policy import --root "$root" older.skp 2>&1)" 失効
check "the bash completion is bash" bash -n <("$sekisho" completion bash)
is "and completes" "$(bash -c '. <("$0" completion bash); COMP_WORDS=(sekisho policy del); COMP_CWORD=2; _sekisho; echo "${COMPREPLY[*]}"' "$sekisho")" delegate
if command -v mandoc >/dev/null; then
	is "the manual page has no error" "$("$sekisho" help --man | mandoc -T lint -W error 2>&1)" ""
	is "nor the family's" "$("$sekisho" help --man policy | mandoc -T lint -W error 2>&1)" ""
else
	skip "the manual page has no error" "no mandoc here"
fi
finish
