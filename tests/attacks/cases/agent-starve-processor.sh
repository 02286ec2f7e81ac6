#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: agent-starve
# seconds: 25
# Every processor is taken at the highest real-time priority while the unknown program is started, for three seconds at
# most.
for _ in $(seq "$(nproc)"); do chrt -f 99 timeout 3 /opt/attacks/exec spin & done
sleep 0.2
"./$1"
wait
