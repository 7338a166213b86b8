#!/usr/bin/env python3
# Models from web servers and registries, as a user meets them.
# SPDX-License-Identifier: Apache-2.0
#
#   test_remote_cmd.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# Servers are our own, on this machine (remote_servers.py). The last line is "N passed, N failed, N skipped".
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import traceback

from ember_folder import EMBER, ember_files, large_files
from remote_servers import MANIFEST, INDEX, Registry, Web, basic, make_tar, sha256

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = pathlib.Path(os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared"))))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
STORIES = SHARED / "real/models/stories260K/stories260K.gguf"
SPLIT = SHARED / "golden/gguf/forms"
PIECE = 16 << 20


class Skip(Exception):
    pass


class World:
    """A home, and a folder to work in."""

    def __init__(self, tmp):
        self.tmp = pathlib.Path(tmp)
        self.home = self.tmp / "home"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("HEARTH_HUB", "HEARTH_ADD", "HEARTH_CA"))}
        self.env["HEARTH_HOME"] = str(self.home)
        self.open = []

    def run(self, *args, code=0, err=""):
        done = subprocess.run([PROGRAM, *map(str, args)], cwd=self.tmp, env=self.env, capture_output=True, timeout=300)
        said = done.stderr.decode()
        assert done.returncode == code, f"{args}: exit {done.returncode}, wanted {code}: {said}"
        assert err in said, f"{args}: {said!r} does not say {err!r}"
        self.said = said
        return done.stdout.decode()

    def json(self, *args, **kw):
        return json.loads(self.run(*args, "--json", **kw))

    def start(self, *args):
        return subprocess.Popen([PROGRAM, *map(str, args)], cwd=self.tmp, env=self.env, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)

    def serve(self, server):
        self.open.append(server)
        return server

    def models(self):
        return self.json("list")["models"]

    def blobs(self):
        return [p for p in (self.home / "blobs").rglob("*") if p.is_file()]

    def downloads(self):
        folder = self.home / "downloads"
        return sorted(folder.iterdir()) if folder.exists() else []

    def forget(self, alias):
        self.run("rm", alias)
        self.run("gc")

    def files(self, alias):
        out = pathlib.Path(tempfile.mkdtemp(dir=self.tmp)) / "out"
        self.run("export", alias, out)
        return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}

    def nothing_stays(self):
        assert self.models() == [] and not self.blobs() and not self.downloads(), (self.models(), self.downloads())

    def holds_no(self, secret):
        """Neither the store nor the lock nor the log, nor what was said last."""
        assert secret not in self.said
        for p in self.home.rglob("*"):
            assert not p.is_file() or secret.encode() not in p.read_bytes(), p


def stories():
    if not STORIES.exists():
        raise Skip("no stories260K")
    return STORIES.read_bytes()


def sums(files, mark="  ", lie=None):
    return "".join(f"{lie if lie and n == 'config.json' else sha256(b)}{mark}{n}\n" for n, b in files.items()).encode()


def folder(files, at="/m/tiny/", **kw):
    return {at + n: b for n, b in files.items()} | {at + "SHA256SUMS": sums(files, **kw)}


# ---- web servers ----

def case_url_gguf(w):
    b = stories()
    web = w.serve(Web({"/a dir/tiny-Q4.gguf": b}))
    url = f"{web.url}/a%20dir/tiny-Q4.gguf"
    added = w.json("add", url + "?download=true&sig=s3cret")
    assert added["alias"] == "tiny-Q4" and added["source"] == url and added["revision"].startswith("state:"), added
    assert all(p.endswith("?download=true&sig=s3cret") for p in web.paths())
    w.holds_no("s3cret")
    assert w.files("tiny-Q4") == {"tiny-Q4.gguf": b} and not w.downloads()
    web.log.clear()
    assert w.json("add", url)["known"] is True
    assert [r for _, r, _ in web.log] == ["bytes=0-15"]  # a look, and no more
    web.files["/a dir/tiny-Q4.gguf"] = b + b"x"
    w.run("add", url, code=4, err="`hearth upgrade tiny-Q4` shows what changed")
    w.run("add", web.url + "/a%20dir/../a%20dir/tiny-Q4.gguf", code=4, err="names another model already")
    w.run("add", url, "--as", "again", "--sha256", sha256(b), code=4, err="is not what was announced")
    web.files["/a dir/tiny-Q4.gguf"] = b
    assert w.json("add", url, "--as", "again", "--sha256", sha256(b))["revision"] == "sha256:" + sha256(b)
    w.run("add", url, "--as", "more", "--sha256", "ABC", code=2, err="64 lower case hexadecimal digits")
    w.run("verify")
    # nothing tells the states of the file apart: the bytes do
    web.etag = False
    w.forget("tiny-Q4"), w.forget("again")
    assert "revision" not in w.json("add", url) or w.json("show", "tiny-Q4")["revision"] is None
    assert w.json("add", url)["known"] is True


def case_url_split(w):
    parts = sorted(SPLIT.glob("llama3-bf16-split-*.gguf")) if SPLIT.exists() else []
    if len(parts) != 3:
        raise Skip("no split GGUF")
    files = {"/m/" + p.name: p.read_bytes() for p in parts}
    web = w.serve(Web(dict(files)))
    added = w.json("add", f"{web.url}/m/{parts[1].name}?x=1")
    assert added["alias"] == "llama3-bf16-split" and added["file_count"] == 3
    assert {"/m/" + n: b for n, b in w.files("llama3-bf16-split").items()} == files
    del web.files["/m/" + parts[2].name]
    w.run("add", f"{web.url}/m/{parts[1].name}", "--as", "x", code=3, err="00003-of-00003")
    w.run("add", f"{web.url}/m/{parts[1].name}", "--as", "x", "--sha256", "0" * 64, code=2, err="several need a SHA256SUMS")
    w.run("add", f"{web.url}/m/x-00004-of-00003.gguf", code=2, err="cannot be a part")


