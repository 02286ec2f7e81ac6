#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# part: started by another one
# Inside of a user namespace: known programs copied to a tmpfs and shown by an overlay.
set -eu
mkdir -p /tmp/own
mount -t tmpfs tmpfs /tmp/own
mkdir /tmp/own/upper /tmp/own/work /tmp/own/merged
cp /usr/bin/id /tmp/own/id
/tmp/own/id >/dev/null
mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=/tmp/own/upper,workdir=/tmp/own/work,userxattr /tmp/own/merged
/tmp/own/merged/id
