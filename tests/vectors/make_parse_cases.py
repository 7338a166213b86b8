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

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "tests" / "data" / "parse"


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
    cuts = ()                 # beginnings of a call that end before its name is whole
    deep_cuts = ()            # those of them that can be nothing else
    odd_names = True
    tools = None              # the request's, where the format needs them to know a call
    quoted_keys = True
    late_id = False           # the id stands behind the arguments
    closer = "</tool_call>"   # the format's own end, for strings that hold it
    closers = ()              # what is dropped behind a call that broke
    lists = True              # arguments may be a list

    def rest(self, rest, behind):
        """What stays of a call that broke, without its closers, and what came behind."""
        return (rest.rstrip() if self.closers else rest) + behind

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
        tools = self.f.tools if tools is None else tools
        case = {"about": about, "text": text, "prompt_open": open, "content": content,
                "reasoning": reasoning, "tool_calls": wanted}
        if tools is not None:
            case["tools"] = tools
        if unparsed:
            case["unparsed"] = True
        self.lines.append(case)


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
    long = {"text": "word and word, " * 60}
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
    c.add("cut off in an argument", call[:at], unparsed=True, calls=[
        ("get_weather", '{"city": "Par', None if f.late_id else (want[0] + (None,))[2], True)])
    for cut in f.cuts:
        deep = cut in f.deep_cuts
        c.add(f"cut off before its name: {cut}", "Hm. " + cut, "Hm. " + cut, unparsed=deep)