def case_url_folder(w):
    files = ember_files() | {"sub/odd name+%.txt": b"odd", "empty": b""}
    web = w.serve(Web(folder(files)))
    pickle = {"pytorch_model.bin": b"\x80\x02}q.", ".git/config": b"", "sub/.cache/x": b""}
    web.files["/m/tiny/SHA256SUMS"] = sums(files | pickle | {"SHA256SUMS": b""}, mark=" *./")
    added = w.json("add", web.url + "/m/tiny/SHA256SUMS")
    assert added["alias"] == "tiny" and added["left_out"] == 3
    assert added["revision"] == "sha256:" + sha256(web.files["/m/tiny/SHA256SUMS"])
    assert w.files("tiny") == files and "/m/tiny/pytorch_model.bin" not in web.paths()
    w.run("verify")
    w.forget("tiny")
    for bad, words in [
        (sums(files, lie="0" * 64), "config.json is not what was announced"),
        (b"", "lists no files"), (b"\n", "line 1"), (b"hello\n", "line 1: 64 hexadecimal digits"),
        (sums(files).replace(b"  ", b" "), "64 hexadecimal digits"), (sums(files).upper(), "64 hexadecimal digits"),
        (b"\\" + sums({"a\\\\b": b""}), "a backslash"), (sums(files) + sums({"../x": b""}), "is refused"),
        (sums({"/etc/passwd": b""}), "is refused"), (sums({"a.hearth-pieces": b""}), "one of ours"), (sums({"a": b""}) * 2, "two files with the name a"),
        (sums({"a": b"", "a/b": b""}), "as a file and as a folder"), (sums({"a\r": b""}), "is refused"),
        (sums(files) + sums({"Config.json": files["config.json"]}), "/m/tiny/Config.json"),
        (b"<html>" + b"x" * 100, "64 hexadecimal digits"),
    ]:
        web.files["/m/tiny/SHA256SUMS"] = bad
        w.run("add", web.url + "/m/tiny/SHA256SUMS", code=3 if "/m/" in words else 4, err=words)
        w.run("gc")
        w.nothing_stays()
    web.files["/m/tiny/Config.json"] = files["config.json"]
    web.files["/m/tiny/SHA256SUMS"] = sums(files | {"Config.json": files["config.json"]})
    w.run("add", web.url + "/m/tiny/SHA256SUMS", code=4, err="one name where case does not count")
    w.nothing_stays()
    web.files["/m/tiny/SHA256SUMS"] = b"".join(sums({f"f{i}": b""}) for i in range(10001))
    w.run("add", web.url + "/m/tiny/SHA256SUMS", code=6, err="at most 10000")
    web.files["/SHA256SUMS"], web.type = b"<html>", "text/html; charset=utf-8"
    w.run("add", web.url + "/SHA256SUMS", code=4, err="a web page instead of a SHA256SUMS")


def case_url_refused(w):
    """Before anything is asked, and with words that say what to give instead."""
    for url, code, words in [
        ("https://hub.invalid/acme/Tiny-1.5B", 2, "HEARTH_HUB=https://hub.invalid hearth add hf:acme/Tiny-1.5B"),
        ("https://hub.invalid/acme/tiny/tree/main", 2, "hearth add hf:acme/tiny"),
        ("https://hub.invalid/acme/tiny/blob/main/x.gguf", 2, "hearth add hf:acme/tiny"),
        ("https://host.invalid/m/model.safetensors", 2, "weights alone are no model"),
        ("https://host.invalid/m/model.zip", 2, "give the folder's SHA256SUMS"),
        ("https://host.invalid/m/model.tar.gz", 2, "give the folder's SHA256SUMS"),
        ("https://host.invalid/m/model.bin", 2, "a pickle"),
        ("https://host.invalid/", 2, "a GGUF file, or the SHA256SUMS"),
        ("https://host.invalid", 2, "a GGUF file, or the SHA256SUMS"),
        ("https://me:s3cret@host.invalid/x.gguf", 2, "set HEARTH_ADD_LOGIN"),
        ("https://host.invalid/x.gguf#part", 2, "never sent to a server"),
        ("https:///x.gguf", 2, "names no host"),
        ("https://host.invalid/a%2Fb.gguf", 2, "holds a slash"),
        ("https://host.invalid/a%00.gguf", 2, "no hexadecimal byte"),
        ("https://host.invalid/a%zz.gguf", 2, "no hexadecimal byte"),
        ("https://host.invalid/a b.gguf", 2, "a space"),
        ("https://host.invalid/a%5Cb.gguf", 4, "a backslash"),
        ("http://host.invalid/x.gguf", 2, "say its digest with --sha256"),
        ("http://127.0.0.1.host.invalid/x.gguf", 2, "say its digest with --sha256"),
        ("http://host.invalid/m/SHA256SUMS", 2, "https:// is needed"),
        ("ftp://host.invalid/x.gguf", 3, "no such file"),
    ]:
        w.run("add", url, code=code, err=words)
        assert "s3cret" not in w.said
    w.run("add", "https://host.invalid/x.gguf", "--also", "http://cdn.invalid", code=2, err="https:// is needed")
    w.run("add", "https://host.invalid/x.gguf", "--also", "cdn.invalid", code=2, err="--also")
    w.run("add", "hf:acme/tiny", "--sha256", "0" * 64, code=2, err="--sha256 is for a GGUF")
    w.run("add", EMBER, "--sha256", "0" * 64, code=2, err="--sha256 is for models from elsewhere")
    w.run("run", "https://host.invalid/x.gguf", "hello", code=3, err="`hearth add` takes a model from there")
    w.run("add", EMBER, "--also", "https://x", code=2, err="--also is for models from elsewhere")
    w.env["HEARTH_ADD_LOGIN"] = "me:s3cret"
    w.run("add", "http://host.invalid/x.gguf", "--sha256", "0" * 64, code=2, err="could read a login")
    w.env["HEARTH_ADD_LOGIN"] = "s3cret"
    w.run("add", "https://host.invalid/x.gguf", code=2, err="user:password")
    w.env["HEARTH_ADD_LOGIN"] = "a:b\r\nX: y"
    web = w.serve(Web({}))
    w.run("add", web.url + "/x.gguf", code=3)  # Base64 keeps a line break out of the header
    w.env["HEARTH_ADD_TOKEN"] = "a\r\nX: y"
    w.run("add", web.url + "/x.gguf", code=2, err="malformed")
    assert len(web.log) == 1


