/* Constraints accept what they should, by bytes and by tokens, and refuse what they can not do.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/vectors/constraint_schema_cases.json is judged by Python's jsonschema (its script lies beside it).
 * The vocabulary is that of the model in the box. */
#include <stdio.h>
#include <string.h>

#include "base/core/json.h"
#include "base/core/mem.h"

#include "support/constraint_check.h"
#include "support/fixture.h"

static struct constraint_check kit;

static int open_kit(void **state)
{
    constraint_check_open(&kit, fixture_source("models/ember"));
    return 0;
}

static int close_kit(void **state)
{
    constraint_check_close(&kit);
    return 0;
}

static void check_texts(struct constraint *c, const struct json *texts, bool want, const char *name)
{
    for (size_t i = 0; i < json_length(texts); i++) {
        struct span t = json_string(json_at(texts, i));
        bool got = constraint_check_text(&kit, c, t.data, t.len, name);
        if (got != want)
            fail_msg("%s: %.*s is %s", name, (int)t.len, t.data, got ? "accepted" : "rejected");
    }
}

static void run_cases(const char *path)
{
    struct buf text = fixture_read(fixture_source(path));
    struct json_doc *doc;
    struct error err = { .text = "" };
    if (json_parse(&doc, text.data, text.len, (size_t)4 << 20, path, &err))
        fail_msg("%s", err.text);
    const struct json *cases = json_root(doc);
    assert_true(json_length(cases) > 10);
    for (size_t i = 0; i < json_length(cases); i++) {
        const struct json *one = json_at(cases, i);
        const char *name = json_text(json_get(one, "name"));
        struct constraint *c = constraint_check_compile(&kit, json_get(one, "spec"), name);
        check_texts(c, json_get(one, "accept"), true, name);
        check_texts(c, json_get(one, "reject"), false, name);
        constraint_free(c);
    }
    json_doc_free(doc);
    buf_release(&text);
}

static void schemas(void **state)
{
    run_cases("tests/vectors/constraint_schema_cases.json");
}

/* --- specs --- */

static struct json_doc *parse(const char *text)
{
    struct json_doc *doc;
    struct error err = { .text = "" };
    if (json_parse(&doc, text, strlen(text), (size_t)1 << 20, "the spec", &err))
        fail_msg("%s: %s", text, err.text);
    return doc;
}

