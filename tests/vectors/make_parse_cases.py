#!/usr/bin/env python3
"""Writes tests/data/parse/FORMAT.jsonl: what models write, and the message that it means.
SPDX-License-Identifier: Apache-2.0

Each format is written here a second time, from the vendor's chat template or description, as a
function from a message to text. Cases are messages put through it, and texts that no message
gives: cut off, broken, quoted. What is wanted is the message, never what the parser says.

    python3 tests/vectors/make_parse_cases.py
"""
import json
import pathlib

OUT = pathlib.Path(__file__).resolve().parent.parent / "data" / "parse"


def dumps(value):
    return json.dumps(value, ensure_ascii=False)


def tool(name, **types):
    properties = {k: v if isinstance(v, dict) else {"type": v} for k, v in types.items()}
    return {"type": "function", "function": {"name": name, "description": "", "parameters": {
        "type": "object", "properties": properties}}}


class Format:
    """How a vendor writes a turn. `calls` writes all calls of a message."""
    think_open, think_close = "<think>", "</think>"
    end = "<|im_end|>"
    between = "\n"            # content and the first call
    tags = False              # arguments are tags, not JSON
    quote = None              # a marker as prose would quote it
    cuts = ()                 # beginnings of a call that ends before its name is whole

    def think(self, text):
        return f"{self.think_open}\n{text}\n{self.think_close}\n\n"

    def one(self, name, args):
        return self.calls([(name, args)])


class Hermes(Format):
    name = "hermes"
    quote = "<tool_call>"
    cuts = ("<tool_call>", "<tool_call>\n{", '<tool_call>\n{"name": "get_wea', "<tool_ca", "<")

    def calls(self, calls):
        return "\n".join('<tool_call>\n{"name": "%s", "arguments": %s}\n</tool_call>' % (n, dumps(a))
                         for n, a in calls)


class QwenXml(Format):
    name = "qwen-xml"
    tags = True
    quote = "<tool_call>"
    cuts = ("<tool_call>", "<tool_call>\n<function=", "<tool_call>\n<function=get_wea", "<tool_ca", "<")
    value_end = "\n</parameter>"

    def value(self, v):
        return v if isinstance(v, str) else dumps(v)

    def calls(self, calls):
        return "\n".join(
            f"<tool_call>\n<function={n}>\n" +
            "".join(f"<parameter={k}>\n{self.value(v)}\n</parameter>\n" for k, v in a.items()) +
            "</function>\n</tool_call>" for n, a in calls)


class Plain(Format):
    name = "plain"
    calls = None


class Cases:
    def __init__(self, f):
        self.f, self.lines = f, []

    def add(self, about, text, content="", reasoning="", calls=(), open=None, tools=None,
            unparsed=False):
        """calls: (name, arguments as text or value, id or None, broken or False)"""
        wanted = []
        for call in calls:
            name, args, *rest = call
            c = {"name": name, "arguments": args if isinstance(args, str) else dumps(args)}
            if rest and rest[0]:
                c["id"] = rest[0]
            if len(rest) > 1 and rest[1]:
                c["broken"] = True
            wanted.append(c)
        case = {"about": about, "text": text, "prompt_open": open, "content": content,
                "reasoning": reasoning, "tool_calls": wanted}
        if tools is not None:
            case["tools"] = tools
        if unparsed:
            case["unparsed"] = True
        self.lines.append(case)

    def write(self):
        path = OUT / f"{self.f.name}.jsonl"
        path.write_text("".join(json.dumps(c, ensure_ascii=False) + "\n" for c in self.lines))
        print(f"{path.name}: {len(self.lines)} cases")


WEATHER = ("get_weather", {"city": "Paris"})
NESTED = {"filter": {"and": [{"a": "}{"}, {"b": ["]", "[", {"c": {}}]}]}, "text": "x"}
UNICODE = {"city": "北京市", "note": "é ☕ 🚀 \u200d"}
ESCAPED = {"code": "if (a < b) {\n\tprint(\"x\\n\");\n}", "path": "C:\\temp\\", "end": "'}]\"'"}


def ids(f, calls, start=0):
    """The ids that the format writes itself."""
    return [(n, a, f.id_of(n, start + i)) if hasattr(f, "id_of") else (n, a)
            for i, (n, a) in enumerate(calls)]


