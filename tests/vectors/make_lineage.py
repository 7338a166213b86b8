#!/usr/bin/env python3
# Writes lineage.json: tails and intervals in 50 digits, and Spearman's null by enumeration.
# SPDX-License-Identifier: Apache-2.0
#
#   python3 make_lineage.py > lineage.json         (needs mpmath)
#
# Shares nothing with src/govern/lineage: the incomplete beta and gamma functions are mpmath's, the exact null of
# rank correlation counts all orders by dynamic programming over subsets.
import json
import math
from collections import Counter

import mpmath as mp

mp.mp.dps = 50


def log_beta(x, a, b):
    return float(mp.log(mp.betainc(a, b, 0, x, regularized=True)))


def fisher(sum_of_logs, k):
    return float(mp.log(mp.gammainc(k, sum_of_logs, regularized=True)))


def interval(hits, n, confidence):
    half = (1 - mp.mpf(confidence)) / 2

    def quantile(target, a, b):
        low, high = mp.mpf(0), mp.mpf(1)
        for _ in range(120):
            middle = (low + high) / 2
            if mp.betainc(a, b, 0, middle, regularized=True) < target:
                low = middle
            else:
                high = middle
        return float(low)

    return [quantile(half, hits, n - hits + 1) if hits else 0.0,
            quantile(1 - half, hits + 1, n - hits) if hits < n else 1.0]


def orders(n):
    """How many orders of n items have which sum of squared rank differences."""
    rows = {0: Counter({0: 1})}
    for i in range(n):
        after = {}
        for taken, counts in rows.items():
            for j in range(n):
                if taken >> j & 1:
                    continue
                into = after.setdefault(taken | 1 << j, Counter())
                for squares, count in counts.items():
                    into[squares + (i - j) ** 2] += count
        rows = after
    return rows[(1 << n) - 1]


def spearman(n):
    counts, total, passed, out = orders(n), math.factorial(n), 0, []
    for squares in sorted(counts):
        passed += counts[squares]
        p = passed / total
        if not out or p > 1.5 * out[-1]["p"]:
            out.append({"n": n, "rho": 1 - 6 * squares / (n ** 3 - n), "p": p})
        if p > 0.6:
            break
    return out


print(json.dumps({
    "log_beta": [{"x": x, "a": a, "b": b, "want": log_beta(x, a, b)}
                 for x, a, b in [(0.5, 0.5, 0.5), (0.01, 3, 0.5), (1e-9, 500, 0.5), (0.9, 20, 0.5), (0.3, 7, 2),
                                 (0.999, 2.5, 40), (1e-12, 5000, 0.5), (0.25, 1, 1), (0.76, 658, 0.5)]],
    "fisher": [{"sum": s, "k": k, "want": fisher(s, k)}
               for s, k in [(1, 1), (3, 2), (40, 32), (100, 32), (2000, 48), (5000, 3840), (0.5, 10), (9000, 1)]],
    "interval": [{"hits": h, "n": n, "confidence": c, "want": interval(h, n, c)}
                 for h, n, c in [(0, 100, 0.95), (100, 100, 0.95), (5, 100, 0.95), (113, 2000, 0.95), (20, 2000, 0.999),
                                 (1, 2, 0.9)]],
    "spearman": [row for n in (5, 8, 9, 12) for row in spearman(n)],
}, indent=1))
