#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-starve
# proof: said
# agent: yes
# The guard is put into a frozen cgroup, and out of it a moment later. Its twin does it to a process that guards nothing.
top=/proc/$ATTACK_MAIN/root${ATTACK_CGROUP%/*}
mkdir "$top/frozen-$$" && for pid in $ATTACK_GUARD $ATTACK_KEEPER; do echo "$pid" >"$top/frozen-$$/cgroup.procs"; done
grep -q . "$top/frozen-$$/cgroup.procs" && echo 1 >"$top/frozen-$$/cgroup.freeze" && sleep 0.1 && grep -q "frozen 1" "$top/frozen-$$/cgroup.events" && echo effect
echo 0 >"$top/frozen-$$/cgroup.freeze"
for pid in $ATTACK_GUARD $ATTACK_KEEPER; do echo "$pid" >"$top/cgroup.procs"; done
rmdir "$top/frozen-$$"
