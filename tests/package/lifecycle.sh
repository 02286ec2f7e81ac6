#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=900 root slow
#
# lifecycle.sh - install, configure, run, upgrade, remove and purge on a Debian 12 without any network, and nothing of it stays.
#
# The PC is an image of its own with systemd installed but not running (systemd.sh has it running), so the maintainer scripts are tried as in a
# factory's image build. `in_pc` has no network at all. The last test compares every file with what was there before the first
# installation; purge-leaves lists the only differences allowed.

. "$(dirname "$0")/../support/tap.sh"
. "$source_root/tests/support/package.sh"

current=$(packages current) && old=$(packages older) || { tap_not_ok "packages are built" && finish; }
release_key "$tmp/release"
release_key "$tmp/other"
pc_make || { tap_not_ok "an equipment PC is made" && finish; }
check "the medium is made" medium "$pc_root/mnt/medium" "$tmp/release.pem" "$current"
check "a medium of an older version is made" medium "$pc_root/mnt/old" "$tmp/release.pem" "$old"
cp "$tmp/release.pub" "$pc_root/mnt/release.pub"
cp "$tmp/other.pub" "$pc_root/mnt/other.pub"

manifest() {
	"$source_root/tests/support/manifest" "$pc_root" | grep -v '^/mnt/' >"$1"
}

install_from() {
	local from=$1
	shift
	in_pc sh "/mnt/$from/install" --key /mnt/release.pub "$@"
}

