#!/usr/bin/env python3
# Every golden model of a supported family through `hearth debug`, in one table.
# SPDX-License-Identifier: Apache-2.0
#
#   test_models.py [PROGRAM] [--shared FOLDER] [--only TEXT] [--ref]     PROGRAM: default $HEARTH
#
# Compared are max|got - expected| / max|expected| over all positions (the long prompt too) and the
# greedy ids, with `--backend ref` and at each CPU level that the machine has. Expected values come
# from transformers (golden/README.md) and llama2.c (stories260K). --ref leaves out the fast path.
# The last line is "N passed, N failed, N skipped"; the exit code tells whether any failed.
import argparse
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tensors

TYPES = ("llama", "mistral", "qwen2", "qwen3")
# Llama-like models under names of their own: shown, and compared where the program supports them.
OPTIONAL = ("smollm3", "PanguEmbedded", "pangu_embedded", "seed_oss", "internlm3")
ARCHS = ("llama", "qwen2", "qwen3", "smollm3", "pangu-embedded", "seed_oss")
EXPERTS = ("mixtral", "qwen3moe")
BOUND_REF, BOUND_FAST, BOUND_QUANTIZED, BOUND_PRECISE, BOUND_STORIES = 1e-4, 2e-3, 5e-2, 1e-3, 1e-5
TIMEOUT_S = 120


class Case:
    def __init__(self, name, path, expected, form, optional=False):
        self.name, self.path, self.form, self.optional = name, path, form, optional
        self.expected = expected # {key: (shape, values)}


def list_models(root):
    with open(os.path.join(root, "index.json")) as f:
        index = json.load(f)
    for m in index["fixtures"]:
        kind = m["model_type"]
        if m["kind"] == "lm" and kind in TYPES + OPTIONAL:
            folder = os.path.join(root, m["name"])
            expected = tensors.read_safetensors(os.path.join(folder, "expected.safetensors"))
            yield Case(m["name"], folder, expected, "hf", kind in OPTIONAL)


def list_twins(root):
    with open(os.path.join(root, "index.json")) as f:
        index = json.load(f)
    for m in index:
        if m["arch"] not in ARCHS or m["name"].startswith(EXPERTS):
            continue
        expected = tensors.read_safetensors(os.path.join(root, m["expected"]))
        if not m["long_valid"]:
            expected.pop("long_logits", None)
        yield Case(m["name"], os.path.join(root, m["file"]), expected, "gguf", m["arch"] not in TYPES)


def list_quantized(root):
    folder = os.path.join(root, "quantized")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".gguf") and not name.startswith(EXPERTS):
            path = os.path.join(folder, name)
            expected = tensors.read_safetensors(path[: -len(".gguf")] + ".expected.safetensors")
            yield Case(name[: -len(".gguf")], path, expected, "quantized")


def list_forms(root, models):
    folder = os.path.join(root, "forms")
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".gguf") or "-0000" in name and "-00001-" not in name:
            continue
        if "-split-" in name:
            source = os.path.join(models, name.split("-split-")[0], "expected.safetensors")
        else:
            source = os.path.join(folder, "tiny.expected.safetensors")
        yield Case(name[: -len(".gguf")], os.path.join(folder, name), tensors.read_safetensors(source), "forms")


