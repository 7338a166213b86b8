/* Calls under constraints: what a constraint of tools lets through, the format's parser reads as asked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Texts are drawn at random from the masks, so that nothing but the constraint decides. The vocabulary is
 * that of the model in the box, which spells every marker in bytes; and the same with tokens for them all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/json.h"
#include "base/core/mem.h"
#include "lm/chat/parse.h"
#include "lm/sample/random.h"
#include "support/constraint_check.h"
#include "support/fixture.h"

#define ROUNDS    25
#define STEPS_MAX 1500
#define CALLS_MAX 16

static struct constraint_check bytes_kit, tokens_kit, kit;

static const char *const markers[] = {
    "<tool_call>",
    "</tool_call>",
    "[TOOL_CALLS]",
    "[ARGS]",
    "[unused11]",
    "[unused12]",
    "<|tool_calls_section_begin|>",
    "<|tool_calls_section_end|>",
    "<|tool_call_begin|>",
    "<|tool_call_end|>",
    "<|tool_call_argument_begin|>",
    "<｜tool▁calls▁begin｜>",
    "<｜tool▁calls▁end｜>",
    "<｜tool▁call▁begin｜>",
    "<｜tool▁call▁end｜>",
    "<｜tool▁sep｜>",
    "<|channel|>",
    "<|message|>",
    "<|constrain|>",
    "<|start|>",
    "<|end|>",
    "<think>",
    "</think>",
    "<arg_key>",
    "</arg_key>",
    "<arg_value>",
    "</arg_value>",
    "<minimax:tool_call>",
    "</minimax:tool_call>",
    "<seed:tool_call>",
    "</seed:tool_call>",
    "｜DSML｜",
};
#define FIRST_ID 6144 /* behind the vocabulary in the box */

static void write_file(const char *folder, const char *name, const struct buf *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text->data, 1, text->len, f), text->len);
    assert_int_equal(fclose(f), 0);
}

/* The box's tokenizer with the markers as tokens of their own. */
static void open_with_tokens(struct constraint_check *k)
{
    static const char place[] = "\"added_tokens\":[";
    static const char *const names[] = { "tokenizer.json", "tokenizer_config.json" };
    char folder[] = "/tmp/hearth-calls-XXXXXX", path[256];
    struct buf text = fixture_read(fixture_source("models/ember/tokenizer.json"));
    struct buf config = fixture_read(fixture_source("models/ember/tokenizer_config.json"));
    struct buf out = BUF_INIT((size_t)16 << 20);
    assert_non_null(mkdtemp(folder));
    const char *at = strstr(text.data, place);
    assert_non_null(at);
    at += sizeof place - 1;
    buf_append(&out, text.data, (size_t)(at - text.data));
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++)
        buf_format(&out,
                   "{\"id\":%zu,\"content\":\"%s\",\"single_word\":false,\"lstrip\":false,"
                   "\"rstrip\":false,\"normalized\":false,\"special\":true},",
                   FIRST_ID + i, markers[i]);
    buf_append(&out, at, text.len - (size_t)(at - text.data));
    write_file(folder, names[0], &out);
    write_file(folder, names[1], &config);
    constraint_check_open(k, folder);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(remove(path), 0);
    }
    assert_int_equal(remove(folder), 0);
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++)
        assert_int_equal(tokenizer_find(k->tokenizer, markers[i], strlen(markers[i])),
                         FIRST_ID + i);
    buf_release(&text);
    buf_release(&config);
    buf_release(&out);
}

static int open_kit(void **state)
{
    constraint_check_open(&bytes_kit, fixture_source("models/ember"));
    open_with_tokens(&tokens_kit);
    kit = bytes_kit;
    return 0;
}

static int close_kit(void **state)
{
    constraint_check_close(&bytes_kit);
    constraint_check_close(&tokens_kit);
    return 0;
}

