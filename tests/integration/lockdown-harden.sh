#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=240 root
#
# sekisho lockdown harden on an equipment PC's root: what it shows, writes, and takes back to the byte; that what it wrote does what it says
# (the mount options and the settings in namespaces of the test's own, the units by systemd-analyze). Nothing of this machine is touched.

. "$(dirname "$0")/../support/tap.sh"
sekisho=$build/sekisho
export LC_ALL=C
pc=$tmp/pc
at_exit "$source_root/tests/support/equipment-pc" destroy "$pc"
root=$("$source_root/tests/support/equipment-pc" make --tiny "$pc") || exit 1
mkdir -p "$root"/{tmp,var/tmp,usr/lib/systemd/system,etc}
printf '[Service]\nExecStart=/opt/equipment/controller\n' >"$root/usr/lib/systemd/system/controller.service"
printf '[Service]\nExecStart=/usr/bin/java x\n' >"$root/usr/lib/systemd/system/scheduler.service"
printf '# the disk\n/dev/sda1 /  ext4  errors=remount-ro 0 1\nnone\t/tmp tmpfs  defaults,exec,size=64m 0 0' >"$root/etc/fstab"
chmod 640 "$root/etc/fstab"
touch -d '2019-03-01 12:00:00.123456789' "$root/etc/fstab"

harden() {
	"$sekisho" lockdown harden --root "$root" "$@"
}

# All of the root's files: type, mode, owner, size, time of change of content, path, attributes, content.
snapshot() {
	(cd "$root" && find . -xdev ! -type d -printf '%y %m %U:%G %s %T@ %p %l\n' | sort -k6 && find . -xdev -type d -printf '%m %p\n' | sort &&
		find . -xdev -type f -print0 | sort -z | xargs -0 sha256sum && lsattr -R . 2>/dev/null | grep -v '^$' | sort)
}

# same NAME SNAPSHOT [FILTER]: the root is as it was
same() {
	check "$1" diff <(echo "$2" | grep -v "${3:-^$}") <(snapshot | grep -v "${3:-^$}")
}

options=(--unit controller --jit-unit scheduler.service --noexec /data --modules --place /opt/vendor)
before=$(snapshot)
exits 1 "check says that nothing is there" harden "${options[@]}"
same "check writes nothing" "$before"
like "it shows what it would write" "$(harden)" 'vm.memfd_noexec = 2'
exits 2 "two verbs are a wrong call" harden --check --apply
exits 1 "a unit that is not there is named" harden --unit nothing
exits 1 "nothing to undo" harden --undo
exits 2 "a mount that is no path is a wrong call" harden --noexec data
check "apply" harden --apply "${options[@]}"
exits 0 "check says that all is there" harden "${options[@]}"
is "and so it does with --json" "$(harden --json "${options[@]}" | python3 -c 'import json, sys; v = json.load(sys.stdin); print(v["missing"], len(v["files"]), {f["state"] for f in v["files"]})')" "0 6 {'in-place'}"
exits 1 "applied twice: refused" harden --apply
fstab=$(cat "$root/etc/fstab")
like "a mount of fstab gets noexec and keeps the rest" "$fstab" $'none\t/tmp tmpfs  defaults,size=64m,noexec,nosuid,nodev 0 0'
like "the other lines stay" "$fstab" $'^# the disk\n/dev/sda1 /  ext4  errors=remount-ro 0 1\n'
like "what has no line gets one" "$fstab" $'/var/tmp /var/tmp none bind,noexec,nosuid,nodev 0 0\ntmpfs /dev/shm tmpfs defaults,noexec,nosuid,nodev 0 0\n/data /data none bind'
unit=$(cat "$root/etc/systemd/system/controller.service.d/50-sekisho-lockdown.conf")
like "a unit is restrained" "$unit" $'MemoryDenyWriteExecute=yes\n.*RestrictNamespaces=yes\n.*SystemCallFilter=~@module .*NoExecPaths=/\nExecPaths=/usr /bin .*/opt/vendor'
fails "one that compiles keeps its memory" grep -q MemoryDeny "$root/etc/systemd/system/scheduler.service.d/50-sekisho-lockdown.conf"
is "modules stop when the machine is up" "$(readlink "$root/etc/systemd/system/multi-user.target.wants/sekisho-no-modules.service")" ../sekisho-no-modules.service
fails "modules are not stopped where it was not asked" grep -rq modules_disabled "$root/etc/sysctl.d"
check "undo" harden --undo
same "undo restores everything: content, modes, times, folders" "$before"

