/* Man pages and shell completions, written from the same tables as --help.
 * SPDX-License-Identifier: Apache-2.0
 *
 * All of it goes to a buffer, so that it can be checked before a file is written. Pages are mdoc(7);
 * HEARTH_DATE, set beside the version in meson.build, is their date, so that two builds of one source
 * give the same bytes. */
#ifndef FRONT_CMD_MANUAL_H
#define FRONT_CMD_MANUAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/buf.h"
#include "front/cmd/command.h"

#define MANUAL_NAME_BYTES 64

/* "hearth-keys-add" */
void manual_page_name(char out[MANUAL_NAME_BYTES], const struct command *c);
void manual_overview(struct buf *out);
void manual_page(struct buf *out, const struct command *c);

void manual_bash(struct buf *out);
void manual_zsh(struct buf *out);
void manual_fish(struct buf *out);

/* Whether `c` stands directly below `prefix` ("" is the program) and is for people. */
bool manual_is_below(const struct command *c, const char *prefix);
/* Whether other commands begin with its name: "keys", "debug". */
bool manual_is_group(const struct command *c);

/* What a shell may offer for a value or operand. */
enum manual_value { MANUAL_WORD, MANUAL_CHOICE, MANUAL_FILE };
enum manual_value manual_value_kind(const struct option_spec *s);

#endif
