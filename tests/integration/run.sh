#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=120
#
# ./run around a story: whatever the story starts and however it ends, nothing is left of it.

. "$(dirname "$0")/../support/tap.sh"
tree=$tmp/tree
export LONG=9$$ # recognizable in the process table, and not another run's
mkdir -p "$tree"/tests/{support,story}
cp "$source_root/run" "$tree/"
cp -r "$source_root/tools" "$tree/"
cp "$source_root/tests/support/equipment-pc" "$tree/tests/support/"
echo "project('empty', version: '0', meson_version: '>= 1.0.0')" >"$tree/meson.build"
echo "option('build_tests', type: 'boolean', value: true)" >"$tree/meson_options.txt"

story() {
	printf '#!/bin/bash\n%s\n' "$1" >"$tree/tests/story/story"
	chmod 755 "$tree/tests/story/story"
}

left_over() {
	pgrep -f "sleep $LONG" || grep "$tmp/root" /proc/self/mounts || ls -d "$tmp/root" 2>/dev/null
}

exits 2 "an unknown option is a wrong call" "$tree/run" --nonsense
exits 3 "without a story it refuses" "$tree/run" --once --no-install

story 'tests/support/equipment-pc make --tiny "$SEKISHO_ROOT/pc" && tests/support/equipment-pc run "$SEKISHO_ROOT/pc" sleep $LONG &
setsid sleep $LONG >/dev/null 2>&1 &
mkdir "$SEKISHO_ROOT/m" && mount -t tmpfs none "$SEKISHO_ROOT/m"
echo "once=$SEKISHO_ONCE build=${SEKISHO_BUILD##*/}"
sleep 1
exit ${CODE:-0}'
said=$("$tree/run" --once --no-install --root "$tmp/root" 2>&1) && code=0 || code=$?
is "a story that ends well: exit code 0" "$code" 0
like "the story is told what to do, and gets the release build" "$said" 'once=yes build=release'
fails "nothing is left of it" left_over
CODE=1 exits 1 "a story that fails: exit code 1" "$tree/run" --once --no-install --root "$tmp/root"
CODE=77 exits 1 "whatever its own exit code" "$tree/run" --once --no-install --root "$tmp/root"
check "--keep keeps the root" "$tree/run" --once --no-install --keep --root "$tmp/root"
check "which is there" [ -d "$tmp/root/m" ]
exits 3 "a root that is not empty is refused" "$tree/run" --once --no-install --root "$tmp/root"
rm -rf --one-file-system "$tmp/root"

story 'sleep $LONG & trap "exit 0" TERM; touch "$SEKISHO_ROOT/up"; wait'
"$tree/run" --no-install --root "$tmp/root" >/dev/null 2>&1 &
runner=$!
within 20 "it stays up" [ -e "$tmp/root/up" ]
kill -TERM $runner
wait $runner
is "until it is ended" $? 143
fails "and nothing is left of it" left_over
finish
