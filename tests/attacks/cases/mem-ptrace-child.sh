#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-ptrace
# A child that is traced from its start is overwritten. Its twin looks and lets go, as debuggers do.
case $1 in
unknown) exec /opt/attacks/mem trace-child unknown ;;
known) exec /opt/attacks/mem trace-look known ;;
esac
