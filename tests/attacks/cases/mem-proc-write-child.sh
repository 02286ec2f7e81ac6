#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-proc-write
# Into the text of a known program that waits. Its twin writes data of its own.
case $1 in
unknown) exec /opt/attacks/mem proc-child unknown ;;
known) exec /opt/attacks/mem proc-self-data known ;;
esac
