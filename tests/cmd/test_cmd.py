#!/usr/bin/env python3
# The commands as a user meets them: arguments and input in, text, complaint and exit code out.
# SPDX-License-Identifier: Apache-2.0
#
#   test_cmd.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# A case is a line of CASES or a function. Models come from the shared folder (HEARTH_SHARED); cases
# that need one are skipped without it. The last line is "N passed, N failed, N skipped".
import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared")))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
STORIES = os.path.join(SHARED, "real/models/stories260K/stories260K.gguf")
GOLDEN = os.path.join(SHARED, "golden")
TIMEOUT_S = 120

# name, arguments ({stories}, {golden} and {tmp} are filled in), standard input, exit code, pattern that
# standard output must hold, pattern that standard error must hold ("" means that it is empty)
CASES = [
    # usage
    ("no_command", "", None, 2, r"^$", r"^hearth: say what to do.*hearth help"),
    ("help", "help", None, 0, r"Usage: hearth COMMAND(.|\n)*\n  run  (.|\n)*\n  doctor  ", ""),
    ("help_flag", "--help", None, 0, r"Usage: hearth COMMAND", ""),
    ("help_run", "run --help", None, 0, r"(?s)Usage: hearth run \[OPTIONS\] MODEL \[PROMPT\].*-n, --max-tokens N", ""),
    ("help_of", "help debug logits", None, 0, r"Usage: hearth debug logits .*MODEL --ids FILE --out F.f32", ""),
    ("help_unknown", "help nothing", None, 2, r"^$", r'no command "nothing"'),
    ("version", "--version", None, 0, r"^hearth \d+\.\d+\.\d+\n$", ""),
    ("debug_list", "debug", None, 0, r"(?s)debug logits.*debug greedy.*debug tokens", ""),
    ("debug_unknown", "debug nothing", None, 2, r"^$", r'unknown command "debug nothing"'),
    ("command_typo", "rnu x", None, 2, r"^$", r"did you mean `hearth run`\?"),
    ("command_unknown", "frobnicate", None, 2, r"^$", r'unknown command "frobnicate"; `hearth help`'),
    ("option_typo", "run m p --max-tokns 3", None, 2, r"^$", r"unknown option --max-tokns; did you mean --max-tokens\?"),
    ("option_unknown", "run m p --frobnicate", None, 2, r"^$", r"unknown option --frobnicate; `hearth run --help`"),
    ("option_letter", "run m p -Z", None, 2, r"^$", r"unknown option -Z"),
    ("option_no_value", "run m p --seed", None, 2, r"^$", r"--seed needs a value"),
    ("option_needless_value", "run m p --greedy=1", None, 2, r"^$", r"--greedy takes no value"),
    ("option_not_a_number", "run m p -n many", None, 2, r"^$", r'--max-tokens takes a whole number from 1 .*"many"'),
    ("option_out_of_range", "run m p --top-p 1.5", None, 2, r"^$", r"--top-p takes a number from 0 to 1"),
    ("option_nan", "run m p --temperature nan", None, 2, r"^$", r"--temperature takes a number"),
    ("option_choice", "run m p --backend gpu", None, 2, r"^$", r'--backend must be one of ref\|cpu, not "gpu"'),
    ("operand_missing", "inspect", None, 2, r"^$", r"an argument is missing: hearth inspect MODEL"),
    ("operand_extra", "run m two words", None, 2, r"^$", r'one argument too many, "words"'),
    ("logits_options_missing", "debug logits m", None, 2, r"^$", r"--ids FILE and --out F.f32 are both needed"),
    ("greedy_options_missing", "debug greedy m --ids x", None, 2, r"^$", r"--ids FILE and -n N are both needed"),
    # models that cannot be used
    ("model_missing", "run {tmp}/nothing hi", None, 3, r"^$", r"^hearth: .*nothing"),
    ("folder_without_config", "run {tmp}/empty hi", None, None, r"^$", r"^hearth: .*config.json"),
    ("pickle", "run {tmp}/pickle hi", None, None, r"^$", r"^hearth: .*pytorch_model.bin"),
    ("half_a_file", "run {tmp}/half.gguf hi", None, 4, r"^$", r"^hearth: .*half.gguf"),
    ("half_a_safetensors", "debug greedy {tmp}/half-hf --ids {tmp}/ids -n 1", None, 4, r"^$", r"model.safetensors"),
    ("shard_missing", "debug greedy {tmp}/no-shard --ids {tmp}/ids -n 1", None, None, r"^$", r"model-00002-of-00003"),
    ("unknown_architecture", "run {golden}/gguf/bad/unknown-architecture.gguf hi", None, 5, r"^$",
     r"hearthless.*supported here: llama, .*qwen3"),
    ("no_tokenizer", "run {golden}/models/qwen3 hi", None, 3, r"^$", r"no tokenizer files"),
    ("cpu_level_unknown", "run {stories} hi --cpu z80", None, None, r"^$", r"z80"),
    # ids
    ("ids_missing_file", "debug greedy {stories} --ids {tmp}/none -n 1", None, 3, r"^$", r"none"),
    ("ids_empty", "debug greedy {stories} --ids - -n 1", " \n", 4, r"^$", r"standard input holds no token ids"),
    ("ids_word", "debug greedy {stories} --ids - -n 1", "1 2 x3", 4, r"^$", r'"x3" at byte 4 is not a token id'),
    ("ids_negative", "debug greedy {stories} --ids - -n 1", "1 -2", 4, r"^$", r'"-2" at byte 2'),
    ("ids_glued", "debug greedy {stories} --ids - -n 1", "1,2", 4, r"^$", r'"1,2" at byte 0'),
    ("ids_huge", "debug greedy {stories} --ids - -n 1", "99999999999999999999", 4, r"^$", r"is not a token id"),
    ("ids_out_of_range", "debug greedy {stories} --ids - -n 1", "1 512", 4, r"^$", r"id 512, but the model's ids are 0 to 511"),
    ("logits_out_of_range", "debug logits {stories} --ids - --out {tmp}/never", "512", 4, r"^$", r"0 to 511"),
    ("logits_no_folder", "debug logits {stories} --ids {tmp}/ids --out {tmp}/no/f", None, None, r"^$", r"no/"),
    ("greedy", "debug greedy {stories} --ids - -n 4", "1 403\n407\t261 378", 0, r"^432 383 286 261\n$", ""),
    ("greedy_ref", "debug greedy {stories} --ids - -n 4 --backend ref", "1 403 407 261 378", 0, r"^432 383 286 261\n$", ""),
    # text
    ("tokens", "debug tokens {stories}", "Once upon a time", 0, r"^403 407 261 378\n$", ""),
    ("tokens_empty", "debug tokens {stories}", "", 0, r"^\n$", ""),
    ("tokens_special_plain", "debug tokens {stories}", "<s>", 0, r"^(?!1\n)", ""),
    ("tokens_special", "debug tokens {stories} --parse-special", "<s>", 0, r"^1\n$", ""),
    ("tokens_decode", "debug tokens {stories} --decode", "403 407 261 378", 0, r"^Once upon a time$", ""),
    ("tokens_decode_range", "debug tokens {stories} --decode", "512", 4, r"^$", r"512"),
    ("tokens_decode_alone", "debug tokens {stories} --decode --jsonl", "1", 2, r"^$", r"--decode reads ids"),
    ("tokens_jsonl", "debug tokens {stories} --jsonl", '{"text":"Once upon"}\n\n{"bytes_b64":"T25jZQ=="}\n', 0,
     r'^{"ids":\[403,407\],"text_b64":"T25jZSB1cG9u"}\n{"ids":\[403\],"text_b64":"T25jZQ=="}\n$', ""),
    ("tokens_jsonl_special", "debug tokens {stories} --jsonl", '{"text":"<s>","parse_special":true}', 0, r'^{"ids":\[1\],', ""),
    ("tokens_jsonl_bad", "debug tokens {stories} --jsonl", '{"text":"a"}\n{"txt":"a"}', 4, r"", r'line 2: .*"text" or "bytes_b64"'),
    ("tokens_jsonl_base64", "debug tokens {stories} --jsonl", '{"bytes_b64":"T25j*Q=="}', 4, r"^$", r"line 1: not base64"),
    ("tokens_table", "tokens {stories}", "Once upon", 0, r'407  " upon" +20 75 70 6F 6E\n2 tokens for 9 bytes', ""),
    ("run", "run {stories} Once\\ upon\\ a\\ time -n 8 --greedy", None, 0, r"^, there was a little girl", ""),
    ("run: a choice", "run {stories} Once --choice red --choice blue --seed 3", None, 0, r"^(red|blue)$", ""),
    ("run: an expression", "run {stories} Once --regex [0-9]{{3}}-[xy] --seed 3", None, 0, r"^[0-9]{3}-[xy]$", ""),
    ("run: refused form", "run {stories} Once --regex (?=x)", None, 5, "^$", "look-around"),
    ("run: two forms", "run {stories} Once --regex a --choice b", None, 2, "^$", "one of them"),
    ("run: form without end", "run {stories} Once --regex a --ignore-eos", None, 4, "^$", "ignore_eos"),
    ("run_piped", "run {stories} -n 8 --greedy", "Once upon a time", 0, r"^, there was a little girl", ""),
    ("run_stop", "run {stories} -n 60 --greedy --stop girl --stop Lily", "Once upon a time", 0, r"^, there was a little \n$", ""),
    ("run_bias", "run {stories} -n 1 --greedy --logit-bias 432=-inf --json", "Once upon a time", 0, r'"ids": \[\n    (?!432)', ""),
    ("run_eos", "run {stories} hi -n 9 --greedy --logit-bias 2=1000 --json", None, 0,
     r'(?s)"ids": \[\],.*"finish_reason": "stop"', ""),
    ("run_ignore_eos", "run {stories} hi -n 2 --greedy --logit-bias 2=1000 --ignore-eos --json", None, 0,
     r'(?s)"ids": \[\s+2,\s+2\s+\],.*"finish_reason": "length"', ""),
    ("run_context_end", "run {stories} hi --ctx 8 --greedy --ignore-eos --json", None, 0, r'"finish_reason": "context"', ""),
    ("run_bias_bad", "run {stories} hi --logit-bias 432", None, 2, r"^$", r"--logit-bias takes ID=VALUE"),
    ("run_bias_range", "run {stories} hi --logit-bias 512=1", None, 4, r"^$", r"id 512, but the model's ids are 0 to 511"),
    ("run_stop_empty", "run {stories} hi --stop=", None, 2, r"^$", r"--stop needs a text"),
    ("run_context", "run {stories} --ctx 16", "Once upon a time there was a little girl who went to the park", 9, r"^$", r"\b16\b"),
    ("score", "score {stories} -", "Once upon a time", 0, r"(?s)^tokens +4\nscored +4\n.*perplexity +1\.", ""),
    ("score_windows", "score {stories} - --ctx 8", "Once upon a time, there was a little girl. " * 4, 0, r"scored in \d+ windows", ""),
    ("score_empty", "score {stories} -", "", 4, r"^$", r"nothing to score"),
    ("score_missing", "score {stories} {tmp}/none", None, 3, r"^$", r"none"),
    ("plan", "plan {stories} --ctx 512", None, 0, r"(?s)context +512\n.*total +[\d.]+ MB\n.*fits +yes", ""),
    ("plan_other", "plan {golden}/models/gpt-oss --ctx 512", None, 5, r"^$", r"^hearth: "),
    ("inspect", "inspect {stories}", None, 0, r"(?s)container +GGUF\narchitecture +llama\n.*layers +5\n.*F32 +48 tensors.*SentencePiece", ""),
    ("inspect_check", "inspect {stories} --check-weights", None, 0, r"NaN +0\ninfinite +0\n", ""),
    ("inspect_nan", "inspect {tmp}/nan --check-weights", None, 0, r"warning: 1 NaN and 0 infinite values in 1 tensors", ""),
    ("inspect_template", "inspect {tmp}/template", None, 0,
     r"tokenizer +none\nchat template +2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\n", ""),
    ("inspect_unreadable", "inspect {golden}/models/gpt-oss-mxfp4", None, 0,
     r"(?s)RoPE +yarn.*warning: .*GptOssForCausalLM.*warning: 16 tensors have a number format", ""),
    ("inspect_embedder", "inspect {golden}/models/embed-qwen3-last", None, 0, r"embedding pooling +last\n  normalised +yes\n", ""),
    ("inspect_reranker", "inspect {golden}/models/rerank-qwen3", None, 0, r"(?s)^(?!.*reranker  ).*family +qwen3\n.*$", ""),
    ("inspect_licence", "inspect {tmp}/nan", None, 0, r"(?s)licence claim +apache-2.0\n.*licence file +LICENSE", ""),
    ("doctor", "doctor", None, 0, r"(?s)CPU levels\n  base +present.*best level.*\nsandbox +\S.*seccomp; refuses files, sockets, exec", ""),
    ("worker_by_hand", "worker", None, 2, r"^$", r"started by other commands"),
    ("run_system_raw", "run {stories} hi --system x", None, 2, r"^$", r"--system needs a chat template"),
    ("run_chat", "run {tmp}/chat hi -n 4 --greedy --json", None, 0, r'"prompt_tokens": (?!1,)', ""),
    ("run_chat_special", "run {tmp}/chat hi --parse-special", None, 2, r"^$", r"--parse-special needs --raw"),
    ("run_chat_broken", "run {tmp}/chat-broken hi", None, 5, r"^$", r"chat template cannot be used .*--raw goes without"),
    ("run_chat_broken_raw", "run {tmp}/chat-broken hi --raw -n 2", None, 0, r"", ""),
    ("run_not_text", "run {tmp}/chat -n 4 --greedy", b"caf\xe9", 4, r"^$", r"not valid UTF-8 at byte 3; --raw takes any bytes"),
]

