/* Recognising licence texts: all that are at hand, and what is none.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "govern/licence/licence.h"
#include "support/fixture.h"
#include "support/licence_desk.h"

static const struct {
    const char *file, *id;
} vendors[] = {
    { "Baichuan-7B-code-LICENSE.txt", "Apache-2.0" },
    { "Baichuan2-code-Apache-2.0.txt", "Apache-2.0" },
    { "ChatGLM2-6B-MODEL_LICENSE.txt", "chatglm2-6b" },
    { "ChatGLM3-MODEL_LICENSE.txt", "chatglm3-6b" },
    { "DeepSeek-LICENSE-MODEL-v1.0.txt", "deepseek-model-1.0" },
    { "DeepSeek-LLM-LICENSE-MODEL.txt", "deepseek-model-1.0" },
    { "DeepSeek-R1-MIT.txt", "MIT" },
    { "DeepSeek-V3-LICENSE-CODE-MIT.txt", "MIT" },
    { "GLM-4.5-LICENSE.txt", "Apache-2.0" },
    { "GLM-5-LICENSE.txt", "Apache-2.0" },
    { "Hunyuan-Large-LICENSE.txt", "hunyuan-large-2024" },
    { "Hunyuan-Large-Notice.txt", "hunyuan-large-notice" },
    { "Hy3-LICENSE.txt", "hunyuan-hy3-2026" },
    { "InternLM-LICENSE.txt", "internlm" },
    { "Kimi-K2-Modified-MIT.txt", "kimi-k2" },
    { "Llama-2-COMMUNITY-LICENSE.txt", "llama2" },
    { "Llama-2-USE_POLICY.md", "llama2-use-policy" },
    { "Llama-3-COMMUNITY-LICENSE.txt", "llama3" },
    { "Llama-3-USE_POLICY.md", "llama3-use-policy" },
    { "Llama-3.1-COMMUNITY-LICENSE.txt", "llama3.1" },
    { "Llama-3.1-USE_POLICY.md", "llama3.1-use-policy" },
    { "Llama-3.3-COMMUNITY-LICENSE.txt", "llama3.3" },
    { "Llama-3.3-USE_POLICY.md", "llama3.3-use-policy" },
    { "Llama-4-COMMUNITY-LICENSE.txt", "llama4" },
    { "Llama-4-USE_POLICY.md", "llama4-use-policy" },
    { "LongCat-MIT.txt", "MIT" },
    { "MiniMax-01-LICENSE-MODEL.txt", "minimax-model" },
    { "MiniMax-M2-LICENSE.txt", "minimax-m2" },
    { "MiniMax-M2.7-LICENSE.txt", "minimax-m2.7-nc" },
    { "OpenMDW-1.0.txt", "OpenMDW-1.0" },
    { "Qwen-NOTICE.txt", "qwen-notice" },
    { "Qwen-code-Apache-2.0.txt", "Apache-2.0" },
    { "Seed-OSS-Apache-2.0.txt", "Apache-2.0" },
    { "Skywork-LICENSE.txt", "skywork-declaration" },
    { "Tongyi-Qianwen-LICENSE-AGREEMENT.txt", "tongyi-2023" },
    { "Tongyi-Qianwen-RESEARCH-LICENSE-AGREEMENT.txt", "tongyi-research" },
    { "Yi-Apache-2.0.txt", "Apache-2.0" },
    { "Yi-NOTICE.txt", "yi-notice" },
    { "Yi-Series-Models-License-Agreement-2023-11-23.txt", "yi-2.1" },
    { "gpt-oss-Apache-2.0.txt", "Apache-2.0" },
    { "gpt-oss-USAGE_POLICY.txt", "gpt-oss-usage-policy" },
    { "openPangu-Model-License-1.0.txt", "openpangu-1.0" },
    { "scancode/agpl-3.0.LICENSE", "AGPL-3.0-only" },
    { "scancode/apache-2.0.LICENSE", "Apache-2.0" },
    { "scancode/bigcode-open-rail-m-v1.LICENSE", "bigcode-openrail-m" },
    { "scancode/bigscience-open-rail-m.LICENSE", "bigscience-openrail-m" },
    { "scancode/bsd-new.LICENSE", "BSD-3-Clause" },
    { "scancode/cc-by-4.0.LICENSE", "CC-BY-4.0" },
    { "scancode/cc-by-nc-4.0.LICENSE", "CC-BY-NC-4.0" },
    { "scancode/cc-by-sa-4.0.LICENSE", "CC-BY-SA-4.0" },
    { "scancode/cc0-1.0.LICENSE", "CC0-1.0" },
    { "scancode/falcon-2-11b-1.0.LICENSE", "falcon-2-11b" },
    { "scancode/gemma-pup-2024-02-21.LICENSE", "gemma-use-policy-2024" },
    { "scancode/gemma-tou-2024-04-01.LICENSE", "gemma-tou-2024-04-01" },
    { "scancode/gpl-3.0.LICENSE", "GPL-3.0-only" },
    { "scancode/mit.LICENSE", "MIT" },
    { "scancode/openmdw-1.0.LICENSE", "OpenMDW-1.0" },
    { "scancode/qwen-2024.LICENSE", "qwen-2024" },
};

static void vendors_texts_are_recognised(void **state)
{
    const char *folder = FIXTURE("real/licences");
    char path[4096];
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, vendors[i].file);
        struct buf text = fixture_read(path);
        struct licence_reading *r = desk_read((struct span){ text.data, text.len });
        if (r->match.kind != MATCH_EXACT || strcmp(r->match.id, vendors[i].id) != 0)
            fail_msg("%s: wanted %s exact, found \"%s\" %s", vendors[i].file, vendors[i].id,
                     r->match.id, licence_match_name(r->match.kind));
        assert_non_null(r->facts);
        licence_reading_free(r);
        buf_release(&text);
    }
}

/* Every file is in the table above, so that a new one is not forgotten. */
static void no_vendors_text_is_left_out(void **state)
{
    static const char *const folders[] = { "real/licences", "real/licences/scancode" };
    char **names;
    size_t count, known = 0, files = 0;
    struct error err;
    for (int k = 0; k < 2; k++) {
        const char *folder = FIXTURE(folders[k]);
        assert_int_equal(file_list(&names, &count, folder, &err), STATUS_OK);
        for (size_t i = 0; i < count; i++) {
            if (strcmp(names[i], "scancode") == 0) continue;
            files++;
            for (size_t v = 0; v < sizeof vendors / sizeof *vendors; v++) {
                const char *base = strrchr(vendors[v].file, '/');
                known += strcmp(base ? base + 1 : vendors[v].file, names[i]) == 0;
            }
        }
        file_list_free(names, count);
    }
    assert_int_equal(known, files);
}

