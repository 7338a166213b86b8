#!/usr/bin/env python3
"""Loads a server with streams that behave and clients that do not, and looks for wrong bytes.
SPDX-License-Identifier: Apache-2.0

    load.py [--seconds S] [--streams N] [--hearth PATH] [--scripted] [--idle N]

Starts `hearth serve` with the model in the box (--scripted: the scripted target of test_server), keeps
N streams of three APIs going for S seconds, and mixes in clients that hang up, read slowly, send bodies that are too
large, or send broken JSON. Every stream that is read to its end must be the reference, byte for byte;
none may see more than STARVED times N others end while it lasts (time says little on a busy machine); the memory of server and
workers in the second half may grow by GROWTH at most (judged after a minute and more); and --idle connections
that say nothing may cost IDLE_KB each (SANITIZED times that under AddressSanitizer).
Prints one line of JSON and exits with 1 when something was wrong. Needs no package.
"""
import argparse
import asyncio
import glob
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STARVED, GROWTH, IDLE_KB, SANITIZED = 8, 0.05, 10, 2.4
ROUTES = ["/v1/completions", "/v1/chat/completions", "/v1/messages"]
PROMPTS = ["How do I", "What is", "The", "Why does it", "O", "When I"]


class Server:
    def __init__(self, a):
        self.home = tempfile.TemporaryDirectory()
        env = dict(os.environ, HEARTH_HOME=self.home.name)
        program = [os.path.join(os.path.dirname(a.hearth), "test_server"), "--serve"] if a.scripted else \
            [a.hearth, "serve", "--listen", "127.0.0.1:0", "--no-request-log"]
        self.p = subprocess.Popen(program, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                  stderr=open(os.path.join(self.home.name, "stderr"), "w"))
        line = self.p.stdout.readline().split()
        self.port = int((line[0] if a.scripted else line[-1]).rsplit(":", 1)[1])
        self.scripted = a.scripted

    def workers(self):
        return [int(pid) for path in glob.glob(f"/proc/{self.p.pid}/task/*/children") for pid in open(path).read().split()]

    def resident_kb(self, pid=None):
        with open(f"/proc/{pid or self.p.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    def memory(self):
        return {"server": self.resident_kb(), "workers": sum(self.resident_kb(pid) for pid in self.workers())}

    def stop(self):
        if self.scripted:
            self.p.stdin.close()
        else:
            self.p.send_signal(signal.SIGTERM)
        return self.p.wait(60)


def request(body, path="/v1/completions", length=None):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length or len(data)}\r\n\r\n").encode() + data


def request_for(a, what):
    """`what`: the route and the prompt."""
    route, prompt = what
    body = {"model": "m" if a.scripted else "ember", "max_tokens": 1000 if a.scripted else a.tokens, "temperature": 0, "stream": True}
    if a.scripted:
        prompt = f"[say {a.tokens}] {prompt}"
    if route == "/v1/completions":
        return request({**body, "prompt": prompt}, route)
    return request({**body, "messages": [{"role": "user", "content": prompt}]}, route)


def texts(event):
    """What an event of any of the routes adds."""
    if event.get("type") == "content_block_delta":
        yield event["delta"].get("text", "")
    for choice in event.get("choices", []):
        yield choice["text"] if "text" in choice else choice["delta"].get("content") or ""


async def connect(port):
    return await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)


def text_of(raw):
    """Status, joined text, whether the stream came to its end."""
    head, _, rest = raw.partition(b"\r\n\r\n")
    status = int(head.split()[1]) if head else 0
    body, ended = b"", False
    while rest:  # chunks
        size, _, rest = rest.partition(b"\r\n")
        n = int(size or b"0", 16)
        body, rest, ended = body + rest[:n], rest[n + 2:], n == 0
    text = "".join(t for line in body.decode().split("\n") if line.startswith("data: {") for t in texts(json.loads(line[6:])))
    return status, text, ended and (b"data: [DONE]" in body or b"event: message_stop" in body)


async def good(a, port, what, slow=False):
    reader, writer = await connect(port)
    writer.write(request_for(a, what))
    raw = b""
    while piece := await reader.read(256 if slow else 65536):
        raw += piece
        if slow:
            await asyncio.sleep(0.01)
    writer.close()
    return text_of(raw)


async def hang_up(a, port, what):
    reader, writer = await connect(port)
    writer.write(request_for(a, what))
    if random.random() < 0.7:
        await reader.read(random.randrange(1, 4000))
    writer.transport.abort() if random.random() < 0.5 else writer.close()