FAILED = []


class Bad(Exception):
    pass


class Skip(Exception):
    pass


def hearth(args, stdin=None, **more):
    data = stdin.encode() if isinstance(stdin, str) else stdin
    pipe = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
    more.setdefault("stdout", subprocess.PIPE)
    return subprocess.run([PROGRAM] + args, stderr=subprocess.PIPE, timeout=TIMEOUT_S, **pipe, **more)


def text(raw):
    return raw.decode(errors="replace")


def expect(condition, words, p=None):
    if condition:
        return
    if p is not None:
        words += "\n    exit %s\n    stdout: %r\n    stderr: %r" % (p.returncode, text(p.stdout or b"")[:600], text(p.stderr)[:600])
    raise Bad(words)


def need_shared():
    if not os.path.exists(STORIES):
        raise Skip("the shared models are not here (set HEARTH_SHARED)")


def split_arguments(line, tmp):
    words = [w.replace("\0", " ") for w in line.replace("\\ ", "\0").split()]
    return [w.format(stories=STORIES, golden=GOLDEN, tmp=tmp) for w in words]


def run_line(case, tmp):
    name, line, stdin, code, out, err = case
    if "{stories}" in line or "{golden}" in line or "half" in line or "shard" in line:
        need_shared()
    p = hearth(split_arguments(line, tmp), stdin)
    expect(p.returncode != 0 if code is None else p.returncode == code, "exit code %s was wanted" % code, p)
    expect(re.search(out, text(p.stdout)), "stdout does not fit %r" % out, p)
    if err == "":
        expect(not p.stderr, "stderr is not empty", p)
    else:
        expect(re.search(err, text(p.stderr)), "stderr does not fit %r" % err, p)
        lines = text(p.stderr).splitlines()
        expect(len(lines) == 1 and lines[0].startswith("hearth: "), "stderr is not one line", p)


