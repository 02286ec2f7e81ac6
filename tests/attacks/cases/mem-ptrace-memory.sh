#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-ptrace
# Attached, written by /proc/PID/mem, let go. Its twin looks and lets go, as debuggers do.
case $1 in
unknown) exec /opt/attacks/mem trace-memory unknown ;;
known) exec /opt/attacks/mem trace-look known ;;
esac
