#!/usr/bin/env python3
# Unmodified clients from PyPI against a running server.
# SPDX-License-Identifier: Apache-2.0
#
# Most cases ask the server over the scripted target of test_server (--serve), whose answers are known
# to the byte; the rest ask `hearth serve` with the model in the box. Packages are looked for in this
# interpreter, then in build*/clients-venv (tools/clients_venv makes it). A missing package skips its cases.
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

from harness import EMBER, HEARTH, SCRIPTED, SHARED, WEATHER, Skip, case, equal, find_packages, package, run_cases, say, scripted, served, sse_events


def metric(url, name):
    with urllib.request.urlopen(url + "/metrics") as r:
        for line in r.read().decode().split("\n"):
            if line.startswith(name):
                return float(line.split()[-1])
    raise AssertionError(f"no metric {name}")


def openai_at(url, key="none", **more):
    return package("openai").OpenAI(base_url=url + "/v1", api_key=key, max_retries=0, timeout=30, **more)


def anthropic_at(url, key="none"):
    return package("anthropic").Anthropic(base_url=url, api_key=key, max_retries=0, timeout=30)


# openai

@case
def openai_chat():
    with scripted() as (url, _):
        r = openai_at(url).chat.completions.create(model="m", messages=say("[say 4]"))
        equal(r.choices[0].message.content, "w0 w1 w2 w3 ")
        equal((r.choices[0].finish_reason, r.usage.prompt_tokens, r.usage.completion_tokens, r.usage.total_tokens),
              ("stop", 7, 4, 11))
        equal(r.usage.prompt_tokens_details.cached_tokens, 3)
        assert r._request_id and r.system_fingerprint.startswith("fp_")


@case
def openai_stream_equals_whole():
    with scripted() as (url, _):
        chunks = list(openai_at(url).chat.completions.create(
            model="m", messages=say("[say 20]"), stream=True, stream_options={"include_usage": True}))
        equal("".join(c.choices[0].delta.content or "" for c in chunks if c.choices), "".join(f"w{i} " for i in range(20)))
        equal(chunks[0].choices[0].delta.role, "assistant")
        equal((len(chunks[-1].choices), chunks[-1].usage.completion_tokens), (0, 20))
        equal(len({c.id for c in chunks}), 1)


@case
def openai_choices():
    with scripted() as (url, _):
        c = openai_at(url)
        r = c.chat.completions.create(model="m", messages=say("[say 3]"), n=3)
        equal([x.message.content for x in r.choices], ["w0 w1 w2 "] * 3)
        texts = {}
        for chunk in c.chat.completions.create(model="m", messages=say("[say 3]"), n=3, stream=True):
            for x in chunk.choices:
                texts[x.index] = texts.get(x.index, "") + (x.delta.content or "")
        equal(texts, {i: "w0 w1 w2 " for i in range(3)})
        with c.chat.completions.stream(model="m", messages=say("[say 3]"), n=3) as s:
            equal(s.get_final_completion().choices[2].message.content, "w0 w1 w2 ")


@case
def openai_tools():
    with scripted() as (url, _):
        c = openai_at(url)
        r = c.chat.completions.create(model="m", messages=say("[tools]"), tools=[WEATHER]).choices[0]
        equal(r.finish_reason, "tool_calls")
        equal([(t.function.name, t.function.arguments) for t in r.message.tool_calls],
              [("get_weather", '{"city":"París"}'), ("get_time", "{}")])
        with c.chat.completions.stream(model="m", messages=say("[tools]"), tools=[WEATHER]) as s:
            done = [e for e in s if e.type == "tool_calls.function.arguments.done"]
            final = s.get_final_completion().choices[0]
        equal([e.name for e in done], ["get_weather", "get_time"])
        equal([t.function.arguments for t in final.message.tool_calls], ['{"city":"París"}', "{}"])
        equal(len({t.id for t in final.message.tool_calls}), 2)
        turn = [*say("weather?"), r.message.model_dump(exclude_none=True),
                *({"role": "tool", "tool_call_id": t.id, "content": "12 C"} for t in r.message.tool_calls),
                *say("[say 2]")]
        equal(c.chat.completions.create(model="m", messages=turn, tools=[WEATHER]).choices[0].message.content, "w0 w1 ")


