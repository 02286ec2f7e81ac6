#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-replace
# proof: said
# agent: yes
# The agent's program is replaced on the disk. Its twin does it to a process that guards nothing.
file=/proc/$ATTACK_MAIN/root$ATTACK_PLACE/sekisho-agent
cp known "$file.new" && mv -f "$file.new" "$file" && cmp -s known "$file" && echo effect
