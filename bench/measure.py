# SPDX-License-Identifier: GPL-3.0-or-later
#
# What every bench shares: interleaved samples, medians with their spread, an A/A control, one JSON form.
#
# A bench gives, for each measure, functions that take one sample of one contender ("ours", "baseline", "peer", and "control", which
# is the baseline once more). measure() takes the samples in rounds, in an order that turns with each round, so that a drift of
# the machine falls on all alike. A ratio nearer to 1 than the control's own spread is printed but is not a claim ("within noise").
import json
import os
import platform
import statistics
import sys

CONTENDERS = ("baseline", "control", "ours", "peer")


def spread(samples):
    """Half the distance between the quartiles, relative to the median."""
    if len(samples) < 4:
        return None
    low, middle, high = statistics.quantiles(samples, n=4)
    return (high - low) / 2 / middle if middle else None


def measure(name, unit, takers, rounds, progress=True):
    """takers: contender -> function returning one sample (a number in `unit`). Returns one row of the report."""
    names = [c for c in CONTENDERS if c in takers]
    samples = {c: [] for c in names}
    for r in range(rounds):
        for c in names[r % len(names):] + names[:r % len(names)]:
            samples[c].append(takers[c]())
        if progress and sys.stderr.isatty():
            print(f"\r{name}: {r + 1}/{rounds}", end="", file=sys.stderr)
    if progress and sys.stderr.isatty():
        print(file=sys.stderr)
    return row(name, unit, samples)


def row(name, unit, samples):
    medians = {c: statistics.median(s) for c, s in samples.items() if s}

    def ratio(a, b):
        return medians[a] / medians[b] if a in medians and medians.get(b) else None

    control = ratio("control", "baseline")
    noise = max([abs(control - 1) if control else 0] + [spread(s) or 0 for s in samples.values()])
    result = {"measure": name, "unit": unit, "rounds": max(len(s) for s in samples.values())}
    for c in CONTENDERS:
        result[c] = medians.get(c)
        result[c + "_spread"] = spread(samples[c]) if c in samples else None
    result.update(ratio_baseline=ratio("ours", "baseline"), ratio_peer=ratio("ours", "peer"), ratio_control=control, noise=noise)
    result["within_noise"] = result["ratio_baseline"] is not None and abs(result["ratio_baseline"] - 1) <= noise
    return result


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), platform.machine())
    return {"kernel": platform.release(), "cpu": model, "cpus": os.cpu_count(),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")}


def report(bench, rows, path=None):
    """Prints a table for people; writes the JSON to `path` when one is given."""
    def number(v):
        return "-" if v is None else f"{v:,.4g}" if abs(v) < 10000 else f"{v:,.0f}"

    print(f"{'measure':34} {'unit':10} {'ours':>10} {'baseline':>10} {'peer':>10} {'x base':>7} {'x peer':>7} {'A/A':>6}")
    for r in rows:
        note = "  within noise" if r.get("within_noise") else ""
        cells = [number(r.get(k)) for k in ("ours", "baseline", "peer", "ratio_baseline", "ratio_peer", "ratio_control")]
        print(f"{r['measure']:34} {r['unit']:10} {cells[0]:>10} {cells[1]:>10} {cells[2]:>10} "
              f"{cells[3]:>7} {cells[4]:>7} {cells[5]:>6}{note}")
    if path:
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"bench": bench, "machine": machine(), "rows": rows}, f, indent=1)
            f.write("\n")
