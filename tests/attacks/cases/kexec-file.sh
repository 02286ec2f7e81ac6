#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: kexec
# proof: said
# where: vm
# seconds: 30
# Another kernel is loaded, to be started in the place of this one. Its twin only reads it.
case $1 in
unknown) exec /opt/attacks/root kexec /opt/attacks/vmlinuz ;;
known) cat /opt/attacks/vmlinuz >/dev/null && echo effect ;;
esac
