#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: bpf-load
# proof: said
# A BPF program is loaded and run. Its twin is a socket filter of the old kind.
case $1 in
unknown) exec /opt/attacks/root bpf-filter ;;
known) exec /opt/attacks/root socket-filter ;;
esac