static struct json_doc *parse(const char *text, size_t len)
{
    struct json_doc *doc;
    struct error err = { .text = "" };
    if (json_parse(&doc, text, len, (size_t)1 << 20, "a text", &err))
        fail_msg("%.*s: %s", (int)len, text, err.text);
    return doc;
}

/* ---- drawing ---- */

static int32_t draw(const uint64_t *mask, struct pcg32 *random)
{
    int32_t id;
    do
        id = (int32_t)(pcg32_next(random) % kit.vocab->token_count);
    while (!(mask[id / 64] >> (id % 64) & 1));
    return id;
}

/* Markers as tokens, where there are such. */
static void accept_prefix(struct constraint_state *s, const struct buf *text, const char *name)
{
    struct token_list ids = { 0 };
    struct error err = { .text = "" };
    assert_int_equal(tokenizer_encode(kit.tokenizer, text->data, text->len, true, &ids, &err),
                     STATUS_OK);
    for (size_t i = 0; i < ids.count; i++)
        if (constraint_accept(s, ids.ids[i], &err))
            fail_msg("%s: token %zu of %s: %s", name, i, text->data, err.text);
    token_list_release(&ids);
}

/* Text behind what `out` begins with. False: it did not end in STEPS_MAX tokens. */
static bool draw_text(struct constraint *c, struct pcg32 *random, struct buf *out, const char *name)
{
    struct constraint_state *s;
    struct error err = { .text = "" };
    uint64_t *mask = mem_array(constraint_mask_words(c), sizeof *mask);
    bool ended = false;
    assert_int_equal(constraint_state_new(&s, c, &err), STATUS_OK);
    if (out->len) accept_prefix(s, out, name);
    for (int i = 0; i < STEPS_MAX && !ended; i++) {
        if (constraint_fill(s, mask, &err)) fail_msg("%s: %s", name, err.text);
        bool may_end = mask[kit.end / 64] >> (kit.end % 64) & 1;
        int32_t id = may_end && pcg32_next(random) % 4 == 0 ? kit.end : draw(mask, random);
        if (constraint_accept(s, id, &err)) fail_msg("%s: %s", name, err.text);
        ended = id == kit.end;
        struct span piece = tokenizer_piece(kit.tokenizer, id);
        if (!ended) buf_append(out, piece.data, piece.len);
    }
    constraint_state_free(s);
    mem_free(mask);
    return ended;
}

/* ---- reading ---- */

struct calls {
    int count, ended;
    char names[CALLS_MAX][64];
    struct buf arguments[CALLS_MAX], content, reasoning;
};

static enum status take(void *ctx, const struct chat_delta *d, struct error *err)
{
    struct calls *c = ctx;
    if (d->kind == DELTA_CONTENT) buf_append(&c->content, d->text.data, d->text.len);
    if (d->kind == DELTA_REASONING) buf_append(&c->reasoning, d->text.data, d->text.len);
    if (d->kind == DELTA_CALL_END) c->ended++;
    if (d->kind == DELTA_CALL && c->count < CALLS_MAX)
        snprintf(c->names[c->count++], sizeof c->names[0], "%.*s", (int)d->text.len, d->text.data);
    if (d->kind == DELTA_ARGUMENTS && d->call < CALLS_MAX)
        buf_append(&c->arguments[d->call], d->text.data, d->text.len);
    return STATUS_OK;
}

static void read_calls(struct calls *c, const char *format, const struct json *tools,
                       const struct buf *text, bool begun)
{
    struct chat_parser *p;
    struct error err;
    struct chat_parser_options o = { .format = parse_format_find(format),
                                     .open = begun ? PROMPT_OPEN_THINK : PROMPT_OPEN_NOTHING,
                                     .tools = tools,
                                     .fn = take,
                                     .ctx = c };
    *c = (struct calls){ .content = BUF_INIT(1 << 20), .reasoning = BUF_INIT(1 << 20) };
    for (int i = 0; i < CALLS_MAX; i++)
        c->arguments[i] = BUF_INIT(1 << 20);
    assert_non_null(o.format);
    assert_int_equal(chat_parser_new(&p, &o, &err), STATUS_OK);
    assert_int_equal(chat_parser_feed(p, (struct span){ text->data, text->len }, &err), STATUS_OK);
    assert_int_equal(chat_parser_finish(p, &err), STATUS_OK);
    if (chat_parser_unparsed(p)) fail_msg("%s: does not parse: %s", format, text->data);
    chat_parser_free(p);
}