static const struct {
    const char *spec;
    const char *accept[6], *reject[8];
} others[] = {
    { "{\"type\":\"json_object\"}",
      { "{}", "{\"a\": [1, {\"b\": null}]}" },
      { "[]", "1", "{\"a\"}", "", "{" } },
    { "{\"type\":\"json_object\"}",
      { "{\"a\": 1, \"b\": [\n    1,\n\t\t2\n  ]\n}", "{ }", "{\n}" },
      { "{  }", "{\t}", "{\n\n}", "{ \n}", "{\"a\" :\r1}" } },
    { "{\"type\":\"json_object\",\"whitespace\":\"flexible\"}",
      { "{\"a\"  :\r\n\n1}", "{ \t}" },
      { " {}", "{} " } },
    { "{\"type\":\"regex\",\"pattern\":\"(yes|no)[!?]{1,2}\"}",
      { "yes!", "no?!" },
      { "yes", "no!!!", "", "maybe!" } },
    { "{\"type\":\"regex\",\"pattern\":\"^\\\\p{L}+\\\\d\\\\u00e9[^\\\\s]$\"}",
      { "a1\xC3\xA9x", "\xE6\x97\xA5"
                       "9\xC3\xA9\xE6\x9C\xAC" },
      { "a1\xC3\xA9 ", "11\xC3\xA9x", "a1ex" } },
    { "{\"type\":\"regex\",\"pattern\":\"a\\\\\\u0000|b\"}", { "b" }, { "a", "ab", "" } },
    { "{\"type\":\"choice\",\"choices\":[\"red\",\"reddish\",\"blue\"]}",
      { "red", "reddish", "blue" },
      { "redd", "green", "", "bluered" } },
    { "{\"type\":\"grammar\",\"grammar\":\"root ::= sum\\nsum ::= term (\\\"+\\\" term)* # sums\\n"
      "term ::= [0-9]+ | \\\"(\\\" sum \\\")\\\"\"}",
      { "1", "1+22", "(1+2)+3", "((7))" },
      { "", "1+", "(1", "1)", "()", "+1" } },
    { "{\"type\":\"grammar\",\"grammar\":\"root ::= a b?\\na ::= \\\"x\\\" a \\\"y\\\" | "
      "\\\"\\\"\\n"
      "b ::= '\\\\u00e9'{2,3}\"}",
      { "", "xy", "xxyy", "\xC3\xA9\xC3\xA9", "xy\xC3\xA9\xC3\xA9\xC3\xA9" },
      { "x", "xxy", "\xC3\xA9", "xyy" } },
    { "{\"type\":\"tools\",\"choice\":\"required\",\"tools\":[{\"type\":\"function\",\"function\":"
      "{\"name\":\"get\",\"parameters\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":"
      "\"integer\"}},\"required\":[\"n\"],\"additionalProperties\":false}}},{\"name\":\"ping\"}]}",
      { "<tool_call>\n{\"name\": \"get\", \"arguments\": {\"n\": 3}}\n</tool_call>",
        "<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}\n</tool_call>\n"
        "<tool_call>\n{\"name\": \"get\", \"arguments\": {\"n\":1}}\n</tool_call>" },
      { "", "hello", "<tool_call>\n{\"name\": \"get\", \"arguments\": {}}\n</tool_call>",
        "<tool_call>\n{\"name\": \"other\", \"arguments\": {}}\n</tool_call>",
        "<tool_call>\n{\"name\": \"ping\", \"arguments\": []}\n</tool_call>",
        "<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}" } },
    { "{\"type\":\"tools\",\"choice\":\"auto\",\"parallel\":false,\"tools\":[{\"name\":\"ping\"}]}",
      { "", "Hello <tool",
        "Well.<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}\n</tool_call>" },
      { "<tool_call>", "<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}\n</tool_call>\n"
                       "<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}\n</tool_call>" } },
    { "{\"type\":\"tools\",\"format\":\"qwen-xml\",\"strict\":false,\"parallel\":false,\"tools\":[{"
      "\"name\":"
      "\"f\",\"parameters\":{\"properties\":{\"d\":{\"type\":\"string\",\"format\":\"date\"},\"n\":"
      "{"
      "\"type\":\"integer\"}},\"required\":[\"d\"]}}]}",
      { "<tool_call>\n<function=f>\n</function>\n</tool_call>",
        "<tool_call>\n<function=f>\n<parameter=d>\nsoon <b>\n\n</parameter>\n<parameter=n>\nmany\n"
        "</parameter>\n</function>\n</tool_call>" },
      { "<tool_call>\n<function=f>\n<parameter=x>\n1\n</parameter>\n</function>\n</tool_call>",
        "<tool_call>\n<function=f>\n<parameter=d>\n</parameter>\n</parameter>\n</function>\n</"
        "tool_call>" } },
    { "{\"type\":\"tools\",\"format\":\"glm\",\"parallel\":false,\"tools\":[{\"name\":\"f\","
      "\"parameters\":{"
      "\"properties\":{\"s\":{\"type\":\"string\",\"pattern\":\"^[a-z]+$\",\"minLength\":2},\"l\":{"
      "\"type\":"
      "\"array\",\"items\":{\"type\":\"string\"}}},\"required\":[\"s\"]}}]}",
      { "<tool_call>f\n<arg_key>s</arg_key>\n<arg_value>ab</arg_value>\n</tool_call>",
        "<tool_call>f\n<arg_key>s</arg_key>\n<arg_value>abc</arg_value>\n<arg_key>l</arg_key>\n"
        "<arg_value>[\"a\\u003cb\"]</arg_value>\n</tool_call>" },
      { "<tool_call>f\n</tool_call>",
        "<tool_call>f\n<arg_key>s</arg_key>\n<arg_value>a</arg_value>\n</tool_call>",
        "<tool_call>f\n<arg_key>s</arg_key>\n<arg_value>aB</arg_value>\n</tool_call>",
        "<tool_call>f\n<arg_key>s</arg_key>\n<arg_value>ab</arg_value>\n<arg_key>l</arg_key>\n"
        "<arg_value>[\"a<b\"]</arg_value>\n</tool_call>" } },
    { "{\"type\":\"tools\",\"format\":\"llama\",\"choice\":\"auto\",\"tools\":[{\"name\":\"a\"}]}",
      { "", "Hi {\"name\"", "Code:\n{\n  return;\n}\n", "{\"x\": 1}",
        "Hi.\n{\"name\": \"a\", \"parameters\": {}}" },
      { "{\"name\": \"b\", \"parameters\": {}}", "{ \"name\": 3", "Hi\n {\"parameters\": 1}",
        "Hi.{\"name\": \"a\", \"parameters\": {}}; x\n{\"name\": 1}", "<|python_tag|>a" } },
    { "{\"type\":\"tools\",\"choice\":\"none\",\"tools\":[]}",
      { "Hello", "a < b" },
      { "<tool_call>", "So: <tool_call>{}" } },
    { "{\"type\":\"tools\",\"format\":\"llama\",\"choice\":{\"name\":\"b\"},\"strict\":false,"
      "\"tools\":["
      "{\"name\":\"a\"},{\"name\":\"b\",\"parameters\":{\"type\":\"object\",\"required\":[\"x\"]}}]"
      "}",
      { "{\"name\": \"b\", \"parameters\": {}}" },
      { "{\"name\": \"a\", \"parameters\": {}}", "{\"name\": \"b\", \"parameters\": 1}" } },
    { "{\"type\":\"choice\",\"choices\":[\"a\",\"b\"],\"reasoning\":{\"open\":\"<think>\","
      "\"close\":\"</think>\"}}",
      { "a", "<think>\nWell: </thin, or a</think>\n\nb", "<think></think>a" },
      { "", "<think>a", "<think>x</think>c", "<think>x</think>a<think>", "think",
        "<think>x</think>\n\n\n\n\na" } },
    { "{\"type\":\"regex\",\"pattern\":\"a*\",\"reasoning\":{\"open\":\"<think>\",\"close\":"
      "\"</think>\",\"begun\":true}}",
      { "So a</think>\n\naa", "</think>", "aa</think>" },
      { "", "aa", "aa</think>b" } },
    { "{\"type\":\"tools\",\"choice\":\"auto\",\"content\":{\"type\":\"json_object\"},\"tools\":"
      "[{\"name\":\"ping\"}]}",
      { "{\"a\": 1}", "<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}\n</tool_call>" },
      { "", "Hello", "Hello<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}\n</tool_call>" } },
};

