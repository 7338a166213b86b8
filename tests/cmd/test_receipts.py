#!/usr/bin/env python3
# Signed receipts of answers, as a client gets them and an auditor checks them.
# SPDX-License-Identifier: Apache-2.0
#
#   test_receipts.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# One server with the model in the box answers all cases. The last line is "N passed, N failed, N skipped".
import base64
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

from note_check import open_note, read_key

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
EMBER = os.path.join(ROOT, "models/ember")


class Server:
    def __init__(self, tmp):
        self.work = pathlib.Path(tmp)
        self.home = self.work / "home"
        self.env = dict(os.environ, HEARTH_HOME=str(self.home))
        self.run("add", EMBER)
        self.digest = json.loads(self.run("show", "ember", "--json"))["digest"]
        self.keys = [self.add_key("one", "lab"), self.add_key("two", "lab"), self.add_key("stranger", "elsewhere")]
        self.p = subprocess.Popen([PROGRAM, "serve", "ember" if os.environ.get("HEARTH_ALIAS") else EMBER, "--listen", "127.0.0.1:0",
                                   "--no-request-log", "--threads", "1"], cwd=self.work, env=self.env, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        self.url = self.p.stdout.readline().split()[-1]
        for _ in range(600):
            try:
                if urllib.request.urlopen(self.url + "/health").status == 200:
                    break
            except urllib.error.URLError:
                pass
            time.sleep(0.1)

    def run(self, *args, code=0, err=""):
        done = subprocess.run([PROGRAM, *map(str, args)], cwd=self.work, env=self.env, capture_output=True, timeout=300)
        said = done.stderr.decode()
        assert done.returncode == code, f"{args}: exit {done.returncode}, wanted {code}: {said}"
        assert err in said, f"{args}: {said!r} does not say {err!r}"
        return done.stdout.decode()

    def add_key(self, name, tenant):
        return json.loads(self.run("keys", "add", name, "--tenant", tenant, "--json"))["key"]

    def ask(self, path, body=None, wish="1", key=None, code=200):
        headers = {"Content-Type": "application/json"}
        if wish is not None:
            headers["Hearth-Receipt"] = wish
        if key:
            headers["Authorization"] = "Bearer " + key
        raw = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, raw, headers)) as r:
                assert r.status == code
                return r.read(), r.headers
        except urllib.error.HTTPError as e:
            assert e.code == code, (e.code, e.read())
            return e.read(), e.headers

    def audited(self, note):
        """The receipt of a note, its signature checked by other means than the program's."""
        text = open_note(note, read_key((self.home / "log/key").read_text()))
        receipt = json.loads(text)
        assert text == json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n", text
        return receipt

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait(60)
        self.p.stdout.close()


def sha(b):
    return hashlib.sha256(b if isinstance(b, bytes) else b.encode()).hexdigest()


def question(**more):
    return {"model": "ember", "max_tokens": 12, "messages": [{"role": "user", "content": "What does hearth add do?"}]} | more


def case_whole_answer(s):
    body = json.dumps(question(temperature=0.25, seed=7), indent=1).encode()
    answer, headers = s.ask("/v1/chat/completions", body)
    content = json.loads(answer)["choices"][0]["message"]["content"]
    note = base64.b64decode(headers["Hearth-Receipt"]).decode()
    r = s.audited(note)
    assert r["v"] == 1 and r["request"] == sha(body) and r["output"] == sha(content) and r["reasoning"] == sha(b"")
    assert r["answers"] == 1 and r["seeds"] == ["7"] and r["finish"] in (["stop"], ["length"])
    assert r["sampling"]["temperature"] == "0.25" and r["sampling"]["seed"] == 7 and r["max_tokens"] == 12
    assert r["fingerprint"] == json.loads(answer)["system_fingerprint"] and r["route"] == "/v1/chat/completions"
    assert r["model"]["served_as"] == "ember" and r["log"]["key"] == (s.home / "log/key").read_text().strip()
    assert r["log"]["size"] >= 3 and abs(r["time_ms"] - time.time() * 1000) < 60000
    assert r["completion_tokens"] == json.loads(answer)["usage"]["completion_tokens"]
    if r["policy"]:  # with the gate in front
        assert r["model"]["digest"] == s.digest and r["policy"]["mode"] == "enforce" and r["policy"]["verdict"] == "allowed", r
    again, _ = s.ask("/hearth/receipts/" + headers["Hearth-Receipt-Id"])
    assert again.decode() == note and headers["Hearth-Receipt-Id"] == headers["x-request-id"] == r["request_id"]
    # the auditor's command, and what it does not believe
    for name, text in (("r", note), ("r64", headers["Hearth-Receipt"] + "\n"), ("body", body.decode()), ("out", content)):
        (s.work / name).write_text(text)
    for name in ("r", "r64"):
        s.run("audit", "receipt", name, "--request", "body", "--output", "out", "--key", s.home / "log/key")
    assert json.loads(s.run("audit", "receipt", "r", "--json"))["receipt"] == r
    (s.work / "out2").write_text(content + "\n")
    s.run("audit", "receipt", "r", "--output", "out2", code=1, err="about another answer")
    s.run("audit", "receipt", "r", "--request", "out", code=1, err="about another request")
    (s.work / "forged").write_text(note.replace('"finish":["', '"finish":["x'))
    s.run("audit", "receipt", "forged", code=4, err="does not belong to this text")
    (s.work / "checkpoint").write_text((s.home / "log/checkpoint").read_text())
    s.run("audit", "receipt", "checkpoint", code=4, err="no receipt")
    other = "hearth/log/0000000000000000+" + r["log"]["key"].split("+", 1)[1]
    s.run("audit", "receipt", "r", "--key", other, code=4)


