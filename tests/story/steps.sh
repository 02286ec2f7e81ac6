# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# steps.sh - how the story is told: numbered steps for a person, TAP for ./check, and a stop at the first step that fails.
#
#   step TEXT CMD...         say it, do it, stop the story when it fails
#   start NAME CMD...        a program that stays; its output goes to ROOT/log/NAME.log, its process id to $NAME_pid
#   within SECONDS CMD...    until the command succeeds
#   port_of NAME             port of a TCP listener
#   field NAME...            text members of a JSON object on standard input, with dots between
#   note TEXT                what a person should see about the step just made

step_count=0

sekisho() {
	"$build/sekisho" "$@" --root "$root"
}

say() {
	[ "$SEKISHO_TAP" = yes ] && printf '# '
	printf '%s\n' "$*"
}

note() {
	printf '%s\n' "$*" | while IFS= read -r line; do say "      $line"; done
}

start() {
	local name=$1
	shift
	mkdir -p "$root/log"
	case $1 in
	"$build"/*) set -- "$@" --root "$root" ;; # our own programs
	esac
	"$@" >"$root/log/$name.log" 2>&1 &
	eval "${name}_pid=$!"
}

within() {
	local tries=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

port_of() {
	cat "$root/run/sekisho/$1.port"
}

field() {
	python3 -c 'import json, sys; o = json.load(sys.stdin); print(".".join(o[n] for n in sys.argv[1:]))' "$@"
}

step() {
	local text=$1 said code
	shift
	step_count=$((step_count + 1))
	said=$root/log/step-$step_count.log
	mkdir -p "$root/log"
	"$@" >"$said" 2>&1 && code=0 || code=$?
	if [ "$SEKISHO_TAP" = yes ]; then
		[ $code = 0 ] || printf 'not '
		printf 'ok %d - %s\n' $step_count "$text"
	else
		printf '  %2d  %s%s\n' $step_count "$text" "$([ $code = 0 ] || echo '  FAILED')"
	fi
	while IFS= read -r line; do say "      $line"; done <"$said"
	[ $code = 0 ] && return
	for log in "$root"/log/*.log; do
		[ "$log" = "$said" ] || tail -n 5 "$log" | sed "s|^|#   $(basename "$log"): |"
	done
	finish
}

finish() {
	[ "$SEKISHO_TAP" != yes ] || echo "1..$step_count"
	exit 1
}
