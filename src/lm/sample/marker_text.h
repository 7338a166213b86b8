/* Pieces of grammars around markers: what a format spells with tokens of its own, and the text before.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_SAMPLE_MARKER_TEXT_H
#define LM_SAMPLE_MARKER_TEXT_H

#include "lm/sample/constraint_program.h"
#include "lm/sample/regex.h"
#include "lm/tokenizer/tokenizer.h"

#define MARKER_BYTES_MAX 64

/* The special token that is spelled so, -1: there is none. */
int32_t marker_id(const struct tokenizer *t, const char *text);

/* More of a sequence (REGEX_ALL); false where memory failed, or `child` is NULL. */
bool sequence_add(struct build *b, struct regex_node *all, struct regex_node *child);
bool sequence_add_bytes(struct build *b, struct regex_node *all, const char *text, size_t len);
bool sequence_add_call(struct build *b, struct regex_node *all, uint32_t callee);
/* The marker: its token where the vocabulary has one, else its bytes. */
bool sequence_add_marker(struct build *b, struct regex_node *all, const struct tokenizer *t,
                         const char *marker);
/* A text in which known markers become their tokens; "\x01" stands for a number of up to three digits. */
bool sequence_add_text(struct build *b, struct regex_node *all, const struct tokenizer *t,
                       const char *text);
/* Any text up to and with the first `marker` (1 to MARKER_BYTES_MAX bytes). */
bool sequence_add_up_to(struct build *b, struct program *p, struct regex_node *all,
                        const struct tokenizer *t, const char *marker);
/* Any text without the marker. */
struct automaton *text_without(struct build *b, const char *marker);

#endif
