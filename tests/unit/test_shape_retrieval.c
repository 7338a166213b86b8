/* Vectors and scores as each API writes them, and what a worker may not say.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/shape_run.h"

#define DONE(more)                                                                      \
    "{\"index\":0,\"kind\":\"done\",\"body\":{\"finish\":\"stop\",\"prompt_tokens\":9," \
    "\"queue_seconds\":0.5,\"prompt_seconds\":0.25" more "}}"
#define VECTOR(i, base64) \
    "{\"index\":0,\"kind\":\"delta\",\"body\":{\"index\":" #i ",\"embedding\":\"" base64 "\"}}"
#define SCORE(i, score) \
    "{\"index\":0,\"kind\":\"delta\",\"body\":{\"index\":" #i ",\"score\":" #score "}}"
#define PROGRESS "{\"index\":0,\"kind\":\"progress\",\"body\":{\"done\":1}}"
/* 1, -0.5 and 2, 3e-8 as little-endian float32 */
#define FIRST  "AACAPwAAAL8="
#define SECOND "AAAAQFnZADM="
#define TWO    "\"input\":[\"a\",\"b\"]"

static const struct {
    const char *shape, *body, *events, *want;
} answers[] = {
    { "openai-embeddings", "{" TWO "}",
      VECTOR(1, SECOND) "," PROGRESS "," VECTOR(0, FIRST) "," DONE(""),
      "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[1.0,-0."
      "5]},"
      "{\"object\":\"embedding\",\"index\":1,\"embedding\":[2.0,3e-08]}],\"model\":\"MODEL\","
      "\"usage\":{\"prompt_tokens\":9,\"total_tokens\":9}}" },
    { "openai-embeddings", "{\"input\":\"a\",\"encoding_format\":\"base64\"}",
      VECTOR(0, SECOND) "," DONE(""),
      "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":\"" SECOND
      "\"}],\"model\":\"MODEL\",\"usage\":{\"prompt_tokens\":9,\"total_tokens\":9}}" },
    { "ollama-embed", "{\"model\":\"m\"," TWO "}",
      VECTOR(0, FIRST) "," VECTOR(1, SECOND) "," DONE(""),
      "{\"model\":\"MODEL\",\"embeddings\":[[1.0,-0.5],[2.0,3e-08]],\"total_duration\":750000000,"
      "\"load_duration\":0,\"prompt_eval_count\":9}" },
    { "ollama-embeddings", "{\"model\":\"m\",\"prompt\":\"a\"}", VECTOR(0, FIRST) "," DONE(""),
      "{\"embedding\":[1.0,-0.5]}" },
    { "rerank",
      "{\"query\":\"q\",\"documents\":[\"a\",\"b\",\"c\"],\"return_documents\":true,\"top_n\":2}",
      SCORE(0, 0.25) "," SCORE(2, 0.75) "," SCORE(1, 0.25) "," DONE(""),
      "{\"id\":\"rerank-ID\",\"model\":\"MODEL\",\"usage\":{\"prompt_tokens\":9,\"total_tokens\":9}"
      ","
      "\"results\":[{\"index\":2,\"relevance_score\":0.75,\"document\":{\"text\":\"c\"}},"
      "{\"index\":0,\"relevance_score\":0.25,\"document\":{\"text\":\"a\"}}]}" },
    { "rerank-v2", "{\"documents\":[[1]]}", SCORE(0, 1) "," DONE(""),
      "{\"id\":\"rerank-ID\",\"model\":\"MODEL\",\"usage\":{\"prompt_tokens\":9,\"total_tokens\":9}"
      ","
      "\"results\":[{\"index\":0,\"relevance_score\":1.0}]}" },
};