def case_url_answers(w):
    """What a server says is from outside."""
    b = stories()
    web = w.serve(Web({"/x.gguf": b, "/page.gguf": b"<html>log in</html>", "/short.gguf": b"GG"}))
    w.run("add", web.url + "/none.gguf", code=3, err="the server has no")
    web.type = "text/html"
    w.run("add", web.url + "/page.gguf", code=4, err="a web page; is a login")
    web.type = None
    w.run("add", web.url + "/short.gguf", code=4, err="is no GGUF")
    web.length, web.ranges = False, False
    w.run("add", web.url + "/x.gguf", code=5, err="does not say how long")
    web.length = True
    w.run("add", web.url + "/x.gguf")  # one stream from the start
    w.forget("x")
    web.lie = 100
    w.run("add", web.url + "/x.gguf", code=8)
    w.run("gc")
    web.lie = -100
    w.run("add", web.url + "/x.gguf", code=4)  # what is left is no whole GGUF
    web.ranges, web.lie = True, 100
    w.run("add", web.url + "/x.gguf", code=8)
    w.run("gc")
    w.nothing_stays()
    web.lie, web.before = None, lambda r: setattr(web, "lie", 7 if r.headers.get("Range") != "bytes=0-15" else None)
    w.run("add", web.url + "/x.gguf", code=4, err="were announced")
    web.before = web.lie = None
    loop = w.serve(Web({}))
    loop.elsewhere = loop.url
    w.run("add", loop.url + "/x.gguf", code=1, err="on and on")
    w.nothing_stays()


def case_url_no_ranges(w):
    """A plain web server of the usual kind: one stream from the start, of large files, too."""
    files = large_files()
    web = w.serve(Web(folder(files), ranges=False))
    w.run("add", web.url + "/m/tiny/SHA256SUMS")
    assert w.files("tiny")["model.safetensors"] == files["model.safetensors"]


def case_url_redirects(w):
    b = stories()
    there = w.serve(Web({"/x.gguf": b}))
    web = w.serve(Web({}, elsewhere=there.url, login="Bearer s3cret"))
    w.env["HEARTH_ADD_TOKEN"] = "s3cret"
    w.run("add", web.url + "/x.gguf?sig=qu3ry", code=1, err=f"{there.url}, which nobody wrote down")
    assert f"--also {there.url}" in w.said and "qu3ry" not in w.said and there.log == []
    w.run("add", web.url + "/x.gguf", "--also", "https://cdn.invalid", code=1, err="which nobody wrote down")
    w.run("add", web.url + "/x.gguf", "--also", f"https://cdn.invalid,{there.url}")
    assert there.log and all(a is None for _, _, a in there.log)  # the token stays
    w.holds_no("s3cret")
    w.env["HEARTH_HUB"] = web.url
    w.env["HEARTH_HUB_TOKEN"] = "s3cret"
    w.run("add", "hf:acme/tiny", "--also", there.url, code=3, err=there.url)


def case_url_logins(w):
    b = stories()
    web = w.serve(Web({"/x.gguf": b}, login=basic("me:s3cret")))
    w.run("add", web.url + "/x.gguf", code=1, err="refuses")
    w.env["HEARTH_ADD_LOGIN"] = "me:wrong"
    w.run("add", web.url + "/x.gguf", code=1, err="refuses")
    w.env["HEARTH_ADD_LOGIN"] = "me:s3cret"
    w.run("add", web.url + "/x.gguf")
    w.holds_no("s3cret")
    web.login = "Bearer t0ken"
    w.env["HEARTH_ADD_TOKEN"] = "t0ken"
    w.run("add", web.url + "/x.gguf", "--as", "y")
    w.holds_no("t0ken")


def begins(web, name="model.safetensors"):
    return [int(r.removeprefix("bytes=").split("-")[0]) for p, r, _ in web.log if r and name in p and r != "bytes=0-15"]


def case_url_resumes(w):
    files = large_files()
    web = w.serve(Web(folder(files), cut=2 * PIECE))
    url = web.url + "/m/tiny/SHA256SUMS"
    w.run("add", url, code=8)
    assert w.models() == [] and len(w.downloads()) == 1
    web.cut, web.log = None, []
    w.run("add", url)
    asked = begins(web)
    assert asked and min(asked) >= 2 * PIECE and not begins(web, "tokenizer.json"), asked  # what is missing, and no more
    assert w.files("tiny") == files and not w.downloads()
    # killed at some points, then left alone
    w.forget("tiny")
    web.before = lambda r: time.sleep(0.02)
    for ms in (30, 80, 150, 300):
        run = w.start("add", url)
        time.sleep(ms / 1000)
        run.kill()
        run.communicate()
    web.before = None
    w.run("add", url)
    w.run("verify")
    assert not w.downloads()


