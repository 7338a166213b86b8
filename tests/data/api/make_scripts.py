#!/usr/bin/env python3
"""Writes scripts.json: bodies that clients send, and events that a worker answers them with.
SPDX-License-Identifier: Apache-2.0

    make_scripts.py > scripts.json

Nothing here says what must come out: that is for the clients' own accumulators, the published
description of the API, and the property that joined deltas are the whole answer.
"""
import json

TOOL = {"name": "get_weather", "description": "Weather of a place",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}
HI = [{"role": "user", "content": "Hi"}]


def token(text, logprob=-0.5, top=()):
    raw = text if isinstance(text, bytes) else text.encode()
    t = {"id": 100 + len(raw), "bytes": list(raw), "logprob": logprob}
    if top:
        t["top"] = [{"id": i, "bytes": list(x.encode()), "logprob": p} for i, (x, p) in enumerate(top)]
    return t


def delta(index=0, **body):
    return {"index": index, "kind": "delta", "body": body}


def done(index=0, finish="stop", **more):
    body = {"finish": finish, "prompt_tokens": 11, "cached_tokens": 4, "completion_tokens": 7, "reasoning_tokens": 2,
            "decode_steps": 7, "prompt_seconds": 0.25, "decode_seconds": 0.5, "seed": 1, "stop": None, "unparsed": False}
    return {"index": index, "kind": "done", "body": {**body, **more}}


def vector(text, base64):
    return {"index": 0, "kind": "delta", "body": {"index": text, "tokens": 3, "embedding": base64}}


def call(number, name, arguments, index=0, end=True, **more):
    out = [delta(index, call=number, name=name, **more)]
    if arguments:
        out.append(delta(index, call=number, arguments=arguments))
    if end:
        out.append(delta(index, call=number, end=True))
    return out


PROGRESS = {"index": 0, "kind": "progress", "body": {"stage": "prompt", "done": 3, "total": 11}}
TEXT = [PROGRESS, delta(content="Hello"), delta(content=", wörld 你好 🙂\n\"quoted\" \\ \x00 </s>")]
THINK = [delta(reasoning="Let me "), delta(reasoning="think 思考."), delta(content="Done.")]
CALLS = (call(0, "get_weather", '{"city": "Köln {\\"}"}') + call(1, "get_weather", "") +
         call(2, "get_weather", '{"city":"Oslo"}', id="functions.get_weather:2"))
BROKEN = [delta(content="I call")] + call(0, "get_weather", '{"city": "Pa', end=False)

# name, the worker's events before the last, how the answer ends
ANSWERS = [
    ("text", TEXT, done()),
    ("empty", [], done(completion_tokens=0)),
    ("thinking", THINK, done()),
    ("thinking only", THINK[:1], done(finish="length")),
    ("length", TEXT, done(finish="length")),
    ("context", TEXT, done(finish="context")),
    ("stop text", TEXT, done(stop="\n\n")),
    ("calls", [delta(content="I look.")] + CALLS, done(finish="tool_calls")),
    ("calls after thinking", THINK[:2] + CALLS[:3], done(finish="tool_calls")),
    ("broken call", BROKEN, done(finish="length")),
    ("empty text deltas", [delta(content=""), delta(), delta(reasoning="")] + TEXT, done()),
    ("content between calls", CALLS[:3] + [delta(content="and")] + CALLS[3:5] + [delta(content=".")], done(finish="tool_calls")),
]


