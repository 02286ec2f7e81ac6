-- SPDX-License-Identifier: GPL-3.0-or-later
set jit = on;
set jit_above_cost = 0;
set jit_inline_above_cost = 0;
set jit_optimize_above_cost = 0;
explain (analyze, timing off) select sum(n * 2 + 1) from generate_series(1, 10000) as s(n) where n % 3 = 0;