async def refused(port, data, wanted):
    reader, writer = await connect(port)
    writer.write(data)
    raw = await reader.read(65536)
    writer.close()
    return raw and raw.split()[1] in wanted


async def stream_loop(a, port, state, end):
    while time.monotonic() < end:
        what, kind, begin, ended = random.choice(list(state["reference"])), random.random(), time.monotonic(), state["streams"]
        try:
            if kind < 0.15:
                await hang_up(a, port, what)
                state["hang_ups"] += 1
            elif kind < 0.20:
                bad = random.choice([b'{"model":', b"[]", b'{"a":1,"a":2}', b"\xff\xfe", b"[" * 5000])
                ok = await refused(port, request(bad), (b"400",))
                state["malformed"] += 1
                state["wrong"] += not ok
            elif kind < 0.23:
                ok = await refused(port, request(b"x", length=1 << 30), (b"413",))
                state["oversize"] += 1
                state["wrong"] += not ok
            else:
                status, text, whole = await good(a, port, what, kind < 0.30)
                if status in (429, 503):
                    state["turned_away"] += 1
                elif (status, text, whole) != (200, state["reference"][what], True):
                    state["wrong"] += 1
                    print(f"wrong: {status} {whole} {text[:200]!r}", file=sys.stderr)
                state["streams"] += 1
                if kind >= 0.30:
                    state["took"].append(time.monotonic() - begin)
                    state["overtaken"] = max(state["overtaken"], state["streams"] - ended - 1)
        except (ConnectionError, OSError) as e:
            state["broken"] += 1
            print(f"broken: {e!r}", file=sys.stderr)


async def run(a, server):
    state = dict.fromkeys(("streams", "hang_ups", "malformed", "oversize", "turned_away", "wrong", "broken", "overtaken"), 0)
    state["took"] = []
    for _ in range(200):
        status, text, _ = await good(a, server.port, (ROUTES[0], PROMPTS[0]))
        if status == 200:
            break
        await asyncio.sleep(0.1)
    state["reference"] = {(r, p): (await good(a, server.port, (r, p)))[1] for r in ROUTES for p in PROMPTS}
    assert all(state["reference"].values())
    before = server.memory()
    idle = [await connect(server.port) for _ in range(a.idle)]
    if idle:
        for reader, writer in idle:
            writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for reader, writer in idle:
            assert b"200" in await reader.readuntil(b"}")
        state["idle_kb_each"] = round((server.resident_kb() - before["server"]) / a.idle, 2)
    begin = time.monotonic()
    half = asyncio.create_task(asyncio.sleep(a.seconds / 2))
    loops = [asyncio.create_task(stream_loop(a, server.port, state, begin + a.seconds)) for _ in range(a.streams)]
    await half
    middle = server.memory()
    await asyncio.gather(*loops)
    took = state.pop("took")
    state.update(resident_kb={"before": before, "middle": middle, "after": server.memory()}, workers=len(server.workers()),
                 seconds=round(time.monotonic() - begin, 1), median_s=round(statistics.median(took), 2), longest_s=round(max(took), 2))
    for reader, writer in idle:
        writer.close()
    del state["reference"]
    return state


def judge(a, state):
    """What was not as it should be, in words."""
    middle, after = state["resident_kb"]["middle"], state["resident_kb"]["after"]
    yield from (f"{state[what]} {what}" for what in ("wrong", "broken") if state[what])
    if state["overtaken"] > STARVED * a.streams:
        yield f"{state['overtaken']} streams ended while one of {a.streams} lasted"
    for who in middle:
        if a.seconds >= 60 and after[who] > middle[who] * (1 + GROWTH):
            yield f"the memory of {who} grew from {middle[who]} to {after[who]} KB"
    with open(a.hearth, "rb") as f:
        limit = IDLE_KB * (SANITIZED if b"__asan_init" in f.read() else 1)
    if state.get("idle_kb_each", 0) > limit:
        yield f"an idle connection costs {state['idle_kb_each']} KB"
    if state["exit"]:
        yield f"exit status {state['exit']}"


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("--seconds", type=float, default=20)
    p.add_argument("--streams", type=int, default=64)
    p.add_argument("--idle", type=int, default=0)
    p.add_argument("--tokens", type=int, default=40)
    p.add_argument("--hearth", default=os.environ.get("HEARTH", os.path.join(ROOT, "build/hearth")))
    p.add_argument("--scripted", action="store_true")
    a = p.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    server = Server(a)
    try:
        state = asyncio.run(run(a, server))
    finally:
        status = server.stop()
    state["exit"] = status
    faults = list(judge(a, state))
    print(json.dumps({**state, "faults": faults}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
