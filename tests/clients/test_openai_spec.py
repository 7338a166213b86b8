#!/usr/bin/env python3
# What the OpenAI routes answer, held against the vendor's own description of the API.
# SPDX-License-Identifier: Apache-2.0
#
# The description is real/conformance/openai-openapi.json of the shared data; PyPI's jsonschema judges. It
# calls itself OpenAPI 3.1 and still says `nullable`, which is taken as 3.0 means it.
import glob
import json
import os
import sys
import urllib.error
import urllib.request

from harness import HEARTH, SCRIPTED, SHARED, WEATHER, Skip, case, equal, find_packages, package, run_cases, say, scripted, served, sse_events

SPEC = os.path.join(SHARED, "real/conformance/openai-openapi.json")
RESPONSES_TOOL = {"type": "function", "name": "get_weather", "parameters": WEATHER["function"]["parameters"]}
cache = {}


def nullable(v):
    """The same schemas without OpenAPI 3.0's word."""
    if isinstance(v, list):
        return [nullable(x) for x in v]
    if not isinstance(v, dict):
        return v
    rest = {k: nullable(x) for k, x in v.items() if k != "nullable" or x is not True}
    return {"anyOf": [rest, {"type": "null"}]} if v.get("nullable") is True else rest


def check(name, value):
    """Judges a value by components.schemas.NAME."""
    if not os.path.exists(SPEC):
        raise Skip(f"{SPEC} is not there")
    package("jsonschema")
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012
    if "registry" not in cache:
        with open(SPEC) as f:
            cache["registry"] = Registry().with_resource("urn:openai", DRAFT202012.create_resource(nullable(json.load(f))))
    if name not in cache:
        cache[name] = Draft202012Validator({"$ref": f"urn:openai#/components/schemas/{name}"}, registry=cache["registry"])
    errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in cache[name].iter_errors(value)]
    if errors:
        raise AssertionError(f"{name}: {errors}\nin {json.dumps(value)[:1500]}")