# --- cases that need more than a line ---

def case_logits_file(tmp):
    need_shared()
    out = os.path.join(tmp, "three.f32")
    p = hearth(["debug", "logits", STORIES, "--ids", "-", "--out", out], "1 403 407")
    expect(p.returncode == 0 and not p.stdout and not p.stderr, "quiet success was wanted", p)
    expect(os.path.getsize(out) == 3 * 512 * 4, "%d bytes came" % os.path.getsize(out))


def case_logits_disk_full(tmp):
    need_shared()
    folder = os.path.join(tmp, "full")
    os.mkdir(folder)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    p = hearth(["debug", "logits", STORIES, "--ids", os.path.join(tmp, "ids"), "--out", os.path.join(folder, "f")],
               preexec_fn=limit, env=dict(os.environ, HEARTH_HOME="/dev/null/none"))
    expect(p.returncode == 8, "exit code 8 was wanted", p)
    expect(re.match(r"hearth: .*full/f", text(p.stderr)), "the file is not named", p)
    expect(os.listdir(folder) == [], "a partial file stayed: %s" % os.listdir(folder))


def case_stdout_full(tmp):
    if not os.path.exists("/dev/full"):
        raise Skip("there is no /dev/full here")
    with open("/dev/full", "wb") as full:
        p = hearth(["help"], stdout=full)
    expect(p.returncode == 8 and b"standard output" in p.stderr, "a clean failure was wanted", p)


