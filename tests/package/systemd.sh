#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=600 root slow exclusive
#
# systemd.sh - the units as systemd runs them: an equipment PC with our packages is booted in namespaces of its own.
#
# What it adds to lifecycle.sh: programs that run while they are upgraded and removed, the hardening of the units in force, the
# guard that outlives main.

. "$(dirname "$0")/../support/tap.sh"
. "$source_root/tests/support/package.sh"

current=$(packages current) && old=$(packages older) || { tap_not_ok "packages are built" && finish; }
release_key "$tmp/release"
pc_make || { tap_not_ok "an equipment PC is made" && finish; }
medium "$pc_root/mnt/medium" "$tmp/release.pem" "$current" >/dev/null
medium "$pc_root/mnt/old" "$tmp/release.pem" "$old" >/dev/null
cp "$tmp/release.pub" "$pc_root/mnt/release.pub"
pc_boot || { tap_not_ok "the equipment PC boots" && finish; }

install_from() {
	local from=$1
	shift
	pc_do sh "/mnt/$from/install" --key /mnt/release.pub "$@"
}

# Properties of a unit, one word each.
of_unit() {
	pc_do systemctl show -P "$2" "$1"
}

main_pid() {
	of_unit "sekisho-$1" MainPID
}

failed_units() {
	pc_do systemctl list-units --failed --no-legend --plain | awk '{ print $1 }' | grep -v '^console-getty' | xargs
}

is "before: no unit has failed" "$(failed_units)" ""
check "agent and server are installed" install_from old sekisho-agent sekisho-server
is "installing starts nothing" "$(pc_do systemctl is-active sekisho-agent sekisho-server | xargs)" "inactive inactive"
fails "a server without keys does not start, and says so at once" pc_do timeout 10 systemctl start sekisho-server
like "started by hand it says what to do" "$(pc_do /usr/sbin/sekisho-server run 2>&1)" "sekisho server init"
check "a site key" pc_do sekisho policy keygen --plain /srv/site.key
check "the server gets its keys" pc_do sekisho server init --site-key /srv/site.key.pub --name 127.0.0.1
within 10 "with its keys the server begins by itself" pc_do systemctl --quiet is-active sekisho-server
check "the server is enabled" pc_do systemctl enable --now sekisho-server
pc_do mount -t bpf bpf /sys/fs/bpf # as systemd does where it is not in a container
check "the agent starts" pc_do systemctl enable --now sekisho-agent
is "both are ready" "$(pc_do systemctl is-active sekisho-agent sekisho-server | xargs)" "active active"
sleep 2
is "the agent was not restarted" "$(of_unit sekisho-agent NRestarts)" 0

# --- the process table under the unit

# "user name" of each process of a unit.
processes() {
	local pid
	for pid in $(pc_do cat "/sys/fs/cgroup/system.slice/sekisho-$1.service/cgroup.procs"); do
		pc_do sh -c "echo \$(stat -c %U /proc/$pid) \$(cat /proc/$pid/comm)"
	done | sort
}
is "the agent's duties run as their users" "$(processes agent | xargs)" "root lockdown-guard root lockdown-keeper root sekisho-agent \
root sekisho-lockdow root sekisho-media root sekisho-window sekisho-link sekisho-link sekisho-spool sekisho-spool"
# What this kernel offers to a program without a unit around it, the unit offers as well.
# shellcheck disable=SC2016
by_hand='/usr/sbin/sekisho-agent run >/srv/byhand.log 2>&1 & pid=$!
	tries=0
	until sekisho lockdown status --json >/srv/byhand 2>&1 || grep -q "\"guard\"" /srv/byhand || [ $tries -ge 100 ]; do
		sleep 0.1 && tries=$((tries + 1))
	done
	sleep 1 # the duties beside the guard are there a moment later
	sekisho lockdown status --json >/srv/byhand 2>&1
	cat /srv/byhand
	kill -TERM $pid && wait $pid'