def text_cases(c):
    f = c.f
    c.add("nothing", "")
    c.add("content", "Hello, world.", "Hello, world.")
    c.add("content keeps its white space", "  Two words \n\n next.\n\n", "  Two words \n\n next.\n\n")
    c.add("white space alone", " \n ", " \n ")
    c.add("unicode", "巴黎 ☕ – naïve 🚀", "巴黎 ☕ – naïve 🚀")
    c.add("markdown", "Run:\n```sh\nls `pwd`\n```\nand `x`.\n", "Run:\n```sh\nls `pwd`\n```\nand `x`.\n")
    c.add("angle brackets and braces", "a < b, [x] {y} <z> << <<", "a < b, [x] {y} <z> << <<")
    if f.end:
        c.add("the token that ends the turn", "Done." + f.end, "Done.")
        c.add("that token in the middle", f"a{f.end} b", f"a{f.end} b")
        c.add("half of that token", "a" + f.end[:-1], "a" + f.end[:-1])


def think_cases(c):
    f = c.f
    o, e = f.think_open, f.think_close
    c.add("reasoning", f.think("Let me see.\n\nYes.") + "42", "42", "Let me see.\n\nYes.")
    c.add("reasoning of one line", f"{o}a{e}b", "b", "a")
    c.add("white space before reasoning", f"\n {o}\na\n{e}\nb", "b", "a")
    c.add("empty reasoning", f"{o}\n\n{e}\n\nb", "b", "")
    c.add("reasoning alone", f"{o}\na\n{e}", "", "a")
    c.add("reasoning cut off", f"{o}\na b", "", "a b")
    c.add("the closing tag cut off", f"{o}\na b{e[:-2]}", "", "a b" + e[:-2])
    c.add("the prompt has opened it", f"a\nb\n{e}\n\nc", "c", "a\nb", open="think")
    c.add("opened by prompt and model", f"{o}\na\n{e}\n\nc", "c", "a", open="think")
    c.add("opened by the prompt and cut off", "a\nb", "", "a\nb", open="think")
    c.add("opened by the prompt and closed at once", f"{e}b", "b", "", open="think")
    c.add("a closing tag alone is text", f"a {e} b", f"a {e} b")
    c.add("after the close tags are text", f"{o}a{e}b {o}c{e} d {e}", f"b {o}c{e} d {e}", "a")
    c.add("an opening tag in the middle is text", f"a {o}b{e}", f"a {o}b{e}")
    c.add("reasoning opened inside reasoning", f"{o}a {o} b{e}c", "c", f"a {o} b")
    c.add("reasoning about less-than signs", f"{o}a < b << c </d>{e}e", "e", "a < b << c </d>")
    c.add("unicode reasoning", f"{o}\n想一想：🤔\n{e}\n\n好。", "好。", "想一想：🤔")
    if f.end:
        c.add("reasoning, then the turn's end", f"{o}\na\n{e}\n\nb{f.end}", "b", "a")
        c.add("the turn ends inside reasoning", f"{o}\na{f.end}", "", "a")