static void other_specs(void **state)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct json_doc *doc = parse(others[i].spec);
        struct constraint *c = constraint_check_compile(&kit, json_root(doc), others[i].spec);
        json_doc_free(doc); /* a constraint does not need its spec */
        for (size_t k = 0; others[i].accept[k] && k < 6; k++)
            if (!constraint_check_text(&kit, c, others[i].accept[k], strlen(others[i].accept[k]),
                                       others[i].spec))
                fail_msg("%s: rejects %s", others[i].spec, others[i].accept[k]);
        for (size_t k = 0; k < 8 && others[i].reject[k]; k++)
            if (constraint_check_text(&kit, c, others[i].reject[k], strlen(others[i].reject[k]),
                                      others[i].spec))
                fail_msg("%s: accepts %s", others[i].spec, others[i].reject[k]);
        constraint_free(c);
    }
}

/* --- refusals --- */

#define TAGGED(schema)                                                        \
    "{\"type\":\"tools\",\"format\":\"qwen-xml\",\"tools\":[{\"name\":\"f\"," \
    "\"parameters\":" schema "}]}"
#define SCHEMA(text) "{\"type\":\"json_schema\",\"schema\":" text "}"

static const struct {
    const char *spec;
    enum status status;
    const char *words; /* in the message */
} refused[] = {
    { "[]", STATUS_BAD_INPUT, "/type" },
    { "{\"type\":\"xml\"}", STATUS_UNSUPPORTED, "json_schema" },
    { "{\"type\":\"json_schema\"}", STATUS_BAD_INPUT, "/schema" },
    { "{\"type\":\"json_schema\",\"schema\":{},\"shema\":1}", STATUS_BAD_INPUT, "/shema" },
    { SCHEMA("3"), STATUS_BAD_INPUT, "a schema is" },
    { SCHEMA("false"), STATUS_BAD_INPUT, "no value" },
    { SCHEMA("{\"type\":\"any\"}"), STATUS_BAD_INPUT, "/type" },
    { SCHEMA("{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":false}}"),
      STATUS_BAD_INPUT, "no value" },
    { SCHEMA("{\"properties\":{\"a/b\":{\"unevaluatedItems\":false}}}"), STATUS_UNSUPPORTED,
      "/properties/a~1b/unevaluatedItems: keyword" },
    { SCHEMA("{\"items\":{\"uniqueItems\":true}}"), STATUS_UNSUPPORTED, "/items/uniqueItems" },
    { SCHEMA("{\"properties\":{\"a\":{\"pattern\":\"(?=x)\"}}}"), STATUS_UNSUPPORTED,
      "/properties/a/pattern: look-around" },
    { SCHEMA("{\"pattern\":\"(\"}"), STATUS_BAD_INPUT, "/pattern" },
    { SCHEMA("{\"pattern\":\"a{2,1}\"}"), STATUS_BAD_INPUT, "backwards" },
    { SCHEMA("{\"format\":\"idn-email\"}"), STATUS_UNSUPPORTED, "/format" },
    { SCHEMA("{\"minLength\":-1}"), STATUS_BAD_INPUT, "/minLength" },
    { SCHEMA("{\"required\":\"a\"}"), STATUS_BAD_INPUT, "/required" },
    { SCHEMA("{\"$ref\":\"#/$defs/x\"}"), STATUS_UNSUPPORTED, "/$ref" },
    { SCHEMA("{\"$ref\":\"https://example.org/x.json\"}"), STATUS_UNSUPPORTED,
      "nothing is fetched" },
    { SCHEMA("{\"$ref\":\"#\"}"), STATUS_BAD_INPUT, "for ever" },
    { SCHEMA("{\"$schema\":\"http://json-schema.org/draft-03/schema#\"}"), STATUS_UNSUPPORTED,
      "/$schema" },
    { SCHEMA("{\"properties\":{\"n\":{\"$ref\":\"#\"}},\"required\":[\"n\"],\"type\":\"object\"}"),
      STATUS_BAD_INPUT, "no value" },
    { SCHEMA("{\"multipleOf\":0}"), STATUS_BAD_INPUT, "multipleOf" },
    { SCHEMA("{\"multipleOf\":1234567}"), STATUS_LIMIT, "multipleOf" },
    { SCHEMA("{\"pattern\":\"(a|b)*a(a|b){40}\"}"), STATUS_LIMIT, "" },
    { SCHEMA("{\"pattern\":\"((a{1,60000}){1,60000}){1,60000}\"}"), STATUS_LIMIT, "" },
    { SCHEMA("{\"type\":\"array\",\"maxItems\":1000000}"), STATUS_LIMIT, "maxItems" },
    { "{\"type\":\"regex\"}", STATUS_BAD_INPUT, "/pattern" },
    { "{\"type\":\"regex\",\"pattern\":\"a\\\\1\"}", STATUS_UNSUPPORTED, "backreferences" },
    { "{\"type\":\"choice\",\"choices\":[]}", STATUS_BAD_INPUT, "/choices" },
    { "{\"type\":\"choice\",\"choices\":[\"a\",\"\"]}", STATUS_BAD_INPUT, "/choices/1" },
    { "{\"type\":\"grammar\",\"grammar\":\"root ::= x\"}", STATUS_BAD_INPUT,
      "\"x\" is not defined" },
    { "{\"type\":\"grammar\",\"grammar\":\"root ::= root \\\"a\\\" | \\\"b\\\"\"}",
      STATUS_UNSUPPORTED, "begins with itself" },
    { "{\"type\":\"grammar\",\"grammar\":\"root ::= \\\"a\\\" root\"}", STATUS_BAD_INPUT,
      "no text" },
    { "{\"type\":\"grammar\",\"grammar\":\"root ::= \\\"a\"}", STATUS_BAD_INPUT, "line 1" },
    { "{\"type\":\"grammar\",\"grammar\":\"root ::= [\\\\\\u0000]\"}", STATUS_BAD_INPUT, "line 1" },
    { "{\"type\":\"tools\",\"tools\":[]}", STATUS_BAD_INPUT, "/tools" },
    { "{\"type\":\"tools\",\"tools\":[{\"name\":\"a b\"}]}", STATUS_BAD_INPUT, "/tools/0" },
    { "{\"type\":\"tools\",\"tools\":[{\"name\":\"a\"},{\"name\":\"a\"}]}", STATUS_BAD_INPUT,
      "/tools/1" },
    { "{\"type\":\"tools\",\"tools\":[{\"name\":\"a\"}],\"choice\":{\"name\":\"b\"}}",
      STATUS_BAD_INPUT, "no tool \"b\"" },
    { "{\"type\":\"tools\",\"tools\":[{\"function\":{\"name\":\"a\",\"parameters\":{\"$"
      "dynamicRef\":"
      "\"#a\"}}}]}",
      STATUS_UNSUPPORTED, "/tools/0/function/parameters/$dynamicRef" },
    { "{\"type\":\"tools\",\"content\":{\"type\":\"tools\"},\"tools\":[{\"name\":\"a\"}]}",
      STATUS_BAD_INPUT, "/content" },
    { "{\"type\":\"json_object\",\"reasoning\":true}", STATUS_BAD_INPUT, "/reasoning" },
    { TAGGED("{\"properties\":{\"d\":{\"type\":\"string\",\"format\":\"date\"}}}"),
      STATUS_UNSUPPORTED, "/tools/0/parameters/properties/d/format" },
    { TAGGED("{\"properties\":{\"d\":{\"type\":[\"string\",\"integer\"],\"minimum\":3}}}"),
      STATUS_UNSUPPORTED, "/properties/d: a value that may be a text" },
    { TAGGED("{\"properties\":{\"a b<\":{\"type\":\"string\"}}}"), STATUS_UNSUPPORTED, "in a tag" },
    { TAGGED("{\"properties\":{},\"required\":[\"x\"]}"), STATUS_UNSUPPORTED, "/required/0" },
    { TAGGED("{\"properties\":{\"x\":{\"type\":\"string\"}},\"minProperties\":1}"),
      STATUS_UNSUPPORTED, "/minProperties" },
    { TAGGED("{\"properties\":{\"x\":{\"enum\":[\"</parameter>\"]}}}"), STATUS_BAD_INPUT,
      "/properties/x: no text" },
    { TAGGED("{\"properties\":{\"x\":{\"type\":\"object\",\"unevaluatedProperties\":false}}}"),
      STATUS_UNSUPPORTED, "/properties/x/unevaluatedProperties" },
    { "{\"type\":\"json_object\",\"reasoning\":{\"open\":\"<think>\"}}", STATUS_BAD_INPUT,
      "/reasoning/close" },
    { "{\"type\":\"tools\",\"format\":\"llama\",\"choice\":\"auto\",\"content\":{\"type\":"
      "\"json_object\"},\"tools\":[{\"name\":\"a\"}]}",
      STATUS_UNSUPPORTED, "/content" },
    { "{\"type\":\"tools\",\"format\":\"none\",\"tools\":[{\"name\":\"a\"}]}", STATUS_UNSUPPORTED,
      "/format" },
};