def case_url_interrupted(w):
    """Ctrl-C while a large file comes: what is there stays."""
    files, gate = large_files(), threading.Event()
    web = w.serve(Web(folder(files)))

    def slow(r):
        if "bytes=33554432" in (r.headers.get("Range") or ""):
            gate.set()
            time.sleep(5)

    web.before = slow
    run = w.start("add", web.url + "/m/tiny/SHA256SUMS")
    assert gate.wait(60)
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=30)[1].decode()
    assert run.returncode == 130 and "goes on where it was" in said, (run.returncode, said)
    web.before, web.log = None, []
    w.run("add", web.url + "/m/tiny/SHA256SUMS")
    assert 0 not in begins(web), web.log
    # and while the listing is asked for
    w.forget("tiny")
    gate.clear()
    web.before = lambda r: (gate.set(), time.sleep(8))
    run = w.start("add", web.url + "/m/tiny/SHA256SUMS")
    assert gate.wait(60)
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=7)
    assert run.returncode == 130


def gguf(byte):
    """One tensor of three pieces and a bit, with the least that is needed around it."""
    def text(t):
        return len(t).to_bytes(8, "little") + t.encode()

    count = 3 * PIECE // 4 + 64
    b = b"GGUF" + (3).to_bytes(4, "little") + (1).to_bytes(8, "little") + (1).to_bytes(8, "little")
    b += text("general.architecture") + (8).to_bytes(4, "little") + text("llama")
    b += text("token_embd.weight") + (1).to_bytes(4, "little") + count.to_bytes(8, "little") + bytes(4) + bytes(8)
    return b + bytes(-len(b) % 32) + byte * (4 * count)


def case_url_changes(w):
    """A file that changes between two pieces, or two tries, is never mixed."""
    one, two = gguf(b"\1"), gguf(b"\2")
    web = w.serve(Web({"/x.gguf": one}))

    def change(r):
        if f"bytes={PIECE}" in (r.headers.get("Range") or ""):
            web.files["/x.gguf"] = two

    web.before = change
    w.run("add", web.url + "/x.gguf", code=4, err="changed on the server while it was fetched")
    w.nothing_stays()
    web.before, web.files["/x.gguf"], web.cut = None, one, 2 * PIECE
    w.run("add", web.url + "/x.gguf", code=8)
    web.files["/x.gguf"], web.cut = two, None
    web.log.clear()
    w.run("add", web.url + "/x.gguf")
    assert 0 in begins(web, "x.gguf")  # anew
    assert w.files("x") == {"x.gguf": two}
    # a server that tells nothing: nothing of an earlier try counts
    web.etag, web.cut = False, 2 * PIECE
    w.run("add", web.url + "/x.gguf", "--as", "y", code=8)
    web.files["/x.gguf"], web.cut = one, None
    w.run("add", web.url + "/x.gguf", "--as", "y")
    assert w.files("y") == {"x.gguf": one}


def case_url_dates(w):
    """Where there is no strong ETag, the date of change tells states apart, if it is not that of the answer."""
    one, two = gguf(b"\1"), gguf(b"\2")
    web = w.serve(Web({"/x.gguf": one}, modified="Sun, 01 Feb 2026 12:00:00 GMT"))
    state = w.json("add", web.url + "/x.gguf")["revision"]
    assert state.startswith("state:")
    web.log.clear()
    assert w.json("add", web.url + "/x.gguf")["known"] is True and not begins(web, "x.gguf")
    w.forget("x")

    def change(r):
        if f"bytes={PIECE}" in (r.headers.get("Range") or ""):
            web.files["/x.gguf"], web.modified = two, "Sun, 01 Feb 2026 12:00:01 GMT"

    web.before = change
    w.run("add", web.url + "/x.gguf", code=4, err="changed on the server")
    web.before = None
    assert w.json("add", web.url + "/x.gguf")["revision"] != state
    w.forget("x")
    web.modified = "Sun, 01 Mar 2026 12:00:00 GMT"  # this very second: it may change once more
    added = w.json("add", web.url + "/x.gguf")
    assert not added.get("revision"), added
    w.forget("x")
    web.shift = 1
    w.run("add", web.url + "/x.gguf", code=4, err="another part")
    w.nothing_stays()


def case_url_upgrade(w):
    files = ember_files()
    web = w.serve(Web(folder(files)))
    w.run("add", web.url + "/m/tiny/SHA256SUMS")
    assert w.json("upgrade", "tiny")["same"] is True
    old = w.json("show", "tiny")["revision"]
    files["note.txt"] = b"a new line"
    web.files |= folder(files)
    plan = w.json("upgrade", "tiny")
    assert plan["swapped"] is False and plan["from"]["revision"] == old != plan["to"]["revision"]
    web.log.clear()
    assert w.json("upgrade", "tiny", "--yes")["swapped"] is True
    assert web.paths()[0] == "/m/tiny/SHA256SUMS" and not begins(web)  # it was staged, whole
    assert w.files("tiny") == files
    w.run("upgrade", "tiny", "--back", "--yes")
    assert w.json("show", "tiny")["revision"] == old


def openssl(*args):
    if not shutil.which("openssl"):
        raise Skip("no openssl")
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def certificate(w, name, subject):
    """A key, and a certificate for `subject` by the authority in w.tmp."""
    key, asked, made, extra = (w.tmp / f"{name}.{e}" for e in ("key", "csr", "pem", "ext"))
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", asked, "-subj", "/CN=x")
    extra.write_text(f"subjectAltName={subject}\n")
    openssl("x509", "-req", "-in", asked, "-CA", w.tmp / "ca.pem", "-CAkey", w.tmp / "ca.key", "-CAcreateserial",
            "-days", "30", "-extfile", extra, "-out", made)
    return made, key


