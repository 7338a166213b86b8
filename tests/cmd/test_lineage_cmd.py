#!/usr/bin/env python3
# `hearth lineage` as a user meets it: one model, two models, the store, the page, the self-test.
# SPDX-License-Identifier: Apache-2.0
#
#   test_lineage_cmd.py [PROGRAM]          PROGRAM: HEARTH, or build/hearth
#
# Cases that need a model of the shared folder (HEARTH_SHARED) are skipped without it.
import html.parser
import json
import math
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import xml.dom.minidom

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared")))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
TRAINED = os.path.join(ROOT, "tests/data/lineage")
# What no report may say: it is not what these tests can show.
NEVER = ("stolen", "plagiar", "copied from", "theft", "infring")


class Skip(Exception):
    pass


def hearth(*args, home=None, cwd=None):
    env = dict(os.environ, HEARTH_HOME=home) if home else None
    p = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=300, env=env, cwd=cwd)
    text = p.stdout.decode().lower()
    assert not any(word in text for word in NEVER), text
    return p


def compare(a, b, *more, **where):
    p = hearth("lineage", a, b, "--json", *more, **where)
    assert p.returncode == 0, p
    return json.loads(p.stdout)["lineage"]


def golden(path):
    path = os.path.join(SHARED, "golden", path)
    if not os.path.exists(path):
        raise Skip("the shared models are not here (set HEARTH_SHARED)")
    return path


def trained(name):
    return os.path.join(TRAINED, name)


def write(folder, name, content):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w") as f:
        f.write(content)


def test_declared(folder):
    write(folder, "README.md", "---\nbase_model: Qwen/Qwen2.5-7B\nbase_model_relation: finetune\n---\n")
    write(folder, "adapter_config.json", '{"base_model_name_or_path": "x/y\\u001b[2J\\u202e\\u009b"}')
    p = hearth("lineage", folder)
    assert p.returncode == 0 and b"Qwen/Qwen2.5-7B  (README.md:2, base_model)" in p.stdout, p
    assert b"finding: README.md (base_model) names Qwen/Qwen2.5-7B" in p.stdout, p
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", p.stdout.decode()), p.stdout
    d = json.loads(hearth("lineage", folder, "--json").stdout)["declared"]
    assert d["claims"][0] == {"parent": "Qwen/Qwen2.5-7B", "relation": "finetune", "file": "README.md",
                              "place": "base_model", "line": 2}, d
    assert len(d["findings"]) == 1, d


def test_trained_pairs(folder):
    d = compare(trained("base"), trained("finetuned"))
    assert d["answer"] == "not_independent" and "fine-tune" in d["relation"], d["verdict"]
    assert all(t["ran"] and not t["withdrawn"] for t in d["tests"]), d["tests"]
    assert [len(d[s]["tensors"][0]["sha256"]) for s in "ab"] == [64, 64]
    d = compare(trained("base"), trained("other"))
    assert d["answer"] == "no_evidence" and "does not say" in d["verdict"], d["verdict"]


def test_same_numbers_again(folder):
    a = hearth("lineage", trained("base"), trained("finetuned"), "--json", "--threads", "1")
    b = hearth("lineage", trained("base"), trained("finetuned"), "--json", "--threads", "2")
    assert a.returncode == 0 and a.stdout == b.stdout
    c = compare(trained("base"), trained("other"), "--seed", "7")
    assert c["seed"] == 7 and c["answer"] == "no_evidence", c["verdict"]


def test_all_layers_and_units(folder):
    d = compare(trained("base"), trained("finetuned"), "--all-layers", "--units", "64", "--permutations", "999")
    assert d["joined_by"] == "Bonferroni over all pairs" and len(d["pairs"]) == 9, d["joined_by"]
    assert {p["sampled"] for p in d["pairs"]} == {64}
    assert d["answer"] == "not_independent", d["verdict"]
    p = hearth("lineage", trained("base"), trained("finetuned"), "--all-layers")
    assert b"layers of A and of B that match: 0:0 1:1 2:2" in p.stdout, p.stdout


class Page(html.parser.HTMLParser):
    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "link", "img", "iframe", "object", "form"), tag
        assert not any(name in ("src", "href", "onload") for name, _ in attributes), attributes


