#!/usr/bin/env python3
"""Writes constraint_schema_cases.json: schemas with texts that satisfy them and texts that do not.

SPDX-License-Identifier: Apache-2.0

Python's jsonschema judges every instance, so the verdicts are not ours. Texts that differ from their
value (white space, escapes, duplicate names) are given with the verdict that docs/constraints.md
states. Run with a Python that has jsonschema and its format extras.
"""
import json
import pathlib

import jsonschema

CASES = [
    ("types", {"type": ["string", "null"]}, ["a", None, "", 1, True, [], {}]),
    ("integers", {"type": "integer"}, [0, -1, 12345678901234567890, 1.5, "1", -0.25]),
    ("bounds", {"type": "number", "minimum": -2.5, "exclusiveMaximum": 10},
     [-2.5, -2.6, 0, 9.99, 10, 10.01, -0.0, 9, 100, -3]),
    ("integer bounds", {"type": "integer", "minimum": 5, "maximum": 120},
     [4, 5, 6, 10, 99, 100, 119, 120, 121, 1000, 0, -5]),
    ("multiples", {"type": "number", "multipleOf": 0.25}, [0, 0.25, 0.5, 1, 1.1, 7.75, -2.25, 0.125]),
    ("not multiples", {"type": "integer", "not": {"multipleOf": 3}}, [0, 1, 2, 3, 4, 5, 6, 7, -3, -4, 300]),
    ("lengths", {"type": "string", "minLength": 2, "maxLength": 4},
     ["", "a", "ab", "abcd", "abcde", "日本", "日本語文", "日本語文字", "\n\"", "😀😀"]),
    ("pattern", {"type": "string", "pattern": "^[a-z]+[0-9]?$"}, ["a", "abc9", "9", "abc99", "", "A"]),
    ("pattern anywhere", {"pattern": "b+"}, ["abc", "b", "", "ac", 5]),
    ("pattern and length", {"type": "string", "pattern": "^[ab]*$", "maxLength": 3},
     ["", "ab", "aba", "abab", "abc"]),
    ("enum", {"enum": ["red", 7, None, [1, {"a": "b"}], {"x": [True]}, 1.5]},
     ["red", 7, None, [1, {"a": "b"}], {"x": [True]}, 1.5, "re", 8, [1], {"x": [False]}, {}, [1, {}], 15]),
    ("const object", {"const": {"a": 1, "b": [2]}}, [{"a": 1, "b": [2]}, {"b": [2], "a": 1}, {"a": 1}, {}]),
    ("object", {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
                "required": ["name"], "additionalProperties": False},
     [{"name": "x"}, {"name": "x", "age": 3}, {"age": 3, "name": "x"}, {"age": 3}, {"name": 3}, {},
      {"name": "x", "other": 1}, [], "name"]),
    ("open object", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
     [{"n": 1}, {"a": None, "n": 1, "b": [1]}, {"n": "1"}, {"a": 1}, {"n": 1, "nn": "x"}]),
    ("typed rest", {"type": "object", "properties": {"id": {"type": "string"}},
                    "additionalProperties": {"type": "integer"}},
     [{}, {"id": "x", "a": 1}, {"a": "x"}, {"id": 1}, {"idx": 1, "i": 2}]),
    ("patterns of names", {"type": "object", "patternProperties": {"^x-": {"type": "string"}, "y$": {"type": "integer"}},
                           "additionalProperties": False},
     [{}, {"x-a": "b"}, {"ay": 1}, {"x-y": 1}, {"x-a": 1}, {"b": 1}]),
    ("names", {"type": "object", "propertyNames": {"pattern": "^[a-c]$"}}, [{}, {"a": 1, "b": 2}, {"d": 1}, {"ab": 1}]),
    ("counted members", {"type": "object", "minProperties": 1, "maxProperties": 2},
     [{}, {"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}]),
    ("counted and required", {"type": "object", "required": ["a", "b"], "maxProperties": 2},
     [{"a": 1, "b": 1}, {"b": 1, "a": 1}, {"a": 1, "c": 1}, {"a": 1}, {"a": 1, "b": 1, "c": 1}]),
    ("dependent", {"type": "object", "dependentRequired": {"a": ["b"]},
                   "dependentSchemas": {"c": {"properties": {"d": {"type": "integer"}}, "required": ["d"]}}},
     [{}, {"a": 1}, {"a": 1, "b": 1}, {"b": 1}, {"c": 1}, {"c": 1, "d": 2}, {"c": 1, "d": "2"}]),
    ("array", {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
     [[], [1], [1, 2, 3], [1, 2, 3, 4], ["1"], {}]),
    ("tuple", {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
     [[], ["a"], ["a", 1], [1], ["a", 1, 2]]),
    ("tuple and rest", {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "boolean"}},
     [["a", True, False], ["a"], ["a", 1], [True]]),
    ("contains", {"type": "array", "contains": {"type": "string"}, "maxItems": 3},
     [[], [1], ["a"], [1, 2, "a"], [1, 2, 3], [1, 2, 3, "a"]]),
    ("contains counted", {"type": "array", "contains": {"const": 1}, "minContains": 2, "maxContains": 3},
     [[1], [1, 1], [1, 0, 1, 1], [1, 1, 1, 1], []]),
    ("any of", {"anyOf": [{"type": "object", "properties": {"k": {"const": "a"}, "v": {"type": "integer"}},
                           "required": ["k", "v"]},
                          {"type": "object", "properties": {"k": {"const": "b"}, "v": {"type": "string"}},
                           "required": ["k", "v"]}]},
     [{"k": "a", "v": 1}, {"v": "x", "k": "b"}, {"k": "a", "v": "x"}, {"v": 1, "k": "b"}, {"k": "c", "v": 1}]),
    ("one of, overlapping", {"oneOf": [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}]},
     [{"a": 1}, {"b": 1}, {"a": 1, "b": 1}, {}, {"c": 1, "b": 2}]),
    ("one of numbers", {"oneOf": [{"multipleOf": 3}, {"multipleOf": 5}]}, [3, 5, 15, 9, 10, 30, 7]),
    ("all of", {"allOf": [{"type": "object", "properties": {"a": {"minimum": 2}}},
                          {"properties": {"a": {"type": "integer", "maximum": 4}}, "required": ["a"]}]},
     [{"a": 2}, {"a": 4}, {"a": 5}, {"a": 1}, {}, {"a": 2.5}]),
    ("not", {"not": {"type": "object", "required": ["a"]}}, [1, {}, {"b": 1}, {"a": 1}, [1]]),
    ("not everything", {"type": "object", "not": {"properties": {"a": {"type": "string"}}}},
     [{}, {"a": 1}, {"a": "x"}, {"b": 1}, {"b": 1, "a": None}]),
    ("not closed", {"type": "object", "not": {"properties": {"a": {}}, "additionalProperties": False}},
     [{}, {"a": 1}, {"b": 1}, {"a": 1, "b": 2}]),
    ("not items", {"type": "array", "not": {"items": {"type": "integer"}}}, [[], [1], ["a"], [1, "a"], [1, 2]]),
    ("if", {"type": "object", "if": {"properties": {"kind": {"const": "n"}}, "required": ["kind"]},
            "then": {"properties": {"v": {"type": "integer"}}, "required": ["v"]},
            "else": {"properties": {"v": {"type": "string"}}}},
     [{"kind": "n", "v": 1}, {"v": 1, "kind": "n"}, {"kind": "n"}, {"kind": "n", "v": "x"}, {"v": "x"}, {"v": 1},
      {"kind": "m", "v": "x"}]),
    ("recursion", {"$ref": "#/$defs/node", "$defs": {"node": {
        "type": "object", "properties": {"v": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
        "required": ["v", "next"], "additionalProperties": False}}},
     [{"v": 1, "next": None}, {"v": 1, "next": {"next": None, "v": 2}}, {"v": 1}, {"v": 1, "next": {"v": 2}}]),
    ("a set", {"type": "array", "items": {"enum": ["a", "b", 1, None]}, "uniqueItems": True, "minItems": 1},
     [[], ["a"], ["a", "b"], ["a", "a"], ["b", 1, None, "a"], ["b", 1, None, "a", "b"], [None, None], ["c"]]),
    ("a set of a definition", {"type": "array", "items": {"$ref": "#/$defs/c"}, "uniqueItems": True,
                               "$defs": {"c": {"$ref": "#/$defs/d"}, "d": {"type": "integer", "enum": [1, 2, 3, 2]}}},
     [[], [1], [1, 1], [3, 2, 1], [2, 2], [1, 2, 3, 1], [4]]),
    ("a set or one", {"anyOf": [{"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
                                {"type": "array", "uniqueItems": True, "maxItems": 1}]},
     [["a", "a"], ["a", "b"], ["c"], ["c", "a"], [["c"]], ["b", "a", "b"]]),
    ("a set that contains", {"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True,
                             "contains": {"const": "b"}},
     [[], ["a"], ["b"], ["a", "b"], ["a", "c"], ["c", "b", "a"], ["b", "b"]]),
    ("a whole set", {"type": "array", "items": {"enum": ["a", "b", {"x": [1]}]}, "uniqueItems": True, "minItems": 3},
     [["a", "b"], ["a", "b", {"x": [1]}], [{"x": [1]}, "b", "a"], ["a", "b", "a"], [{"x": [1]}, {"x": [1]}, "a"]]),
    ("anchors", {"$defs": {"a": {"$anchor": "x", "type": "integer"}}, "items": {"$ref": "#x"}}, [[1], ["a"], []]),
    ("true", True, [1, "a", [], {"a": [None, {"b": {}}]}]),
    ("dates", {"format": "date"}, ["2024-02-29", "2023-02-29", "2024-13-01", "2024-1-1", "1999-12-31"]),
    ("date-time", {"format": "date-time"}, ["2024-02-29T23:59:59Z", "2024-02-29T24:00:00Z", "2024-02-29",
                                            "2024-02-29T10:00:00.123+02:00"]),
    ("addresses", {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
     ["1.2.3.4", "256.1.1.1", "::1", "1:2:3:4:5:6:7:8", "1:2", "::ffff:1.2.3.4", "12345::"]),
    ("uuid", {"format": "uuid"}, ["123e4567-e89b-12d3-a456-426614174000", "123e4567", ""]),
    ("draft 4 bounds", {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": True},
     [3, 4, 3.5, 2]),
    ("draft 7 reference alone", {"$schema": "http://json-schema.org/draft-07/schema#",
                                 "definitions": {"s": {"type": "string"}},
                                 "properties": {"a": {"$ref": "#/definitions/s", "maxLength": 1}}},
     [{"a": "xyz"}, {"a": 1}]),
]

# Texts, not values: the verdict is the documentation's.
TEXTS = [
    ("white space", {"type": "object", "properties": {"a": {"type": "array"}}}, "flexible",
     ['{ "a" : [ 1 , 2 ] }', '{\n\t"a":\r\n[]}'], [' {}', '{} ', '{"a":[1,]}', '{"a":[1 2]}', '{,}', '{"a"}']),
    ("no white space", {"type": "object"}, "compact", ['{"a":[1,2],"b":{}}'], ['{"a": 1}', '{ }']),
    ("escapes", {"type": "string"}, "flexible", ['"\\u00e9\\n\\/\\ud83d\\ude00"', '"é"'],
     ['"\\ud83d"', '"\\x"', '"\n"', '"\\u12"', '"a', "'a'"]),
    ("escapes under a pattern", {"type": "string", "pattern": "^.*$"}, "flexible", ['"\\t\\"\\\\\\u0001"'],
     ['"\\u0041"', '"\\n"', '"\\/"']),
    ("names come once", {"type": "object"}, "flexible", ['{"a":1,"b":1}'], ['{"a":1,"a":1}', '{"x":1,"a":1,"x":2}']),
    ("names in another spelling", {"properties": {"a": {"type": "integer"}}}, "flexible", ['{"a":1}'],
     ['{"\\u0061":"x"}']),
    ("numbers", {"type": "number"}, "flexible", ["1e5", "-0.5E+10", "0", "1.50"], ["01", "+1", ".5", "1.", "-", "1e", "NaN"]),
    ("bounded numbers have no exponent", {"type": "number", "minimum": 0}, "flexible", ["1.50", "0.0"], ["1e5"]),
    ("integers have no point", {"type": "integer"}, "flexible", ["10", "-7"], ["1.0", "1e3"]),
]


def main():
    cases = []
    for name, schema, instances in CASES:
        cls = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
        validator = cls(schema, format_checker=cls.FORMAT_CHECKER)
        good, bad = [], []
        for v in instances:
            (good if validator.is_valid(v) else bad).append(json.dumps(v, ensure_ascii=False))
        cases.append({"name": name, "spec": {"type": "json_schema", "schema": schema}, "accept": good, "reject": bad})
    for name, schema, blanks, good, bad in TEXTS:
        cases.append({"name": name, "spec": {"type": "json_schema", "schema": schema, "whitespace": blanks},
                      "accept": good, "reject": bad})
    path = pathlib.Path(__file__).with_name("constraint_schema_cases.json")
    lines = ",\n".join(" " + json.dumps(c, ensure_ascii=False) for c in cases)
    path.write_text("[\n" + lines + "\n]\n")
    print(f"{len(cases)} schemas, {sum(len(c['accept']) + len(c['reject']) for c in cases)} texts")


if __name__ == "__main__":
    main()
