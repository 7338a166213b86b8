/* Native encoders against the vendors' code: whole prompts, where bytes come from, refusals.
 * SPDX-License-Identifier: Apache-2.0
 *
 * data/chat/encoders.jsonl comes from vectors/make_chat_encoders.py. data/chat/harmony-requests.json
 * holds, for each rendering in shared/real/templates/harmony, the request that says the same. */
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "lm/chat/chat.h"
#include "lm/chat/encoder.h"

static const struct chat_prompt_options VERBATIM = { .verbatim = true };

static struct json_doc *parse(const char *text, size_t len)
{
    struct json_doc *doc;
    struct error err;
    if (json_parse(&doc, text, len, CHAT_REQUEST_BYTES_MAX, "test", &err)) fail_msg("%s", err.text);
    return doc;
}

static enum status run(const char *encoder, const struct json *request,
                       const struct chat_prompt_options *options, struct chat_prompt *ret,
                       struct error *err)
{
    struct chat *c;
    if (chat_open_native(&c, encoder, NULL, err)) fail_msg("%s", err->text);
    enum status s = chat_prompt(c, request, options, ret, err);
    chat_free(c);
    return s;
}

/* 0 when the prompt is as wanted. */
static int differs(const char *what, const struct json *request, const char *encoder,
                   struct span want)
{
    struct chat_prompt p = { 0 };
    struct error err = { .text = "" };
    enum status s = run(encoder, request, &VERBATIM, &p, &err);
    const struct buf *got = &p.rendered.text;
    int bad = s || got->len != want.len || memcmp(got->data, want.data, want.len) != 0;
    size_t at = 0;
    while (bad && !s && at < got->len && at < want.len && got->data[at] == want.data[at])
        at++;
    if (bad)
        print_error("%s: %s\n  wanted ...%.200s\n  came   ...%.200s\n", what, err.text,
                    want.data + at, got->data ? got->data + at : "");
    chat_prompt_release(&p);
    return bad;
}

static void vendors_cases(void **state)
{
    struct buf lines = fixture_read(fixture_source("tests/data/chat/encoders.jsonl"));
    int count = 0, faults = 0;
    for (char *at = lines.data, *end; at < lines.data + lines.len; at = end + 1, count++) {
        char what[64];
        end = strchr(at, '\n');
        assert_non_null(end);
        struct json_doc *doc = parse(at, (size_t)(end - at));
        const struct json *line = json_root(doc);
        snprintf(what, sizeof what, "line %d", count + 1);
        faults += differs(what, json_get(line, "request"), json_text(json_get(line, "encoder")),
                          json_string(json_get(line, "expected")));
        json_doc_free(doc);
    }
    assert_int_equal(count, 240);
    assert_int_equal(faults, 0);
    buf_release(&lines);
}

static void harmony_files(void **state)
{
    struct buf text = fixture_read(fixture_source("tests/data/chat/harmony-requests.json"));
    struct json_doc *doc = parse(text.data, text.len);
    int count = 0, faults = 0;
    for (struct json_member m = json_first(json_root(doc)); m.value;
         m = json_next(json_root(doc), m), count++) {
        char path[256];
        snprintf(path, sizeof path, "real/templates/harmony/%s.txt", m.key.data);
        struct buf want = fixture_read(FIXTURE(path));
        while (want.len && want.data[want.len - 1] == '\n')
            want.len--;
        faults += differs(m.key.data, m.value, "harmony", (struct span){ want.data, want.len });
        buf_release(&want);
    }
    assert_int_equal(count, 19);
    assert_int_equal(faults, 0);
    json_doc_free(doc);
    buf_release(&text);
}

/* ---- origins ---- */

#define TALK                                                                                       \
    "{\"messages\":[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"user\",\"content\":"       \
    "\"Q\"},{\"role\":\"assistant\",\"content\":\"P\",\"reasoning_content\":\"R\",\"tool_calls\":" \
    "[{\"id\":\"1\",\"function\":{\"name\":\"F\",\"arguments\":{\"K\":\"V\",\"N\":[1]}}}]},"       \
    "{\"role\":\"tool\",\"tool_call_id\":\"1\",\"content\":\"T\"}],"                               \
    "\"add_generation_prompt\":true,\"chat_template_kwargs\":{\"thinking\":true,"                  \
    "\"conversation_start_date\":\"\",\"knowledge_cutoff\":\"\",\"model_identity\":\"M\","         \
    "\"valid_channels\":[\"C\"]}}"