def test_page(folder):
    path = os.path.join(folder, "page.html")
    named = os.path.join(folder, "<b>&'")
    shutil.copytree(trained("base"), named)
    p = hearth("lineage", named, trained("finetuned"), "--html", path)
    assert p.returncode == 0 and b"page written to" in p.stdout, p
    with open(path) as f:
        page = f.read()
    Page().feed(page)
    assert "&lt;b&gt;&amp;&#39;" in page and "<b>&'" not in page
    pictures = re.findall(r"<svg.*?</svg>", page, re.S)
    assert len(pictures) >= 5, len(pictures)
    for picture in pictures:
        xml.dom.minidom.parseString(picture)
        assert "nan" not in picture and "inf" not in picture, picture
    p = hearth("lineage", named, trained("finetuned"), "--html", os.path.join(folder, "no/such/page.html"))
    assert p.returncode == 3 and not p.stdout, p


def test_containers(folder):
    d = compare(golden("models/qwen2-moe"), golden("gguf/qwen2-moe.gguf"))
    assert d["answer"] == "not_independent", d["verdict"]
    d = compare(golden("gguf/quantized/qwen3-256-Q8_0-pure.gguf"), golden("gguf/quantized/qwen3-256-Q4_K_M.gguf"))
    assert "quantization" in d["relation"], d["relation"]


def test_odd_inputs(folder):
    d = compare(trained("base"), golden("models/llama3"))
    assert d["answer"] == "no_evidence", d["verdict"]
    d = compare(trained("base"), golden("models/baichuan-13b"))
    assert d["answer"] == "not_testable" and "64 and 80 wide" in d["verdict"], d["verdict"]
    for path, code in ((os.path.join(folder, "nothing"), 3), (__file__, 4),
                       (golden("gguf/bad/unknown-tensor-type.gguf"), 5), (golden("gguf/bad/truncated-data.gguf"), 4)):
        for pair in ((path, trained("base")), (trained("base"), path)):
            p = hearth("lineage", *pair)
            assert p.returncode == code and p.stderr and not p.stdout, p
    p = hearth("lineage", os.path.join(folder, "nothing"))
    assert p.returncode == 3, p
    p = hearth("lineage", __file__)
    assert p.returncode == 4 and b"neither a folder nor a GGUF file" in p.stderr, p


def read_tensors(folder):
    """Name to [type, shape, bytes] of a folder's one file."""
    with open(os.path.join(folder, "model.safetensors"), "rb") as f:
        blob = f.read()
    size = struct.unpack("<Q", blob[:8])[0]
    head = json.loads(blob[8:8 + size])
    return {k: [v["dtype"], v["shape"], blob[8 + size + v["data_offsets"][0]:8 + size + v["data_offsets"][1]]]
            for k, v in head.items() if k != "__metadata__"}


