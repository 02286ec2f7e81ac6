#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-signal
# proof: said
# agent: yes
# The agent is asked to end. Its twin does it to a process that guards nothing.
kill -TERM "$ATTACK_MAIN"
sleep 1
sleep 0.2
grep -q "^State:.[SRDI]" "/proc/$ATTACK_MAIN/status" 2>/dev/null || echo effect