static const struct {
    const char *encoder, *want; /* what came from the request stands in brackets */
} ORIGINS[] = {
    { "deepseek-v3.2",
      "<｜begin▁of▁sentence｜>[S]<｜User｜>[Q]<｜Assistant｜><think>[R]</think>[P]\n\n"
      "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"[F]\">\n<｜DSML｜parameter "
      "name=\"[K]\" string=\"true\">[V]</｜DSML｜parameter>\n<｜DSML｜parameter name=\"[N]\" "
      "string=\"false\">[[1]]</｜DSML｜parameter>\n</｜DSML｜invoke>\n"
      "</｜DSML｜function_calls><｜end▁of▁sentence｜>\n\n<function_results>\n<result>[T]"
      "</result>\n</function_results>\n\n<think>" },
    { "deepseek-v4",
      "<｜begin▁of▁sentence｜>[S]<｜User｜>[Q]<｜Assistant｜></think>[P]\n\n"
      "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"[F]\">\n<｜DSML｜parameter "
      "name=\"[K]\" string=\"true\">[V]</｜DSML｜parameter>\n<｜DSML｜parameter name=\"[N]\" "
      "string=\"false\">[[1]]</｜DSML｜parameter>\n</｜DSML｜invoke>\n"
      "</｜DSML｜tool_calls><｜end▁of▁sentence｜><｜User｜><tool_result>[T]"
      "</tool_result><｜Assistant｜><think>" },
    { "harmony",
      "<|start|>system<|message|>[M]\n\nReasoning: medium\n\n# Valid channels: [C]. Channel must "
      "be included for every message.<|end|><|start|>developer<|message|># Instructions\n\n[S]"
      "<|end|><|start|>user<|message|>[Q]<|end|><|start|>assistant<|channel|>analysis<|message|>"
      "[R]<|end|><|start|>assistant<|channel|>commentary<|message|>[P]<|end|><|start|>assistant "
      "to=functions.[F]<|channel|>commentary <|constrain|>json<|message|>[{\"K\": \"V\", \"N\": "
      "[1]}]<|call|><|start|>functions.[F] to=assistant<|channel|>commentary<|message|>[T]<|end|>"
      "<|start|>assistant" },
};

static void origins(void **state)
{
    struct json_doc *doc = parse(TALK, sizeof TALK - 1);
    for (size_t i = 0; i < sizeof ORIGINS / sizeof *ORIGINS; i++) {
        struct chat_prompt p;
        struct error err;
        struct buf marked = BUF_INIT(8192);
        size_t at = 0;
        if (run(ORIGINS[i].encoder, json_root(doc), NULL, &p, &err)) fail_msg("%s", err.text);
        const struct template_output *o = &p.rendered;
        for (size_t k = 0; k < o->data_count; k++) {
            buf_append(&marked, o->text.data + at, o->data[k].begin - at);
            buf_byte(&marked, '[');
            buf_append(&marked, o->text.data + o->data[k].begin, o->data[k].end - o->data[k].begin);
            buf_byte(&marked, ']');
            at = o->data[k].end;
        }
        buf_append(&marked, o->text.data + at, o->text.len - at);
        assert_string_equal(marked.data, ORIGINS[i].want);
        buf_release(&marked);
        chat_prompt_release(&p);
    }
    json_doc_free(doc);
}

/* ---- what encoders make of requests, and what they refuse ---- */

#define ASK(more) "{\"messages\":[{\"role\":\"user\",\"content\":\"Q\"}" more "}"
#define CALL(arguments)                                                           \
    ASK(",{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"F\"," \
        "\"arguments\":" arguments "}}]}]")

