#!/usr/bin/env python3
# `hearth serve` as a whole, with the model in the box: signals, settings, sockets, faults.
# SPDX-License-Identifier: Apache-2.0
#
# Needs no package; openssl(1) makes the certificate of the TLS case, which is skipped without it.
import glob
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from harness import EMBER, HEARTH, Skip, case, equal, run_cases

PATIENCE = 120


def until(what, f):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if f():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE} s for: {what}")


class Serve:
    """A running server; `with` stops it by SIGTERM and wants exit status 0."""

    def __init__(self, *options, home=None, listen=("--listen", "127.0.0.1:0"), program=(HEARTH,), **more):
        self.own_home = None if home else tempfile.TemporaryDirectory()
        self.home = home or self.own_home.name
        self.log = tempfile.TemporaryFile("w+")
        env = dict(os.environ, HEARTH_HOME=self.home, **more.pop("env", {}))
        self.p = subprocess.Popen([*program, "serve", *listen, *options], env=env, text=True, stdout=subprocess.PIPE,
                                  stderr=self.log, **more)
        line = self.p.stdout.readline().split()
        self.where = line[-1] if line else None
        self.status = 0

    def connection(self):
        return http.client.HTTPConnection(self.where.split("//")[1], timeout=PATIENCE)

    def ask(self, method, path, body=None, **headers):
        c = self.connection()
        c.request(method, path, json.dumps(body) if body is not None else None, {k.replace("_", "-"): v for k, v in headers.items()})
        r = c.getresponse()
        text = r.read().decode()
        c.close()
        return r.status, text

    def ready(self):
        until("the model", lambda: self.ask("GET", "/health")[0] == 200)
        return self

    def stderr(self):
        self.log.seek(0)
        return self.log.read()

    def lines(self):
        return [json.loads(line) for line in self.stderr().splitlines()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
        status = self.p.wait(PATIENCE)
        if not _[0]:
            equal(status, self.status)
        if self.own_home:
            self.own_home.cleanup()


def hearth(home, *words):
    return subprocess.run([HEARTH, *words], env=dict(os.environ, HEARTH_HOME=home), capture_output=True, text=True, timeout=PATIENCE)


LONG = {"model": "ember", "prompt": "O", "max_tokens": 480, "stream": True, "temperature": 1.0, "seed": 3, "ignore_eos": True}


def begin_stream(s, body=None, **headers):
    c = s.connection()
    c.request("POST", "/v1/completions", json.dumps(body or LONG), {k.replace("_", "-"): v for k, v in headers.items()})
    r = c.getresponse()
    equal(r.status, 200)
    first = r.readline()
    return c, r, first


@case
def port_in_use():
    with Serve().ready() as s:
        done = hearth(s.home, "serve", "--listen", s.where.split("//")[1])
        equal(done.returncode, 8)
        assert "is in use" in done.stderr, done.stderr
        equal(len(done.stderr.strip().split("\n")), 1)
        equal(s.ask("GET", "/health")[0], 200)


@case
def model_that_is_not_there():
    with tempfile.TemporaryDirectory() as home:
        done = hearth(home, "serve", "--listen", "127.0.0.1:0", "/nowhere/model")
        equal(done.returncode, 3)
        assert done.stderr.strip().split("\n")[-1].startswith("hearth: /nowhere/model"), done.stderr


@case
def settings_and_reload():
    with tempfile.TemporaryDirectory() as home:
        path = os.path.join(home, "hearth.yaml")

        def write(text):
            with open(path, "w") as f:
                f.write(text)

        write(f"models:\n  a:\n    path: {EMBER}\n    preload: true\n  b:\n    pth: x\n")
        done = hearth(home, "serve", "--listen", "127.0.0.1:0", "--config", path)
        equal((done.returncode, ":6:" in done.stderr, "pth" in done.stderr), (4, True, True))
        write(f"models:\n  a:\n    path: {EMBER}\n    preload: true\n    aliases: [gpt-4o]\n")
        with Serve("--config", path, home=home).ready() as s:
            equal(json.loads(s.ask("GET", "/v1/models")[1])["data"][1]["id"], "gpt-4o")
            write("colour: red\n")
            s.p.send_signal(signal.SIGHUP)
            until("the refusal", lambda: "the settings stay as they were" in s.stderr())
            assert "hearth.yaml:1" in s.stderr()
            equal(s.ask("GET", "/v1/models/gpt-4o")[0], 200)
            write(f"models:\n  a:\n    path: {EMBER}\n    preload: true\n  later:\n    path: {EMBER}\n")
            s.p.send_signal(signal.SIGHUP)
            until("the new model", lambda: s.ask("GET", "/v1/models/later")[0] == 200)
            equal(s.ask("GET", "/v1/models/gpt-4o")[0], 404)
            until("an answer", lambda: s.ask("POST", "/v1/completions", {"model": "later", "prompt": "O", "max_tokens": 3})[0] == 200)


def worker_of(s, at=0):
    children = open(f"/proc/{s.p.pid}/task/{s.p.pid}/children").read().split()
    for task in glob.glob(f"/proc/{s.p.pid}/task/*/children"):
        children += open(task).read().split()
    return sorted(map(int, set(children)))[at]


@case
def killed_worker():
    """Its own requests end with an error, it comes back after a pause, and the other model's go on."""
    with tempfile.TemporaryDirectory() as home:
        path = os.path.join(home, "hearth.yaml")
        with open(path, "w") as f:
            f.write(f"models:\n  victim:\n    path: {EMBER}\n  other:\n    path: {EMBER}\n")
        with Serve("--config", path, home=home) as s:
            for name in ("victim", "other"):  # in this order, so that the first worker is the victim's
                equal(s.ask("POST", "/v1/completions", {"model": name, "prompt": "O", "max_tokens": 3})[0], 200)
            c, r, _ = begin_stream(s, {**LONG, "model": "victim"})
            c2, r2, _ = begin_stream(s, {**LONG, "model": "other"})
            os.kill(worker_of(s), signal.SIGKILL)
            rest, rest2 = r.read().decode(), r2.read().decode()
            c.close()
            c2.close()
            assert '"error"' in rest and "signal 9" in rest and "[DONE]" not in rest, rest[-500:]
            assert "[DONE]" in rest2 and '"error"' not in rest2, rest2[-500:]
            until("the new worker", lambda: s.ask("POST", "/v1/completions", {"model": "victim", "prompt": "O", "max_tokens": 3})[0] == 200)
            starts = sorted(line for line in s.ask("GET", "/metrics")[1].split("\n") if line.startswith("hearth_worker_starts_total"))
            equal(starts, ['hearth_worker_starts_total{model_name="other"} 1', 'hearth_worker_starts_total{model_name="victim"} 2'])
            assert any("next attempt in 0.5 s" in line.get("message", "") for line in s.lines())


CACHED = {"model": "ember", "prompt": "word " * 300, "max_tokens": 1, "temperature": 0}


def cached_tokens(s):
    status, text = s.ask("POST", "/v1/completions", CACHED)
    equal(status, 200)
    return json.loads(text)["usage"]["prompt_tokens_details"]["cached_tokens"], json.loads(text)["choices"][0]["text"]


@case
def kept_pages_after_restart():
    with tempfile.TemporaryDirectory() as home:
        with Serve("--keep-pages", "0.1", home=home).ready() as s:
            equal(cached_tokens(s)[0], 0)
        with Serve("--keep-pages", "0.1", home=home).ready() as s:
            assert cached_tokens(s)[0] >= 128
            os.kill(worker_of(s), signal.SIGKILL)
            until("the new worker", lambda: s.ask("POST", "/v1/completions", {"prompt": "O", "max_tokens": 1})[0] == 200)
            assert cached_tokens(s)[0] >= 128


@case
def full_disk_under_kept_pages():
    """The disk has less room than the file of pages is long: answers are the same, and nothing ends."""
    with tempfile.TemporaryDirectory() as home:
        with Serve(home=home).ready() as s:
            text = cached_tokens(s)[1]
        mount = 'mount -t tmpfs -o size=256k none "$HEARTH_HOME" && exec "$0" "$@"'
        if subprocess.run(["unshare", "-rm", "sh", "-c", mount, "true"], env=dict(os.environ, HEARTH_HOME=home), capture_output=True).returncode:
            raise Skip("no file system of its own can be mounted here")
        with Serve("--keep-pages", "0.1", home=home, program=("unshare", "-rm", "sh", "-c", mount, HEARTH)).ready() as s:
            for _ in range(4):
                equal(cached_tokens(s)[1], text)
            equal(s.ask("POST", "/v1/completions", {**CACHED, "prompt": "other " * 400})[0], 200)
            starts = [line for line in s.ask("GET", "/metrics")[1].split("\n") if line.startswith("hearth_worker_starts_total")]
            equal(starts, ['hearth_worker_starts_total{model_name="ember"} 1'])
            assert "the store of cached pages takes no more" in s.stderr()


@case
def revoked_key():
    with tempfile.TemporaryDirectory() as home:
        key = json.loads(hearth(home, "keys", "add", "leaving", "--json").stdout)["key"]
        with Serve("--require-key", home=home) as s:
            until("the model", lambda: s.ask("GET", "/health")[0] == 200)
            equal(s.ask("GET", "/v1/models")[0], 401)
            headers = {"Authorization": "Bearer " + key}
            equal(s.ask("GET", "/v1/models", **headers)[0], 200)
            equal(s.ask("GET", "/metrics", **headers)[0], 403)
            equal(hearth(home, "keys", "revoke", "leaving").returncode, 0)
            until("the revocation", lambda: s.ask("GET", "/v1/models", **headers)[0] == 401)


@case
def drain_lets_answers_end():
    with tempfile.TemporaryDirectory() as home:
        path = os.path.join(home, "hearth.yaml")
        with open(path, "w") as f:
            f.write("drain_seconds: 600\n")
        with Serve("--config", path, home=home).ready() as s:
            c, r, _ = begin_stream(s)
            s.p.send_signal(signal.SIGTERM)
            rest = r.read().decode()
            c.close()
            assert "[DONE]" in rest, rest[-300:]
            equal(s.p.wait(PATIENCE), 0)


@case
def log_has_no_texts():
    secret = "xylophone-quartz"
    with Serve().ready() as s:
        equal(s.ask("POST", "/v1/completions", {"prompt": secret, "max_tokens": 3}, traceparent=
                    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")[0], 200)
        until("the line", lambda: any(line.get("route") == "/v1/completions" for line in s.lines()))
        line = next(line for line in s.lines() if line.get("route") == "/v1/completions")
        equal((line["status"], line["model"], line["completion_tokens"], line["finish"]), (200, "ember", 3, "length"))
        assert "0af7651916cd43dd8448eb211c80319c" in line["traceparent"]
        assert secret not in s.stderr()


@case
def unix_socket_and_top():
    with tempfile.TemporaryDirectory() as home:
        path = os.path.join(home, "s.sock")
        with Serve(home=home, listen=("--listen", f"unix:{path}")) as s:
            equal(os.stat(path).st_mode & 0o777, 0o600)

            def looks():
                done = hearth(home, "top", "--at", f"unix:{path}", "--once", "--interval", "0.2")
                return "ember" in done.stdout and "ready" in done.stdout

            until("the table", looks)
        assert not os.path.exists(path)


@case
def handed_over_socket():
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def hand_over():
        os.dup2(listener.fileno(), 3)
        os.environ["LISTEN_PID"] = str(os.getpid())

    # The variable names the process that is to take the socket: a shell fills in its own and becomes it.
    with tempfile.TemporaryDirectory() as home:
        p = subprocess.Popen(["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$0" serve', HEARTH], env=dict(os.environ, HEARTH_HOME=home, LISTEN_FDS="1"),
                             preexec_fn=hand_over, pass_fds=(3, listener.fileno()), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            equal(p.stdout.readline().split()[-1], f"http://127.0.0.1:{port}")
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            c.request("GET", "/v1/models")
            equal(c.getresponse().status, 200)
        finally:
            p.send_signal(signal.SIGTERM)
            equal(p.wait(PATIENCE), 0)


@case
def tls():
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    with tempfile.TemporaryDirectory() as home:
        cert, key = os.path.join(home, "cert.pem"), os.path.join(home, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                        "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       check=True, capture_output=True)
        with Serve("--tls-cert", cert, "--tls-key", key, home=home) as s:
            assert s.where.startswith("https://"), s.where
            port = int(s.where.rsplit(":", 1)[1])

            def healthy():
                c = http.client.HTTPSConnection("localhost", port, timeout=PATIENCE, context=ssl.create_default_context(cafile=cert))
                c.request("GET", "/health")
                return c.getresponse().status == 200

            until("health over TLS", healthy)
        done = hearth(home, "serve", "--listen", "127.0.0.1:0", "--tls-cert", key, "--tls-key", cert)
        assert done.returncode and "belong together" in done.stderr, done.stderr


@case
def exposed_addresses():
    with tempfile.TemporaryDirectory() as home:
        done = hearth(home, "serve", "--listen", "0.0.0.0:0")
        equal((done.returncode, "--tls-cert" in done.stderr), (2, True))
        done = hearth(home, "serve", "--listen", "0.0.0.0:0", "--behind-proxy")
        equal((done.returncode, "hearth keys add" in done.stderr), (2, True))


STORY = {"model": "ember", "max_tokens": 16, "seed": 4, "temperature": 1.0, "messages": [{"role": "user", "content": (
    "The king sat in his garden and looked at the river, which was high that year, and thought of his brother, who had gone "
    "over the hills with the army and had not come back, though the summer was over and the leaves of the old trees were "
    "falling on the water one by one. What did the messenger say on the bridge?")}]}


@case
def pages_outlive_the_server():
    """A prompt that was answered before a restart is answered from the disk, but not to another tenant."""
    with tempfile.TemporaryDirectory() as home:
        keys = [json.loads(hearth(home, "keys", "add", name, "--tenant", name, "--json").stdout)["key"] for name in ("a", "b")]

        def tell(s, key):
            status, text = s.ask("POST", "/v1/chat/completions", STORY, Authorization="Bearer " + key)
            equal(status, 200)
            told = json.loads(text)
            return told["timings"]["cache"], told["timings"]["cache_n"], told["choices"][0]["message"]["content"]

        with Serve("--keep-pages", "0.1", home=home).ready() as s:
            cache, found, first = tell(s, keys[0])
            equal((cache, found), ("none", 0))
            until("pages on the disk", lambda: "hearth_kv_store_pages{model_name=\"ember\"} 0" not in s.ask("GET", "/metrics")[1])
            second = Serve("--keep-pages", "0.1", home=home).ready()
            with second:  # one process at a time has them
                equal(tell(second, keys[0])[2], first)
            assert "another process" in second.stderr(), second.stderr()
        with Serve("--keep-pages", "0.1", home=home).ready() as s:
            equal(tell(s, keys[1]), ("none", 0, first))
            cache, found, again = tell(s, keys[0])
            equal((cache, found > 64, again), ("disk", True, first))
            equal(tell(s, keys[0])[0], "memory")
        equal(oct(os.stat(os.path.join(home, "kv")).st_mode & 0o777), "0o700")


@case
def deterministic():
    """Without a seed the same request has the same answer, whoever else asks; choices differ."""
    body = {"model": "ember", "prompt": "O", "max_tokens": 24, "temperature": 2.0, "n": 2, "ignore_eos": True}

    def tell(*options):
        with Serve(*options).ready() as s:
            status, text = s.ask("POST", "/v1/completions", body)
            equal(status, 200)
            return [c["text"] for c in json.loads(text)["choices"]]

    texts = tell("--deterministic")
    equal(tell("--deterministic"), texts)
    assert texts[0] != texts[1], texts
    assert tell() != texts, "chance gives the same"


if __name__ == "__main__":
    sys.exit(run_cases(HEARTH))
