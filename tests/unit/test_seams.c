/* Cutting pieces at their seams changes no id.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Texts are made of pieces of the vocabulary itself, cut at any byte: those are the ones that
 * merges fight over. The same tokenizer without its seams says what is right; that one is checked
 * against the vendors' in test_tokenizer_golden. */
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "lm/tokenizer/tokenizer_parts.h"

#define TEXTS 4000

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Mostly longer pieces beyond ASCII, some of them cut. */
static void make_text(const struct tokenizer *t, uint64_t *state, struct buf *out)
{
    buf_clear(out);
    for (uint32_t n = 2 + next_random(state) % 8; n;) {
        struct span s = vocab_bytes(&t->vocab, (int32_t)(next_random(state) % t->vocab.count));
        if (!s.len || s.len > 40 || (!(s.data[0] & 0x80) && next_random(state) % 4)) continue;
        size_t from = next_random(state) % 4 ? 0 : next_random(state) % s.len;
        size_t len =
            next_random(state) % 4 ? s.len - from : next_random(state) % (s.len - from + 1);
        buf_append(out, s.data + from, len);
        n--;
    }
}

static void check(struct tokenizer *t, const char *name)
{
    uint64_t state = 20250705;
    struct buf text = BUF_INIT(4096);
    size_t parts = 0, tokens = 0;
    for (int i = 0; i < TEXTS; i++) {
        struct token_list with = { 0 }, without = { 0 };
        struct seams seams = t->seams;
        struct error err = { .text = "" };
        make_text(t, &state, &text);
        enum status a = tokenizer_encode(t, text.data, text.len, false, &with, &err);
        for (size_t at = 0; at < text.len; parts++)
            at = seams_next(&seams, (struct span){ text.data, text.len }, at);
        t->seams.bits = NULL;
        enum status b = tokenizer_encode(t, text.data, text.len, false, &without, &err);
        t->seams = seams;
        if (a != b || with.count != without.count ||
            (with.count && memcmp(with.ids, without.ids, with.count * sizeof *with.ids) != 0))
            fail_msg("%s: text %d differs: %zu ids with seams, %zu without", name, i, with.count,
                     without.count);
        tokens += with.count;
        token_list_release(&with);
        token_list_release(&without);
    }
    print_message("%s: %d texts, %zu tokens, %zu parts\n", name, TEXTS, tokens, parts);
    assert_true(parts > TEXTS + TEXTS / 10);
    buf_release(&text);
}

static void same_ids(void **state)
{
    static const char *const names[] = { "qwen2", "glm-4", "llama3", "deepseek-coder", "gpt2" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        struct source *source;
        struct tokenizer *t;
        struct error err;
        snprintf(path, sizeof path, "real/tokenizers/%s", names[i]);
        if (source_open(&source, FIXTURE(path), &err) || tokenizer_open(&t, source, NULL, &err))
            fail_msg("%s", err.text);
        source_close(source);
        check(t, names[i]);
        tokenizer_free(t);
    }
}

static void places(void **state)
{
    struct vocab v;
    struct seams s;
    struct error err;
    static const char *const tokens[] = { "\xe6\x98\xa5", "\xe6\xb1\x9f\xe6\xbd\xae",
                                          "\xa5\xe6\xb0", "ab" };
    static const struct {
        const char *text;
        size_t first;
    } cases[] = {
        { "ab", 2 },
        { "xy", 2 }, /* none between two of ASCII: they are seldom seams */
        { "\xe6\x98\xa5", 3 },
        { "\xe6\xb1\x9f\xe6\xbd\xae", 6 },             /* inside a token */
        { "\xe6\xb1\x9f\xe6\xbd\xae\xe6\x98\xa5", 6 }, /* behind it */
        { "\xe6\x98\xa5\xe6\xb1\x9f", 3 },
        { "\xe6\x98\xa5\xe6\xb0\xb4", 6 },         /* a token covers the end and a beginning */
        { "\xe6\x98\xa5\xe6\xb0", 5 },             /* no whole character */
        { "\xe6\x98\xe6\xb1\x9f", 5 },             /* nor here */
        { "\x98\xa5\xa5\xa5\xa5\xe6\xb1\x9f", 8 }, /* nor here */
        { "a\xe6\xb1\x9f", 1 },
        { "\xc0"
          "a",
          2 },
        { "", 0 },
    };
    vocab_init(&v);
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        assert_int_equal(
            vocab_set(&v, (int64_t)i, span_of(tokens[i]), TOKEN_NORMAL, TOKEN_MATCHES, 0, &err),
            STATUS_OK);
    assert_int_equal(seams_build(&s, &v, &err), STATUS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(seams_next(&s, span_of(cases[i].text), 0), cases[i].first);
    seams_release(&s);
    vocab_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(same_ids), cmocka_unit_test(places) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
