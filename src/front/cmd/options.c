/* Reading a command line against a command's option tables.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/cmd/command.h"

#define LONG_BASE 1000 /* getopt's value of option i is LONG_BASE + i, with or without a letter */
#define WORD_MAX  40   /* longer words get no suggestion */

static const struct option_spec help_spec = { "help", 'h', OPTION_FLAG, .help = "show this help" };

bool parse_int(const char *text, int64_t *ret)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (!*digits || strspn(digits, "0123456789") != strlen(digits)) return false;
    errno = 0;
    long long v = strtoll(text, NULL, 10);
    if (errno) return false;
    *ret = v;
    return true;
}

bool parse_real(const char *text, double *ret)
{
    char *end;
    if (!*text || *text == ' ') return false;
    double v = strtod(text, &end);
    if (*end || isnan(v)) return false;
    *ret = v;
    return true;
}

/* --- suggestions --- */

static int smallest(int a, int b, int c)
{
    int least = a < b ? a : b;
    return least < c ? least : c;
}

int edit_distance(const char *a, const char *b)
{
    int rows[3][WORD_MAX + 1];
    int la = (int)strlen(a), lb = (int)strlen(b);
    if (la > WORD_MAX || lb > WORD_MAX) return WORD_MAX;
    int *before = rows[0], *last = rows[1], *now = rows[2];
    for (int j = 0; j <= lb; j++)
        before[j] = last[j] = j;
    for (int i = 1; i <= la; i++) {
        now[0] = i;
        for (int j = 1; j <= lb; j++) {
            int changed = a[i - 1] != b[j - 1];
            now[j] = smallest(last[j] + 1, now[j - 1] + 1, last[j - 1] + changed);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        int *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[lb];
}

bool edit_is_near(int distance, const char *word)
{
    return distance <= (strlen(word) <= 4 ? 1 : 2);
}

static const char *nearest_option(const struct args *a, const char *name)
{
    const char *best = NULL;
    int best_distance = WORD_MAX;
    for (int i = 0; i < a->value_count; i++) {
        const char *known = a->values[i].spec->name;
        int d = edit_distance(name, known);
        if (strlen(name) >= 4 &&
            (strncmp(name, known, strlen(name)) == 0 || strncmp(name, known, strlen(known)) == 0))
            d = 1; /* cut short, or a letter too many */
        if (d < best_distance) {
            best_distance = d;
            best = a->values[i].spec->name;
        }
    }
    return best && edit_is_near(best_distance, name) ? best : NULL;
}

/* --- parsing --- */

static void collect_specs(struct args *a)
{
    a->values[a->value_count++].spec = &help_spec;
    for (const struct option_table *const *t = a->command->tables; t && *t; t++)
        for (const struct option_spec *s = (*t)->specs; s->name; s++) {
            assert(a->value_count < OPTIONS_MAX);
            a->values[a->value_count++].spec = s;
        }
}

static enum status bad_value(const struct option_spec *s, const char *text, struct error *err)
{
    if (s->kind == OPTION_TEXT)
        return error_set(err, STATUS_USAGE, "--%s must be one of %s, not \"%s\"", s->name, s->value,
                         text);
    const char *what = s->kind == OPTION_INT ? "a whole number" : "a number";
    if (s->max >= 0x1p53)
        return error_set(err, STATUS_USAGE, "--%s takes %s of at least %.0f, not \"%s\"", s->name,
                         what, s->min, text);
    return error_set(err, STATUS_USAGE, "--%s takes %s from %g to %.10g, not \"%s\"", s->name, what,
                     s->min, s->max, text);
}

/* "ref|cpu" allows "ref" and "cpu"; a value word without a bar allows everything. */
static bool choice_allowed(const char *choices, const char *text)
{
    size_t len = strlen(text);
    if (!strchr(choices, '|')) return true;
    for (const char *at = choices; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strcspn(at, "|") == len && strncmp(at, text, len) == 0) return true;
    }
    return false;
}

static enum status take_value(struct args *a, struct option_value *v, const char *text,
                              struct error *err)
{
    const struct option_spec *s = v->spec;
    bool ok = true;
    v->text = text;
    if (s->kind == OPTION_TEXT) ok = choice_allowed(s->value, text);
    if (s->kind == OPTION_INT) {
        ok = parse_int(text, &v->integer);
        v->real = (double)v->integer;
    }
    if (s->kind == OPTION_REAL) ok = parse_real(text, &v->real);
    if (s->kind == OPTION_INT || s->kind == OPTION_REAL)
        ok = ok && v->real >= s->min && v->real <= s->max;
    if (!ok) return bad_value(s, text, err);
    if (s->kind == OPTION_TEXTS) {
        if (a->text_count == OPTION_TEXTS_MAX)
            return error_set(err, STATUS_USAGE, "--%s was given too often (%d times in all)",
                             s->name, OPTION_TEXTS_MAX);
        a->texts[a->text_count].spec = s;
        a->texts[a->text_count++].text = text;
    }
    v->given = true;
    return STATUS_OK;
}

static void fill_getopt(const struct args *a, struct option *longs, char *letters)
{
    char *at = letters;
    *at++ = ':'; /* tells a missing value from an unknown option */
    for (int i = 0; i < a->value_count; i++) {
        const struct option_spec *s = a->values[i].spec;
        bool valued = s->kind != OPTION_FLAG;
        longs[i] = (struct option){ s->name, valued ? required_argument : no_argument, NULL,
                                    LONG_BASE + i };
        if (s->letter) *at++ = s->letter;
        if (s->letter && valued) *at++ = ':';
    }
    *at = 0;
    longs[a->value_count] = (struct option){ 0 };
}

static int value_index(const struct args *a, int code)
{
    if (code >= LONG_BASE) return code - LONG_BASE;
    for (int i = 0; i < a->value_count; i++)
        if (a->values[i].spec->letter == code) return i;
    return -1;
}

static enum status unknown_option(const struct args *a, const char *typed, int letter,
                                  struct error *err)
{
    const char *command = a->command->name;
    if (letter > 0 && letter < LONG_BASE)
        return error_set(err, STATUS_USAGE,
                         "unknown option -%c; `hearth %s --help` lists what there is", letter,
                         command);
    if (letter >= LONG_BASE)
        return error_set(err, STATUS_USAGE, "--%s takes no value",
                         a->values[letter - LONG_BASE].spec->name);
    char name[WORD_MAX + 1];
    size_t len = strcspn(typed + 2, "=");
    snprintf(name, sizeof name, "%.*s", (int)(len < WORD_MAX ? len : WORD_MAX), typed + 2);
    const char *near = nearest_option(a, name);
    if (near)
        return error_set(err, STATUS_USAGE, "unknown option --%s; did you mean --%s?", name, near);
    return error_set(err, STATUS_USAGE,
                     "unknown option --%s; `hearth %s --help` lists what there is", name, command);
}

static enum status check_operands(const struct args *a, struct error *err)
{
    const struct command *c = a->command;
    if (a->operand_count < c->operands_min)
        return error_set(err, STATUS_USAGE, "an argument is missing: hearth %s %s", c->name,
                         c->operands);
    if (a->operand_count > c->operands_max)
        return error_set(err, STATUS_USAGE, "one argument too many, \"%s\"; usage: hearth %s%s%s%s",
                         a->operands[c->operands_max], c->name, *c->operands ? " " : "",
                         c->operands,
                         c->operands_max > 1 ? " (text with spaces needs quotes)" : "");
    return STATUS_OK;
}

static enum status parse_options(struct args *a, int argc, char **argv, struct error *err)
{
    struct option longs[OPTIONS_MAX + 1];
    char letters[2 * OPTIONS_MAX + 2];
    fill_getopt(a, longs, letters);
    opterr = 0;
    optind = 0; /* glibc and musl: start afresh */
    for (;;) {
        int code = getopt_long(argc, argv, letters, longs, NULL);
        if (code == -1) break;
        if (code == '?') return unknown_option(a, argv[optind - 1], optopt, err);
        if (code == ':')
            return error_set(err, STATUS_USAGE, "%s needs a value; `hearth %s --help` says which",
                             argv[optind - 1], a->command->name);
        struct option_value *v = &a->values[value_index(a, code)];
        if (v->spec == &help_spec) a->help = true;
        enum status st = take_value(a, v, optarg, err);
        if (st) return st;
    }
    a->operands = argv + optind;
    a->operand_count = argc - optind;
    return STATUS_OK;
}

enum status args_parse(struct args *ret, const struct command *command, int argc, char **argv,
                       struct error *err)
{
    memset(ret, 0, sizeof *ret);
    ret->command = command;
    collect_specs(ret);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0) ret->help = true;
    if (ret->help) return STATUS_OK;
    enum status st = parse_options(ret, argc, argv, err);
    if (st || ret->help) return st;
    return check_operands(ret, err);
}

