#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# user: 1000
# seconds: 40
# Namespaces of an ordinary user: unshare, bubblewrap with a tmpfs of its own, crun and runc as that user.
set -u
bad=0
try() {
	name=$1
	shift
	if said=$("$@" 2>&1); then echo "$name: runs"; else echo "$name: $? $said"; bad=1; fi
}
try unshare unshare --user --map-root-user --pid --fork --mount --mount-proc /usr/bin/id
try nested unshare --user --map-root-user --mount unshare --user --map-root-user --mount --pid --fork /opt/lawful/mounts.sh
try bubblewrap bwrap --unshare-all --die-with-parent --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/lib64 /lib64 --symlink usr/bin /bin --proc /proc --dev /dev --tmpfs /tmp \
	/bin/ls -l /tmp /proc/self/exe
try 'bubblewrap, a shell script' bwrap --unshare-all --ro-bind / / --dev /dev --proc /proc /opt/lawful/count.sh
exit $bad