def case_run_json(tmp):
    need_shared()
    args = ["run", STORIES, "Once upon a time", "-n", "6", "--seed", "11", "--json", "--logprobs", "3"]
    answers = [json.loads(hearth(args).stdout) for _ in range(2)]
    a = answers[0]
    expect(a["ids"] == answers[1]["ids"], "the same seed gave other ids")
    expect(len(a["ids"]) == a["generated_tokens"] == len(a["logprobs"]) == 6, "counts differ: %r" % a)
    expect(a["seed"] == 11 and a["finish_reason"] == "length" and a["prompt_tokens"] == 5, "%r" % a)
    expect(all(len(t["top"]) == 3 and t["logprob"] <= t["top"][0]["logprob"] for t in a["logprobs"]), "%r" % a["logprobs"])


def case_run_deterministic(tmp):
    need_shared()
    args = ["run", STORIES, "Once upon a time", "-n", "24", "--temperature", "1.5", "--json"]
    pinned = [json.loads(hearth(args + ["--deterministic", "--threads", n]).stdout) for n in "12"]
    expect(pinned[0]["ids"] == pinned[1]["ids"] and pinned[0]["seed"] == pinned[1]["seed"], "%r" % pinned)
    chance = json.loads(hearth(args).stdout)
    expect(chance["seed"] != pinned[0]["seed"], "chance gave the seed of the prompt")


