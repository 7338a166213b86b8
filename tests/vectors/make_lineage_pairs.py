#!/usr/bin/env python3
# Trains tiny language models, copies them in every way, and lets `hearth lineage` look: the power curve.
# SPDX-License-Identifier: Apache-2.0
#
#   python3 make_lineage_pairs.py build/hearth --models tests/data/lineage --table docs/lineage-power.json \
#                                              --svg docs/lineage-power.svg
#
# Needs torch, safetensors and git; a few minutes on one core. The models are byte-level decoders (RMS norms, rotary
# attention, SwiGLU: 3 layers of width 64 with 128 units) that learn this repository's own documents; fine-tunes go on
# with its source code, both as they were at TEXTS: documents change, and other texts make other models. Everything
# is drawn from --seed; what is left is how torch rounds on a machine.
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WIDTH, UNITS, LAYERS, HEADS, VOCAB, CONTEXT, BATCH = 64, 128, 3, 4, 256, 64, 16
TEXTS = "e9e0f00"  # the commit whose files are the texts
NOISES = [0.5, 1, 2, 3, 4, 5, 6, 8, 12]
LEVEL = -3.0  # log10 of the level at which a copy counts as found


# ---- models ----

def fresh(seed):
    g = torch.Generator().manual_seed(seed)
    w = {"model.embed_tokens.weight": torch.randn(VOCAB, WIDTH, generator=g) * 0.1, "model.norm.weight": torch.ones(WIDTH)}
    for i in range(LAYERS):
        p = f"model.layers.{i}."
        w[p + "input_layernorm.weight"] = torch.ones(WIDTH)
        w[p + "post_attention_layernorm.weight"] = torch.ones(WIDTH)
        for name in "qkvo":
            w[p + f"self_attn.{name}_proj.weight"] = torch.randn(WIDTH, WIDTH, generator=g) * WIDTH ** -0.5
        w[p + "mlp.gate_proj.weight"] = torch.randn(UNITS, WIDTH, generator=g) * WIDTH ** -0.5
        w[p + "mlp.up_proj.weight"] = torch.randn(UNITS, WIDTH, generator=g) * WIDTH ** -0.5
        w[p + "mlp.down_proj.weight"] = torch.randn(WIDTH, UNITS, generator=g) * UNITS ** -0.5
    return w


def norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * weight


def rotate(x, angles):
    a, b = x.chunk(2, -1)
    return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1)