static void refusals(void **state)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct json_doc *doc = parse(refused[i].spec);
        struct constraint *c = NULL;
        struct error err = { .text = "" };
        enum status st = constraint_compile(&c, json_root(doc), kit.vocab, NULL, 0, &err);
        if (st != refused[i].status || !strstr(err.text, refused[i].words))
            fail_msg("%s: wanted %s with \"%s\", got %s: %s", refused[i].spec,
                     status_name(refused[i].status), refused[i].words, status_name(st), err.text);
        assert_null(c);
        json_doc_free(doc);
    }
}

/* --- states --- */

static struct constraint *compile(const char *spec)
{
    struct json_doc *doc = parse(spec);
    struct constraint *c = constraint_check_compile(&kit, json_root(doc), spec);
    json_doc_free(doc);
    return c;
}

static void forced_text(void **state)
{
    static const char spec[] =
        "{\"type\":\"json_schema\",\"whitespace\":\"compact\",\"schema\":{\"type\":\"object\","
        "\"properties\":{\"name\":{\"enum\":[\"alpha\",\"alpine\"]}},\"required\":[\"name\"],"
        "\"additionalProperties\":false}}";
    struct constraint *c = compile(spec);
    struct constraint_state *s;
    struct error err;
    struct buf out = BUF_INIT(1000);
    assert_int_equal(constraint_state_new(&s, c, &err), STATUS_OK);
    assert_int_equal(constraint_forced(s, 100, &out, &err), STATUS_OK);
    assert_string_equal(out.data, "{\"name\":\"alp");
    assert_int_equal(constraint_accept_text(s, out.data, out.len), out.len);
    assert_false(constraint_may_end(s));
    assert_int_equal(constraint_accept_text(s, "i", 1), 1);
    buf_clear(&out);
    assert_int_equal(constraint_forced(s, 3, &out, &err), STATUS_OK);
    assert_string_equal(out.data, "ne\"");
    assert_int_equal(constraint_accept_text(s, "ne\"}}", 5), 4);
    assert_true(constraint_may_end(s));
    buf_clear(&out);
    assert_int_equal(constraint_forced(s, 100, &out, &err), STATUS_OK);
    assert_int_equal(out.len, 0);
    buf_release(&out);
    constraint_state_free(s);
    constraint_free(c);
}

