#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# user: 1000
# seconds: 340
# 256 processes at once that do nothing but fork and execute: dynamic programs, a static one, a script; 15 seconds, five minutes with LONG. Meanwhile the runner
# measures how long a start outside takes.
set -eu
seconds=15
[ -z "${ATTACK_LONG:-}" ] || seconds=300
exec /opt/lawful/attack-storm $seconds 256 /usr/bin/true /usr/bin/id /bin/busybox /opt/lawful/nothing.sh /usr/bin/uname
