#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-trace
# proof: said
# agent: yes
# The guard is traced. Its twin does it to a process that guards nothing.
/opt/attacks/root trace "$ATTACK_GUARD" "$ATTACK_KEEPER"