def json_cases(c):
    """What only formats with JSON arguments can get wrong. f.around(args) is one call."""
    f = c.f

    def want(args, broken=False):
        name = ids(f, [("run", None)])[0]
        return [("run", args, name[2] if len(name) > 2 and not (broken and f.late_id) else None, broken)]

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
    if f.lists:
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
    add("an array as Python prints it", "[{'a': \"it's\", 'b\\n': (1, 2.5)}, True, None, []]",
        '[{"a": "it\'s", "b\\n": [1, 2.5]}, true, null, []]', "array")
    add("an object as Python prints it", "{'é': '\\x41\\u4e2d \"q\"'}", '{"é": "A中 \\"q\\""}', "object")
    add("Python's print cut off is a string", "{'a': [1", '"{\'a\': [1"', "object")
    add("Python's print of a set is a string", "{'a', 'b'}", '"{\'a\', \'b\'}"', "object")
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
    if f.quoted_keys:
        c.add("a key with a quote", f.write("run", [('a"b', "x")]), calls=[("run", '{"a\\"b": "x"}')])
    call = f.write("run", [("a", "12"), ("b", "x")])
    c.add("cut off in a number", call[:call.index("12") + 2], calls=[("run", '{"a": 12', None, True)],
          unparsed=True)
    c.add("cut off behind a parameter", call[:call.index(f.value_end) + len(f.value_end)], unparsed=True,
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


class Pangu(Format):
    name = "openpangu"
    think_open, think_close = "[unused16]", "[unused17]"
    end, between, quote = "[unused10]", "", "[unused11]"
    cuts = ("[unused11]", '[unused11][{"name": "get_wea', "[unused1", "[")
    deep_cuts = cuts[:2]
    closer, closers = "[unused12]", ["[unused12]"]

    def calls(self, calls):
        return "[unused11][" + ", ".join('{"name": "%s", "arguments": %s}' % (n, dumps(a))
                                         for n, a in calls) + "][unused12]"

    def around(self, n, a):
        return '[unused11][{"name": "%s", "arguments": %s}][unused12]' % (n, a)

    def rest(self, rest, behind):
        return rest + behind


class DeepSeekR1(Format):
    name = "deepseek-v3"
    end, between, quote = "<｜end▁of▁sentence｜>", "", "<｜tool▁calls▁begin｜>"
    begin, sep, close = "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"
    open, closer = "<｜tool▁calls▁begin｜>", "<｜tool▁call▁end｜>"
    closers = ["\n```" + close, close, "<｜tool▁calls▁end｜>"]
    cuts = (open, open + begin + "function" + sep + "get_wea", open + begin + "fun", open[:-3], "<")
    deep_cuts = cuts[:3]

    def body(self, n, a):
        return f"{self.begin}function{self.sep}{n}\n```json\n{a}\n```{self.close}"

    def calls(self, calls):
        return self.open + "\n".join(self.body(n, dumps(a)) for n, a in calls) + "<｜tool▁calls▁end｜>"

    def around(self, n, a):
        return self.open + self.body(n, a) + "<｜tool▁calls▁end｜>"


class DeepSeekV31(DeepSeekR1):
    cuts = (DeepSeekR1.open + DeepSeekR1.begin + "get_wea",)
    deep_cuts = cuts

    def body(self, n, a):
        return f"{self.begin}{n}{self.sep}{a}{self.close}"

    def calls(self, calls):
        return self.open + "".join(self.body(n, dumps(a)) for n, a in calls) + "<｜tool▁calls▁end｜>"


class Kimi(Format):
    name = "kimi"
    end, between, quote = "<|im_end|>", "", "<|tool_calls_section_begin|>"
    open, close = "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"
    closer = "<|tool_call_end|>"
    closers = [closer, close]
    cuts = (open, open + "<|tool_call_begin|>functions.get_wea", open[:-3], "<")
    deep_cuts = cuts[:2]

    def id_of(self, name, i):
        return f"functions.{name}:{i}"

    def body(self, n, a, i=0):
        return f"<|tool_call_begin|>{self.id_of(n, i)}<|tool_call_argument_begin|>{a}<|tool_call_end|>"

    def calls(self, calls):
        return self.open + "".join(self.body(n, dumps(a), i) for i, (n, a) in enumerate(calls)) + self.close

    def around(self, n, a):
        return self.open + self.body(n, a) + self.close


class MistralOld(Format):
    name = "mistral"
    think_open, think_close = "[THINK]", "[/THINK]"
    end, between, quote, closer, late_id = "</s>", "", "[TOOL_CALLS]", "[TOOL_CALLS]", True
    cuts = ("[TOOL_CALLS]", '[TOOL_CALLS][{"name": "get_wea', "[TOOL_CA", "[")
    deep_cuts = cuts[:2]

    def id_of(self, name, i):
        return f"abcdefgh{i}"

    def body(self, n, a, i=0):
        return '{"name": "%s", "arguments": %s, "id": "%s"}' % (n, a, self.id_of(n, i))

    def calls(self, calls):
        return "[TOOL_CALLS][" + ", ".join(self.body(n, dumps(a), i) for i, (n, a) in enumerate(calls)) + "]"

    def around(self, n, a):
        return "[TOOL_CALLS][" + self.body(n, a) + "]"


class MistralNew(Format):
    name = "mistral"
    think_open, think_close = "[THINK]", "[/THINK]"
    end, between, quote, closer = "</s>", "", "[TOOL_CALLS]", "[TOOL_CALLS]"
    cuts = ("[TOOL_CALLS]get_wea", "[TOOL_CALLS]get_weather[AR")
    deep_cuts = cuts[:1]

    def calls(self, calls):
        return "".join(f"[TOOL_CALLS]{n}[ARGS]{dumps(a)}" for n, a in calls)

    def around(self, n, a):
        return f"[TOOL_CALLS]{n}[ARGS]{a}"


class Llama(Format):
    name = "llama"
    end, lists, closer = "<|eot_id|>", False, "<|python_tag|>"
    cuts = ('{"name": "get_wea', '{"name": "get_weather", "param', "{", "<|python_t")
    tools = [tool(n) for n in ("get_weather", "get_time", "now", "search", "find", "run", "set", "say",
                               "mcp.server-1/tool:x_Y")]

    def calls(self, calls):
        return "; ".join(self.around(n, dumps(a)) for n, a in calls)

    def around(self, n, a):
        return '{"name": "%s", "parameters": %s}' % (n, a)


class Tags(Format):
    """Tags with a section around the calls."""
    tags = True
    value_end = "</parameter>"

    def value(self, v):
        return v if isinstance(v, str) else dumps(v)

    def calls(self, calls):
        return self.section(calls)

    def section(self, calls):
        return self.open + "\n" + "".join(
            self.write_call(n, [(k, self.value(v)) for k, v in a.items()]) for n, a in calls) + self.close

    def write(self, n, params):
        return self.open + "\n" + self.write_call(n, params) + self.close


class Minimax(Tags):
    name = "minimax"
    end, open, close, quote = "[e~[", "<minimax:tool_call>", "</minimax:tool_call>", "<minimax:tool_call>"
    cuts = (open, open + '\n<invoke name="get_wea', "<minimax:to", "<")
    deep_cuts = cuts[:2]

    def write_call(self, n, params):
        return f'<invoke name="{n}">\n' + "".join(
            f'<parameter name="{k}">{v}</parameter>\n' for k, v in params) + "</invoke>\n"


class Seed(Tags):
    name = "seed"
    think_open, think_close = "<seed:think>", "</seed:think>"
    end, open, close, quote = "<seed:eos>", "<seed:tool_call>", "</seed:tool_call>", "<seed:tool_call>"
    cuts = (open, open + "\n<function=get_wea", "<seed:to", "<")
    deep_cuts = cuts[:2]

    def write_call(self, n, params):
        return f"<function={n}>\n" + "".join(
            f"<parameter={k}>{v}</parameter>\n" for k, v in params) + "</function>\n"

    def calls(self, calls):
        return "\n".join(self.section([call]) for call in calls)


class Dsml(Tags):
    name = "dsml"
    end, open, close = "<｜end▁of▁sentence｜>", "<｜DSML｜function_calls>", "</｜DSML｜function_calls>"
    quote, value_end, quoted_keys, between = "<｜DSML｜function_calls>", "</｜DSML｜parameter>", False, "\n\n"
    cuts = (open, open + '\n<｜DSML｜invoke name="get_wea', "<｜DSML｜func", "<")
    deep_cuts = cuts[:2]

    def write_call(self, n, params):
        return f'<｜DSML｜invoke name="{n}">\n' + "".join(
            f'<｜DSML｜parameter name="{k}">{v}</｜DSML｜parameter>\n' for k, v in params) + "</｜DSML｜invoke>\n"

    def section(self, calls):
        return self.open + "\n" + "".join(
            f'<｜DSML｜invoke name="{n}">\n' + "".join(
                '<｜DSML｜parameter name="%s" string="%s">%s</｜DSML｜parameter>\n'
                % (k, "true" if isinstance(v, str) else "false", self.value(v)) for k, v in a.items()) +
            "</｜DSML｜invoke>\n" for n, a in calls) + self.close


class DsmlV4(Dsml):
    open, close = "<｜DSML｜tool_calls>", "</｜DSML｜tool_calls>"
    cuts = (open, open[:-3])
    deep_cuts = cuts[:1]


class KimiK3(Tags):
    name = "kimi-k3"
    think_open, think_close = "<|open|>think<|sep|>", "<|close|>think<|sep|>"
    end, open, close = "<|end_of_msg|>", "<|open|>tools<|sep|>", "<|close|>tools<|sep|>"
    quote, value_end, quoted_keys, between = "<|open|>tools<|sep|>", "<|close|>argument<|sep|>", False, ""
    cuts = (open, open + '<|open|>call tool="get_wea', "<|open|>to", "<")
    deep_cuts = cuts[:2]
    types = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", list: "array",
             type(None): "null"}

    def write_call(self, n, params, types=None):
        return f'<|open|>call tool="{n}" index="1"<|sep|>' + "".join(
            f'<|open|>argument key="{k}"%s<|sep|>{v}<|close|>argument<|sep|>' % (
                f' type="{types[i]}"' if types else "") for i, (k, v) in enumerate(params)) + "<|close|>call<|sep|>"

    def section(self, calls):
        return self.open + "".join(self.write_call(
            n, [(k, self.value(v)) for k, v in a.items()], [self.types[type(v)] for v in a.values()])
            for n, a in calls) + self.close