def call_cases(c):
    f = c.f
    call = f.one(*WEATHER)
    want = ids(f, [WEATHER])
    two = [WEATHER, ("get_time", {"zone": "Europe/Paris", "format": "24h"})]
    three = [("get_weather", {"city": x}) for x in ("Oslo", "Rome", "Kyiv")]
    c.add("a call", call, calls=want)
    c.add("content and a call", "I look." + f.between + call, "I look.", calls=want)
    c.add("white space and a call", "\n\n" + call, calls=want)
    c.add("content ends in white space", "I look. \n\n" + call, "I look.", calls=want)
    c.add("white space behind a call", call + "\n\n", calls=want)
    c.add("two calls", f.calls(two), calls=ids(f, two))
    c.add("three calls of one tool", "Three." + f.between + f.calls(three), "Three.",
          calls=ids(f, three))
    c.add("no arguments", f.one("now", {}), calls=ids(f, [("now", {})]))
    c.add("no arguments, then some", f.calls([("now", {}), WEATHER]),
          calls=ids(f, [("now", {}), WEATHER]))
    c.add("nested braces", f.one("search", NESTED), calls=ids(f, [("search", NESTED)]))
    c.add("unicode arguments", f.one("find", UNICODE), calls=ids(f, [("find", UNICODE)]))
    c.add("quotes, newlines, backslashes", f.one("run", ESCAPED), calls=ids(f, [("run", ESCAPED)]))
    values = {"i": 5, "f": -0.5, "e": 1e+30, "t": True, "n": None, "l": [1, "2", [3]], "o": {"k": {}}}
    c.add("values of every type", f.one("set", values), calls=ids(f, [("set", values)]))
    long = {"text": "word and word, " * 400}
    c.add("a long argument", f.one("say", long), calls=ids(f, [("say", long)]))
    c.add("an empty string", f.one("say", {"text": ""}), calls=ids(f, [("say", {"text": ""})]))
    names = [("mcp.server-1/tool:x_Y", {"a": "b"})]
    if f.odd_names:
        c.add("a name with all that names may have", f.calls(names), calls=ids(f, names))
    if f.end:
        c.add("the turn ends behind a call", call + f.end, calls=want)
        c.add("the turn ends on a line of its own", call + "\n" + f.end + "\n", calls=want)
    if f.think_open:
        c.add("reasoning and a call", f.think("Hm.") + call, reasoning="Hm.", calls=want)
        c.add("reasoning, content, a call", f.think("Hm.") + "I look." + f.between + call, "I look.",
              "Hm.", want)
        c.add("opened by the prompt, then a call", f"Hm.\n{f.think_close}\n\n" + call,
              reasoning="Hm.", calls=want, open="think")
        c.add("a call in reasoning is reasoning", f"{f.think_open}\nI could {call} now.\n"
              f"{f.think_close}\n\nNo.", "No.", f"I could {call} now.")
        c.add("a call in reasoning that is cut off", f"{f.think_open}\nI could {call}",
              reasoning=f"I could {call}")
        c.add("a call in reasoning and one behind", f.think(f"Not {call} yet.") + call,
              reasoning=f"Not {call} yet.", calls=want)
    c.add("the request has no tools", "Look: " + call, "Look: " + call, tools=[])
    if f.quote:
        c.add("a marker in prose", f"Write {f.quote} to call a tool.", f"Write {f.quote} to call a tool.")
        c.add("a marker in a code span", f"Write `{f.quote}` or ``{f.quote}`.``",
              f"Write `{f.quote}` or ``{f.quote}`.``")
        c.add("a marker in prose, then a call", f"I use {f.quote} so:\n" + call, f"I use {f.quote} so:",
              calls=want)
    c.add("a call in a fenced block", f"Like this:\n```\n{call}\n```\nSee?",
          f"Like this:\n```\n{call}\n```\nSee?")
    c.add("a call in a fenced block with words", f"Like this:\n````xml\n```\n{call}\n````\nSee?",
          f"Like this:\n````xml\n```\n{call}\n````\nSee?")
    c.add("a fenced block, then a call", f"```c\nx\n```\n" + call, "```c\nx\n```", calls=want)
    c.add("a lone backtick on an earlier line", "It's a ` here.\n" + call, "It's a ` here.", calls=want)
    at = call.index("Paris") + 3
    c.add("cut off in an argument", call[:at], calls=[(*ids(f, [("get_weather", '{"city": "Par')])[0][:2],
          (want[0] + (None,))[2], True)], unparsed=True)
    for cut in f.cuts:
        deep = cut in f.deep_cuts
        c.add(f"cut off before its name: {cut}", "Hm. " + cut, "Hm. " + cut, unparsed=deep)


