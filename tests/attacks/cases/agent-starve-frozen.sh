#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-starve
# proof: said
# agent: yes
# The guard is put into a frozen cgroup, and out of it a moment later. Its twin does it to a process that guards nothing.
exec /opt/attacks/root freeze "/proc/$ATTACK_MAIN/root${ATTACK_CGROUP%/*}" "$ATTACK_GUARD" "$ATTACK_KEEPER"