class Glm(Tags):
    name = "glm"
    end, quote, value_end = "<|user|>", "<tool_call>", "</arg_value>"
    cuts = ("<tool_call>", "<tool_call>get_wea", "<tool_call>get_weather\n<arg_", "<tool_ca", "<")
    deep_cuts = cuts[:2]
    newline = "\n"

    def think(self, text):
        return f"<think>{text}</think>\n"

    def write(self, n, params):
        nl = self.newline
        return f"<tool_call>{n}{nl}" + "".join(
            f"<arg_key>{k}</arg_key>{nl}<arg_value>{v}</arg_value>{nl}" for k, v in params) + "</tool_call>"

    def calls(self, calls):
        return self.newline.join(self.write(n, [(k, self.value(v)) for k, v in a.items()]) for n, a in calls)


class Glm47(Glm):
    newline, between = "", ""
    cuts, deep_cuts = (), ()


class Harmony(Format):
    name = "harmony"
    think_open = end = calls = None


def write_hermes(f, n, a):
    return '<tool_call>\n{"name": "%s", "arguments": %s}\n</tool_call>' % (n, a)


def write_qwen(f, n, ps):
    return f"<tool_call>\n<function={n}>\n" + "".join(
        f"<parameter={k}>\n{v}\n</parameter>\n" for k, v in ps) + "</function>\n</tool_call>"