/* The limits that a text states, found by their words, are those of the table. */
static void facts_agree_with_what_the_texts_say(void **state)
{
    const char *folder = FIXTURE("real/licences");
    char path[4096];
    int checked = 0;
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, vendors[i].file);
        struct buf text = fixture_read(path);
        struct licence_reading *r = desk_read((struct span){ text.data, text.len });
        const struct {
            enum clause_kind kind;
            int64_t fact;
        } pairs[] = {
            { CLAUSE_USERS_MONTH, r->facts->users_month_max },
            { CLAUSE_USERS_DAY, r->facts->users_day_max },
            { CLAUSE_REVENUE_YEAR, r->facts->revenue_year_usd_max },
            { CLAUSE_REVENUE_MONTH, r->facts->revenue_month_usd_max },
        };
        for (int k = 0; k < 4; k++) {
            const struct licence_clause *c = licence_clause_first(&r->clauses, pairs[k].kind);
            int64_t found = c ? c->amount : 0;
            if (found != pairs[k].fact)
                fail_msg("%s, %s: the table says %lld, the text %lld", vendors[i].file,
                         clause_kind_name(pairs[k].kind), (long long)pairs[k].fact,
                         (long long)found);
            checked += c != NULL;
        }
        const struct licence_clause *not_in = licence_clause_first(&r->clauses, CLAUSE_NOT_IN);
        if (!r->facts->companion && (r->facts->not_in != NULL) != (not_in != NULL))
            fail_msg("%s: territory %s", vendors[i].file, not_in ? not_in->codes : "not found");
        if (r->facts->not_in && not_in) assert_string_equal(not_in->codes, r->facts->not_in);
        bool limited = licence_clause_first(&r->clauses, CLAUSE_NO_COMMERCE) != NULL;
        if (limited != (r->facts->commercial == COMMERCIAL_NO))
            fail_msg("%s: commerce is %s", vendors[i].file, limited ? "limited" : "not");
        if (r->facts->registration)
            assert_non_null(licence_clause_first(&r->clauses, CLAUSE_REGISTER));
        bool forbids =
            r->facts->outputs == OUTPUT_NO_OTHER_LLM || r->facts->outputs == OUTPUT_NO_OTHER_AI;
        if (forbids != (licence_clause_first(&r->clauses, CLAUSE_NO_TRAINING) != NULL))
            fail_msg("%s: training of others is %s", vendors[i].file,
                     forbids ? "not found" : "found");
        licence_reading_free(r);
        buf_release(&text);
    }
    assert_true(checked >= 12);
}