static void run(struct shape_run *ret, const char *shape, const char *body, const char *events,
                const char *more)
{
    struct shape_context context = shape_run_context();
    struct json_doc *doc;
    struct error err;
    char script[4096];
    int n = snprintf(script, sizeof script, "{\"shape\":\"%s\",\"body\":%s,\"events\":[%s]%s}",
                     shape, body, events, more);
    assert_true(n > 0 && (size_t)n < sizeof script);
    if (json_parse(&doc, script, (size_t)n, sizeof script, "a script", &err))
        fail_msg("%s", err.text);
    shape_run(ret, &context, json_root(doc), -1, 0);
    json_doc_free(doc);
}

/* `want` with MODEL and ID as the context has them. */
static struct buf filled(const char *want)
{
    struct shape_context context = shape_run_context();
    struct buf out = BUF_INIT(1 << 16);
    while (*want) {
        bool model = strncmp(want, "MODEL", 5) == 0, id = strncmp(want, "ID", 2) == 0;
        if (model) buf_text(&out, context.model);
        else if (id) buf_text(&out, context.request_id);
        else buf_byte(&out, *want);
        want += model ? 5 : id ? 2 : 1;
    }
    return out;
}

static void what_is_written(void **state)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct shape_run r;
        run(&r, answers[i].shape, answers[i].body, answers[i].events, "");
        if (r.refused) fail_msg("case %zu: %s", i, r.error.text);
        if (r.status) fail_msg("case %zu: %s", i, r.why.text);
        assert_int_equal(r.count, 1);
        assert_true(r.pieces[0].last);
        struct buf want = filled(answers[i].want);
        if (r.pieces[0].data.len != want.len ||
            memcmp(r.pieces[0].data.data, want.data, want.len) != 0)
            fail_msg("case %zu: wanted %.*s\ngot %.*s", i, (int)want.len, want.data,
                     (int)r.pieces[0].data.len, r.pieces[0].data.data);
        buf_release(&want);
        shape_run_release(&r);
    }
}

static const struct {
    const char *events;
    enum status status;
} wrong[] = {
    { VECTOR(0, FIRST) "," DONE(""), STATUS_FAILED }, /* one is missing */
    { VECTOR(2, FIRST), STATUS_FAILED },              /* nobody asked */
    { VECTOR(-1, FIRST), STATUS_FAILED },
    { "{\"index\":0,\"kind\":\"delta\",\"body\":{}}", STATUS_FAILED },
    { VECTOR(0, FIRST) "," VECTOR(0, FIRST), STATUS_FAILED },                 /* twice */
    { VECTOR(0, "AAA") "," VECTOR(1, FIRST) "," DONE(""), STATUS_BAD_INPUT }, /* no base64 */
    { "{\"index\":0,\"kind\":\"done\",\"body\":{\"finish\":\"cancelled\"}}", STATUS_CANCELLED },
};

static void what_a_worker_may_not_say(void **state)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct shape_run r;
        run(&r, "openai-embeddings", "{" TWO "}", wrong[i].events, "");
        if (r.status != wrong[i].status || r.count)
            fail_msg("case %zu: %s, %zu pieces", i, status_name(r.status), r.count);
        shape_run_release(&r);
    }
}

static void an_error_is_the_apis_own(void **state)
{
    static const struct {
        const char *shape, *body, *want;
    } cases[] = {
        { "rerank", "{\"query\":\"q\",\"documents\":[\"a\"]}", "\"code\":\"c\"" },
        { "ollama-embed", "{\"model\":\"m\"," TWO "}", "{\"error\":\"words\"}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct shape_run r;
        run(&r, cases[i].shape, cases[i].body, PROGRESS,
            ",\"fail\":{\"http\":500,\"type\":\"server_error\",\"code\":\"c\",\"text\":\"words\"}");
        assert_int_equal(r.count, 1);
        buf_byte(&r.pieces[0].data, 0);
        if (!strstr(r.pieces[0].data.data, cases[i].want)) fail_msg("%s", r.pieces[0].data.data);
        shape_run_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written),
        cmocka_unit_test(what_a_worker_may_not_say),
        cmocka_unit_test(an_error_is_the_apis_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
