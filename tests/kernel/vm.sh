#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=400
#
# The virtual machine of the tests: boots both kernels, runs what it is given, and says so when it cannot.

. "$(dirname "$0")/../support/tap.sh"
vm=$source_root/tests/support/vm

script() {
	printf '#!/bin/bash\n%s\n' "$1" >"$tmp/script"
	chmod 755 "$tmp/script"
}

echo data >"$tmp/file"
script 'uname -r; cat /sys/kernel/security/lsm; echo; stat -f -c %T /; cat /opt/file; /usr/bin/truth && echo "dynamic $1 $2"; exit 5'
for kernel in 6.1 5.10; do
	said=$("$vm" run --kernel $kernel --put "$tmp/file" /opt/file --program /usr/bin/true --as /usr/bin/truth "$tmp/script" a b) && code=0 || code=$?
	is "$kernel: the exit code comes out" "$code" 5
	like "$kernel: it is this kernel" "$said" "^${kernel/./\\.}\."
	like "$kernel: BPF is among the security modules" "$said" '[,]bpf'
	like "$kernel: the root is ext4, files and programs are in it, arguments arrive" "$said" $'ext2/ext3\ndata\ndynamic a b'
done
script 'cat /sys/kernel/security/lsm'
said=$("$vm" run --lsm lockdown,yama "$tmp/script")
fails "without bpf in --lsm it is not" grep -q bpf <<<"$said"
script 'poweroff -f; sleep 60'
exits 125 "a machine that stops by itself is not a success" "$vm" run "$tmp/script"
script 'sleep 60'
exits 124 "the watchdog ends a machine that does not" "$vm" run --timeout 12 "$tmp/script"
finish
