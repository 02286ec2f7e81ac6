#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=900 exclusive
#
# lockdown-legacy.sh - the static binaries (tools/legacy) on Debian 11's 5.10, the oldest kernel that Debian's mirrors still have: 64-bit and 32-bit agent,
# command and programs; and the same where the newer calls and flags of that kernel fail as on 3.10 (tests/support/oldkernel.c). On this machine's own
# kernel the 64-bit one lives the life of lockdown-older.py.

. "$(dirname "$0")/../support/tap.sh"
export LC_ALL=C
vm=$source_root/tests/support/vm
check "tools/legacy builds both" nice "$source_root/tools/legacy"
legacy=$source_root/build/legacy
for arch in x86_64 i686; do
	like "$arch: static" "$(file -L "$legacy/$arch/sekisho-agent" 2>/dev/null || readelf -h -l "$legacy/$arch/sekisho-agent")" 'statically linked|EXEC'
	fails "$arch: no interpreter, no libraries" sh -c "readelf -l -d '$legacy/$arch/sekisho-agent' | grep -E 'INTERP|NEEDED'"
done
like "i686 is a 32-bit program" "$(readelf -h "$legacy/i686/sekisho-agent")" 'Class: *ELF32'
exits 3 "what the static command does not have is said" "$legacy/x86_64/sekisho" lockdown accept /
[ "$(id -u)" != 0 ] || while read -r line; do
	case $line in
	"ok "*) tap_ok "here: ${line#* - }" ;;
	"not ok "*) tap_not_ok "here: ${line#* - }" ;;
	esac
done < <(timeout 120 "$source_root/tests/integration/lockdown-older.py" static "$legacy/x86_64/sekisho-agent" 'FAN_OPEN_EXEC_PERM on the file system')

# Keys and a policy that knows three programs: a script, and the commands themselves.
mkdir "$tmp/put" && cd "$tmp/put" || exit 1
sekisho=$build/sekisho
{
	"$sekisho" policy keygen --plain ../site && "$sekisho" policy keygen --plain ../desk &&
		"$sekisho" policy delegate --site-key ../site --uses policy --out ../desk.skd ../desk.pub && cp ../site.pub .
} >"$tmp/keys.log" 2>&1 || tap_not_ok "keys are made" "$(cat "$tmp/keys.log")"
printf '#!/bin/sh\nexit 7\n' >known
printf '#!/bin/sh\nexit 66\n' >unknown
for arch in x86_64 i686; do
	strip -o "known-$arch" "$legacy/$arch/sekisho"
	{ cat "known-$arch" && echo more; } >"unknown-$arch"
done
chmod 755 known* unknown*
{
	printf 'part: lockdown\nserial: 1\nlockdown:\n  mode: enforce\n  failure: deny\n  scope: [/mnt/disk]\n  programs:\n'
	for file in known known-x86_64 known-i686; do
		printf '    - {sha256: %s, name: /mnt/disk/%s}\n' "$(sha256sum <$file | cut -d' ' -f1)" $file
	done
} >../draft.yaml
check "a policy is signed" "$sekisho" policy sign --key ../desk --delegation ../desk.skd --out one.skp ../draft.yaml

cat >"$tmp/script" <<'EOF'
#!/bin/bash
count=0
say() { # NAME GOT WANTED
	count=$((count + 1))
	if [ "$2" = "$3" ]; then echo "ok $count - $1"; else echo "not ok $count - $1" && echo "# got $2, wanted $3"; fi
}
run() {
	timeout 20 "$@" >/dev/null 2>&1
	echo $?
}
value() { # KEY: of the status
	$command lockdown status --root /srv/$name --json 2>/dev/null | tr ',{[' '\n\n\n' | sed -n "s/^ *\"$1\": *\"*\([^\"}]*\)\"*.*/\1/p" | head -n 1
}
truncate -s 64M /disk.img
/sbin/mke2fs -q -F -t ext4 -b 4096 /disk.img && mkdir -p /mnt/disk
device=$(losetup -f) && losetup "$device" /disk.img && mount -t ext4 "$device" /mnt/disk || exit 1
cp /put/known* /put/unknown* /mnt/disk/ && echo recipe >/mnt/disk/data
mount -o bind /dev /dev

