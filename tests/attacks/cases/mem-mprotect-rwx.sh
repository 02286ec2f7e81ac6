#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-mprotect
# Written, then made executable and writable. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem protect-rwx unknown ;;
known) exec /opt/attacks/jit protect-rwx known ;;
esac