/* Each identifier stands once, and what is not read from a text says why. */
static void the_table_is_in_order(void **state)
{
    const struct licence_facts *f, *other;
    for (size_t i = 0; (f = licence_facts_at(i)); i++) {
        assert_ptr_equal(licence_facts_of(f->id), f);
        assert_non_null(f->source);
        assert_true(strlen(f->as_of) == 10 && f->as_of[4] == '-' && f->as_of[7] == '-');
        if (f->trust != TRUST_TEXT) assert_non_null(f->doubt);
        if (f->users_month_max || f->revenue_year_usd_max || f->revenue_month_usd_max)
            assert_int_not_equal(f->beyond, BEYOND_NOTHING);
        if (f->share & SHARE_DISPLAY || f->beyond == BEYOND_DISPLAY) assert_non_null(f->display);
        for (size_t k = 0; k < i && (other = licence_facts_at(k)); k++)
            assert_string_not_equal(other->id, f->id);
        if (f->belongs_to) assert_non_null(licence_facts_of(f->belongs_to));
    }
}

static void versions_have_what_their_family_has(void **state)
{
    static const struct {
        const char *id;
        enum commercial_use commercial;
        bool changed_may_be_shared, known;
    } cases[] = {
        { "CC-BY-NC-3.0", COMMERCIAL_NO, true, true },
        { "CC-BY-NC-ND-2.5", COMMERCIAL_NO, false, true },
        { "CC-BY-NC-SA-3.0-DE", COMMERCIAL_NO, true, true },
        { "CC-BY-ND-3.0", COMMERCIAL_YES, false, true },
        { "CC-BY-3.0", COMMERCIAL_YES, true, true },
        { "CC-PDDC", COMMERCIAL_YES, true, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct licence_facts *f = licence_facts_of_family(cases[i].id);
        assert_true(cases[i].known == (f != NULL));
        if (!f) continue;
        assert_int_equal(f->commercial, cases[i].commercial);
        assert_true(cases[i].changed_may_be_shared == !(f->share & SHARE_FORBIDDEN));
        assert_int_not_equal(f->trust, TRUST_TEXT);
    }
}

static void aliases_lead_to_rows(void **state)
{
    static const char *const names[] = {
#define ALIAS(claimed, id) id,
#include "govern/licence/licence_alias_list.h"
#undef ALIAS
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!licence_facts_of(names[i]) && strncmp(names[i], "LGPL", 4) != 0)
            fail_msg("%s has no row of facts", names[i]);
}

static void what_is_no_text_says_so(void **state)
{
    static const char zeros[64] = { 'M', 'I', 'T', 0, 0, 0, 1, 2, 3 };
    static const struct {
        const char *bytes;
        size_t len;
        const char *words;
    } cases[] = {
        { zeros, sizeof zeros, "zero" },
        { "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\1\2\3\4\5\6", 22, "zero" },
        { "\1\2\3\4\5\6\7\1\2\3\4\5\6\7", 14, "control" },
    };
    struct licence_use use = desk_small_company("[US]");
    static struct licence_verdict v;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct licence_reading *r = desk_read((struct span){ cases[i].bytes, cases[i].len });
        assert_non_null(strstr(r->unreadable, cases[i].words));
        licence_judge(&v, r, &use);
        assert_int_equal(v.answer, LICENCE_ASK);
        assert_non_null(desk_rule(&v, "text-unreadable"));
        licence_reading_free(r);
    }
}