Hermes.around, Hermes.closers, Hermes.deep_cuts = write_hermes, ["</tool_call>"], Hermes.cuts[:3]
QwenXml.write, QwenXml.deep_cuts = write_qwen, QwenXml.cuts[:3]


def pangu_cases(c):
    w = [WEATHER]
    body = '{"name": "get_weather", "arguments": {"city": "Paris"}}'
    c.add("an object without its list", f"[unused11]{body}[unused12]", calls=w)
    c.add("the end token is missing", f"[unused11][{body}]", calls=w)
    c.add("text behind", f"[unused11][{body}][unused12]Done.", "Done.", calls=w)
    c.add("an empty list", "[unused11][][unused12]", "[unused11][][unused12]")


def deepseek_cases(c):
    f, w = c.f, [WEATHER]
    body = f.body("get_weather", '{"city": "Paris"}')
    c.add("without the section's tokens", body, calls=w)
    c.add("the section's end is missing", f.open + body, calls=w)
    bare = f.body("", "").find("```") < 0
    c.add("the call's end is missing", f.open + body[:-len(f.close)], calls=w, unparsed=bare)
    c.add("the call's end is missing before the section's", f.open + body[:-len(f.close)] + "<｜tool▁calls▁end｜>",
          calls=w, unparsed=bare)
    c.add("white space between the tokens", f"{f.open}\n{body}\n\n{body}\n<｜tool▁calls▁end｜>", calls=w * 2)
    c.add("text behind", f.one(*WEATHER) + "Done.", "Done.", calls=w)
    c.add("nothing for arguments", f.around("now", ""), calls=[("now", {})])
    c.add("a broken call, then a good one", f.open + f.body("run", "{a}") + body + "<｜tool▁calls▁end｜>",
          "a}", calls=[("run", "{", None, True), WEATHER], unparsed=True)


def deepseek_v31_cases(c):
    deepseek_cases(c)
    f = c.f
    c.add("a tool called function", f.one("function", {"a": 1}), calls=[("function", {"a": 1})])


def kimi_cases(c):
    f = c.f
    body = f.body("get_weather", '{"city": "Paris"}')
    w = [(*WEATHER, "functions.get_weather:0")]
    c.add("without the section's tokens", body, calls=w)
    c.add("the section's end is missing", f.open + body, calls=w)
    c.add("the call's end is missing", f.open + body[:-len(f.closer)], calls=w, unparsed=True)
    c.add("white space between the tokens", f"{f.open}\n{body}\n{f.close}", calls=w)
    c.add("text behind", f.open + body + f.close + "Done.", "Done.", calls=w)
    c.add("an id of two digits", f.open + f.body("a_b", "{}", 12) + f.close, calls=[("a_b", {}, "functions.a_b:12")])
    c.add("an id without a prefix", f.open + body.replace("functions.", "") + f.close,
          calls=[(*WEATHER, "get_weather:0")])
    c.add("an id without a number", f.open + body.replace(":0", "") + f.close,
          calls=[(*WEATHER, "functions.get_weather")])
    c.add("a space behind the id", f.open + body.replace(":0", ":0 ") + f.close, calls=w)
    c.add("nothing for arguments", f.around("now", ""), calls=[("now", {}, "functions.now:0")])


def mistral_old_cases(c):
    w = [(*WEATHER, "abcdefgh0")]
    call = c.f.one(*WEATHER)
    c.add("a space behind the marker", call.replace("][", "] ["), calls=w)
    c.add("without ids", '[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}}]', calls=[WEATHER])
    c.add("the id first", '[TOOL_CALLS][{"id": "abcdefgh0", "name": "get_weather", "arguments": {"city": "Paris"}}]',
          calls=w)
    c.add("arguments first", '[TOOL_CALLS][{"arguments": {"city": "Paris"}, "name": "get_weather", '
          '"id": "abcdefgh0"}]', calls=w)
    c.add("the bracket is missing", call[:-1], calls=w)
    c.add("the brace is missing", call[:-2], calls=[(*WEATHER, None)], content=', "id": "abcdefgh0"', unparsed=True)
    c.add("text behind", call + "Done.", "Done.", calls=w)
    c.add("an empty list", "[TOOL_CALLS][]", "[TOOL_CALLS][]")