static void calls_release(struct calls *c)
{
    for (int i = 0; i < CALLS_MAX; i++)
        buf_release(&c->arguments[i]);
    buf_release(&c->content);
    buf_release(&c->reasoning);
}

/* ---- what was asked for ---- */

static const char tools[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"parameters\":{\"type\":"
    "\"object\","
    "\"$defs\":{\"days\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9}},"
    "\"properties\":{\"city\":{\"type\":\"string\",\"maxLength\":6},\"days\":{\"$ref\":"
    "\"#/$defs/days\"},\"units\":{\"enum\":[\"c\",\"f\"]},\"flags\":{\"type\":\"array\","
    "\"items\":{\"type\":\"boolean\"},\"maxItems\":2},\"notes\":{\"type\":\"array\",\"items\":{"
    "\"type\":\"string\",\"maxLength\":4},\"maxItems\":2},\"when\":{\"anyOf\":[{\"type\":"
    "\"string\"},"
    "{\"type\":\"null\"}]}},\"required\":[\"city\",\"days\"],"
    "\"additionalProperties\":false}}},{\"type\":\"function\",\"function\":{\"name\":\"ping\","
    "\"parameters\":{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}}}]";

/* Characters of UTF-8. */
static size_t characters(struct span s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.data[i] & 0xc0) != 0x80;
    return n;
}

static void check_arguments(const char *format, const char *name, const struct buf *text)
{
    struct json_doc *doc = parse(text->data, text->len);
    const struct json *v = json_root(doc), *days = json_get(v, "days");
    size_t known = 0;
    if (json_type(v) != JSON_OBJECT) fail_msg("%s: %s", format, text->data);
    if (strcmp(name, "ping") == 0) {
        assert_int_equal(json_length(v), 0);
        json_doc_free(doc);
        return;
    }
    assert_string_equal(name, "get_weather");
    if (json_type(json_get(v, "city")) != JSON_STRING || json_type(days) != JSON_INT)
        fail_msg("%s: %s", format, text->data);
    assert_in_range(json_int(days, 0), 1, 9);
    known += 2;
    struct span units = json_string(json_get(v, "units"));
    if (units.data) assert_true(span_equals(units, "c") || span_equals(units, "f"));
    known += units.data != NULL;
    const struct json *flags = json_get(v, "flags");
    for (size_t i = 0; i < json_length(flags); i++)
        assert_int_equal(json_type(json_at(flags, i)), JSON_BOOL);
    known += flags != NULL;
    const struct json *notes = json_get(v, "notes"), *when = json_get(v, "when");
    for (size_t i = 0; i < json_length(notes); i++) {
        assert_int_equal(json_type(json_at(notes, i)), JSON_STRING);
        assert_in_range(characters(json_string(json_at(notes, i))), 0, 4);
    }
    known += notes != NULL;
    if (when) assert_true(json_type(when) == JSON_STRING || json_type(when) == JSON_NULL);
    known += when != NULL;
    assert_in_range(characters(json_string(json_get(v, "city"))), 0, 6);
    assert_int_equal(json_length(v), known);
    json_doc_free(doc);
}

