#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-ptrace
# user: 1000
# An ordinary user overwrites a process of his own. Its twin looks and lets go.
case $1 in
unknown) exec /opt/attacks/mem trace-child unknown ;;
known) exec /opt/attacks/mem trace-look known ;;
esac