def json_cases(c):
    """What only formats with JSON arguments can get wrong. f.around(args) is one call."""
    f = c.f

    def want(args, broken=False):
        name = ids(f, [("run", None)])[0]
        return [("run", args, name[2] if len(name) > 2 else None, broken)]

    for about, args in (("spaces in JSON", '{ "a" :\n 1 ,\t"b":[ ] }'), ("escapes", '{"a": "\\u4e2d\\n\\"}"}'),
                        ("numbers", '{"a": [0, -1, 2.50, 1E5, 1e-07]}'),
                        ("deep", '{"a": ' + "[" * 100 + "]" * 100 + "}"),
                        ("the same key twice", '{"a": 1, "a": 2}'),
                        ("the format's own end inside a string", '{"a": "%s"}' % f.closer.replace("\n", " "))):
        c.add(about, f.around("run", args), calls=want(args))
    c.add("null for no arguments", f.around("run", "null"), calls=want("{}"))
    c.add("an empty string for no arguments", f.around("run", '""'), calls=want("{}"))
    c.add("arguments in a string", f.around("run", '"{\\"a\\": \\"\\\\n{\\", \\"b\\": [1]}"'),
          calls=want('{"a": "\\n{", "b": [1]}'))
    c.add("a list for arguments", f.around("run", "[1, 2]"), calls=want("[1, 2]"))
    for about, good, bad in (("a bare word", '{"a": ', "yes"), ("a comma too many", '{"a": 1, ', "}"),
                             ("single quotes", "{", "'a': 1}"), ("a raw newline in a string", '{"a": "x', "\ny\"}"),
                             ("a bracket too many", '{"a": [1]', "]}")):
        text = f.around("run", good + bad)
        head, tail = text.split(good + bad)
        rest = bad + tail
        for closer in f.closers:
            rest = rest.replace(closer, "")
        c.add("broken JSON: " + about, text + " ok", f.rest(rest, " ok"), calls=want(good, True),
              unparsed=True)


def hermes_cases(c):
    f = c.f
    w = [WEATHER]
    body = '{"name": "get_weather", "arguments": {"city": "Paris"}}'
    c.add("on one line", f"<tool_call>{body}</tool_call>", calls=w)
    c.add("the end tag is missing", f"<tool_call>\n{body}", calls=w)
    c.add("the end tag is missing before the next", f"<tool_call>\n{body}\n<tool_call>\n{body}\n</tool_call>",
          calls=w * 2)
    c.add("the end tag is cut off", f"<tool_call>\n{body}\n</tool", "\n</tool", calls=w)
    c.add("the last brace is missing", f"<tool_call>\n{body[:-1]}\n</tool_call>", calls=w, unparsed=True)
    c.add("arguments first", '<tool_call>{"arguments": {"city": "Paris"}, "name": "get_weather"}</tool_call>',
          calls=w)
    c.add("parameters for arguments", "<tool_call>" + body.replace("arguments", "parameters") + "</tool_call>",
          calls=w)
    c.add("members that mean nothing here", '<tool_call>{"type": "function", "x": [{"name": "y"}], "name": '
          '"get_weather", "arguments": {"city": "Paris"}, "y": {"arguments": 1}}</tool_call>', calls=w)
    c.add("an id", '<tool_call>{"id": "c-1", "name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>',
          calls=[(*WEATHER, "c-1")])
    c.add("an id behind the arguments", '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}, '
          '"id": "c-1"}</tool_call>', calls=[(*WEATHER, "c-1")])
    c.add("no arguments member", '<tool_call>{"name": "now"}</tool_call>', calls=[("now", {})])
    c.add("a list of calls", f"<tool_call>\n[{body}, {body}]\n</tool_call>", calls=w * 2)
    c.add("two objects in one pair of tags", f"<tool_call>\n{body}\n{body}\n</tool_call>", calls=w * 2)
    c.add("text behind the calls", f"<tool_call>\n{body}\n</tool_call>\nDone.", "\nDone.", calls=w)
    c.add("text between the calls", f"A\n<tool_call>\n{body}\n</tool_call>\nB\n<tool_call>{body}</tool_call>",
          "A\nB", calls=w * 2)
    c.add("no name", '<tool_call>\n{"arguments": {}}\n</tool_call>',
          '<tool_call>\n{"arguments": {}}\n</tool_call>', unparsed=True)
    c.add("a name with a space", '<tool_call>{"name": "a b", "arguments": {}}</tool_call>',
          '<tool_call>{"name": "a b", "arguments": {}}</tool_call>', unparsed=True)
    c.add("a Chinese name that the request has", '<tool_call>{"name": "天气", "arguments": {}}</tool_call>',
          calls=[("天气", {})], tools=[tool("天气")])
    c.add("a Chinese name that nobody has", '<tool_call>{"name": "天气", "arguments": {}}</tool_call>',
          '<tool_call>{"name": "天气", "arguments": {}}</tool_call>', unparsed=True)
    c.add("broken before the name", '<tool_call>{"id": nope, "name": "f"}</tool_call> ok',
          '<tool_call>{"id": nope, "name": "f"}</tool_call> ok', unparsed=True)
    c.add("broken before the name, then a call", f'<tool_call>{{"nam <tool_call>{body}</tool_call>',
          '<tool_call>{"nam', calls=w, unparsed=True)
    c.add("a marker twice", f"<tool_call>\n<tool_call>\n{body}\n</tool_call>", "<tool_call>", calls=w)
    c.add("an escaped name", '<tool_call>{"na\\u006de": "get\\u005fweather", "arguments": {"city": "Paris"}}'
          "</tool_call>", calls=w)
    long = '{"name": "f", "x": "%s", "arguments": {}}' % ("y" * 5000)
    c.add("a head of 5000 bytes is content", f"<tool_call>{long}</tool_call>", f"<tool_call>{long}</tool_call>",
          unparsed=True)