attached() {
	python3 -c 'import json, sys; print(*sorted(h["name"] for h in json.load(sys.stdin)["hooks"] if h["state"] == "attached"))'
}
with_unit=$(pc_do sekisho lockdown status --json | attached)
pins() {
	pc_do find /sys/fs/bpf/sekisho -mindepth 1 -printf 'pinned\n' 2>/dev/null | sort -u
}
with_pins=$(pins)
pc_do systemctl stop sekisho-agent
is "stopped in order, it leaves nothing in the kernel" "$(pins)" ""
is "the unit takes nothing away from the kernel side" "$with_unit" "$(pc_do sh -c "$by_hand" | attached)"
is "which is pinned where it outlives main" "$with_pins" "$(case $with_unit in *trace-* | *lsm-*) echo pinned ;; esac)"
pc_do systemctl start sekisho-agent
like "the server's duties run as their users" "$(processes server | xargs)" "sekisho-fleet .*sekisho-intake .*sekisho-store .*sekisho-web "
exits 1 "the agent answers, and says that it has no policy" pc_do sekisho lockdown status
like "it observes and enforces nothing" "$(pc_do sekisho lockdown status --json)" '"mode": ?"observe"'
cp "$(type -P true)" "$pc_root/tmp/unknown"
check "an unknown program runs" pc_do /tmp/unknown

warnings() {
	pc_do journalctl --no-pager --quiet --output cat -u "sekisho-$1" | grep -iE 'error|warning|not permitted|denied|not allowed|refused system call'
}
is "the agent misses nothing that the unit takes away" "$(warnings agent)" ""
is "the server misses nothing that the unit takes away" "$(warnings server)" ""

# --- endpoint and server find each other

enrol() {
	local token
	token=$(pc_do sekisho fleet token --org acme --site kumamoto --label asset=etch-01) &&
		pc_do sekisho-agent enrol --server 127.0.0.1:8443 --token "$token"
}
# shellcheck disable=SC2317
connected() {
	pc_do sekisho fleet list --json | grep -qE '"connected": ?true'
}
check "the endpoint enrols" enrol
within 15 "and is connected" connected

# --- enforcing, with everything that the unit takes away taken away

in_force() {
	pc_do sekisho lockdown status --json | python3 -c 'import json, sys; status = json.load(sys.stdin)
sys.exit(not (status["mode"] == sys.argv[1] and status["policy"]["serial"] == int(sys.argv[2])))' "$1" "$2"
}

# bring SERIAL MODE: the draft signed, published, in force
bring() {
	pc_do sekisho policy sign --key /srv/site.key --serial "$1" --out "/srv/$1.skp" /srv/draft.yaml &&
		pc_do sekisho fleet publish "/srv/$1.skp" || return
	for _ in $(seq 100); do
		in_force "$2" "$1" && return
		sleep 0.1
	done
	pc_do sekisho lockdown status
	return 1
}

another_program() {
	cp "$(type -P true)" "$pc_root$1" && echo "$1" >>"$pc_root$1"
}

pc_do mkdir -p /mnt/late
pc_do mount -t tmpfs late /mnt/late
check "what is there is scanned" pc_do sekisho lockdown scan / /mnt/late --mode enforce --out /srv/draft.yaml
pc_do umount /mnt/late
pc_do sed -i 's/mode: enforce/mode: observe/' /srv/draft.yaml
check "a policy comes into force" bring 1 observe
# All of this machine's programs run on the same kernel: nothing is enforced here before this is known.
subject=$(pc_do sekisho lockdown status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["subject"])')
is "in a container the kernel side acts upon nobody" "$subject" none
[ "$subject" = none ] || finish
pc_do sed -i 's/mode: observe/mode: enforce/' /srv/draft.yaml
check "one that enforces comes into force" bring 2 enforce
another_program /tmp/unknown-1
another_program /home/unknown-2
check "what is known runs" pc_do true
fails "an unknown program in /tmp does not run" pc_do /tmp/unknown-1
fails "nor in /home" pc_do /home/unknown-2
fails "nor in another mount namespace" pc_do unshare --mount /tmp/unknown-1
pc_do mount -t tmpfs late /mnt/late
pc_do cp /tmp/unknown-1 /mnt/late/unknown-3
# shellcheck disable=SC2317
late_is_refused() {
	! pc_do /mnt/late/unknown-3
}
within 5 "nor on a file system that was mounted after the agent started" late_is_refused
# shellcheck disable=SC2317
on_server() {
	pc_do sekisho events --json --path "$1" | grep -q "\"$1\""
}
within 10 "the server knows the path as people see it" on_server /tmp/unknown-1
within 10 "also of the new file system" on_server /mnt/late/unknown-3
like "explain says why" "$(pc_do sekisho lockdown explain /tmp/unknown-1)" "/tmp/unknown-1"

