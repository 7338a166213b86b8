/* One table of options per command: it feeds the parser and the help.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values are looked up by the option's long name; asking for a name that the command's tables do
 * not have is a bug (assertion). Texts are borrowed from argv. */
#ifndef FRONT_CMD_OPTIONS_H
#define FRONT_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/status.h"

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_INT,
    OPTION_REAL,
    OPTION_TEXTS /* may be given several times */
};

struct option_spec {
    const char *name; /* "max-tokens" */
    char letter;      /* 'n'; 0: none */
    enum option_kind kind;
    const char *
        value; /* the word in the help: "N"; NULL for flags. "ref|cpu" also lists what is allowed */
    double min, max;  /* of numbers */
    const char *help; /* no period */
};

struct option_table {
    const char *title;               /* "Model options" */
    const struct option_spec *specs; /* ends with a NULL name */
};

#define OPTION_TABLES_MAX 8
#define OPTIONS_MAX       64
#define OPTION_TEXTS_MAX  2048

struct option_value {
    const struct option_spec *spec;
    bool given;
    const char *text;
    int64_t integer;
    double real;
};

struct command;
struct args {
    const struct command *command;
    struct option_value values[OPTIONS_MAX];
    int value_count;
    struct {
        const struct option_spec *spec;
        const char *text;
    } texts[OPTION_TEXTS_MAX]; /* of OPTION_TEXTS options, in order */
    int text_count;
    char **operands;
    int operand_count;
    bool help; /* --help was given; nothing else was checked */
};

/* argv[0] is the last word of the command's name; argv is permuted. STATUS_USAGE explains what is wrong. */
enum status args_parse(struct args *ret, const struct command *command, int argc, char **argv,
                       struct error *err);

bool args_given(const struct args *a, const char *name);
bool args_flag(const struct args *a, const char *name);
const char *args_text(const struct args *a, const char *name, const char *fallback);
int64_t args_int(const struct args *a, const char *name, int64_t fallback);
double args_real(const struct args *a, const char *name, double fallback);
/* The next text of an OPTION_TEXTS option; start with *cursor = 0. NULL at the end. */
const char *args_next_text(const struct args *a, const char *name, int *cursor);
/* Operand i, or NULL. */
const char *args_operand(const struct args *a, int i);

/* Strict decimal integer, all of `text`: no spaces, no sign but '-'. */
bool parse_int(const char *text, int64_t *ret);
bool parse_real(const char *text, double *ret);

/* How many letters must be typed, dropped, changed or swapped to get from a to b. */
int edit_distance(const char *a, const char *b);
/* Whether `distance` is small enough to suggest a word for one of this length. */
bool edit_is_near(int distance, const char *word);

#endif