@case
def openai_reasoning():
    with scripted() as (url, _):
        r = openai_at(url).chat.completions.create(model="m", messages=say("[think]")).choices[0].message
        equal((r.reasoning_content, r.content), ("Let me see.", "It is done."))


@case
def openai_errors():
    openai = package("openai")
    with scripted() as (url, _):
        c = openai_at(url)
        for error, code, ask in (
                (openai.NotFoundError, "model_not_found", {"model": "nothing", "messages": say("x")}),
                (openai.BadRequestError, "context_length_exceeded", {"model": "m", "messages": say("[context]")}),
                (openai.BadRequestError, "context_length_exceeded", {"model": "m", "messages": say("[context]"), "stream": True}),
                (openai.BadRequestError, None, {"model": "m", "messages": say("x"), "temperature": "hot"}),
                (openai.BadRequestError, None, {"model": "m", "messages": say("x"), "stop": list("abcde")}),
                (openai.InternalServerError, None, {"model": "m", "messages": say("[half]")})):
            try:
                c.chat.completions.create(**ask)
                raise AssertionError(f"no {error.__name__} for {ask}")
            except error as e:
                if code:
                    equal(e.code, code)
                assert e.request_id and e.body["message"]
        seen = ""
        try:
            for chunk in c.chat.completions.create(model="m", messages=say("[half]"), stream=True):
                seen += chunk.choices[0].delta.content or ""
            raise AssertionError("the stream ended as if nothing had happened")
        except openai.APIError as e:
            equal((seen, "something broke" in e.message), ("w0 w1 ", True))


@case
def openai_keys_and_limits():
    openai = package("openai")
    with scripted("--serve-keys") as (url, key):
        try:
            openai_at(url, "hk-wrong").models.list()
            raise AssertionError("a wrong key was taken")
        except openai.AuthenticationError as e:
            equal(e.code, "invalid_api_key")
        c = openai_at(url, key)
        for _ in range(2):
            c.chat.completions.create(model="m", messages=say("[say 1]"))
        try:
            c.chat.completions.create(model="m", messages=say("[say 1]"))
            raise AssertionError("the limit of 2 requests a minute was passed")
        except openai.RateLimitError as e:
            equal(e.code, "rate_limit_exceeded")
            assert 0 < int(e.response.headers["retry-after"]) <= 31


@case
def openai_break_cancels():
    with scripted() as (url, _):
        stream = openai_at(url).chat.completions.create(model="m", messages=say("[say 100000]"), stream=True)
        for _, chunk in zip(range(5), stream):
            pass
        stream.close()
        for _ in range(100):
            if metric(url, 'hearth_request_success_total{model_name="m",finished_reason="cancelled"}') == 1:
                return
            time.sleep(0.02)
        raise AssertionError("the answer went on without a reader")


@case
def openai_models():
    with scripted() as (url, _):
        equal([m.id for m in openai_at(url).models.list()], ["m"])
        equal(openai_at(url).models.retrieve("m").id, "m")


@case
def openai_responses():
    with scripted() as (url, _):
        c = openai_at(url)
        r = c.responses.create(model="m", input="[say 3]")
        equal((r.status, r.output_text, r.usage.output_tokens), ("completed", "w0 w1 w2 ", 3))
        events = list(c.responses.create(model="m", input="[say 3]", stream=True))
        equal([e.sequence_number for e in events], list(range(len(events))))
        kinds = [e.type for e in events]
        equal((kinds[0], kinds[1], kinds[-1]), ("response.created", "response.in_progress", "response.completed"))
        equal("".join(e.delta for e in events if e.type == "response.output_text.delta"), "w0 w1 w2 ")
        with c.responses.stream(model="m", input="[say 3]") as s:
            for _ in s:
                pass
            equal(s.get_final_response().output_text, "w0 w1 w2 ")
        tools = [{"type": "function", "name": "get_weather", "parameters": WEATHER["function"]["parameters"]}]
        r = c.responses.create(model="m", input="[tools]", tools=tools)
        equal([o.name for o in r.output if o.type == "function_call"], ["get_weather", "get_time"])


