#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# seconds: 60
# Administration: a job of cron, logrotate, a manual page, git, the ssh client, tar, rsync.
set -u
export HOME=/root
bad=0
try() {
	name=$1
	shift
	if said=$("$@" 2>&1); then echo "$name: $(echo "$said" | head -n 1)"; else echo "$name: $? $said"; bad=1; fi
}
mkdir -p /srv/work && cd /srv/work && rm -rf ./* || exit 1
rm -f /srv/job
try 'cron, as its users ask for it' crontab -u root /opt/lawful/crontab
cron -f &
cron=$!
mkdir -p /var/log/lawful && yes 'a line' | head -n 2000 >/var/log/lawful/one.log
try logrotate logrotate --force --state /srv/work/state /opt/lawful/logrotate.conf
ls /var/log/lawful/one.log.1.gz >/dev/null || bad=1
try man man -P cat /opt/lawful/page.1
git config --global user.name lawful && git config --global user.email lawful@example.org && git config --global init.defaultBranch main
mkdir repository && cd repository && echo one >one || exit 1
try 'git init' git init
try 'git add' git add one
try 'git commit' git commit -m 'one'
echo two >>one
try 'git diff' git diff
try 'git stash' git stash
try 'git rebase' git rebase --root
try 'git gc' git gc
cd .. || exit 1
try 'git clone' git clone repository other
try 'ssh-keygen' ssh-keygen -q -t ed25519 -N '' -f key
said=$(ssh -o BatchMode=yes -o ConnectTimeout=2 nobody@127.0.0.1 true 2>&1)
[ $? = 255 ] && echo "ssh: $said" || bad=1
try tar tar -czf archive.tar.gz repository
try 'tar, back' tar -xzf archive.tar.gz -C /var/tmp
try rsync rsync -a --delete repository/ copied/
try dpkg dpkg --audit
try apt apt-cache policy coreutils
tries=80
until [ -s /srv/job ]; do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || { echo 'cron: its job did not run'; bad=1; break; }
	sleep 0.1
done
kill $cron
[ -s /srv/job ] && echo "cron: $(cat /srv/job)"
exit $bad
