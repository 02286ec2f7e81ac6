#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-proc-write
# A program writes into its own text through /proc/self/mem. Its twin writes data.
case $1 in
unknown) exec /opt/attacks/mem proc-self unknown ;;
known) exec /opt/attacks/mem proc-self-data known ;;
esac
