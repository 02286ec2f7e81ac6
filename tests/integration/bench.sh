#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root exclusive timeout=240
#
# bench.sh - bench/exec, bench/open and bench/memory run and write what others read. No figure is looked at: a loaded machine must not fail this.

. "$(dirname "$0")/../support/tap.sh"

# form FILE BENCH MEASURES [ROW-FIELD...]: the file's form, and that each row has a figure of ours.
form() {
	python3 - "$@" <<'PYTHON'
import json
import sys

path, bench, measures, *fields = sys.argv[1:]
with open(path, encoding="utf-8") as f:
    report = json.load(f)
assert set(report) == {"bench", "machine", "rows"} and report["bench"] == bench, report.keys()
assert {"kernel", "cpu", "cpus", "memory_bytes"} <= set(report["machine"]), report["machine"]
assert len(report["rows"]) == int(measures), [r["measure"] for r in report["rows"]]
for row in report["rows"]:
    for field in ["measure", "unit", "ours", "baseline", "peer", "ratio_baseline", "ratio_peer", "noise", "rounds", "target", "met", *fields]:
        assert field in row, (row["measure"], field)
    assert row["ours"] is not None and row["ours"] >= 0, row
PYTHON
}

# figures FILE FIELD: every row has a number there
figures() {
	python3 -c 'import json, sys
rows = json.load(open(sys.argv[1]))["rows"]
assert all(isinstance(r[sys.argv[2]], (int, float)) for r in rows), rows' "$@"
}

export TMPDIR=$tmp
for bench in exec open memory; do
	check "bench/$bench --quick" timeout -k 10 100 "$source_root/bench/$bench" --quick --json "$tmp/$bench.json"
done
check "exec: two cached starts, three first ones" form "$tmp/exec.json" exec 5 ratio_control
check "exec: each beside its baseline" figures "$tmp/exec.json" ratio_baseline
check "exec: what is small was hashed by the reader itself, what is large by workers" python3 -c 'import json, sys
small, middle, large = [r for r in json.load(open(sys.argv[1]))["rows"] if "hashed_at_once" in r]
assert small["hashed_at_once"] >= small["starts"] * 9 // 10 and middle["hashed_at_once"] == large["hashed_at_once"] == 0' "$tmp/exec.json"
check "open: one measure" form "$tmp/open.json" open 1 files
check "open: beside its baseline" figures "$tmp/open.json" ratio_baseline
check "open: our guard was asked nothing" python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["rows"][0]["questions"] == 0' "$tmp/open.json"
check "memory: size and wake-ups" form "$tmp/memory.json" memory 4
if [ -f "$source_root/build/peers/fapolicyd/.complete" ]; then
	for bench in exec open; do
		check "$bench: beside fapolicyd" figures "$tmp/$bench.json" peer
	done
	check "memory: the shorter list beside fapolicyd" python3 -c 'import json, sys
assert all(r["peer"] > 0 for r in json.load(open(sys.argv[1]))["rows"][:2])' "$tmp/memory.json"
fi
is "no mounts are left" "$(grep -c "$tmp" /proc/mounts)" 0
is "no loop devices are left" "$(losetup --list --noheadings --output BACK-FILE | grep -c "$tmp")" 0
is "no folders are left" "$(ls -d "$tmp"/sekisho-bench.* 2>/dev/null)" ""
exits 2 "a wrong call" "$source_root/bench/exec" --no-such-option
exits 3 "without root nothing is measured" unshare --user "$source_root/bench/open" --quick
finish
