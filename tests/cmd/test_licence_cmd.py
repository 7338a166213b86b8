#!/usr/bin/env python3
# `hearth licence` and `hearth openness` as a user meets them.
# SPDX-License-Identifier: Apache-2.0
#
#   test_licence_cmd.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# Texts come from the shared folder (HEARTH_SHARED); cases that need one are skipped without it.
import json
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared")))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
LICENCES = os.path.join(SHARED, "real/licences")
USE = """use:
  commercial: true
  territory: [DE]
  monthly_active_users: 20000
  daily_active_users: 900
  annual_revenue_usd: 900000
  monthly_revenue_usd: 90000
  cloud_provider: false
  redistribute: false
  modify: none
  outputs_train_models: false
  modalities: [text]
  entity: company
"""
KEYS = ["file", "licence", "match", "facts", "verdict", "rules"]


class Skip(Exception):
    pass


def hearth(*args):
    return subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)


def lines(*args):
    p = hearth("licence", "--json", *args)
    assert p.returncode == 0, p
    found = [json.loads(line) for line in p.stdout.decode().splitlines()]
    quotes = []
    for d in found:
        assert list(d) == KEYS, list(d)
        assert d["match"] in ("exact", "normalised", "near", "none"), d["match"]
        assert d["verdict"] in ("allow", "deny", "ask"), d["verdict"]
        for rule in d["rules"]:
            assert list(rule) == ["id", "reason", "quote", "next"], rule
            assert rule["reason"] and rule["next"], rule
            if rule["quote"]:
                quotes.append((d["file"], rule["quote"]))
    for name, quote in quotes:  # as it stands there
        content = open(name, "rb").read()
        plain = content.decode("utf-16") if content[:2] == b"\xff\xfe" else content.decode("utf-8", "replace")
        assert content[:4] == b"GGUF" or quote in plain or name.endswith("windows"), (name, quote)
    return found


def shared(name):
    path = os.path.join(LICENCES, name)
    if not os.path.exists(path):
        raise Skip("the shared licences are not here (set HEARTH_SHARED)")
    return path


def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return path


def gguf(pairs):
    def text(s):
        return struct.pack("<Q", len(s)) + s.encode()
    body = b"".join(text(k) + struct.pack("<I", 8) + text(v) for k, v in pairs.items())
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + body


def case_a_line_a_file(tmp):
    use = write(tmp, "use.yaml", USE)
    names = ["Yi-Apache-2.0.txt", "Hunyuan-Large-LICENSE.txt", "ChatGLM3-MODEL_LICENSE.txt"]
    found = lines("--use", use, *map(shared, names))
    assert [d["file"] for d in found] == [shared(n) for n in names]
    assert [d["verdict"] for d in found] == ["allow", "deny", "ask"]
    assert [d["licence"] for d in found] == ["Apache-2.0", "hunyuan-large-2024", "chatglm3-6b"]
    territory = [r for r in found[1]["rules"] if r["id"] == "territory"][0]
    assert "EUROPEAN UNION" in territory["quote"], territory


def case_nothing_declared(tmp):
    found = lines(shared("Llama-2-COMMUNITY-LICENSE.txt"), shared("DeepSeek-R1-MIT.txt"))
    assert [d["verdict"] for d in found] == ["ask", "allow"]


def case_unknown_key(tmp):
    use = write(tmp, "bad.yaml", "commercial: true\ncountry: DE\n")
    p = hearth("licence", "--json", "--use", use, write(tmp, "LICENSE", "x"))
    assert p.returncode == 4 and b'unknown key "country"' in p.stderr and b"line 2" in p.stderr, p
    assert not p.stdout, p


def case_missing_file(tmp):
    p = hearth("licence", "--json", os.path.join(tmp, "nothing"))
    assert p.returncode == 3 and b"nothing" in p.stderr, p


def case_strange_files(tmp):
    names = {"empty": b"", "binary": bytes(range(256)) * 40, "card": "---\nlicense: mit\n---\n# x\n",
             "utf16": "MIT License".encode("utf-16"), "page": "<html><body>Terms</body></html>", "cut.gguf": gguf({"general.license": "mit"})[:-1]}
    found = lines(*[write(tmp, n, c) for n, c in names.items()])
    assert all(d["verdict"] == "ask" for d in found), [d["verdict"] for d in found]
    assert found[2]["licence"] == "MIT" and found[2]["match"] == "none", found[2]


def case_a_form_changed(tmp):
    text = open(shared("Kimi-K2-Modified-MIT.txt"), encoding="utf-8").read()
    use = write(tmp, "use2.yaml", USE)
    forms = {"utf16": text.encode("utf-16"), "windows": text.encode("cp1252"), "wide": " ".join(text.split("\n")),
             "cut": text.replace("100 million", "900 million")}
    found = lines("--use", use, *[write(tmp, n, c) for n, c in forms.items()])
    assert [d["licence"] for d in found] == ["kimi-k2"] * 4, [d["licence"] for d in found]
    assert [d["match"] for d in found] == ["normalised"] * 3 + ["near"], [d["match"] for d in found]
    assert [d["verdict"] for d in found] == ["allow"] * 3 + ["ask"]
    near = [r for r in found[3]["rules"] if r["id"] == "text-near"][0]
    assert near["quote"] == "900" and "instead of 1 word" in near["reason"], near


