#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-unload
# proof: said
# agent: yes
# The kernel programs' links are detached by their numbers. Its twin does it to a process that guards nothing.
/opt/attacks/root bpf-links "/proc/$ATTACK_MAIN/root$ATTACK_CGROUP"