static const struct {
    const char *syntax, *format;
    bool parallel;
    const char *before;    /* what stands in front of calls, and begins them; NULL: nothing can */
    const char *reasoning; /* as the spec has it; NULL: none */
    const char *thoughts;
} formats[] = {
    { "hermes", "hermes", true, "Well.\n<tool_call>",
      "{\"open\":\"<think>\",\"close\":\"</think>\",\"begun\":true}", "Hm, <b\n</think>\n\n" },
    { "llama", "llama", true, "Well: {\n\n{\"name\"", NULL, NULL },
    { "mistral", "mistral", true, "Well.[TOOL_CALLS]", NULL, NULL },
    { "mistral-args", "mistral", true, "Well.[TOOL_CALLS]", NULL, NULL },
    { "kimi", "kimi", true, "Well.<|tool_calls_section_begin|>",
      "{\"open\":\"<think>\",\"close\":\"</think>\"}", "<think>Hm</think>" },
    { "deepseek-v3", "deepseek-v3", true, "Well.<｜tool▁calls▁begin｜>", NULL, NULL },
    { "deepseek-v3.1", "deepseek-v3", true, "Well.<｜tool▁calls▁begin｜>", NULL, NULL },
    { "openpangu", "openpangu", true, "Well.[unused11]", NULL, NULL },
    { "qwen-xml", "qwen-xml", true, "Well.\n<tool_call>",
      "{\"open\":\"<think>\",\"close\":\"</think>\",\"begun\":true}", "Hm\n</think>\n\n" },
    { "glm", "glm", true, "Well.\n<tool_call>", NULL, NULL },
    { "glm-4.7", "glm", true, "Well.<tool_call>", NULL, NULL },
    { "minimax", "minimax", true, "Well.\n<minimax:tool_call>", NULL, NULL },
    { "seed", "seed", true, "Well.\n<seed:tool_call>", NULL, NULL },
    { "dsml", "dsml", true, "Well.\n<｜DSML｜function_calls>", NULL, NULL },
    { "dsml-v4", "dsml", true, "Well.\n<｜DSML｜tool_calls>", NULL, NULL },
    { "harmony", "harmony", false, "<|channel|>commentary", "\"harmony\"",
      "<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>commentary" },
};

static struct constraint *compile(size_t i, const char *choice, bool reasoning)
{
    char spec[4096];
    int n = snprintf(spec, sizeof spec,
                     "{\"type\":\"tools\",\"tools\":%s,\"format\":\"%s\",\"choice\":%s%s%s}", tools,
                     formats[i].syntax, choice, reasoning ? ",\"reasoning\":" : "",
                     reasoning ? formats[i].reasoning : "");
    assert_true(n > 0 && (size_t)n < sizeof spec);
    struct json_doc *doc = parse(spec, (size_t)n);
    struct constraint *c = constraint_check_compile(&kit, json_root(doc), formats[i].syntax);
    json_doc_free(doc);
    return c;
}

struct tally {
    int ended, several;
};

static void check_text(size_t i, const char *choice, const struct json *list,
                       const struct buf *text, bool begun, struct tally *tally)
{
    const char *format = formats[i].format;
    struct calls got;
    bool automatic = strcmp(choice, "\"auto\"") == 0;
    read_calls(&got, format, list, text, begun);
    if (!got.count) fail_msg("%s: no call in: %s", format, text->data);
    if (got.ended != got.count) fail_msg("%s: a call is not complete in: %s", format, text->data);
    for (int k = 0; k < got.count; k++) {
        check_arguments(format, got.names[k], &got.arguments[k]);
        if (strstr(choice, "ping")) assert_string_equal(got.names[k], "ping");
    }
    if (!automatic && got.content.len) fail_msg("%s: content in: %s", format, text->data);
    tally->several += got.count > 1;
    tally->ended++;
    calls_release(&got);
}

