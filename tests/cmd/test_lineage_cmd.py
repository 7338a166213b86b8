#!/usr/bin/env python3
# `hearth lineage` as a user meets it: one model, two models, the store, the page, the self-test.
# SPDX-License-Identifier: Apache-2.0
#
#   test_lineage_cmd.py [PROGRAM]          PROGRAM: HEARTH, or build/hearth
#
# Cases that need a model of the shared folder (HEARTH_SHARED) are skipped without it.
import html.parser
import json
import os
import re
import shutil
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
