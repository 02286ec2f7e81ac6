#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-signal
# proof: said
# agent: yes
# Guard and keeper are stopped, and go on a moment later. Its twin does it to a process that guards nothing.
exec /opt/attacks/root stop "$ATTACK_GUARD" "$ATTACK_KEEPER"