static const struct {
    const char *encoder, *request, *want; /* want NULL: an error with these words */
    const char *words;
} CASES[] = {
    /* clients mean the system when they say developer */
    { "deepseek-v3.2",
      "{\"messages\":[{\"role\":\"developer\",\"content\":\"D\"},{\"role\":\"user\",\"content\":"
      "\"Q\"}],\"add_generation_prompt\":true}",
      "<｜begin▁of▁sentence｜>D<｜User｜>Q<｜Assistant｜></think>", "" },
    { "deepseek-v3.2", ASK("]"), "<｜begin▁of▁sentence｜><｜User｜>Q", "" },
    { "deepseek-v4", ASK("],\"add_generation_prompt\":true"),
      "<｜begin▁of▁sentence｜><｜User｜>Q<｜Assistant｜><think>", "" },
    { "deepseek-v4",
      ASK("],\"add_generation_prompt\":true,\"chat_template_kwargs\":{\"enable_thinking\":false}"),
      "<｜begin▁of▁sentence｜><｜User｜>Q<｜Assistant｜></think>", "" },
    { "deepseek-v4",
      ASK("],\"add_generation_prompt\":true,\"chat_template_kwargs\":{\"reasoning_effort\":"
          "\"none\"}"),
      "<｜begin▁of▁sentence｜><｜User｜>Q<｜Assistant｜></think>", "" },
    { "deepseek-v4", ASK("],\"chat_template_kwargs\":{\"reasoning_effort\":\"low\"}"), NULL,
      "none, high and max" },
    { "deepseek-v4", ASK("],\"chat_template_kwargs\":{\"thinking\":1}"), NULL, "true or false" },
    { "deepseek-v3.2",
      ASK(",{\"role\":\"assistant\",\"content\":\"A\"}],\"continue_final_message\":true"),
      "<｜begin▁of▁sentence｜><｜User｜>Q<｜Assistant｜></think>A", "" },
    { "deepseek-v3.2",
      ASK(",{\"role\":\"assistant\",\"content\":\"A\"}],\"add_generation_prompt\":true"), NULL,
      "neither the user's" },
    { "deepseek-v3.2",
      ASK(",{\"role\":\"assistant\",\"content\":\"A\"}],\"chat_template_kwargs\":{\"thinking\":"
          "true}"),
      NULL, "messages[1]: with thinking on" },
    { "deepseek-v3.2", CALL("\"no\""), NULL, "messages[1].tool_calls[0].function.arguments" },
    { "deepseek-v3.2",
      ASK(",{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"1\",\"function\":{\"name\":\"F\"}}]},"
          "{\"role\":\"user\",\"content\":\"Q\"},{\"role\":\"tool\",\"tool_call_id\":\"1\","
          "\"content\":\"T\"}]"),
      NULL, "messages[3]: this model's format wants tool results directly behind" },
    { "harmony", ASK("],\"chat_template_kwargs\":{\"reasoning_effort\":\"max\"}"), NULL,
      "low, medium and high" },
    { "harmony", ASK("],\"chat_template_kwargs\":{\"builtin_tools\":[\"shell\"]}"), NULL,
      "builtin_tools[0]" },
    { "harmony", ASK("],\"chat_template_kwargs\":{\"model_identity\":1}"), NULL, "must be a text" },
    { "harmony",
      ASK("],\"continue_final_message\":true,\"chat_template_kwargs\":{\"system_message\":false}"),
      NULL, "continue_final_message" },
    { "harmony",
      ASK(",{\"role\":\"assistant\",\"content\":\"A\"}],\"continue_final_message\":true,"
          "\"chat_template_kwargs\":{\"system_message\":false}"),
      "<|start|>user<|message|>Q<|end|><|start|>assistant<|channel|>final<|message|>A", "" },
    { "harmony", "{\"messages\":[]}", NULL, "at least one message" },
    { "harmony", "{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}", NULL, "messages[0]" },
};

static void requests(void **state)
{
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct json_doc *doc = parse(CASES[i].request, strlen(CASES[i].request));
        struct chat_prompt p = { 0 };
        struct error err = { .text = "" };
        enum status s = run(CASES[i].encoder, json_root(doc), NULL, &p, &err);
        if ((s == STATUS_OK) != (CASES[i].want != NULL) || !strstr(err.text, CASES[i].words))
            fail_msg("%s, %s: %s", CASES[i].encoder, CASES[i].request, err.text);
        if (!s) assert_string_equal(p.rendered.text.data, CASES[i].want);
        chat_prompt_release(&p);
        json_doc_free(doc);
    }
}

static void names(void **state)
{
    struct chat *c;
    struct error err;
    assert_int_equal(encoder_count(), 3);
    assert_ptr_equal(encoder_of_model("gpt_oss"), encoder_find("harmony"));
    assert_ptr_equal(encoder_of_model("deepseek_v32"), encoder_find("deepseek-v3.2"));
    assert_ptr_equal(encoder_of_model("deepseek_v4"), encoder_find("deepseek-v4"));
    assert_null(encoder_of_model("deepseek_v3"));
    assert_null(encoder_find("harmon"));
    assert_int_equal(chat_open_native(&c, "nosuch", NULL, &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, "harmony, deepseek-v3.2, deepseek-v4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vendors_cases), cmocka_unit_test(harmony_files), cmocka_unit_test(origins),
        cmocka_unit_test(requests),      cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
