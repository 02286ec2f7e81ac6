#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=600 exclusive
#
# lockdown-cache.sh - the verdict cache on Debian 12's and Debian 11's kernels, whose change times are as coarse as the clock's tick: there a write
# right after a look leaves no trace in them. The ways are in tests/integration/lockdown-fool.c.

. "$(dirname "$0")/../support/tap.sh"
vm=$source_root/tests/support/vm

cat >"$tmp/script" <<'EOF'
#!/bin/bash
mkdir -p /var
truncate -s 64M /var/disk.img
mke2fs -q -F -t ext4 -b 4096 /var/disk.img || exit 1
mkdir /mnt/disk /mnt/memory
device=$(losetup -f)
losetup "$device" /var/disk.img && mount -t ext4 "$device" /mnt/disk || exit 1
mount -t tmpfs none /mnt/memory || exit 1
export LOCKDOWN_FOOL_CLOCK=1 # the machine's clock is ours
exec timeout 200 /usr/bin/lockdown-fool /usr/bin/lockdown-rig /mnt/disk /mnt/memory /var/disk.img
EOF
chmod 755 "$tmp/script"
for kernel in 6.1 5.10; do
	said=$("$vm" run --kernel $kernel --timeout 280 --module loop --program "$build/lockdown-fool" --program "$build/lockdown-rig" \
		--program "$(type -P mke2fs || echo /usr/sbin/mke2fs)" "$tmp/script" 2>&1) && code=0 || code=$?
	is "$kernel: all ways were tried" "$code" 0
	while read -r line; do
		case $line in
		"ok "*) tap_ok "$kernel: ${line#* - }" ;;
		"not ok "*) tap_not_ok "$kernel: ${line#* - }" ;;
		esac
	done < <(tr -d '\r' <<<"$said")
	fooled=$(sed -n 's/.*(a cache on change time is fooled \([0-9]*\) times).*/\1/p' <<<"$said")
	check "$kernel: a cache on change time was fooled by a write within the tick (${fooled:-0} times)" test "${fooled:-0}" -gt 0
	like "$kernel: so was it by a clock set back" "$said" 'change time: refused \(a cache on change time is fooled'
	[ "$code" = 0 ] || printf '# %s\n' "${said//$'\n'/$'\n'# }"
done
finish