# --without
harden --apply --without user.max_user_namespaces --without /dev/shm --unit controller --without NoExecPaths --without ExecPaths >/dev/null
fails "a setting is left out" grep -q max_user_namespaces "$root/etc/sysctl.d/90-sekisho-lockdown.conf"
fails "a mount is left out" grep -q /dev/shm "$root/etc/fstab"
fails "a directive is left out" grep -q ExecPaths "$root/etc/systemd/system/controller.service.d/50-sekisho-lockdown.conf"

# Somebody's own change survives undo, and is named.
echo '# mine' >>"$root/etc/fstab"
is "undo leaves what was changed since, and says so" "$(harden --undo 2>&1 >/dev/null; echo $?)" $'sekisho: etc/fstab was changed since and is left as it is\n1'
check "the change is there" grep -q '# mine' "$root/etc/fstab"
fails "the rest is gone" [ -e "$root/etc/sysctl.d/90-sekisho-lockdown.conf" ]

# A file of the same name that is not ours is not overwritten.
mkdir -p "$root/etc/sysctl.d" && echo 'x = 1' >"$root/etc/sysctl.d/90-sekisho-lockdown.conf"
exits 1 "a foreign file of that name stops apply" harden --apply
is "and stays" "$(cat "$root/etc/sysctl.d/90-sekisho-lockdown.conf")" 'x = 1'
rm -r "$root/etc/sysctl.d"

# Known files. The policy of this root names two; one was changed since.
cd "$tmp" || exit 1
"$sekisho" policy keygen --plain site >/dev/null
"$sekisho" policy keygen --plain desk >/dev/null
"$sekisho" policy delegate --site-key site --uses policy --out desk.skd desk.pub >/dev/null 2>&1 || tap_not_ok "a delegation is made"
busybox=$(sha256sum <"$root/bin/busybox") controller=$(sha256sum <"$root/opt/equipment/controller")
printf 'part: lockdown\nserial: 1\nlockdown:\n  mode: observe\n  scope: [/]\n  programs:\n    - {sha256: %s, name: /bin/busybox}\n    - {sha256: %s, name: /opt/equipment/controller}\n' \
	"${busybox%% *}" "${controller%% *}" >draft.yaml
exits 1 "without a policy no file is known" harden --apply --immutable
"$sekisho" policy pin --root "$root" site.pub >/dev/null
"$sekisho" policy sign --key desk --delegation desk.skd --serial 1 --out one.skp draft.yaml >/dev/null 2>&1
check "a policy is in force" "$sekisho" policy import --root "$root" one.skp
echo '# changed' >>"$root/opt/equipment/controller"
before=$(snapshot)
check "apply --immutable" harden --apply --immutable
fails "a known file cannot be written" sh -c "echo x >>'$root/bin/busybox'"
fails "nor removed" rm -f "$root/bin/busybox"
check "one that is no longer what the policy says can" sh -c ": >>'$root/opt/equipment/controller'"
exits 0 "check sees them" harden --immutable
chattr -i "$root/bin/busybox"
exits 1 "check sees one that was loosened" harden --immutable
check "undo of it" harden --undo
same "undo restores attributes" "$before"

# A power cut at each step of apply is taken back whole.
for point in harden.record:1 harden.write:1 harden.write:2 harden.write:3; do
	SEKISHO_POINT=$point "$sekisho" lockdown harden --root "$root" --apply --unit controller --immutable >/dev/null 2>&1
	harden --undo >/dev/null 2>&1
	find "$root" -xdev -name '.*.new' -delete # half a file that nobody reads
	find "$root/etc" -xdev -type d -empty -delete
	same "killed at $point, then undo: as before" "$before"
done

# What it wrote does what it says.
harden --apply --unit controller >/dev/null
mkdir -p "$tmp/mnt"
line=$(grep ' /var/tmp ' "$root/etc/fstab")
mount_options=$(echo "$line" | cut -d' ' -f4)
cp "$root/bin/busybox" "$root/var/tmp/true"
check "the mount options hold a program back: it runs before" "$root/var/tmp/true" true
fails "and not behind them" unshare --mount sh -c "mount --bind '$root/var/tmp' '$tmp/mnt' && mount -o 'remount,$mount_options' '$tmp/mnt' && '$tmp/mnt/true' true"
if type systemd-analyze >/dev/null 2>&1; then
	is "systemd understands the drop-in" "$(systemd-analyze verify --root="$root" controller.service 2>&1 | grep -i 'unknown\|50-sekisho')" ""
fi
check "Japanese" sh -c "LC_ALL=ja_JP.UTF-8 '$sekisho' lockdown harden --root '$root' | grep -q 適用済み"
finish