static void strange_texts_are_asked_about(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "All rights reserved.",
        "You may do as you like, except what we forbid later.",
        "---\nlicense: other\n---\n# A model\nSee the licence.",
        "---\nlicense: mit",
        "---\n---\n",
        "<html><head>",
        "<!-- MIT License",
        "&#x110000; &#; &nbsp &unknown;",
        "\xFF\xFE",
        "\xFE\xFF\0",
        "\xEF\xBB\xBF",
        "本模型可自由使用。",
        "MIT License",
        "\xC3\x28 broken \xE2\x82 utf-8",
    };
    struct licence_use use = desk_small_company("[US]");
    static struct licence_verdict v;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct licence_reading *r = desk_read(span_of(texts[i]));
        licence_judge(&v, r, &use);
        if (v.answer == LICENCE_ALLOW) fail_msg("\"%s\" is allowed", texts[i]);
        licence_reading_free(r);
    }
}

static void a_huge_card_is_refused(void **state)
{
    struct buf text = BUF_INIT((size_t)LICENCE_TEXT_BYTES_MAX + 16);
    static const char line[] = "---\nlicense: mit\n";
    buf_text(&text, line);
    while (text.len <= LICENCE_TEXT_BYTES_MAX)
        buf_byte(&text, text.len % 60 ? 'a' : '\n');
    struct licence_reading *r = desk_read((struct span){ text.data, text.len });
    assert_non_null(strstr(r->unreadable, "at most"));
    assert_null(licence_reading_id(r));
    licence_reading_free(r);
    buf_release(&text);
}

/* Words that a reader does not see, or sees struck out, are not the words of the licence. */
static void hidden_words_do_not_pass(void **state)
{
    const char *path = FIXTURE("real/licences/DeepSeek-R1-MIT.txt");
    struct buf text = fixture_read(path), changed = BUF_INIT(1u << 20);
    static const char *const tags[][2] = { { "<del>", "</del>" },
                                           { "~~", "~~" },
                                           { "<p style=\"display:none\">", "</p>" },
                                           { "<s>", "</s>" } };
    const char *at = strstr(text.data, "including without limitation");
    assert_non_null(at);
    size_t cut = (size_t)(at - text.data);
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        buf_clear(&changed);
        buf_append(&changed, text.data, cut);
        buf_text(&changed, tags[i][0]);
        buf_append(&changed, text.data + cut, 9);
        buf_text(&changed, tags[i][1]);
        buf_append(&changed, text.data + cut + 9, text.len - cut - 9);
        struct licence_reading *r = desk_read((struct span){ changed.data, changed.len });
        assert_int_equal(r->match.kind, MATCH_NEAR);
        licence_reading_free(r);
    }
    buf_release(&text);
    buf_release(&changed);
}

