#!/usr/bin/env python3
# Writes sample.json: what the sampler must choose, computed by sorting everything in plain Python.
# SPDX-License-Identifier: Apache-2.0
#
#   python3 make_sample.py > sample.json
#
# Shares nothing with src/lm/sample but the words of sample.h: penalties, temperature, top-k, top-p,
# min-p in that order, then one PCG draw a token, walked from the most probable down.
import json
import math
import random
import struct

MASK = (1 << 64) - 1


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def splitmix(seed):
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


class Pcg:
    def __init__(self, seed):
        mix = splitmix(seed)
        start, sequence = next(mix), next(mix)
        self.inc = ((sequence << 1) | 1) & MASK
        self.state = 0
        self.next()
        self.state = (self.state + start) & MASK
        self.next()

    def next(self):
        old = self.state
        self.state = (old * 6364136223846793005 + self.inc) & MASK
        x = (((old >> 18) ^ old) >> 27) & 0xFFFFFFFF
        turn = old >> 59
        return ((x >> turn) | (x << (32 - turn))) & 0xFFFFFFFF if turn else x


def adjusted(case):
    o = case["options"]
    out = list(case["logits"][: case["valid"]])
    for token, bias in case["bias"]:
        if token < len(out):
            out[token] = f32(out[token] + bias)
    history = [(t, 0) for t in case["prompt"]] + [(t, 1) for t in case["history"]]
    if o["window"]:
        history = history[-o["window"]:]
    for token in {t for t, _ in history}:
        if token >= len(out):
            continue
        x, r = out[token], f32(o["repeat"])
        x = f32(x / r) if x > 0 else f32(x * r)
        if (token, 1) in history:
            x = f32(x - f32(o["presence"]))
            x = f32(x - f32(f32(o["frequency"]) * history.count((token, 1))))
        out[token] = x
    return out


def kept(logits, o):
    order = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
    top = logits[order[0]]
    weights = [(i, math.exp((logits[i] - top) / f32(o["temperature"]))) for i in order]
    if o["top_k"]:
        weights = weights[: o["top_k"]]
    total = math.fsum(w for _, w in weights)
    cut, mass = [], 0.0
    for i, w in weights:
        cut.append((i, w))
        mass += w
        if o["top_p"] < 1 and mass / total >= f32(o["top_p"]):
            break
    return [(i, w) for i, w in cut if w >= f32(o["min_p"])]


def choose(case):
    o = case["options"]
    logits = adjusted(case)
    raw = case["logits"][: case["valid"]]
    log_sum = max(raw) + math.log(math.fsum(math.exp(x - max(raw)) for x in raw))
    rng = Pcg(o["seed"])
    picks = []
    for _ in range(12):
        if o["temperature"] == 0:
            picks.append(min(range(len(logits)), key=lambda i: (-logits[i], i)))
            continue
        candidates = kept(logits, o)
        point = rng.next() / 2.0**32 * math.fsum(w for _, w in candidates)
        walked = 0.0
        for i, w in candidates:
            walked += w
            if walked > point:
                break
        picks.append(i)
    order = sorted(range(len(raw)), key=lambda i: (-raw[i], i))[:5]
    case["picks"] = picks
    case["logprobs"] = [raw[i] - log_sum for i in picks]
    case["top"] = [[i, raw[i] - log_sum] for i in order]
    return case


def main():
    rng = random.Random(20240229)
    neutral = dict(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, repeat=1.0, presence=0.0,
                   frequency=0.0, window=0)
    table = [
        {}, {"temperature": 0.0}, {"temperature": 0.25}, {"temperature": 3.0}, {"top_k": 1}, {"top_k": 3},
        {"top_k": 1000}, {"top_p": 0.5}, {"top_p": 0.95}, {"top_p": 0.000001}, {"min_p": 0.1}, {"min_p": 0.9},
        {"top_k": 8, "top_p": 0.8, "min_p": 0.05}, {"top_k": 5, "top_p": 0.9, "temperature": 0.7},
        {"repeat": 1.3}, {"repeat": 0.7, "temperature": 0.0}, {"presence": 1.5}, {"frequency": 0.75},
        {"frequency": -0.5, "presence": -1.0}, {"repeat": 1.1, "frequency": 0.3, "window": 4},
        {"repeat": 2.0, "temperature": 0.0, "window": 1},
    ]
    cases = []
    for number, change in enumerate(table):
        for size in (1, 7, 40, 120):
            case = {
                "logits": [f32(rng.gauss(0, 3)) for _ in range(size)],
                "valid": size if number % 3 else max(1, size - 2),
                "prompt": [rng.randrange(size) for _ in range(rng.choice((0, 2, 5)))],
                "history": [rng.randrange(size) for _ in range(rng.choice((0, 3, 12)))],
                "bias": [[rng.randrange(size), f32(rng.uniform(-4, 4))] for _ in range(number % 2 * 2)],
                "options": {**neutral, **change, "seed": rng.getrandbits(62)},
            }
            if size == 40:  # ties: the lower id comes first
                case["logits"][30] = case["logits"][5] = max(case["logits"])
            cases.append(choose(case))
    print('[\n' + ',\n'.join(json.dumps(c) for c in cases) + '\n]')


main()
