#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-process-vm
# Into the executable memory of a program that may make code. Its twin reads.
case $1 in
unknown) exec /opt/attacks/mem vm-write unknown ;;
known) exec /opt/attacks/mem vm-read known ;;
esac
