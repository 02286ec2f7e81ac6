# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# tap.sh - the few words that shell tests need to print TAP.
#
#   . "$(dirname "$0")/../support/tap.sh"
#   check NAME CMD...     ok when the command succeeds; its output is shown when it does not
#   fails NAME CMD...     ok when it does not succeed
#   exits CODE NAME CMD.. ok when it exits with this code
#   is NAME GOT WANTED    ok when both are the same
#   like NAME GOT REGEX   ok when GOT matches (bash's =~)
#   within SECONDS NAME CMD...   ok when the command succeeds at last, tried every 50 ms
#   skip NAME REASON
#   finish                print the plan and exit; call it last
#
# $tmp is a folder of the test's own, removed at exit. at_exit CMD... adds a command to run then, the last added first.

tap_count=0 tap_failed=0 tap_exit=()
tmp=$(mktemp -d "${TMPDIR:-/tmp}/t.XXXXXX") || exit 1
chmod 755 "$tmp"
here=$(cd "$(dirname "$0")" && pwd)
source_root=${SEKISHO_SOURCE:-$(cd "$here/../.." && pwd)}
build=${SEKISHO_BUILD:-$source_root/build}
export SEKISHO_SOURCE=$source_root SEKISHO_BUILD=$build

tap_cleanup() {
	local number
	for ((number = ${#tap_exit[@]} - 1; number >= 0; number--)); do
		eval "${tap_exit[number]}"
	done
	rm -rf --one-file-system "$tmp"
}
trap tap_cleanup EXIT
trap 'exit 1' INT TERM

at_exit() {
	tap_exit+=("$(printf '%q ' "$@")")
}

tap_ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

tap_not_ok() {
	tap_count=$((tap_count + 1)) tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	[ $# -lt 2 ] || printf '%s\n' "$2" | sed 's/^/# /'
}

check() {
	local name=$1 said code
	shift
	if said=$("$@" 2>&1); then
		tap_ok "$name"
	else
		code=$?
		tap_not_ok "$name" "$* (exit code $code):"$'\n'"$said"
	fi
}

fails() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		tap_not_ok "$name" "$* succeeded:"$'\n'"$said"
	else
		tap_ok "$name"
	fi
}

exits() {
	local wanted=$1 name=$2 said code=0
	shift 2
	said=$("$@" 2>&1) || code=$?
	if [ "$code" = "$wanted" ]; then
		tap_ok "$name"
	else
		tap_not_ok "$name" "$* exited with $code, not $wanted:"$'\n'"$said"
	fi
}

is() {
	if [ "$2" = "$3" ]; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "got:    $2"$'\n'"wanted: $3"
	fi
}

like() {
	if [[ $2 =~ $3 ]]; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "got:    $2"$'\n'"wanted to match: $3"
	fi
}

within() {
	local seconds=$1 name=$2 end said=''
	shift 2
	end=$((SECONDS + seconds + 1))
	while [ $SECONDS -lt $end ]; do
		said=$("$@" 2>&1) && tap_ok "$name" && return
		sleep 0.05
	done
	tap_not_ok "$name" "$* did not succeed within $seconds s:"$'\n'"$said"
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

finish() {
	echo "1..$tap_count"
	exit $((tap_failed > 0))
}
