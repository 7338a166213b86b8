#!/usr/bin/env python3
# `hearth chat` as people and scripts use it: lines and a terminal in, answers out.
# SPDX-License-Identifier: Apache-2.0
#
#   test_chat.py [PROGRAM [MODEL]]      PROGRAM: HEARTH, or build/hearth; MODEL: the one in the box
#
# The last line is "N passed, N failed, N skipped".
import json
import os
import pty
import re
import select
import shutil
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
EMBER = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else os.path.join(ROOT, "models/ember")
TIMEOUT_S = 120
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "The weather of a city.",
          "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]


class Failure(Exception):
    pass


class Skip(Exception):
    """This machine lacks what the case needs."""


def expect(condition, words):
    if not condition:
        raise Failure(words)


def environment(tmp):
    """Of a chat in `tmp`, where models run that nobody pinned."""
    with open(os.path.join(tmp, "hearth.yaml"), "w", encoding="ascii") as file:
        file.write("mode: audit\n")
    return dict(os.environ, HEARTH_HOME=os.path.join(tmp, "home"), TERM="xterm", LC_ALL="C")


def chat(tmp, lines, *options, model=EMBER):
    text = "".join(line + "\n" for line in lines)
    done = subprocess.run([PROGRAM, "chat", model, *options], input=text.encode(), capture_output=True,
                          timeout=TIMEOUT_S, env=environment(tmp), cwd=tmp)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def answers(tmp, lines, *options, model=EMBER):
    code, out, err = chat(tmp, lines, "--json", "--greedy", "-n", "24", *options, model=model)
    expect(code == 0 and not err, f"exit {code}: {err}")
    return [json.loads(line) for line in out.splitlines()]


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, tmp, *options, model=EMBER):
        self.seen = b""
        self.status = None
        env = environment(tmp)
        try:
            self.pid, self.fd = pty.fork()
        except OSError as e:
            raise Skip(f"no pseudo terminal here: {e}")
        if self.pid == 0:
            os.chdir(tmp)
            os.execve(PROGRAM, [PROGRAM, "chat", model, *options], env)

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self, pattern, since=0):
        """Reads until what came after `since` matches; returns how much there was then."""
        end = time.time() + TIMEOUT_S
        while not re.search(pattern, self.seen[since:].decode(errors="replace")):
            expect(time.time() < end, f"waited for {pattern!r}, saw {self.seen[since:]!r}")
            if not select.select([self.fd], [], [], 1)[0]:
                continue
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                piece = b""
            expect(piece, f"the program ended before {pattern!r}: {self.seen[since:]!r}")
            self.seen += piece
        return len(self.seen)

    def close(self):
        """Exit status after the terminal's end."""
        while True:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                break
            if not piece:
                break
            self.seen += piece
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


# --- in a pipe ---

def test_lines(tmp):
    code, out, err = chat(tmp, ["hello", "thanks"], "--greedy", "-n", "24")
    expect(code == 0 and not err, f"exit {code}: {err}")
    expect(len(out.strip().splitlines()) >= 2, f"two answers, not {out!r}")
    expect("\x1b" not in out, "no control characters in a pipe")


def test_json_members(tmp):
    first, second = answers(tmp, ['"hello"', '{"role": "user", "content": "hello"}'])
    for a in first, second:
        expect(set(a) == {"content", "reasoning", "tool_calls", "finish_reason", "prompt_tokens", "cached_tokens",
                          "generated_tokens", "reasoning_tokens", "seed", "unparsed", "timings"}, f"members {sorted(a)}")
        expect(a["content"] and a["finish_reason"] in ("stop", "length"), str(a))
    expect(second["prompt_tokens"] > first["prompt_tokens"] + first["generated_tokens"],
           "the second request holds the first answer")


def test_same_as_pipe(tmp):
    a, = answers(tmp, ["hello"])
    code, out, err = chat(tmp, ["hello"], "--greedy", "-n", "24")
    expect(out.rstrip("\n") == a["content"].rstrip("\n"), f"{out!r} and {a['content']!r}")


def test_message_operand(tmp):
    a, = answers(tmp, ["hello"])
    code, out, err = chat(tmp, [], "--greedy", "-n", "24", "hello")
    expect(code == 0 and out.rstrip("\n") == a["content"].rstrip("\n"), f"{out!r} {err}")


def test_cache_is_used(tmp):
    long = "What does the command hearth inspect tell me about a model? " * 6
    a = answers(tmp, [long, "thanks"])
    expect(a[1]["cached_tokens"] >= 64, f"cached {a[1]['cached_tokens']} of {a[1]['prompt_tokens']}")


