#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# seconds: 90
# Containers as root runs them: systemd-nspawn, crun, runc, Podman, from a folder with programs that are copies of known ones.
set -u
bad=0
try() {
	name=$1
	shift
	if said=$("$@" 2>&1); then echo "$name: $(echo "$said" | tail -n 1)"; else echo "$name: $? $said"; bad=1; fi
}
mkdir -p /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 1
rm -rf /srv/box
mkdir -p /srv/box/root/bin /srv/box/root/etc /srv/box/root/proc /srv/box/root/dev /srv/box/root/sys /srv/box/root/tmp /srv/box/root/usr /srv/box/root/run
cp /bin/busybox /srv/box/root/bin/
ln -s busybox /srv/box/root/bin/sh
ln -s busybox /srv/box/root/bin/id
echo 'root:x:0:0::/:/bin/sh' >/srv/box/root/etc/passwd
cp /opt/lawful/inside.sh /srv/box/root/inside
cd /srv/box || exit 1
crun spec || exit 1
python3 /opt/lawful/bundle.py config.json
try crun crun --cgroup-manager=disabled run lawful-crun
try runc runc --root /run/runc run lawful-runc
SYSTEMD_NSPAWN_LOCK=0 try systemd-nspawn systemd-nspawn --quiet --register=no --keep-unit --directory=/srv/box/root --as-pid2 /inside
try podman podman --storage-driver=vfs --root /srv/podman --runroot /run/podman --cgroup-manager=cgroupfs --runtime=crun run --rm --cgroups=disabled --network=none --rootfs /srv/box/root /inside
exit $bad
