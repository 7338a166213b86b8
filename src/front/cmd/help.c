/* The list of commands, their help texts, and what was probably meant.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "front/cmd/command.h"

#define NAME_WORDS_MAX 2
#define HELP_COLUMN    30 /* where the words begin, behind an option and its value */
#define HELP_WIDTH     100

const struct command *const command_list[] = {
#define COMMAND(symbol) &cmd_##symbol,
#include "front/cmd/cmd_list.h"
#undef COMMAND
    NULL
};

static const struct command *find_exact(const char *name)
{
    for (const struct command *const *c = command_list; *c; c++)
        if (strcmp((*c)->name, name) == 0) return *c;
    return NULL;
}

const struct command *command_find(int argc, char **argv, int *ret_words)
{
    char name[128];
    for (int words = NAME_WORDS_MAX; words >= 1; words--) {
        if (argc <= words) continue;
        int n = words == 2 ? snprintf(name, sizeof name, "%s %s", argv[1], argv[2])
                           : snprintf(name, sizeof name, "%s", argv[1]);
        if (n >= (int)sizeof name) continue;
        const struct command *c = find_exact(name);
        if (c) {
            *ret_words = words;
            return c;
        }
    }
    return NULL;
}

const char *command_nearest(const char *word)
{
    const char *best = NULL;
    int best_distance = 1000;
    for (const struct command *const *c = command_list; *c; c++) {
        int d = edit_distance(word, (*c)->name);
        if (d < best_distance && !(*c)->internal) {
            best_distance = d;
            best = (*c)->name;
        }
    }
    return best && edit_is_near(best_distance, word) ? best : NULL;
}

/* Prints text from `column` on, broken at spaces, later lines indented by `indent`. */
static void print_wrapped(const char *text, int column, int indent)
{
    while (*text) {
        int word = (int)strcspn(text, " \n");
        if (column > indent && column + word > HELP_WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        }
        printf("%.*s", word, text);
        column += word;
        text += word;
        if (*text == '\n') {
            printf("\n%*s", text[1] ? indent : 0, "");
            column = indent;
            text++;
        } else if (*text == ' ') {
            if (column + 1 + (int)strcspn(text + 1, " \n") <= HELP_WIDTH) {
                putchar(' ');
                column++;
            } else {
                printf("\n%*s", indent, "");
                column = indent;
            }
            text++;
        }
    }
}

static void print_option(const struct option_spec *s)
{
    int column = printf("  ");
    column += s->letter ? printf("-%c, --%s", s->letter, s->name) : printf("    --%s", s->name);
    if (s->value) column += printf(" %s", s->value);
    if (column + 2 > HELP_COLUMN) {
        putchar('\n');
        column = 0;
    }
    printf("%*s", HELP_COLUMN - column, "");
    print_wrapped(s->help, HELP_COLUMN, HELP_COLUMN);
    putchar('\n');
}

/* Whether a command stands in the list of `prefix`; "": in the list of all. */
static bool is_listed(const struct command *c, const char *prefix)
{
    size_t len = strlen(prefix);
    if (c->internal) return false;
    if (!len) return strchr(c->name, ' ') == NULL;
    return strncmp(c->name, prefix, len) == 0 && c->name[len] == ' ';
}

static bool is_group(const char *prefix)
{
    for (const struct command *const *c = command_list; *c; c++)
        if (is_listed(*c, prefix)) return true;
    return false;
}

static void print_commands(const char *prefix)
{
    for (const struct command *const *c = command_list; *c; c++)
        if (is_listed(*c, prefix)) printf("  %-16s  %s\n", (*c)->name, (*c)->summary);
}

void help_overview(void)
{
    printf("Hearth %s runs open-weight language models on this machine.\n\n", HEARTH_VERSION);
    printf("Usage: hearth COMMAND [OPTIONS] ...\n\nCommands:\n");
    print_commands("");
    printf("\n`hearth COMMAND --help` explains one of them. MODEL is a Hugging Face folder or a "
           "GGUF file,\n"
           "and where a model runs also the name of one in the store.\n"
           "Exit codes: 0 success, 1 failure, 2 usage, 3 not found, 4 malformed input, 5 not "
           "supported,\n"
           "6 a limit, 7 out of memory, 8 input or output, 9 context too long, 10 the "
           "model's process\n"
           "died, 11 refused by the policy in force, 130 interrupted.\n");
}

void help_group(const char *prefix)
{
    printf("Usage: hearth %s COMMAND [OPTIONS] ...\n\nCommands:\n", prefix);
    print_commands(prefix);
}

void help_command(const struct command *c)
{
    static const struct option_spec help = { "help", 'h', OPTION_FLAG, .help = "show this help" };
    printf("hearth %s: %s\n\nUsage: hearth %s%s%s%s\n", c->name, c->summary, c->name,
           c->tables ? " [OPTIONS]" : "", *c->operands ? " " : "", c->operands);
    if (c->about) {
        putchar('\n');
        print_wrapped(c->about, 0, 0);
        putchar('\n');
    }
    if (is_group(c->name)) {
        printf("\nCommands:\n");
        print_commands(c->name);
    }
    for (const struct option_table *const *t = c->tables; t && *t; t++) {
        printf("\n%s:\n", (*t)->title);
        for (const struct option_spec *s = (*t)->specs; s->name; s++)
            print_option(s);
    }
    printf("\nOther options:\n");
    print_option(&help);
}
