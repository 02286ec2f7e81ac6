#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# user: 1000
# seconds: 30
# What is opened by dlopen while a program runs: name services, PAM (sudo, su), character sets, locales.
set -u
export HOME=/var/lawful
bad=0
try() {
	name=$1 wanted=$2
	shift 2
	said=$("$@" 2>&1)
	case $said in
	*$wanted*) echo "$name: $(echo "$said" | head -n 1)" ;;
	*) echo "$name: $? $said" && bad=1 ;;
	esac
}
try 'names of users' lawful getent passwd 1000
try 'names of hosts' 127.0.0.1 getent ahosts localhost
try 'names of hosts, by nss-myhostname' localhost getent hosts tool.localhost
try sudo 'uid=0(root)' sudo id
try 'sudo, then su' 'uid=1000(lawful)' sudo su lawful -s /opt/lawful/who.sh
try runuser 'uid=1000(lawful)' sudo runuser -u lawful -- id
try 'sudo, the other way' lawful sudo -u lawful whoami
printf '\223\372\226{\n' >/var/lawful/sjis
try iconv '日本' iconv -f SHIFT-JIS -t UTF-8 /var/lawful/sjis
try 'iconv, two steps' 'E-J' iconv -f UTF-8 -t ISO-2022-JP//TRANSLIT /opt/lawful/words.txt
try localedef '' sudo localedef -i ja_JP -f UTF-8 ja_JP.UTF-8
try 'a locale' '月' env LC_ALL=ja_JP.UTF-8 date +%x%B
try 'a time zone' JST env TZ=Asia/Tokyo date
exit $bad
