/* 300 changed licence texts: none passes for more than the unchanged one allows.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of changes is tests/data/licence/mutations.tsv, made by tests/vectors/make_licence_mutations.py;
 * the texts are those of others, in shared/real/licences. Each changed text is judged for several uses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/licence/licence.h"
#include "support/fixture.h"
#include "support/licence_form.h"

#define FIELDS_MAX 8

static const char *const uses[] = {
    "commercial: false\nterritory: [CN]\nmonthly_active_users: 10\ndaily_active_users: 1\n"
    "annual_revenue_usd: 0\nmonthly_revenue_usd: 0\ncloud_provider: false\nredistribute: false\n"
    "modify: none\noutputs_train_models: false\nmodalities: [text]\nentity: person\n",
    "commercial: true\nterritory: [US]\nmonthly_active_users: 20000\ndaily_active_users: 900\n"
    "annual_revenue_usd: 900000\nmonthly_revenue_usd: 90000\ncloud_provider: false\n"
    "redistribute: false\nmodify: [quantize]\noutputs_train_models: false\nmodalities: [text]\n"
    "entity: company\n",
    "commercial: true\nterritory: [DE, FR]\nmonthly_active_users: 20000\ndaily_active_users: 900\n"
    "annual_revenue_usd: 900000\nmonthly_revenue_usd: 90000\ncloud_provider: false\n"
    "redistribute: true\nmodify: [finetune]\noutputs_train_models: false\nmodalities: [text, "
    "image]\n"
    "entity: company\n",
    "commercial: true\nterritory: [GB]\nmonthly_active_users: 800000000\n"
    "daily_active_users: 90000000\nannual_revenue_usd: 9000000000\nmonthly_revenue_usd: 700000000\n"
    "cloud_provider: true\nredistribute: true\nmodify: [distill]\noutputs_train_models: true\n"
    "modalities: [text]\nentity: company\n",
    "",
};
#define USES (sizeof uses / sizeof *uses)

static struct licence_use read_uses[USES];
static struct licence_prints prints;

struct row {
    char *field[FIELDS_MAX]; /* number, file, class, what, operation, operands */
    int count;
};

static bool next_row(char **at, struct row *ret)
{
    char *line = *at, *end = line ? strchr(line, '\n') : NULL;
    if (!end) return false;
    *end = 0;
    *at = end + 1;
    ret->count = 0;
    while (line && ret->count < FIELDS_MAX) {
        char *tab = strchr(line, '\t');
        if (tab) *tab = 0;
        ret->field[ret->count++] = line;
        line = tab ? tab + 1 : NULL;
    }
    return true;
}

static void put_unescaped(struct buf *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '\\' && s[1] == 'n') buf_byte(out, '\n');
        else if (*s == '\\') buf_byte(out, s[1]);
        else buf_byte(out, *s);
        if (*s == '\\') s++;
    }
}

/* The text with the row's operation done. */
static void change(struct buf *out, struct span text, const struct row *r)
{
    const char *operation = r->field[4];
    size_t begin = r->count > 5 ? (size_t)strtoul(r->field[5], NULL, 10) : 0, end = begin;
    struct card_claim card;
    card_claim_read(&card, text);
    if (licence_form(out, card.body, operation, r->count > 5 ? r->field[5] : "")) return;
    if (strcmp(operation, "insert") != 0) end = (size_t)strtoul(r->field[6], NULL, 10);
    assert_true(begin <= end && end <= text.len);
    buf_append(out, text.data, begin);
    if (strcmp(operation, "delete") != 0) put_unescaped(out, r->field[r->count - 1]);
    buf_append(out, text.data + end, text.len - end);
}

static struct licence_reading *read_text(struct span text)
{
    struct licence_reading *r;
    struct error err;
    if (licence_read(&r, &prints, text, &err)) fail_msg("%s", err.text);
    return r;
}

struct tally {
    int rows, looser, formats, formats_lost, passed;
};

static void judge_row(const struct row *row, const struct licence_reading *was,
                      const struct licence_reading *is, struct tally *t)
{
    static struct licence_verdict before, after;
    bool format = strcmp(row->field[2], "format") == 0;
    bool meaning = strcmp(row->field[2], "meaning") == 0;
    const char *a = licence_reading_id(was), *b = licence_reading_id(is);
    t->rows++;
    for (size_t u = 0; u < USES; u++) {
        licence_judge(&before, was, &read_uses[u]);
        licence_judge(&after, is, &read_uses[u]);
        if (after.answer >= before.answer) continue;
        t->looser++;
        print_error("row %s: %s, %s: use %zu was %s, is %s (%s)\n", row->field[0], row->field[1],
                    row->field[3], u, licence_answer_name(before.answer),
                    licence_answer_name(after.answer), b ? b : "unknown");
    }
    t->formats += format;
    if (format && (is->match.kind < MATCH_NORMALISED || !b || strcmp(a, b) != 0)) {
        t->formats_lost++;
        print_error("row %s: %s, %s: %s became %s, %s\n", row->field[0], row->field[1],
                    row->field[3], a, b ? b : "unknown", licence_match_name(is->match.kind));
    }
    if (meaning && is->match.kind >= MATCH_NORMALISED && strcmp(a, b) == 0) {
        t->passed++;
        print_error("row %s: %s, %s: passes for %s\n", row->field[0], row->field[1], row->field[3],
                    b);
    }
}

static void no_change_is_judged_more_permissively(void **state)
{
    const char *folder = FIXTURE("real/licences");
    struct buf table = fixture_read(fixture_source("tests/data/licence/mutations.tsv"));
    struct tally t = { 0 };
    struct row row;
    char path[4096], *at = table.data;
    while (next_row(&at, &row)) {
        snprintf(path, sizeof path, "%s/%s", folder, row.field[1]);
        struct buf text = fixture_read(path), changed = BUF_INIT(1u << 24);
        change(&changed, (struct span){ text.data, text.len }, &row);
        struct licence_reading *was = read_text((struct span){ text.data, text.len });
        struct licence_reading *is = read_text((struct span){ changed.data, changed.len });
        judge_row(&row, was, is, &t);
        licence_reading_free(was);
        licence_reading_free(is);
        buf_release(&text);
        buf_release(&changed);
    }
    buf_release(&table);
    print_message("%d changed texts, %d looser; %d forms, %d not recognised\n", t.rows, t.looser,
                  t.formats, t.formats_lost);
    assert_int_equal(t.rows, 300);
    assert_int_equal(t.looser, 0);
    assert_true(t.formats >= 100);
    assert_true(t.formats_lost * 100 <= t.formats);
    assert_int_equal(t.passed, 0);
}

static int set_up(void **state)
{
    struct error err;
    for (size_t u = 0; u < USES; u++)
        if (licence_use_parse(&read_uses[u], span_of(uses[u]), "use", &err)) return -1;
    return licence_prints_builtin(&prints, &err) ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_change_is_judged_more_permissively),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
