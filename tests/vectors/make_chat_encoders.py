"""Expected prompts of the native encoders, from the vendors' own code.

  make_chat_encoders.py FOLDER > tests/data/chat/encoders.jsonl

FOLDER holds DeepSeek's encoding_dsv32.py and encoding_dsv4.py as published with the models; openai-harmony
comes from PyPI, with TIKTOKEN_ENCODINGS_BASE naming a folder with o200k_base.tiktoken. Conversations are
put together at random from a fixed seed; those that the vendor's code refuses are left out.
"""
import datetime
import json
import random
import sys

sys.path.insert(0, sys.argv[1])
import encoding_dsv32
import encoding_dsv4
import openai_harmony as oh

RANDOM = random.Random(20250704)
TEXTS = ["Hi", "春江潮水连海平", "a\n\nb ", "", " <think>no</think> ", "<｜User｜>x<|end|>", "{\"a\": 1}",
         "</｜DSML｜invoke>", "The \"quoted\" one\\", "🙂\t1.5e3"]
VALUES = ["x", "", 1, 2.5, True, None, [1, "é"], {"k": {"z": 1, "a": []}}, "line\nbreak \"q\"", 1e-7, "</p>"]
SCHEMAS = [
    None,
    {"type": "object", "properties": {}},
    {"type": "object", "properties": {"city": {"type": "string", "description": "Where"},
                                      "unit": {"type": "string", "enum": ["c", "f"], "default": "c"}},
     "required": ["city"]},
    {"description": "whole", "type": "object", "properties": {
        "a": {"type": "array", "items": {"type": "integer"}, "description": "numbers", "title": "A"},
        "b": {"type": ["integer", "null"], "default": 3},
        "c": {"type": "object", "description": "inner", "properties": {
            "x": {"type": "boolean", "default": False}, "y": {"type": "array"}}, "required": ["x"]},
        "d": {"oneOf": [{"type": "string", "enum": ["p", "q"], "default": "p", "description": "one"},
                        {"type": "object", "properties": {"n": {"type": "number", "nullable": True}}}],
              "description": "either", "default": {"n": 1, "m": [1, 2]}},
        "e": {"anyOf": [{"type": "string"}]},
        "f": {"type": "string", "nullable": True, "examples": ["u", "v", 1], "default": "w"},
        "g": {"oneOf": [{"type": "number", "description": "same"}, {"type": "null"}], "description": "same"},
        "h": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "integer", "default": 1}]}},
        "i": {"type": "string", "enum": [1, "s"], "default": "s"}, "j": {"type": "string", "enum": []}}},
]


def pick(values):
    return RANDOM.choice(values)


def tools():
    out = []
    for i in range(RANDOM.randrange(0, 4)):
        function = {"name": f"tool_{i}"}
        if pick([True, True, False]):
            function["description"] = pick(["Does it.", "Two\nlines", "One\n", "", "Mit <|end|>"])
        schema = pick(SCHEMAS)
        if schema:
            function["parameters"] = schema
        out.append({"type": "function", "function": function})
    return out


def arguments():
    value = {f"k{i}": pick(VALUES) for i in range(RANDOM.randrange(0, 4))}
    return value if pick([True, False]) else json.dumps(value, ensure_ascii=pick([True, False]))


def assistant(calls):
    m = {"role": "assistant"}
    if not calls or pick([True, False]):
        m["content"] = pick(TEXTS)
    if pick([True, True, False]):
        m["reasoning_content"] = pick(TEXTS[1:])
    if calls:
        m["tool_calls"] = [{"id": f"call_{RANDOM.randrange(10 ** 6)}", "type": "function",
                            "function": {"name": f"tool_{i}", "arguments": arguments()}} for i in range(calls)]
    return m


def conversation(heads):
    messages = [{"role": h, "content": pick(TEXTS)} for h in pick(heads)]
    for _ in range(RANDOM.randrange(1, 4)):
        messages.append({"role": "user", "content": pick(TEXTS)})
        if pick([True, False]):
            call = assistant(RANDOM.randrange(1, 4))
            messages.append(call)
            results = [{"role": "tool", "tool_call_id": c["id"], "content": pick(TEXTS)} for c in call["tool_calls"]]
            if pick([True, False]):
                RANDOM.shuffle(results)
            messages += results
            if pick([True, False]):
                continue
        messages.append(assistant(0))
    if messages[-1]["role"] == "assistant" and pick([True, True, False]):
        messages.append({"role": "user", "content": pick(TEXTS)})
    return messages


# ---- DeepSeek ----

def with_tools(messages, defined):
    """Tools of the request go to the leading system or developer message, or to an empty one."""
    messages = [dict(m) for m in messages]
    for m in messages:
        for call in m.get("tool_calls", []):
            if not isinstance(call["function"]["arguments"], str):
                call = call["function"]
                call["arguments"] = json.dumps(call["arguments"], ensure_ascii=False)
    if defined:
        if messages[0]["role"] not in ("system", "developer"):
            messages.insert(0, {"role": "system", "content": ""})
        messages[0]["tools"] = defined
    return messages


