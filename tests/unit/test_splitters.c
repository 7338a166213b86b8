/* Hand-written splitting patterns against PCRE2 running the vendors' expressions.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"

#include "base/core/json.h"
#include "base/core/utf8.h"
#include "lm/tokenizer/splitter.h"

struct pieces {
    struct split_list list, spare;
};

static void release(struct pieces *p)
{
    split_list_release(&p->list);
    split_list_release(&p->spare);
}

static int compare(const struct splitter *fast, const struct splitter *slow, struct span text,
                   const char *regex)
{
    struct error err = { 0 };
    struct pieces a = { .list = { .count = 0 } }, b = { .list = { .count = 0 } };
    assert_int_equal(splitter_run(fast, text.data, text.len, &a.list, &a.spare, &err), STATUS_OK);
    if (splitter_run(slow, text.data, text.len, &b.list, &b.spare, &err)) fail_msg("%s", err.text);
    bool same = a.list.count == b.list.count;
    size_t i = 0;
    for (; i < a.list.count && i < b.list.count; i++) {
        if (a.list.items[i].begin == b.list.items[i].begin &&
            a.list.items[i].end == b.list.items[i].end)
            continue;
        same = false;
        break;
    }
    if (!same && i < a.list.count && i < b.list.count) {
        struct split_range x = a.list.items[i], y = b.list.items[i];
        printf("  %.60s\n    got '%.*s' wanted '%.*s'\n", regex, (int)(x.end - x.begin),
               text.data + x.begin, (int)(y.end - y.begin), text.data + y.begin);
    }
    release(&a);
    release(&b);
    return !same;
}

/* A small generator: short random texts from characters that the patterns tell apart. */
static size_t random_text(uint64_t *seed, char *out)
{
    static const char *const chars[] = { " ",
                                         " ",
                                         "  ",
                                         "\n",
                                         "\r\n",
                                         "\t",
                                         "a",
                                         "B",
                                         "st",
                                         "'",
                                         "'s",
                                         "'S",
                                         "'ll",
                                         "'rE",
                                         "1",
                                         "23",
                                         "456",
                                         ".",
                                         "!?",
                                         "/",
                                         "\xC3\xA9",
                                         "\xC3\x89",
                                         "e\xCC\x81",
                                         "\xCC\x81",
                                         "\xE4\xBD\xA0",
                                         "\xE3\x81\x82",
                                         "\xE2\x80\x8B",
                                         "\xC2\xA0",
                                         "\xE3\x80\x80",
                                         "\xC2\x85",
                                         "\xC2\xBD",
                                         "\xE2\x91\xA0",
                                         "\xF0\x9F\x98\x80",
                                         "\xC5\xBF",
                                         "'\xC5\xBF",
                                         "\xC7\x85",
                                         "\xCA\xB0",
                                         "\xEF\xBC\x81",
                                         "_",
                                         "\xE1\xA0\x8E",
                                         "\x1C",
                                         "$",
                                         "+=" };
    size_t len = 0;
    int count = 1 + (int)(*seed >> 33) % 12;
    for (int i = 0; i < count; i++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        const char *c = chars[(*seed >> 33) % (sizeof(chars) / sizeof(*chars))];
        memcpy(out + len, c, strlen(c));
        len += strlen(c);
    }
    return len;
}

static int check_pattern(const struct split_pattern *p, const struct buf *corpus)
{
    struct error err = { 0 };
    struct splitter fast = { .count = 0 }, slow = { .count = 0 };
    assert_int_equal(splitter_add_fn(&fast, p->fn, &err), STATUS_OK);
    if (splitter_add_pcre(&slow, span_of(p->regex), SPLIT_ISOLATED, false, &err))
        fail_msg("%s", err.text);
    int failed = 0, cases = 0;
    uint64_t seed = 20240229;
    for (int i = 0; i < 20000 && failed < 5; i++, cases++) {
        char text[256];
        size_t len = random_text(&seed, text);
        failed += compare(&fast, &slow, (struct span){ text, len }, p->regex);
    }
    for (size_t pos = 0; pos < corpus->len && failed < 5; cases++) {
        size_t len = corpus->len - pos < 997 ? corpus->len - pos : 997;
        while (pos + len < corpus->len && ((uint8_t)corpus->data[pos + len] & 0xC0) == 0x80)
            len++;
        failed += compare(&fast, &slow, (struct span){ corpus->data + pos, len }, p->regex);
        pos += len;
    }
    printf("%d of %d agree with %.50s\n", cases - failed, cases, p->regex);
    splitter_release(&fast);
    splitter_release(&slow);
    return failed;
}

