#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-trace
# proof: said
# agent: yes
# The guard's descriptors are copied: with one of them its marks can be removed. Its twin does it to a process that guards
# nothing.
/opt/attacks/root descriptor "$ATTACK_GUARD" "$ATTACK_KEEPER"