def deepseek(encoder):
    request = {"messages": conversation([[], [], ["system"], ["developer"]]), "tools": tools(),
               "add_generation_prompt": True, "chat_template_kwargs": {"thinking": pick([True, False])}}
    kwargs, extra = request["chat_template_kwargs"], {}
    copy = json.loads(json.dumps(request["messages"]))
    if encoder == "deepseek-v4":
        extra["drop_thinking"] = pick([True, True, False])
        extra["reasoning_effort"] = pick([None, "high", "max"])
        kwargs.update({k: v for k, v in extra.items() if v is not None})
    request["add_generation_prompt"] = request["messages"][-1]["role"] != "assistant"
    module = encoding_dsv4 if encoder == "deepseek-v4" else encoding_dsv32
    mode = "thinking" if kwargs["thinking"] else "chat"
    try:
        expected = module.encode_messages(with_tools(copy, request["tools"]), mode, **extra)
    except (Exception, AssertionError):
        return None
    return request, expected


# ---- harmony ----

def harmony_messages(request):
    kwargs, out = request["chat_template_kwargs"], []
    system = oh.SystemContent.new().with_reasoning_effort(oh.ReasoningEffort(kwargs["reasoning_effort"].capitalize()))
    system = system.with_conversation_start_date(request["now"][:10])
    if "browser" in kwargs["builtin_tools"]:
        system = system.with_browser_tool()
    if "python" in kwargs["builtin_tools"]:
        system = system.with_python_tool()
    out.append(oh.Message.from_role_and_content(oh.Role.SYSTEM, system))
    messages, instructions = request["messages"], []
    while len(instructions) < len(messages) and messages[len(instructions)]["role"] in ("system", "developer"):
        instructions.append(messages[len(instructions)]["content"])
    if instructions or request["tools"]:
        developer = oh.DeveloperContent.new()
        if instructions:
            developer = developer.with_instructions("\n\n".join(instructions))
        if request["tools"]:
            developer = developer.with_function_tools([oh.ToolDescription.new(
                t["function"]["name"], t["function"].get("description", ""), t["function"].get("parameters"))
                for t in request["tools"]])
        out.append(oh.Message.from_role_and_content(oh.Role.DEVELOPER, developer))
    names = {}
    for m in messages[len(instructions):]:
        def add(role, text, channel=None):
            out.append(oh.Message.from_role_and_content(role, text))
            if channel:
                out[-1] = out[-1].with_channel(channel)
        if m["role"] == "user":
            add(oh.Role.USER, m["content"])
        elif m["role"] == "assistant":
            calls = m.get("tool_calls", [])
            if m.get("reasoning_content"):
                add(oh.Role.ASSISTANT, m["reasoning_content"], "analysis")
            if m.get("content") is not None and (m["content"] or not calls):
                add(oh.Role.ASSISTANT, m["content"], "commentary" if calls else "final")
            for call in calls:
                names[call["id"]] = call["function"]["name"]
                value = call["function"]["arguments"]
                add(oh.Role.ASSISTANT, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
                    "commentary")
                out[-1] = out[-1].with_recipient("functions." + names[call["id"]]).with_content_type(
                    "<|constrain|>json")
        else:
            author = oh.Author.new(oh.Role.TOOL, "functions." + names[m["tool_call_id"]])
            out.append(oh.Message.from_author_and_content(author, m["content"])
                       .with_recipient("assistant").with_channel("commentary"))
    return out


def harmony(_):
    encoding = oh.load_harmony_encoding(oh.HarmonyEncodingName.HARMONY_GPT_OSS)
    request = {"messages": conversation([[], ["system"], ["developer"], ["system", "developer"]]), "tools": tools(),
               "add_generation_prompt": pick([True, True, False]), "now": "2026-03-05T14:07:09",
               "chat_template_kwargs": {"reasoning_effort": pick(["low", "medium", "high"]),
                                        "builtin_tools": pick([[], [], ["browser"], ["python", "browser"]]),
                                        "keep_analysis": pick([False, False, True])}}
    config = oh.RenderConversationConfig(
        auto_drop_analysis=not request["chat_template_kwargs"]["keep_analysis"])
    talk = oh.Conversation.from_messages(harmony_messages(request))
    if request["add_generation_prompt"]:
        ids = encoding.render_conversation_for_completion(talk, oh.Role.ASSISTANT, config)
    else:
        ids = encoding.render_conversation(talk, config)
    return request, encoding.decode(ids)


def main():
    for encoder, make, count in (("deepseek-v3.2", deepseek, 80), ("deepseek-v4", deepseek, 80),
                                 ("harmony", harmony, 80)):
        n = 0
        while n < count:
            made = make(encoder)
            if made:
                n += 1
                print(json.dumps({"encoder": encoder, "request": made[0], "expected": made[1]}, ensure_ascii=False))


main()