static void check_format(size_t i, const char *choice, bool reasoning, const char *prefix)
{
    struct constraint *c = compile(i, choice, reasoning);
    struct json_doc *list = parse(tools, sizeof tools - 1);
    struct pcg32 random;
    struct tally tally = { 0, 0 };
    bool begun = reasoning && strstr(formats[i].reasoning, "begun");
    pcg32_seed(&random, 17 + i);
    /* Two calls must be possible; how often they are drawn is the vocabulary's affair. */
    bool several = strcmp(choice, "\"required\"") == 0 && formats[i].parallel;
    for (int round = 0; round < ROUNDS || (several && !tally.several && round < 40 * ROUNDS);
         round++) {
        struct buf text = BUF_INIT(1 << 20);
        buf_text(&text, prefix);
        if (draw_text(c, &random, &text, formats[i].syntax))
            check_text(i, choice, json_root(list), &text, begun, &tally);
        buf_release(&text);
    }
    if (tally.ended < ROUNDS / 4)
        fail_msg("%s %s: only %d ended", formats[i].syntax, choice, tally.ended);
    if (several && !tally.several) fail_msg("%s: never two calls", formats[i].syntax);
    json_doc_free(list);
    constraint_free(c);
}

static bool is_harmony(size_t i)
{
    return strcmp(formats[i].syntax, "harmony") == 0;
}

static void required(void **state)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        check_format(i, "\"required\"", is_harmony(i), is_harmony(i) ? formats[i].before : "");
}

static void named(void **state)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        check_format(i, "{\"name\":\"ping\"}", is_harmony(i),
                     is_harmony(i) ? formats[i].before : "");
}

static void behind_text(void **state)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].before) check_format(i, "\"auto\"", is_harmony(i), formats[i].before);
}

static void behind_thoughts(void **state)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].thoughts) check_format(i, "\"required\"", true, formats[i].thoughts);
}

/* Here free text can come to its end by itself, too: a marker is one token among many. */
static void with_tokens(void **state)
{
    kit = tokens_kit;
    required(state);
    named(state);
    behind_text(state);
    behind_thoughts(state);
    kit = bytes_kit;
}

/* ---- which syntax a template has ---- */

static void templates(void **state)
{
    static const struct {
        const char *path, *syntax;
    } cases[] = {
        { "Qwen-Qwen3-0.6B", "hermes" },
        { "Qwen-Qwen2.5-7B-Instruct", "hermes" },
        { "StepFun3.5-Flash", "qwen-xml" },
        { "GLM-4.6", "glm" },
        { "MiniMax-M2", "minimax" },
        { "ByteDance-Seed-OSS", "seed" },
        { "Kimi-K2-Instruct", "kimi" },
        { "deepseek-ai-DeepSeek-V3.1", "deepseek-v3.1" },
        { "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek-v3" },
        { "mistralai-Mistral-Nemo-Instruct-2407", "mistral" },
        { "meta-llama-Llama-3.1-8B-Instruct", "llama" },
        { "openai-gpt-oss-120b", "harmony" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256];
        struct template *t;
        struct error err;
        bool known = false;
        snprintf(path, sizeof path, "real/templates/vendor/%s.jinja", cases[i].path);
        struct buf text = fixture_read(FIXTURE(path));
        struct span span = { text.data, text.len };
        if (template_compile(&t, path, span, &err)) fail_msg("%s", err.text);
        assert_string_equal(parse_format_syntax(parse_format_of(t), t, NULL), cases[i].syntax);
        for (size_t k = 0; k < sizeof formats / sizeof *formats; k++)
            known = known || strcmp(formats[k].syntax, cases[i].syntax) == 0;
        assert_true(known);
        template_free(t);
        buf_release(&text);
    }
    assert_string_equal(parse_format_syntax(parse_format_find("dsml"), NULL, "deepseek-v4"),
                        "dsml-v4");
    assert_string_equal(parse_format_syntax(parse_format_find("dsml"), NULL, "deepseek-v3.2"),
                        "dsml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(required),    cmocka_unit_test(named),
        cmocka_unit_test(behind_text), cmocka_unit_test(behind_thoughts),
        cmocka_unit_test(with_tokens), cmocka_unit_test(templates),
    };
    return cmocka_run_group_tests(tests, open_kit, close_kit);
}
