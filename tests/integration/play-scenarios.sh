#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The player of scenarios: passes what prints what is expected, fails all else.

. "$(dirname "$0")/../support/tap.sh"
kind=$tmp/kind
player=$source_root/tests/support/play-scenarios

# scenario NAME CMD EXPECTED [CODE]
scenario() {
	rm -rf "$kind"
	mkdir -p "$kind/$1"
	echo "# Says $1" >"$kind/$1/README.md"
	echo "$2" >"$kind/$1/cmd"
	printf '%s' "$3" >"$kind/$1/expected"
	[ $# -lt 4 ] || echo "$4" >"$kind/$1/code"
}

scenario good 'echo hello; cat data' $'hello\nthe data\n'
echo 'the data' >"$kind/good/data"
check "the expected output passes" "$player" "$kind"
is "its heading is in its name" "$("$player" "$kind")" $'1..1\nok 1 - good (Says good)'
scenario other 'echo hello' $'goodbye\n'
exits 1 "other output fails" "$player" "$kind"
like "and the difference is shown" "$("$player" "$kind")" '# -goodbye.# .hello'
scenario fails 'echo hello; exit 1' $'hello\n'
exits 1 "another exit code fails" "$player" "$kind"
scenario code 'echo hello; exit 1' $'hello\n' 1
check "an expected exit code passes" "$player" "$kind"
scenario path 'pwd; echo x >new' $'.\n'
check "the path of the copy reads as ." "$player" "$kind"
fails "the folder itself is not changed" [ -e "$kind/path/new" ]
rm "$kind/path/README.md"
exits 1 "a scenario without README.md fails" "$player" "$kind"
finish