def test_list_of_messages(tmp):
    line = json.dumps([{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hello!"},
                       {"role": "user", "content": "thanks"}])
    a, = answers(tmp, [line])
    b = answers(tmp, ['{"role": "user", "content": "hello"}'])
    expect(a["prompt_tokens"] > b[0]["prompt_tokens"], "all of the list is sent")


def test_system(tmp):
    plain, = answers(tmp, ["hello"])
    given, = answers(tmp, ["hello"], "--system", "Be brief.")
    typed, = answers(tmp, ["/system Be brief.", "hello"])
    gone, = answers(tmp, ["/system -", "hello"], "--system", "Be brief.")
    expect(given["prompt_tokens"] == typed["prompt_tokens"], "the option and the command do the same")
    expect(given["prompt_tokens"] != plain["prompt_tokens"], "it is in the prompt")
    expect(gone["prompt_tokens"] == plain["prompt_tokens"], "it can be taken away")


def test_reset(tmp):
    code, out, err = chat(tmp, ["hello", "/reset", "hello"], "--json", "--greedy", "-n", "24")
    a, b = map(json.loads, out.splitlines())
    expect(a["prompt_tokens"] == b["prompt_tokens"] and a["content"] == b["content"], out)


def test_save_and_load(tmp):
    path = os.path.join(tmp, "chat.json")
    code, out, err = chat(tmp, ["/system Be brief.", "hello", f"/save {path}", "thanks"], "--json", "--greedy", "-n", "24")
    expect(code == 0, err)
    saved = json.load(open(path))
    expect([m["role"] for m in saved["messages"]] == ["system", "user", "assistant"], str(saved))
    expect(stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0, "readable by its owner only")
    wanted = json.loads(out.splitlines()[1])
    again, = answers(tmp, ["thanks"], "--load", path)
    expect(again["content"] == wanted["content"] and again["prompt_tokens"] == wanted["prompt_tokens"], str(again))
    code, out, err = chat(tmp, ["hello", f"/save {path}"], "--json", "-n", "4")
    expect(code == 2 and "there already" in err, f"{code} {err}")
    expect(json.load(open(path)) == saved, "the file is as it was")
    code, out, err = chat(tmp, [f"/load {path}", "hello", f"/save {path}"], "--json", "-n", "4")
    expect(code == 0 and len(json.load(open(path))["messages"]) == 5, err)


def test_load_refuses(tmp):
    for text, words in (("{", "JSON|json"), ('{"a": 1}', "messages"), ('[{"content": "x"}]', "role"), ("", "JSON|json|empty")):
        path = os.path.join(tmp, "bad.json")
        open(path, "w").write(text)
        code, out, err = chat(tmp, [f"/load {path}"])
        expect(code != 0 and re.search(words, err), f"{text}: {code} {err}")


def test_tools(tmp):
    path = os.path.join(tmp, "tools.json")
    json.dump(TOOLS, open(path, "w"))
    code, out, err = chat(tmp, [f"/tools {path}", "/tools"])
    expect(code == 0 and "get_weather" in err and not out, f"{out} {err}")
    json.dump({"name": "x"}, open(path, "w"))
    code, out, err = chat(tmp, [f"/tools {path}"])
    expect(code != 0 and "list of at most" in err, err)


def test_slash_text(tmp):
    a, = answers(tmp, ["//reset"])
    expect(a["content"], "a message may begin with a slash")


def test_refusals(tmp):
    for lines, options, status, words in (
            (["/frob"], [], 2, "no command /frob; /help"),
            (["/think"], [], 5, "no switch for thinking"),
            (["hello"], ["--think", "--no-think"], 2, "contradict"),
            (["hello"], ["--no-think"], 5, "no switch for thinking"),
            (['{"role": '], ["--json"], 4, "a line of input"),
            (['{"text": "x"}'], ["--json"], 4, "role"),
            (["hello"], ["--greedy", "--temperature", "1"], 2, "contradict"),
            (["hello"], ["--load", "nowhere.json"], 3, "nowhere.json"),
            (["x " * 5000], [], 9, r"\d+ tokens"),
            (["hello"], ["--logit-bias", "x"], 2, "ID=VALUE")):
        code, out, err = chat(tmp, lines, *options)
        expect(code == status and re.search(words, err), f"{lines} {options}: {code} {err}")
        expect(err.count("hearth:") == 1, f"one complaint: {err}")


def test_no_template(tmp):
    bare = os.path.join(tmp, "bare")
    shutil.copytree(EMBER, bare)
    path = os.path.join(bare, "tokenizer_config.json")
    config = json.load(open(path))
    config.pop("chat_template", None)
    json.dump(config, open(path, "w"))
    for name in "chat_template.jinja", "chat_template.json":
        if os.path.exists(os.path.join(bare, name)):
            os.remove(os.path.join(bare, name))
    code, out, err = chat(tmp, ["hello"], model=bare)
    expect(code == 5 and "no chat template" in err and "--raw" in err, f"{code} {err}")


def test_template_error_before_output(tmp):
    broken = os.path.join(tmp, "broken")
    shutil.copytree(EMBER, broken)
    with open(os.path.join(broken, "chat_template.jinja"), "w") as f:
        f.write("{% for m in messages %}{% if m.content == 'bad' %}{{ raise_exception('not that') }}{% endif %}"
                "{{ m.content }}{% endfor %}")
    code, out, err = chat(tmp, ["bad"], model=broken)
    expect(code != 0 and not out and "not that" in err, f"{code} {out!r} {err}")


def test_end_of_input(tmp):
    code, out, err = chat(tmp, [])
    expect(code == 0 and out == "" and err == "", f"{code} {out!r} {err!r}")
    code, out, err = chat(tmp, ["", "/quit", "hello"])
    expect(code == 0 and out == "", f"nothing behind /quit: {out!r}")


# --- on a terminal ---

def test_terminal(tmp):
    t = Terminal(tmp, "--greedy", "-n", "24")
    at = t.wait(r"/help lists commands(?s:.*)> $")
    t.type("hello\r")
    at = t.wait(r"hello\r\n(?s:.+)> $", at)
    t.type("/sta\t\r")
    at = t.wait(r"context +\d+ of \d+ tokens(?s:.*)> $", at)
    t.type("forget this\x03")
    at = t.wait(r"forget this(?s:.*)> $", at)
    t.type("/bogus\r")
    at = t.wait(r"no command /bogus(?s:.*)> $", at)
    t.type("\x1b[200~/system one\ntwo\x1b[201~\r")
    at = t.wait(r"two(?s:.*)> $", at)
    t.type("/system\r")
    at = t.wait(r"one\r\ntwo\r\n(?s:.*)> $", at)
    t.type("\x04")
    expect(t.close() == 0, "Ctrl-D leaves")
    history = os.path.join(tmp, "home/chat_history")
    expect(stat.S_IMODE(os.stat(history).st_mode) == 0o600, "the history is its owner's")
    kept = open(history).read()
    expect("hello" in kept and "forget" not in kept, kept)


def test_terminal_mistakes_are_forgiven(tmp):
    t = Terminal(tmp, "--greedy", "-n", "24")
    at = t.wait(r"> $")
    t.type("x " * 3000 + "\r")
    at = t.wait(r"hearth: (?s:.*)tokens(?s:.*)> $", at)
    t.type("hello\r")
    at = t.wait(r"hello\r\n(?s:.+)> $", at)
    t.type("/quit\r")
    expect(t.close() == 0, "/quit leaves")


def test_terminal_interrupt(tmp):
    """Without the token that ends answers, only Ctrl-C or the context's end stops one."""
    eos = json.load(open(os.path.join(EMBER, "generation_config.json")))["eos_token_id"]
    bias = [x for i in (eos if isinstance(eos, list) else [eos]) for x in ("--logit-bias", f"{i}=-inf")]
    t = Terminal(tmp, *bias)
    at = t.wait(r"> $")
    t.type("hello\r")
    at = t.wait(r"hello\r\n(?s:.)*\w", at)
    os.write(t.fd, b"\x03")
    at = t.wait(r"> $", at)
    t.type("/stats\r")
    at = t.wait(r"1 answers(?s:.*)> $", at)
    t.type("\x04")
    expect(t.close() == 0, "Ctrl-C ended the answer only")


def main():
    if not os.path.exists(os.path.join(EMBER, "config.json")):
        print("SKIPPED: there is no models/ember\n0 passed, 0 failed, 1 skipped")
        return 0
    passed = failed = skipped = 0
    for name, case in list(globals().items()):
        if not name.startswith("test_"):
            continue
        with tempfile.TemporaryDirectory() as tmp:
            try:
                case(tmp)
                passed += 1
            except Skip as e:
                skipped += 1
                print(f"SKIPPED: {name}: {e}")
            except (Failure, subprocess.TimeoutExpired, ValueError, KeyError, OSError) as e:
                failed += 1
                print(f"FAILED {name}: {type(e).__name__}: {e}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
