#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# PERL5OPT. Its twin has an ordinary variable.
case $1 in
unknown) cp unknown.module.pm evil.pm && PERL5OPT="-I$PWD -Mevil" exec perl /opt/attacks/app/nothing.pl ;;
known) LANG=C EXAMPLE=1 exec perl known.pl ;;
esac
