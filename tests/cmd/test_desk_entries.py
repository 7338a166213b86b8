#!/usr/bin/env python3
# What the desk writes into the audit log by the way: changes of keys, and of a server's configuration.
# SPDX-License-Identifier: Apache-2.0
#
#   test_desk_entries.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# The last line is "N passed, N failed, N skipped".
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

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
EMBER = os.path.join(ROOT, "models/ember")


class World:
    def __init__(self, tmp):
        self.work = pathlib.Path(tmp)
        self.home = self.work / "home"
        self.env = dict(os.environ, HEARTH_HOME=str(self.home))

    def run(self, *args, code=0, err=""):
        done = subprocess.run([PROGRAM, *map(str, args)], cwd=self.work, env=self.env, capture_output=True, timeout=300)
        said = done.stderr.decode()
        assert done.returncode == code, f"{args}: exit {done.returncode}, wanted {code}: {said}"
        assert err in said, f"{args}: {said!r} does not say {err!r}"
        return done.stdout.decode()

    def entries(self, kind):
        shown = json.loads(self.run("audit", "show", "--last", 1000, "--kind", kind, "--json"))
        return [e["entry"]["body"] for e in shown["entries"]]


def case_keys(w):
    made = json.loads(w.run("keys", "add", "alice miller", "--tenant", "lab", "--models", "a,b", "--can", "chat", "--budget", 1000,
                            "--priority", "high", "--json"))
    w.run("keys", "add", "bob")
    w.run("keys", "revoke", made["id"])
    w.run("keys", "revoke", made["id"], code=3)
    first, second, third = w.entries("key.change")
    assert first["action"] == "add" and first["id"] == made["id"], first
    assert first["models"] == ["a", "b"] and first["capabilities"] == ["chat"] and first["priority"] == "high"
    assert first["limits"] == {"budget_tokens": 1000}
    assert first["name"].startswith("hmac-sha256:") and first["tenant"].startswith("hmac-sha256:")
    assert second["limits"] == {} and "tenant" not in second and second["name"] != first["name"]
    assert third == first | {"action": "revoke"}
    log = b"".join(p.read_bytes() for p in (w.home / "log").rglob("*") if p.is_file())
    assert b"alice" not in log and made["key"].encode() not in log and b'"lab"' not in log
    assert hashlib.sha256(made["key"].encode()).hexdigest().encode() not in log
    assert "whole               yes" in w.run("audit", "verify")


def case_what_cannot_be_logged_is_not_done(w):
    kept = json.loads(w.run("keys", "add", "kept", "--json"))
    before = (w.home / "keys.json").read_bytes()
    (w.home / "log").rename(w.home / "elsewhere")
    w.run("keys", "add", "more", code=4, err="the keys stay as they were")
    w.run("keys", "revoke", kept["id"], code=4, err="the keys stay as they were")
    assert (w.home / "keys.json").read_bytes() == before


class Server:
    def __init__(self, w, *args):
        self.errors = open(w.work / "stderr", "wb+")
        self.p = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--no-request-log", *map(str, args)], cwd=w.work, env=w.env,
                                  stdout=subprocess.PIPE, stderr=self.errors)
        self.p.stdout.readline()

    def said(self, words, times=1):
        for _ in range(600):
            self.errors.seek(0)
            if self.errors.read().count(words.encode()) >= times:
                return
            time.sleep(0.1)
        raise AssertionError(f"{words!r} was not said")

    def hup(self, words, times):
        self.p.send_signal(signal.SIGHUP)
        self.said(words, times)

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait(60)
        self.p.stdout.close()
        self.errors.close()


def case_configuration(w):
    config = w.work / "hearth.yaml"
    config.write_text("drain_seconds: 1\n")
    one = hashlib.sha256(b"drain_seconds: 1\n").hexdigest()
    s = Server(w, EMBER, "--config", config)
    s.hup("the settings were read again", 1)  # the same: no entry
    config.write_text("drain_seconds: 2\n")
    two = hashlib.sha256(b"drain_seconds: 2\n").hexdigest()
    s.hup("the settings were read again", 2)
    config.write_text("drain_secs: 2\n")
    bad = hashlib.sha256(b"drain_secs: 2\n").hexdigest()
    s.hup("the settings stay as they were", 1)
    s.hup("the settings stay as they were", 2)  # the same again
    config.write_text("drain_seconds: 2\n")
    s.hup("the settings were read again", 3)
    s.stop()
    wanted = [(True, one), (True, two), (False, bad), (True, two)]
    assert [(e["accepted"], e["digest"]) for e in w.entries("config.change")] == wanted
    assert all(e["command"] == "serve" for e in w.entries("config.change"))
    Server(w, EMBER, "--config", config).stop()  # another process, the same file: nothing to tell
    assert len(w.entries("config.change")) == 4
    config.write_text("nonsense: 1\n")
    w.run("serve", EMBER, "--config", config, "--listen", "127.0.0.1:0", code=4)
    assert [e["accepted"] for e in w.entries("config.change")] == [True, True, False, True, False]


def case_a_damaged_log_does_not_stop_a_running_server(w):
    config = w.work / "hearth.yaml"
    config.write_text("drain_seconds: 1\n")
    s = Server(w, EMBER, "--config", config)
    (w.home / "log").rename(w.home / "elsewhere")
    config.write_text("drain_seconds: 2\n")
    s.hup("the settings were read again", 1)
    s.said("the configuration is not logged")
    s.stop()


def case_without_an_option(w):
    """The file that the policy was found in."""
    (w.work / "hearth.yaml").write_text("mode: audit\n")
    s = Server(w, EMBER)
    (w.work / "hearth.yaml").write_text("mode: nonsense\n")
    s.hup("the settings stay as they were", 1)
    s.stop()
    wanted = [(True, b"mode: audit\n"), (False, b"mode: nonsense\n")]
    assert [(e["accepted"], e["digest"]) for e in w.entries("config.change")] == [(a, hashlib.sha256(b).hexdigest()) for a, b in wanted]


def main():
    passed = failed = 0
    for name, case in list(globals().items()):
        if not name.startswith("case_"):
            continue
        with tempfile.TemporaryDirectory() as tmp:
            try:
                case(World(tmp))
                passed += 1
            except Exception:
                failed += 1
                print(f"FAIL {name}")
                traceback.print_exc()
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


sys.exit(main())
