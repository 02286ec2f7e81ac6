#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What bash has beyond a shell: arrays, process substitution, coprocesses, here documents.
set -euo pipefail
declare -A seen=()
while read -r word; do seen[$word]=$((${seen[$word]:-0} + 1)); done < <(printf '%s\n' a b a c a)
coproc tr '[:lower:]' '[:upper:]'
echo "${seen[a]}" >&"${COPROC[1]}"
cat <<X | sort | head -n 1
b
a ${#seen[@]}
X
