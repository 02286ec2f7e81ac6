#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=60
#
# units.sh - the systemd units are well formed and as hardened as packaging/README.md says, judged by systemd itself (offline: no
# running systemd is needed). systemd.sh starts them for real.

. "$(dirname "$0")/../support/tap.sh"

# The worst exposure allowed, in tenths (systemd-analyze: 0 = none, 100 = everything is open).
declare -A threshold=([agent]=45 [gateway]=33 [server]=26)

command -v systemd-analyze >/dev/null || {
	echo "1..0 # SKIP systemd-analyze is missing"
	exit 0
}

# The programs are not installed on this machine, so verify gets copies that start something that is.
copy_unit() {
	sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$source_root/packaging/debian/$1" >"$tmp/$1"
}

verified() {
	local said
	said=$(systemd-analyze verify --man=no --recursive-errors=no "$tmp/$1" 2>&1) && [ -z "$said" ] || { echo "$said" && return 1; }
}

exposure() {
	systemd-analyze security --offline=yes --no-pager "$source_root/packaging/debian/$1" 2>/dev/null |
		sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p'
}

tenths() {
	awk -v level="$1" 'BEGIN { printf "%d", level * 10 + 0.5 }'
}

for part in agent gateway server; do
	unit=sekisho-$part.service
	worst=${threshold[$part]}
	copy_unit "$unit"
	check "$unit: systemd finds nothing wrong" verified "$unit"
	level=$(exposure "$unit")
	check "$unit: exposure $level is at most $((worst / 10)).$((worst % 10))" \
		test -n "$level" -a "$(tenths "${level:-10}")" -le "$worst"
	check "packaging/README.md states this exposure" grep -qF "| $unit | $level |" "$source_root/packaging/README.md"
	program=$(sed -n 's/^ExecStart=\/\([^ ]*\) .*/\1/p' "$source_root/packaging/debian/$unit")
	check "$unit: starts what the package installs" grep -qx "$program" "$source_root/packaging/debian/sekisho-$part.install"
	check "$unit: a preset keeps it off" grep -qx "disable $unit" "$source_root/packaging/debian/50-sekisho-$part.preset"
	check "$unit: restarted for ever, but not with a wrong configuration" \
		grep -zqP '(?s)StartLimitIntervalSec=0.*\nRestart=always\n.*RestartPreventExitStatus=2\n' "$source_root/packaging/debian/$unit"
done

# Capabilities that the process tables name and the unit takes away: such a duty would never start.
missing_capabilities() {
	local name
	grep -rhoE --include='*.[ch]' 'SK_CAP\(CAP_[A-Z_]+\)' "$source_root/$1" | sed 's/.*(\(.*\))/\1/' | sort -u | while read -r name; do
		grep -qE "^CapabilityBoundingSet=.*\b$name\b" "$source_root/packaging/debian/sekisho-$1.service" || echo "$name"
	done
}
for part in agent gateway server; do
	is "sekisho-$part.service leaves the duties what the process table gives them" "$(missing_capabilities $part)" ""
done

# System calls that the process tables name and the unit takes away.
refused_calls() {
	local allowed
	allowed=$(sed -n 's/^SystemCallFilter=\([^~]\)/\1/p' "$source_root/packaging/debian/sekisho-$1.service" | tr ' ' '\n' | while read -r word; do
		case $word in
		@*) systemd-analyze syscall-filter "$word" 2>/dev/null | calls_of ;;
		*) echo "$word" ;;
		esac
	done)
	grep -rhzoE --include='*.c' '_calls\[\] = \{[^}]*\}' "$source_root/$1" | tr '\0' '\n' | grep -oE '"[a-z0-9_]+"' | tr -d '"' | sort -u |
		grep -vxF "$allowed" || true
}
# A group may name others.
calls_of() {
	local word
	while read -r word; do
		case $word in
		@*) [ "$word" = "${seen:-}" ] || seen=$word systemd-analyze syscall-filter "$word" 2>/dev/null | sed 1d | calls_of ;;
		'#'*) ;;
		*) echo "$word" ;;
		esac
	done
}
for part in agent gateway server; do
	is "sekisho-$part.service leaves the duties their system calls" "$(refused_calls $part)" ""
done

# What the guard needs to see what people run: see the comment at the top of the unit.
fails "the agent keeps the machine's /tmp, /dev and /home in sight" \
	grep -qE '^(PrivateTmp=yes|PrivateDevices=yes|ProtectHome=(yes|tmpfs)|PrivateUsers=yes|ProtectProc=)' \
	"$source_root/packaging/debian/sekisho-agent.service"
check "the guard outlives main" grep -qx 'KillMode=process' "$source_root/packaging/debian/sekisho-agent.service"

finish