def mistral_new_cases(c):
    c.add("an id", '[TOOL_CALLS]get_weather[CALL_ID]abcdefghi[ARGS]{"city": "Paris"}', calls=[(*WEATHER, "abcdefghi")])
    c.add("without [ARGS]", '[TOOL_CALLS]get_weather{"city": "Paris"}', calls=[WEATHER])
    c.add("a space before the arguments", '[TOOL_CALLS]get_weather[ARGS] {"city": "Paris"}', calls=[WEATHER])
    c.add("white space between calls", '[TOOL_CALLS]now[ARGS]{}\n[TOOL_CALLS]now[ARGS]{}', calls=[("now", {})] * 2)
    c.add("a word alone", "[TOOL_CALLS]get_weather now", "[TOOL_CALLS]get_weather now")


def llama_cases(c):
    f = c.f
    w = [WEATHER]
    call = f.one(*WEATHER)
    c.add("a tag before the object", "<|python_tag|>" + call, calls=w)
    c.add("a tag and unknown tools", '<|python_tag|>{"name": "x", "parameters": {}}', calls=[("x", {})], tools=[tool("y")])
    c.add("arguments for parameters", call.replace("parameters", "arguments"), calls=w)
    c.add("with a type", '{"type": "function", ' + call[1:], calls=w)
    c.add("two on two lines", call + "\n" + call, calls=w * 2)
    c.add("two and a comma", call + ", " + call, calls=w * 2)
    c.add("a built-in tool", '<|python_tag|>brave_search.call(query="weather in Paris")',
          calls=[("brave_search", {"query": "weather in Paris"})])
    c.add("a built-in tool with two parameters", '<|python_tag|>wolfram.call(query="a = \"b\", c", n=3)',
          calls=[("wolfram", {"query": 'a = "b", c', "n": 3})])
    c.add("a built-in tool without parameters", "<|python_tag|>now.call()", calls=[("now", "{}")])
    c.add("a built-in tool cut off", '<|python_tag|>brave_search.call(query="wea',
          '<|python_tag|>brave_search.call(query="wea', unparsed=True)
    c.add("code behind the tag", "<|python_tag|>print(1)", "<|python_tag|>print(1)", unparsed=True)
    answer = '{"name": "Ada", "age": 36}'
    c.add("an answer in JSON", answer, answer)
    c.add("an answer with parameters, no tool's name", '{"name": "Ada", "parameters": {}}',
          '{"name": "Ada", "parameters": {}}')
    c.add("an answer whose parameters are a number", '{"name": "run", "parameters": 3}', '{"name": "run", "parameters": 3}')
    c.add("a call in the middle of a line", "Use " + call, "Use " + call)
    c.add("a name alone is a call of a tool that the request has", '{"name": "now"}', calls=[("now", {})])
    c.add("a name alone is an answer otherwise", '{"name": "Ada"}', '{"name": "Ada"}')
    answer = '{"result": "' + "x" * 5000
    c.add("an answer in JSON is not held", answer, answer)
    c.add("a list of objects", "[" + call + "]", "[" + call + "]")
    c.add("text behind", call + " Done.", " Done.", calls=w)


def tags_slips(c):
    """Slips of formats with a section around tagged calls."""
    f = c.f
    w = [WEATHER]
    body = f.write_call("get_weather", [("city", "Paris")])
    c.add("the section's end is missing", f.open + "\n" + body, calls=w)
    c.add("the call's end is missing", f.open + "\n" + body[:body.index(f.value_end) + len(f.value_end)] + "\n" +
          f.close, calls=w)
    c.add("two calls in one section", f.open + "\n" + body + body + f.close, calls=w * 2)
    c.add("on one line", (f.open + body + f.close).replace("\n", ""), calls=w)
    c.add("text behind", f.open + "\n" + body + f.close + "\nDone.", "\nDone.", calls=w)
    broken = f.open + "\n" + body.replace(f.value_end + "\n", f.value_end + "\nand\n") + f.close + " ok"
    c.add("words between parameters", broken, "\nand ok", unparsed=True,
          calls=[("get_weather", '{"city": "Paris"', None, True)])


