#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=120
#
# install-deps and npm-ci where they need not or cannot work: silent when all is there, else one line and exit code 3.
# That they do install is shown by ./check fresh.

. "$(dirname "$0")/../support/tap.sh"
tree=$tmp/tree
mkdir -p "$tree/packaging" "$tree/assets"
cp -r "$source_root/tools" "$tree/"
chmod 755 "$tree"
deps=$tree/tools/install-deps

list() {
	printf '%s\n' "$@" >"$tree/packaging/packages.x"
}

unprivileged() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

exits 2 "no list is a wrong call" "$deps"
exits 3 "a list that is not there is refused" "$deps" y
list '# a comment' '' coreutils dpkg 'no-such-package-x command=sh'
is "nothing is said when all is there" "$("$deps" x 2>&1)" ""
is "also to those who are not root" "$(unprivileged "$deps" x 2>&1)" ""
list coreutils no-such-package-x
said=$(unprivileged "$deps" x 2>&1) && code=0 || code=$?
is "not root and something missing: exit code 3" "$code" 3
is "and one line that says what to do" "$said" "install-deps: not root; run as root: apt-get install --no-install-recommends no-such-package-x"
said=$(unshare --net "$deps" x 2>&1) && code=0 || code=$?
is "no network: exit code 3" "$code" 3
like "and the reason" "$said" 'no network'
mkdir "$tmp/none" && ln -s /usr/bin/dirname "$tmp/none/dirname"
said=$(PATH=$tmp/none /bin/sh "$deps" x 2>&1) && code=0 || code=$?
is "no dpkg: exit code 3" "$code" 3
like "and the reason" "$said" 'not Debian'

printf '{ "dependencies": { "nothing": "1.0.0" } }\n' >"$tree/assets/package.json"
printf '{ "lockfileVersion": 3, "packages": { "": { "dependencies": { "nothing": "1.0.0" } }, "node_modules/nothing": { "version": "1.0.0", "integrity": "sha512-AAAA" } } }\n' \
	>"$tree/assets/package-lock.json"
said=$(npm_config_fetch_retries=0 unshare --net "$tree/tools/npm-ci" assets build/npm 2>&1) && code=0 || code=$?
is "npm-ci without a network: exit code 3" "$code" 3
like "and the reason" "$said" 'no network'
mkdir -p "$tree/build/npm"
cp "$tree/assets/package-lock.json" "$tree/build/npm/.installed"
is "npm-ci says nothing when the packages are there" "$(unshare --net "$tree/tools/npm-ci" assets build/npm 2>&1)" ""
finish
