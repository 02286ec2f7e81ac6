#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# PERL5LIB before a module of Perl's own. Its twin has an ordinary variable.
case $1 in
unknown) cp unknown.module.pm strict.pm && PERL5LIB=$PWD exec perl /opt/attacks/app/strict.pl ;;
known) LANG=C EXAMPLE=1 exec perl known.pl ;;
esac