def dsml_cases(c):
    f = c.f
    tags_slips(c)

    def one(value, string):
        return (f'{f.open}\n<｜DSML｜invoke name="run">\n<｜DSML｜parameter name="a" string="{string}">{value}'
                f"</｜DSML｜parameter>\n</｜DSML｜invoke>\n{f.close}")

    c.add("a string that looks like a number", one("12", "true"), calls=[("run", {"a": "12"})])
    c.add("the same, and the schema says integer", one("12", "true"), calls=[("run", {"a": "12"})],
          tools=[tool("run", a="integer")])
    c.add("not a string", one("[1, {}]", "false"), calls=[("run", {"a": [1, {}]})])
    c.add("not a string, and the schema says string", one("12", "false"), calls=[("run", {"a": 12})],
          tools=[tool("run", a="string")])
    c.add("said to be no string, but no JSON", one("twelve", "false"), calls=[("run", {"a": "twelve"})])


def k3_cases(c):
    f = c.f
    w = [WEATHER]
    think, done = "<|open|>think<|sep|>Hm.<|close|>think<|sep|>", "<|close|>message<|sep|><|end_of_msg|>"
    c.add("a response", "<|open|>response<|sep|>Hi.<|close|>response<|sep|>" + done, "Hi.")
    c.add("reasoning and a response", think + "<|open|>response<|sep|>Hi.<|close|>response<|sep|>" + done, "Hi.", "Hm.")
    c.add("the prompt has opened reasoning", "Hm.<|close|>think<|sep|><|open|>response<|sep|>Hi.<|close|>response<|sep|>"
          + done, "Hi.", "Hm.", open="think")
    c.add("an empty response and a call", think + "<|open|>response<|sep|><|close|>response<|sep|>" + f.one(*WEATHER) +
          done, "", "Hm.", w)
    c.add("a response and a call", think + "<|open|>response<|sep|>I look.<|close|>response<|sep|>" + f.one(*WEATHER) +
          done, "I look.", "Hm.", w)
    c.add("the section's end is missing", f.open + f.write_call("get_weather", [("city", "Paris")]), calls=w)
    c.add("a number that is a string", f.open + f.write_call("run", [("a", "12")], ["string"]) + f.close,
          calls=[("run", {"a": "12"})])
    c.add("a number, and the schema says string", f.open + f.write_call("run", [("a", "12")], ["number"]) + f.close,
          calls=[("run", {"a": 12})], tools=[tool("run", a="string")])


def glm_cases(c):
    f = c.f
    w = [WEATHER]
    nl = f.newline
    body = f"<tool_call>get_weather{nl}<arg_key>city</arg_key>{nl}<arg_value>Paris</arg_value>{nl}"
    c.add("text behind", body + "</tool_call>\nDone.", "\nDone.", calls=w)
    c.add("the value is cut off by the turn's end", body.split("</arg_value>")[0] + "<|user|>",
          calls=[("get_weather", '{"city": "Paris', None, True)], unparsed=True)
    c.add("words between arguments", body + "and\n</tool_call> ok", nl + "and ok", unparsed=True,
          calls=[("get_weather", '{"city": "Paris"', None, True)])
    c.add("prose between tags", "Between <tool_call> and </tool_call> stands a call.",
          "Between <tool_call> and </tool_call> stands a call.")
    c.add("Chinese between tags", "在<tool_call>和</tool_call>之间", "在<tool_call>和</tool_call>之间")
    c.add("a Chinese name that the request has", "<tool_call>天气\n</tool_call>", calls=[("天气", {})],
          tools=[tool("天气")])
    c.add("Hermes JSON is not this format", '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>',
          '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>')