def list_stories(root, scratch):
    hf = os.path.join(scratch, "stories260K")
    tensors.write_stories_hf(root, hf)
    with open(os.path.join(root, "expected-greedy.jsonl")) as f:
        lines = [json.loads(line) for line in f]
    for number, line in enumerate(lines):
        logits = tensors.read_f32(os.path.join(root, "expected-logits-%d.f32" % number))
        ids = (line["prompt_ids"] + line["generated"])[: len(logits) // 512]
        expected = {
            "input_ids": ([len(ids)], ids),
            "logits": ([len(ids), 512], logits),
            "greedy_prompt": ([0], line["prompt_ids"]),
            "greedy_ids": ([0], line["generated"]),
        }
        yield Case("stories260K-%d" % number, os.path.join(root, "stories260K.gguf"), expected, "stories gguf")
        yield Case("stories260K-%d" % number, hf, expected, "stories hf")


class Failure(Exception):
    pass


class Unsupported(Exception):
    pass


def hearth(program, *args):
    p = subprocess.run((program,) + args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT_S)
    if p.returncode == 5:
        raise Unsupported(p.stderr.decode(errors="replace").strip())
    if p.returncode:
        raise Failure("exit %d: %s" % (p.returncode, p.stderr.decode(errors="replace").strip()[:400]))
    return p.stdout.decode()


def write_ids(scratch, ids):
    path = os.path.join(scratch, "ids.txt")
    with open(path, "w") as f:
        f.write(" ".join(map(str, ids)) + "\n")
    return path


def distance(got, want):
    """Against the last rows of `got`, which may have more."""
    got = got[len(got) - len(want) :]
    if len(got) != len(want):
        raise Failure("%d logits came, at least %d were wanted" % (len(got), len(want)))
    worst = 0.0
    for a, b in zip(got, want):
        d = abs(a - b)
        if not d <= worst: # NaN too
            worst = d
            if d != d:
                raise Failure("NaN in the logits")
    return worst / max(map(abs, want))


def logits_error(program, case, options, scratch):
    out = os.path.join(scratch, "out.f32")
    worst = 0.0
    for ids_key, logits_key in (("input_ids", "logits"), ("long_input_ids", "long_logits")):
        if ids_key not in case.expected or logits_key not in case.expected:
            continue
        ids = write_ids(scratch, case.expected[ids_key][1])
        hearth(program, "debug", "logits", case.path, "--ids", ids, "--out", out, *options)
        worst = max(worst, distance(tensors.read_f32(out), case.expected[logits_key][1]))
    return worst


def greedy_right(program, case, options, scratch):
    if "greedy_ids" not in case.expected:
        return None
    want = list(case.expected["greedy_ids"][1])
    prompt = case.expected.get("greedy_prompt", case.expected["input_ids"])[1]
    ids = write_ids(scratch, prompt)
    got = hearth(program, "debug", "greedy", case.path, "--ids", ids, "-n", str(len(want)), *options)
    return list(map(int, got.split())) == want


def paths_of(levels, case):
    """(column, options, bound) for each way to run this case."""
    if case.form.startswith("stories"):
        bounds = (BOUND_STORIES, BOUND_STORIES)
    elif case.form in ("quantized", "forms"):
        bounds = (BOUND_REF, BOUND_QUANTIZED)
    else:
        bounds = (BOUND_REF, BOUND_FAST)
    yield "ref", ("--backend", "ref"), bounds[0]
    for level in levels:
        yield level, ("--backend", "cpu", "--cpu", level), bounds[1]
    if levels:
        precise = BOUND_PRECISE if case.form in ("quantized", "forms") else bounds[1]
        yield "precise", ("--backend", "cpu", "--precise"), precise


def run_case(program, case, levels, scratch):
    """The cells of the table's row, and what went wrong."""
    cells, faults = [], []
    for column, options, bound in paths_of(levels, case):
        try:
            error = logits_error(program, case, options, scratch)
            greedy = greedy_right(program, case, options, scratch)
        except (Failure, subprocess.TimeoutExpired) as e:
            cells.append("%10s" % "failed")
            faults.append("%s: %s" % (column, e))
            continue
        mark = {None: " ", True: "=", False: "x"}[greedy]
        cells.append("%9.1e%s" % (error, mark))
        if not error <= bound:
            faults.append("%s: error %.2e, bound %.0e" % (column, error, bound))
        if greedy is False:
            faults.append("%s: greedy ids differ" % column)
    return cells, faults


def levels_of(program):
    report = json.loads(hearth(program, "doctor", "--json"))
    return [l["name"] for l in report["levels"] if l["present"]]


def list_cases(shared, scratch):
    models, gguf = os.path.join(shared, "golden/models"), os.path.join(shared, "golden/gguf")
    yield from list_stories(os.path.join(shared, "real/models/stories260K"), scratch)
    yield from list_models(models)
    yield from list_twins(gguf)
    yield from list_forms(gguf, models)
    yield from list_quantized(gguf)


def run_all(program, shared, only, levels, scratch):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    columns = ["ref"] + levels + (["precise"] if levels else [])
    print("max|delta| / max|logit|; = the same greedy ids, x others")
    print("%-40s %-12s %s" % ("model", "form", " ".join("%10s" % c for c in columns)))
    for case in list_cases(shared, scratch):
        if only and only not in case.name + " " + case.form:
            continue
        try:
            cells, faults = run_case(program, case, levels, scratch)
        except Unsupported as e:
            cells, faults = ["not supported"], [] if case.optional else [str(e)[:400]]
            counts["skipped"] += case.optional
        else:
            counts["passed"] += not faults
        counts["failed"] += bool(faults)
        print("%-40s %-12s %s%s" % (case.name, case.form, " ".join(cells), "  FAILED" if faults else ""), flush=True)
        for fault in faults:
            print("    " + fault)
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    return 1 if counts["failed"] else 0


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    beside = os.path.join(here, "../../../shared")
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs="?", default=os.environ.get("HEARTH", "build/hearth"))
    parser.add_argument("--shared", default=os.environ.get("HEARTH_SHARED", beside))
    parser.add_argument("--only", help="cases whose name or form holds this")
    parser.add_argument("--ref", action="store_true", help="only --backend ref")
    args = parser.parse_args()
    if not os.path.isdir(os.path.join(args.shared, "golden/models")):
        print("SKIPPED: the golden models are not here (set HEARTH_SHARED)")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    program = os.path.abspath(args.program)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HEARTH_HOME"] = os.path.join(scratch, "home")
        levels = [] if args.ref else levels_of(program)
        return run_all(program, args.shared, args.only, levels, scratch)


sys.exit(main())
