#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=120
#
# ./check mutate itself: a mutant that no test notices, that does not apply or that breaks the build is a failure.

. "$(dirname "$0")/../support/tap.sh"
tree=$tmp/tree
mkdir -p "$tree"/tests/{lint,mutants}
cp -r "$source_root/check" "$source_root/tools" "$tree/"
echo /build/ >"$tree/.gitignore"
printf 'one\ntwo\n' >"$tree/feature"
printf '#!/bin/sh\necho 1..2\ngrep -q one feature && echo ok 1 - one || echo not ok 1 - one\necho ok 2 - other\n' >"$tree/tests/lint/notices.sh"
printf '#!/bin/sh\necho 1..1\necho ok 1 - blind\n' >"$tree/tests/lint/blind.sh"
chmod 755 "$tree"/tests/lint/*.sh
git init -q "$tree"

# patch NAME TEST-LINE FROM TO
patch() {
	printf '%s\n\ndiff --git a/feature b/feature\n--- a/feature\n+++ b/feature\n@@ -1,2 +1,2 @@\n-%s\n+%s\n two\n' "$2" "$3" "$4" \
		>"$tree/tests/mutants/$1.patch"
}
patch noticed 'Test: lint/notices' one three
patch point 'Test: lint/notices: one' one three
patch survives 'Test: lint/blind' one three
patch other-point 'Test: lint/notices: other' one three
patch stale 'Test: lint/notices' gone three
patch nameless 'nothing' one three
patch unknown 'Test: lint/missing' one three

verdict() {
	"$tree/tools/mutants" "$1" | sed -n 's/^\(not ok\|ok\) 2 .*/\1/p'
}
is "a feature taken out that its test notices" "$(verdict noticed)" ok
is "by the point that is named" "$(verdict point)" ok
is "a mutant that survives" "$(verdict survives)" "not ok"
is "that another point notices than the one named" "$(verdict other-point)" "not ok"
is "a patch that does not apply" "$(verdict stale)" "not ok"
is "a patch that names no test" "$(verdict nameless)" "not ok"
is "a patch that names a test that is not there" "$(verdict unknown)" "not ok"
printf 'two\ntwo\n' >"$tree/feature"
like "a test that fails without any change" "$("$tree/tools/mutants" noticed)" '^1..2.not ok 1 '
is "the tree itself is never changed" "$(cat "$tree/feature")" $'two\ntwo'
finish
