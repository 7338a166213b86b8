#!/usr/bin/env python3
# What the API shapes write, read by the vendors' own clients and held against their description of the API.
# SPDX-License-Identifier: Apache-2.0
#
# Scripts (tests/data/api/scripts.json) go through test_shape_wire --serve; what it writes is given to the
# unmodified clients (PyPI: openai, anthropic, ollama, jsonschema) by a transport that stays in the process. What
# is not installed is skipped with a message, or fails with HEARTH_WANT_CLIENTS=1. The last line is "N passed, N failed, N skipped".
import json
import os
import subprocess
import sys

from harness import HEARTH, ROOT, SHARED, find_packages

WIRE = os.path.join(os.path.dirname(HEARTH), "test_shape_wire")
OPENAPI = os.path.join(SHARED, "real/conformance/openai-openapi.json")
SCRIPTS = json.load(open(os.path.join(ROOT, "tests/data/api/scripts.json"), encoding="utf-8"))

find_packages(__file__)
try:
    import openai
except ImportError:
    openai = None
try:
    import anthropic
except ImportError:
    anthropic = None
try:
    import ollama
    import httpx
except ImportError:
    ollama = None
try:
    import jsonschema
except ImportError:
    jsonschema = None


class Wire:
    """The shapes, as a child process."""

    def __init__(self):
        self.child = subprocess.Popen([WIRE, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, script, **more):
        self.child.stdin.write(json.dumps({**script, **more}).encode() + b"\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())


def wire_bytes(report):
    """The body of the HTTP response."""
    if report["framing"] == "ndjson":
        return b"".join(p["data"].encode() + b"\n" for p in report["pieces"])
    out = b""
    for p in report["pieces"]:
        if p["event"]:
            out += b"event: " + p["event"].encode() + b"\n"
        out += b"data: " + p["data"].encode() + b"\n\n"
    return out


def transport(http, wire, script, chop):
    """Answers every request by the script's shape and events; the body is the client's own."""
    def handle(request):
        body = json.loads(request.content)
        report = wire.run({**script, "body": body}, chop=chop)
        if "error" in report:
            return http.Response(report["http"], json=report["error"])
        if report["framing"] == "ndjson":
            return http.Response(200, headers={"content-type": "application/x-ndjson"}, content=wire_bytes(report))
        if not body.get("stream"):
            return http.Response(200, json=json.loads(report["pieces"][0]["data"]))
        return http.Response(200, headers={"content-type": "text/event-stream"}, content=wire_bytes(report))
    return http.MockTransport(handle)


def http_of(sdk):
    return getattr(sdk._base_client, "httpx2", None) or sdk._base_client.httpx


def openai_client(wire, script, chop=0):
    http = http_of(openai)
    return openai.OpenAI(api_key="x", base_url="http://hearth/v1", max_retries=0,
                         http_client=http.Client(transport=transport(http, wire, script, chop)))


def anthropic_client(wire, script, chop=0):
    http = http_of(anthropic)
    return anthropic.Anthropic(api_key="x", base_url="http://hearth", max_retries=0,
                               http_client=http.Client(transport=transport(http, wire, script, chop)))


def same(name, want, got):
    if want != got:
        raise AssertionError(f"{name}: wanted {json.dumps(want, ensure_ascii=False)[:1500]}\n  got {json.dumps(got, ensure_ascii=False)[:1500]}")


# ---- the clients ----

def plain(value, drop=("parsed", "parsed_arguments", "parsed_output")):
    """A client's object without what it adds itself and without nulls."""
    if hasattr(value, "to_dict"):
        value = value.to_dict(mode="json")
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if v is not None and k not in drop}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def chat_shape(completion):
    """What joined chunks and a whole answer must share."""
    out = []
    for c in plain(completion)["choices"]:
        m = dict(c["message"])
        m["tool_calls"] = [{k: v for k, v in t.items() if k != "index"} for t in m.get("tool_calls", [])]
        m["content"] = m.get("content", "")
        out.append({"index": c["index"], "finish_reason": c["finish_reason"], "message": m, "logprobs": c.get("logprobs")})
    return out


def told(script, index=0):
    """What the worker said, by the script alone: content, reasoning, calls."""
    content, reasoning, calls = "", "", []
    for e in script["events"]:
        b = e["body"]
        if e["kind"] != "delta" or e["index"] != index:
            continue
        content += b.get("content", "")
        reasoning += b.get("reasoning", "")
        if "name" in b:
            calls.append([b["name"], ""])
        elif "arguments" in b:
            calls[-1][1] += b["arguments"]
        elif b.get("end"):
            calls[-1][1] = calls[-1][1] or "{}"
    return content, reasoning, calls


def check_chat(wire, script):
    body = script["body"]
    whole = openai_client(wire, script).chat.completions.create(**body)
    for c in whole.choices:
        same("told", told(script, c.index), (c.message.content or "", getattr(c.message, "reasoning_content", ""),
                                             [[t.function.name, t.function.arguments] for t in c.message.tool_calls or []]))
    for chop in (0, 1, 3):
        client = openai_client(wire, script, chop)
        ends = "length" in [c.finish_reason for c in whole.choices]
        with client.chat.completions.stream(**body) as stream:
            try:
                for _ in stream:
                    pass
                same("stream", chat_shape(whole), chat_shape(stream.get_final_completion()))
            except openai.LengthFinishReasonError as e:
                # It insists on whole answers where tools are given, and carries what it has.
                assert ends, "LengthFinishReasonError, but the answer was not cut"
                same("stream", chat_shape(whole), chat_shape(e.completion))
        chunks = list(client.chat.completions.create(stream=True, **body))
        check_chunks(chunks, body, whole)


def check_chunks(chunks, body, whole):
    """The rules that other clients have: see the Node client's accumulator."""
    seen, calls, finish, usage = [], {}, {}, None
    for n, chunk in enumerate(chunks):
        same("id", whole.id, chunk.id)
        same("created", whole.created, chunk.created)
        if not chunk.choices:
            assert n == len(chunks) - 1, "a chunk without choices that is not the last"
            usage = chunk.usage
            continue
        (c,) = chunk.choices
        d = c.delta
        if c.index not in seen:
            assert c.index == len(seen) and d.role == "assistant", "a choice begins out of order or without role"
            seen.append(c.index)
        else:
            assert d.role is None, "role twice"
        assert c.index not in finish, "a delta after finish_reason"
        assert not (d.content and d.tool_calls), "content and calls in one delta"
        for t in d.tool_calls or []:
            known = calls.setdefault(c.index, [])
            if t.index == len(known):
                assert t.id and t.function.name and t.type == "function", "a call without identity"
                known.append(t.index)
            else:
                assert t.index == len(known) - 1 and t.id is None and t.function.name is None, "a call out of turn"
        if c.finish_reason:
            finish[c.index] = c.finish_reason
    same("finish", {c.index: c.finish_reason for c in whole.choices}, finish)
    if body.get("stream_options", {}).get("include_usage"):
        same("usage", plain(whole.usage), plain(usage))
    else:
        assert usage is None, "usage that nobody asked for"


def check_messages(wire, script):
    body = script["body"]
    whole = anthropic_client(wire, script).messages.create(**body)
    content, reasoning, calls = told(script)
    same("told", (content, reasoning), ("".join(b.text for b in whole.content if b.type == "text"),
                                        "".join(b.thinking for b in whole.content if b.type == "thinking")))
    if whole.stop_reason == "tool_use":
        same("calls", [[n, json.loads(a)] for n, a in calls], [[b.name, b.input] for b in whole.content if b.type == "tool_use"])
    for chop in (0, 1, 3):
        with anthropic_client(wire, script, chop).messages.stream(**body) as stream:
            for _ in stream:
                pass
            final = plain(stream.get_final_message())
        want = plain(whole)
        for block, mine in zip(want["content"], final["content"]):
            # The client completes broken JSON by itself.
            if block["type"] == "tool_use" and whole.stop_reason != "tool_use":
                mine["input"] = block["input"]
        same("stream", want, final)


def check_responses(wire, script):
    body = script["body"]
    whole = openai_client(wire, script).responses.create(**body)
    want = plain(whole)
    content, reasoning, calls = told(script)
    same("told", (content, calls), (whole.output_text, [[o.name, o.arguments] for o in whole.output if o.type == "function_call"]))
    same("reasoning", reasoning, "".join(c.text for o in whole.output if o.type == "reasoning" for c in o.content))
    for chop in (0, 1, 3):
        client = openai_client(wire, script, chop)
        events = list(client.responses.create(stream=True, **body))
        check_response_events(events, want)
        if whole.status != "completed":
            continue  # the helper below takes nothing else for an end
        with client.responses.stream(**body) as stream:
            for _ in stream:
                pass
            same("stream", want, plain(stream.get_final_response()))


def check_response_events(events, want):
    """Order and indices, and that what the deltas and what the items say is one."""
    texts, items, last = {}, {}, None
    same("numbers", list(range(len(events))), [e.sequence_number for e in events])
    same("first", ["response.created", "response.in_progress"], [e.type for e in events[:2]])
    for e in events:
        kind = e.type.removeprefix("response.")
        if kind == "output_item.added":
            assert e.output_index == len(items), "an item out of order"
            items[e.output_index] = None
        elif kind == "output_item.done":
            assert items[e.output_index] is None, "an item done twice"
            items[e.output_index] = plain(e.item)
        elif kind.endswith(".delta"):
            assert items[e.output_index] is None and e.item_id, "a delta of an item that is not open"
            texts[e.output_index] = texts.get(e.output_index, "") + e.delta
        elif kind in ("output_text.done", "reasoning_text.done", "function_call_arguments.done"):
            same(kind, texts.get(e.output_index, ""), getattr(e, "text", None) or getattr(e, "arguments", ""))
        elif kind in ("completed", "incomplete"):
            assert last is None, "two ends"
            last = plain(e.response)
    same("end", want, last)
    same("items", want["output"], [items[i] for i in sorted(items)])


def check_completions(wire, script):
    body = script["body"]
    whole = plain(openai_client(wire, script).completions.create(**body))
    prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
    for c in whole["choices"]:
        text = prompts[c["index"] // body.get("n", 1)] if isinstance(prompts[0], str) and body.get("echo") else ""
        if not isinstance(prompts[0], str):
            text = b"".join(bytes(t["bytes"]) for e in script["events"] for t in e["body"].get("prompt", [])).decode()
        same("told", text + told(script, c["index"])[0], c["text"])
    for chop in (0, 1, 3):
        joined, ends = {}, []
        for chunk in openai_client(wire, script, chop).completions.create(stream=True, **body):
            ends.append(len(chunk.choices))
            for c in map(plain, chunk.choices):
                mine = joined.setdefault(c["index"], {"index": c["index"], "text": ""})
                mine["text"] += c["text"]
                assert "finish_reason" not in mine, "text after finish_reason"
                if "finish_reason" in c:
                    mine["finish_reason"] = c["finish_reason"]
                for k, v in c.get("logprobs", {}).items():
                    lists = mine.setdefault("logprobs", {})
                    lists[k] = lists.get(k, []) + v
        same("stream", whole["choices"], [joined[i] for i in sorted(joined)])
        same("usage", "include_usage" in body.get("stream_options", {}), 0 in ends)
    for c in whole["choices"]:
        check_harness(c)


def check_harness(choice):
    """What evaluation harnesses do with echoed log probabilities (see lm-evaluation-harness)."""
    l = choice.get("logprobs")
    if not l:
        return
    n = len(l["tokens"])
    same("lengths", [n] * 3, [len(l["token_logprobs"]), len(l["top_logprobs"]), len(l["text_offset"])])
    assert all(p is None or p <= 0 for p in l["token_logprobs"]) and None not in l["token_logprobs"][1:]
    for name, p, top in list(zip(l["tokens"], l["token_logprobs"], l["top_logprobs"]))[1:]:
        assert top[name] >= p and max(top.values()) >= p, f"{name} is not in its own map"
    same("offsets", sorted(l["text_offset"]), l["text_offset"])
    for name, at in zip(l["tokens"], l["text_offset"]):
        plain_token = not name.startswith(("bytes:", "<"))
        assert not plain_token or choice["text"][at:].startswith((name, name[1:])), f"{name} is not at {at}"


def check_ollama(wire, script):
    body = dict(script["body"])
    ask = "generate" if script["shape"] == "ollama-generate" else "chat"

    def client(chop):
        return ollama.Client(host="http://hearth", transport=transport(httpx, wire, script, chop))

    whole = plain(getattr(client(0), ask)(**body, stream=False).model_dump())
    content, reasoning, calls = told(script)
    calls = [[n, a] for n, a in calls if a.endswith("}")]  # what broke off has no place in this API

    def parts(line):
        m = line if ask == "generate" else line["message"]
        return (m.get("response" if ask == "generate" else "content", ""), m.get("thinking", ""),
                [[c["function"]["name"], c["function"]["arguments"]] for c in m.get("tool_calls", [])])

    want = (content, reasoning, [[n, json.loads(a)] for n, a in calls])
    same("told", want, parts(whole))
    for chop in (0, 1, 3):
        joined, lines, logprobs = ["", "", []], [], []
        for line in getattr(client(chop), ask)(**body, stream=True):
            line = plain(line.model_dump())
            lines.append(line)
            logprobs += line.get("logprobs", [])
            for i, part in enumerate(parts(line)):
                joined[i] += part
        same("stream", want, tuple(joined))
        same("logprobs", whole.get("logprobs", []), logprobs)
        same("done", [False] * (len(lines) - 1) + [True], [line["done"] for line in lines])
        for k in ("done_reason", "prompt_eval_count", "eval_count", "eval_duration", "total_duration"):
            same(k, whole[k], lines[-1][k])


CHECKS = {"ollama-chat": ("ollama", check_ollama),
          "ollama-generate": ("ollama", check_ollama),
          "openai-completions": ("openai", check_completions),
          "openai-responses": ("openai", check_responses),
          "openai-chat": ("openai", check_chat), "anthropic-messages": ("anthropic", check_messages)}


# ---- the description ----

def openapi_30_to_31(node):
    """`nullable`, which the description still has in places, as the types say it now."""
    if isinstance(node, list):
        return [openapi_30_to_31(v) for v in node]
    if not isinstance(node, dict):
        return node
    out = {k: openapi_30_to_31(v) for k, v in node.items() if k not in ("nullable", "discriminator", "example", "examples")}
    return {"anyOf": [out, {"type": "null"}]} if node.get("nullable") is True else out


class Description:
    def __init__(self):
        self.doc = openapi_30_to_31(json.load(open(OPENAPI, encoding="utf-8")))

    def check(self, name, value):
        schema = {"$ref": f"#/components/schemas/{name}", "components": self.doc["components"]}
        errors = sorted(jsonschema.Draft202012Validator(schema).iter_errors(value), key=lambda e: -len(e.path))
        if errors:
            e = errors[0]
            raise AssertionError(f"{name}: at {list(e.path)}: {e.message[:600]}")


DESCRIBED = {
    "openai-chat": ("CreateChatCompletionResponse", "CreateChatCompletionStreamResponse"),
    "openai-responses": ("Response", "ResponseStreamEvent"),
    "openai-completions": ("CreateCompletionResponse", "CreateCompletionResponse"),
}


def check_described(wire, description, script):
    whole, part = DESCRIBED[script["shape"]]
    answer = json.loads(wire.run(script, stream=False)["pieces"][0]["data"])
    if script["body"].get("echo"):
        return  # the first token's null is known to clients, but not described
    description.check(whole, answer)
    for p in wire.run(script, stream=True)["pieces"]:
        if p["data"] == "[DONE]":
            continue
        piece = json.loads(p["data"])
        if script["shape"] == "openai-completions":
            # The API streams these too, but describes the whole alone.
            piece.pop("usage", None)
            for c in piece["choices"]:
                c["finish_reason"] = c["finish_reason"] or "stop"
        description.check(part, piece)


# ---- all of it ----

def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    if not os.path.exists(WIRE):
        print(f"SKIPPED: {WIRE} is not built")
        return 77
    wire = Wire()
    description = Description() if jsonschema and os.path.exists(OPENAPI) else None
    missing = [n for n, m in (("openai", openai), ("anthropic", anthropic), ("ollama", ollama), ("jsonschema", jsonschema)) if not m]
    if missing:
        print(f"SKIPPED: not installed, and its cases: {', '.join(missing)} (tools/clients_venv installs them)")
        counts["failed"] += bool(os.environ.get("HEARTH_WANT_CLIENTS"))

    def case(name, run, *args):
        try:
            run(*args)
            counts["passed"] += 1
        except Exception as e:  # whatever a client raises is a failure of ours
            counts["failed"] += 1
            print(f"FAILED {name}: {type(e).__name__}: {e}")

    for script in SCRIPTS:
        package, check = CHECKS.get(script["shape"], (None, None))
        if check and globals()[package]:
            case(script["name"], check, wire, script)
        elif check:
            counts["skipped"] += 1
        if script["shape"] not in DESCRIBED:
            continue
        if description:
            case(script["name"] + " (described)", check_described, wire, description, script)
        else:
            counts["skipped"] += 1
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] else 77 if not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
