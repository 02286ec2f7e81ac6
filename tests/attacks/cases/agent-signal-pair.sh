#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-signal
# proof: said
# agent: yes
# Guard and keeper are killed at once. Its twin does it to a process that guards nothing.
kill -KILL "$ATTACK_GUARD" "$ATTACK_KEEPER"
sleep 0.2
gone=yes
for pid in "$ATTACK_GUARD" "$ATTACK_KEEPER"; do grep -q "^State:.[SRDI]" "/proc/$pid/status" 2>/dev/null && gone=no; done
[ $gone = no ] || echo effect
