#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: bpf-load
# proof: said
# A BPF program is loaded and attached to each execution. Its twin is a socket filter of the old kind.
case $1 in
unknown) exec /opt/attacks/root bpf-trace ;;
known) exec /opt/attacks/root socket-filter ;;
esac