def harmony_cases(c):
    start, end = "<|start|>assistant", "<|end|>"
    final, hm = "<|channel|>final<|message|>", "<|channel|>analysis<|message|>"

    def call(name, args, kind="<|constrain|>json", stop="<|call|>"):
        return f"<|channel|>commentary to={name} {kind}<|message|>{args}{stop}"

    weather = call("functions.get_weather", '{"city": "Paris"}')
    w = [WEATHER]
    c.add("final", final + "Hi.<|return|>", "Hi.")
    c.add("final without its end", final + "Hi.", "Hi.")
    c.add("analysis and final", hm + "Hm.\n\nYes." + end + start + final + "42<|return|>", "42", "Hm.\n\nYes.")
    c.add("white space stays", hm + "\n a \n" + end + start + final + "\n b \n<|return|>", "\n b \n", "\n a \n")
    c.add("analysis cut off", hm + "Hm, well", reasoning="Hm, well")
    c.add("analysis cut off in a token", hm + "Hm<|en", reasoning="Hm<|en")
    c.add("the prompt has opened analysis", "Hm." + end + start + final + "Yes.<|return|>", "Yes.", "Hm.", open="think")
    c.add("the same, cut off", "Hm.", "", "Hm.", open="think")
    c.add("a call", weather, calls=w)
    c.add("analysis and a call", hm + "Look." + end + start + weather, reasoning="Look.", calls=w)
    c.add("the recipient before the channel", " to=functions.get_weather<|channel|>commentary json<|message|>"
          '{"city": "Paris"}<|call|>', calls=w)
    c.add("the recipient in the role", hm + "Hm." + end + start + " to=functions.get_weather<|channel|>commentary "
          '<|constrain|>json<|message|>{"city": "Paris"}<|call|>', reasoning="Hm.", calls=w)
    c.add("no type", "<|channel|>commentary to=functions.get_weather<|message|>" '{"city": "Paris"}<|call|>', calls=w)
    c.add("the type is a word", call("functions.get_weather", '{"city": "Paris"}', "json"), calls=w)
    c.add("a space before the type's token", call("functions.get_weather", '{"city": "Paris"}', "<|constrain|> json"),
          calls=w)
    c.add("a call without its end", call("functions.get_weather", '{"city": "Paris"}', stop=""), calls=w)
    c.add("a call that <|end|> ends", call("functions.get_weather", '{"city": "Paris"}', stop=end), calls=w)
    c.add("a call that <|return|> ends", call("functions.get_weather", '{"city": "Paris"}', stop="<|return|>"), calls=w)
    c.add("a preamble", hm + "Plan." + end + start + "<|channel|>commentary<|message|>I look." + end + start + weather,
          "I look.", "Plan.", w)
    c.add("a preamble and an answer", "<|channel|>commentary<|message|>I think." + end + start + final + "Yes.<|return|>",
          "I think.\nYes.")
    c.add("two analyses", hm + "One." + end + start + hm + "Two." + end + start + final + "3<|return|>", "3",
          "One.\nTwo.")
    c.add("two calls", call("functions.a", "{}", stop=end) + start + call("functions.b", '{"x": [1]}'),
          calls=[("a", "{}"), ("b", '{"x": [1]}')])
    c.add("a built-in tool on the analysis channel", "<|channel|>analysis to=browser.search code<|message|>"
          '{"query": "x", "topn": 10}<|call|>', calls=[("browser.search", '{"query": "x", "topn": 10}')])
    c.add("a built-in tool on the commentary channel", "<|channel|>commentary to=browser.search code<|message|>"
          '{"query": "x"}<|call|>', calls=[("browser.search", '{"query": "x"}')])
    c.add("python gets code", '<|channel|>analysis to=python code<|message|>print("a\nb" if 1 < 2 else {})<|call|>',
          calls=[("python", {"code": 'print("a\nb" if 1 < 2 else {})'})])
    c.add("python cut off", "<|channel|>analysis to=python code<|message|>print(", unparsed=True,
          calls=[("python", '{"code": "print(', None, True)])
    c.add("nested braces", call("functions.search", dumps(NESTED)), calls=[("search", NESTED)])
    c.add("unicode", call("functions.find", dumps(UNICODE)), calls=[("find", UNICODE)])
    c.add("quotes, newlines, backslashes", call("functions.run", dumps(ESCAPED)), calls=[("run", ESCAPED)])
    c.add("tokens in a string", call("functions.say", '{"t": "<|call|><|end|>"}'), calls=[("say", '{"t": "<|call|><|end|>"}')])
    c.add("no arguments", call("functions.now", ""), calls=[("now", {})])
    c.add("empty arguments", call("functions.now", "{}"), calls=[("now", {})])
    c.add("white space around arguments", call("functions.now", "\n{} \n"), calls=[("now", {})])
    c.add("arguments cut off", call("functions.get_weather", '{"city": "Par', stop=""), unparsed=True,
          calls=[("get_weather", '{"city": "Par', None, True)])
    c.add("arguments not begun", call("functions.get_weather", "", stop=""), unparsed=True,
          calls=[("get_weather", "", None, True)])
    c.add("broken JSON", call("functions.run", '{"a": yes}'), "yes}", calls=[("run", '{"a": ', None, True)], unparsed=True)
    c.add("text behind the arguments", call("functions.run", "{} ok"), "ok", calls=[("run", "{}")], unparsed=True)
    c.add("a header cut off", "<|channel|>final", "<|channel|>final", unparsed=True)
    c.add("a header cut off behind a message", hm + "a" + end + "<|start|>assis", "<|start|>assis", "a", unparsed=True)
    c.add("a message that begins without an end", hm + "a<|start|>assistant" + final + "b", "b", "a")
    c.add("a channel without a start", hm + "a" + final + "b", "b", "a")
    c.add("an unknown channel", "<|channel|>notes<|message|>x<|end|>", "x")
    c.add("no channel", "<|message|>x<|end|>", "x")
    c.add("somebody else's turn", final + "x" + end + "<|start|>user<|message|>y<|end|>", "x\ny", unparsed=True)
    c.add("tokens in a code span", final + "Write `<|channel|>` and `<|end|>` so.<|return|>",
          "Write `<|channel|>` and `<|end|>` so.")
    c.add("tokens in a fenced block", final + "```\n<|start|>assistant<|end|>\n```\nso<|return|>",
          "```\n<|start|>assistant<|end|>\n```\nso")
    c.add("an open code span, then the next message", "<|channel|>commentary<|message|>It's a ` here." + end + start +
          weather, "It's a ` here.", calls=w)
    c.add("a call quoted in analysis", hm + 'I send {"city": "Paris"} to=functions.get_weather' + end + start + final + "x",
          "x", 'I send {"city": "Paris"} to=functions.get_weather')
    c.add("the request has no tools", weather, '{"city": "Paris"}', tools=[])
    c.add("a mark in prose", final + "a < b <| c |> <|x|>", "a < b <| c |> <|x|>")


