#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# user: 1000
# seconds: 90
# Known programs of Python, Perl, Ruby, Node.js, awk and Java, with the modules they come with.
set -u
export HOME=/var/lawful
bad=0
try() {
	name=$1
	shift
	if said=$("$@" 2>&1); then echo "$name: $said"; else echo "$name: $? $said"; bad=1; fi
}
try python /opt/lawful/modules.py
try 'python, by its interpreter' python3 /opt/lawful/modules.py
try perl /opt/lawful/modules.pl
try ruby /opt/lawful/modules.rb
try node node /opt/lawful/modules.js
try awk awk -f /opt/lawful/modules.awk /etc/passwd
rm -f /var/lawful/keys
try java keytool -genkeypair -keyalg RSA -keysize 2048 -dname CN=lawful -storepass lawful -keystore /var/lawful/keys -alias one
try 'java, listing' keytool -list -storepass lawful -keystore /var/lawful/keys
try bash /opt/lawful/words.bash
exit $bad
