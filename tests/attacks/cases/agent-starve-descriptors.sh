#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-starve
# proof: said
# agent: yes
# The guard may open no more descriptors. Its twin does it to a process that guards nothing.
/opt/attacks/root limits "$ATTACK_GUARD" "$ATTACK_KEEPER"