static bool in_mask(const uint64_t *mask, int32_t id)
{
    return mask[(uint32_t)id / 64] >> ((uint32_t)id % 64) & 1;
}

static void ends_and_copies(void **state)
{
    struct constraint *c = compile("{\"type\":\"choice\",\"choices\":[\"ab\",\"abc\"]}");
    struct constraint_state *s, *kept;
    struct error err;
    uint64_t *mask = mem_array(constraint_mask_words(c), sizeof *mask);
    assert_true(kit.end >= 0);
    assert_int_equal(constraint_state_new(&s, c, &err), STATUS_OK);
    assert_int_equal(constraint_state_new(&kept, c, &err), STATUS_OK);
    assert_int_equal(constraint_fill(s, mask, &err), STATUS_OK);
    assert_false(in_mask(mask, kit.end));
    assert_int_equal(constraint_accept(s, kit.end, &err), STATUS_BAD_INPUT);
    assert_int_equal(constraint_accept(s, -1, &err), STATUS_BAD_INPUT);
    assert_int_equal(constraint_accept_text(s, "ab", 2), 2);
    constraint_state_copy(kept, s);
    assert_int_equal(constraint_fill(s, mask, &err), STATUS_OK);
    assert_true(in_mask(mask, kit.end));
    assert_int_equal(constraint_accept(s, kit.end, &err), STATUS_OK);
    assert_true(constraint_ended(s));
    assert_int_equal(constraint_fill(s, mask, &err), STATUS_OK);
    assert_true(in_mask(mask, kit.end));
    assert_int_equal(constraint_accept_text(s, "c", 1), 0);
    assert_false(constraint_ended(kept));
    assert_int_equal(constraint_accept_text(kept, "c", 1), 1);
    assert_int_equal(constraint_fill(kept, mask, &err), STATUS_OK); /* the end alone */
    assert_true(in_mask(mask, kit.end));
    constraint_state_reset(kept);
    assert_false(constraint_may_end(kept));
    mem_free(mask);
    constraint_state_free(s);
    constraint_state_free(kept);
    constraint_free(c);
}

