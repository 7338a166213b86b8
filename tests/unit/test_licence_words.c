/* Words, amounts and terms of texts; differences in order; drift.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/licence/licence_align.h"
#include "govern/licence/licence_drift.h"
#include "govern/licence/licence_print.h"
#include "govern/licence/licence_risk.h"
#include "support/fixture.h"
#include "support/licence_desk.h"

#define SPAN(literal) ((struct span){ literal, sizeof literal - 1 })

static struct licence_words words_of(struct span text)
{
    struct licence_words w;
    struct error err;
    if (licence_words_read(&w, text, &err)) fail_msg("%s", err.text);
    return w;
}

static void formatting_is_folded(void **state)
{
    static const struct {
        struct span text;
        const char *folded;
    } cases[] = {
        { SPAN("The  \t MIT\r\nLicence!"), "the mit license" },
        { SPAN("non-commercial, non\xE2\x80\x91\x63ommercial"), "non commercial non commercial" },
        { SPAN("licensor's licensor\xE2\x80\x99s"), "licensors licensors" },
        { SPAN("\xC2\xA9 2024 X"), "c 2024 x" },
        { SPAN("(c)2024"), "c 2024" },
        { SPAN("\"AS IS\" \xE2\x80\x9C\x41S IS\xE2\x80\x9D ``AS IS''"), "as is as is as is" },
        { SPAN("<p>You<br>may</p> <b>n</b>ot &amp; &quot;do&quot; &#8220;it&#x201D;"),
          "you may not do it" },
        { SPAN("<year> <copyright holders>"), "year copyright holders" },
        { SPAN("a < b and c > d"), "a b and c d" },
        { SPAN("all\xE2\x80\x8Bowed al\xC2\xADlowed"), "allowed allowed" },
        { SPAN("\xEF\xBC\xAD\xEF\xBC\xA9\xEF\xBC\xB4 \xEF\xBC\x92"), "mit 2" },
        { SPAN("\xE9\x9D\x9E\xE5\x95\x86\xE4\xB8\x9A"), "\xE9\x9D\x9E \xE5\x95\x86 \xE4\xB8\x9A" },
        { SPAN("US$30 5% \xE2\x82\xAC"
               "7"),
          "us $ 30 5 % eur 7" },
        { SPAN("<del>not</del> x"), "<hidden> not <hidden> x" },
        { SPAN("x &lt;span id=&quot;y&quot;&gt;z&lt;/span&gt; &lt;year&gt;"), "x z year" },
        { SPAN("<a href=\"x&gt;y\">z</a>"), "z" },
        { SPAN("<<<p>x</p>"), "x" },
        { SPAN("a <!-- b --> c"), "a b c" },
        { SPAN("<html>a <!-- b --> c"), "a c" },
        { SPAN("<a not for sale> <b>x</b> <a href=\"y\">z</a>"), "a not for sale x z" },
        { SPAN("<html>a <!-- not for sale --> c"), "a <hidden> c" },
        { SPAN("<!doctype html><script src='x'></script>y<style>z</style>"), "y" },
        { SPAN("<!doctype html><script>x</script>y"), "<hidden> y" },
        { SPAN("<html><style>p { display: none }</style>y"), "<hidden> y" },
        { SPAN("<html><head><title>Terms of use</title></head>y"), "y" },
        { SPAN("<html><head><title>Academic use</title></head>y"), "<hidden> y" },
        { SPAN("<img src='a b c' alt='not for sale'>y"), "<hidden> y" },
        { SPAN("<html><meta name='x' content='academic use only'>y"), "<hidden> y" },
        { SPAN("<html><meta name='viewport' content='width=device-width'>y"), "y" },
        { SPAN("\xE2\x93\x83\xE2\x93\x9E\xE2\x93\xA3"),
          "\xE2\x93\x83\xE2\x93\x9E\xE2\x93\xA3" },               /* circled */
        { SPAN("a\xF3\xA0\x81\x8E\x62"), "a <hidden> b" },        /* a Unicode tag */
        { SPAN("a\xE2\x80\xAE\x62"), "a <hidden> b" },            /* right to left */
        { SPAN("of\xEF\xAC\x81\x63\x65"), "office" },             /* a ligature */
        { SPAN("\xA1\xB0M\xA1\xB1 \xBD\xFB"), "m \xE7\xA6\x81" }, /* GB 2312 */
        { SPAN("sublicence"), "sublicense" },
        { SPAN("{\\rtf1\\ansi{\\fonttbl{\\f0 Times;}}\\pard a\\par\nb\\'e9\\line c\\u233?\\~d}"),
          "a b\xC3\xA9 c\xC3\xA9 d" },
        { SPAN("{\\rtf1 a{\\v b}c}"), "a <hidden> bc" },
        { SPAN("{\\rtf1 a{\\*\\note not for sale}c}"), "a <hidden> c" },
        { SPAN("{\\rtf1 a\\notforsalenotforsale c}"), "a <hidden> c" },
        { SPAN("{\\rtf1 a\\not c}"), "a <hidden> c" },
        { SPAN("{\\rtf1 a {\\info{\\title License}} c"), "a c" },
        { SPAN("{\\rtf1 {{{\\"), "" },
        { SPAN("{\\rtf1 a \\u-10187?\\u-9216? c}"), "a \xEE\x80\x80\xEE\x80\x80 c" },
        { SPAN("REM a\nREM b\nREM\nREM c\nREM d\nREM e\nREM f\nREM g"), "a b c d e f g" },
        { SPAN("REM a\nREM b\nREM\nc\nREM d\nREM e\nREM f\nREM g"),
          "rem a rem b rem c rem d rem e rem f rem g" },
        { SPAN("1 a\n2 b\n3\n4 c\n5 d\n6 e\n7 f\n8 g"), "a b c d e f g" },
        { SPAN("1 a\n2 b\n3\n4 c\n5 d\n6 e\n7 f\n9 g"), "1 a 2 b 3 4 c 5 d 6 e 7 f 9 g" },
        { SPAN("<script>x</script>y"), "x y" },
        { SPAN("\x93quoted\x94 \x97 \xA9 caf\xE9"), "quoted c caf\xC3\xA9" },
        { SPAN("\xFF\xFE"
               "A\0B\0 \0c\0"),
          "ab c" },
        { SPAN("\xFE\xFF"
               "\0A\0B\0 \0c"),
          "ab c" },
        { SPAN("M\0I\0T\0 \0x\0y\0z\0"), "mit xyz" },
        { SPAN("https://example.com/a"), "http example com a" },
        { SPAN(""), "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct licence_words w = words_of(cases[i].text);
        const char *found = w.folded ? w.folded : "";
        if (strcmp(found, cases[i].folded) != 0)
            fail_msg("case %zu: wanted \"%s\", found \"%s\"", i, cases[i].folded, found);
        for (uint32_t k = 0; k < w.count; k++)
            assert_true(w.words[k].begin < w.words[k].end && w.words[k].end <= cases[i].text.len);
        licence_words_release(&w);
    }
}

