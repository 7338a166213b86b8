"""Trains ember from scratch and writes its Hugging Face folder.

SPDX-License-Identifier: Apache-2.0

    python tools/ember/train.py CORPUS_FOLDER MODEL_FOLDER STATE_FILE [--steps N] [--threads 2] [--test FILE ...]

Every 50 steps the state and the folder are written; started again it goes on from STATE_FILE with the very data that
would have come. Nothing is random but
what SEED names.
"""
import argparse
import copy
import json
import math
import os
import random
import time

import torch
from tokenizers import Tokenizer

import dialogues
import model as ember
import poems
import vocabulary

SEED = 20240613
CHUNK = 6000
BATCH_TOKENS = 3072
LENGTHS = (32, 72, 144)
WARM_UP = 60
FALL_STEPS, KNEE_STEP = 8600, 5000
MUON_RATE, ADAM_RATE, MOMENTUM = 0.02, 1e-3, 0.97
MEAN_SHARE = 0.008  # what is published is a running mean of the weights, over about 125 steps
WORD_NOISE, LOOSE_TURNS = 0.005, 0.15
LOOSE_COUNT, LOOSE_SHARE = 6, 0.12
# An answer is settled by its first words, and its text is soon known by heart: most are cut there.
CUT_SHARE, CUT_MIN, CUT_MAX = 0.85, 9, 12
# Weights of the loss: an answer's first tokens, its other ones, a poem's characters (which nobody can foretell), and
# what makes its form.
HEAD_TOKENS, HEAD_WEIGHT, TAIL_WEIGHT = 8, 2.0, 0.7
POEM_WEIGHT, POEM_MARK_WEIGHT = 0.4, 1.2


def loosened(path):
    """Tokenizers of the same vocabulary that each lack other merges: BPE dropout that a seed repeats."""
    with open(path, encoding="utf-8") as file:
        whole = json.load(file)
    out = []
    for number in range(LOOSE_COUNT):
        rng = random.Random(f"{SEED}/loose/{number}")
        kept = [m for m in whole["model"]["merges"] if not m_is_word(m) or rng.random() >= LOOSE_SHARE]
        out.append(Tokenizer.from_str(json.dumps(dict(whole, model=dict(whole["model"], merges=kept)))))
    return out


def m_is_word(merge):
    """Only merges of letters are left out: Chinese characters stay whole."""
    parts = merge if isinstance(merge, list) else merge.split(" ")
    return all(c.isascii() or c == "\u0120" for c in "".join(parts))


def weights(answer, ids, marks):
    if "\n" in answer:  # poems alone have lines
        return [HEAD_WEIGHT] + [POEM_MARK_WEIGHT if i in marks else POEM_WEIGHT for i in ids[1:]]
    return [HEAD_WEIGHT if i < HEAD_TOKENS else TAIL_WEIGHT for i in range(len(ids))]


class Encoder:
    def __init__(self, tokenizer, loose):
        self.tokenizer, self.loose = tokenizer, loose
        self.start, self.end = (tokenizer.token_to_id(t) for t in (vocabulary.START_TURN, vocabulary.END_TURN))
        self.newline = tokenizer.encode("\n").ids
        self.marks = {self.end, *self.newline, *tokenizer.encode("，。").ids}
        self.roles = {r: tokenizer.encode(r).ids + self.newline for r in ("system", "user", "assistant")}
        self.count = tokenizer.get_vocab_size()

    def chunk(self, batch, rng):
        """[(ids, weights, tag)] of dialogues; some questions are cut with merges left out, some tokens changed."""
        exact = self.tokenizer.encode_batch([text.strip() for messages, _ in batch for _, text in messages])
        out, at = [], 0
        for messages, tag in batch:
            ids, learnt = [], []
            for role, text in messages:
                answer = role == "assistant"
                piece = exact[at].ids
                if not answer and rng.random() < LOOSE_TURNS:
                    piece = rng.choice(self.loose).encode(text.strip()).ids
                if role == "user" and len(piece) > 4:
                    piece = [rng.randrange(3, self.count) if rng.random() < WORD_NOISE else i for i in piece]
                head = [self.start] + self.roles[role]
                ids += head + piece + [self.end] + self.newline
                learnt += [0.0] * len(head) + (weights(text, piece + [self.end], self.marks) if answer else [0.0] * (len(piece) + 1))
                learnt += [0.0] * len(self.newline)
                at += 1
            if "\n" not in messages[-1][1] and rng.random() < CUT_SHARE:
                drop = max(0, len(piece) + 1 + len(self.newline) - rng.randint(CUT_MIN, CUT_MAX))
                ids, learnt = ids[:len(ids) - drop], learnt[:len(learnt) - drop]
            out.append((ids, learnt, tag))
        return out