def logits_of(w, ids):
    size = WIDTH // HEADS
    x = w["model.embed_tokens.weight"][ids[:, :-1]]
    steps = torch.arange(x.shape[1]).float()
    angles = steps[:, None] * 10000 ** (-torch.arange(size // 2).float() / (size // 2))
    for i in range(LAYERS):
        p = f"model.layers.{i}."
        h = norm(x, w[p + "input_layernorm.weight"])
        q, k, v = (F.linear(h, w[p + f"self_attn.{n}_proj.weight"]).view(*h.shape[:2], HEADS, size).transpose(1, 2)
                   for n in "qkv")
        a = F.scaled_dot_product_attention(rotate(q, angles), rotate(k, angles), v, is_causal=True)
        x = x + F.linear(a.transpose(1, 2).reshape(h.shape), w[p + "self_attn.o_proj.weight"])
        h = norm(x, w[p + "post_attention_layernorm.weight"])
        h = F.silu(F.linear(h, w[p + "mlp.gate_proj.weight"])) * F.linear(h, w[p + "mlp.up_proj.weight"])
        x = x + F.linear(h, w[p + "mlp.down_proj.weight"])
    return F.linear(norm(x, w["model.norm.weight"]), w["model.embed_tokens.weight"])


def loss_of(w, ids):
    return F.cross_entropy(logits_of(w, ids).reshape(-1, VOCAB), ids[:, 1:].reshape(-1))


def distance(w, teacher, ids):
    """How far the student's next bytes are from the teacher's: what distillation makes small."""
    with torch.no_grad():
        wanted = F.softmax(logits_of(teacher, ids), -1)
    return F.cross_entropy(logits_of(w, ids).reshape(-1, VOCAB), wanted.reshape(-1, VOCAB))


def train(start, text, steps, seed, rate, keep=(), teacher=None):
    """The weights after `steps`, the last loss, and copies after each count in `keep`."""
    g = torch.Generator().manual_seed(seed)
    w = {k: v.clone().requires_grad_(True) for k, v in start.items()}
    optimizer = torch.optim.AdamW(w.values(), lr=rate, weight_decay=0.1, betas=(0.9, 0.95))
    kept, loss = {}, None
    for step in range(1, steps + 1):
        at = torch.randint(0, len(text) - CONTEXT - 1, (BATCH,), generator=g)
        ids = torch.stack([text[i:i + CONTEXT + 1] for i in at]).long()
        loss = distance(w, teacher, ids) if teacher else loss_of(w, ids)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step in keep:
            kept[step] = {k: v.detach().clone() for k, v in w.items()}
    return {k: v.detach() for k, v in w.items()}, float(loss.detach()), kept


def git(*words):
    done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True)
    if done.returncode:
        sys.exit(f"the texts are those of commit {TEXTS}, which this clone does not have: {done.stderr.decode()}")
    return done.stdout


def text_of(pattern, limit=400000):
    names = [n for n in git("ls-tree", "-r", "--name-only", TEXTS).decode().split("\n") if re.fullmatch(pattern, n)]
    text = b"\n".join(git("show", f"{TEXTS}:{n}") for n in sorted(names))[:limit]
    return torch.frombuffer(bytearray(text), dtype=torch.uint8)


# ---- copies ----

def each(w, change):
    return {k: change(k, v.clone()) for k, v in w.items()}


def noised(w, amount, g):
    """Noise of `amount` times a matrix's own size; norms change by a twentieth of that, as training changes them less."""
    return each(w, lambda k, v: v + torch.randn(v.shape, generator=g) * v.pow(2).mean().sqrt()
                * (amount if v.dim() > 1 else amount / 20))


def quantized(w, g):
    def change(k, v):
        if v.dim() < 2:
            return v
        blocks = v.reshape(-1, 32)
        scale = blocks.abs().amax(1, keepdim=True).clamp_min(1e-12) / 7
        return ((blocks / scale).round() * scale).reshape(v.shape)
    return each(w, change)


def pruned(w, g):
    return each(w, lambda k, v: v * (v.abs() > v.abs().median()) if v.dim() > 1 else v)


def permuted(w, g):
    out = dict(w)
    for i in range(LAYERS):
        order, p = torch.randperm(UNITS, generator=g), f"model.layers.{i}.mlp."
        out[p + "gate_proj.weight"] = w[p + "gate_proj.weight"][order]
        out[p + "up_proj.weight"] = w[p + "up_proj.weight"][order]
        out[p + "down_proj.weight"] = w[p + "down_proj.weight"][:, order]
    return noised(out, 0.1, g)


def upcycled(w, g, experts=4):
    out = {k: v for k, v in w.items() if ".mlp." not in k}
    for i in range(LAYERS):
        p, size = f"model.layers.{i}.mlp.", UNITS // experts
        out[p + "gate.weight"] = torch.randn(experts, WIDTH, generator=g) * 0.02
        for e in range(experts):
            cut = slice(e * size, (e + 1) * size)
            out[p + f"experts.{e}.gate_proj.weight"] = w[p + "gate_proj.weight"][cut]
            out[p + f"experts.{e}.up_proj.weight"] = w[p + "up_proj.weight"][cut]
            out[p + f"experts.{e}.down_proj.weight"] = w[p + "down_proj.weight"][:, cut]
    return noised(out, 0.25, g)


def shallowed(w, g):
    out = {}
    for k, v in w.items():
        if ".layers.1." not in k:
            out[k.replace(".layers.2.", ".layers.1.")] = v
    return out


def heads_permuted(w, g):
    """Heads in another order: q, k and v by rows, o by columns."""
    out = dict(w)
    for i in range(LAYERS):
        p, size = f"model.layers.{i}.self_attn.", WIDTH // HEADS
        rows = (torch.randperm(HEADS, generator=g)[:, None] * size + torch.arange(size)).reshape(-1)
        for name in "qkv":
            out[p + f"{name}_proj.weight"] = w[p + f"{name}_proj.weight"][rows]
        out[p + "o_proj.weight"] = w[p + "o_proj.weight"][:, rows]
    return out


def rescaled(w, g):
    """Each unit's up made larger and its down smaller, each norm halved before doubled matrices: the same function."""
    out = dict(w)
    for i in range(LAYERS):
        p, by = f"model.layers.{i}.", torch.rand(UNITS, generator=g) * 3 + 0.25
        out[p + "mlp.up_proj.weight"] = w[p + "mlp.up_proj.weight"] * by[:, None] * 2
        out[p + "mlp.gate_proj.weight"] = w[p + "mlp.gate_proj.weight"] * 2
        out[p + "mlp.down_proj.weight"] = w[p + "mlp.down_proj.weight"] / by
        out[p + "post_attention_layernorm.weight"] = w[p + "post_attention_layernorm.weight"] / 2
    return out


def rotated(w, g):
    """A random rotation of the residual dimensions, the norms' weights moved into the matrices behind them."""
    turn = torch.linalg.qr(torch.randn(WIDTH, WIDTH, generator=g))[0]
    out = {"model.embed_tokens.weight": w["model.embed_tokens.weight"] @ turn, "model.norm.weight": torch.ones(WIDTH),
           "lm_head.weight": w["model.embed_tokens.weight"] * w["model.norm.weight"] @ turn}
    for k, v in w.items():
        layer = k.rsplit(".", 3)[0] if ".mlp." in k or ".self_attn." in k else None
        if k.endswith(("o_proj.weight", "down_proj.weight")):
            out[k] = turn.T @ v
        elif layer:
            before = "post_attention_layernorm" if ".mlp." in k else "input_layernorm"
            out[k] = v * w[f"{layer}.{before}.weight"] @ turn
        elif "layernorm" in k:
            out[k] = torch.ones(WIDTH)
    return out


def adapted(w, g, rank=4):
    """A low-rank change of q and v, merged."""
    out = dict(w)
    for k, v in w.items():
        if k.endswith(("q_proj.weight", "v_proj.weight")):
            change = torch.randn(v.shape[0], rank, generator=g) @ torch.randn(rank, v.shape[1], generator=g)
            out[k] = v + change * (0.5 * v.norm() / change.norm())
    return out


def linear(w, other, t=0.5):
    return {k: (1 - t) * v + t * other[k] for k, v in w.items()}


def spherical(w, other, t=0.5):
    def change(k, v):
        if v.dim() < 2:
            return (1 - t) * v + t * other[k]
        a = torch.arccos((v * other[k]).sum() / v.norm() / other[k].norm())
        return (torch.sin((1 - t) * a) * v + torch.sin(t * a) * other[k]) / torch.sin(a)
    return {k: change(k, v) for k, v in w.items()}


def begun_with(seed, embedding):
    return {**fresh(seed), "model.embed_tokens.weight": embedding}


# ---- looking ----

def save(folder, w, dtype=torch.float32):
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.to(dtype).contiguous() for k, v in w.items()}, folder / "model.safetensors")
    layers = 1 + max(int(k.split(".")[2]) for k in w if ".layers." in k)
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH, "intermediate_size": UNITS,
        "num_hidden_layers": layers, "num_attention_heads": HEADS, "num_key_value_heads": HEADS, "vocab_size": VOCAB,
        "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu",
        "tie_word_embeddings": True, "torch_dtype": str(dtype).split(".")[1]}, indent=1) + "\n")


