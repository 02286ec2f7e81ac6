#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-unload
# proof: said
# agent: yes
# What the kernel programs know is emptied by the maps' numbers. Its twin does it to a process that guards nothing.
/opt/attacks/root bpf-maps