def case_tls(w):
    b = stories()
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", w.tmp / "ca.key",
            "-out", w.tmp / "ca.pem", "-days", "30", "-subj", "/CN=house authority")
    web = w.serve(Web({"/x.gguf": b}, tls=certificate(w, "right", "IP:127.0.0.1")))
    wrong = w.serve(Web({"/x.gguf": b}, tls=certificate(w, "wrong", "DNS:other.example")))
    w.run("add", web.url + "/x.gguf", code=1, err="HEARTH_CA_FILE")
    w.env["HEARTH_CA_FILE"] = str(w.tmp / "none.pem")
    w.run("add", web.url + "/x.gguf", code=3, err="HEARTH_CA_FILE")
    w.env["HEARTH_CA_FILE"] = str(w.tmp / "ca.pem")
    w.run("add", wrong.url + "/x.gguf", code=1, err="127.0.0.1")
    assert wrong.log == []
    assert w.json("add", web.url + "/x.gguf")["source"] == web.url + "/x.gguf"
    assert w.files("x") == {"x.gguf": b}
    # from https to plain http is another server, whatever its name
    plain = w.serve(Web({"/x.gguf": b}))
    web.elsewhere = plain.url
    w.run("add", web.url + "/x.gguf", "--as", "y", code=1, err="which nobody wrote down")


def case_progress(w):
    """On a terminal the bar shows what comes, and how fast."""
    try:
        master, slave = pty.openpty()
    except OSError as e:
        raise Skip(f"no pseudo terminals: {e}") from e
    web = w.serve(Web(folder(large_files())))
    web.before = lambda r: time.sleep(0.15)
    run = subprocess.Popen([PROGRAM, "add", web.url + "/m/tiny/SHA256SUMS"], cwd=w.tmp, env=w.env | {"TERM": "xterm", "COLUMNS": "160"},
                           stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    said = b""
    while True:
        try:
            some = os.read(master, 65536)
        except OSError:
            some = b""
        if not some:
            break
        said += some
    os.close(master)
    assert run.wait() == 0
    assert b"downloading" in said and b"tiny" in said and b"MB/s" in said, said[-2000:]


# ---- registries ----

def case_oci_files(w):
    """Each layer a file: as ORAS writes them, and CNCF's ModelPack."""
    files = ember_files() | {"sub/x.json": b"{}"}
    reg = w.serve(Registry())
    layers = [reg.layer(b, "application/vnd.oci.image.layer.v1.tar", title=n) for n, b in files.items()]
    digest = reg.push(layers + [reg.layer(b"\x80\x02}q.", "x/y", title="pytorch_model.bin")])
    added = w.json("add", reg.address())
    assert added["alias"] == "tiny" and added["revision"] == digest and added["left_out"] == 1, added
    assert w.files("tiny") == files and added["source"] == reg.address()
    asked = len(reg.log)
    assert w.json("add", reg.address())["known"] is True and len(reg.log) == asked + 1
    w.forget("tiny")
    raw = [reg.layer(b, "application/vnd.cncf.model.weight.v1.raw", filepath=n) for n, b in files.items()]
    reg.push(raw, tag="v1.5", artifactType="application/vnd.cncf.model.manifest.v1+json")
    assert w.json("add", reg.address(":v1.5"))["alias"] == "tiny-v1.5"
    assert w.files("tiny-v1.5") == files
    w.run("verify")


def case_oci_large(w):
    files = large_files()
    reg = w.serve(Registry())
    reg.push([reg.layer(b, "application/vnd.cncf.model.weight.v1.raw", filepath=n) for n, b in files.items()])
    reg.web = type("cut", (Registry.web,), {"cut": 2 * PIECE})
    w.run("add", reg.address(), code=8)
    reg.web, reg.log = Registry.web, []
    w.run("add", reg.address())
    asked = [r for p, r, _ in reg.log if r and sha256(files["model.safetensors"]) in p]
    assert asked and not [r for r in asked if r.startswith("bytes=0-")], asked
    w.forget("tiny")
    reg.web = type("whole", (Registry.web,), {"ranges": False})
    w.run("add", reg.address())  # registries need not know ranges
    assert w.files("tiny") == files


def case_oci_kinds(w):
    """Files by media type alone."""
    b, reg = stories(), w.serve(Registry())
    ollama, docker = "application/vnd.ollama.image.", "application/vnd.docker.ai."
    reg.push([reg.layer(b, ollama + "model"), reg.layer(b"{{ .Prompt }}", ollama + "template"), reg.layer(b"MIT", ollama + "license"),
              reg.layer(b"Use policy", ollama + "license"), reg.layer(b'{"stop": []}', ollama + "params")],
             tag="260k", mediaType="application/vnd.docker.distribution.manifest.v2+json")
    assert w.json("add", reg.address(":260k"))["alias"] == "tiny-260k"
    assert w.files("tiny-260k") == {"model.gguf": b, "ollama-template.txt": b"{{ .Prompt }}", "LICENSE": b"MIT", "LICENSE-2": b"Use policy",
                                    "ollama-params.json": b'{"stop": []}'}
    reg.push([reg.layer(b, docker + "gguf.v3"), reg.layer(b"Apache", docker + "license"), reg.layer(b"{{ x }}", docker + "chat.template.jinja")])
    w.run("add", reg.address(), "--as", "docker")
    assert w.files("docker") == {"model.gguf": b, "LICENSE": b"Apache", "chat_template.jinja": b"{{ x }}"}
    parts = sorted(SPLIT.glob("llama3-bf16-split-*.gguf")) if SPLIT.exists() else []
    if parts:
        reg.push([reg.layer(p.read_bytes(), docker + "gguf.v3") for p in parts])
        w.run("add", reg.address(), "--as", "split")
        assert w.files("split") == {f"model-0000{i + 1}-of-00003.gguf": p.read_bytes() for i, p in enumerate(parts)}
    files = ember_files()
    config = make_tar(*[(n, f) for n, f in files.items() if n != "model.safetensors"])
    reg.push([reg.layer(files["model.safetensors"], docker + "safetensors"), reg.layer(config, docker + "vllm.config.tar")])
    w.run("add", reg.address(), "--as", "tensors")
    assert w.files("tensors") == files
    for layers, code, words in [
        ([reg.layer(b, ollama + "model")] * 2, 4, "two files with the name model.gguf"),
        ([reg.layer(b, "application/octet-stream")], 5, "no name is written beside it"),
        ([reg.layer(b, "application/vnd.cncf.model.weight.v1.tar+gzip", filepath="x")], 5, "compressed layers are not unpacked"),
        ([reg.layer(b, "application/vnd.docker.image.rootfs.diff.tar.gzip")], 5, "compressed layers are not unpacked"),
        ([reg.layer(b, "application/vnd.oci.image.layer.v1.tar+zstd", title="x")], 5, "compressed layers are not unpacked"),
        ([], 4, "names no files"),
    ]:
        reg.push(layers)
        w.run("add", reg.address(), "--as", "bad", code=code, err=words)


def case_oci_tar(w):
    files = ember_files() | {"deep/" + "long" * 22 + "/" + "name" * 20 + ".txt": b"x" * 600}
    reg = w.serve(Registry())
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        top = tarfile.TarInfo("./")
        top.type = tarfile.DIRTYPE
        inner = tarfile.TarInfo("deep")
        inner.type = tarfile.DIRTYPE
        some = make_tar((top, None), (inner, None), *[("./" + n, b) for n, b in files.items() if n != "README.md"], form=form)
        reg.push([reg.layer(some, "application/vnd.cncf.model.weight.v1.tar", filepath="model"),
                  reg.layer(files["README.md"], "application/vnd.cncf.model.doc.v1.raw", filepath="README.md")])
        added = w.json("add", reg.address())
        assert w.files("tiny") == files and not w.downloads(), added
        w.forget("tiny")
    packed = reg.layer(make_tar(*files.items()), "application/vnd.oci.image.layer.v1.tar", title="all", **{"io.deis.oras.content.unpack": "true"})
    reg.push([packed])
    w.run("add", reg.address())
    assert w.files("tiny") == files
    w.forget("tiny")
    # stopped behind the unpacking of some: it is done anew
    run = w.start("add", reg.address())
    time.sleep(0.1)
    run.kill()
    run.communicate()
    w.run("add", reg.address())
    assert w.files("tiny") == files


def case_oci_gnu_tar(w):
    """Archives by another hand, with names, sizes and folders as it writes them."""
    if not shutil.which("tar"):
        raise Skip("no tar")
    files = ember_files() | {"deep/" + "long" * 22 + "/" + "name" * 20 + ".txt": b"x" * 600, "\u6a21\u578b.txt": b"name"}
    for n, b in files.items():
        path = w.tmp / "in" / n
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b)
    reg = w.serve(Registry())
    for form in ("gnu", "posix", "ustar"):
        done = subprocess.run(["tar", "-C", w.tmp / "in", f"--format={form}", "-cf", w.tmp / "a.tar", "."], capture_output=True)
        if done.returncode:
            raise Skip("another tar")
        reg.push([reg.layer((w.tmp / "a.tar").read_bytes(), "application/vnd.cncf.model.weight.v1.tar")])
        w.run("add", reg.address())
        assert w.files("tiny") == files, form
        w.forget("tiny")
    (w.tmp / "in/hole").write_bytes(b"")
    os.truncate(w.tmp / "in/hole", 1 << 20)
    for form, words in (("gnu", "a sparse file"), ("posix", "a sparse file")):
        subprocess.run(["tar", "-C", w.tmp / "in", f"--format={form}", "--sparse", "-cf", w.tmp / "a.tar", "."], check=True)
        reg.push([reg.layer((w.tmp / "a.tar").read_bytes(), "application/vnd.cncf.model.weight.v1.tar")])
        w.run("add", reg.address(), code=4, err=words)
        w.nothing_stays()