# --- main dies, systemd starts it again; the guard has gone on meanwhile

guard_pid() {
	local pid
	for pid in $(pc_do cat /sys/fs/cgroup/system.slice/sekisho-agent.service/cgroup.procs); do
		[ "$(pc_do cat "/proc/$pid/comm" 2>/dev/null)" = lockdown-guard ] && echo "$pid"
	done
}
guard=$(guard_pid) main=$(main_pid agent)
pc_do sh -c 'kill -KILL "$1"; ! /tmp/unknown-1' sh "$main" 2>/dev/null
is "right after main was killed the guard refuses" "$?" 0
is "for it outlives main" "$(guard_pid)" "$guard"
# shellcheck disable=SC2317
started_again() {
	[ "$(of_unit sekisho-agent ActiveState)" = active ] && [ "$(main_pid agent)" != "$main" ] && [ -n "$(guard_pid)" ] && [ "$(guard_pid)" != "$guard" ]
}
within 15 "main is started again and has a guard of its own" started_again
check "the policy is still in force" in_force enforce 2
fails "and an unknown program does not run" pc_do /tmp/unknown-1

# --- root sees to it that it is not started again

# shellcheck disable=SC2317
told_of() {
	pc_do sekisho events --json | grep -q "$1"
}
pc_do systemctl disable sekisho-agent
within 10 "the unit is disabled: the server knows" told_of unit-disabled
pc_do systemctl enable sekisho-agent
pc_do systemctl mask sekisho-agent
within 10 "the unit is masked: the server knows" told_of unit-masked
fails "and what is unknown is still refused" pc_do /tmp/unknown-1
pc_do systemctl unmask sekisho-agent
pc_do systemctl stop sekisho-agent
check "stopped by root, the kernel allows on this tier" pc_do /tmp/unknown-1
pc_do systemctl start sekisho-agent
within 10 "started again, it tells since when nothing was judged" told_of agent-was-not-running-kernel-allowed
within 10 "and enforces" in_force enforce 2

# --- an upgrade that the policy does not know

repack() {
	dpkg-deb -R "$(echo "$old"/sekisho-agent_*.deb)" "$tmp/repack" && echo >>"$tmp/repack/usr/sbin/sekisho-agent" &&
		sed -i "s/^Version: .*/Version: $older_version+1/; s/sekisho (= [^)]*)/sekisho/" "$tmp/repack/DEBIAN/control" &&
		echo "# changed" >>"$tmp/repack/DEBIAN/postinst" && dpkg-deb --root-owner-group -b "$tmp/repack" "$pc_root/mnt/changed.deb"
}
check "a version that the policy does not know is made" repack
main=$(main_pid agent)
fails "it is refused while the policy is enforced" pc_do dpkg -i /mnt/changed.deb
is "the old one goes on" "$(main_pid agent) $(of_unit sekisho-agent ActiveState)" "$main active"
fails "and still refuses what is unknown" pc_do /tmp/unknown-1
pc_do sed -i 's/mode: enforce/mode: observe/' /srv/draft.yaml
check "a policy that observes comes into force" bring 3 observe
check "now the upgrade can be completed" pc_do dpkg --configure -a
fails "and its programs run" test "$(main_pid agent)" = "$main"
check "the policy outlives the upgrade" in_force observe 3
check "an unknown program runs while observing" pc_do /tmp/unknown-1

# --- a configuration that is wrong

