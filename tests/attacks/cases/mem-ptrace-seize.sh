#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-ptrace
# Seized, written by POKETEXT, let go. Its twin looks and lets go, as debuggers do.
case $1 in
unknown) exec /opt/attacks/mem trace-seize unknown ;;
known) exec /opt/attacks/mem trace-look known ;;
esac