def odd(name, kind, link=""):
    t = tarfile.TarInfo(name)
    t.type, t.linkname = kind, link
    return t


def case_oci_bad_tar(w):
    good, reg = list(ember_files().items()), w.serve(Registry())
    spare = make_tar(("a", b"x" * 100))
    for bad, words in [
        (make_tar(*good, ("../evil", b"x")), "is refused"),
        (make_tar(*good, ("/etc/evil", b"x")), "is refused"),
        (make_tar(*good, ("a/../../evil", b"x")), "is refused"),
        (make_tar(*good, ("a\\b", b"x")), "is refused"),
        (make_tar(*good, ("a\nb", b"x")), "is refused"),
        (make_tar(*good, ("x" * 300, b"x")), "is refused"),
        (make_tar(*good, ("d/" * 12 + "x", b"x")), "is refused"),
        (make_tar(*good, (odd("l", tarfile.SYMTYPE, "/etc/passwd"), None)), "l is a link"),
        (make_tar(*good, (odd("l", tarfile.SYMTYPE, "x" * 200), None), form=tarfile.GNU_FORMAT), "a link"),
        (make_tar(*good, (odd("l", tarfile.LNKTYPE, "config.json"), None)), "l is a hard link"),
        (make_tar(*good, (odd("d", tarfile.CHRTYPE), None)), "d is a device"),
        (make_tar(*good, (odd("d", tarfile.BLKTYPE), None)), "d is a device"),
        (make_tar(*good, (odd("p", tarfile.FIFOTYPE), None)), "p is a pipe"),
        (make_tar(*good, (".wh.config.json", b"")), "a whiteout"),
        (make_tar(*good, good[0]), "two files with the name"),
        (make_tar(*good, ("a", b""), ("a/b", b"")), "as a file and as a folder"),
        (make_tar(*good, ("note.txt", b"")), "two files with the name note.txt"),  # of another layer
        (make_tar(*good, ("NOTE.TXT", b"")), "one name where case does not count"),
        (make_tar(*good)[:-20000], "ends behind the archive"),
        (make_tar(*good)[:1000], "ends behind the archive"),
        (spare[:512 + 100], "no weights"),
        (spare[:100], "ends inside a header"),
        (b"\0" + spare[1:], "checksum"),
        (b"GGUF" * 1000, "checksum"),
    ]:
        reg.push([reg.layer(bad, "application/vnd.cncf.model.weight.v1.tar"), reg.layer(b"hello", "x/y", title="note.txt")])
        try:
            w.run("add", reg.address(), code=4, err=words)
        except AssertionError as fault:
            if "no weights" not in words:
                raise fault
            assert "holds no model" in str(fault) or "no weights" in str(fault), fault
        w.nothing_stays()
    assert not (w.tmp / "evil").exists() and not (w.home / "evil").exists()
    layer = reg.layer(spare, "application/vnd.cncf.model.weight.v1.tar")
    reg.blobs[layer["digest"]] = spare[:-1] + b"x"
    reg.push([layer])
    w.run("add", reg.address(), code=4, err="is not what was announced")
    w.nothing_stays()


