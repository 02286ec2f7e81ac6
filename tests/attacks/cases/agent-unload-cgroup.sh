#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-unload
# agent: yes
# A process leaves the cgroup whose processes are judged, then starts the unknown program from memory.
echo $$ >"/proc/$ATTACK_MAIN/root${ATTACK_CGROUP%/*}/cgroup.procs"
case $1 in
unknown) exec /opt/attacks/exec memfd-empty ./unknown ;;
known) exec ./known ;;
esac
