#!/usr/bin/env python3
# What README.md and docs/*.md tell people to type: the transcript is typed, and every command and option is there.
# SPDX-License-Identifier: Apache-2.0
#
#   test_readme.py [PROGRAM]          PROGRAM: HEARTH, or build/hearth
#
# The transcript needs a licence text of the shared folder (HEARTH_SHARED). The last line is
# "N passed, N failed, N skipped".
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared")))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
RESEARCH = os.path.join(SHARED, "real/licences/Tongyi-Qianwen-RESEARCH-LICENSE-AGREEMENT.txt")
CARD = "---\nlicense: other\nlicense_name: tongyi-qianwen-research\n---\n"


class Skip(Exception):
    pass


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


# ---- the transcript ----

def transcript():
    """Pairs of a command and what it printed: the lines behind "    $ ", up to the next paragraph."""
    found, within = [], False
    for line in read("README.md").split("\n"):
        if line.startswith("    $ "):
            found.append((line[6:], []))
            within = True
        elif within and line.startswith("    "):
            found[-1][1].append(line[4:])
        else:
            within = False
    return found


def make_model(folder):
    """As the README says: the model in the box, under the text of a research licence."""
    os.makedirs(folder)
    for path in glob.glob(os.path.join(ROOT, "models/ember/*")):
        shutil.copy(path, folder)
    shutil.copy(RESEARCH, os.path.join(folder, "LICENSE"))
    with open(os.path.join(folder, "README.md"), "w") as f:
        f.write(CARD)


def plain(text):
    """Without days and digests, and without findings that are allowed, with the quote and the step below each."""
    kept, allowed = [], False
    for line in text.rstrip("\n").split("\n"):
        if not line.startswith("        "):
            allowed = line.startswith("  allow ")
        if not allowed:
            line = re.sub(r"sha256:[0-9a-f]{64}", "DIGEST", line)
            kept.append(re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "DAY", line))
    return kept


def test_transcript():
    if not os.path.exists(RESEARCH):
        raise Skip("the shared licence texts are not here (set HEARTH_SHARED)")
    steps = transcript()
    assert len(steps) >= 7, steps
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "bin"))
        os.makedirs(os.path.join(folder, "home"))
        os.symlink(PROGRAM, os.path.join(folder, "bin/hearth"))
        make_model(os.path.join(folder, "models/research"))
        assert steps[0][0] == "cat hearth.yaml", steps[0]
        with open(os.path.join(folder, "hearth.yaml"), "w") as f:
            f.write("\n".join(steps[0][1]) + "\n")
        env = {"HOME": os.path.join(folder, "home"), "PATH": os.path.join(folder, "bin") + ":/usr/bin:/bin"}
        for command, wanted in steps:
            p = subprocess.run(["sh", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
            came = plain(p.stdout.decode())
            wanted = plain("\n".join(wanted))
            assert came == wanted or (came == [""] and not wanted), "%s\ncame:\n%s\nwanted:\n%s" % (
                command, "\n".join(came), "\n".join(wanted))


# ---- commands in documents ----

def say(*args):
    p = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, p
    return p.stdout


def known_commands():
    """Each command's name, "signature create" too, with the options that its help has."""
    known, left = {}, re.findall(r"^  ([a-z]+)  ", say("help"), re.M)
    while left:
        name = left.pop()
        known[name] = say(*name.split(), "--help")
        left += re.findall(rf"^  ({name} [a-z]+)  ", known[name], re.M)
    return known


def written_commands(text):
    """Commands in blocks and between backticks, with lines that a backslash goes on."""
    text = text.replace("\\\n", " ")
    for line in re.findall(r"^ {4,}(?:\$ )?((?:[A-Z_]+=\S+ )*(?:build/)?hearth .*)$", text, re.M):
        yield line.split("   ")[0].split(" # ")[0]
    for line in re.findall(r"`((?:build/)?hearth [^`]+)`", text):
        yield line


def check_command(line, known):
    words = line.split("hearth ", 1)[1]
    try:
        words = shlex.split(re.sub(r"\\?[|<>].*", "", words))
    except ValueError:
        words = words.split()
    if not words or words[0] in ("COMMAND", "worker", "--help") or "|" in line.split("hearth ", 1)[1].split(" ")[0]:
        return
    name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
    assert name in known, f"there is no command `{line}`"
    options = [w.split("=")[0] for w in words if re.match(r"--?[a-z]", w)]
    whole = known[name] + known[words[0]]
    for option in options:
        assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", whole), f"`{line}`: {name} has no {option}"


def test_every_command_stands_in_the_readme():
    text = read("README.md").replace("\\|", " ")
    rows = " ".join(re.findall(r"^\| `hearth ([^`]*)`", text, re.M)).split()
    missing = {name for name in known_commands() if " " not in name} - set(rows) - {"help", "version"}
    assert not missing, sorted(missing)


def test_documents():
    known = known_commands()
    assert "signature create" in known and "audit prove" in known and "keys add" in known, sorted(known)
    bad, seen = [], 0
    for path in ["README.md", "ARCHITECTURE.md", *sorted(glob.glob("docs/**/*.md", root_dir=ROOT, recursive=True))]:
        for line in written_commands(read(path)):
            seen += 1
            try:
                check_command(line, known)
            except AssertionError as e:
                bad.append(f"{path}: {e}")
    assert seen > 100, seen
    assert not bad, "\n".join(bad)


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name, test in sorted(globals().items()):
        if not name.startswith("test_"):
            continue
        try:
            test()
            kind = "passed"
        except Skip as e:
            kind = "skipped"
            print(f"SKIPPED: {name}: {e}")
        except Exception as e:
            kind = "failed"
            print(f"FAILED: {name}: {e}")
        counts[kind] += 1
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    return 1 if counts["failed"] else 0


sys.exit(main())