def case_oci_indexes(w):
    files, reg = ember_files(), w.serve(Registry())
    layers = [reg.layer(b, "x/y", title=n) for n, b in files.items()]
    one, two = reg.push(layers, tag="one"), reg.push(layers[:-1], tag="two")

    def index(*digests, **more):
        return {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": d, "size": 1} | more for d in digests]}

    document = index(one)
    document["manifests"].append({"mediaType": MANIFEST, "digest": two, "size": 1, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}})
    outer = reg.put(document, kind=INDEX)
    assert w.json("add", reg.address())["revision"] == one
    assert w.json("add", reg.address("@" + outer))["known"] is True
    assert w.json("add", reg.address("@" + one))["known"] is True
    nested = reg.put(index(outer), tag="nested", kind=INDEX)
    assert w.json("add", reg.address(":nested"), "--as", "nested")["revision"] == one
    reg.put(index(nested), tag="deeper", kind=INDEX)
    w.run("add", reg.address(":deeper"), code=6, err="name one another")
    reg.put(index(one, two), tag="both", kind=INDEX)
    w.run("add", reg.address(":both"), code=2, err=f"{one}, {two}")
    w.run("add", reg.address(":both@" + one), "--as", "both")
    for bad, words in [
        (index(), "names no manifest"), (index("sha512:" + "0" * 128), "no SHA-256"), (index(one[:-1]), "no SHA-256"),
        (index(one) | {"layers": layers}, "an index and a manifest at once"),
        ({"schemaVersion": 1}, "schema version 2"), ([], "schema version 2"), ({"schemaVersion": 2}, "no layers"),
        ({"schemaVersion": 2, "layers": [{}]}, "no media type"),
        ({"schemaVersion": 2, "layers": [{"mediaType": "x", "digest": "md5:00", "size": 1}]}, "no SHA-256"),
        ({"schemaVersion": 2, "layers": [{"mediaType": "x", "digest": "sha256:" + "A" * 64, "size": 1}]}, "no SHA-256"),
        ({"schemaVersion": 2, "layers": [layers[0] | {"size": -1}]}, "no size"),
        ({"schemaVersion": 2, "layers": [layers[0] | {"annotations": {"org.opencontainers.image.title": "../x"}}]}, "is refused"),
        ({"schemaVersion": 2, "layers": [layers[0]] * 2}, "two files with the name"),
        (b"<html>", "manifest"), (b"", "manifest"), (b'{"schemaVersion": 2, "schemaVersion": 2}', "duplicate"),
    ]:
        reg.put(bad)
        w.run("add", reg.address(), "--as", "bad", code=4, err=words)
    reg.put({"schemaVersion": 2, "layers": [layers[0] | {"size": 1 << 60}]})
    w.run("add", reg.address(), "--as", "bad", code=6, err="too many")
    reg.put({"schemaVersion": 2, "layers": [layers[0]] * 5000})
    w.run("add", reg.address(), "--as", "bad", code=6, err="at most 4096")
    reg.put(b" " * (5 << 20))
    w.run("add", reg.address(), "--as", "bad", code=6)
    assert "bad" not in [m["alias"] for m in w.models()]


def case_oci_digests(w):
    files, reg = ember_files(), w.serve(Registry())
    layers = [reg.layer(b, "x/y", title=n) for n, b in files.items()]
    digest = reg.push(layers)
    w.run("add", reg.address("@sha256:" + "0" * 64), code=3)
    reg.manifests["sha256:" + "0" * 64] = reg.manifests["latest"]
    w.run("add", reg.address("@sha256:" + "0" * 64), code=4, err="the manifest is not what was announced")
    reg.digest_header = "sha256:" + "1" * 64
    w.run("add", reg.address(), code=4, err="the manifest is not what was announced")
    reg.digest_header = None
    reg.blobs[layers[1]["digest"]] = bytes(layers[1]["size"])
    w.run("add", reg.address("@" + digest), code=4, err="is not what was announced")
    w.nothing_stays()
    reg.blobs[layers[1]["digest"]] = b""
    w.run("add", reg.address(), code=1)
    del reg.blobs[layers[1]["digest"]]
    w.run("add", reg.address(), code=3, err="blobs/sha256:")
    w.run("gc")
    for bad in ("oci:acme/tiny", "oci:tiny", "oci:host.invalid", "oci:host.invalid/", "oci:host.invalid/Acme/x", "oci:host.invalid/a//b",
                "oci:host.invalid/a/../b", "oci:host.invalid/a:", "oci:host.invalid/a:b c", "oci:host.invalid/a@sha256:00",
                "oci:host.invalid/a@md5:00", "oci:host.invalid/a:" + "t" * 129, "oci:host.invalid/a-", "oci:host.invalid/a___b",
                "oci:ho st.invalid/a", "oci:host.invalid?x/a"):
        w.run("add", bad, code=2, err="is no model of a registry")
    w.run("add", "oci:docker.io/ai/tiny", code=2, err="oci:registry-1.docker.io/ai/tiny, with --also https://auth.docker.io")
    w.run("add", "oci:me:s3cret@host.invalid/a", code=2, err="HEARTH_ADD_LOGIN")
    assert "s3cret" not in w.said
    w.run("add", "oci:host.invalid/a", "--sha256", "0" * 64, code=2, err="--sha256 is for")
    w.nothing_stays()


