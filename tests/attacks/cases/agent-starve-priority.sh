#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-starve
# proof: said
# agent: yes
# The guard gets processor time only when nobody else wants any. Its twin does it to a process that guards nothing.
/opt/attacks/root priority "$ATTACK_GUARD" "$ATTACK_KEEPER"
