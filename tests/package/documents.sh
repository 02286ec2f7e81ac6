#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=60
#
# documents.sh - docs/install.md and docs/install.ja.md name only commands and options that exist, and both name the same.

. "$(dirname "$0")/../support/tap.sh"

# Lines of the fenced blocks of a page.
blocks() {
	awk '/^```/ { inside = !inside; next } inside' "$source_root/docs/$1"
}

# help_of WORD... - what the program says of a call.
help_of() {
	case $1 in
	sekisho-agent | sekisho-server) "$build/$1" --help | grep -F "$1 $2" ;;
	*)
		"$build/sekisho" help "$2" "$3" 2>/dev/null
		"$build/sekisho" help "$2" 2>/dev/null | grep -E "^  $3 "
		;;
	esac
}

unknown_calls() {
	local line word said words
	blocks "$1" | grep -E '^sekisho' | while read -r line; do
		read -ra words <<<"$line"
		said=$(help_of "${words[@]:0:3}")
		[ -n "$said" ] || echo "no such command: $line"
		for word in "${words[@]}"; do
			case $word in --*) grep -qF -- "$word" <<<"$said" || echo "no option $word: $line" ;; esac
		done
	done
}

missing_tools() {
	blocks "$1" | grep -oE '^(tools|packaging)/[a-z-]+' | sort -u | while read -r tool; do
		[ -x "$source_root/$tool" ] || echo "$tool"
	done
}

for page in install.md install.ja.md; do
	check "$page has commands" test "$(blocks "$page" | grep -c '^sekisho')" -ge 20
	is "$page: every command and option exists" "$(unknown_calls "$page")" ""
	is "$page: every tool exists" "$(missing_tools "$page")" ""
done
is "both languages have the same commands" "$(blocks install.ja.md)" "$(blocks install.md)"

finish
