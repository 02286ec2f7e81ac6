#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# ruby -e. Its twin is a known script.
turned=$(cat "$1.turned")
case $1 in
unknown) exec ruby -e "File.open('/proof/token', 'ab') { |f| f.write([$turned].map { |b| 255 - b }.pack('C*')) }" ;;
known) exec ruby known.rb ;;
esac
