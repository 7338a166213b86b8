/* What the loaders share: placing tokens, merges by text, settings of tokenizer_config.json.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_TOKENIZER_TOKENIZER_LOAD_H
#define LM_TOKENIZER_TOKENIZER_LOAD_H

#include "base/core/json.h"
#include "lm/tokenizer/tokenizer_parts.h"

/* Places a word of the vocabulary, given as the file spells it (byte alphabet, U+2581). */
enum status load_word(struct tokenizer *t, int64_t id, struct span spelled, enum token_kind kind,
                      float score, struct error *err);
/* Places an added token, whose text is literal. `special` as the vendor says. */
enum status load_added(struct tokenizer *t, int64_t id, struct span text, bool special,
                       int strip_flags, struct error *err);
/* Adds merge number `rank`, its halves spelled as in the file; needs vocab_index(). */
enum status load_merge(struct tokenizer *t, struct span left, struct span right, size_t rank,
                       struct error *err);
/* "left right" with exactly one blank. */
enum status load_merge_line(struct tokenizer *t, struct span line, size_t rank, struct error *err);

/* Appends the bytes of base64 with its padding; false when it is none, or too long. */
bool base64_append(struct buf *out, struct span text);

/* tokenizer_json_steps.c */
enum status load_json_steps(struct tokenizer *t, const struct json *root, struct error *err);

/* tokenizer_config.c */
const char *config_tokenizer_class(const struct json *config);
/* Added tokens of added_tokens_decoder and additional_special_tokens. keep_flags: the vocabulary's own
 * file has said how its tokens strip white space. */
enum status load_config_tokens(struct tokenizer *t, const struct json *config, bool keep_flags,
                               struct error *err);
/* bos, eos, add_bos_token, add_eos_token; needs vocab_index(). */
enum status load_config_ends(struct tokenizer *t, const struct json *config, struct error *err);
enum status load_config_template(struct tokenizer *t, const struct json *config, struct error *err);
/* A JSON file of the source; integers past 2^63 are read as reals. *ret is NULL when there is no such
 * file. */
enum status tokenizer_read_json(struct source *s, const char *name, struct json_doc **ret,
                                struct error *err);
/* Lowest id of a token with this literal text; -1: none. Needs vocab_index(). */
int32_t load_find(const struct tokenizer *t, struct span text);

#endif