@case
def openai_async():
    openai = package("openai")
    import asyncio

    async def ask(client):
        r = await client.chat.completions.create(model="m", messages=say("[say 30]"))
        return r.choices[0].message.content

    async def all_of_them(url):
        async with openai.AsyncOpenAI(base_url=url + "/v1", api_key="none", max_retries=0) as client:
            return await asyncio.gather(*(ask(client) for _ in range(32)))

    with scripted() as (url, _):
        equal(set(asyncio.run(all_of_them(url))), {"".join(f"w{i} " for i in range(30))})


# anthropic

@case
def anthropic_messages():
    with scripted() as (url, _):
        r = anthropic_at(url).messages.create(model="m", max_tokens=50, messages=say("[say 4]"))
        equal((r.content[0].text, r.stop_reason, r.usage.output_tokens), ("w0 w1 w2 w3 ", "end_turn", 4))


@case
def anthropic_stream():
    with scripted() as (url, _), anthropic_at(url).messages.stream(model="m", max_tokens=50, messages=say("[say 9]")) as s:
        equal("".join(s.text_stream), "".join(f"w{i} " for i in range(9)))
        equal(s.get_final_message().stop_reason, "end_turn")


@case
def anthropic_tools():
    tools = [{"name": "get_weather", "input_schema": WEATHER["function"]["parameters"]}]
    with scripted() as (url, _):
        c = anthropic_at(url)
        r = c.messages.create(model="m", max_tokens=50, messages=say("[tools]"), tools=tools)
        equal((r.stop_reason, r.content[0].input, r.content[1].name), ("tool_use", {"city": "París"}, "get_time"))
        with c.messages.stream(model="m", max_tokens=50, messages=say("[tools]"), tools=tools) as s:
            final = s.get_final_message()
        equal([b.input for b in final.content], [{"city": "París"}, {}])
        turn = [*say("weather?"), {"role": "assistant", "content": [b.model_dump() for b in r.content]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": b.id, "content": "12 C"} for b in r.content]
                 + [{"type": "text", "text": "[say 2]"}]}]
        equal(c.messages.create(model="m", max_tokens=50, messages=turn, tools=tools).content[0].text, "w0 w1 ")


def recorded(name):
    path = os.path.join(SHARED, "real/conformance/sse/anthropic", name)
    if not os.path.exists(path):
        raise Skip(f"{path} is not there")
    with open(path) as f:
        return sse_events(f.read())


def members(value, but=("service_tier", "caller")):
    """The names of an object's members, all the way down; those of the vendor's own business left out."""
    return {k: members(v) for k, v in value.items() if k not in but} if isinstance(value, dict) else None


def lacks(ours, theirs):
    return [k for k in theirs if k not in ours] + [k + "." + x for k in theirs if theirs[k] and k in ours for x in lacks(ours[k] or {}, theirs[k])]


@case
def anthropic_events_as_recorded():
    """The vendor's own streams: the same events in the same order, none of their members missing."""
    tools = [{"name": "get_weather", "input_schema": WEATHER["function"]["parameters"]}]
    with scripted() as (url, _):
        for name, command in (("basic_response.txt", "[say 3]"), ("tool_use_response.txt", "[tools]")):
            body = {"model": "m", "max_tokens": 50, "messages": say(command), "tools": tools, "stream": True}
            r = urllib.request.Request(url + "/v1/messages", json.dumps(body).encode())
            with urllib.request.urlopen(r) as answer:
                ours = sse_events(answer.read().decode())
            theirs = [e for e in recorded(name) if e["type"] != "ping"]
            equal([ours[0]["type"], ours[1]["type"], *(e["type"] for e in ours[-3:])],
                  [theirs[0]["type"], theirs[1]["type"], *(e["type"] for e in theirs[-3:])])
            for event in theirs:
                kind = event.get("content_block", event.get("delta", {})).get("type")
                same = [e for e in ours if e["type"] == event["type"] and e.get("content_block", e.get("delta", {})).get("type") == kind]
                if same:  # the scripted answers have no text before their calls
                    equal((event["type"], lacks(members(same[0]), members(event))), (event["type"], []))
                else:
                    equal((name, kind in ("text", "text_delta")), ("tool_use_response.txt", True))