/* Prose between fences is no front matter, and terms in a real one still count. */
static void front_matter_hides_nothing(void **state)
{
    struct buf mit = fixture_read(FIXTURE("real/licences/DeepSeek-R1-MIT.txt"));
    static const struct {
        const char *front;
        enum licence_answer answer;
    } cases[] = {
        { "---\nlicense: mit\n---\n", LICENCE_ALLOW },
        { "---\ntags:\n  - text\nlibrary_name: x\n---\n", LICENCE_ALLOW },
        { "---\nThe weights are for research.\n---\n", LICENCE_ASK },
        { "---\nnotes: You may not use it in the European Union.\n---\n", LICENCE_DENY },
        { "---\nnotes: for non-commercial purposes only\n---\n", LICENCE_DENY },
        { "---\nlicense: apache-2.0\n---\n", LICENCE_ASK },
        { "---\nlicense: cc-by-nc-4.0\n---\n", LICENCE_DENY },
        { "---\nLicense: cc-by-nc-4.0\n---\n", LICENCE_DENY },
        { "---\nlicense: >\n  cc-by-nc-4.0\n---\n", LICENCE_DENY },
        { "---\nlicense: [mit, cc-by-nc-4.0]\n---\n", LICENCE_ASK },
        { "---\nlicense:\n- mit\n- cc-by-nc-4.0\n---\n", LICENCE_ASK },
        { "---\nlicense: mit\nlicense: cc-by-nc-4.0\n---\n", LICENCE_ASK },
        { "---\nlicense: mit # hobby use only\n---\n", LICENCE_ASK },
        { "---\n# ask before use\nlicense: mit\n---\n", LICENCE_ASK },
        { "---\nlicense: other\nlicense_name: my-own\n---\n", LICENCE_ASK },
        { "---\nlicense: MIT # the code\nlicense_link: LICENSE\n---\n", LICENCE_ALLOW },
        { "---\ntags:\n- NC only\n---\n", LICENCE_ASK },
        { "---\ntags:\n- license:mit\n- not-for-all-audiences\n---\n", LICENCE_ALLOW },
        { "---\ntags:\n- license:cc-by-nc-4.0\n---\n", LICENCE_ASK },
        { "---\nmodel-index:\n- name: x\n  license: cc-by-nc-4.0\n---\n", LICENCE_ASK },
        { "---\nextra_gated_prompt: I will use it at home only\n---\n", LICENCE_ASK },
        { "---\nextra_gated_fields:\n  Company: text\n  I agree: checkbox\n---\n", LICENCE_ASK },
        { "---\ntitle: License\n---\n", LICENCE_ALLOW },
        { "<!-- not for commercial use -->\n", LICENCE_ASK },
        { "<html><!-- not for commercial use -->\n", LICENCE_ASK },
        { "<html><img alt='academic use only' src='a.png'>\n", LICENCE_ASK },
        { "<html><script>document.write('not for sale')</script>\n", LICENCE_ASK },
        { "\xE2\x93\x83\xE2\x93\x92 \xE2\x93\x9E\xE2\x93\x9B\n\n", LICENCE_ASK }, /* circled */
        { "\xEF\xBD\xB7\xEF\xBE\x9D\xEF\xBD\xBC\n\n", LICENCE_ASK }, /* half width katakana */
        { "Copyright 2024 Example GmbH, nur f\xC3\xBCr Forschung\n\n", LICENCE_ASK },
        { "Copyright 2024 Example, notforcommercialuse\n\n", LICENCE_ASK },
        { "Copyright 2024 jdoe\n\n", LICENCE_ALLOW },
        { "Copyright 2024 Example homework\n\n", LICENCE_ASK },
        { "Copyright 2024 J. Doe <j.doe@example.com>\n\n", LICENCE_ALLOW },
        { "Copyright 2024 Example. Hands off in Berlin.\n\n", LICENCE_ASK },
        { "Copyright 2024 Example Inc. All rights reserved.\n\n", LICENCE_ALLOW },
    };
    struct licence_use use = desk_small_company("[DE]");
    static struct licence_verdict v;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf text = BUF_INIT(1u << 20);
        buf_text(&text, cases[i].front);
        buf_append(&text, mit.data, mit.len);
        struct licence_reading *r = desk_read((struct span){ text.data, text.len });
        licence_judge(&v, r, &use);
        bool stricter = cases[i].answer == LICENCE_ASK && v.answer == LICENCE_DENY;
        if (v.answer != cases[i].answer && !stricter)
            fail_msg("%s: wanted %s, found %s", cases[i].front,
                     licence_answer_name(cases[i].answer), licence_answer_name(v.answer));
        licence_reading_free(r);
        buf_release(&text);
    }
    buf_release(&mit);
}

static void file_names_are_told(void **state)
{
    static const char *const yes[] = { "LICENSE",
                                       "LICENSE-MODEL",
                                       "MODEL_LICENSE",
                                       "licence.txt",
                                       "Notice",
                                       "USE_POLICY.md",
                                       "COPYING",
                                       "README.md",
                                       "README_LICENSE.md",
                                       "Tongyi Qianwen LICENSE AGREEMENT" };
    static const char *const no[] = { "config.json",
                                      "license.json",
                                      "check_license.py",
                                      "LICENSE.pdf",
                                      "docs/LICENSE",
                                      "model.safetensors",
                                      "" };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!licence_file_name(yes[i])) fail_msg("%s is one", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (licence_file_name(no[i])) fail_msg("%s is none", no[i]);
}

