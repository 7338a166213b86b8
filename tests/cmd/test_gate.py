#!/usr/bin/env python3
# The one door as a user, an auditor and an attacker meet it.
# SPDX-License-Identifier: Apache-2.0
#
#   test_gate.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# The last line is "N passed, N failed, N skipped".
import hashlib
import json
import mmap
import os
import pathlib
import pty
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared")))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
EMBER = pathlib.Path(ROOT, "models/ember")
LICENCES = pathlib.Path(SHARED, "real/licences")
REFUSED = 11
PATIENCE = 240


class Skip(Exception):
    pass


class World:
    """A home, and a folder to work in; no hearth.yaml, so that the mode is enforce."""

    def __init__(self, tmp):
        self.tmp = pathlib.Path(tmp)
        self.home, self.work = self.tmp / "home", self.tmp / "work"
        self.work.mkdir()
        self.env = dict(os.environ, HEARTH_HOME=str(self.home))

    def run(self, *args, code=0, err="", env=None, program=PROGRAM):
        done = subprocess.run([program, *map(str, args)], cwd=self.work, env=dict(self.env, **(env or {})), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=PATIENCE)
        said = done.stderr.decode()
        assert done.returncode == code, f"{args}: exit {done.returncode}, wanted {code}: {said} {done.stdout.decode()[-300:]}"
        for words in [err] if isinstance(err, str) else err:
            assert words in said, f"{args}: {said!r} does not say {words!r}"
        return done.stdout.decode()

    def check(self, model, code=0):
        return json.loads(self.run("check", model, "--json", code=code))

    def ask(self, model, **kw):
        return self.run("run", model, "What is a token?", "-n", "4", "--greedy", **kw)

    def lock(self):
        return self.home / "hearth.lock"

    def edit_lock(self, change):
        doc = json.loads(self.lock().read_text())
        change(doc["models"])
        self.lock().write_text(json.dumps(doc, indent=2, sort_keys=True) + "\n")

    def entries(self, kind):
        return [e["entry"] for e in json.loads(self.run("audit", "show", "--kind", kind, "--json"))["entries"]]

    def policy(self, text):
        (self.work / "hearth.yaml").write_text(text)