/* All valid texts of the golden corpus, one after the other. */
static struct buf corpus_texts(void)
{
    struct buf lines = fixture_read(FIXTURE("golden/tokenizers/corpus.jsonl")),
               out = BUF_INIT((size_t)16 << 20);
    for (size_t pos = 0; pos < lines.len;) {
        const char *newline = memchr(lines.data + pos, '\n', lines.len - pos);
        size_t end = newline ? (size_t)(newline - lines.data) : lines.len;
        struct json_doc *doc = NULL;
        assert_int_equal(
            json_parse(&doc, lines.data + pos, end - pos, (size_t)1 << 20, "a line", NULL),
            STATUS_OK);
        struct span text = json_string(json_get(json_root(doc), "text"));
        if (text.data) assert_true(buf_append(&out, text.data, text.len));
        json_doc_free(doc);
        pos = end + 1;
    }
    buf_release(&lines);
    return out;
}

static void hand_written(void **state)
{
    struct buf corpus = corpus_texts();
    int failed = 0, patterns = 0;
    for (int i = 0; splitter_pattern(i); i++) {
        if (!splitter_pattern(i)->fn) continue;
        failed += check_pattern(splitter_pattern(i), &corpus);
        patterns++;
    }
    buf_release(&corpus);
    assert_true(patterns >= 10);
    assert_int_equal(failed, 0);
}

static void names(void **state)
{
    static const char *const known[] = {
        "qwen2",      "deepseek-r1-qwen", "hunyuan",      "qwen35",         "deepseek-v3",
        "joyai-llm",  "hunyuan-dense",    "deepseek-llm", "deepseek-coder", "llama-bpe",
        "glm4",       "chatglm-bpe",      "gpt-4o",       "kimi-k2",        "tekken",
        "seed-coder", "bailingmoe",       "bailingmoe2",  "olmo",           "smollm",
        "gpt-2"
    };
    struct error err = { 0 };
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        struct splitter s = { .count = 0 };
        if (splitter_add_named(&s, known[i], &err)) fail_msg("%s: %s", known[i], err.text);
        assert_true(s.count > 0);
        splitter_release(&s);
    }
    struct splitter s = { .count = 0 };
    assert_int_equal(splitter_add_named(&s, "qwen2000", &err), STATUS_UNSUPPORTED);
    assert_non_null(strstr(err.text, "qwen2000"));
    assert_non_null(strstr(err.text, "llama-bpe"));
    splitter_release(&s);
}

static void behaviors(void **state)
{
    static const struct {
        enum split_behavior behavior;
        bool invert;
        const char *want;
    } cases[] = { { SPLIT_ISOLATED, false, "the|-|final|-|-|countdown" },
                  { SPLIT_REMOVED, false, "the|final|countdown" },
                  { SPLIT_MERGED_PREVIOUS, false, "the-|final-|-|countdown" },
                  { SPLIT_MERGED_NEXT, false, "the|-final|-|-countdown" },
                  { SPLIT_REMOVED, true, "-|-|-" } };
    const char text[] = "the-final--countdown"; /* the example of the tokenizers documentation */
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct splitter s = { .count = 0 };
        struct pieces p = { .list = { .count = 0 } };
        struct buf got = BUF_INIT(256);
        assert_int_equal(
            splitter_add_literal(&s, span_of("-"), cases[i].behavior, cases[i].invert, NULL),
            STATUS_OK);
        assert_int_equal(splitter_run(&s, text, sizeof(text) - 1, &p.list, &p.spare, NULL),
                         STATUS_OK);
        for (size_t k = 0; k < p.list.count; k++) {
            if (k) buf_byte(&got, '|');
            buf_append(&got, text + p.list.items[k].begin,
                       p.list.items[k].end - p.list.items[k].begin);
        }
        assert_string_equal(got.data, cases[i].want);
        buf_release(&got);
        release(&p);
        splitter_release(&s);
    }
}

static void refused_expressions(void **state)
{
    static const char *const bad[] = { "(",    "[a",        "a\\",      "\\h+",   "[a&&b]",
                                       "(?R)", "(*ACCEPT)", "(?<=a+)b", "[[a]b]", "\\p{Nonsense}" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct splitter s = { .count = 0 };
        struct error err = { 0 };
        enum status status = splitter_add_regex(&s, span_of(bad[i]), SPLIT_ISOLATED, false, &err);
        if (status != STATUS_UNSUPPORTED && status != STATUS_BAD_INPUT)
            fail_msg("'%s' was taken", bad[i]);
        assert_true(err.text[0]);
        splitter_release(&s);
    }
}

/* An expression that backtracks without end gives up instead of hanging. */
static void runaway_expression(void **state)
{
    struct splitter s = { .count = 0 };
    struct pieces p = { .list = { .count = 0 } };
    char text[64];
    struct error err = { 0 };
    memset(text, 'a', sizeof(text));
    text[63] = 'b';
    assert_int_equal(
        splitter_add_regex(&s, span_of("(a|aa|aaa)+[cd]"), SPLIT_ISOLATED, false, &err), STATUS_OK);
    assert_int_equal(splitter_run(&s, text, sizeof(text), &p.list, &p.spare, &err), STATUS_LIMIT);
    release(&p);
    splitter_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hand_written),       cmocka_unit_test(names),
        cmocka_unit_test(behaviors),          cmocka_unit_test(refused_expressions),
        cmocka_unit_test(runaway_expression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