def ask(url, path, body=None, method=None, **headers):
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    r = urllib.request.Request(url + path, data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urllib.request.urlopen(r, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def whole(url, path, body):
    status, text = ask(url, path, body)
    equal(status, 200)
    return json.loads(text)


def events(url, path, body):
    status, text = ask(url, path, {**body, "stream": True})
    equal(status, 200)
    return sse_events(text)


@case
def the_judge_takes_the_vendor():
    """What the vendor itself has sent passes."""
    recordings = glob.glob(os.path.join(SHARED, "real/conformance/sse/openai-python/*.sse"))
    if not recordings:
        raise Skip("the recorded streams are not there")
    for path in recordings:
        with open(path) as f:
            for chunk in sse_events(f.read()):
                check("CreateChatCompletionStreamResponse", chunk)


@case
def the_judge_refuses():
    """A check that takes everything would prove nothing."""
    with scripted() as (url, _):
        good = whole(url, "/v1/chat/completions", {"messages": say("[say 1]")})
    check("CreateChatCompletionResponse", good)
    for broken in ({**good, "object": "chat"}, {**good, "choices": None}, {k: v for k, v in good.items() if k != "created"},
                   {**good, "choices": [{**good["choices"][0], "finish_reason": "done"}]}):
        try:
            check("CreateChatCompletionResponse", broken)
        except AssertionError:
            continue
        raise Exception(f"taken: {broken}")


@case
def chat():
    with scripted() as (url, _):
        for body in ({"messages": say("[say 3]")}, {"messages": say("[say 3]"), "n": 3},
                     {"messages": say("[tools]"), "tools": [WEATHER]}, {"messages": say("[think]")}):
            check("CreateChatCompletionResponse", whole(url, "/v1/chat/completions", body))
            for options in ({}, {"stream_options": {"include_usage": True}}):
                chunks = events(url, "/v1/chat/completions", {**body, **options})
                for chunk in chunks:
                    check("CreateChatCompletionStreamResponse", chunk)
                equal(bool(chunks[-1].get("usage")), bool(options))


def check_text_chunk(chunk):
    """The schema is that of whole answers; the vendor's example of a chunk has null, as ours do until the end."""
    for choice in chunk["choices"]:
        choice["finish_reason"] = choice["finish_reason"] or "stop"
    check("CreateCompletionResponse", chunk)


@case
def completions():
    with scripted() as (url, _):
        for body in ({"prompt": "[say 3]"}, {"prompt": ["[say 3]", "[say 1]"], "n": 2}):
            check("CreateCompletionResponse", whole(url, "/v1/completions", body))
            for chunk in events(url, "/v1/completions", body):
                check_text_chunk(chunk)


@case
def embeddings():
    folder = os.path.join(SHARED, "golden/models/embed-qwen3-last")
    if not os.path.isdir(folder):
        raise Skip(f"{folder} is not there")
    with served(folder) as url:
        for more in ({}, {"encoding_format": "base64"}, {"dimensions": 3}):
            answer = whole(url, "/v1/embeddings", {"input": [[1, 2, 3], [4]], **more})
            for item in answer["data"]:
                if isinstance(item["embedding"], str): # the schema has lists only, its clients ask for base64
                    item["embedding"] = [0.0]
            check("CreateEmbeddingResponse", answer)
        status, text = ask(url, "/v1/embeddings", {"input": [[1], []]})
        equal(status, 400)
        check("ErrorResponse", json.loads(text))


@case
def responses():
    with scripted() as (url, _):
        for body in ({"input": "[say 3]"}, {"input": "[tools]", "tools": [RESPONSES_TOOL]}, {"input": "[think]"}):
            check("Response", whole(url, "/v1/responses", body))
            for event in events(url, "/v1/responses", body):
                check("ResponseStreamEvent", event)
        last = events(url, "/v1/responses", {"input": "[half]"})[-1]
        equal(last["type"], "response.failed")
        check("ResponseFailedEvent", last)
        check("TokenCountsResource", whole(url, "/v1/responses/input_tokens", {"input": "hello"}))


@case
def models():
    with scripted() as (url, _):
        check("ListModelsResponse", json.loads(ask(url, "/v1/models")[1]))
        check("Model", json.loads(ask(url, "/v1/models/m")[1]))


@case
def errors():
    chat_at, input_at = "/v1/chat/completions", "/v1/responses"
    with scripted() as (url, _):
        for path, body, status in (
                (chat_at, b'{"messages":', 400), (chat_at, {"messages": []}, 400), (chat_at, {"messages": say("x"), "n": 0}, 400),
                (chat_at, {"model": "nothing", "messages": say("x")}, 404), (chat_at, {"messages": say("[context]")}, 400),
                (chat_at, {"messages": say("[half]")}, 500), ("/v1/completions", {"prompt": 7}, 400), ("/v1/nothing", {}, 404),
                ("/v1/models", {}, 405), (input_at, {"input": 7}, 400), (input_at, {"input": "x", "previous_response_id": "resp_x"}, 400)):
            got, text = ask(url, path, body)
            equal((path, got), (path, status))
            check("ErrorResponse", json.loads(text))
        stream = events(url, chat_at, {"messages": say("[half]")})
        check("ErrorResponse", {"error": stream[-1]["error"]})
    with scripted("--serve-keys") as (url, key):
        equal(ask(url, "/v1/models")[0], 401)
        check("ErrorResponse", json.loads(ask(url, "/v1/models")[1]))
        for _ in range(3):
            got, text = ask(url, chat_at, {"messages": say("[say 1]")}, Authorization="Bearer " + key)
        equal(got, 429)
        check("ErrorResponse", json.loads(text))


@case
def embeddings():
    folder = os.path.join(SHARED, "golden/models/embed-qwen3-last")
    if not os.path.isdir(folder):
        raise Skip(f"{folder} is not there")
    with served(folder) as url:
        check("CreateEmbeddingResponse", whole(url, "/v1/embeddings", {"model": "embed-qwen3-last", "input": [[20, 21], [30]]}))
        for body in ({"input": []}, {"input": [[-1]]}, {"input": [[20]], "dimensions": 0}):
            got, text = ask(url, "/v1/embeddings", body)
            equal(got, 400)
            check("ErrorResponse", json.loads(text))


@case
def ember():
    """Log probabilities, and everything else that only a model has."""
    with served() as url:
        for more in ({}, {"logprobs": True, "top_logprobs": 3}):
            body = {"messages": say("How do I see the licence of a model?"), "max_tokens": 12, "temperature": 0, **more}
            check("CreateChatCompletionResponse", whole(url, "/v1/chat/completions", body))
            for chunk in events(url, "/v1/chat/completions", body):
                check("CreateChatCompletionStreamResponse", chunk)
        for more in ({"logprobs": 2}, {"logprobs": 2, "echo": True}, {"logprobs": 1, "echo": True, "max_tokens": 0}):
            body = {"prompt": "How do I", "max_tokens": 8, "temperature": 0, **more}
            answer = whole(url, "/v1/completions", body)
            lists = answer["choices"][0]["logprobs"]
            if "echo" in more:  # nothing stands before the first token; the schema has no word for that
                equal([lists[k].pop(0) for k in ("token_logprobs", "top_logprobs")], [None, None])
            check("CreateCompletionResponse", answer)
        body = {"input": "How do I see the licence of a model?", "max_output_tokens": 12, "temperature": 0}
        check("Response", whole(url, "/v1/responses", body))
        for event in events(url, "/v1/responses", body):
            check("ResponseStreamEvent", event)


if __name__ == "__main__":
    find_packages(__file__, "jsonschema")
    sys.exit(run_cases(HEARTH, SCRIPTED))