def batches(encoded, rng, pad):
    """Rows of similar length together: (ids, places, targets, weights, tags), the same shapes for each length."""
    buckets = {length: [] for length in LENGTHS}
    for item in encoded:
        for length in LENGTHS:
            if len(item[0]) <= length:
                buckets[length].append(item)
                break
    out, left = [], []
    for length in LENGTHS:  # what does not fill a batch moves up
        rows = BATCH_TOKENS // length
        items = left + buckets[length]
        left = items[len(items) // rows * rows:]
        for first in range(0, len(items) - len(left), rows):
            out.append(batch_of(items[first:first + rows], length, pad))
    rng.shuffle(out)
    return out


def batch_of(items, length, pad):
    ids = torch.full((len(items), length), pad, dtype=torch.long)
    places, targets, shares = [], [], []
    for row, (item, learnt, _) in enumerate(items):
        ids[row, :len(item)] = torch.tensor(item)
        for i in range(1, len(item)):
            if learnt[i]:
                places.append(row * length + i - 1)
                targets.append(item[i])
                shares.append(learnt[i])
    room = ids.numel() * 5 // 8
    filled = [t[:room] + [0] * (room - len(t)) for t in (places, targets)]
    shares = torch.tensor(shares[:room] + [0.0] * (room - len(shares)))
    return ids, torch.tensor(filled[0]), torch.tensor(filled[1]), shares / shares.sum(), [tag for _, _, tag in items]


@torch.no_grad()
def orthogonal(g):
    """Newton-Schulz iteration of Muon: the nearest half-orthogonal matrix, roughly."""
    tall = g.shape[0] > g.shape[1]
    x = (g.T if tall else g) / (g.norm() + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if tall else x


class Muon:
    def __init__(self, params):
        self.params, self.momenta = params, [torch.zeros_like(p) for p in params]

    @torch.no_grad()
    def step(self, rate):
        for p, m in zip(self.params, self.momenta):
            m.mul_(MOMENTUM).add_(p.grad)
            update = orthogonal(p.grad + MOMENTUM * m)
            p.mul_(1 - rate * 0.05).add_(update, alpha=-rate * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)
            p.grad = None


def note(known, tags, losses, rows):
    """Keeps for each fact a running mean of the loss over the first tokens of its answer."""
    sums = torch.zeros(len(tags)).index_add_(0, rows, losses).tolist()
    for tag, loss in zip(tags, sums):
        if tag:
            known[tag] = 0.8 * known.get(tag, loss) + 0.2 * loss


def rate_at(step, steps):
    """Warm-up, down with the square of what is left to FALL_STEPS, and from KNEE_STEP on straight to nothing at the end."""
    rate = min(1.0, (step + 1) / WARM_UP) * (1 - min(step, KNEE_STEP) / FALL_STEPS) ** 2
    return rate * min(1.0, (steps - step) / (steps - KNEE_STEP))


def make_tokenizer(args, source):
    rng = random.Random(SEED)
    texts = [text for messages, _ in dialogues.chunk(source, SEED, "tokenizer", 60000) for _, text in messages]
    texts += [fact[language] for fact in source.facts for language in ("en", "zh")] * 20
    used = {c for text in texts for c in text if "\u4e00" <= c <= "\u9fff"}
    tokenizer = vocabulary.build(texts, used)
    rng.shuffle(texts)
    os.makedirs(args.model, exist_ok=True)
    vocabulary.save(tokenizer, args.model, ember.CONTEXT)
    return len(used)


def prepare(args):
    keep = vocabulary.keeper([text for _, text in poems.read_stanzas(args.corpus)])
    source = dialogues.Dialogues(args.corpus, args.test, keep)
    path = os.path.join(args.model, "tokenizer.json")
    if not os.path.exists(args.state):
        print("characters:", make_tokenizer(args, source), flush=True)
    return source, Encoder(Tokenizer.from_file(path), loosened(path))


@torch.no_grad()
def average(mean, net, step):
    """Moves the running mean towards the model; at first it is nearly the model itself."""
    share = max(MEAN_SHARE, 1 / (step + 1))
    for kept, now in zip(mean.parameters(), net.parameters()):
        kept.lerp_(now, share)


def save_state(path, state):
    torch.save(state, path + ".part")
    os.replace(path + ".part", path)


def train(args, source, encoder):
    net = ember.Ember(encoder.count)
    print("parameters:", sum(p.numel() for p in net.parameters()), "stanzas:", len(source.poems.stanzas), flush=True)
    muon, adam = Muon(net.matrices()), torch.optim.AdamW(net.others(), lr=ADAM_RATE, betas=(0.9, 0.97), weight_decay=0.01, fused=True)
    step, chunk, skip, known, mean_net = 0, 0, 0, {}, copy.deepcopy(net)
    if os.path.exists(args.state):
        state = torch.load(args.state)
        net.load_state_dict(state["net"])
        mean_net.load_state_dict(state.get("mean", state["net"]))
        muon.momenta = state["muon"]
        adam.load_state_dict(state["adam"])
        step, chunk, skip = state["step"], state["chunk"], state["skip"]
        known = state.get("known", {})
    run = torch.compile(net, dynamic=False) if args.compile else net
    begun, seen, mean = time.monotonic(), 0, None
    pad = encoder.tokenizer.token_to_id(vocabulary.END)
    while step < args.steps:
        rng = random.Random(f"{SEED}/batches/{chunk}")
        source.favour(known)
        ready = batches(encoder.chunk(dialogues.chunk(source, SEED, chunk, CHUNK), rng), rng, pad)
        for ids, places, targets, shares, tags in ready[skip:]:
            share = rate_at(step, args.steps)
            for group in adam.param_groups:
                group["lr"] = ADAM_RATE * share
            losses = run(ids, places, targets) * shares
            loss = losses.sum()
            note(known, tags, losses.detach() / shares.clamp(min=1e-9) * (shares >= shares.max() * 0.99), places // ids.shape[1])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
            muon.step(MUON_RATE * share)
            adam.zero_grad(set_to_none=True)
            average(mean_net, net, step)
            step, skip, seen = step + 1, skip + 1, seen + ids.numel()
            mean = loss.item() if mean is None else 0.97 * mean + 0.03 * loss.item()
            if not math.isfinite(mean):
                raise SystemExit("the loss is not finite")
            if step % 20 == 0:
                seconds = time.monotonic() - begun
                print(f"step {step} chunk {chunk} loss {mean:.4f} seconds {seconds:.0f} tokens/s {seen / seconds:.0f}", flush=True)
            if step % 50 == 0 or step == args.steps:
                save_state(args.state, {"net": net.state_dict(), "mean": mean_net.state_dict(), "muon": muon.momenta, "adam": adam.state_dict(),
                                        "step": step, "chunk": chunk, "skip": skip, "known": known})
                ember.export(mean_net, args.model, encoder.end, pad)
            if step == args.steps:
                break
        else:
            chunk, skip = chunk + 1, 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("model")
    parser.add_argument("state")
    parser.add_argument("--steps", type=int, default=7400)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--test", nargs="*", default=[], help="questions that training must not contain")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(args.threads)
    source, encoder = prepare(args)
    train(args, source, encoder)


if __name__ == "__main__":
    main()
