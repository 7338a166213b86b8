#!/usr/bin/env python3
"""Roots and proofs of Merkle trees, by the recursive definitions of RFC 9162, sections 2.1.1 to 2.1.4.
SPDX-License-Identifier: Apache-2.0

    make_merkle.py > merkle.json

Leaf i of a tree is the text "leaf <i>". Hashes are hexadecimal.
"""
import functools
import hashlib
import json
import random


def sha256(b):
    return hashlib.sha256(b).digest()


@functools.lru_cache(maxsize=None)
def mth(begin, end):
    n = end - begin
    if n == 0:
        return sha256(b"")
    if n == 1:
        return sha256(b"\0" + f"leaf {begin}".encode())
    k = split(n)
    return sha256(b"\1" + mth(begin, begin + k) + mth(begin + k, end))


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def path(m, begin, end):
    n = end - begin
    if n == 1:
        return []
    k = split(n)
    if m < k:
        return path(m, begin, begin + k) + [mth(begin + k, end)]
    return path(m - k, begin + k, end) + [mth(begin, begin + k)]


def subproof(m, begin, end, whole):
    n = end - begin
    if m == n:
        return [] if whole else [mth(begin, end)]
    k = split(n)
    if m <= k:
        return subproof(m, begin, begin + k, whole) + [mth(begin + k, end)]
    return subproof(m - k, begin + k, end, False) + [mth(begin, begin + k)]


def hexes(proof):
    return [h.hex() for h in proof]


def main():
    draw = random.Random(6962)
    sizes = list(range(0, 18)) + [31, 32, 33, 255, 256, 257, 511, 513, 1000, 65535, 65537, 70000]
    roots = [{"size": n, "root": mth(0, n).hex()} for n in sizes]
    inclusion, consistency = [], []
    for n in sizes:
        if n == 0:
            continue
        wanted = range(n) if n < 10 else sorted({0, n - 1, n // 2, draw.randrange(n), draw.randrange(n)})
        inclusion += [{"index": i, "size": n, "proof": hexes(path(i, 0, n))} for i in wanted]
        olds = range(1, n + 1) if n < 10 else sorted({1, n, n - 1, 256 if n > 256 else 8, draw.randrange(1, n)})
        consistency += [{"old": m, "size": n, "old_root": mth(0, m).hex(), "proof": hexes(subproof(m, 0, n, True))}
                        for m in olds]
    print(json.dumps({"roots": roots, "inclusion": inclusion, "consistency": consistency}, indent=None,
                     separators=(",", ":")).replace("},{", "},\n{"))


main()
