#!/usr/bin/env python3
# `hearth scan` as a user meets it: folders, files, models of the store.
# SPDX-License-Identifier: Apache-2.0
#
#   test_scan_cmd.py [PROGRAM]          PROGRAM: HEARTH, or build/hearth
#
# Cases that need a model of the shared folder (HEARTH_SHARED) are skipped without it.
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared")))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
MODELS = os.path.join(SHARED, "golden/models")
EVIL = b"cos\nsystem\n(S'touch scanned'\ntR."
KEYS = ["rule", "answer", "file", "at", "reason", "quote", "next"]


class Skip(Exception):
    pass


def hearth(*args, home=None, cwd=None):
    env = dict(os.environ, HEARTH_HOME=home) if home else None
    return subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, env=env, cwd=cwd)


def scan(path, home=None, cwd=None):
    p = hearth("scan", path, "--json", home=home, cwd=cwd)
    assert p.returncode in (0, 1), p
    d = json.loads(p.stdout)
    assert (p.returncode == 0) == (d["answer"] == "note"), d["answer"]
    assert [list(f) for f in d["findings"]] == [KEYS] * len(d["findings"])
    order = [["deny", "ask", "note"].index(f["answer"]) for f in d["findings"]]
    assert order == sorted(order), order
    return d


def write(folder, name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return path


def model(name="qwen3"):
    path = os.path.join(MODELS, name)
    if not os.path.isdir(path):
        raise Skip("the shared models are not here (set HEARTH_SHARED)")
    return path


def test_nothing(folder):
    write(folder, "README.md", "# A model\n")
    write(folder, "config.json", "{}")
    d = scan(folder)
    assert d["answer"] == "note" and d["files"] == 2 and d["findings"] == [], d
    p = hearth("scan", folder)
    assert p.returncode == 0 and b"2 files: 0 to refuse, 0 to ask about, 0 notes" in p.stdout, p


def test_pickle_is_not_run(folder):
    write(folder, "original/consolidated.00.pth", EVIL)
    write(folder, "modeling_x.py", "import os\n")
    d = scan(folder, cwd=folder)
    assert [f["rule"] for f in d["findings"]] == ["scan.pickle-import", "scan.python", "scan.pickle"], d
    assert d["findings"][0]["file"] == "original/consolidated.00.pth", d
    assert d["findings"][0]["quote"] == "os system", d
    assert not os.path.exists(os.path.join(folder, "scanned"))
    p = hearth("scan", folder)
    assert p.returncode == 1 and p.stdout.startswith(b"deny  scan.pickle-import"), p
    assert b"should not be used" in p.stderr, p.stderr


def test_python_pickles_it(folder):
    class Evil:
        def __reduce__(self):
            return os.system, ("touch scanned",)
    for protocol in range(6):
        path = write(folder, f"p{protocol}.bin", pickle.dumps(Evil(), protocol))
        assert scan(path, cwd=folder)["answer"] == "deny", protocol
    assert not os.path.exists(os.path.join(folder, "scanned"))


def test_asks(folder):
    write(folder, "config.json", json.dumps({"auto_map": {"AutoModel": "a/b--c.D"}}))
    p = hearth("scan", folder)
    assert p.returncode == 1 and b"ask   scan.remote-code" in p.stdout, p
    assert b"somebody should look" in p.stderr, p.stderr


def test_one_file(folder):
    path = write(folder, "chat_template.jinja", "{{ x.__class__ }}")
    d = scan(path)
    assert d["files"] == 1 and d["findings"][0]["file"] == "chat_template.jinja", d
    assert d["findings"][0]["at"] == 5, d


def test_terminal_is_safe(folder):
    write(folder, "README.md", "a\x1b[2Jb \u202eevil\u202c\n")
    p = hearth("scan", folder)
    assert p.returncode == 1, p
    assert b"\x1b" not in p.stdout and "\u202e".encode() not in p.stdout, p.stdout


def test_links(folder):
    outside = write(folder, "elsewhere/secret.txt", "x")
    inside = os.path.join(folder, "model")
    write(inside, "config.json", "{}")
    os.symlink(outside, os.path.join(inside, "leak.txt"))
    p = hearth("scan", inside)
    assert p.returncode not in (0, 1) and b"link out of its folder" in p.stderr, p


def test_names_by_case(folder):
    write(folder, "config.json", "{}")
    write(folder, "Config.json", "{}")
    p = hearth("scan", folder)
    assert p.returncode not in (0, 1) and b"case does not count" in p.stderr, p


def test_git_is_named(folder):
    write(folder, "config.json", "{}")
    write(folder, ".git/hooks/pre-commit", "#!/bin/sh\n")
    p = hearth("scan", folder)
    assert p.returncode == 0 and b"1 folders (.git, .cache)" in p.stdout, p
    assert scan(folder)["folders_skipped"] == 1


def test_ten_thousand_files(folder):
    for i in range(9999):
        write(folder, f"f{i % 50}/{i}.txt", "x")
    d = scan(folder)
    assert d["files"] == 9999 and d["answer"] == "note", d
    for i in range(2):
        write(folder, f"more{i}.txt", "x")
    p = hearth("scan", folder)
    assert p.returncode not in (0, 1) and b"more than 10000 files" in p.stderr, p.stderr


def test_missing(folder):
    home = os.path.join(folder, "home")
    p = hearth("scan", "no-such-model", home=home)
    assert p.returncode == 3 and b"no-such-model" in p.stderr, p
    p = hearth("scan", os.path.join(folder, "nothing.gguf"), home=home)
    assert p.returncode == 3, p


def test_golden(folder):
    model()
    names = [n for n in sorted(os.listdir(MODELS)) if os.path.isdir(os.path.join(MODELS, n))]
    for name in names:
        d = scan(os.path.join(MODELS, name))
        assert d["answer"] == "note", (name, d["findings"][0])


def test_stored(folder):
    home = os.path.join(folder, "home")
    copy = os.path.join(folder, "tiny")
    shutil.copytree(model(), copy)
    write(copy, "modeling_x.py", "import os\n")
    p = hearth("add", copy, home=home, cwd=folder)
    assert p.returncode == 0, p
    d = scan("tiny", home=home, cwd=os.path.join(folder, "home"))
    assert d["answer"] == "ask" and d["findings"][0]["file"] == "modeling_x.py", d


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
