#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# seconds: 60
# Hard links, copies, renames, reflinks, copies on tmpfs and through an overlay: of known programs and libraries, each used at once.
set -u
bad=0
runs() {
	name=$1
	shift
	for try in 1 2 3; do
		said=$("$@" 2>&1) || { echo "$name, try $try: $? $said"; bad=1; return; }
	done
	echo "$name"
}
fresh() { rm -rf "$1" && mkdir -p "$1" && cd "$1" || exit 1; }

all() { # FOLDER: every way, there
	fresh "$1/here"
	cp /usr/bin/id copy && runs "$1: a copy" ./copy
	cp --reflink=auto /usr/bin/whoami reflink && runs "$1: a reflink or copy" ./reflink
	ln copy link && runs "$1: a hard link to it" ./link
	runs "$1: and by its first name" ./copy
	mv copy moved && runs "$1: moved" ./moved
	cp -a /usr/bin/sleep preserved && runs "$1: with its times" ./preserved 0
	chmod 711 preserved && runs "$1: with another mode" ./preserved 0
	dd if=/usr/bin/date of=written bs=512 status=none && chmod 755 written && runs "$1: written piece by piece" ./written
	cp /opt/lawful/count.sh script.sh && runs "$1: a script copied" ./script.sh
	mv script.sh other.sh && runs "$1: a script moved" ./other.sh
	tar -C /usr/bin -cf - uname | tar -xf - && runs "$1: out of an archive" ./uname
	cd / || exit 1
}

libraries() { # FOLDER
	fresh "$1/here"
	mkdir libraries && cp /lib/x86_64-linux-gnu/libselinux.so.1 /lib/x86_64-linux-gnu/libpcre2-8.so.0 libraries
	runs "$1: a library copied" env LD_LIBRARY_PATH="$PWD/libraries" /bin/ls -Z /etc/hostname
	mv libraries others && runs "$1: a library moved" env LD_LIBRARY_PATH="$PWD/others" /bin/ls -Z /etc/hostname
	ln others/libselinux.so.1 others/second && mv others/second others/libselinux.so.1 2>/dev/null
	runs "$1: a library linked" env LD_LIBRARY_PATH="$PWD/others" /bin/ls -Z /etc/hostname
	cd / || exit 1
}

all /srv
all /var/tmp
all /run
all /dev/shm
libraries /srv
libraries /var/tmp
libraries /run
libraries /dev/shm
ln /usr/bin/uname /usr/bin/uname-linked && runs 'a hard link beside it' uname-linked
rm /usr/bin/uname-linked
cp -a /usr/bin/env /usr/bin/env-new && mv /usr/bin/env-new /usr/bin/env && runs 'replaced by itself' env true
cp /lib/x86_64-linux-gnu/libpcre2-8.so.0 /lib/x86_64-linux-gnu/new && mv /lib/x86_64-linux-gnu/new /lib/x86_64-linux-gnu/libpcre2-8.so.0 &&
	runs 'a library replaced by itself' ls -Z /etc/hostname

fresh /run/layers
mkdir upper work merged
mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=upper,workdir=work merged || bad=1
runs 'overlay: from below' merged/id
cp merged/id merged/above && runs 'overlay: a copy above' merged/above
touch merged/date && runs 'overlay: copied up' merged/date
mv merged/whoami merged/who && runs 'overlay: renamed' merged/who
umount merged
fresh /srv/layers
mkdir upper work merged
mount -t overlay overlay -o lowerdir=/usr/lib/x86_64-linux-gnu,upperdir=upper,workdir=work merged || bad=1
runs 'overlay: a library from below' env LD_LIBRARY_PATH=/srv/layers/merged /bin/ls -Z /etc/hostname
cp merged/libpcre2-8.so.0 merged/new && mv merged/new merged/libpcre2-8.so.0
runs 'overlay: a library above' env LD_LIBRARY_PATH=/srv/layers/merged /bin/ls -Z /etc/hostname
umount merged
exit $bad