def scripts():
    tools = [{"type": "function", "function": TOOL}]
    for name, events, last in ANSWERS:
        yield f"chat: {name}", "openai-chat", {"model": "ember", "messages": HI, "tools": tools}, events + [last]
        yield (f"messages: {name}", "anthropic-messages",
               {"model": "ember", "max_tokens": 100, "messages": HI,
                "tools": [{"name": "get_weather", "input_schema": TOOL["parameters"]}]}, events + [last])
    flat = [{"type": "function", **TOOL}]
    for name, events, last in ANSWERS:
        yield (f"responses: {name}", "openai-responses",
               {"model": "ember", "input": "Hi", "tools": flat, "include": ["reasoning.encrypted_content"]}, events + [last])
    for name, events, last in ANSWERS:
        yield f"ollama: {name}", "ollama-chat", {"model": "ember:latest", "messages": HI, "tools": tools}, events + [last]
    for name, events, last in ANSWERS[:7]:
        yield f"ollama generate: {name}", "ollama-generate", {"model": "ember", "prompt": "Hi", "system": "Be brief."}, events + [last]
    usage = {"stream_options": {"include_usage": True}}
    yield "chat: usage", "openai-chat", {"model": "ember", "messages": HI, **usage}, TEXT + [done()]
    three = ([delta(2, content="c"), delta(0, content="a"), delta(1, reasoning="r"), delta(0, content="A"),
              delta(1, content="b"), done(1), delta(2, content="C")] + call(0, "get_weather", '{"city":"x"}', index=2) +
             [done(2, "tool_calls"), done(0, "length")])
    yield "chat: three choices", "openai-chat", {"model": "ember", "messages": HI, "n": 3, "seed": 7, "tools": tools, **usage}, three
    face = "🙂".encode()
    probable = [delta(content="He", tokens=[token("He", -0.25, [("He", -0.25), ("Hi", -1.5)])]),
                delta(tokens=[token(face[:2], -1.0, [("x", -20000.0)])]),
                delta(content="🙂", tokens=[token(face[2:], -0.125, [("y", -3.0)])]), done()]
    yield ("chat: logprobs", "openai-chat", {"model": "ember", "messages": HI, "logprobs": True, "top_logprobs": 2},
           probable)
    yield ("ollama: logprobs", "ollama-chat", {"model": "ember", "messages": HI, "logprobs": True, "top_logprobs": 2}, probable)
    yield "ollama: load", "ollama-chat", {"model": "ember", "messages": []}, [done(completion_tokens=0)]
    yield ("responses: logprobs", "openai-responses",
           {"model": "ember", "input": "Hi", "top_logprobs": 2, "include": ["message.output_text.logprobs"]},
           THINK[:2] + probable)
    prompt = [delta(prompt=[{**token("<s>"), "logprob": None}, token(" Grüß", -2.0, [("A", -0.5)])]),
              delta(prompt=[token(" Gott", -0.5, [(" Gott", -0.5)])])]
    sampled = [delta(content="!", tokens=[token("!", -0.25, [("!", -0.25), ("?", -1.0), ("!", -2.0)])])]
    echo = {"model": "ember", "prompt": "Grüß Gott", "echo": True, "logprobs": 1}
    last = done(finish="length", end=token("</s>", -0.125))
    yield "completions: text", "openai-completions", {"model": "ember", "prompt": "Once"}, TEXT + [done()]
    yield "completions: echo", "openai-completions", {"model": "ember", "prompt": "Once", "echo": True}, TEXT + [done()]
    yield "completions: echo of nothing more", "openai-completions", {**echo, "max_tokens": 0}, prompt + [done(finish="length")]
    yield "completions: echo logprobs", "openai-completions", {**echo, "max_tokens": 1}, prompt + sampled + [done(finish="length")]
    yield "completions: echo logprobs of the end", "openai-completions", {**echo, "max_tokens": 1}, prompt + [last]
    yield ("completions: echo of ids", "openai-completions", {**echo, "prompt": [1, 2, 3], "max_tokens": 1},
           prompt + sampled + [done(finish="length")])
    yield ("completions: echo of ids, split character", "openai-completions", {"model": "ember", "prompt": [7, 8], "echo": True},
           [delta(prompt=[token(face[:1])]), delta(prompt=[token(face[1:])]), delta(content="x"), done()])
    yield ("completions: prompts and choices", "openai-completions",
           {"model": "ember", "prompt": ["a", "b"], "n": 2, "seed": 5, "echo": True, **usage},
           [delta(3, content="4"), delta(0, content="1"), done(0), delta(2, content="3"), done(2), done(3), delta(1, content="2"), done(1)])
    yield "completions: logprobs", "openai-completions", {"model": "ember", "prompt": "a", "logprobs": 2}, probable
    vectors = [vector(1, "AACAPwAAAL8="),
               {"index": 0, "kind": "progress", "body": {"stage": "prompt", "done": 3, "total": 6}},
               vector(0, "AAAAQFnZADM="), done(completion_tokens=0)]
    texts = {"model": "ember", "input": ["a", "b"]}
    yield "embeddings: floats", "openai-embeddings", texts, vectors
    yield "embeddings: base64", "openai-embeddings", {**texts, "encoding_format": "base64", "dimensions": 2}, vectors
    yield "ollama embed: texts", "ollama-embed", texts, vectors
    yield "ollama embeddings: a text", "ollama-embeddings", {"model": "ember", "prompt": "a"}, vectors[2:]
    yield ("rerank: documents", "rerank", {"query": "q", "documents": ["a", {"text": "b"}], "top_n": 2, "return_documents": True},
           [{"index": 0, "kind": "delta", "body": {"index": i, "tokens": 3, "score": s}} for i, s in ((1, 0.75), (0, 0.25))] + [done()])


if __name__ == "__main__":
    print("[")
    print(",\n".join(json.dumps(dict(zip(("name", "shape", "body", "events"), s)), ensure_ascii=False) for s in scripts()))
    print("]")
