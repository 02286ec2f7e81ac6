#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# tar starts a shell at a checkpoint. Its twin packs a file.
case $1 in
unknown) exec tar -cf /dev/null --checkpoint=1 --checkpoint-action=exec="sh unknown.sh" known ;;
known) tar -cf x.tar known && exec ./known.sh ;;
esac
