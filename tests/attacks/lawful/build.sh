#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# user: 1000
# seconds: 170
# Meson, Ninja and gcc build this repository: the agent with its libraries by default, all of it with LONG. What Meson compiles to try the compiler out and starts is
# known, because it did so when this PC was set up; nothing else that is built here is started.
set -eu
cd /var/lawful/source
rm -rf ../build
meson setup ../build -Dbpf=disabled -Dbuild_tests=false >../setup.log 2>&1 || { tail -n 20 ../setup.log; exit 1; }
what=sekisho-agent
[ -z "${ATTACK_LONG:-}" ] || what=all
ninja -C ../build -j2 $what >../ninja.log 2>&1 || { tail -n 20 ../ninja.log; exit 1; }
echo "built: $(find ../build -name '*.o' | wc -l) objects"
