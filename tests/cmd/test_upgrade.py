#!/usr/bin/env python3
# A model becomes another revision of itself: the plan, the swap, the way back.
# SPDX-License-Identifier: Apache-2.0
#
#   test_upgrade.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# Models are the one in the box and copies of it with changed files. The last line is "N passed, N failed, N skipped".
import hashlib
import json
import os
import pathlib
import pty
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared")))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
EMBER = pathlib.Path(ROOT) / "models/ember"
STORIES = pathlib.Path(SHARED) / "real/models/stories260K/stories260K.gguf"
LLAMA = pathlib.Path(SHARED) / "real/licences/Llama-3.1-COMMUNITY-LICENSE.txt"


class Skip(Exception):
    pass


class World:
    def __init__(self, tmp):
        self.work = pathlib.Path(tmp)
        self.home = self.work / "home"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("HEARTH_HUB")} | {"HEARTH_HOME": str(self.home)}

    def run(self, *args, code=0, err="", input=b""):
        done = subprocess.run([PROGRAM, *map(str, args)], cwd=self.work, env=self.env, capture_output=True, timeout=300, input=input)
        said = done.stderr.decode()
        assert done.returncode == code, f"{args}: exit {done.returncode}, wanted {code}: {said}"
        assert err in said, f"{args}: {said!r} does not say {err!r}"
        return done.stdout.decode()

    def json(self, *args, **kw):
        return json.loads(self.run(*args, "--json", **kw))

    def entries(self, kind):
        return [e["entry"]["body"] for e in self.json("audit", "show", "--last", 1000, "--kind", kind)["entries"]]

    def lock(self):
        return json.loads((self.home / "hearth.lock").read_text())["models"]

    def blobs(self):
        return {p.name for p in (self.home / "blobs").rglob("*") if p.is_file()}


def copy_of_ember(w, name):
    folder = w.work / name
    shutil.copytree(EMBER, folder)
    for p in folder.iterdir():
        p.chmod(0o644)
    return folder


TEMPLATE = "{% for m in messages %}\n{{ m.role }}: {{ m.content }}\n{% endfor %}\n"