/* Four megabytes of opening marks are read in less than the blink that reading them twice would take. */
static void opening_marks_are_read_once(void **state)
{
    struct buf text = BUF_INIT(LICENCE_TEXT_BYTES_MAX);
    while (text.len < LICENCE_TEXT_BYTES_MAX)
        buf_byte(&text, '<');
    struct licence_words w = words_of((struct span){ text.data, text.len });
    assert_int_equal(w.count, 0);
    licence_words_release(&w);
    buf_release(&text);
}

static void amounts_are_understood(void **state)
{
    static const struct {
        const char *text;
        int64_t amount;
        uint32_t words; /* 0: none */
    } cases[] = {
        { "100 million monthly", 100000000, 2 },
        { "700,000,000 users", 700000000, 3 },
        { "20m users", 20000000, 1 },
        { "1 billion", 1000000000, 2 },
        { "ten million", 10000000, 2 },
        { "hundred million", 100000000, 2 },
        { "\x31\xE4\xBA\xBF", 100000000, 2 },       /* 1 yi */
        { "\x31\x30\x30\xE4\xB8\x87", 1000000, 2 }, /* 100 wan */
        { "3 people", 3, 1 },
        { "1 2 3", 1, 1 },
        { "one person", 0, 0 },
        { "b2 x", 0, 0 },
        { "20th", 0, 0 },
        { "99999999999999999999 billion billion", (int64_t)1 << 60, 3 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct licence_words w = words_of(span_of(cases[i].text));
        int64_t v = 0;
        uint32_t used = licence_amount_at(&w, 0, w.count, &v);
        if (used != cases[i].words || (used && v != cases[i].amount))
            fail_msg("\"%s\": %u words, %lld", cases[i].text, used, (long long)v);
        licence_words_release(&w);
    }
}

static void terms_are_found(void **state)
{
    static const struct {
        const char *text;
        int kind; /* -1: none of them */
        int64_t amount;
        const char *codes;
    } cases[] = {
        { "If you have more than 5 million monthly active users you must ask.", CLAUSE_USERS_MONTH,
          5000000, "" },
        { "Products with a DAU of 1,000,000 or more", CLAUSE_USERS_DAY, 1000000, "" },
        { "\xE6\x9C\x88\xE6\xB4\xBB\xE8\xB6\x85\xE8\xBF\x87\x31\xE4\xBA\xBF\xE7\x94\xA8\xE6\x88"
          "\xB7",
          CLAUSE_USERS_MONTH, 100000000, "" },
        { "annual revenue of less than US $1,000,000", CLAUSE_REVENUE_YEAR, 1000000, "" },
        { "more than 20 million US dollars in monthly revenue", CLAUSE_REVENUE_MONTH, 20000000,
          "" },
        { "You may not use it in the European Union or the UK.", CLAUSE_NOT_IN, -1, "EU GB" },
        { "For multimodal models no rights are granted in the EU.", CLAUSE_NOT_MULTIMODAL_IN, -1,
          "EU" },
        { "It is for non-commercial purposes only.", CLAUSE_NO_COMMERCE, -1, "" },
        { "\xE4\xBB\x85\xE4\xBE\x9B\xE7\xA0\x94\xE7\xA9\xB6", CLAUSE_NO_COMMERCE, -1, "" },
        { "Commercial users must register by email.", CLAUSE_REGISTER, -1, "" },
        { "You may not use outputs to train any other AI model.", CLAUSE_NO_TRAINING, -1, "" },
        { "Commercial and/or non-commercial use is permitted.", -1, -1, "" },
        { "This alternative is allowed only noncommercially.", -1, -1, "" },
        { "Works include, but are not limited to, other models trained with it.", -1, -1, "" },
        { "The Orion-14B model, for revenue generation.", -1, -1, "" },
        { "It is revocable.", CLAUSE_REVOCABLE, -1, "" },
        { "It is irrevocable.", -1, -1, "" },
        { "For any purpose, commercial or non-commercial.", -1, -1, "" },
        { "This is governed by the laws of Japan without regard to conflicts.", CLAUSE_LAW, -1,
          "" },
        { "You can use it in the European Union.", -1, -1, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct licence_clauses found;
        struct licence_words w = words_of(span_of(cases[i].text));
        licence_clauses_find(&found, &w);
        const struct licence_clause *c =
            cases[i].kind < 0 ? NULL
                              : licence_clause_first(&found, (enum clause_kind)cases[i].kind);
        if (cases[i].kind < 0 ? found.count != 0 : !c)
            fail_msg("\"%s\": %d terms, the first %s", cases[i].text, found.count,
                     found.count ? clause_kind_name(found.items[0].kind) : "none");
        if (c) assert_int_equal(c->amount, cases[i].amount);
        if (c) assert_string_equal(c->codes, cases[i].codes);
        licence_words_release(&w);
    }
}

static void copyright_lines_hold_no_terms(void **state)
{
    static const struct {
        const char *text;
        bool line;
    } cases[] = {
        { "Copyright (c) 2024 Example Corp. All rights reserved.", true },
        { "\xC2\xA9 2024 Example", true },
        { "Copyright 2024 Example. No commercial use.", false },
        { "Copyright 2024 Example, for research purposes", false },
        { "Copyright 2024 Example. Hands off.", false },
        { "Copyright 2023 01.AI Inc. and others. All rights reserved.", true },
        { "Copyright holders may not be named", false },
        { "Copyright 2024 "
          "\xE7\xA4\xBA\xE4\xBE\x8B\xEF\xBC\x8C\xE7\xA6\x81\xE6\xAD\xA2\xE5\x95\x86\xE7\x94\xA8",
          false },
        { "Copyright", false },
        { "The copyright 2024 Example", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct licence_words w = words_of(span_of(cases[i].text));
        uint32_t found = licence_copyright_line(&w, 0);
        if (found != (cases[i].line ? w.count : 0)) fail_msg("\"%s\": %u", cases[i].text, found);
        licence_words_release(&w);
    }
}

/* A reference that is slow and plain: the longest common subsequence by its recurrence. */
static uint32_t common_words(const uint16_t *a, uint32_t n, const uint16_t *b, uint32_t m)
{
    uint32_t *row = mem_array(m + 1, sizeof *row), best;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0, diagonal = 0; j < m; j++) {
            uint32_t above = row[j + 1];
            row[j + 1] = a[i] == b[j] ? diagonal + 1 : above > row[j] ? above : row[j];
            diagonal = above;
        }
    best = row[m];
    mem_free(row);
    return best;
}

static void alignment_is_the_longest_common_subsequence(void **state)
{
    uint16_t a[200], b[200];
    uint32_t seed = 7;
    struct error err;
    for (int round = 0; round < 400; round++) {
        uint32_t n, m, letters;
#define NEXT() (seed = seed * 1664525u + 1013904223u, seed >> 16)
        n = NEXT() % 200, m = NEXT() % 200, letters = 2 + NEXT() % 30;
        for (uint32_t i = 0; i < n; i++)
            a[i] = (uint16_t)(NEXT() % letters);
        for (uint32_t i = 0; i < m; i++)
            b[i] = round % 2 && i < n ? a[i] : (uint16_t)(NEXT() % letters);
        struct align_result r;
        assert_int_equal(licence_align(&r, a, n, b, m, &err), STATUS_OK);
        uint32_t at_a = 0, at_b = 0, equal = 0;
        for (uint32_t i = 0; i <= r.count; i++) {
            uint32_t to_a = i < r.count ? r.hunks[i].a_begin : n;
            uint32_t to_b = i < r.count ? r.hunks[i].b_begin : m;
            assert_int_equal(to_a - at_a, to_b - at_b);
            for (; at_a < to_a; at_a++, at_b++, equal++)
                assert_int_equal(a[at_a], b[at_b]);
            if (i == r.count) break;
            at_a = r.hunks[i].a_end;
            at_b = r.hunks[i].b_end;
        }
        assert_int_equal(equal, r.equal);
        if (equal != common_words(a, n, b, m)) fail_msg("round %d: %u words", round, equal);
        align_result_release(&r);
    }
}

static void damaged_tables_are_refused(void **state)
{
    struct licence_prints p;
    struct error err;
    struct buf table = BUF_INIT(1u << 20);
    struct print_text text = { .id = "one", .flags = PRINT_SEQUENCE };
    text.words = words_of(SPAN("One licence of few words"));
    assert_int_equal(licence_prints_write(&table, &text, 1, &err), STATUS_OK);
    assert_int_equal(licence_prints_open(&p, (struct span){ table.data, table.len }, &err),
                     STATUS_OK);
    assert_int_equal(p.count, 1);
    for (size_t len = 0; len < table.len; len++)
        assert_int_equal(licence_prints_open(&p, (struct span){ table.data, len }, &err),
                         STATUS_BAD_INPUT);
    for (size_t at = 0; at < 20; at++) {
        table.data[at] = (char)(table.data[at] ^ 0x80);
        assert_int_equal(licence_prints_open(&p, (struct span){ table.data, table.len }, &err),
                         STATUS_BAD_INPUT);
        table.data[at] = (char)(table.data[at] ^ 0x80);
    }
    licence_words_release(&text.words);
    buf_release(&table);
}

/* Tongyi's licence of 2023 and Qwen's of 2024: what was forbidden is allowed with a line. */
static void drift_shows_facts_and_words(void **state)
{
    struct buf old = fixture_read(FIXTURE("real/licences/Tongyi-Qianwen-LICENSE-AGREEMENT.txt"));
    struct buf new = fixture_read(FIXTURE("real/licences/scancode/qwen-2024.LICENSE"));
    struct licence_reading *was = desk_read((struct span){ old.data, old.len });
    struct licence_reading *is = desk_read((struct span){ new.data, new.len });
    static struct licence_drift d;
    struct buf out = BUF_INIT(1u << 20);
    struct json_writer w;
    struct json_doc *doc;
    struct error err;
    bool outputs = false;
    assert_int_equal(licence_drift(&d, was, is, &err), STATUS_OK);
    assert_false(d.same_words || d.same_licence);
    json_writer_init(&w, &out, 0);
    assert_int_equal(licence_drift_write(&w, &d, was, is, &err), STATUS_OK);
    assert_int_equal(json_parse(&doc, out.data, out.len, 1u << 20, "drift", &err), STATUS_OK);
    const struct json *facts = json_get(json_root(doc), "facts");
    for (size_t i = 0; i < json_length(facts); i++)
        outputs |= strcmp(json_text(json_get(json_at(facts, i), "fact")), "outputs") == 0;
    assert_true(outputs);
    assert_non_null(strstr(out.data, "improve any other large language model"));
    json_doc_free(doc);
    assert_int_equal(licence_drift(&d, was, was, &err), STATUS_OK);
    assert_true(d.same_bytes && d.same_words && d.same_licence && !d.place_count);
    licence_reading_free(was);
    licence_reading_free(is);
    buf_release(&old);
    buf_release(&new);
    buf_release(&out);
}

#ifdef HEARTH_CHECKS
/* Each allocation fails once: an error that says so, and nothing is lost. */
static void short_memory_is_an_error(void **state)
{
    static const char *const names[] = { "real/licences/MiniMax-M2-LICENSE.txt",
                                         "real/licences/openPangu-Model-License-1.0.txt" };
    static struct licence_verdict v;
    static struct licence_drift d;
    struct licence_use use = desk_small_company("[US]");
    struct licence_prints prints;
    struct error err;
    assert_int_equal(licence_prints_builtin(&prints, &err), STATUS_OK);
    for (int i = 0; i < 2; i++) {
        struct buf text = fixture_read(FIXTURE(names[i]));
        bool fired = true;
        buf_text(&text, "\nYou may not use it in Japan.\n");
        for (long n = 1; fired; n++) {
            struct licence_reading *r = NULL;
            mem_fail_nth(n);
            enum status st = licence_read(&r, &prints, (struct span){ text.data, text.len }, &err);
            if (!st) licence_judge(&v, r, &use);
            if (!st) assert_int_not_equal(v.answer, LICENCE_ALLOW);
            if (!st) st = licence_drift(&d, r, r, &err);
            fired = mem_fault_fired();
            mem_fail_nth(0);
            assert_int_equal(st, fired ? STATUS_NO_MEMORY : STATUS_OK);
            licence_reading_free(r);
        }
        buf_release(&text);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formatting_is_folded),
        cmocka_unit_test(opening_marks_are_read_once),
        cmocka_unit_test(amounts_are_understood),
        cmocka_unit_test(terms_are_found),
        cmocka_unit_test(copyright_lines_hold_no_terms),
        cmocka_unit_test(alignment_is_the_longest_common_subsequence),
        cmocka_unit_test(damaged_tables_are_refused),
        cmocka_unit_test(drift_shows_facts_and_words),
#ifdef HEARTH_CHECKS
        cmocka_unit_test(short_memory_is_an_error),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
