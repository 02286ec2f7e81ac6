#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-proc-write
# A program writes into its own text through /proc/self/mem. Its twin reads its own memory by the same file.
case $1 in
unknown) exec /opt/attacks/mem proc-self unknown ;;
known) exec /opt/attacks/mem proc-self-read known ;;
esac