@case
def anthropic_errors():
    anthropic = package("anthropic")
    with scripted() as (url, _):
        c = anthropic_at(url)
        for error, ask in ((anthropic.NotFoundError, {"model": "nothing", "messages": say("x")}),
                           (anthropic.BadRequestError, {"model": "m", "messages": say("[context]")}),
                           (anthropic.BadRequestError, {"model": "m", "messages": []})):
            try:
                c.messages.create(max_tokens=9, **ask)
                raise AssertionError(f"no {error.__name__}")
            except error as e:
                equal(e.body["type"], "error")
        try:
            with c.messages.stream(model="m", max_tokens=9, messages=say("[half]")) as s:
                for _ in s:
                    pass
            raise AssertionError("the stream ended as if nothing had happened")
        except anthropic.APIStatusError as e:
            assert "something broke" in str(e)


@case
def anthropic_count_tokens():
    with scripted() as (url, _):
        equal(anthropic_at(url).messages.count_tokens(model="m", messages=say("hello")).input_tokens, 7)


# langchain, litellm

@case
def langchain_chat():
    langchain = package("langchain_openai")
    with scripted() as (url, _):
        c = langchain.ChatOpenAI(model="m", base_url=url + "/v1", api_key="none", max_retries=0)
        r = c.invoke("[say 3]")
        equal((r.content, r.usage_metadata["output_tokens"]), ("w0 w1 w2 ", 3))
        equal("".join(part.content for part in c.stream("[say 5]")), "w0 w1 w2 w3 w4 ")
        calls = c.bind_tools([WEATHER]).invoke("[tools]").tool_calls
        equal([(t["name"], t["args"]) for t in calls], [("get_weather", {"city": "París"}), ("get_time", {})])
        parts = None
        for part in c.bind_tools([WEATHER]).stream("[tools]"):
            parts = part if parts is None else parts + part
        equal([t["args"] for t in parts.tool_calls], [{"city": "París"}, {}])


@case
def litellm_chat():
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    litellm = package("litellm")
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    with scripted() as (url, _):
        for model, base in (("openai/m", url + "/v1"), ("hosted_vllm/m", url + "/v1"), ("anthropic/m", url), ("ollama_chat/m", url)):
            ask = {"model": model, "api_base": base, "api_key": "none", "messages": say("[say 3]"), "max_tokens": 40,
                   "num_retries": 0, "max_retries": 0}
            equal(litellm.completion(**ask).choices[0].message.content, "w0 w1 w2 ")
            text = "".join(c.choices[0].delta.content or "" for c in litellm.completion(**ask, stream=True))
            equal((model, text), (model, "w0 w1 w2 "))


# ollama

@case
def ollama_chat():
    with scripted() as (url, _):
        c = package("ollama").Client(host=url)
        r = c.chat(model="m", messages=say("[say 3]"))
        equal((r.message.content, r.done_reason, r.prompt_eval_count, r.eval_count), ("w0 w1 w2 ", "stop", 7, 3))
        parts = list(c.chat(model="m", messages=say("[say 5]"), stream=True))
        equal(("".join(p.message.content or "" for p in parts), parts[-1].done), ("w0 w1 w2 w3 w4 ", True))
        for r in (c.chat(model="m", messages=say("[tools]"), tools=[WEATHER]),
                  *c.chat(model="m", messages=say("[tools]"), tools=[WEATHER], stream=True)):
            for call in r.message.tool_calls or []:
                equal(call.function.arguments, {"city": "París"} if call.function.name == "get_weather" else {})
        equal(c.generate(model="m", prompt="[say 2]").response, "w0 w1 ")
        equal([m.model for m in c.list().models], ["m"])
        assert "completion" in c.show("m").capabilities
        try:
            c.chat(model="nothing", messages=say("x"))
            raise AssertionError("a model that is not there was taken")
        except package("ollama").ResponseError as e:
            equal((e.status_code, "nothing" in e.error), (404, True))


