/* Whole inputs: an argument, a file or standard input, with a ceiling.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_TEXT_INPUT_H
#define FRONT_CMD_TEXT_INPUT_H

#include <stdbool.h>

#include "base/core/buf.h"
#include "base/core/span.h"
#include "lm/tokenizer/tokenizer.h"

#define INPUT_BYTES_MAX ((size_t)1 << 30)

bool input_is_terminal(void); /* standard input */
/* Whole file, or standard input for "-". `out` is started here; the caller releases it on success. */
enum status input_read(struct buf *out, const char *path, struct error *err);
/* The operand, or standard input when it is NULL or "-" and nobody types there; else STATUS_USAGE
 * that asks for `what`. */
enum status input_operand(struct buf *out, const char *operand, const char *what,
                          struct error *err);
/* Decimal ids separated by white space, nothing else, from a file or "-". */
enum status input_ids(struct token_list *out, const char *path, struct error *err);
/* Every id must be below `vocab_size`. */
enum status ids_check(const struct token_list *ids, int64_t vocab_size, struct error *err);
/* "1 2 3\n" on standard output. */
void ids_print(const int32_t *ids, size_t count);

/* The members of a worker's request for a text of any bytes: "text" or "text_base64", and
 * "parse_special". */
struct json_writer;
void text_put(struct json_writer *w, struct span text, bool parse_special);
#define REQUEST_BYTES_MAX ((size_t)256 << 20)

#endif
