/* Constraints on what a model may write: a spec becomes an automaton over the vocabulary.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A spec is a JSON object with a "type" (docs/constraints.md has each field):
 *   {"type": "json_schema", "schema": {...}}        {"type": "json_object"}
 *   {"type": "regex", "pattern": "..."}             {"type": "choice", "choices": ["...", ...]}
 *   {"type": "grammar", "grammar": "root ::= ..."}
 *   {"type": "tools", "tools": [...], "choice": "required", "format": "hermes"}
 * What can not be enforced exactly is refused with the keyword and the JSON pointer; nothing is
 * weakened. Compiling is bounded in memory, work and time (STATUS_LIMIT).
 *
 * In the generation loop, per sequence:
 *   constraint_fill(s, mask)        before sampler_pick: a bit for each token that may come next
 *   constraint_accept(s, id)        after it
 * Text that has to come anyway (constraint_forced) can be fed to the model without sampling.
 *
 * A vocabulary is immutable and shared. A constraint is used by one thread at a time, with all of its
 * states: masks are remembered inside it. Nothing here allocates after constraint_state_new. */
#ifndef LM_SAMPLE_CONSTRAINT_H
#define LM_SAMPLE_CONSTRAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/json.h"
#include "base/core/status.h"
#include "lm/sample/vocab_trie.h"

#define CONSTRAINT_SPEC_BYTES_MAX ((size_t)4 << 20)
#define CONSTRAINT_ENDS_MAX       16 /* ids that end a turn */

struct constraint;
struct constraint_state;

/* `ends`: the ids that end the text, allowed where the constraint is satisfied. The vocabulary must
 * outlive the constraint; the spec need not. */
enum status constraint_compile(struct constraint **ret, const struct json *spec,
                               const struct vocab_trie *vocab, const int32_t *ends,
                               size_t end_count, struct error *err);
void constraint_free(struct constraint *c); /* after its states */

/* What it came to, for logs and `hearth debug constraint`. */
struct constraint_facts {
    const char *type;
    uint32_t automata, states, nodes, objects, arrays;
    size_t bytes; /* of tables and remembered masks */
    int64_t compile_ns;
};
struct constraint_facts constraint_facts(const struct constraint *c);

/* Words of a mask: bit id % 64 of word id / 64. */
size_t constraint_mask_words(const struct constraint *c);

enum status constraint_state_new(struct constraint_state **ret, struct constraint *c,
                                 struct error *err);
void constraint_state_free(struct constraint_state *s);
void constraint_state_reset(struct constraint_state *s);
/* Both of the same constraint: taking a snapshot, and going back to it. */
void constraint_state_copy(struct constraint_state *to, const struct constraint_state *from);

/* Sets exactly the bits of the tokens that may come next. STATUS_FAILED when there is none: then
 * the vocabulary can not spell what has to come, or nothing may and there are no end ids.
 * STATUS_LIMIT where a grammar is so ambiguous that the choices can not be followed. Both end the
 * request. After the end (an accepted end id) only end ids. */
enum status constraint_fill(struct constraint_state *s, uint64_t *mask, struct error *err);
/* STATUS_BAD_INPUT where the token is not allowed; the state is then unchanged. */
enum status constraint_accept(struct constraint_state *s, int32_t id, struct error *err);
/* The same for text: how many bytes of it are allowed; the state stands behind those. */
size_t constraint_accept_text(struct constraint_state *s, const char *text, size_t len);
bool constraint_may_end(const struct constraint_state *s);
bool constraint_ended(const struct constraint_state *s); /* an end id was accepted */
/* Appends the bytes that are the only way on, up to max_bytes; the state does not move. */
enum status constraint_forced(struct constraint_state *s, size_t max_bytes, struct buf *out,
                              struct error *err);

#endif
