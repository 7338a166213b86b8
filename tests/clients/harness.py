"""What the tests of clients share: cases and how they are run, servers to ask.
SPDX-License-Identifier: Apache-2.0

Packages are looked for in this interpreter, then in build*/clients-venv (tools/clients_venv makes it). A
missing one skips its cases; with HEARTH_WANT_CLIENTS=1, which is for machines that test every change, it
fails them.
"""
import contextlib
import glob
import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEARTH = os.path.abspath(os.environ.get("HEARTH", os.path.join(ROOT, "build/hearth")))
SCRIPTED = os.path.join(os.path.dirname(HEARTH), "test_server")
SHARED = os.environ.get("HEARTH_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))
EMBER = os.path.join(ROOT, "models/ember")
CASES = []


class Skip(Exception):
    pass


def case(f):
    CASES.append(f)
    return f


def package(name):
    try:
        return importlib.import_module(name)
    except ImportError as e:
        if os.environ.get("HEARTH_WANT_CLIENTS"):
            raise
        raise Skip(f"the package {name} is not installed (tools/clients_venv installs it)") from e


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"wanted {wanted!r}, got {got!r}")


@contextlib.contextmanager
def scripted(*options):
    """Address and key of a server over the scripted target of test_server."""
    p = subprocess.Popen([SCRIPTED, *(options or ["--serve"])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        url, key = p.stdout.readline().split()
        yield url, key
    finally:
        p.stdin.close()
        status = p.wait(20)
    equal(status, 0)


@contextlib.contextmanager
def served(*options):
    """Address of `hearth serve`, with the model in the box if no other is named, in a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        env = dict(os.environ, HEARTH_HOME=home)
        p = subprocess.Popen([HEARTH, "serve", "--listen", "127.0.0.1:0", "--no-request-log", *options],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        try:
            url = p.stdout.readline().split()[-1]
            for _ in range(300):
                with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(url + "/health") as r:
                    if r.status == 200:
                        break
                time.sleep(0.1)
            yield url
        finally:
            p.send_signal(signal.SIGTERM)
            _, err = p.communicate(timeout=40)
        equal((p.returncode, "Sanitizer" in err), (0, False))


def sse_events(text):
    """The data of a stream's events; of named ones the name must be the type."""
    ret = []
    for block in filter(None, map(str.strip, text.split("\n\n"))):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if fields.get("data", "[DONE]") == "[DONE]":
            continue
        ret.append(json.loads(fields["data"]))
        if "event" in fields:
            equal(fields["event"], ret[-1]["type"])
    return ret


def say(text):
    return [{"role": "user", "content": text}]


WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}


def find_packages(script, wanted="openai"):
    """Goes on in the interpreter that has the packages, where this one has none."""
    if importlib.util.find_spec(wanted) or os.environ.get("HEARTH_CLIENTS"):
        return
    for python in sorted(glob.glob(os.path.join(ROOT, "build*/clients-venv/bin/python"))):
        os.environ["HEARTH_CLIENTS"] = "found"
        os.execv(python, [python, os.path.abspath(script), *sys.argv[1:]])


def run_cases(*programs):
    """Runs CASES, or those that the command line names; the exit status. `programs` must be built."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    if not all(map(os.path.exists, programs)):
        print(f"SKIPPED: not built: {', '.join(programs)}")
        return 77
    for f in CASES:
        if sys.argv[1:] and not any(w in f.__name__ for w in sys.argv[1:]):
            continue
        try:
            f()
            counts["passed"] += 1
        except Skip as e:
            counts["skipped"] += 1
            print(f"SKIPPED: {f.__name__}: {e}", flush=True)
        except Exception:  # whatever a client raises is the finding
            counts["failed"] += 1
            print(f"FAILED {f.__name__}\n{traceback.format_exc()}", flush=True)
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] else 0
