#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# seconds: 60
# PostgreSQL is made, started, asked by a query that it compiles with LLVM, and ended.
set -u
bin=/usr/lib/postgresql/15/bin
cd /var/lib/postgresql || exit 1
rm -rf /var/lib/postgresql/lawful
mkdir -p /var/run/postgresql && chown postgres /var/run/postgresql
as() { runuser -u postgres -- "$@"; }
as $bin/initdb -D /var/lib/postgresql/lawful -A trust --no-locale -E UTF8 >/run/initdb.log 2>&1 || { tail -n 5 /run/initdb.log; exit 1; }
as $bin/pg_ctl -D /var/lib/postgresql/lawful -w -t 20 -o "-c listen_addresses= -c fsync=off" -l /var/lib/postgresql/log start >/run/ctl.log 2>&1 ||
	{ cat /run/ctl.log /var/lib/postgresql/log; exit 1; }
said=$(as $bin/psql -X -f /opt/lawful/query.sql postgres 2>&1)
as $bin/pg_ctl -D /var/lib/postgresql/lawful -m fast stop >/dev/null || exit 1
case $said in
*JIT:*Functions:*) echo 'a query was compiled' ;;
*) echo "$said" && tail -n 5 /var/lib/postgresql/log && exit 1 ;;
esac
