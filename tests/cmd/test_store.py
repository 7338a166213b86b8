#!/usr/bin/env python3
# The store and the audit log as a user and an auditor meet them.
# SPDX-License-Identifier: Apache-2.0
#
#   test_store.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# The auditor's half shares nothing with the program: RFC 8032 signatures, the recursion of RFC 9162, C2SP notes,
# proofs and tiles are written once more here. The last line is "N passed, N failed, N skipped".
import base64
import hashlib
import http.server
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from ember_folder import EMBER, ember_files, large_files
from note_check import open_checkpoint, read_key, root_of, sha256

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared")))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
STORIES = os.path.join(SHARED, "real/models/stories260K/stories260K.gguf")


class Skip(Exception):
    pass


class World:
    """A home, and a folder to work in."""

    def __init__(self, tmp):
        self.tmp = pathlib.Path(tmp)
        self.home = self.tmp / "home"
        self.work = self.tmp / "work"
        self.work.mkdir()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("HEARTH_HUB")} | {"HEARTH_HOME": str(self.home)}

    def run(self, *args, code=0, err=""):
        done = subprocess.run([PROGRAM, *map(str, args)], cwd=self.work, env=self.env, capture_output=True, timeout=300)
        said = done.stderr.decode()
        assert done.returncode == code, f"{args}: exit {done.returncode}, wanted {code}: {said}"
        assert err in said, f"{args}: {said!r} does not say {err!r}"
        return done.stdout.decode()

    def json(self, *args, **kw):
        return json.loads(self.run(*args, "--json", **kw))


# ---- an auditor of our own ----

