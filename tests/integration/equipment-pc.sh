#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=120
#
# The equipment PC of the tests: it is a file system of its own, runs what it is told, and always goes away whole.

. "$(dirname "$0")/../support/tap.sh"
tool=$source_root/tests/support/equipment-pc
pc=$tmp/pc
at_exit "$tool" destroy "$pc"

is "make --tiny prints where it is mounted" "$("$tool" make --tiny "$pc")" "$pc/mnt"
is "it is an ext4 file system" "$(stat -f -c %T "$pc/mnt")" ext2/ext3
fails "its device is not the one it lies on" [ "$(stat -c %d "$pc/mnt")" = "$(stat -c %d "$pc")" ]
is "a static program runs inside" "$("$tool" run "$pc" busybox echo hello)" hello
is "a dynamic program runs inside" "$("$tool" run "$pc" /usr/bin/bash -c 'echo $((6 * 7))')" 42
is "a script runs inside" "$("$tool" run "$pc" /opt/equipment/controller)" "controller: ready"
like "it has process ids of its own" "$("$tool" run "$pc" sh -c 'echo $$')" '^[0-9]$'
exits 7 "the exit code comes out" "$tool" run "$pc" sh -c 'exit 7'
exits 143 "a signal comes out" "$tool" run "$pc" /usr/bin/bash -c 'kill -TERM $$'
exits 3 "make refuses a folder that is not empty" "$tool" make --tiny "$pc"
exits 3 "destroy refuses a folder that it did not make" "$tool" destroy "$source_root/tests"
check "and leaves it alone" [ -f "$source_root/tests/skips" ]

"$tool" run "$pc" sleep 1000 >/dev/null 2>&1 &
chroot "$pc/mnt" /bin/sleep 1000 >/dev/null 2>&1 &
inside=$!
disown -a
sleep 0.3
check "destroy succeeds while programs run inside" "$tool" destroy "$pc"
fails "and they are gone" kill -0 $inside
fails "nothing is left of it" [ -e "$pc" ]
is "no loop device is left of it" "$(losetup -a | grep -c "$pc")" 0
check "destroy succeeds where there is none" "$tool" destroy "$pc"
mkdir "$pc" && touch "$pc/.sekisho-equipment-pc"
check "destroy succeeds on half a one" "$tool" destroy "$pc"
fails "of which nothing is left" [ -e "$pc" ]
finish
