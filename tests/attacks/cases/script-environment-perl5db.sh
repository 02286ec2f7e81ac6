#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# PERL5DB, for a debugged program. Its twin has an ordinary variable.
case $1 in
unknown) PERL5DB="BEGIN { require '$PWD/unknown.pl' }" exec perl -d /opt/attacks/app/nothing.pl </dev/null ;;
known) LANG=C EXAMPLE=1 exec perl known.pl ;;
esac