wrong_configuration() {
	echo "no_such_setting: 1" >"$pc_root/etc/sekisho/agent.yaml"
}
right_configuration() {
	echo "# ours" >"$pc_root/etc/sekisho/agent.yaml"
}

before=$(main_pid agent)
wrong_configuration
said=$(install_from medium sekisho-agent sekisho-server 2>&1)
check "an upgrade beside a configuration that the new version refuses" pc_do dpkg --audit
like "says so" "$said" "sekisho-agent: the new version could not be started, the running one goes on"
is "and the old program goes on" "$(main_pid agent) $(of_unit sekisho-agent ActiveState)" "$before active"
fails "restarting with that configuration fails" pc_do systemctl restart sekisho-agent
sleep 3
is "and is not tried for ever" "$(of_unit sekisho-agent ActiveState)" failed
right_configuration
check "with a right one it starts" pc_do systemctl restart sekisho-agent

# --- an upgrade of what runs

# dpkg knows the same version already: reinstalling runs the same scripts as an upgrade.
before="$(main_pid agent) $(main_pid server)"
handed() { pc_do journalctl --no-pager -o cat -u sekisho-agent | grep -c 'guard outlived an earlier main'; }
handed_before=$(handed)
check "an upgrade while both run" pc_do sh -c 'cd /mnt/medium && dpkg -i --force-confold sekisho_*.deb sekisho-agent_*.deb sekisho-server_*.deb'
fails "starts the new programs" test "$before" = "$(main_pid agent) $(main_pid server)"
is "and both run" "$(pc_do systemctl is-active sekisho-agent sekisho-server | xargs)" "active active"
is "the units stay as the person chose" "$(pc_do systemctl is-enabled sekisho-agent sekisho-server | xargs)" "enabled enabled"

is "the old guard worked until the new agent had everything ready" "$(($(handed) - handed_before))" 1

# --- a removal that takes a release

pc_do sed -i 's/^lockdown:/lockdown:\n  self: {release: true}/' /srv/draft.yaml
check "a policy that asks for a release comes into force" bring 4 observe
said=$(pc_do apt-get -qy remove sekisho-agent 2>&1)
like "without one the package is not removed, and what it takes is said" "$said" "without a signed release"
is "the agent goes on" "$(of_unit sekisho-agent ActiveState)" active
check "and the package is complete" pc_do dpkg --audit
pc_do sh -c "printf 'id: R-1\nfrom: 2026-01-01T00:00:00Z\nuntil: 2099-01-01T00:00:00Z\naction: remove\nreason: test\n' >/srv/go.yaml"
check "a release is signed" pc_do sekisho policy sign --kind release --key /srv/site.key --out /srv/go.skr /srv/go.yaml
check "and taken" pc_do sekisho lockdown release /srv/go.skr

# --- removal

pc_do setsid -f sh -c 'exec /usr/sbin/sekisho-server run --root /mnt/byhand >/dev/null 2>&1 </dev/null'
sleep 0.5
check "remove while both run" pc_do apt-get -qy remove sekisho-agent sekisho-server sekisho
is "nothing of ours runs, also not what was started by hand" "$(pc_do sh -c 'ls -l /proc/[0-9]*/exe 2>/dev/null' | grep sekisho)" ""
is "the units are gone" "$(pc_do systemctl list-unit-files --no-legend 'sekisho*' | grep -v -e masked -e not-found)" ""
check "an unknown program runs after the removal" pc_do /tmp/unknown
check "purge" pc_do apt-get -qy purge sekisho-agent sekisho-server sekisho
is "no file of ours is left" "$(find "$pc_root/etc" "$pc_root/usr" "$pc_root/lib" "$pc_root/var/lib" -name '*sekisho*' | grep -v '^/medium' | xargs)" ""
is "no user of ours is left" "$(grep -h sekisho "$pc_root"/etc/passwd "$pc_root"/etc/group "$pc_root"/etc/shadow "$pc_root"/etc/gshadow)" ""
is "after: no unit has failed" "$(failed_units)" ""

finish