# the model in the box

@case
def ember_completions():
    with served() as url:
        c = openai_at(url)
        whole = c.completions.create(model="ember", prompt="How do I", max_tokens=24, temperature=0, logprobs=2)
        streamed = "".join(p.choices[0].text for p in c.completions.create(
            model="ember", prompt="How do I", max_tokens=24, temperature=0, stream=True) if p.choices)
        equal(streamed, whole.choices[0].text)
        # The token that ends an answer stands behind the others; it is not counted, and not text.
        tokens = whole.choices[0].logprobs.tokens
        assert len(tokens) - whole.usage.completion_tokens in (0, 1), (tokens, whole.usage)
        equal("".join(tokens[:whole.usage.completion_tokens]), streamed)
        echo = c.completions.create(model="ember", prompt="How do I see it", max_tokens=0, echo=True, logprobs=1).choices[0]
        equal((echo.text, echo.logprobs.token_logprobs[0]), ("How do I see it", None))
        assert all(p < 0 for p in echo.logprobs.token_logprobs[1:])
        stop = c.completions.create(model="ember", prompt="How do I", max_tokens=24, temperature=0, stop=[streamed[6:9]])
        equal((stop.choices[0].text, stop.choices[0].finish_reason), (streamed[:streamed.index(streamed[6:9])], "stop"))


@case
def ember_seed_and_length():
    openai = package("openai")
    with served() as url:
        c = openai_at(url)
        ask = {"model": "ember", "prompt": "O", "max_tokens": 30, "temperature": 1.0, "seed": 7}
        equal(c.completions.create(**ask).choices[0].text, c.completions.create(**ask).choices[0].text)
        try:
            c.completions.create(model="ember", prompt="word " * 4000, max_tokens=5)
            raise AssertionError("a prompt longer than the context was taken")
        except openai.BadRequestError as e:
            equal(e.code, "context_length_exceeded")


@case
def ember_chat():
    if not os.path.exists(os.path.join(EMBER, "chat_template.jinja")) and \
            "chat_template" not in json.load(open(os.path.join(EMBER, "tokenizer_config.json"))):
        raise Skip("the model in the box has no chat template")
    with served() as url:
        ask = {"model": "ember", "messages": say("How do I see the licence of a model?"), "max_tokens": 40, "temperature": 0}
        c = openai_at(url)
        whole = c.chat.completions.create(**ask)
        text = "".join(p.choices[0].delta.content or "" for p in c.chat.completions.create(**ask, stream=True) if p.choices)
        equal(text, whole.choices[0].message.content)
        assert text.strip()
        again = c.chat.completions.create(**ask)
        equal(again.choices[0].message.content, text)
        assert again.usage.prompt_tokens_details.cached_tokens > 0
        r = c.chat.completions.create(**ask, logprobs=True, top_logprobs=3)
        parts = r.choices[0].logprobs.content
        equal(b"".join(bytes(p.bytes) for p in parts).decode("utf-8", "replace").strip(), text.strip())
        assert all(len(p.top_logprobs) == 3 for p in parts)
        a = anthropic_at(url).messages.create(model="ember", max_tokens=40, messages=ask["messages"], extra_body={"temperature": 0})
        equal(a.content[0].text, text)