def tag_cases(c):
    """What only formats with tagged parameters can get wrong. f.write(name, [(k, text)]) is a call."""
    f = c.f

    def add(about, value, wanted, schema=None):
        tools = None if schema is None else [tool("run", a=schema)]
        c.add(about, f.write("run", [("a", value)]), calls=[("run", '{"a": %s}' % wanted)], tools=tools)

    add("no schema: an integer", "12", "12")
    add("no schema: a number", "-1.5e3", "-1.5e3")
    add("no schema: true", "true", "true")
    add("no schema: null", "null", "null")
    add("no schema: an object", '{"b": [1, {}]}', '{"b": [1, {}]}')
    add("no schema: a version is a string", "1.2.3", '"1.2.3"')
    add("no schema: a leading zero is a string", "007", '"007"')
    add("no schema: two numbers are a string", "1 2", '"1 2"')
    add("no schema: a word that begins like null", "nullable", '"nullable"')
    add("no schema: True is a string", "True", '"True"')
    add("no schema: a quoted string stays quoted", '"x"', '"\\"x\\""')
    add("no schema: an object cut off is a string", '{"b": [1', '"{\\"b\\": [1"')
    add("no schema: JSON and more is a string", "[1] and [2]", '"[1] and [2]"')
    add("a string that looks like a number", "12", '"12"', "string")
    add("a string that looks like an object", '{"b": 1}', '"{\\"b\\": 1}"', "string")
    add("a string that looks like null", "null", '"null"', "string")
    add("an integer", "12", "12", "integer")
    add("an integer that is none", "twelve", '"twelve"', "integer")
    add("a number", "2.50", "2.50", "number")
    add("a boolean", "false", "false", "boolean")
    add("a boolean as Python prints it", "True", "true", "boolean")
    add("an array", '["a", 1]', '["a", 1]', "array")
    add("an array that is none", "a, b", '"a, b"', "array")
    add("an object", '{"b": {"c": null}}', '{"b": {"c": null}}', "object")
    add("string or null: null", "null", "null", {"type": ["string", "null"]})
    add("string or null: text", "nothing", '"nothing"', {"type": ["string", "null"]})
    add("anyOf integer or string: 12", "12", "12", {"anyOf": [{"type": "integer"}, {"type": "string"}]})
    add("anyOf integer or string: 1.5", "1.5", '"1.5"', {"anyOf": [{"type": "integer"}, {"type": "string"}]})
    add("an enum of strings", "1", '"1"', {"enum": ["1", "2"]})
    add("an enum of integers", "1", "1", {"enum": [1, 2]})
    add("a const", "5", '"5"', {"const": "5"})
    ref = [tool("run", a={"$ref": "#/$defs/text"})]
    ref[0]["function"]["parameters"]["$defs"] = {"text": {"type": "string"}}
    c.add("a reference", f.write("run", [("a", "5")]), calls=[("run", '{"a": "5"}')], tools=ref)
    c.add("a parameter that the schema does not have", f.write("run", [("b", "5")]),
          calls=[("run", '{"b": 5}')], tools=[tool("run", a="string")])
    c.add("a tool that the request does not have", f.write("other", [("a", "5")]),
          calls=[("other", '{"a": 5}')], tools=[tool("run", a="string")])
    c.add("tags inside a value", f.write("run", [("a", "<b>x</b> <tool_call> </ <function=f> </function>")]),
          calls=[("run", '{"a": "<b>x</b> <tool_call> </ <function=f> </function>"}')])
    c.add("lines and blanks of a value stay", f.write("run", [("a", "  x\n\n  y  ")]),
          calls=[("run", '{"a": "  x\\n\\n  y  "}')])
    c.add("control characters", f.write("run", [("a", "x\u0001\u001f\b\f\r\ty\u007f")]),
          calls=[("run", '{"a": "x\\u0001\\u001f\\b\\f\\r\\ty\u007f"}')])
    c.add("a key with a quote", f.write("run", [('a"b', "x")]), calls=[("run", '{"a\\"b": "x"}')])
    call = f.write("run", [("a", "12"), ("b", "x")])
    c.add("cut off in a number", call[:call.index("12") + 2], calls=[("run", '{"a": 12', None, True)],
          unparsed=True)
    c.add("cut off behind a parameter", call[:call.index("x") - len(f.key("b"))] , unparsed=True,
          calls=[("run", '{"a": 12', None, True)])