def ember(w, name="guide", licence=None):
    """Ember with one more line in its settings: a model like any other."""
    folder = w.work / name
    shutil.copytree(EMBER, folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    (folder / "generation_config.json").write_text((EMBER / "generation_config.json").read_text() + "\n" * (1 + len(name)))
    if licence:
        text = LICENCES / licence
        if not text.exists():
            raise Skip(f"{text} is missing")
        shutil.copy(text, folder / "LICENSE")
        (folder / "README.md").write_text("# A model\n")
    return folder


def blob(w, alias, name):
    digest = json.loads(w.lock().read_text())["models"][alias]["files"][name]["sha256"]
    return w.home / "blobs/sha256" / digest[:2] / digest


def flip(path, at=None):
    """One bit; returns what puts it back."""
    mode = path.stat().st_mode
    before = path.read_bytes()
    at = len(before) // 2 if at is None else at
    path.chmod(0o600)
    path.write_bytes(before[:at] + bytes([before[at] ^ 1]) + before[at + 1:])
    path.chmod(mode)

    def back():
        path.chmod(0o600)
        path.write_bytes(before)
        path.chmod(mode)
    return back


def some_ids(w):
    path = w.tmp / "ids"
    path.write_text("1 2 3\n")
    return path


def ids(verdict):
    return [f["id"] for f in verdict["findings"] if f["answer"] != "allow" and not f["approved"]]


# ---- the way of a new user ----

def case_story(w):
    folder = ember(w, licence="Tongyi-Qianwen-RESEARCH-LICENSE-AGREEMENT.txt")
    w.ask(folder, code=REFUSED, err=["refused by gate.unlocked", "is not pinned", f"next: hearth add {folder}"])
    added = json.loads(w.run("add", folder, "--json"))
    assert added["alias"] == "guide" and not added["allowed"] and added["refused_by"].startswith("licence.")
    w.policy("use:\n  commercial: true\n  territory: [DE]\n")
    w.run("add", folder)  # the lock of this folder
    verdict = w.check("guide", code=REFUSED)
    assert "licence.non-commercial" in ids(verdict), verdict
    denied = next(f for f in verdict["findings"] if f["id"] == "licence.non-commercial")
    assert denied["answer"] == "deny" and denied["quote"] and denied["reason"]
    w.ask("guide", code=REFUSED, err="refused by licence.")
    by = ("--by", "A. Person", "--reason", "a licence was bought", "--until", "2099-12-31")
    if any(f["answer"] == "ask" for f in verdict["findings"]):
        w.run("approve", "guide", *by)  # covers what is asked about, not what is denied
        w.ask("guide", code=REFUSED, err="refused by licence.non-commercial")
    w.run("approve", "guide", *by, code=2, err=["is denied", "--rule licence."])
    rules = [x for f in ids(verdict) for x in ("--rule", f)]
    w.run("approve", "guide", *by, *rules)
    verdict = w.check("guide")
    assert verdict["allowed"] and verdict["approvals"][0]["counts"] and verdict["valid_until_ms"] == 4102444799999
    assert w.ask("guide").strip()
    w.policy("use:\n  commercial: false\n  entity: person\n  territory: [DE]\n  modify: [none]\n  redistribute: false\n")
    verdict = json.loads(w.run("check", "guide", "--json", code=0))
    assert "licence.non-commercial" not in ids(verdict)
    w.run("audit", "verify")
    log = (w.home / "log").rglob("*")
    assert b"A. Person" not in b"".join(p.read_bytes() for p in log if p.is_file())
    assert [e["entry"]["kind"] for e in json.loads(w.run("audit", "show", "--json"))["entries"]].count("refusal") >= 2


def case_allowed_at_once(w):
    folder = ember(w)
    assert json.loads(w.run("add", folder, "--json"))["allowed"]
    first = w.check("guide")
    assert first["licence"] == "Apache-2.0" and first["origin"] == "pinned" and first["hashed_bytes"] == 0
    by_alias, by_path = w.ask("guide"), w.ask(folder)
    assert by_alias == by_path and by_alias.strip()
    assert w.check("./guide")["origin"] == "pinned"
    link = w.work / "link"
    link.symlink_to(folder)
    assert w.ask(link) == by_alias
    loads = w.entries("model.load")
    assert len(loads) == 3 and all(e["body"]["alias"] == "guide" and e["body"]["allowed"] for e in loads)


def case_box(w):
    assert w.check(EMBER)["origin"] == "builtin"
    assert w.ask(EMBER).strip()
    copy = w.work / "ember"
    shutil.copytree(EMBER, copy)
    assert w.check(copy)["origin"] == "builtin"
    for path in copy.iterdir():
        path.chmod(0o644)
        if path.name in ("LICENSE", "README.md"):
            continue
        back = flip(path)
        w.ask(copy, code=REFUSED, err="gate.unlocked")
        back()
    (copy / "chat_template.jinja").write_text("{{ messages }}")
    w.ask(copy, code=REFUSED, err="gate.unlocked")


# ---- other bytes ----

def case_flipped_in_store(w):
    w.run("add", ember(w))
    for name in sorted(json.loads(w.lock().read_text())["models"]["guide"]["files"]):
        path = blob(w, "guide", name)
        wanted = path.name
        back = flip(path)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        for words in (("run", "guide", "hi", "-n", "1"), ("debug", "greedy", "guide", "--ids", some_ids(w), "-n", "1")):
            w.run(*words, code=REFUSED, err=["refused by gate.digest", name, wanted, found])
        verdict = w.check("guide", code=REFUSED)
        assert verdict["findings"][0]["file"] == name
        back()
        assert w.check("guide")["hashed_bytes"] > 0, "what was written to is hashed again"
        assert w.check("guide")["hashed_bytes"] == 0, "and then it is known"


def case_flipped_beside_store(w):
    folder = ember(w)
    w.run("add", folder)
    assert w.ask(folder)
    for name in ("model.safetensors", "tokenizer.json", "tokenizer_config.json", "config.json", "generation_config.json", "README.md"):
        back = flip(folder / name)
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        w.ask(folder, code=REFUSED, err=["refused by gate.digest", name, found, blob(w, "guide", name).name])
        back()
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    w.ask(folder, code=REFUSED, err="refused by gate.digest")
    (folder / "chat_template.jinja").unlink()
    assert w.ask(folder)
    assert w.ask("guide")


def case_missing_blob(w):
    w.run("add", ember(w))
    path = blob(w, "guide", "tokenizer.json")
    path.parent.chmod(0o700)
    path.unlink()
    w.ask("guide", code=REFUSED, err=["refused by gate.digest", "tokenizer.json"])
    w.run("add", w.work / "guide")
    assert w.ask("guide")


# ---- lock and registry ----

def case_lock(w):
    folder = ember(w)
    w.run("add", folder)
    whole = w.lock().read_text()
    w.lock().unlink()
    w.ask("guide", code=REFUSED, err=["refused by gate.unlocked", "not pinned in"])
    for text in ("", "{", "[]", '{"models":{},"version":9}', whole.replace('"models"', '"model"')):
        w.lock().write_text(text)
        w.ask("guide", code=REFUSED, err="refused by gate.lock")
    other = "0" * 64

    def digest(models):
        models["guide"]["files"]["config.json"]["sha256"] = other

    def gone(models):
        del models["guide"]["files"]["config.json"]

    def size(models):
        models["guide"]["files"]["config.json"]["bytes"] += 1

    def model(models):
        models["guide"]["digest"] = "sha256:" + other

    for change in (digest, gone, size, model):
        w.lock().write_text(whole)
        w.edit_lock(change)
        w.ask("guide", code=REFUSED, err="refused by gate.lock")
    w.lock().write_text(whole)
    w.edit_lock(lambda models: models["guide"].pop("judgement"))
    w.ask("guide", code=REFUSED, err=["refused by gate.unjudged", "hearth check guide"])
    w.check("guide")
    assert w.ask("guide")


def case_made_up_judgement(w):
    """Changes nothing: the gate judges anew."""
    w.run("add", ember(w, licence="Tongyi-Qianwen-RESEARCH-LICENSE-AGREEMENT.txt"))
    w.edit_lock(lambda models: models["guide"]["judgement"].update(verdict="allow", licence="Apache-2.0", rules=[]))
    w.ask("guide", code=REFUSED, err="refused by licence.")


def case_registry(w):
    w.run("add", ember(w))
    w.run("add", ember(w, "another"))
    db = w.home / "registry.db"
    saved = db.read_bytes()

    def tamper(*statements):
        with sqlite3.connect(db) as c:
            for s in statements:
                c.execute(s)
        c.close()

    swap = "UPDATE file SET sha256 = (SELECT sha256 FROM file f JOIN model m ON f.model = m.id WHERE m.alias = 'another' AND f.name = " \
           "'generation_config.json'), bytes = bytes + 0 WHERE name = 'generation_config.json' AND model = (SELECT id FROM model WHERE alias = 'guide')"
    tamper(swap)
    w.ask("guide", code=REFUSED, err="refused by gate.")
    db.write_bytes(saved)
    tamper("UPDATE model SET digest = zeroblob(32) WHERE alias = 'guide'")
    w.ask("guide", code=REFUSED, err="refused by gate.")
    db.write_bytes(saved)
    tamper("DELETE FROM file WHERE name = 'config.json' AND model = (SELECT id FROM model WHERE alias = 'guide')")
    w.ask("guide", code=REFUSED, err="refused by gate.")
    for extra in ("-wal", "-shm"):
        pathlib.Path(str(db) + extra).unlink(missing_ok=True)
    db.write_bytes(saved[:100] + bytes(len(saved) - 100))
    done = subprocess.run([PROGRAM, "run", "guide", "hi"], cwd=w.work, env=w.env, stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode not in (0, -11) and b"registry.db" in done.stderr, done.stderr
    db.write_bytes(saved)
    assert w.ask("guide")


# ---- approvals ----

def case_approvals(w):
    w.run("add", ember(w, licence="Llama-3.1-COMMUNITY-LICENSE.txt"))
    verdict = w.check("guide", code=REFUSED)
    asked = ids(verdict)
    assert asked and all(i.startswith("licence.") for i in asked)
    by = ("--by", "A. Person", "--reason", "asked the vendor")
    for bad, err in ((("--until", "2020-01-01"), "future"), (("--until", "soon"), "is no date"), (("--until", "2027-02-30"), "is no date"), ((), "--until")):
        w.run("approve", "guide", *by, *bad, code=2, err=err)
    w.run("approve", "guide", *by, "--until", "90d", "--rule", "licence.none", code=2, err="nothing is asked about under")
    w.run("approve", "nobody", *by, "--until", "90d", code=3)
    w.run("approve", EMBER, *by, "--until", "90d", code=2, err="is not pinned")
    # one rule of several does not open the door
    if len(asked) > 1:
        w.run("approve", "guide", *by, "--until", "90d", "--rule", asked[0])
        w.ask("guide", code=REFUSED, err=f"refused by {asked[1]}")
    w.run("approve", "guide", *by, "--until", "90d")
    assert w.check("guide")["allowed"] and w.ask("guide")
    # longer than it was said
    whole = w.lock().read_text()
    w.edit_lock(lambda models: models["guide"]["approvals"][-1].update(until_ms=models["guide"]["approvals"][-1]["until_ms"] + 1))
    w.ask("guide", code=REFUSED, err=["refused by gate.approval", "audit log"])
    # of another log
    w.lock().write_text(whole)
    made_up = {"at_ms": 1, "by": "Nobody", "entry": 2, "reason": "none", "rules": asked, "until_ms": 1 << 50}
    w.edit_lock(lambda models: models["guide"].update(approvals=[made_up]))
    w.ask("guide", code=REFUSED, err="refused by gate.approval:")
    # other bytes under the same name ask again
    w.lock().write_text(whole)
    assert w.ask("guide")


def case_expired(w):
    w.run("add", ember(w, licence="Llama-3.1-COMMUNITY-LICENSE.txt"))
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 20))
    w.run("approve", "guide", "--by", "A", "--reason", "for a moment", "--until", soon)
    assert w.check("guide")["allowed"]
    while time.time() < time.mktime(time.strptime(soon, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone + 1:
        time.sleep(1)
    w.ask("guide", code=REFUSED, err=["refused by gate.approval-expired", "ended at"])


# ---- forged ----

def identity(path):
    """As base/core/file.c lays it out."""
    s = os.stat(path)
    return struct.pack("<7q", s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns // 10**9, s.st_mtime_ns % 10**9, s.st_ctime_ns // 10**9, s.st_ctime_ns % 10**9)


def on_database(w, *statements):
    """Whoever may write the store's folder may write this."""
    c = sqlite3.connect(w.home / "registry.db")
    with c:
        for s in statements:
            c.execute(*s)
    c.close()


def case_forged_identity(w):
    """The registry's word that changed bytes were hashed: written as it does, copied, replayed, in tables of an older form."""
    w.run("add", ember(w))
    w.run("add", ember(w, "another"))
    path = blob(w, "guide", "model.safetensors")
    digest = bytes.fromhex(path.name)
    rows = sqlite3.connect(w.home / "registry.db").execute("SELECT sha256, seal FROM blob").fetchall()
    seals = dict(rows)
    other = next(s for d, s in rows if d != digest)
    back = flip(path)
    for seal in (seals[digest], other, bytes(32), hashlib.sha256(identity(path) + digest).digest(), hashlib.sha256(digest + identity(path)).digest()):
        on_database(w, ("INSERT OR REPLACE INTO blob VALUES (?, ?)", (digest, seal)))
        w.ask("guide", code=REFUSED, err=["refused by gate.digest", "model.safetensors", path.name])
    on_database(w, ("DROP TABLE blob",), ("CREATE TABLE blob (sha256 BLOB PRIMARY KEY, identity BLOB NOT NULL) STRICT, WITHOUT ROWID",),
                ("INSERT INTO blob VALUES (?, ?)", (digest, identity(path))), ("DROP TABLE note",), ("DELETE FROM migration WHERE number > 3",), ("PRAGMA user_version = 3",))
    assert {"gate.digest", "gate.registry"} <= set(ids(w.check("guide", code=REFUSED)))
    back()
    w.run("add", w.work / "guide")
    assert w.ask("guide")


def case_forged_pending(w):
    """What an interrupted `add` is said to have stored is not taken for the folder's bytes."""
    w.run("add", ember(w, "other"))
    folder = ember(w)
    weights = folder / "model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    stored = blob(w, "other", "model.safetensors")
    for sealed in (bytes.fromhex(stored.name) + bytes(32), bytes.fromhex(stored.name) + hashlib.sha256(identity(weights)).digest()):
        on_database(w, ("INSERT OR REPLACE INTO pending VALUES (?, ?)", (identity(weights), sealed)))
        w.run("add", folder)
        assert blob(w, "guide", "model.safetensors").name == hashlib.sha256(weights.read_bytes()).hexdigest()
        w.run("rm", "guide")


def case_times_put_back(w):
    """The times of a file that was written to, as they were, and the clock's own time is the kernel's."""
    w.run("add", ember(w))
    path = blob(w, "guide", "config.json")
    before = os.stat(path)
    back = flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert os.stat(path).st_mtime_ns == before.st_mtime_ns
    w.ask("guide", code=REFUSED, err=["refused by gate.digest", "config.json"])
    back()
    # another file under the same name, with size and times of the first
    copy = path.with_name("copy")
    path.parent.chmod(0o700)
    data = path.read_bytes()
    copy.write_bytes(bytes([data[0], data[1] ^ 1]) + data[2:])
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    copy.rename(path)
    w.ask("guide", code=REFUSED, err=["refused by gate.digest", "config.json"])
    # a link to a file elsewhere
    path.unlink()
    (w.tmp / "elsewhere").write_bytes(data)
    path.symlink_to(w.tmp / "elsewhere")
    w.ask("guide", code=REFUSED, err=["refused by gate.digest", "config.json"])
    # a second name for the stored bytes, through which they are changed
    path.unlink()
    path.write_bytes(data)
    assert w.ask("guide")
    os.link(path, w.tmp / "second")
    (w.tmp / "second").write_bytes(bytes([data[0] ^ 1]) + data[1:])
    w.ask("guide", code=REFUSED, err=["refused by gate.digest", "config.json"])
    # a pipe
    path.unlink()
    os.mkfifo(path)
    w.ask("guide", code=REFUSED, err=["refused by gate.digest", "config.json"])


def case_mapped(w):
    """A page that is mapped and dirty takes a change without a new time: it must be clean before it is hashed."""
    w.run("add", ember(w))
    path = blob(w, "guide", "model.safetensors")
    mode = path.stat().st_mode
    path.chmod(0o600)
    with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
        path.chmod(mode)
        at = len(m) // 2
        for _ in range(3):
            m[at] = m[at]  # dirty, and the same
            assert w.check("guide")["allowed"]
            known = w.check("guide")["hashed_bytes"] == 0
            m[at] ^= 1
            changed = os.stat(path)
            done = subprocess.run([PROGRAM, "run", "guide", "hi", "-n", "1", "--greedy"], cwd=w.work, env=w.env, stdin=subprocess.DEVNULL, capture_output=True)
            if done.returncode == 0 and known and changed.st_dev == os.stat("/dev/shm").st_dev:
                raise Skip("this file system sets no times for mappings")
            assert done.returncode == REFUSED and b"gate.digest" in done.stderr, (known, done)
            m[at] ^= 1
        m[at] = m[at]
    assert w.ask("guide")


def case_forged_approval(w):
    """The entry of an approval, changed in the log's files to fit a lock that says more."""
    w.run("add", ember(w, licence="Llama-3.1-COMMUNITY-LICENSE.txt"))
    w.run("approve", "guide", "--by", "A", "--reason", "for a day", "--until", "1d")
    assert w.ask("guide")
    whole = w.lock().read_text()
    old = json.loads(whole)["models"]["guide"]["approvals"][-1]["until_ms"]
    new = old + 4 * 10**12
    w.edit_lock(lambda models: models["guide"]["approvals"][-1].update(until_ms=new))
    w.ask("guide", code=REFUSED, err="refused by gate.approval")
    found = 0
    for bundle in (w.home / "log/tile/entries").rglob("*"):
        if bundle.is_file() and str(old).encode() in bundle.read_bytes():
            bundle.chmod(0o600)
            bundle.write_bytes(bundle.read_bytes().replace(str(old).encode(), str(new).encode()))
            found += 1
    assert found and len(str(old)) == len(str(new))
    done = subprocess.run([PROGRAM, "run", "guide", "hi", "-n", "1"], cwd=w.work, env=w.env, stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 4 and b"cannot be continued" in done.stderr, done
    w.run("audit", "verify", code=1)


def case_log_replaced(w):
    """Another log, or the same one without its end, has no say and is not written to."""
    w.run("add", ember(w, licence="Llama-3.1-COMMUNITY-LICENSE.txt"))
    before = w.tmp / "before"
    shutil.copytree(w.home / "log", before)
    w.run("approve", "guide", "--by", "A", "--reason", "for a day", "--until", "1d")
    assert w.ask("guide")
    kept = w.tmp / "kept"
    shutil.copytree(w.home / "log", kept)

    def put(folder):
        shutil.rmtree(w.home / "log")
        shutil.copytree(folder, w.home / "log")

    put(before)  # without the approval
    w.ask("guide", code=4, err="log")
    put(kept)
    assert w.ask("guide")
    # the key that the folder names is another
    stranger = World(tempfile.mkdtemp(dir=w.tmp))
    stranger.run("add", ember(stranger))
    put(stranger.home / "log")
    w.ask("guide", code=4, err="log")
    shutil.rmtree(w.home / "log")
    w.ask("guide", code=4, err="log")
    put(kept)
    (w.home / "log/key").write_bytes((stranger.home / "log/key").read_bytes())
    w.run("audit", "verify", "--key", (w.home / "log/key").read_text().strip(), code=1)


def case_swapped_pair(w):
    """Registry and lock agree about another model under the alias: both were written by hand."""
    w.run("add", ember(w))
    other = ember(w, "another")
    w.run("add", other)
    on_database(w, ("UPDATE model SET alias = 'first' WHERE alias = 'guide'",), ("UPDATE model SET alias = 'guide' WHERE alias = 'another'",))
    w.edit_lock(lambda models: models.update(guide=models["another"]))
    w.ask("guide", code=REFUSED, err=["refused by gate.registry", "it was not this program", "next: hearth add"])
    w.run("verify", "guide", code=1, err="was not written by this program")
    before = len(w.entries("model.add"))
    w.run("add", other, "--as", "guide")
    added = w.entries("model.add")
    assert len(added) == before + 1 and added[-1]["body"]["alias"] == "guide", "it is entered again, and the log says so"
    assert w.ask("guide")
    # the note of one alias is none of another
    on_database(w, ("UPDATE model SET alias = 'second' WHERE alias = 'guide'",), ("UPDATE note SET alias = 'second' WHERE alias = 'guide'",))
    w.edit_lock(lambda models: models.update(second=models["guide"]))
    w.ask("second", code=REFUSED, err="refused by gate.registry")


def case_kept_outcome(w):
    """What was judged is not judged again; and nobody can say that it was who did not."""
    folder = ember(w, licence="Tongyi-Qianwen-RESEARCH-LICENSE-AGREEMENT.txt")
    w.run("add", folder)
    w.run("add", ember(w, "free"))
    allowed = {f["id"] for f in w.check("free")["findings"]}
    refused = w.run("check", "guide", "--json", code=REFUSED)
    assert w.run("check", "guide", "--json", code=REFUSED) == refused, "what is kept says the same, word by word"
    notes = {(a, k): (t, s) for a, k, t, s in sqlite3.connect(w.home / "registry.db").execute("SELECT * FROM note")}
    outcome = max(k for _, k in notes)
    text, seal = notes["guide", outcome]
    free = notes["free", outcome]
    mine = json.loads(text)
    kind = json.loads(free[0])
    assert mine["key"] != kind["key"] and {f["id"] for f in kind["findings"]} == allowed
    made_up = json.dumps(dict(kind, key=mine["key"])).encode()
    for t, s in (free, (free[0], seal), (made_up, seal), (made_up, free[1]), (made_up, bytes(32)), (made_up, hashlib.sha256(b"guide\0" + made_up).digest()), (b"", seal)):
        on_database(w, ("UPDATE note SET text = ?, seal = ? WHERE alias = 'guide' AND kind = ?", (t, s, outcome)))
        assert w.run("check", "guide", "--json", code=REFUSED) == refused
        assert sqlite3.connect(w.home / "registry.db").execute("SELECT text FROM note WHERE alias = 'guide' AND kind = ?", (outcome,)).fetchone() == (text,)
    # another use asks another question; the answer of before is put back and is none
    w.policy("use:\n  commercial: true\n  territory: [DE]\n")
    w.run("add", folder)
    commercial = w.run("check", "guide", "--json", code=REFUSED)
    assert "licence.non-commercial" in commercial and commercial != refused
    on_database(w, ("UPDATE note SET text = ?, seal = ? WHERE alias = 'guide' AND kind = ?", (text, seal, outcome)))
    assert w.run("check", "guide", "--json", code=REFUSED) == commercial
    # a changed file is a finding beside what is kept
    back = flip(blob(w, "guide", "LICENSE"))
    ids_now = ids(json.loads(w.run("check", "guide", "--json", code=REFUSED)))
    assert ids_now[0] == "gate.digest" and ids_now[1:] == ids(json.loads(commercial)), ids_now
    back()
    assert w.run("check", "guide", "--json", code=REFUSED).replace(" ", "").split('"findings"')[1] == commercial.replace(" ", "").split('"findings"')[1]


def case_forged_tokenizer(w):
    """The compiled form of a tokenizer, with its own checksum set right, says something else than the pinned files."""
    big = pathlib.Path(SHARED, "real/tokenizers/deepseek-coder/tokenizer.json")
    if not big.exists():
        raise Skip(f"{big} is missing")
    folder = ember(w)
    shutil.copy(big, folder / "tokenizer.json")
    (folder / "tokenizer_config.json").write_text("{}")  # the model's own speaks of other tokens
    w.run("add", folder)

    def load():  # the model cannot say much with this vocabulary: that it was loaded is enough
        subprocess.run([PROGRAM, "run", "guide", "hi", "-n", "1"], cwd=w.work, env=w.env, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)

    load()
    form = next((w.home / "tokenizers").glob("*.form"))
    seal = pathlib.Path(f"{form}.seal")
    good, good_seal, inode = form.read_bytes(), seal.read_text(), form.stat().st_ino
    load()
    assert form.stat().st_ino == inode, "it was believed"
    body = bytearray(good[40:])
    body[len(body) // 2] ^= 1
    bad = good[:8] + hashlib.sha256(body).digest() + bytes(body)
    for text in (good_seal, "", "hmac-sha256:" + hashlib.sha256(bad).hexdigest(), None):
        form.write_bytes(bad)
        seal.unlink() if text is None else seal.write_text(text)
        load()
        assert form.read_bytes() == good and seal.read_text() == good_seal, text
    # the form of another model, with its seal
    other = w.home / "tokenizers" / ("0" * 64 + ".form")
    form.rename(other)
    seal.rename(f"{other}.seal")
    other.rename(form)
    pathlib.Path(f"{other}.seal").rename(seal)
    load()
    assert form.read_bytes() == good


def case_clock_back(w):
    """What has ended by the log's own time does not come back with the clock."""
    compiler = shutil.which("cc")
    if not compiler:
        raise Skip("no compiler for a clock of our own")
    (w.tmp / "clock.c").write_text("""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int r = real(id, t);
    if (id == CLOCK_REALTIME && getenv("SHIFT")) t->tv_sec += atol(getenv("SHIFT"));
    return r;
}
""")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", w.tmp / "clock.so", w.tmp / "clock.c", "-ldl"], check=True)

    def at(days):
        return {"LD_PRELOAD": str(w.tmp / "clock.so"), "SHIFT": str(days * 86400)}

    if subprocess.run([PROGRAM, "version"], env=dict(w.env, **at(0)), capture_output=True).returncode:
        raise Skip("this build lets nothing be loaded before it")
    w.run("add", ember(w, licence="Llama-3.1-COMMUNITY-LICENSE.txt"))
    w.run("approve", "guide", "--by", "A", "--reason", "for two days", "--until", "2d")
    assert w.ask("guide") and w.ask("guide", env=at(1))
    w.ask("guide", code=REFUSED, err="refused by gate.approval-expired", env=at(3))
    w.ask("guide", code=REFUSED, err=["refused by gate.approval-expired", "clock is behind the audit log"])
    w.run("audit", "verify")


# ---- side doors ----

def case_side_doors(w):
    folder = ember(w)
    evil = w.tmp / "evil"
    for place in (".config/hearth", "hearth", ""):
        (evil / place).mkdir(parents=True, exist_ok=True)
        (evil / place / "hearth.yaml").write_text("mode: audit\n")
    tries = [{v: "audit"} for v in ("HEARTH_MODE", "MODE", "HEARTH_POLICY", "HEARTH_GATE")]
    tries += [{"HEARTH_ENFORCE": "0"}, {"HEARTH_GATE": "off"}, {"HEARTH_UNSAFE": "1"}, {"HEARTH_CONFIG": str(evil / "hearth.yaml")}]
    tries += [{"HOME": str(evil)}, {"XDG_CONFIG_HOME": str(evil)}, {"XDG_CONFIG_HOME": str(evil / ".config")}, {"XDG_CONFIG_DIRS": str(evil)}]
    for env in tries:
        w.ask(folder, code=REFUSED, err="gate.unlocked", env=env)
    w.ask(folder, code=REFUSED, err="gate.unlocked", env={"HEARTH_HOME": "/dev/null/none", "HOME": "/dev/null/none"})
    for command in (("run",), ("chat",), ("score",), ("serve", "--listen", f"unix:{w.tmp}/s")):
        w.run(*command, folder, *([__file__] if command == ("score",) else []), code=REFUSED, err="gate.unlocked")
    for command in ("logits", "greedy", "bench"):
        extra = {"logits": ["--ids", some_ids(w), "--out", w.tmp / "o"], "greedy": ["--ids", some_ids(w), "-n", "1"], "bench": []}[command]
        w.run("debug", command, folder, *extra, code=REFUSED, err="gate.unlocked")
    for flag in ("--mode=audit", "--no-gate", "--force", "--yes", "--unsafe", "--trust-remote-code"):
        w.run("run", folder, "hi", flag, code=2)
    assert len(w.entries("refusal")) > 10


def case_foreign_hashing(w):
    """The cryptographic library's own settings may name code that hashes in its place."""
    compiler = shutil.which("cc")
    if not compiler:
        raise Skip("no compiler for a provider")
    (w.tmp / "p.c").write_text(f'#include <stdio.h>\n__attribute__((constructor)) static void here(void) {{ fclose(fopen("{w.tmp}/loaded", "w")); }}\n'
                               'int OSSL_provider_init(const void *a, const void *b, const void **c, void **d) { return 0; }\n')
    subprocess.run([compiler, "-shared", "-fPIC", "-o", w.tmp / "p.so", w.tmp / "p.c"], check=True)
    (w.tmp / "o.cnf").write_text(f"openssl_conf = a\n[a]\nproviders = b\n[b]\nevil = c\n[c]\nmodule = {w.tmp}/p.so\nactivate = 1\n")
    env = {"OPENSSL_CONF": str(w.tmp / "o.cnf")}
    if shutil.which("openssl"):
        subprocess.run(["openssl", "version", "-d"], env=dict(w.env, **env), capture_output=True)
        subprocess.run(["openssl", "dgst", "-sha256", __file__], env=dict(w.env, **env), capture_output=True)
        assert (w.tmp / "loaded").exists(), "others load it"
        (w.tmp / "loaded").unlink()
    w.run("add", ember(w), env=env)
    assert w.ask("guide", env=env)
    w.run("verify", env=env)
    w.run("audit", "verify", env=env)
    assert not (w.tmp / "loaded").exists()


def case_worker_by_hand(w):
    """A process that is handed a socket and a model's files by somebody else reads neither."""
    w.run("worker", code=2, err="started by other commands")
    here, there = socket.socketpair()
    with open(EMBER / "model.safetensors", "rb") as weights:
        worker = subprocess.Popen([PROGRAM, "worker"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=(3, 4),
                                  preexec_fn=lambda: (os.dup2(os.dup(there.fileno()), 3), os.dup2(weights.fileno(), 4)))
        there.close()
        assert worker.wait(PATIENCE) == REFUSED and b"started by the gate of the same program" in worker.stderr.read()
    here.settimeout(PATIENCE)
    assert here.recv(64) == b"", "it says nothing"


def case_paths(w):
    """Names that lead to unpinned bytes, however they are written."""
    folder = ember(w)
    other = ember(w, "foreign")
    w.run("add", folder)
    gguf = next(pathlib.Path(SHARED, "golden/models").rglob("*.gguf"), None)
    # through a descriptor, a link that is turned round, another working folder, dots
    fd = os.open(other, os.O_RDONLY)
    done = subprocess.run([PROGRAM, "run", f"/proc/self/fd/{fd}", "hi", "-n", "1"], cwd=w.work, env=w.env, stdin=subprocess.DEVNULL, capture_output=True,
                          pass_fds=(fd,))
    os.close(fd)
    assert done.returncode == REFUSED and b"gate.unlocked" in done.stderr, done
    link = w.work / "turning"
    link.symlink_to(folder)
    assert w.ask(link)
    link.unlink()
    link.symlink_to(other)
    w.ask(link, code=REFUSED, err="gate.unlocked")
    for path in ("./foreign", "guide/../foreign", str(other) + "/", f"{w.work}//foreign/."):
        w.ask(path, code=REFUSED, err="gate.unlocked")
    (w.work / "there").mkdir()
    other.rename(w.work / "there/guide")
    done = subprocess.run([PROGRAM, "run", "./guide", "hi", "-n", "1"], cwd=w.work / "there", env=w.env, stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == REFUSED and b"gate.unlocked" in done.stderr, done
    # what is no file
    os.mkfifo(w.work / "pipe.gguf")
    w.ask("pipe.gguf", code=4)
    w.ask("/dev/zero", code=4)
    w.ask("/proc/self/mem", code=REFUSED, err="gate.unlocked")
    if gguf:
        (w.work / "free.gguf").symlink_to(gguf)
        w.ask("free.gguf", code=REFUSED, err="gate.unlocked")
    # an alias is looked up before a path: who puts a folder of that name here changes nothing
    shutil.copytree(w.work / "there/guide", w.work / "decoy")
    folder.rename(w.work / "away")
    (w.work / "decoy").rename(w.work / "guide")
    assert w.ask("guide")
    w.ask("./guide", code=REFUSED, err="gate.digest")


def case_another_home(w):
    """A home has its own lock, log and keys: nothing of one counts in another."""
    folder = ember(w, licence="Llama-3.1-COMMUNITY-LICENSE.txt")
    w.run("add", folder)
    w.run("approve", "guide", "--by", "A", "--reason", "for a day", "--until", "1d")
    assert w.ask("guide")
    second = w.tmp / "second"
    w.run("run", "guide", "hi", env={"HEARTH_HOME": str(second)}, code=REFUSED, err="gate.unlocked")
    w.run("add", folder, env={"HEARTH_HOME": str(second)})
    shutil.copy(w.lock(), second / "hearth.lock")
    w.ask("guide", env={"HEARTH_HOME": str(second)}, code=REFUSED, err="refused by gate.approval:")
    w.run("run", "guide", "hi", "--lock", w.lock(), env={"HEARTH_HOME": str(second)}, code=REFUSED, err="refused by gate.approval:")
    # the other's registry in this home
    for name in ("registry.db", "registry.db-wal", "registry.db-shm"):
        (second / name).unlink(missing_ok=True)
    shutil.copy(w.home / "registry.db", second / "registry.db")
    verdict = json.loads(w.run("check", "guide", "--json", env={"HEARTH_HOME": str(second)}, code=REFUSED))
    assert {"gate.registry", "gate.approval"} <= set(ids(verdict)), verdict


def case_served_names(w):
    """Over HTTP there are the models that the server was started with, and no paths."""
    folder = ember(w)
    other = ember(w, "foreign")
    w.run("add", folder)
    w.run("serve", other, "--listen", f"unix:{w.tmp}/s", code=REFUSED, err="gate.unlocked")
    # beside others one that is refused is tried again, and never answers
    server = subprocess.Popen([PROGRAM, "serve", "guide", other, "--listen", f"unix:{w.tmp}/s"], cwd=w.work, env=w.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def ask(model, path="/v1/chat/completions", **more):
            body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1, **more}).encode()
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(PATIENCE)
                s.connect(f"{w.tmp}/s")
                s.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                          "Connection: close\r\n\r\n".encode() + body)
                answer = b""
                while piece := s.recv(65536):
                    answer += piece
            return int(answer.split()[1]), answer

        end = time.monotonic() + PATIENCE
        while not (w.tmp / "s").exists() and time.monotonic() < end and server.poll() is None:
            time.sleep(0.05)
        assert ask("guide")[0] == 200
        status, answer = ask("foreign")
        assert status == 503 and b"gate.unlocked" in answer, answer
        for name in (str(other), "./foreign", "../work/foreign", str(folder), "./guide", "guide/../foreign", "hf:a/b@main", str(EMBER), "guide\u0000x"):
            status, answer = ask(name)
            assert status in (400, 404), (name, answer)
        # what is stored is changed while it is served, and the worker ends: what starts again is refused
        path = blob(w, "guide", "generation_config.json")
        back = flip(path)
        workers = [int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and child_of(p, server.pid)]
        assert len(workers) == 1
        os.kill(workers[0], signal.SIGKILL)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            status, answer = ask("guide")
            if status != 200 and b"gate.digest" in answer:
                break
            assert status != 200, "other bytes are served"
            time.sleep(0.2)
        else:
            raise AssertionError(answer)
        back()
    finally:
        server.terminate()
        server.wait(PATIENCE)


def child_of(proc, parent):
    try:
        return f"\nPPid:\t{parent}\n" in (proc / "status").read_text()
    except OSError:
        return False


def case_config(w):
    folder = ember(w)
    w.policy("mode: audit\n")
    assert w.ask(folder)
    load = w.entries("model.load")[-1]["body"]
    assert load["mode"] == "audit" and not load["allowed"] and load["rules"] == ["gate.unlocked"] and str(folder) not in json.dumps(load)
    other = w.tmp / "strict.yaml"
    other.write_text("mode: enforce\nuse:\n  commercial: true\n")
    w.run("run", folder, "hi", "--config", other, code=REFUSED, err="gate.unlocked")
    for text, err in (("mode: off\n", "hearth.yaml:1: mode is enforce or audit"), ("mdoe: audit\n", '"mdoe" is not known here'), ("use: 3\n", "use"),
                      ("use:\n  comercial: true\n", "comercial"), ("mode: [audit]\n", "mode is enforce or audit"), ("- a\n", "keys are expected"),
                      ("mode: audit\nmode: enforce\n", "mode")):
        w.policy(text)
        w.run("run", folder, "hi", code=4, err=err)
    (w.work / "hearth.yaml").unlink()
    (w.work / "hearth.yaml").mkdir()
    w.run("run", folder, "hi", code=4, err="hearth.yaml")
    w.run("run", folder, "hi", "--config", w.tmp / "none.yaml", code=3, err="none.yaml")


# ---- code among the files ----

def case_code(w):
    folder = ember(w)
    (folder / "modeling_guide.py").write_text("import os\nos.system('true')\n")
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04cposix\nsystem\nX\x04\x00\x00\x00true\x85R.")
    added = json.loads(w.run("add", folder, "--json"))
    assert not added["allowed"]
    verdict = w.check("guide", code=REFUSED)
    assert any(f["id"].startswith("scan.") and f["file"] == "pytorch_model.bin" and f["answer"] == "deny" for f in verdict["findings"]), verdict
    assert any(f["id"].startswith("scan.") and f["file"] == "modeling_guide.py" for f in verdict["findings"])
    w.ask("guide", code=REFUSED, err="refused by scan.")


def case_odd_texts(w):
    """What stands where a licence should is asked about, whatever it is."""
    odd = {"binary": bytes(range(256)) * 400, "huge": b"word " * 5_000_000, "empty": b"", "zeros": bytes(4096), "utf16": "許可".encode("utf-16")}
    for name, text in odd.items():
        folder = ember(w, name)
        (folder / "LICENSE").write_bytes(text)
        (folder / "README.md").write_bytes(b"# A model\n")
        w.run("add", folder)
        verdict = w.check(name, code=REFUSED)
        assert any(i.startswith("licence.") for i in ids(verdict)) and not verdict["licence"], (name, ids(verdict))
    folder = ember(w, "card")
    (folder / "README.md").write_bytes(b"---\nlicense: apache-2.0\n---\n" + b"word " * 5_000_000)
    w.run("add", folder)
    w.check("card", code=REFUSED)


def case_many_files(w):
    folder = ember(w, "many")
    (folder / "more").mkdir()
    for i in range(2000):
        (folder / "more" / f"{i}.txt").write_text(str(i))
    w.run("add", folder)
    begin = time.monotonic()
    assert w.check("many")["allowed"]
    print(f"NOTE: hearth check of {2007} files: {time.monotonic() - begin:.2f} s")


# ---- a terminal ----

def on_terminal(w, *args):
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(w.work)
        os.execve(PROGRAM, [PROGRAM, *map(str, args)], w.env)
    out, end = b"", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not select.select([fd], [], [], 1)[0]:
            continue
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        out += piece
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), out.decode("utf-8", "replace")


def case_first_use(w):
    try:
        os.close(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
    except OSError as why:
        raise Skip(f"no pseudo terminals: {why}")
    folder = ember(w)
    code, said = on_terminal(w, "run", folder, "What is a token?", "-n", "4", "--greedy")
    assert code == 0, said
    for words in ("added guide: 7 files", "licence: Apache-2.0", "verdict: allowed"):
        assert words in said, said
    code, again = on_terminal(w, "run", folder, "What is a token?", "-n", "4", "--greedy")
    assert code == 0 and "added" not in again, again
    bare = ember(w, "bare")
    (bare / "LICENSE").unlink()
    (bare / "README.md").unlink()
    code, said = on_terminal(w, "run", bare, "What is a token?", "-n", "4")
    assert code == REFUSED and "verdict: refused by licence.text-unknown" in said and "next:" in said, said


# ---- the price ----

def case_price(w):
    """No verdict about speed: what is seen is printed."""
    w.run("add", ember(w))
    times = []
    for _ in range(5):
        begin = time.monotonic()
        w.check("guide")
        times.append(time.monotonic() - begin)
    print(f"NOTE: hearth check of a 10 MB model: median {sorted(times)[2] * 1e3:.0f} ms")


def main():
    passed = failed = skipped = 0
    only = os.environ.get("CASE", "")
    for name, case in list(globals().items()):
        if not name.startswith("case_") or only not in name:
            continue
        with tempfile.TemporaryDirectory() as tmp:
            try:
                case(World(tmp))
                passed += 1
            except Skip as why:
                skipped += 1
                print(f"SKIPPED: {name}: {why}")
            except Exception as fault:
                failed += 1
                print(f"FAIL {name}: {fault}")
                traceback.print_exc(limit=-3)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


sys.exit(main())
