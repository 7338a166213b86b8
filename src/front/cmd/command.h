/* What a subcommand is: one descriptor in its own file, one line in cmd_list.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_COMMAND_H
#define FRONT_CMD_COMMAND_H

#include <stdbool.h>

#include "base/core/status.h"
#include "front/cmd/options.h"

struct command {
    const char *name;     /* as typed: "run", "debug logits" */
    const char *summary;  /* for the list of commands, no period */
    const char *operands; /* for the usage line: "MODEL [PROMPT]" */
    int operands_min, operands_max;
    const char *about;                        /* paragraphs for --help; NULL: none */
    const struct option_table *const *tables; /* ends with NULL; NULL: no options of its own */
    bool internal;                            /* started by the program itself: not in the lists */
    /* Does the work. A failure's words are printed by main, behind "hearth: "; STATUS_CANCELLED
     * without words prints nothing. */
    enum status (*run)(const struct args *args, struct error *err);
};

#define COMMAND(symbol) extern const struct command cmd_##symbol;
#include "front/cmd/cmd_list.h"
#undef COMMAND

/* All commands in the order of the list; ends with NULL. */
extern const struct command *const command_list[];

/* The first words of argv[1..] that name a command; *ret_words says how many. NULL: none does. */
const struct command *command_find(int argc, char **argv, int *ret_words);
/* The command whose name is nearest to `word`, for "did you mean"; NULL when none is near. */
const char *command_nearest(const char *word);

/* Help on standard output. */
void help_overview(void);
void help_group(const char *prefix); /* the commands whose names begin with "prefix " */
void help_command(const struct command *c);

#endif