/* --- looking up --- */

static const struct option_value *find_value(const struct args *a, const char *name)
{
    for (int i = 0; i < a->value_count; i++)
        if (strcmp(a->values[i].spec->name, name) == 0) return &a->values[i];
    assert(!"no such option in the tables of this command");
    return &a->values[0];
}

bool args_given(const struct args *a, const char *name)
{
    return find_value(a, name)->given;
}

bool args_flag(const struct args *a, const char *name)
{
    return find_value(a, name)->given;
}

const char *args_text(const struct args *a, const char *name, const char *fallback)
{
    const struct option_value *v = find_value(a, name);
    return v->given ? v->text : fallback;
}

int64_t args_int(const struct args *a, const char *name, int64_t fallback)
{
    const struct option_value *v = find_value(a, name);
    return v->given ? v->integer : fallback;
}

double args_real(const struct args *a, const char *name, double fallback)
{
    const struct option_value *v = find_value(a, name);
    return v->given ? v->real : fallback;
}

const char *args_next_text(const struct args *a, const char *name, int *cursor)
{
    const struct option_spec *spec = find_value(a, name)->spec;
    while (*cursor < a->text_count) {
        int i = (*cursor)++;
        if (a->texts[i].spec == spec) return a->texts[i].text;
    }
    return NULL;
}

const char *args_operand(const struct args *a, int i)
{
    return i < a->operand_count ? a->operands[i] : NULL;
}
