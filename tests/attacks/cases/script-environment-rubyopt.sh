#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# RUBYOPT. Its twin has an ordinary variable.
case $1 in
unknown) RUBYOPT=-r$PWD/unknown.rb exec ruby /opt/attacks/app/nothing.rb ;;
known) LANG=C EXAMPLE=1 exec ruby known.rb ;;
esac