def case_streams(s):
    body = json.dumps(question(stream=True)).encode()
    text, headers = s.ask("/v1/chat/completions", body)
    lines = [line for line in text.decode().split("\n") if line]
    assert lines[-1] == ": receipt " + headers["Hearth-Receipt-Id"], lines[-3:]
    deltas = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    content = "".join(d["choices"][0]["delta"].get("content") or "" for d in deltas if d["choices"])
    r = s.audited(s.ask("/hearth/receipts/" + headers["Hearth-Receipt-Id"])[0].decode())
    assert r["request"] == sha(body) and r["output"] == sha(content) and content
    # the other shapes
    text, headers = s.ask("/v1/messages", question(stream=True))
    assert text.decode().rstrip().endswith(": receipt " + headers["Hearth-Receipt-Id"])
    r = s.audited(s.ask("/hearth/receipts/" + headers["Hearth-Receipt-Id"])[0].decode())
    said = [json.loads(line[6:]) for line in text.decode().split("\n") if line.startswith("data: {")]
    assert r["output"] == sha("".join(d["delta"].get("text", "") for d in said if d["type"] == "content_block_delta"))
    text, headers = s.ask("/api/chat", question(options={"num_predict": 8}))
    said = [json.loads(line) for line in text.decode().split("\n") if line]
    r = s.audited(s.ask("/hearth/receipts/" + headers["Hearth-Receipt-Id"])[0].decode())
    assert r["output"] == sha("".join(d["message"]["content"] for d in said))
    text, headers = s.ask("/v1/responses", {"model": "ember", "input": "What is a pin?", "max_output_tokens": 16})
    r = s.audited(base64.b64decode(headers["Hearth-Receipt"]).decode())
    said = [p["text"] for o in json.loads(text)["output"] if o["type"] == "message" for p in o["content"]]
    assert r["output"] == sha("".join(said))


def case_several_answers(s):
    body = {"model": "ember", "prompt": ["a", "b"], "n": 2, "max_tokens": 4, "seed": 3}
    text, headers = s.ask("/v1/completions", body)
    r = s.audited(base64.b64decode(headers["Hearth-Receipt"]).decode())
    choices = sorted(json.loads(text)["choices"], key=lambda c: c["index"])
    assert r["answers"] == 4 and len(r["seeds"]) == len(r["finish"]) == 4 and r["seeds"][:2] == ["3", "4"], r
    assert r["output"] == sha("".join(sha(c["text"]) + "\n" for c in choices))


def case_only_where_asked(s):
    for wish in (None, "0"):
        _, headers = s.ask("/v1/chat/completions", question(), wish=wish)
        assert not headers["Hearth-Receipt"] and not headers["Hearth-Receipt-Id"]
        s.ask("/hearth/receipts/" + headers["x-request-id"], code=404)
    text, _ = s.ask("/v1/chat/completions", question(stream=True), wish=None)
    assert b"receipt" not in text
    text, _ = s.ask("/v1/chat/completions", question(), wish="yes", code=400)
    assert json.loads(text)["error"]["code"] == "receipt_unavailable"
    s.ask("/v1/embeddings", {"model": "ember", "input": "x"}, code=400)
    text, headers = s.ask("/v1/chat/completions", question(temperature="hot"), code=400)
    assert not headers["Hearth-Receipt"]
    s.ask("/hearth/receipts/" + headers["x-request-id"], code=404)


def case_tenants(s):
    _, headers = s.ask("/v1/chat/completions", question(), key=s.keys[0])
    path = "/hearth/receipts/" + headers["Hearth-Receipt-Id"]
    s.ask(path, code=404)
    s.ask(path, key=s.keys[2], code=404)
    s.ask(path, key="hk-" + "x" * 43, code=401)
    text, _ = s.ask(path, key=s.keys[1])
    s.audited(text.decode())


def case_no_log_no_receipts(s):
    home = s.work / "other"
    (home / "log").mkdir(parents=True)
    (home / "log/checkpoint").write_text("damaged")
    env = dict(s.env, HEARTH_HOME=str(home))
    p = subprocess.Popen([PROGRAM, "serve", EMBER, "--listen", "127.0.0.1:0", "--no-request-log"], env=env, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    line = p.stdout.readline()
    if line:  # where a gate asks for a log there is no server at all
        url, s.url = s.url, line.split()[-1]
        try:
            text, _ = s.ask("/v1/chat/completions", question(), code=400)
            assert json.loads(text)["error"]["code"] == "receipt_unavailable"
        finally:
            s.url = url
    p.terminate()
    p.communicate(timeout=60)


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        server = Server(tmp)
        for name, case in list(globals().items()):
            if not name.startswith("case_"):
                continue
            try:
                case(server)
                passed += 1
            except Exception:
                failed += 1
                print(f"FAIL {name}")
                traceback.print_exc()
        server.stop()
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


sys.exit(main())