life() { # NAME COMMAND WAY BEFORE...
	name=$1 command=$2 way=$3
	shift 3
	mkdir -p "/srv/$name/etc/sekisho"
	printf 'users:\n  spool: 61100\n  link: 61101\n' >"/srv/$name/etc/sekisho/agent.yaml"
	$command policy pin --root /srv/$name /put/site.pub >/dev/null || echo "# no pin"
	"$@" "${command%/*}/sekisho-agent" run --root /srv/$name >/tmp/$name.log 2>&1 &
	agent=$!
	for i in $(seq 100); do [ "$(value guard)" = up ] && break; sleep 0.2; done
	say "$name: before a policy everything runs" "$(run /mnt/disk/unknown)" 66
	$command policy import --root /srv/$name /put/one.skp >/dev/null || echo "# no import"
	for i in $(seq 100); do [ "$(value mode)" = enforce ] && [ "$(value state)" != waiting ] && break; sleep 0.2; done
	sleep 1
	say "$name: a known script" "$(run /mnt/disk/known)" 7
	say "$name: an unknown script" "$(run /mnt/disk/unknown)" 126
	for arch in x86_64 i686; do
		say "$name: a known program ($arch)" "$(run /mnt/disk/known-$arch --version)" 0
		say "$name: an unknown program ($arch)" "$(run /mnt/disk/unknown-$arch --version)" 126
	done
	say "$name: data is read" "$(cat /mnt/disk/data)" recipe
	say "$name: an unknown program is read" "$(run cat /mnt/disk/unknown-i686)" 0
	say "$name: and copied" "$(run cp /mnt/disk/unknown-i686 /mnt/disk/copy)" 0
	say "$name: its copy does not run" "$(run /mnt/disk/copy --version)" 126
	say "$name: the tier" "$(value tier)" C
	say "$name: by" "$(value way)" "$way"
	guard=$(value guard.pid)
	for process in $(pidof lockdown-guard 2>/dev/null || grep -l '^lockdown-guard' /proc/[0-9]*/comm | cut -d/ -f3); do kill -9 "$process"; done
	say "$name: the guard killed, a known program" "$(run /mnt/disk/known)" 7
	say "$name: and an unknown one" "$(run /mnt/disk/unknown)" 126
	kill $agent
	wait $agent
	for i in $(seq 50); do [ "$(run /mnt/disk/unknown)" = 66 ] && break; sleep 0.2; done
	say "$name: stopped in order, everything runs" "$(run /mnt/disk/unknown)" 66
	grep -iE 'not allowed|error' /tmp/$name.log | sed 's/^/# /'
	rm -f /mnt/disk/copy
}
life x86_64 /legacy/x86_64/sekisho "FAN_OPEN_EXEC_PERM on the file system" env
life i686 /legacy/i686/sekisho "FAN_OPEN_EXEC_PERM on the file system" env
life x86_64-on-3.10 /legacy/x86_64/sekisho "FAN_OPEN_PERM on mounts" oldkernel 3.10
life i686-on-3.2 /legacy/i686/sekisho "FAN_OPEN_PERM on mounts" oldkernel 3.2
echo "done $count"
EOF
chmod 755 "$tmp/script"
mkdir -p "$tmp/legacy"/{x86_64,i686}
for arch in x86_64 i686; do
	for name in sekisho sekisho-agent; do
		strip -o "$tmp/legacy/$arch/$name" "$legacy/$arch/$name"
	done
done
said=$("$vm" run --kernel 5.10 --timeout 500 --disk 512 --module loop --put "$tmp/put" /put --put "$tmp/legacy" /legacy \
	--program "$build/oldkernel" --program "$(type -P mke2fs || echo /usr/sbin/mke2fs)" --as /sbin/mke2fs "$tmp/script" 2>&1) && code=0 || code=$?
is "5.10: the machine came to the end" "$code" 0
while read -r line; do
	case $line in
	"ok "*) tap_ok "5.10: ${line#* - }" ;;
	"not ok "*) tap_not_ok "5.10: ${line#* - }" ;;
	"# "*) echo "$line" ;;
	esac
done < <(tr -d '\r' <<<"$said")
like "5.10: nothing was left out" "$said" 'done 64'
[ "$code" = 0 ] || printf '# %s\n' "${said//$'\n'/$'\n'# }"
finish