class Desk:
    def __init__(self, hearth, folder):
        self.hearth, self.folder, self.count = hearth, pathlib.Path(folder), 0

    def put(self, w):
        self.count += 1
        path = self.folder / str(self.count)
        save(path, w)
        return path

    def look(self, a, b):
        done = subprocess.run([self.hearth, "lineage", str(a), str(b), "--json", "--threads", "1"], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{a} and {b}: {done.stderr}")
        record = json.loads(done.stdout)["lineage"]
        tests = {t["id"]: t.get("log10_p_holm", 0.0) for t in record["tests"]}
        return {"found": record["log10_p"] <= LEVEL, "log10_p": record["log10_p"], "relation": record.get("relation", ""), **{k: v <= LEVEL for k, v in tests.items()}}


def rate(rows, key):
    return sum(r[key] for r in rows) / len(rows)


def summary(what, x, rows):
    return {"what": what, "x": x, "pairs": len(rows), **{k: rate(rows, k) for k in ("found", "T1", "T2", "T3")},
            "median_log10_p": sorted(r["log10_p"] for r in rows)[len(rows) // 2],
            "relations": sorted({r["relation"] for r in rows if r["relation"]})[:3]}


def relative(a, b):
    keys = [k for k in a if ".mlp." in k]
    return float(sum((a[k] - b[k]).pow(2).sum() for k in keys) / sum(a[k].pow(2).sum() for k in keys)) ** 0.5


# ---- the picture ----

def svg(table):
    width, height, left, top, bottom, right = 640, 300, 56, 16, 44, 130
    colours = {"T1": "#1f5fa8", "T2": "#c2571a", "T3": "#2b8a3e"}
    most = max(NOISES)
    x = lambda v: left + v / most * (width - left - right)
    y = lambda v: height - bottom - v * (height - top - bottom)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        out.append(f'<line x1="{left}" x2="{width - right}" y1="{y(share):.1f}" y2="{y(share):.1f}" stroke="#ddd"/>'
                   f'<text x="{left - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{share * 100:.0f} %</text>')
    for v in NOISES:
        out.append(f'<text x="{x(v):.1f}" y="{height - bottom + 16}" text-anchor="middle">{v:g}</text>')
    for at, (test, colour) in enumerate(colours.items()):
        points = [(r["x"], r[test]) for r in table["noised"]]
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
                   + " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points) + '"/>')
        out += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>' for a, b in points]
        out.append(f'<text x="{width - right + 12}" y="{top + 18 + 18 * at}" fill="{colour}">{test}</text>')
    for r in table["finetuned"]:
        out.append(f'<path d="M{x(r["x"]):.1f} {y(r["found"]) - 6:.1f}l5 9h-10z" fill="#555"/>')
    out.append(f'<text x="{width - right + 12}" y="{top + 72}" fill="#555">fine-tunes (any)</text>')
    out.append(f'<text x="{(left + width - right) / 2}" y="{height - 8}" text-anchor="middle">size of the change relative to the '
               'weights</text>')
    out.append(f'<text transform="translate(14 {(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">found at '
               '0.001</text></svg>')
    return "\n".join(out) + "\n"


def main():
    a = argparse.ArgumentParser()
    a.add_argument("hearth")
    a.add_argument("--models")
    a.add_argument("--table")
    a.add_argument("--svg")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--bases", type=int, default=6)
    a.add_argument("--steps", type=int, default=300)
    a.add_argument("--more", type=int, default=800, help="steps of fine-tunes")
    a.add_argument("--repeats", type=int, default=4, help="noised copies of each base")
    o = a.parse_args()
    torch.set_num_threads(1)
    documents, code = text_of(r"docs/[^/]*\.md"), text_of(r"src/lm/.*\.c")
    bases, losses = [], []
    for i in range(o.bases):
        w, loss, _ = train(fresh(o.seed * 1000 + i), documents, o.steps, o.seed * 2000 + i, 3e-3)
        bases.append(w)
        losses.append(loss)
    print("losses of the bases:", " ".join(f"{x:.2f}" for x in losses), file=sys.stderr)
    keep = [k for k in (25, 100, 400, 800, 1600) if k <= o.more] or [o.more]
    with tempfile.TemporaryDirectory() as folder:
        desk, g = Desk(o.hearth, folder), torch.Generator().manual_seed(o.seed)
        paths = [desk.put(w) for w in bases]
        table = {"seed": o.seed, "texts": TEXTS, "torch": torch.__version__, "steps": o.steps, "losses": losses, "noised": [], "finetuned": [], "copies": []}
        pairs = [desk.look(paths[i], paths[j]) for i in range(o.bases) for j in range(i)]
        table["independent"] = summary("independent", None, pairs)
        table["independent"]["smallest_log10_p"] = min(r["log10_p"] for r in pairs)
        tuned = {k: [] for k in keep}
        for i, w in enumerate(bases[:3]):
            after = train(w, code, max(keep), o.seed * 3000 + i, 3e-3, keep)[2]
            for k in keep:
                tuned[k].append((relative(w, after[k]), desk.look(paths[i], desk.put(after[k]))))
            if i == 0:
                first = after[max(keep)]
        for k in keep:
            row = summary(f"{k} steps", sum(x for x, _ in tuned[k]) / len(tuned[k]), [r for _, r in tuned[k]])
            table["finetuned"].append(row)
        for make in (quantized, pruned, permuted, upcycled, shallowed, heads_permuted, rescaled, adapted, rotated):
            table["copies"].append(summary(make.__name__, None, [desk.look(p, desk.put(make(w, g)))
                                                                 for p, w in zip(paths, bases)]))
        for make in (linear, spherical):
            table["copies"].append(summary("merged " + make.__name__, None, [
                desk.look(p, desk.put(make(w, bases[i - 1]))) for i, (p, w) in enumerate(zip(paths, bases))]))
        others = [("distilled", fresh(o.seed * 4000 + i), w) for i, w in enumerate(bases[:3])]
        others += [("same embedding", begun_with(o.seed * 5000 + i, fresh(o.seed * 1000 + i)["model.embed_tokens.weight"]),
                    None) for i in range(len(bases[:3]))]
        rows = {}
        for i, (what, start, teacher) in enumerate(others):
            w = train(start, documents, o.steps, o.seed * 6000 + i, 3e-3, teacher=teacher)[0]
            rows.setdefault(what, []).append(desk.look(paths[i % len(bases[:3])], desk.put(w)))
        table["others"] = [summary(what, None, r) for what, r in rows.items()]
        for amount in NOISES:
            table["noised"].append(summary("noised", amount, [desk.look(p, desk.put(noised(w, amount, g)))
                                                              for p, w in zip(paths, bases) for _ in range(o.repeats)]))
    if o.models:
        for name, w in (("base", bases[0]), ("finetuned", first), ("other", bases[1])):
            save(pathlib.Path(o.models) / name, w, torch.bfloat16)
    text = json.dumps(table, indent=1) + "\n"
    if o.table:
        pathlib.Path(o.table).write_text(text)
    if o.svg:
        pathlib.Path(o.svg).write_text(svg(table))
    print(text)


if __name__ == "__main__":
    main()
