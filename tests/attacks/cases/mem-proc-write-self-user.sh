#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-proc-write
# user: 1000
# The same by an ordinary user.
case $1 in
unknown) exec /opt/attacks/mem proc-self unknown ;;
known) exec /opt/attacks/mem proc-self-data known ;;
esac
