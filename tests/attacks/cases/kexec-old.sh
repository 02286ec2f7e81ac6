#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: kexec
# proof: said
# where: vm
# The older system call for the same. Its twin asks whether one is loaded.
case $1 in
unknown) exec /opt/attacks/root kexec-old ;;
known) cat /sys/kernel/kexec_loaded && echo effect ;;
esac