def case_gguf_with_a_wrong_key(tmp):
    path = write(tmp, "model.gguf", gguf({"general.architecture": "llama", "general.license": "mit",
                                          "general.base_model.0.name": "Llama 3.1 8B",
                                          "general.base_model.0.repo_url": "https://hub/meta-llama/Llama-3.1-8B"}))
    found = lines("--use", write(tmp, "use3.yaml", USE), path)[0]
    assert found["licence"] == "MIT" and found["verdict"] == "ask", found
    assert "claim-more-permissive" in [r["id"] for r in found["rules"]], found["rules"]


def case_lines_for_people(tmp):
    p = hearth("licence", shared("Llama-4-USE_POLICY.md"))
    assert p.returncode == 0 and b"companion-text" in p.stdout and b"next: " in p.stdout, p


def case_drift(tmp):
    old, new = shared("Tongyi-Qianwen-LICENSE-AGREEMENT.txt"), shared("scancode/qwen-2024.LICENSE")
    p = hearth("licence", "--json", "--since", old, new)
    d = json.loads(p.stdout)
    assert (d["from"], d["to"], d["same"]) == ("tongyi-2023", "qwen-2024", False), d
    assert "outputs" in [f["fact"] for f in d["facts"]], d["facts"]
    p = hearth("licence", "--since", old, old)
    assert b"0 words removed, 0 added" in p.stdout, p
    p = hearth("licence", "--since", old, new, new)
    assert p.returncode == 2, p


def case_a_folder_is_a_model(tmp):
    use = write(tmp, "use4.yaml", USE)
    folder = os.path.join(tmp, "model")
    os.mkdir(folder)
    write(folder, "LICENSE", open(shared("DeepSeek-R1-MIT.txt"), "rb").read())
    write(folder, "README.md", "---\nlicense: mit\n---\n# A model\n")
    write(folder, "model.safetensors", b"\0")
    d = json.loads(hearth("licence", "--json", "--use", use, folder).stdout)
    assert list(d) == KEYS and (d["licence"], d["match"], d["verdict"]) == ("MIT", "exact", "allow"), d
    write(folder, "LICENSE-MODEL", open(shared("Hunyuan-Large-LICENSE.txt"), "rb").read())
    d = json.loads(hearth("licence", "--json", "--use", use, folder).stdout)
    assert (d["licence"], d["verdict"]) == ("hunyuan-large-2024", "deny"), d
    assert {"claims-conflict", "territory"} <= {r["id"] for r in d["rules"]}, d["rules"]
    empty = os.path.join(tmp, "empty")
    os.mkdir(empty)
    d = json.loads(hearth("licence", "--json", "--use", use, empty).stdout)
    assert (d["licence"], d["match"], d["verdict"]) == (None, "none", "ask"), d


def case_openness(tmp):
    folder = os.path.join(tmp, "model")
    os.mkdir(folder)
    write(folder, "LICENSE", open(shared("DeepSeek-R1-MIT.txt"), "rb").read())
    write(folder, "README.md", "---\nlicense: mit\n---\n# A model\n")
    write(folder, "config.json", "{}")
    write(folder, "model.safetensors", b"\0")
    d = json.loads(hearth("openness", "--json", folder).stdout)["openness"]
    assert d["mof"]["class"] == "none" and "data card" in d["mof"]["missing"], d["mof"]
    assert d["osaid"]["answer"] == "no" and d["ai_act_53_2"]["answer"] == "likely", d
    write(folder, "README.md", "---\nlicense: apache-2.0\n---\n# A model\n")
    d = json.loads(hearth("openness", "--json", folder).stdout)["openness"]
    assert d["osaid"]["answer"] == "unknown" and d["ai_act_53_2"]["answer"] == "unknown", d


def main():
    if not os.access(PROGRAM, os.X_OK):
        sys.exit("%s is not there: build it first" % PROGRAM)
    counts = {"OK": 0, "FAILED": 0, "SKIPPED": 0}
    for name, run in sorted(globals().items()):
        if not name.startswith("case_"):
            continue
        how = "OK"
        with tempfile.TemporaryDirectory() as tmp:
            try:
                run(tmp)
            except Skip as e:
                how = "SKIPPED"
                print("SKIPPED: %s" % e)
            except (AssertionError, ValueError, KeyError, IndexError, subprocess.TimeoutExpired) as e:
                how = "FAILED"
                print("%s: %s" % (name, e))
        counts[how] += 1
        print({"OK": "[       OK ] ", "FAILED": "[  FAILED  ] ", "SKIPPED": "[  SKIPPED ] "}[how] + name[5:])
    print("%(OK)d passed, %(FAILED)d failed, %(SKIPPED)d skipped" % counts)
    return 1 if counts["FAILED"] else 0


sys.exit(main())