def case_oci_tokens(w):
    files, reg = large_files(), w.serve(Registry())
    reg.push([reg.layer(b, "x/y", title=n) for n, b in files.items()])
    reg.realm = reg.url + "/token"
    w.run("add", "oci://" + reg.address().removeprefix("oci:"), "--as", "one")
    tokens = {a for p, _, a in reg.log if "/blobs/" in p}
    assert tokens == {"Bearer t0ken-0"}, tokens
    w.holds_no("t0ken-0")
    # tokens end while the download goes on
    reg.uses = 3
    w.forget("one")
    w.run("add", reg.address(), "--as", "two")
    assert len(reg.tokens) > 2 and w.files("two") == files
    # a realm elsewhere
    auth = w.serve(Registry(basic_at_realm=basic("me:s3cret")))
    reg.realm, reg.uses, auth.tokens = auth.url + "/token?x=y", None, reg.tokens
    w.forget("two")
    w.run("add", reg.address(), code=1, err=f"a token from {auth.url}, which nobody wrote down")
    assert auth.log == []
    w.run("add", reg.address(), "--also", auth.url, code=1, err="refuses")
    w.env["HEARTH_ADD_LOGIN"] = "me:s3cret"
    reg.log.clear()
    w.run("add", reg.address(), "--also", auth.url)
    assert auth.log[-1][2] == basic("me:s3cret")
    w.holds_no("s3cret")
    for realm, code, words in [
        ("http://host.invalid/token", 4, "over plain http"), ("https://me:x@host.invalid/", 2, "a user name"), ("ftp://x/", 2, "gives out tokens"),
        ("", 4, "does not say understandably"), (reg.url + "/v2/acme/tiny/blobs/sha256:" + sha256(files["LICENSE"]), 1, "refuses"),
    ]:
        reg.realm = realm or '", service="'
        w.run("add", reg.address(), "--as", "bad", code=code, err=words)
    reg.realm, reg.basic = None, basic("me:s3cret")
    w.run("add", reg.address(), "--as", "basic")
    w.env["HEARTH_ADD_LOGIN"] = "me:wrong"
    w.run("add", reg.address(), "--as", "bad", code=1, err="what it was given to log in is not accepted")
    del w.env["HEARTH_ADD_LOGIN"]
    w.run("add", reg.address(), "--as", "bad", code=1, err="HEARTH_ADD_LOGIN")
    reg.basic = "Bearer preset"
    w.env["HEARTH_ADD_TOKEN"] = "preset"
    w.run("add", reg.address(), "--as", "preset")
    w.env["HEARTH_ADD_TOKEN"] = "wrong"
    w.run("add", reg.address(), "--as", "bad", code=1, err="is not accepted")


def case_oci_elsewhere(w):
    files, reg = ember_files(), w.serve(Registry())
    reg.push([reg.layer(b, "x/y", title=n) for n, b in files.items()])
    reg.realm = reg.url + "/token"
    there = w.serve(Registry(blobs=reg.blobs))
    reg.elsewhere = there.url
    w.run("add", reg.address(), code=1, err=f"{there.url}, which nobody wrote down")
    assert there.log == []
    there.blobs = reg.blobs
    w.run("add", reg.address(), "--also", there.url)
    assert there.log and all(a is None for _, _, a in there.log)  # the token stays with the registry
    assert w.files("tiny") == files


def case_oci_upgrade(w):
    files, reg = ember_files(), w.serve(Registry())
    old = reg.push([reg.layer(b, "x/y", title=n) for n, b in files.items()])
    w.run("add", reg.address(":latest@" + old))
    assert w.json("upgrade", "tiny")["same"] is True
    files["note.txt"] = b"a new line"
    new = reg.push([reg.layer(b, "x/y", title=n) for n, b in files.items()])
    plan = w.json("upgrade", "tiny", "--yes")
    assert plan["swapped"] is True and plan["from"]["revision"] == old and plan["to"]["revision"] == new
    assert w.files("tiny") == files
    w.run("upgrade", "tiny", "--back", "--yes")
    assert w.json("show", "tiny")["revision"] == old


def main():
    wanted = sys.argv[2:]
    passed = failed = skipped = 0
    for name, case in list(globals().items()):
        if not name.startswith("case_") or (wanted and name.removeprefix("case_") not in wanted):
            continue
        with tempfile.TemporaryDirectory() as tmp:
            w = World(tmp)
            try:
                case(w)
                passed += 1
            except Skip as why:
                skipped += 1
                print(f"SKIP {name}: {why}")
            except Exception as fault:
                failed += 1
                print(f"FAIL {name}: {fault}")
                traceback.print_exc(limit=-3)
            for server in w.open:
                server.close()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


sys.exit(main())