def write_tensors(folder, tensors):
    """Beside a configuration that the lineage tests do not need."""
    head, at = {}, 0
    for name, (kind, shape, data) in tensors.items():
        head[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.path.join(trained("base"), "config.json"), folder)
    with open(os.path.join(folder, "model.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(t[2] for t in tensors.values()))
    return folder


def as_f16(data):
    """Of bfloat16 numbers."""
    words = struct.unpack(f"<{len(data) // 2}H", data)
    values = struct.unpack(f"<{len(words)}f", b"".join(struct.pack("<I", w << 16) for w in words))
    return struct.pack(f"<{len(values)}e", *values)


def with_layers(tensors, order):
    out = {k: v for k, v in tensors.items() if ".layers." not in k}
    for at, layer in enumerate(order):
        out.update({k.replace(f".layers.{layer}.", f".layers.{at}."): v for k, v in tensors.items()
                    if f".layers.{layer}." in k})
    return out


def test_candidate_relations(folder):
    """A guess is still no wrong one: what is the same is not called a fine-tune."""
    base, other = read_tensors(trained("base")), read_tensors(trained("other"))
    heads = dict(base)
    for k, (kind, shape, data) in base.items():
        if k.endswith(("q_proj.weight", "k_proj.weight", "v_proj.weight")):
            heads[k] = [kind, shape, data[len(data) // 4:] + data[:len(data) // 4]]
    embedding = "model.embed_tokens.weight"
    norms = {k: v for k, v in base.items() if "norm" in k or k == embedding}
    for name, tensors, words in (
            ("again", base, "the same weights;"),
            ("f16", {k: ["F16", s, as_f16(d)] for k, (_, s, d) in base.items()}, "rounded to another number format"),
            ("reversed", with_layers(base, (2, 1, 0)), "layers in another order"),
            ("deeper", with_layers(base, (0, 1, 1, 2)), "the same layers, some repeated"),
            ("shallow", with_layers(base, (0, 2)), "layers removed or added"),
            ("heads", heads, "attention alone was changed, as by a merged adapter or heads in another order"),
            ("norms", {**other, **norms}, "embeddings or norms have a common origin; none was seen in feed-forward")):
        d = compare(trained("base"), write_tensors(os.path.join(folder, name), tensors))
        assert d["answer"] == "not_independent" and words in d["verdict"], (name, d["verdict"])


def random_model(seed, width, units):
    g = random.Random(seed)
    shapes = {"input_layernorm": [width], "post_attention_layernorm": [width], "mlp.gate_proj": [units, width],
              "mlp.up_proj": [units, width], "mlp.down_proj": [width, units]}
    shapes = {f"model.layers.0.{k}.weight": v for k, v in shapes.items()} | {"model.embed_tokens.weight": [16, width]}
    return {k: ["F32", s, b"".join(struct.pack("<f", g.gauss(0, 1)) for _ in range(math.prod(s)))]
            for k, s in shapes.items()}


def test_too_small(folder):
    """A level that no shape of this size can reach is not "no evidence"."""
    paths = [write_tensors(os.path.join(folder, str(i)), random_model(seed, 4, 3)) for i, seed in enumerate((1, 1, 2))]
    same, apart = compare(paths[0], paths[1]), compare(paths[0], paths[2])
    assert same["answer"] == apart["answer"] == "not_testable", (same["verdict"], apart["verdict"])
    assert "4 wide" in apart["verdict"] and "has the same bytes" in same["verdict"], same["verdict"]
    assert "same bytes" not in apart["verdict"]
    larger = [write_tensors(os.path.join(folder, f"l{i}"), random_model(1, 8, 8)) for i in range(2)]
    assert compare(*larger)["answer"] == "not_independent"
    few = compare(trained("base"), trained("other"), "--permutations", "9")
    assert few["answer"] == "no_evidence", few["verdict"]  # T2 and T3 could have told


def test_numbers_that_are_none(folder):
    base = read_tensors(trained("base"))
    none = {k: [t, s, b"\xc0\x7f" * (len(d) // 2)] for k, (t, s, d) in base.items()}
    zero = {k: [t, s, bytes(len(d))] for k, (t, s, d) in base.items()}
    for name, tensors in (("none", none), ("zero", zero)):
        d = compare(trained("base"), write_tensors(os.path.join(folder, name), tensors))
        assert d["answer"] == "not_testable" and "varies" in d["verdict"], d["verdict"]
    d = compare(os.path.join(folder, "zero"), os.path.join(folder, "zero"))
    assert d["answer"] == "not_testable" and "same bytes" in d["verdict"], d["verdict"]


def test_stored(folder):
    home = os.path.join(folder, "home")
    copy = os.path.join(folder, "tiny")
    shutil.copytree(trained("base"), copy)
    write(copy, "LICENSE", "a licence\n")
    p = hearth("add", copy, home=home, cwd=folder)
    if p.returncode:
        raise Skip(p.stderr.decode().strip())
    d = compare("tiny", trained("base"), home=home, cwd=home)
    assert d["identity"]["same_files"] and d["relation"] == "the same weights", d["verdict"]
    p = hearth("lineage", "no-such-model", home=home, cwd=home)
    assert p.returncode == 3 and b"no-such-model" in p.stderr, p


def test_selftest(folder):
    p = hearth("lineage", "selftest", "--pairs", "30", "--json")
    d = json.loads(p.stdout)["selftest"]
    assert p.returncode == 0 and d["calibrated"] and d["copies_found"], d
    assert [f["pairs"] for f in d["independent"]] == [30] * 3
    p = hearth("lineage", "selftest", "--pairs", "0")
    assert p.returncode == 2, p


def main():
    failed = skipped = 0
    for name, case in sorted(globals().items()):
        if not name.startswith("test_"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(folder)
                print(f"ok {name}")
            except Skip as why:
                skipped += 1
                print(f"skipped {name}: {why}")
            except AssertionError as e:
                failed += 1
                print(f"FAILED {name}: {e!r}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