/* Two licences in one file: the terms of both hold. */
static void a_second_licence_in_the_file_counts(void **state)
{
    static const char *const pairs[][2] = {
        { "Yi-Apache-2.0.txt", "Hunyuan-Large-LICENSE.txt" },
        { "Hunyuan-Large-LICENSE.txt", "Yi-Apache-2.0.txt" },
        { "DeepSeek-R1-MIT.txt", "MiniMax-M2.7-LICENSE.txt" },
        { "OpenMDW-1.0.txt", "openPangu-Model-License-1.0.txt" },
        { "openPangu-Model-License-1.0.txt", "DeepSeek-R1-MIT.txt" },
    };
    const char *folder = FIXTURE("real/licences");
    struct licence_use use = desk_small_company("[DE]");
    static struct licence_verdict v;
    char path[4096];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct buf both = BUF_INIT(1u << 20);
        for (int k = 0; k < 2; k++) {
            snprintf(path, sizeof path, "%s/%s", folder, pairs[i][k]);
            struct buf text = fixture_read(path);
            buf_append(&both, text.data, text.len);
            buf_text(&both, "\n\n----------\n\n");
            buf_release(&text);
        }
        struct licence_reading *r = desk_read((struct span){ both.data, both.len });
        licence_judge(&v, r, &use);
        if (v.answer != LICENCE_DENY)
            fail_msg("%s and %s: %s, %s and %s", pairs[i][0], pairs[i][1],
                     licence_answer_name(v.answer), r->match.id, r->match.also[0]);
        licence_reading_free(r);
        buf_release(&both);
    }
}

/* One word or line in a known text: where a copyright line, a title or a number may stand, no term may. */
static void one_word_is_enough(void **state)
{
    static const struct {
        const char *before, *added;
        bool passes;
    } cases[] = {
        { "the Software.", "never ", false },
        { "copyright notice", "old ", false },
        { "Permission is", "Berlin parties hands off.\n\n", false },
        { "Permission is", "Copyright (c) 2024 Example and friends\n\n", true },
        { "Permission is", "Copyright holders in Berlin hands off\n\n", false },
        { "Permission is", "1. ", true },
        { "THE SOFTWARE IS", "The MIT License\n\n", true },
        { "THE SOFTWARE IS", "The MIT License, sometimes\n\n", false },
    };
    struct buf mit = fixture_read(FIXTURE("real/licences/DeepSeek-R1-MIT.txt"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf text = BUF_INIT(1u << 20);
        const char *at = strstr(mit.data, cases[i].before);
        assert_non_null(at);
        buf_append(&text, mit.data, (size_t)(at - mit.data));
        buf_text(&text, cases[i].added);
        buf_text(&text, at);
        struct licence_reading *r = desk_read((struct span){ text.data, text.len });
        if ((r->match.kind >= MATCH_NORMALISED) != cases[i].passes)
            fail_msg("\"%s\" before \"%s\": %s", cases[i].added, cases[i].before,
                     licence_match_name(r->match.kind));
        licence_reading_free(r);
        buf_release(&text);
    }
    buf_release(&mit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vendors_texts_are_recognised),
        cmocka_unit_test(no_vendors_text_is_left_out),
        cmocka_unit_test(facts_agree_with_what_the_texts_say),
        cmocka_unit_test(the_table_is_in_order),
        cmocka_unit_test(versions_have_what_their_family_has),
        cmocka_unit_test(aliases_lead_to_rows),
        cmocka_unit_test(what_is_no_text_says_so),
        cmocka_unit_test(strange_texts_are_asked_about),
        cmocka_unit_test(a_huge_card_is_refused),
        cmocka_unit_test(hidden_words_do_not_pass),
        cmocka_unit_test(one_word_is_enough),
        cmocka_unit_test(file_names_are_told),
        cmocka_unit_test(front_matter_hides_nothing),
        cmocka_unit_test(a_second_licence_in_the_file_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
