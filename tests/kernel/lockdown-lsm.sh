#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=900 exclusive
#
# lockdown-lsm.sh - tier A: the whole agent with its LSM programs on Debian 12's kernel, over the machine's root and a Debian userland. Each road is first
# shown to lead somewhere without the agent, then to be refused with it, and its lawful twin to go on. Then the agent itself is reached for, and killed.
# What runs inside is tests/kernel/lockdown-lsm.guest.

. "$(dirname "$0")/../support/tap.sh"
vm=$source_root/tests/support/vm
cache=${SEKISHO_CACHE:-$source_root/build/cache}

"$source_root/tests/support/equipment-pc" cache >/dev/null 2>&1
image=$(find "$cache" -name 'equipment-pc-*-debian.img' | sort | tail -n 1)
check "there is a Debian userland to put under it" test -f "$image"
mkdir "$tmp/keys"
for key in site policy; do
	"$build/sekisho" policy keygen --plain "$tmp/keys/$key" >/dev/null || exit 1
done
"$build/sekisho" policy delegate --site-key "$tmp/keys/site" --uses policy,release,exception --out "$tmp/keys/policy.skd" "$tmp/keys/policy.pub" >/dev/null || exit 1

# Two versions of a vendor's package.
mkdir "$tmp/debs"
for version in one two; do
	mkdir -p "$tmp/$version/DEBIAN" "$tmp/$version/opt/vendor"
	cp /usr/bin/true "$tmp/$version/opt/vendor/tool"
	echo "version $version" >>"$tmp/$version/opt/vendor/tool"
	printf 'Package: vendor-tool\nVersion: %s\nArchitecture: all\nMaintainer: vendor <v@example.com>\nDescription: a tool\n' \
		"$([ $version = one ] && echo 1 || echo 2)" >"$tmp/$version/DEBIAN/control"
done
dpkg-deb --root-owner-group -b "$tmp/one" "$tmp/debs/old.deb" >/dev/null && dpkg-deb --root-owner-group -b "$tmp/two" "$tmp/debs/new.deb" >/dev/null || exit 1

said=$("$vm" run --kernel "${1:-6.1}" --timeout 600 --memory 900 --module overlay --drive "$image" --put "$tmp/keys" /keys --put "$tmp/debs" /debs \
	--program "$build/sekisho-agent" --program "$build/sekisho" --program "$build/lockdown-road" --program /usr/bin/true --as /usr/bin/truth \
	"$here/lockdown-lsm.guest" 2>&1) && code=0 || code=$?
is "the machine came to its end" "$code" 0
while read -r line; do
	case $line in
	"ok "*) tap_ok "${line#* - }" ;;
	"not ok "*) tap_not_ok "${line#* - }" ;;
	esac
done < <(tr -d '\r' <<<"$said")
like "all of it was gone through" "$said" 'guest: the end'
grep '^figure ' <<<"$said" | sed 's/^/# /'
[ "$code$tap_failed" = 00 ] || printf '# %s\n' "${said//$'\n'/$'\n'# }"
finish
