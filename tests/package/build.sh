#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=900 slow
#
# build.sh - the packages: built without a network, the same bytes every time, nothing that lintian warns of, and complete: manual
# pages, completion and configuration files say what the programs can do.

. "$(dirname "$0")/../support/tap.sh"
. "$source_root/tests/support/package.sh"

tree_state() {
	git -C "$source_root" status --porcelain 2>/dev/null
}

state=$(tree_state)
current=$(packages current) || { tap_not_ok "packages are built" && finish; }
is "building leaves the source tree as it was" "$(tree_state)" "$state"
version=$(sed -n "s/^project('sekisho'.* version: '\([^']*\)'.*/\1/p" "$source_root/meson.build")
is "packages and programs have one version" "$(dpkg-parsechangelog -l "$source_root/packaging/debian/changelog" -S Version)" "$version"
is "four packages" "$(find "$current" -name '*.deb' ! -name '*dbgsym*' -printf '%f\n' | sed 's/_.*//' | sort | xargs)" "sekisho sekisho-agent sekisho-gateway sekisho-server"
check "lintian has no error and no warning" lintian --allow-root --fail-on error,warning "$current"/*.changes

# --- the same bytes in another folder, at another time, without a network and without git

copy_elsewhere() {
	mkdir -p "$tmp/far/away/build"
	(cd "$source_root" && git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read --files-from=- -cf - 2>/dev/null) |
		tar -C "$tmp/far/away" -xf - && cp -a "$source_root/build/npm" "$tmp/far/away/build/npm"
}

build_elsewhere() {
	local offline=()
	[ "$(id -u)" = 0 ] && offline=(unshare --net)
	(umask 077 && TZ=Asia/Tokyo LC_ALL=C "${offline[@]}" "$tmp/far/away/packaging/build" --out "$tmp/far/out")
}
copy_elsewhere
check "it builds without a network and without git" build_elsewhere
is "byte for byte the same" "$(cat "$tmp/far/out/SHA256SUMS")" "$(cat "$current/SHA256SUMS")"

# --- what is in them

mkdir "$tmp/tree"
for deb in "$current"/sekisho*_*.deb; do
	case $deb in *dbgsym*) ;; *) dpkg-deb -x "$deb" "$tmp/tree" ;; esac
done
sekisho=$tmp/tree/usr/bin/sekisho

families() {
	"$sekisho" help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' | grep -vx -e help -e completion
}

# "family command" for each subcommand.
commands() {
	local family
	for family in $(families); do
		"$sekisho" help "$family" | sed -n "s/^  \([a-z][a-z-]*\)  .*/$family \1/p"
	done
}

page() {
	zcat "$tmp/tree/usr/share/man/man$1/$2.$1.gz"
}

missing_from_pages() {
	local family command
	commands | while read -r family command; do
		page 1 "sekisho-$family" | sed 's/\\//g' | grep -qE "(^|[ .])sekisho $family( $command)?( |$)" || echo "$family $command"
	done
}

# A page as people see it, without bold and such.
shown() {
	page "$1" "$2" | LC_ALL=C.UTF-8 groff -mandoc -Tascii 2>/dev/null | sed -e 's/\x1b\[[0-9;]*m//g' -e 's/.\x08//g'
}

missing_from_page() {
	local word
	"$1" --help | grep -oE -- '(--[a-z][a-z-]*|^  sekisho-[a-z]+ [a-z]+)' | sed 's/^  sekisho-[a-z]* //' | sort -u | while read -r word; do
		case $word in --version | --help) continue ;; esac
		grep -qF -- "$word" <<<"$2" || echo "$word"
	done
}

# What bash would offer after these words.
completes() {
	# shellcheck disable=SC2016
	bash -c '. "$0" && COMP_WORDS=("$@" "") COMP_CWORD=$# && _sekisho && printf "%s\n" "${COMPREPLY[@]}"' \
		"$tmp/tree/usr/share/bash-completion/completions/sekisho" sekisho "$@"
}

missing_from_completion() {
	local family command
	commands | while read -r family command; do
		completes | grep -qx "$family" || echo "$family"
		[ "$family" = "$command" ] || completes "$family" | grep -qx -e "$command" || echo "$family $command"
	done
}

check "the command has subcommands" test "$(commands | wc -l)" -ge 10
is "every subcommand is in the manual pages" "$(missing_from_pages)" ""
is "every subcommand is completed" "$(missing_from_completion)" ""
like "options are completed" "$(completes policy sign | xargs)" "--key.*--json"

bad_pages() {
	local file
	find "$tmp/tree/usr/share/man" -name '*.gz' | while read -r file; do
		zcat "$file" | LC_ALL=C.UTF-8 groff -mandoc -Tutf8 -ww -z 2>&1 | sed "s|^|${file##*/}: |"
	done
}
is "manual pages are well formed" "$(bad_pages)" ""

for part in agent gateway server; do
	program=$tmp/tree/usr/sbin/sekisho-$part
	# Lines such as "server: HOST:PORT" and the keys of the example must be the same set, or one of the two is out of date.
	is "sekisho-$part: the configuration file has every setting" "$("$program" --help-config=example)" "$(cat "$tmp/tree/etc/sekisho/$part.yaml")"
	mkdir -p "$tmp/$part/etc/sekisho"
	sed -e '/: $/d' -e 's/^#\( *[a-z_]*:\)/\1/' "$tmp/tree/etc/sekisho/$part.yaml" >"$tmp/$part/etc/sekisho/$part.yaml"
	check "sekisho-$part: its defaults are valid when written out" "$program" --check-config --root "$tmp/$part"
	echo "no_such_setting: 1" >"$tmp/$part/etc/sekisho/$part.yaml"
	exits 2 "sekisho-$part: a setting that does not exist is refused" "$program" --check-config --root "$tmp/$part"
	is "sekisho-$part: its manual page has every command and option" "$(missing_from_page "$program" "$(shown 8 "sekisho-$part")")" ""
done

patches=$tmp/tree/etc/sekisho/rules/virtual-patches.rules
check "sekisho-gateway: virtual patches lie where a policy's rules are looked for" cmp "$patches" "$source_root/rules/gateway/virtual-patches.rules"
check "sekisho-gateway: and its own program honours each" "$tmp/tree/usr/sbin/sekisho-gateway" check-rules "$patches"

finish
