#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-trace
# proof: said
# agent: yes
# The guard's memory is written. Its twin does it to a process that guards nothing.
/opt/attacks/root memory "$ATTACK_GUARD" "$ATTACK_KEEPER"
