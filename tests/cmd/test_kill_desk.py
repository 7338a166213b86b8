#!/usr/bin/env python3
# The desk's commands, killed at random points: nothing acknowledged is lost, and the store is consistent.
# SPDX-License-Identifier: Apache-2.0
#
#   test_kill_desk.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# HEARTH_KILLS=200 kills so often (6 without it: a test run has other things to do); HEARTH_SEED repeats a run. After each
# kill the next command is `hearth verify`, and every model must be what some acknowledged or killed command made it. The
# last line is "N passed, N failed, N skipped".
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
EMBER = os.path.join(ROOT, "models/ember")
KILLS = int(os.environ.get("HEARTH_KILLS", "6"))
SEED = int(os.environ.get("HEARTH_SEED", str(time.time_ns() % 1000000)))


class World:
    def __init__(self, tmp):
        self.work = pathlib.Path(tmp)
        self.env = dict(os.environ, HEARTH_HOME=str(self.work / "home"))
        self.folders, self.digests = [], []
        for i in range(2):
            folder = self.work / f"v{i}"
            shutil.copytree(EMBER, folder)
            (folder / "note.txt").write_text(f"revision {i}")
            (folder / "LICENSE").write_text("Ask us before you use this.")  # so that there is something to approve
            (folder / "README.md").write_text("# without a word on licences")
            self.folders.append(folder)
            lines = b""
            for p in sorted(folder.iterdir(), key=lambda p: p.name.encode()):
                b = p.read_bytes()
                lines += f"{hashlib.sha256(b).hexdigest()} {len(b)} {p.name}\n".encode()
            self.digests.append("sha256:" + hashlib.sha256(lines).hexdigest())

    def run(self, *args, code=0):
        done = subprocess.run([PROGRAM, *map(str, args)], cwd=self.work, env=self.env, capture_output=True, timeout=300)
        assert code is None or done.returncode == code, f"{args}: exit {done.returncode}: {done.stderr.decode()}{done.stdout.decode()}"
        return done.stdout.decode()

    def json(self, *args):
        return json.loads(self.run(*args, "--json"))

    def entries(self, kind):
        return [e["entry"]["body"] for e in self.json("audit", "show", "--last", 100000, "--kind", kind)["entries"]]

    def start(self, args, after):
        """Whether the command ended by itself and well before the time was up; None: there was nothing left to approve,
        because one that was killed had done it."""
        p = subprocess.Popen([PROGRAM, *map(str, args)], cwd=self.work, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _, said = p.communicate(timeout=after)
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGKILL)
            p.communicate()
            return False
        if args[0] == "approve" and p.returncode == 2 and b"needs no approval" in said:
            return None
        assert p.returncode == 0, f"{args}: exit {p.returncode}: {said.decode()}"
        return True

    def present(self):
        return {m["alias"]: m for m in self.json("list")["models"]}


class Desk:
    """What must be there: for each alias the digests that it may have; None: it may be missing."""

    def __init__(self, w, dice):
        self.w, self.dice = w, dice
        self.may = {a: {None} for a in ("a", "b")}
        self.approved = {}  # (alias, digest): reasons that were acknowledged
        self.number = 0
        self.can_approve = b"approve" in subprocess.run([PROGRAM, "help"], capture_output=True).stdout

    def choose(self):
        alias = self.dice.choice(sorted(self.may))
        now, = self.may[alias]
        if now is None:
            i = self.dice.randrange(2)
            return alias, ["add", self.w.folders[i], "--as", alias], self.w.digests[i]
        what = self.dice.choice(["upgrade", "upgrade", "back", "rm"] + ["approve"] * 2 * self.can_approve)
        other = self.w.digests[1 - self.w.digests.index(now)]
        if what == "back" and self.formers(alias):
            return alias, ["upgrade", alias, "--back", "--yes"], other
        if what == "rm":
            return alias, ["rm", alias], None
        if what == "approve":
            self.number += 1
            return alias, ["approve", alias, "--by", "tester", "--reason", f"reason {self.number}", "--until", "2099-01-01"], now
        return alias, ["upgrade", alias, self.w.folders[self.w.digests.index(other)], "--yes"], other

    def formers(self, alias):
        return self.w.json("show", alias)["former"]

    def check(self):
        """The next command mends what was left; then everything must agree."""
        self.w.run("verify")
        present = self.w.present()
        for alias, may in self.may.items():
            found = present[alias]["digest"] if alias in present else None
            assert found in may, f"{alias} is {found}, and may be {may}"
            assert found is None or present[alias]["pin"] == "pinned", present[alias]
            self.may[alias] = {found}
        lock = json.loads((self.w.work / "home/hearth.lock").read_text())["models"] if present else {}
        assert set(lock) == set(present), (lock, present)
        for (alias, digest), reasons in self.approved.items():
            if self.may[alias] == {digest}:
                kept = [a["reason"] for a in lock[alias].get("approvals", [])]
                assert reasons <= set(kept), f"{alias}: approvals {reasons} were acknowledged, {kept} are there"

    def note(self, alias, args, goal, acknowledged):
        before, = self.may[alias]
        if args[0] == "approve":
            if acknowledged:
                self.approved.setdefault((alias, before), set()).add(args[5])
            return
        if before != goal or args[0] == "rm":
            self.approved = {k: v for k, v in self.approved.items() if k[0] != alias}
        self.may[alias] = {goal} if acknowledged else {before, goal}


def durations(w):
    """How long the commands take here and now, so that kills fall into them."""
    took = {}
    for name, args in (("add", ["add", w.folders[0], "--as", "t"]), ("upgrade", ["upgrade", "t", w.folders[1], "--yes"]), ("rm", ["rm", "t"])):
        begun = time.monotonic()
        w.run(*args)
        took[name] = time.monotonic() - begun
    took["approve"] = took["rm"]
    return took


def work(w, dice):
    took = durations(w)
    desk = Desk(w, dice)
    if desk.can_approve and subprocess.run([PROGRAM, "approve", "--help"], capture_output=True).returncode:
        desk.can_approve = False
    kills = acknowledged = upgrades = 0
    anchor = w.work / "anchor"
    while kills < KILLS:
        alias, args, goal = desk.choose()
        if args[0] == "approve":
            w.run("check", alias, code=None)
        well = w.start(args, dice.uniform(0, 1.5) * took[args[0]] if dice.random() < 0.85 else 300)
        desk.note(alias, args, goal, well)
        desk.check()
        kills += well is False
        acknowledged += well is True
        upgrades += well is True and args[0] == "upgrade"
        if well or kills % 20 == 0:
            w.run("audit", "verify", *(["--anchor", anchor] if anchor.exists() else []))
            w.run("audit", "anchor", anchor)
    assert len(w.entries("model.upgrade")) >= upgrades
    w.run("gc")
    desk.check()
    w.run("audit", "verify", "--anchor", anchor)
    print(f"{kills} kills, {acknowledged} commands acknowledged, {upgrades} of them upgrades; approvals: {desk.can_approve}")


def main():
    print(f"seed {SEED}")
    with tempfile.TemporaryDirectory() as tmp:
        try:
            work(World(tmp), random.Random(SEED))
        except Exception:
            import traceback
            traceback.print_exc()
            print("0 passed, 1 failed, 0 skipped")
            return 1
    print("1 passed, 0 failed, 0 skipped")
    return 0


sys.exit(main())