/* Markers that are tokens come as those, and as nothing else. */
static void token_markers(void **state)
{
    static const struct {
        const char *text;
        bool accepted;
    } cases[] = {
        { "<|im_start|>Hm, {<|endoftext|>\n{}", true },
        { "{}", true },
        { "<|im_start|>Hm<|im_start|><|endoftext|>{}", false },
        { "Hm<|endoftext|>{}", false },
        { "<|im_start|><|endoftext|>Hm", false },
    };
    struct constraint *c =
        compile("{\"type\":\"json_object\",\"reasoning\":{\"open\":\"<|im_start|>\",\"close\":"
                "\"<|endoftext|>\"}}");
    uint64_t *mask = mem_array(constraint_mask_words(c), sizeof *mask);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct token_list ids = { 0 };
        struct constraint_state *s;
        struct error err = { .text = "" };
        const char *text = cases[i].text;
        bool ok = true;
        assert_int_equal(constraint_state_new(&s, c, &err), STATUS_OK);
        assert_int_equal(tokenizer_encode(kit.tokenizer, text, strlen(text), true, &ids, &err),
                         STATUS_OK);
        for (size_t k = 0; k < ids.count && ok; k++) {
            assert_int_equal(constraint_fill(s, mask, &err), STATUS_OK);
            bool allowed = in_mask(mask, ids.ids[k]);
            ok = constraint_accept(s, ids.ids[k], &err) == STATUS_OK;
            if (ok != allowed) fail_msg("%s: token %zu: mask and text disagree", text, k);
        }
        if ((ok && constraint_may_end(s)) != cases[i].accepted)
            fail_msg("%s: wanted %d", text, cases[i].accepted);
        token_list_release(&ids);
        constraint_state_free(s);
    }
    mem_free(mask);
    constraint_free(c);
}

