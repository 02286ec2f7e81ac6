#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=600 exclusive
#
# lockdown-lsm-modes.sh - tier A beside its one road of refusal (lockdown-lsm.sh): a control group as the subject, mode observe, listed modules, the exception of
# compilers, what restricted interpreters open, and who may write in a maintenance window. One machine; what runs inside is lockdown-lsm-modes.guest.

. "$(dirname "$0")/../support/tap.sh"
vm=$source_root/tests/support/vm

mkdir "$tmp/keys"
for key in site policy; do
	"$build/sekisho" policy keygen --plain "$tmp/keys/$key" >/dev/null || exit 1
done
"$build/sekisho" policy delegate --site-key "$tmp/keys/site" --uses policy,release,exception --out "$tmp/keys/policy.skd" "$tmp/keys/policy.pub" >/dev/null || exit 1
mke2fs -q -F -t ext4 "$tmp/tool.img" 48M >/dev/null || exit 1

said=$("$vm" run --kernel "${1:-6.1}" --timeout 400 --memory 900 --drive "$tmp/tool.img" --put "$tmp/keys" /keys \
	--program "$build/sekisho-agent" --program "$build/sekisho" --program "$build/lockdown-road" --program /usr/bin/true --as /usr/bin/truth "$here/lockdown-lsm-modes.guest" 2>&1) && code=0 || code=$?
is "the machine came to its end" "$code" 0
while read -r line; do
	case $line in
	"ok "*) tap_ok "${line#* - }" ;;
	"not ok "*) tap_not_ok "${line#* - }" ;;
	esac
done < <(tr -d '\r' <<<"$said")
like "all of it was gone through" "$said" 'guest: the end'
[ "$code$tap_failed" = 00 ] || printf '# %s\n' "${said//$'\n'/$'\n'# }"
finish