@case
def ember_forms():
    """Answers held to a form, asked as each client asks; the model, left to itself, writes none of them."""
    openai = package("openai")
    schema = {"type": "object", "properties": {"colour": {"enum": ["red", "green"]}, "sizes": {
        "type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 2, "maxItems": 2}}, "required": ["colour", "sizes"],
        "additionalProperties": False}
    form = {"name": "answer", "strict": True, "schema": schema}

    def fits(text):
        value = json.loads(text)
        equal((sorted(value), value["colour"] in ("red", "green"), len(value["sizes"]), set(value["sizes"]) <= {1, 2, 3}),
              (["colour", "sizes"], True, 2, True))

    with served() as url:
        c, about = openai_at(url), {"model": "ember", "messages": say("Which colour?"), "max_tokens": 90, "seed": 4}
        whole = c.chat.completions.create(**about, response_format={"type": "json_schema", "json_schema": form})
        equal(whole.choices[0].finish_reason, "stop")
        fits(whole.choices[0].message.content)
        fits("".join(p.choices[0].delta.content or "" for p in c.chat.completions.create(
            **about, response_format={"type": "json_schema", "json_schema": form}, stream=True) if p.choices))
        for x in c.chat.completions.create(**about, n=3, response_format={"type": "json_schema", "json_schema": form}).choices:
            fits(x.message.content)
        fits(c.responses.create(model="ember", input="Which colour?", max_output_tokens=90,
                                text={"format": {"type": "json_schema", **form}}).output_text)
        fits(package("ollama").Client(host=url).chat(model="ember", messages=about["messages"], format=schema).message.content)
        llm = package("langchain_openai").ChatOpenAI(model="ember", base_url=url + "/v1", api_key="none", max_tokens=90)
        fits(json.dumps(llm.with_structured_output({"title": "answer", **schema}, method="json_schema").invoke("Which colour?")))
        for bad, words in (({"$ref": "#/nowhere"}, "/properties/a/$ref"), ({"type": "colour"}, "/properties/a/type")):
            try:
                c.chat.completions.create(**about, response_format={"type": "json_schema", "json_schema": {
                    "name": "x", "schema": {"type": "object", "properties": {"a": bad}}}})
                raise AssertionError(f"taken: {bad}")
            except openai.BadRequestError as e:
                assert words in e.message, e.message


TOOL_TEMPLATE = """{%- if tools %}{{- '<|im_start|>system\\n<tools>' }}{%- for t in tools %}{{- '\\n' }}{{- t | tojson }}{%- endfor %}
{{- '\\n</tools>\\nAnswer with <tool_call>\\n{"name": <function-name>, "arguments": <args-json-object>}\\n</tool_call><|im_end|>\\n' }}
{%- endif %}
{%- for m in messages %}{{- '<|im_start|>' + ('user' if m.role == 'tool' else m.role) + '\\n' + (m.content or '') }}
{%- for c in m.tool_calls or [] %}{{- '<tool_call>\\n{"name": "' + c.function.name + '", "arguments": ' }}
{{- c.function.arguments | tojson }}{{- '}\\n</tool_call>' }}{%- endfor %}{{- '<|im_end|>\\n' }}{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""


@contextlib.contextmanager
def served_with_tools():
    """The model in the box under a template that knows tools; its address and its name."""
    with tempfile.TemporaryDirectory() as folder:
        for name in os.listdir(EMBER):
            os.symlink(os.path.join(EMBER, name), os.path.join(folder, name))
        path = os.path.join(folder, "tokenizer_config.json")
        with open(path) as f:
            settings = json.load(f)
        os.unlink(path)
        with open(path, "w") as f:
            json.dump({**settings, "chat_template": TOOL_TEMPLATE}, f)
        with served(folder) as url:
            yield url, os.path.basename(folder)


@case
def ember_tools():
    """Calls that are asked for come, and come back as the model wrote them whatever the client makes of them."""
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {
        "type": "object", "properties": {"city": {"enum": ["Paris", "Rom"]}, "day": {"enum": [1, 2, 3]}},
        "required": ["city", "day"], "additionalProperties": False}}}

    def fits(name, arguments):
        value = json.loads(arguments) if isinstance(arguments, str) else arguments
        equal((name, sorted(value), value["city"] in ("Paris", "Rom")), ("get_weather", ["city", "day"], True))

    with served_with_tools() as (url, model):
        c = openai_at(url)
        about = {"model": model, "messages": say("How is the weather?"), "tools": [tool], "max_tokens": 120, "seed": 5,
                 "parallel_tool_calls": False}
        for choice in ("required", {"type": "function", "function": {"name": "get_weather"}}):
            r = c.chat.completions.create(**about, tool_choice=choice).choices[0]
            equal((r.finish_reason, len(r.message.tool_calls)), ("tool_calls", 1))
            fits(r.message.tool_calls[0].function.name, r.message.tool_calls[0].function.arguments)
            with c.chat.completions.stream(**about, tool_choice=choice) as s:
                final = s.get_final_completion().choices[0].message.tool_calls
            fits(final[0].function.name, final[0].function.arguments)
        equal(c.chat.completions.create(**about, tool_choice="none").choices[0].message.tool_calls, None)
        r2 = anthropic_at(url).messages.create(model=model, max_tokens=120, messages=about["messages"], tool_choice={
            "type": "any", "disable_parallel_tool_use": True}, tools=[{"name": "get_weather", "input_schema": tool["function"]["parameters"]}])
        equal(r2.stop_reason, "tool_use")
        fits(r2.content[-1].name, r2.content[-1].input)

        def prompt_tokens(call_id, arguments):
            call = {"id": call_id, "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
            turn = [*about["messages"], {"role": "assistant", "content": None, "tool_calls": [call]},
                    {"role": "tool", "tool_call_id": call_id, "content": "12 C"}]
            return c.chat.completions.create(model=model, messages=turn, tools=[tool], max_tokens=1).usage

        call = r.message.tool_calls[0]
        first = prompt_tokens(call.id, call.function.arguments)
        wide = json.dumps(dict(reversed(json.loads(call.function.arguments).items())), indent=4)
        again = prompt_tokens(call.id, wide)
        equal(again.prompt_tokens, first.prompt_tokens)
        assert again.prompt_tokens_details.cached_tokens >= first.prompt_tokens - 1, again


@case
def ember_lm_eval():
    """A harness that knows nothing of us, over echo and logprobs: a local task, sums of log probabilities."""
    rows = (("How do I see the", [" licence of a model?", " zebra purple"]), ("What is", [" the licence", " qqq zz"]))
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(HF_HUB_OFFLINE="1", HF_HOME=folder, TRANSFORMERS_VERBOSITY="error")
        package("transformers")
        lm_eval = package("lm_eval")
        path = os.path.join(folder, "rows.jsonl")
        with open(path, "w") as f:
            f.writelines(json.dumps({"context": c, "choices": choices}) + "\n" for c, choices in rows)
        task = {"task": "local", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": path}}, "test_split": "test",
                "output_type": "multiple_choice", "doc_to_text": "{{context}}", "doc_to_target": "0", "doc_to_choice": "{{choices}}",
                "target_delimiter": "", "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}]}
        with served() as url, contextlib.redirect_stderr(io.StringIO()):
            r = lm_eval.simple_evaluate(model="local-completions", tasks=[task], log_samples=True, bootstrap_iters=0, model_args={
                "model": "ember", "base_url": url + "/v1/completions", "tokenizer": EMBER, "tokenizer_backend": "huggingface",
                "num_concurrent": 2, "max_retries": 1})
    equal(r["results"]["local"]["acc,none"], 1.0)
    for sample in r["samples"]["local"]:
        context = sample["doc"]["context"]
        for ending, (got, _) in zip(sample["doc"]["choices"], sample["filtered_resps"]):
            wanted = scored(context + ending) - scored(context)
            assert abs(got - wanted) < 1e-3, (context, ending, got, wanted)


def scored(text):
    """Sum of the text's log probabilities, of one pass and without a server."""
    done = subprocess.run([HEARTH, "score", "--json", EMBER, "-"], input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["logprob_sum"]


if __name__ == "__main__":
    find_packages(__file__)
    sys.exit(run_cases(HEARTH, SCRIPTED))