def read_entries(log, size):
    entries = []
    for n in range((size + 255) // 256):
        width = min(256, size - 256 * n)
        path = log / "tile/entries" / (f"{n:03}" if width == 256 else f"{n:03}.p/{width}")
        b, at = path.read_bytes(), 0
        while at < len(b):
            length = int.from_bytes(b[at:at + 2], "big")
            entries.append(b[at + 2:at + 2 + length])
            at += 2 + length
    assert len(entries) == size
    return entries


def proves(entry, index, size, proof, root):
    """RFC 9162, section 2.1.3.2."""
    fn, sn, r = index, size - 1, sha256(b"\0" + entry)
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = sha256(b"\1" + p + r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\1" + r + p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


# ---- cases ----

def small_model(w, name="tiny", text="{}"):
    """A folder with only a tokenizer and a configuration is enough to be added."""
    folder = w.work / name
    shutil.copytree(EMBER, folder)
    (folder / "note.txt").write_text(text)
    return folder


def case_add_list_show_export_remove(w):
    added = w.json("add", EMBER)
    assert added["alias"] == "ember" and added["known"] is False and added["new_bytes"] == added["bytes"]
    files = {f["name"]: f for f in w.json("show", "ember")["files"]}
    assert set(files) == set(os.listdir(EMBER))
    lines = b""
    for name in sorted(files):
        b = (pathlib.Path(EMBER) / name).read_bytes()
        assert files[name]["sha256"] == hashlib.sha256(b).hexdigest() and files[name]["bytes"] == len(b)
        lines += f"{hashlib.sha256(b).hexdigest()} {len(b)} {name}\n".encode()
    assert added["digest"] == "sha256:" + hashlib.sha256(lines).hexdigest()
    assert [m["pin"] for m in w.json("list")["models"]] == ["pinned"]
    assert w.json("add", EMBER)["known"] is True
    assert "pinned" in w.run("list")
    w.run("export", "ember", w.work / "out")
    assert subprocess.run(["diff", "-r", EMBER, w.work / "out"]).returncode == 0
    w.run("export", "ember", w.work / "out", code=4, err="exists already")
    w.run("show", "embr", code=3, err="did you mean ember?")
    w.run("rm", "ember")
    assert w.json("list")["models"] == []
    assert w.json("gc", "--dry-run")["files"] == len(files)
    assert w.json("gc")["files"] == len(files)
    assert not [p for p in (w.home / "blobs").rglob("*") if p.is_file()]


def case_tensor_digest(w):
    """The digest of all tensors, from the file's own header."""
    w.run("add", EMBER)
    facts = w.json("show", "ember")["facts"]
    b = (pathlib.Path(EMBER) / "model.safetensors").read_bytes()
    size = int.from_bytes(b[:8], "little")
    header = json.loads(b[8:8 + size])
    header.pop("__metadata__", None)
    names = {"BF16": "bf16", "F16": "f16", "F32": "f32"}
    lines, parameters = b"", 0
    for name in sorted(header, key=str.encode):
        t = header[name]
        begin, end = t["data_offsets"]
        digest = hashlib.sha256(b[8 + size + begin:8 + size + end]).hexdigest()
        kind = names.get(t["dtype"], t["dtype"])
        lines += f"{digest} {kind} {'x'.join(map(str, t['shape']))} {name}\n".encode()
        count = 1
        for d in t["shape"]:
            count *= d
        parameters += count
    assert facts["tensors"]["count"] == len(header) and facts["tensors"]["parameters"] == parameters
    lower = hashlib.sha256(lines).hexdigest()
    upper = hashlib.sha256(lines.replace(b" bf16 ", b" BF16 ").replace(b" f32 ", b" F32 ").replace(b" f16 ", b" F16 ")).hexdigest()
    assert facts["tensors"]["sha256"] in (lower, upper), facts["tensors"]


def case_gguf(w):
    if not os.path.exists(STORIES):
        raise Skip("no stories260K")
    w.run("add", STORIES)
    shown = w.json("show", "stories260K")
    assert shown["main_file"] == "stories260K.gguf" and shown["facts"]["container"] == "gguf"
    assert shown["facts"]["tensors"]["count"] > 10
    w.run("export", "stories260K", w.work / "out")
    assert (w.work / "out/stories260K.gguf").read_bytes() == pathlib.Path(STORIES).read_bytes()


def case_lock_of_the_working_folder(w):
    w.run("add", EMBER)
    assert (w.home / "hearth.lock").exists() and not (w.work / "hearth.lock").exists()
    (w.work / "hearth.lock").write_text('{"models": {}, "version": 1}')
    assert w.json("list")["models"][0]["pin"] == "not pinned"
    w.run("verify", code=1, err="it is not pinned in hearth.lock")
    w.run("add", EMBER)
    assert w.json("list")["models"][0]["pin"] == "pinned"
    lock = (w.work / "hearth.lock").read_text()
    assert lock == json.dumps(json.loads(lock), sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    w.run("list", "--lock", w.home / "hearth.lock")
    (w.work / "hearth.lock").write_text(lock.replace('"bytes": 155', '"bytes": 156'))
    w.run("verify", code=1, err="generation_config.json is pinned with another digest")
    assert w.json("list")["models"][0]["pin"] == "pinned as another"
    (w.work / "hearth.lock").write_text(lock[:-9])
    w.run("list", code=4, err="hearth.lock")


def case_flipped_bytes(w):
    """One byte of any stored file: verify names the file."""
    w.run("add", EMBER)
    for f in w.json("show", "ember")["files"]:
        path = w.home / "blobs/sha256" / f["sha256"][:2] / f["sha256"]
        b = bytearray(path.read_bytes())
        b[len(b) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(b)
        out = w.json("verify", "ember", code=1, err=f["name"])
        assert len(out["faults"]) == 1 and f["sha256"] in out["faults"][0]["words"]
        w.run("export", "ember", w.work / "out", code=4, err="damaged")
        w.run("add", EMBER)
        w.run("verify")


def case_refused_models(w):
    """What the sandboxed inspector cannot read is not added."""
    broken = w.work / "broken"
    shutil.copytree(EMBER, broken)
    weights = broken / "model.safetensors"
    b = bytearray(weights.read_bytes())
    for name, change, code in [
        ("header too long", lambda x: (2**62).to_bytes(8, "little") + x[8:], 6),
        ("cut", lambda x: x[:len(x) // 2], 4),
        ("not JSON", lambda x: x[:8] + b"#" * 100 + x[108:], 4),
    ]:
        weights.write_bytes(change(bytes(b)))
        w.run("add", broken, code=code, err="model.safetensors")
        assert w.json("list")["models"] == [], name
        assert not [p for p in (w.home / "blobs").rglob("*") if p.is_file()], name
    weights.write_bytes(b)
    (broken / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "../../../../etc/passwd"}}))
    weights.unlink()
    w.run("add", broken, code=4, err="no weights")
    (broken / "model-00001-of-00001.safetensors").write_bytes(b)
    for place in ("../../../../etc/passwd", "/etc/passwd", "sub/model.safetensors"):
        (broken / "model.safetensors.index.json").write_text(
            json.dumps({"weight_map": {"a": place, "b": "model-00001-of-00001.safetensors"}}))
        w.run("add", broken, code=4, err="model.safetensors.index.json")
    (w.work / "link").symlink_to(EMBER)
    w.run("add", w.work / "link", "--as", "by-link")  # the folder itself may be named by a link
    folder = small_model(w)
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to("/etc/passwd")
    w.run("add", folder, code=4, err="a link out of its folder")
    w.run("add", w.work / "nothing", code=3)
    w.run("add", EMBER, "--as", "a/b", code=4, err="cannot name a model")


def case_auditor(w):
    """Everything that the log promises, checked by the code above."""
    for i in range(3):
        w.run("add", small_model(w, f"m{i}", str(i)))
    w.run("rm", "m1")
    log = w.home / "log"
    key = read_key((log / "key").read_text())
    size, root = open_checkpoint((log / "checkpoint").read_text(), key)
    entries = read_entries(log, size)
    leaves = [sha256(b"\0" + e) for e in entries]
    assert root_of(leaves) == root
    assert (log / f"tile/0/000.p/{size}").read_bytes() == b"".join(leaves)
    kinds = [json.loads(e)["kind"] for e in entries]
    assert kinds == ["log.start", *["model.add", "verdict"] * 3, "model.remove"]
    for e in entries:
        assert e.decode() == json.dumps(json.loads(e), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for i in range(size):
        proof = w.run("audit", "prove", i)
        head, note = proof.split("\n\n", 1)
        lines = head.split("\n")
        assert lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {i}"]
        assert open_checkpoint(note, key) == (size, root)
        entry = w.run("audit", "prove", i, "--entry").encode()
        assert entry == entries[i]
        hashes = [base64.b64decode(h) for h in lines[2:]]
        assert proves(entry, i, size, hashes, root) and not proves(entry + b" ", i, size, hashes, root)
    (w.work / "p").write_text(proof)
    (w.work / "e").write_bytes(entry)
    assert w.json("audit", "verify", "--proof", w.work / "p", "--entry", w.work / "e")["index"] == size - 1
    (w.work / "e").write_bytes(entry[:-1])
    w.run("audit", "verify", "--proof", w.work / "p", "--entry", w.work / "e", code=4, err="does not hold")
    w.run("audit", "prove", size, code=3, err=f"the log has {size}")
    assert "model.remove" in w.run("audit", "show", "--kind", "model.remove")
    assert len(w.json("audit", "show", "--last", 2)["entries"]) == 2
    w.run("audit", "show", "--kind", "nothing", code=2)
    text = b"".join(p.read_bytes() for p in log.rglob("*") if p.is_file())
    for secret in ("audit-signing-key", "audit-hash-key"):
        assert (w.home / "secrets" / secret).read_bytes().strip() not in text


def case_anchors(w):
    log, away = w.home / "log", w.work / "away"
    w.run("add", small_model(w, "m0"))
    w.run("audit", "anchor", w.work / "anchor")
    shutil.copytree(log, away)
    w.run("add", small_model(w, "m1", "x"))
    assert w.json("audit", "verify", "--anchor", w.work / "anchor")["anchors"] == 2
    w.run("audit", "anchor", w.work / "anchor")
    # the log as it was before, rightly signed
    w.run("audit", "verify", "--log", away)
    w.run("audit", "verify", "--log", away, "--anchor", w.work / "anchor", code=1, err="was signed for 5 entries, and the log has 3")
    w.run("audit", "anchor", w.work / "anchor", "--log", away, code=1, err="the log was cut")
    shutil.rmtree(log)
    shutil.copytree(away, log)
    w.run("audit", "verify", code=1, err="was signed for 5 entries")
    w.run("add", small_model(w, "m2", "y"), code=4, err="cannot be continued")
    w.run("list")
    # another key's signature is no anchor
    other = World(tempfile.mkdtemp(dir=w.tmp))
    other.run("add", EMBER)
    other.run("audit", "anchor", other.work / "anchor")
    w.run("audit", "verify", "--log", away, "--anchor", other.work / "anchor", code=1, err="not signed by")
    w.run("audit", "verify", "--log", away, "--key", other.home / "log/key", code=1, err="not signed by")
    w.run("audit", "verify", "--log", away, "--key", (log / "key").read_text().strip())
    w.run("audit", "verify", "--log", w.work / "nowhere", code=3, err="no audit log")


def case_concurrent(w):
    """Several adds at once: each waits for its turn or says that it is another's."""
    folders = [small_model(w, f"m{i}", str(i)) for i in range(6)]
    runs = [subprocess.Popen([PROGRAM, "add", str(f)], cwd=w.work, env=w.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for f in folders]
    for r in runs:
        words = r.communicate(timeout=120)[1].decode()
        assert r.returncode == 0 or "try again" in words, words
    for f in folders:
        w.run("add", f)
    assert len(w.json("list")["models"]) == 6
    w.run("verify")
    w.run("audit", "verify")


# ---- worlds that are not kind ----

def state(w):
    """Who looks finds a store and a log that hold together."""
    w.run("verify")
    w.run("audit", "verify")
    left = [p for p in (w.home / "incoming").iterdir()] if (w.home / "incoming").exists() else []
    return [m["alias"] for m in w.json("list")["models"]], left


def heavy_model(w, name="heavy", mib=24):
    folder = small_model(w, name)
    with open(folder / "blob.bin", "wb") as f:
        for i in range(mib):
            f.write(bytes([i]) * (1 << 20))
    return folder


def case_full_disk(w):
    """No room in the middle: said, nothing half is there, and with room it goes on."""
    folder = heavy_model(w)
    small = small_model(w)
    w.run("add", small)

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 20, resource.RLIM_INFINITY))

    for restore in (False, True):  # told, or killed by the signal that goes with it
        done = subprocess.run([PROGRAM, "add", folder], cwd=w.work, env=w.env, capture_output=True, preexec_fn=limited, restore_signals=restore, timeout=300)
        assert done.returncode == -signal.SIGXFSZ if restore and done.returncode < 0 else done.returncode == 8, done
        assert restore or b"cannot store blob.bin" in done.stderr, done
        assert state(w)[0] == ["tiny"]
    w.run("add", folder)
    assert state(w) == (["heavy", "tiny"], [])
    if os.geteuid() == 0 and shutil.which("unshare"):
        script = f"mount -t tmpfs -o size=20m none {w.home} && {PROGRAM} add {small} && ! {PROGRAM} add {folder} && {PROGRAM} verify && {PROGRAM} audit verify && " \
                 f"rm {folder}/blob.bin && {PROGRAM} add {folder} && {PROGRAM} list"
        done = subprocess.run(["unshare", "-m", "sh", "-c", script], cwd=w.work, env=w.env, capture_output=True, timeout=300)
        if b"mount:" in done.stderr or b"unshare:" in done.stderr:
            return
        assert done.returncode == 0 and b"No space left" in done.stderr and b"heavy" in done.stdout, done


def case_growing_file(w):
    """A file that somebody writes to while it is read belongs to no model."""
    folder = heavy_model(w)
    stop = threading.Event()

    def write():
        with open(folder / "blob.bin", "ab", buffering=0) as f:
            while not stop.is_set():
                f.write(b"x")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        w.run("add", folder, code=4, err="changed while")
    finally:
        stop.set()
        writer.join()
    assert state(w) == ([], [])
    w.run("add", folder)


def case_no_permission(w):
    """A home that cannot be written, a file that cannot be read: said, with the path."""
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        raise Skip("root may do everything, and there is no setpriv")
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    folder = small_model(w)
    w.run("add", folder)
    w.tmp.chmod(0o755)
    for path in [w.home, *w.home.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)

    def run(*args):
        return subprocess.run([*other, PROGRAM, *map(str, args)], cwd=w.work, env=w.env, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)

    try:
        if run("version").returncode:
            raise Skip("another user cannot start the program")
        for args in (("add", folder, "--as", "second"), ("run", "tiny", "hi"), ("rm", "tiny"), ("verify",)):
            done = run(*args)
            assert done.returncode not in (0, 11) and str(w.home).encode() in done.stderr, (args, done)
    finally:
        for path in [w.home, *w.home.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    (folder / "config.json").chmod(0)
    if not other:
        w.run("add", folder, "--as", "second", code=8, err="config.json")
    assert state(w)[0] == ["tiny"]


def case_other_file_system(w):
    """The home lies elsewhere than the source: nothing is renamed across."""
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat(w.tmp).st_dev:
        raise Skip("there is no second file system")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        w.home = pathlib.Path(elsewhere, "home")
        w.env["HEARTH_HOME"] = str(w.home)
        w.run("add", small_model(w))
        assert state(w) == (["tiny"], [])
        w.run("export", "tiny", w.work / "out")
        w.run("rm", "tiny")
        w.run("gc")


def case_aliases(w):
    """Names that a shell, a file system or a reader would take for something else."""
    folder = small_model(w)
    for alias in ("-rf", "--help", ".hidden", "..", "a/b", "a\\b", "a b", "a\nb", "\u00e4", "\u0430dmin", "\u202etpg", "x" * 129, "", "ember:latest", "a\u200bb"):
        done = subprocess.run([PROGRAM, "add", str(folder), f"--as={alias}"], cwd=w.work, env=w.env, capture_output=True, timeout=300)
        assert done.returncode == 4 and b"cannot name a model" in done.stderr, (alias, done)
    done = subprocess.run([PROGRAM, "add", str(folder), "--as", "-rf"], cwd=w.work, env=w.env, capture_output=True, timeout=300)
    assert done.returncode in (2, 4), done
    dashed = w.work / "-rf"
    folder.rename(dashed)
    w.run("add", "./-rf")  # the name is made of what may stand in one
    assert [m["alias"] for m in w.json("list")["models"]] == ["rf"]
    w.run("add", "--", "-rf", "--as", "dashed", code=2)
    w.run("add", "--as", "dashed", "--", "-rf")
    odd = w.work / "\u6a21\u578b\u202e"
    dashed.rename(odd)
    done = subprocess.run([PROGRAM, "add", str(odd)], cwd=w.work, env=w.env, capture_output=True, timeout=300)
    assert done.returncode == 2 and b"--as" in done.stderr, done
    assert len(w.json("list")["models"]) == 2


# ---- a hub of our own ----

class Hub:
    """As much of the Hugging Face hub's API as is asked, with faults on demand."""

    def __init__(self, files, commit="0123abcd", elsewhere=None, token=None, cut=None, no_ranges=False, lie=None, extra=None):
        self.files, self.commit, self.elsewhere, self.token = files, commit, elsewhere, token
        self.cut, self.no_ranges, self.lie, self.extra = cut, no_ranges, lie, extra or []
        self.log, self.lock = [], threading.Lock()
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def send(self, code, body, **headers):
                self.send_response(code)
                for k, v in headers.items():
                    self.send_header(k.replace("_", "-"), v)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                with hub.lock:
                    hub.log.append((self.path, self.headers.get("Range"), self.headers.get("Authorization")))
                hub.answer(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda request, address: None  # a client that leaves early is expected
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def listing(self):
        siblings = [{"rfilename": n, "size": len(b), "blobId": "x",
                     **({"lfs": {"sha256": self.lie or hashlib.sha256(b).hexdigest(), "size": len(b)}} if len(b) > 1000 else {})}
                    for n, b in self.files.items()]
        return json.dumps({"sha": self.commit, "siblings": siblings + self.extra}).encode()

    def answer(self, request):
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return request.send(401, b"who are you?")
        if request.path.startswith("/api/models/acme/tiny/revision/main"):
            return request.send(200, self.listing())
        name = urllib.parse.unquote(request.path.split(f"/resolve/{self.commit}/")[-1])
        if name not in self.files:
            return request.send(404, b"no such thing")
        if self.elsewhere:
            return request.send(302, b"", Location=self.elsewhere + request.path)
        body, wanted = self.files[name], request.headers.get("Range")
        if self.no_ranges or not wanted:
            return request.send(200, body)
        begin, end = map(int, wanted.removeprefix("bytes=").split("-"))
        part = body[begin:end + 1]
        if self.cut and begin >= self.cut:
            request.send_response(206)
            request.send_header("Content-Length", str(len(part)))
            request.end_headers()
            request.wfile.write(part[:len(part) // 2])
            request.close_connection = True
            return None
        return request.send(206, part, Content_Range=f"bytes {begin}-{end}/{len(body)}")


def on_hub(w, *hubs, token=None):
    w.env["HEARTH_HUB"] = ",".join(h.url for h in hubs)
    w.env.pop("HEARTH_HUB_TOKEN", None)
    if token:
        w.env["HEARTH_HUB_TOKEN"] = token


def case_hub(w):
    w.run("add", "hf:acme/tiny", code=2, err="Set HEARTH_HUB")
    files = ember_files(**{"pytorch_model.bin": b"\x80\x02}q.", "odd name+%.txt": b"odd", "sub/x.json": b"{}"})
    hub = Hub(files, token="s3cret")
    on_hub(w, hub)
    w.run("add", "hf:acme/tiny", code=1, err="it wants a token")
    on_hub(w, hub, token="s3cret")
    added = w.json("add", "hf:acme/tiny")
    assert added["alias"] == "tiny" and added["revision"] == "0123abcd" and added["source"] == "hf:acme/tiny"
    assert added["left_out"] == 1  # the pickle
    assert not [p for p in hub.log if "pytorch_model" in p[0]]
    w.run("export", "tiny", w.work / "out")
    del files["pytorch_model.bin"]
    assert {str(p.relative_to(w.work / "out")): p.read_bytes() for p in (w.work / "out").rglob("*") if p.is_file()} == files
    assert not list((w.home / "downloads").iterdir())
    asked = len(hub.log)
    assert w.json("add", "hf:acme/tiny")["known"] is True
    assert len(hub.log) == asked + 1  # the listing, and no bytes
    w.run("verify")
    hub.close()
    # offline from now on
    w.run("show", "tiny")
    w.run("add", "hf:acme/tiny", "--as", "again", code=8, err="onnect")


def case_hub_redirects(w):
    there = Hub(ember_files())
    hub = Hub(ember_files(), elsewhere=there.url, token="s3cret")
    on_hub(w, hub, token="s3cret")
    w.run("add", "hf:acme/tiny", code=1, err="which nobody wrote down")
    assert there.log == []
    on_hub(w, hub, there, token="s3cret")
    w.run("add", "hf:acme/tiny")
    assert there.log and all(a is None for _, _, a in there.log)  # the token stays with the hub
    loop = Hub(ember_files())
    loop.elsewhere = loop.url
    on_hub(w, loop)
    w.run("add", "hf:acme/tiny", "--as", "loop", code=1, err="on and on")
    for h in (there, hub, loop):
        h.close()
    for bad in ("huggingface.co", "file:///etc", "https://u@host", "ftp://host", "https://host/path", ","):
        w.env["HEARTH_HUB"] = bad
        w.run("add", "hf:acme/tiny", code=2, err="is no server")


def case_hub_resumes(w):
    files = large_files()
    hub = Hub(files, cut=32 << 20)
    on_hub(w, hub)
    w.run("add", "hf:acme/tiny", code=8)
    assert w.json("list")["models"] == []
    first = [(p, r) for p, r, _ in hub.log if r and "safetensors" in p]
    assert len(first) >= 3
    hub.cut, hub.log = None, []
    w.run("add", "hf:acme/tiny")
    again = [(p, r) for p, r, _ in hub.log if r]
    begins = [int(r.removeprefix("bytes=").split("-")[0]) for p, r in again if "safetensors" in p]
    assert begins and min(begins) >= 16 << 20, begins  # at least the first piece was not asked again
    w.run("verify")
    w.run("export", "tiny", w.work / "out")
    assert (w.work / "out/model.safetensors").read_bytes() == files["model.safetensors"]
    # killed at some points, then left alone
    w.run("rm", "tiny")
    w.run("gc")
    for ms in (20, 60, 120, 250):
        run = subprocess.Popen([PROGRAM, "add", "hf:acme/tiny"], cwd=w.work, env=w.env, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        time.sleep(ms / 1000)
        run.kill()
        run.wait()
    w.run("add", "hf:acme/tiny")
    w.run("verify")
    assert not list((w.home / "downloads").iterdir())
    hub.close()


def case_hub_lies(w):
    """What a hub says is from outside."""
    hub = Hub(ember_files(), lie="44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
    on_hub(w, hub)
    w.run("add", "hf:acme/tiny", code=4, err="is not what was announced")
    assert not [p for p in (w.home / "blobs").rglob("*") if p.is_file()]
    hub.lie = "zz"
    w.run("add", "hf:acme/tiny", code=4, err="a digest is malformed")
    hub.lie = None
    for name in ("../../evil", "/etc/evil", "a\\b", "a//b", "c:evil", "a/../b", "x\x00y"):
        hub.extra = [{"rfilename": name, "size": 1}]
        w.run("add", "hf:acme/tiny", code=4)
    hub.extra = [{"rfilename": "README.MD", "size": 11}]
    hub.files["README.MD"] = b"other words"
    hub.extra = []
    w.run("add", "hf:acme/tiny", code=4, err="one name where case does not count")
    del hub.files["README.MD"]
    hub.extra = [{"rfilename": f"f{i}", "size": 0} for i in range(10001)]
    w.run("add", "hf:acme/tiny", code=6, err="at most 10000")
    hub.extra = [{"rfilename": "x"}]
    w.run("add", "hf:acme/tiny", code=4, err="no size")
    hub.extra = [{"rfilename": "gone.txt", "size": 5}]
    w.run("add", "hf:acme/tiny", code=3, err="gone.txt")
    hub.extra, hub.commit = [], "../../x"
    w.run("add", "hf:acme/tiny", code=4, err="names no commit")
    hub.commit = "0123abcd"
    hub.no_ranges = True
    w.run("add", "hf:acme/tiny")  # files of one piece come whole
    hub.close()
    for bad in ("hf:acme", "hf:/tiny", "hf:acme/", "hf:../tiny", "hf:acme/tiny@", "hf:acme/tiny@../x", "hf:acme/tiny/../x.gguf"):
        w.run("add", bad, code=2, err="is no model of a hub")


def case_hub_upgrade(w):
    """Without a source it is the newest revision of the pin's."""
    hub = Hub(ember_files())
    on_hub(w, hub)
    w.run("add", "hf:acme/tiny@main")
    assert w.json("upgrade", "tiny", "--yes")["same"] is True
    old = w.json("show", "tiny")["revision"]
    hub.commit, hub.files["note.txt"] = "fedcba98", b"a new line"
    plan = w.json("upgrade", "tiny")
    assert plan["to"]["revision"] == "fedcba98" and plan["from"]["revision"] == old and plan["swapped"] is False
    hub.log = []
    assert w.json("upgrade", "tiny", "--yes")["swapped"] is True
    assert not [p for p, _, _ in hub.log if "resolve" in p], hub.log  # it was staged, whole
    assert w.json("show", "tiny")["revision"] == "fedcba98"
    w.run("upgrade", "tiny", "--back", "--yes")
    assert w.json("show", "tiny")["revision"] == old
    w.run("verify")
    hub.close()


def case_hub_gguf(w):
    if not os.path.exists(STORIES):
        raise Skip("no stories260K")
    b = pathlib.Path(STORIES).read_bytes()
    hub = Hub({"tiny-Q4.gguf": b, "tiny-Q8.gguf": b + b"", "README.md": b"# tiny"})
    on_hub(w, hub)
    w.run("add", "hf:acme/tiny", code=2, err="say which one: tiny-Q4.gguf, tiny-Q8.gguf")
    w.run("add", "hf:acme/tiny/none.gguf", code=3, err="no GGUF file none.gguf")
    added = w.json("add", "hf:acme/tiny/tiny-Q8.gguf")
    assert added["alias"] == "tiny-Q8" and added["left_out"] == 1 and added["file_count"] == 2
    hub.close()


def main():
    passed = failed = skipped = 0
    for name, case in list(globals().items()):
        if not name.startswith("case_") or os.environ.get("CASE", "") not in name:
            continue
        with tempfile.TemporaryDirectory() as tmp:
            try:
                case(World(tmp))
                passed += 1
            except Skip as why:
                skipped += 1
                print(f"SKIP {name}: {why}")
            except Exception as fault:
                failed += 1
                import traceback
                print(f"FAIL {name}: {fault}")
                traceback.print_exc(limit=-3)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


sys.exit(main())
