#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-replace
# proof: said
# agent: yes
# The policy in force is taken away. Its twin does it to a process that guards nothing.
file=/proc/$ATTACK_MAIN/root$ATTACK_POLICY
mv "$file" "$file.gone" && [ ! -e "$file" ] && echo effect
mv "$file.gone" "$file"