def qwen_xml_cases(c):
    f = c.f
    w = [WEATHER]
    body = "<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n"
    c.add("no newlines around the value", "<tool_call><function=get_weather><parameter=city>Paris</parameter>"
          "</function></tool_call>", calls=w)
    c.add("without <tool_call>", body + "</function>\n</tool_call>", calls=w)
    c.add("without both", "I look.\n" + body + "</function>", "I look.", calls=w)
    c.add("</function> is missing", "<tool_call>\n" + body + "</tool_call>", calls=w)
    c.add("</tool_call> is missing", "<tool_call>\n" + body + "</function>", calls=w)
    c.add("two functions in one pair of tags", "<tool_call>\n" + (body + "</function>\n") * 2 + "</tool_call>",
          calls=w * 2)
    c.add("text behind the call", "<tool_call>\n" + body + "</function>\n</tool_call>\nDone.", "\nDone.", calls=w)
    c.add("words between parameters", "<tool_call>\n" + body + "and\n</function>\n</tool_call> ok",
          "\nand ok", calls=[("get_weather", '{"city": "Paris"', None, True)], unparsed=True)
    c.add("a function without a name", "<tool_call>\n<function=>\n</function>\n</tool_call>",
          "<tool_call>\n<function=>\n</function>\n</tool_call>", unparsed=True)
    c.add("<function=..> in prose", "Write <function=f> and so on.", "Write <function=f> and so on.", unparsed=True)
    c.add("a value of newlines", "<tool_call>\n<function=f>\n<parameter=a>\n\n\n\n</parameter>\n</function>\n"
          "</tool_call>", calls=[("f", {"a": "\n\n"})])
    c.add("a value that is empty, without newlines", "<tool_call>\n<function=f>\n<parameter=a></parameter>\n"
          "</function>\n</tool_call>", calls=[("f", {"a": ""})])
    c.add("an integer between newlines", "<tool_call>\n<function=f>\n<parameter=a>\n5\n</parameter>\n</function>\n"
          "</tool_call>", calls=[("f", {"a": 5})], tools=[tool("f", a="integer")])


def plain_cases(c):
    call = Hermes().one(*WEATHER)
    c.add("there are no calls", call, call)
    c.add("nor with tools", call, call, tools=[tool("get_weather", city="string")])


Hermes.around = lambda self, n, a: '<tool_call>\n{"name": "%s", "arguments": %s}\n</tool_call>' % (n, a)
Hermes.closer = "</tool_call>"
Hermes.closers = ["</tool_call>"]
Hermes.deep_cuts = Hermes.cuts[:3]
QwenXml.deep_cuts = QwenXml.cuts[:3]
Format.odd_names = True
# What stays of a call that broke: `rest` without its closers, then what came behind.
Format.rest = lambda self, rest, behind: rest.rstrip() + behind
QwenXml.key = lambda self, k: f"<parameter={k}>\n"
QwenXml.write = lambda self, n, ps: (f"<tool_call>\n<function={n}>\n" + "".join(
    f"<parameter={k}>\n{v}\n</parameter>\n" for k, v in ps) + "</function>\n</tool_call>")

FORMATS = [(Hermes, json_cases, hermes_cases), (QwenXml, tag_cases, qwen_xml_cases), (Plain, plain_cases)]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for kind, *more in FORMATS:
        c = Cases(kind())
        text_cases(c)
        if c.f.think_open:
            think_cases(c)
        if c.f.calls:
            call_cases(c)
        for add in more:
            add(c)
        c.write()


if __name__ == "__main__":
    main()