/* Whatever is drawn from the masks is valid in the end, or goes on: no dead ends. */
static void masks_lead_on(void **state)
{
    static const char *const specs[] = {
        SCHEMA("{\"type\":\"object\",\"properties\":{\"a\":{\"enum\":[1,22,\"x\"]},\"b\":{\"type\":"
               "\"array\",\"items\":{\"type\":\"boolean\"},\"minItems\":2,\"maxItems\":3}},"
               "\"required\":[\"b\"],\"minProperties\":2,\"additionalProperties\":false}"),
        SCHEMA("{\"type\":\"object\",\"propertyNames\":{\"pattern\":\"^[ab]{1,2}$\"},"
               "\"additionalProperties\":{\"type\":\"null\"},\"minProperties\":6}"),
        SCHEMA(
            "{\"type\":\"object\",\"required\":[\"a\"],\"maxProperties\":2,\"not\":{\"properties\":"
            "{\"a\":true},\"additionalProperties\":false},\"additionalProperties\":{\"const\":1}}"),
        SCHEMA("{\"type\":\"string\",\"pattern\":\"^[ab]+$\",\"minLength\":3,\"maxLength\":5}"),
    };
    uint64_t seed = 7;
    struct error err = { .text = "" };
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        struct constraint *c = compile(specs[i]);
        struct constraint_state *s;
        uint64_t *mask = mem_array(constraint_mask_words(c), sizeof *mask);
        assert_int_equal(constraint_state_new(&s, c, &err), STATUS_OK);
        for (int round = 0; round < 40; round++) {
            constraint_state_reset(s);
            for (int step = 0; step < 60 && !constraint_ended(s); step++) {
                if (constraint_fill(s, mask, &err)) fail_msg("%s: %s", specs[i], err.text);
                uint32_t id;
                do
                    seed = seed * 6364136223846793005u + 1442695040888963407u;
                while (id = (uint32_t)(seed >> 33) % kit.vocab->token_count,
                       !in_mask(mask, (int32_t)id));
                if (constraint_accept(s, (int32_t)id, &err)) fail_msg("%s: %s", specs[i], err.text);
            }
        }
        mem_free(mask);
        constraint_state_free(s);
        constraint_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemas),         cmocka_unit_test(other_specs),
        cmocka_unit_test(refusals),        cmocka_unit_test(forced_text),
        cmocka_unit_test(ends_and_copies), cmocka_unit_test(token_markers),
        cmocka_unit_test(masks_lead_on),
    };
    return cmocka_run_group_tests(tests, open_kit, close_kit);
}