installed() {
	[ "$(in_pc dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

version_of() {
	# shellcheck disable=SC2016
	in_pc dpkg-query -W -f='${Version}' "$1"
}

# --- a medium that was tampered with

refused_medium() {
	rm -rf "$pc_root/mnt/bad"
	cp -a "$pc_root/mnt/medium" "$pc_root/mnt/bad"
	"$@"
	in_pc sh /mnt/bad/install --key /mnt/release.pub sekisho-agent
	[ $? = 1 ] && ! installed sekisho
}
# shellcheck disable=SC2317
changed_package() { printf x >>"$(echo "$pc_root"/mnt/bad/sekisho-agent_*.deb)"; }
# shellcheck disable=SC2317
changed_sums() { changed_package && (cd "$pc_root/mnt/bad" && sha256sum -- *.deb Packages install >SHA256SUMS); }
# shellcheck disable=SC2317
added_package() { cp "$pc_root"/mnt/old/sekisho_*.deb "$pc_root/mnt/bad/"; }
# shellcheck disable=SC2317
other_key() { cp "$tmp/other.pub" "$pc_root/mnt/release.pub"; }

manifest "$tmp/before"
check "a changed package on the medium is refused" refused_medium changed_package
check "a changed package with new checksums is refused" refused_medium changed_sums
check "an added package is refused" refused_medium added_package
check "another release key is refused" refused_medium other_key
cp "$tmp/release.pub" "$pc_root/mnt/release.pub"
rm -rf "$pc_root/mnt/bad"
exits 2 "without a key it says so" in_pc sh /mnt/medium/install sekisho-agent

# --- installing changes nothing about the PC's behaviour

check "agent and server are installed without a network" install_from medium sekisho-agent sekisho-server
check "the installation is complete" in_pc dpkg --audit
is "no unit is enabled" "$(find "$pc_root/etc/systemd/system" -name 'sekisho*')" ""
is "a first boot's presets do not enable them" "$(in_pc sh -c 'systemctl preset sekisho-agent sekisho-server 2>&1; systemctl is-enabled sekisho-agent sekisho-server')" \
	$'disabled\ndisabled'
is "nothing of ours runs" "$(find /proc -maxdepth 2 -name exe -lname '*/sekisho*' 2>/dev/null | head -n 3 | xargs -r stat -L -c %d 2>/dev/null | grep -cx "$(stat -c %d "$pc_root")")" 0

owners() {
	(cd "$pc_root" && find etc/sekisho var/lib/sekisho usr/bin/sekisho usr/sbin/sekisho-agent usr/sbin/sekisho-server lib/systemd/system/sekisho* \
		usr/lib/sysusers.d/sekisho* usr/lib/tmpfiles.d/sekisho* -printf '%p %u:%g %m\n' | sort)
}
is "owners and modes" "$(owners)" "etc/sekisho root:root 755
etc/sekisho/agent.yaml root:root 644
etc/sekisho/server.yaml root:root 644
lib/systemd/system/sekisho-agent.service root:root 644
lib/systemd/system/sekisho-server.service root:root 644
usr/bin/sekisho root:root 755
usr/lib/sysusers.d/sekisho-agent.conf root:root 644
usr/lib/sysusers.d/sekisho-server.conf root:root 644
usr/lib/tmpfiles.d/sekisho-agent.conf root:root 644
usr/lib/tmpfiles.d/sekisho-server.conf root:root 644
usr/sbin/sekisho-agent root:root 755
usr/sbin/sekisho-server root:root 755
var/lib/sekisho root:root 755"
for duty in spool link intake store fleet web; do
	like "user sekisho-$duty cannot sign in" "$(in_pc getent passwd "sekisho-$duty")" '^sekisho-[a-z]+:[x!]:[0-9]+:[0-9]+:[^:]*:/var/lib/sekisho:/usr/sbin/nologin$'
done
check "the agent's configuration is valid" in_pc sekisho-agent --check-config
check "the server's configuration is valid" in_pc sekisho-server --check-config
is "every line of the configuration files is a comment" "$(grep -hvE '^(#|$)' "$pc_root"/etc/sekisho/*.yaml)" ""

# --- it runs without systemd, as its users, and leaves state to purge

# Runs a program in the foreground, a command beside it, and stops it in order. Its words go where the manifest does not look.
beside() {
	local program=$1
	shift
	# shellcheck disable=SC2016
	in_pc sh -c 'program=$1; shift
		"$program" run >"/mnt/$program.log" 2>&1 & pid=$!
		tries=0
		until "$@" >/mnt/said 2>&1; do
			code=$? tries=$((tries + 1))
			[ $tries -lt 50 ] || { cat /mnt/said "/mnt/$program.log"; exit 1; }
			sleep 0.1
		done
		cat /mnt/said
		kill -TERM $pid
		wait $pid' sh "$program" "$@"
}
check "a site key" in_pc sekisho policy keygen --plain /mnt/site.key
check "the server's keys are made" in_pc sekisho server init --site-key /mnt/site.key.pub --name 127.0.0.1
check "the agent runs in the foreground, answers, and stops in order" beside sekisho-agent sh -c 'sekisho lockdown status | grep -x guarding'
check "the server runs in the foreground, answers, and stops in order" beside sekisho-server sekisho server status
check "the agent left state" test -e "$pc_root/var/lib/sekisho/spool/state"
check "the server left state" test -e "$pc_root/var/lib/sekisho/store/events.db"
is "nobody else may look into it" "$(find "$pc_root/var/lib/sekisho" -mindepth 1 -maxdepth 1 -type d -perm /007)" ""

# --- scripts can be run again

again() {
	local package=$1 script=$2
	shift 2
	in_pc sh -c "/var/lib/dpkg/info/$package.$script $* && /var/lib/dpkg/info/$package.$script $*"
}
for package in sekisho-agent sekisho-server; do
	check "$package: postinst can be run again" again "$package" postinst configure '""'
	check "$package: postinst after a failed upgrade or removal" again "$package" postinst abort-remove
	check "$package: prerm can be run again" again "$package" prerm upgrade 9.9
	check "$package: postrm can be run again" again "$package" postrm upgrade 9.9
done

# --- remove keeps, purge does not

echo "# ours" >>"$pc_root/etc/sekisho/agent.yaml"
state_sum() {
	(cd "$pc_root/var/lib/sekisho" && find . -type f ! -name '*-wal' ! -name '*-shm' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
}
state=$(state_sum)
check "remove" in_pc apt-get -qy remove sekisho-agent sekisho-server sekisho
check "a removal keeps configuration" grep -qx "# ours" "$pc_root/etc/sekisho/agent.yaml"
is "a removal keeps state" "$(state_sum)" "$state"
fails "a removal takes the programs" test -e "$pc_root/usr/sbin/sekisho-agent" -o -e "$pc_root/usr/bin/sekisho"
check "purge" in_pc apt-get -qy purge sekisho-agent sekisho-server sekisho
check "what came as a dependency goes too" in_pc apt-get -qy autoremove --purge
manifest "$tmp/after"
check "after the purge every file is what it was before" \
	"$source_root/tests/support/manifest" --compare "$tmp/before" "$tmp/after" "$here/purge-leaves"
# The proof is only as good as what it sees.
cp -p "$pc_root/etc/hostname" "$tmp/hostname" && printf x >>"$pc_root/etc/hostname"
manifest "$tmp/changed"
cp -p "$tmp/hostname" "$pc_root/etc/hostname"
fails "the comparison sees a changed file" "$source_root/tests/support/manifest" --compare "$tmp/before" "$tmp/changed" "$here/purge-leaves"

# --- upgrade

check "the older version is installed" install_from old sekisho-agent sekisho-server
is "its version" "$(version_of sekisho-agent)" "$older_version"
echo "# ours" >>"$pc_root/etc/sekisho/agent.yaml"
check "the older version's server has its keys" in_pc sekisho server init --site-key /mnt/site.key.pub --name 127.0.0.1
check "the older version's agent runs" beside sekisho-agent sh -c 'sekisho lockdown status | grep -x guarding'
check "the older version's server runs" beside sekisho-server sekisho server status
token=$(beside sekisho-server sekisho fleet token --org acme --site kumamoto)
like "and makes a token" "$token" '[0-9a-zA-Z]+\.[0-9a-f]{64}'

program_sum() {
	sha256sum <"$pc_root/usr/sbin/sekisho-agent"
}
program=$(program_sum)
mkdir "$pc_root/mnt/broken"
head -c 5000 "$pc_root"/mnt/medium/sekisho-agent_*.deb >"$pc_root/mnt/broken/agent.deb"
fails "a truncated package is refused" in_pc dpkg -i /mnt/broken/agent.deb
is "then the old version is there" "$(version_of sekisho-agent)" "$older_version"
is "and its program is the same" "$(program_sum)" "$program"
check "and complete" in_pc dpkg --audit
rm -r "$pc_root/mnt/broken"

check "upgrade" install_from medium sekisho-agent sekisho-server
is "the new version" "$(version_of sekisho-agent)" "$(version_of sekisho)"
fails "and not the old one" test "$(version_of sekisho-agent)" = "$older_version"
check "an upgrade keeps a changed configuration file" grep -qx "# ours" "$pc_root/etc/sekisho/agent.yaml"
check "the new version accepts the old configuration" in_pc sekisho-agent --check-config
check "the new agent goes on with the old state" beside sekisho-agent sh -c 'sekisho lockdown status | grep -x guarding'
like "the new server knows the old one's token" "$(beside sekisho-server sekisho fleet tokens)" 'kumamoto.*open|open.*kumamoto'
check "installing once more changes nothing" in_pc sh -c 'dpkg -i --force-confold /mnt/medium/sekisho_*.deb /mnt/medium/sekisho-agent_*.deb'
is "an upgrade enables nothing" "$(find "$pc_root/etc/systemd/system" -name 'sekisho*')" ""
check "purge after the upgrade" in_pc apt-get -qy purge sekisho-agent sekisho-server sekisho
check "what came as a dependency goes too, after the upgrade" in_pc apt-get -qy autoremove --purge
manifest "$tmp/last"
check "after this purge, too, every file is what it was before" \
	"$source_root/tests/support/manifest" --compare "$tmp/before" "$tmp/last" "$here/purge-leaves"

finish
