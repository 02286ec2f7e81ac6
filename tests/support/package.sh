# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
#
# package.sh - what tests of packages share, on top of tap.sh: packages and media, made once and kept; an equipment PC with
# systemd; booting it.
#
#   packages current|older   folder of the packages of this source tree; older has $older_version as its number
#   medium OUT KEY DIR       an offline medium of the packages in DIR, signed
#   pc_make                  an equipment PC: $pc, its root $pc_root
#   in_pc CMD...             run a command inside, without any network and without systemd running
#   pc_boot                  boot systemd in it; pc_do CMD... runs a command inside then; pc_halt
#
# A booted PC has namespaces of its own (mounts, processes, names, network, cgroups), sees /proc/sys and /sys read-only, and ends with the test. What
# it can reach of the kernel is what root can reach: only what is started here runs in it.

older_version=0.0.9
support=$source_root/tests/support
package_cache=${SEKISHO_CACHE:-$source_root/build/cache}

# The names and contents that a package is made of.
source_state() {
	(cd "$source_root" && git ls-files -z --cached --others --exclude-standard -- . ':!tests' ':!bench' ':!fuzz' 2>/dev/null |
		xargs -0 sha256sum 2>/dev/null | sha256sum | cut -d' ' -f1)
}

# Compiled once, packed twice.
build_packages() {
	local dir=$1
	rm -rf "$dir/current" "$dir/older" "$dir/work"
	"$source_root/packaging/build" --out "$dir/work" --version "$older_version" || return
	mkdir "$dir/older" && mv "$dir"/work/*.deb "$dir/work/SHA256SUMS" "$dir/older/"
	"$source_root/packaging/build" --out "$dir/work" --again || return
	mkdir "$dir/current" && mv "$dir"/work/*.deb "$dir"/work/*.changes "$dir"/work/*.buildinfo "$dir/work/SHA256SUMS" "$dir/current/"
}

packages() {
	local dir=$build/packages state
	state=$(source_state)
	mkdir -p "$dir"
	(
		flock 8
		if [ "$(cat "$dir/state" 2>/dev/null)" != "$state" ]; then
			rm -f "$dir/state"
			build_packages "$dir" >"$dir/said" 2>&1 || { cat "$dir/said" >&2 && exit 1; }
			echo "$state" >"$dir/state"
		fi
	) 8>"$dir/test.lock" >&2 || return
	echo "$dir/$1"
}

medium() {
	"$source_root/packaging/medium" "$1" --sign "$2" --packages "$3"
}

release_key() {
	openssl genpkey -algorithm ed25519 -out "$1.pem" 2>/dev/null && openssl pkey -in "$1.pem" -pubout -out "$1.pub" 2>/dev/null
}

pc_make() {
	pc=$tmp/pc pc_root=$tmp/pc/mnt
	at_exit "$support/equipment-pc" destroy "$pc"
	"$support/equipment-pc" make --systemd "$pc" >/dev/null
}

in_pc() {
	unshare --net "$support/equipment-pc" run "$pc" "$@"
}

# --- booting

pc_cgroup=''

make_cgroup() {
	local top
	top=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) || return
	pc_cgroup=$top/sekisho-test-$$
	mkdir "$pc_cgroup"
}

# Runs as the first process of the new namespaces, becomes systemd.
pc_init() {
	cat <<'END'
set -e
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do cp -a "/dev/$name" dev/; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
hostname equipment-pc
mkdir -p mnt/host
pivot_root . mnt/host
umount -l /mnt/host
mount --make-rshared /
exec env -i container=sekisho-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --log-target=journal --show-status=0
END
}

pc_boot() {
	make_cgroup || return
	at_exit pc_halt
	ln -sfn /dev/null "$pc_root/etc/systemd/system/getty.target"
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$1/cgroup.procs" && exec unshare --mount --propagation private --pid --uts --ipc --cgroup --net --fork --kill-child sh -c "$3" init "$2"' \
		sh "$pc_cgroup" "$pc_root" "$(pc_init)" >"$tmp/boot.log" 2>&1 </dev/null &
	pc_unshare=$!
	for _ in $(seq 200); do
		pc_pid=$(pgrep -P $pc_unshare) && pc_do systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded' && return
		sleep 0.1
	done
	cat "$tmp/boot.log" >&2
	return 1
}

# nsenter does not change the cgroup; the entered process would stay outside of the PC's, which nothing here minds.
pc_do() {
	# shellcheck disable=SC2016
	nsenter --target "$pc_pid" --mount --pid --uts --ipc --net --root -- /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive /bin/sh -c 'cd / && exec "$@"' sh "$@"
}

pc_halt() {
	[ -n "$pc_cgroup" ] || return 0
	[ -z "${pc_pid:-}" ] || kill -KILL "$pc_pid" 2>/dev/null
	wait "${pc_unshare:-}" 2>/dev/null
	for _ in $(seq 50); do
		find "$pc_cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
		[ -d "$pc_cgroup" ] || break
		sleep 0.1
	done
	pc_cgroup='' pc_pid=''
}