FORMATS = [
    ("hermes", (Hermes, json_cases, hermes_cases)),
    ("qwen-xml", (QwenXml, tag_cases, qwen_xml_cases)),
    ("deepseek-v3", (DeepSeekR1, json_cases, deepseek_cases), (DeepSeekV31, json_cases, deepseek_v31_cases)),
    ("dsml", (Dsml, tag_cases, dsml_cases), (DsmlV4, tags_slips)),
    ("glm", (Glm, tag_cases, glm_cases), (Glm47, glm_cases)),
    ("kimi", (Kimi, json_cases, kimi_cases)),
    ("kimi-k3", (KimiK3, tag_cases, k3_cases)),
    ("minimax", (Minimax, tag_cases, tags_slips)),
    ("mistral", (MistralOld, json_cases, mistral_old_cases), (MistralNew, json_cases, mistral_new_cases)),
    ("llama", (Llama, json_cases, llama_cases)),
    ("harmony", (Harmony, harmony_cases)),
    ("seed", (Seed, tag_cases, tags_slips)),
    ("openpangu", (Pangu, json_cases, pangu_cases)),
    ("plain", (Plain, plain_cases)),
]


def write_seed(name, lines):
    """One input for tests/fuzz/fuzz_parse.c: format, options, a number for the cuts, a text."""
    index = [line.split("(")[1].rstrip(")\n").replace("_", "-")
             for line in open(ROOT / "src/lm/chat/format_list.h") if line.startswith("FORMAT(")].index(name)
    short = [c["text"] for c in lines if 20 < len(c["text"]) < 400]
    text = "\n".join(short[::max(1, len(short) // 12)])
    (OUT / "seeds").mkdir(exist_ok=True)
    (OUT / "seeds" / name).write_bytes(bytes([index, 1, 7]) + text.encode())


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, *kinds in FORMATS:
        lines = []
        for i, (kind, *more) in enumerate(kinds):
            c = Cases(kind())
            if i == 0:
                text_cases(c)
                if c.f.think_open:
                    think_cases(c)
            if c.f.calls:
                call_cases(c)
            for add in more:
                add(c)
            lines += c.lines
        path = OUT / f"{name}.jsonl"
        path.write_text("".join(json.dumps(c, ensure_ascii=False) + "\n" for c in lines))
        print(f"{path.name}: {len(lines)} cases")
        write_seed(name, lines)


if __name__ == "__main__":
    main()