def newer_ember(w):
    """Something of everything is other."""
    folder = copy_of_ember(w, "newer")
    config = json.loads((folder / "config.json").read_text())
    config["max_position_embeddings"] = config.get("max_position_embeddings", 1024) * 2
    (folder / "config.json").write_text(json.dumps(config))
    tokens = json.loads((folder / "tokenizer_config.json").read_text())
    old = tokens.pop("chat_template", None)
    (folder / "chat_template.jinja").write_text((old or TEMPLATE) + "\n{# one line more #}\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(tokens))
    (folder / "README.md").write_text("---\nlicense: mit\nbase_model: acme/base\nbase_model_relation: finetune\n---\n# newer\n")
    if LLAMA.exists():
        shutil.copyfile(LLAMA, folder / "LICENSE")
    (folder / "generation_config.json").unlink()
    (folder / "extra.txt").write_text("x" * 2000)
    b = bytearray((folder / "model.safetensors").read_bytes())
    b[-1] ^= 1
    (folder / "model.safetensors").write_bytes(b)
    return folder


def digest_of(folder):
    lines = b""
    for p in sorted(folder.iterdir(), key=lambda p: p.name.encode()):
        b = p.read_bytes()
        lines += f"{hashlib.sha256(b).hexdigest()} {len(b)} {p.name}\n".encode()
    return "sha256:" + hashlib.sha256(lines).hexdigest()


def case_plan(w):
    w.run("add", EMBER)
    before, blobs = w.lock(), w.blobs()
    new = newer_ember(w)
    plan = w.json("upgrade", "ember", new)
    assert plan["from"]["digest"] == before["ember"]["digest"] and plan["to"]["digest"] == digest_of(new)
    assert plan["same"] is False and plan["swapped"] is False
    changes = {f["name"]: f["change"] for f in plan["files"]}
    assert changes["generation_config.json"] == "removed" and changes["extra.txt"] == "added"
    assert changes["model.safetensors"] == changes["config.json"] == "changed" and "tokenizer.json" not in changes
    assert (plan["files_same"], plan["files_removed"], plan["files_added"]) == (1 + (not LLAMA.exists()), 1, 2), plan
    assert plan["fresh_bytes"] == sum((new / n).stat().st_size for n, c in changes.items() if c != "removed")
    config = {c["fact"]: c for c in plan["config"]}
    assert config["max_position_embeddings"]["is"] == 2 * config["max_position_embeddings"]["was"]
    facts = {c["fact"]: c for c in plan["facts"]}
    assert "tensors.sha256" in facts and "tensors.count" not in facts, facts
    assert plan["lineage"] == {"was": "", "is": "acme/base (finetune)"}
    if LLAMA.exists():
        assert plan["licence"]["was"]["licence"] == "Apache-2.0" and plan["licence"]["is"]["licence"] == "llama3.1", plan["licence"]
        assert plan["licence"]["was"]["verdict"] == "allow" and plan["licence"]["is"]["verdict"] != "allow"
        assert plan["licence"]["drift"]["facts"] and plan["licence"]["drift"]["words"]
    template = {t["name"]: t for t in plan["template"]}["default"]
    assert template["change"] in ("changed", "added") and "+{# one line more #}" in template["diff"]
    # nothing happened but that the new bytes are there
    assert w.lock() == before and w.blobs() > blobs and w.entries("model.upgrade") == []
    w.run("verify")
    words = w.run("upgrade", "ember", new)
    for wanted in ("+ extra.txt", "- generation_config.json", "~ model.safetensors", "max_position_embeddings", "acme/base",
                   "+{# one line more #}", "Nothing was changed"):
        assert wanted in words, (wanted, words)
    staged = len(w.blobs() - blobs)
    assert staged == len(changes) - 1 and w.json("gc")["files"] == staged
    assert w.blobs() == blobs


def case_swap_and_back(w):
    w.run("add", EMBER)
    old = w.lock()["ember"]
    lock = json.loads((w.home / "hearth.lock").read_text())
    lock["models"]["ember"]["approvals"] = [{"by": "somebody"}]
    (w.home / "hearth.lock").write_text(json.dumps(lock))
    new = newer_ember(w)
    done = w.json("upgrade", "ember", new, "--yes")
    assert done["swapped"] is True
    pin = w.lock()["ember"]
    assert pin["digest"] == digest_of(new) and "approvals" not in pin and pin["source"] == str(new)
    assert set(pin["files"]) == {p.name for p in new.iterdir()}
    entry, = w.entries("model.upgrade")
    assert entry["alias"] == "ember" and entry["back"] is False
    assert "sha256:" + entry["from"] == old["digest"] and "sha256:" + entry["digest"] == pin["digest"]
    former, = w.json("show", "ember")["former"]
    assert former["digest"] == old["digest"] and former["files"] == len(old["files"])
    assert "former revisions" in w.run("show", "ember")
    w.run("verify")
    w.run("gc")  # what one can go back to is no rubbish
    # back, and forth again
    back = w.json("upgrade", "ember", "--back")
    assert back["swapped"] is False and back["to"]["digest"] == old["digest"] and w.lock()["ember"]["digest"] == pin["digest"]
    w.run("upgrade", "ember", "--back", "--yes")
    now = w.lock()["ember"]
    assert now["digest"] == old["digest"] and "approvals" not in now
    former, = w.json("show", "ember")["former"]
    assert former["digest"] == pin["digest"]
    w.run("export", "ember", w.work / "out")
    assert subprocess.run(["diff", "-r", EMBER, w.work / "out"]).returncode == 0
    assert [e["back"] for e in w.entries("model.upgrade")] == [False, True]
    w.run("upgrade", "ember", new, "--yes")
    assert [f["digest"] for f in w.json("show", "ember")["former"]] == [old["digest"]]
    # gone
    assert w.json("gc", "--former", "--dry-run")["files"] > 0 and w.json("show", "ember")["former"]
    assert w.json("gc", "--former")["files"] > 0
    assert w.json("show", "ember")["former"] == []
    w.run("upgrade", "ember", "--back", code=3, err="no former revision of ember")
    w.run("verify")
    w.run("audit", "verify")
    w.run("rm", "ember")
    w.run("gc")
    assert w.blobs() == set()


def case_removed_with_its_history(w):
    w.run("add", EMBER)
    w.run("upgrade", "ember", newer_ember(w), "--yes")
    w.run("rm", "ember")
    w.run("gc")
    assert w.blobs() == set()
    w.run("add", EMBER)
    assert w.json("show", "ember")["former"] == []


def case_same_bytes(w):
    w.run("add", EMBER)
    same = w.json("upgrade", "ember", "--yes")  # its own source
    assert same["same"] is True and same["swapped"] is False
    assert "very files" in w.run("upgrade", "ember", copy_of_ember(w, "copy"), "--yes")
    assert w.entries("model.upgrade") == []


def case_refused(w):
    w.run("upgrade", "ember", code=3, err="no model")
    w.run("add", EMBER)
    before, blobs = w.lock(), w.blobs()
    w.run("upgrade", "ember", w.work / "nothing", code=3)
    broken = copy_of_ember(w, "broken")
    (broken / "model.safetensors").write_bytes(b"\xff" * 100)
    w.run("upgrade", "ember", broken, "--yes", code=6, err="model.safetensors")
    evil = copy_of_ember(w, "evil")
    (evil / "link").symlink_to("/etc/passwd")
    w.run("upgrade", "ember", evil, "--yes", code=4)
    w.run("upgrade", "ember", "--back", "--yes", code=3, err="no former revision")
    w.run("upgrade", "ember", EMBER, "--back", code=2, err="needs no source")
    assert w.lock() == before and w.blobs() == blobs and w.entries("model.upgrade") == []
    # a damaged former revision is not gone back to
    w.run("upgrade", "ember", newer_ember(w), "--yes")
    sha = before["ember"]["files"]["generation_config.json"]["sha256"]
    blob = w.home / "blobs/sha256" / sha[:2] / sha
    blob.chmod(0o600)
    b = blob.read_bytes()
    blob.write_bytes(bytes([b[0] ^ 1]) + b[1:])
    w.run("verify", code=1, err="a former revision: generation_config.json")
    w.run("upgrade", "ember", "--back", "--yes", code=4, err="generation_config.json is not what was added")
    w.run("audit", "verify")


def case_killed_between_registry_and_lock(w):
    """The next command writes the lock, because the log says the same; without such an entry it does not."""
    w.run("add", EMBER)
    old = (w.home / "hearth.lock").read_text()
    w.run("upgrade", "ember", newer_ember(w), "--yes")
    new = w.lock()["ember"]["digest"]
    entries = w.json("audit", "show", "--last", 1000)["entries"]
    index, = [e["index"] for e in entries if e["entry"]["kind"] == "model.upgrade"]
    added, = [e["index"] for e in entries if e["entry"]["kind"] == "model.add"]

    def forget(entry):
        (w.home / "hearth.lock").write_text(old)
        db = sqlite3.connect(w.home / "registry.db")
        db.execute("INSERT INTO unsettled VALUES ('ember', ?, ?)", (str(w.home / "hearth.lock"), entry))
        db.commit()
        db.close()

    for forged in (added, 0, 10**6):
        forget(forged)
        w.run("verify", code=1, err="is pinned with another digest")
        assert (w.home / "hearth.lock").read_text() == old
    forget(index)
    w.run("verify")
    assert w.lock()["ember"]["digest"] == new
    db = sqlite3.connect(w.home / "registry.db")
    left = db.execute("SELECT entry FROM unsettled").fetchall()
    db.close()
    assert (index,) not in left


def case_gguf(w):
    if not STORIES.exists():
        raise Skip("no stories260K")
    name = b"general.name"
    b = STORIES.read_bytes()
    at = b.index(name) + len(name) + 4  # type; then length and text
    length = int.from_bytes(b[at:at + 8], "little")
    other = b[:at + 8] + b"X" * length + b[at + 8 + length:]
    (w.work / "stories260K.gguf").write_bytes(b)
    (w.work / "other.gguf").write_bytes(other)
    w.run("add", "stories260K.gguf")
    plan = w.json("upgrade", "stories260K", "other.gguf", "--yes")
    config = {c["fact"]: c for c in plan["config"]}
    assert config["general.name"]["is"] == "X" * length and plan["facts"] == []
    assert w.json("show", "stories260K")["main_file"] == "other.gguf"
    w.run("verify")


def case_terminal(w):
    """On a terminal it asks."""
    w.run("add", EMBER)
    new = newer_ember(w)
    old = w.lock()["ember"]["digest"]
    for answer, wanted in ((b"n\n", old), (b"\n", old), (b"y\n", digest_of(new))):
        try:
            master, slave = pty.openpty()
        except OSError as e:
            raise Skip(f"no pseudo terminals: {e}") from e
        run = subprocess.Popen([PROGRAM, "upgrade", "ember", new], cwd=w.work, env=w.env | {"TERM": "dumb"}, stdin=slave, stdout=slave,
                               stderr=slave)
        os.close(slave)
        said = b""
        while b"Swap? [y/N]" not in said:
            piece = os.read(master, 65536)
            assert piece, said
            said += piece
        assert b"~ model.safetensors" in said
        os.write(master, answer)
        try:
            while os.read(master, 65536):
                pass
        except OSError:
            pass
        assert run.wait(60) == 0
        os.close(master)
        assert w.lock()["ember"]["digest"] == wanted, answer
        w.run("verify")


def case_readers_see_one_or_the_other(w):
    """While models swap to and fro, whoever looks meets a whole one."""
    w.run("add", EMBER)
    w.run("upgrade", "ember", newer_ember(w), "--yes")
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            w.run("upgrade", "ember", "--back", "--yes")

    t = threading.Thread(target=swap)
    t.start()
    seen = set()
    try:
        for _ in range(100):
            shown = w.json("show", "ember")
            lines = b"".join(f"{f['sha256']} {f['bytes']} {f['name']}\n".encode() for f in shown["files"])
            assert shown["digest"] == "sha256:" + hashlib.sha256(lines).hexdigest()
            seen.add(shown["digest"])
    finally:
        stop.set()
        t.join()
    assert len(seen) <= 2
    w.run("verify")
    w.run("audit", "verify")


def main():
    passed = failed = skipped = 0
    for name, case in list(globals().items()):
        if not name.startswith("case_") or (sys.argv[2:] and not any(a in name for a in sys.argv[2:])):
            continue
        with tempfile.TemporaryDirectory() as tmp:
            try:
                case(World(tmp))
                passed += 1
            except Skip as why:
                skipped += 1
                print(f"SKIP {name}: {why}")
            except Exception:
                failed += 1
                print(f"FAIL {name}")
                traceback.print_exc()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


sys.exit(main())