def case_run_bytes(tmp):
    need_shared()
    p = hearth(["run", STORIES, "-n", "2", "--greedy"], b"caf\xe9 \xff\xfe")
    expect(p.returncode == 0 or (p.returncode == 4 and p.stderr.startswith(b"hearth: ")), "bytes are taken or refused", p)


def case_interrupt(tmp):
    need_shared()
    p = subprocess.Popen([PROGRAM, "run", STORIES, "Once upon a time", "--ignore-eos", "--backend", "ref", "--threads", "1"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    first = p.stdout.read(1)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=TIMEOUT_S)
    expect(p.returncode == 130, "exit code 130 was wanted, %s came; stderr %r" % (p.returncode, err))
    expect(first and out.endswith(b"\n") and not err, "text and a clean end were wanted: %r, %r" % (out[-80:], err))


def sanitized():
    with open(PROGRAM, "rb") as f:
        program = f.read()
    return b"__asan_init" in program or b"__tsan_init" in program


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]


def wait_until(condition, what):
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        expect(time.monotonic() < end, what)
        time.sleep(0.01)


def gone(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def start_long(args):
    """A command that works for long on one thread, and its worker."""
    need_shared()
    p = subprocess.Popen([PROGRAM] + args + ["--backend", "ref", "--threads", "1"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    wait_until(lambda: children(p.pid) or p.poll() is not None, "no worker was started")
    return p, children(p.pid)[0]


def case_worker_killed(tmp):
    long_text = os.path.join(tmp, "long")
    with open(long_text, "w") as f:
        f.write("Once upon a time there was a little girl. " * 4000)
    for args in (["run", STORIES, "Once", "--ignore-eos"], ["score", STORIES, long_text]):
        for number, words in ((signal.SIGKILL, r"was killed \(signal 9\).*memory"), (signal.SIGSEGV, r"crashed \(signal 11, SIGSEGV\)"),
                              (signal.SIGABRT, r"crashed \(signal 6, SIGABRT\)")):
            if number != signal.SIGKILL and sanitized():
                continue # the sanitizer speaks first
            p, worker = start_long(args)
            if args[0] == "run":
                p.stdout.read(1)
            else:
                time.sleep(0.2)
            os.kill(worker, number)
            out, err = p.communicate(timeout=TIMEOUT_S)
            lines = text(err).splitlines()
            expect(p.returncode == 10, "%s: exit code 10 was wanted, %s came: %r" % (args[0], p.returncode, err))
            expect(len(lines) == 1 and re.match("hearth: the worker for .*" + words, lines[0]), "%r" % lines)


def case_front_killed(tmp):
    p, worker = start_long(["run", STORIES, "Once", "--ignore-eos"])
    p.stdout.read(1)
    p.kill()
    p.wait()
    p.stdout.close()
    p.stderr.close()
    wait_until(lambda: gone(worker), "the worker outlived its front")


def case_worker_is_bare(tmp):
    """The worker has no environment, no folder of its own to look at, and only the descriptors it needs."""
    p, worker = start_long(["run", STORIES, "Once", "--ignore-eos"])
    p.stdout.read(1)
    try:
        with open("/proc/%d/environ" % worker, "rb") as f:
            names = [e.split(b"=")[0] for e in f.read().split(b"\0") if e]
        expect(not [n for n in names if n not in (b"TZ", b"ASAN_OPTIONS", b"UBSAN_OPTIONS", b"TSAN_OPTIONS")], "%r" % names)
        links = {os.readlink("/proc/%d/fd/%s" % (worker, fd)) for fd in os.listdir("/proc/%d/fd" % worker)}
        links = {l for l in links if not l.startswith("socket:") and l not in ("/dev/null", os.path.realpath(STORIES))}
        expect(sanitized() or not links, "more is open: %r" % links)
        with open("/proc/%d/status" % worker) as f:
            status = f.read()
        expect(re.search(r"NoNewPrivs:\t1\n", status) and re.search(r"Seccomp:\t2\n", status), status)
        expect(re.search(r"CapEff:\t0+\n", status) and re.search(r"CapPrm:\t0+\n", status), status)
    except PermissionError:
        raise Skip("looking into the worker needs more rights")
    finally:
        p.kill()
        p.communicate()


def case_run_raw_is_text(tmp):
    chat = json.loads(hearth(["run", os.path.join(tmp, "chat"), "hi", "-n", "2", "--greedy", "--json"]).stdout)
    raw = json.loads(hearth(["run", os.path.join(tmp, "chat"), "hi", "-n", "2", "--greedy", "--json", "--raw"]).stdout)
    told = json.loads(hearth(["run", os.path.join(tmp, "chat"), "hi", "-n", "2", "--greedy", "--json", "--system", "be kind"]).stdout)
    expect(raw["prompt_tokens"] < chat["prompt_tokens"] < told["prompt_tokens"], "%r %r %r" % (raw, chat, told))


def on_terminal(args, env):
    """Exit code and everything written to a terminal on all three streams."""
    try:
        pid, fd = pty.fork()
    except OSError as e:
        raise Skip("a terminal (%s)" % e)
    if pid == 0:
        os.environ.update(env)
        os.execv(PROGRAM, [PROGRAM] + args)
    watchdog = threading.Timer(TIMEOUT_S, os.kill, (pid, signal.SIGKILL))
    watchdog.start()
    out = b""
    try:
        while True:
            chunk = os.read(fd, 4096)
            if not chunk:
                break
            out += chunk
    except OSError: # the other end is closed
        pass
    watchdog.cancel()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text(out)


def case_terminal(tmp):
    need_shared()
    args = ["run", STORIES, "Once upon a time", "-n", "4", "--greedy"]
    code, out = on_terminal(args, {"TERM": "xterm"})
    expect(code == 0 and "100%" in out, "no progress bar: %r" % out)
    expect(re.search("\033\\[2m\\[4 tokens, [\\d.]+ tokens/s", out), "no dim line: %r" % out)
    os.environ["NO_COLOR"] = "1"
    try:
        code, out = on_terminal(args, {"TERM": "xterm"})
    finally:
        del os.environ["NO_COLOR"]
    expect(code == 0 and "[4 tokens" in out and "\033[2m" not in out, "NO_COLOR is not heard: %r" % out)
    code, out = on_terminal(["run", STORIES], {"TERM": "xterm"})
    expect(code == 2 and "there is no prompt" in out, "a prompt should be asked for: %r" % out)


def case_json_reports(tmp):
    need_shared()
    for args in (["doctor"], ["plan", STORIES], ["inspect", STORIES], ["tokens", STORIES, "Once upon"],
                 ["score", STORIES, os.path.join(tmp, "text")]):
        p = hearth(args + ["--json"])
        expect(p.returncode == 0 and not p.stderr, " ".join(args), p)
        expect(isinstance(json.loads(p.stdout), dict), "an object was wanted", p)


def case_memory_is_limited(tmp):
    need_shared()
    p = hearth(["run", STORIES, "hi", "--memory", "0"])
    expect(p.returncode == 2 and "--memory" in text(p.stderr), "0 GiB", p)
    if sanitized():
        return # its own memory is past every limit
    p = hearth(["run", STORIES, "hi", "--memory", "0.001"])
    expect(p.returncode == 7 and not p.stdout and "with the limit of 0.001 GiB" in text(p.stderr), "too small", p)
    p = hearth(["run", STORIES, "hi", "--memory", "4", "-n", "1"])
    expect(p.returncode == 0 and p.stdout, "enough", p)


def case_help_everywhere(tmp):
    names = re.findall(r"^  ([a-z]+)  ", text(hearth(["help"]).stdout), re.M)
    names += re.findall(r"^  (debug [a-z]+)  ", text(hearth(["debug"]).stdout), re.M)
    expect(len(names) >= 12, "too few commands: %r" % names)
    for name in names:
        p = hearth(name.split() + ["--help"])
        expect(p.returncode == 0 and text(p.stdout).startswith("hearth %s: " % name), name, p)
        wide = [l for l in text(p.stdout).splitlines() if len(l) > 100]
        expect(not wide, "wide lines in the help of %s: %r" % (name, wide))


def write_nan_model(folder):
    """A safetensors file with one NaN, a README that claims a licence, and a LICENSE."""
    os.mkdir(folder)
    data = struct.pack("<4f", 1, 2, float("nan"), 4)
    header = json.dumps({"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    with open(os.path.join(folder, "model.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(header)) + header + data)
    for name, words in (("config.json", '{"architectures":["LlamaForCausalLM"],"model_type":"llama"}'),
                        ("README.md", "---\nlicense: apache-2.0\ntags: [x]\n---\nlicense: no\n"), ("LICENSE", "text\n")):
        with open(os.path.join(folder, name), "w") as f:
            f.write(words)


def prepare(tmp):
    os.mkdir(os.path.join(tmp, "empty"))
    os.mkdir(os.path.join(tmp, "pickle"))
    os.mkdir(os.path.join(tmp, "template")) # the hash is that of "foo", as FIPS 180-4's tools print it
    for name, words in (("template/tokenizer_config.json", '{"chat_template":"foo"}'), ("pickle/config.json", '{"architectures":["LlamaForCausalLM"],"model_type":"llama"}'),
                        ("pickle/pytorch_model.bin", "x"), ("ids", "1 2 3 4 5 6\n"), ("text", "Once upon a time")):
        with open(os.path.join(tmp, name), "w") as f:
            f.write(words)
    write_nan_model(os.path.join(tmp, "nan"))
    ember = os.path.join(ROOT, "models/ember")
    for name, words in (("chat", "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"),
                        ("chat-broken", "{% for %}")):
        folder = os.path.join(tmp, name)
        os.mkdir(folder)
        for file in os.listdir(ember):
            os.symlink(os.path.join(ember, file), os.path.join(folder, file))
        with open(os.path.join(folder, "chat_template.jinja"), "w") as f:
            f.write(words)
    if not os.path.exists(STORIES):
        return
    with open(STORIES, "rb") as f, open(os.path.join(tmp, "half.gguf"), "wb") as out:
        out.write(f.read()[: os.path.getsize(STORIES) // 2])
    for name, source, broken in (("half-hf", "llama2", "model.safetensors"),
                                 ("no-shard", "deepseek-llm", "model-00002-of-00003.safetensors")):
        folder = os.path.join(tmp, name)
        os.mkdir(folder)
        for file in os.listdir(os.path.join(GOLDEN, "models", source)):
            shutil.copyfile(os.path.join(GOLDEN, "models", source, file), os.path.join(folder, file))
        path = os.path.join(folder, broken)
        if name == "no-shard":
            os.remove(path)
        else:
            os.truncate(path, os.path.getsize(path) // 2)


def main():
    if not os.access(PROGRAM, os.X_OK):
        sys.exit("%s is not there: build it first" % PROGRAM)
    counts = {"OK": 0, "FAILED": 0, "SKIPPED": 0}
    cases = [(c[0], lambda tmp, c=c: run_line(c, tmp)) for c in CASES]
    cases += [(n[5:], f) for n, f in sorted(globals().items()) if n.startswith("case_")]
    with tempfile.TemporaryDirectory() as tmp:
        os.environ["HEARTH_HOME"] = os.path.join(tmp, "home")
        prepare(tmp)
        for name, run in cases:
            print("[ RUN      ] " + name)
            how = "OK"
            try:
                run(tmp)
            except Skip as e:
                how = "SKIPPED"
                print("SKIPPED: %s" % e)
            except (Bad, subprocess.TimeoutExpired, ValueError, KeyError) as e:
                how = "FAILED"
                print("%s: %s" % (name, e))
            counts[how] += 1
            print({"OK": "[       OK ] ", "FAILED": "[  FAILED  ] ", "SKIPPED": "[  SKIPPED ] "}[how] + name)
    print("%(OK)d passed, %(FAILED)d failed, %(SKIPPED)d skipped" % counts)
    return 1 if counts["FAILED"] else 0


sys.exit(main())
