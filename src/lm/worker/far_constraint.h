/* Constraints of requests: compiled once for a spec, then followed token by token.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Per answer: far_constraint_new() before anything is told; then for every token sampler_pick_allowed()
 * with far_constraint_mask(), and far_constraint_accept() with what was picked. When
 * far_constraint_complete() the answer is over: nothing but the end of the turn may follow.
 *
 * Compiled constraints are remembered by the digest of their spec; so are refusals. The vocabulary's
 * tree is built by the first constraint of a model. Compiling may take a second and more, so it is done by a
 * thread of its own, one at a time; whoever asks waits FAR_COMPILE_WAIT_MS for it and then comes again
 * when far_constraints_settled() says so. All calls come from one thread. */
#ifndef LM_WORKER_FAR_CONSTRAINT_H
#define LM_WORKER_FAR_CONSTRAINT_H

#include "base/core/span.h"
#include "lm/sample/constraint.h"

#define FAR_CONSTRAINTS_MAX 32 /* remembered besides those in use */
#define FAR_COMPILE_WAIT_MS 20 /* about a step of the model */

struct far_constraints; /* of one model */
struct far_constraint;  /* of one answer */

/* `ends`: the ids that end a turn. The tokenizer must outlive what is made here. `mask_bits`: ids that
 * the model can choose; masks have as many bits at least. */
enum status far_constraints_new(struct far_constraints **ret, const struct tokenizer *t,
                                int64_t mask_bits, const int32_t *ends, size_t end_count,
                                struct error *err);
void far_constraints_free(struct far_constraints *all); /* after all far_constraint */
/* Whether nothing is being compiled (any more); NULL is fine. */
bool far_constraints_settled(struct far_constraints *all);

struct far_constraints_stats {
    int64_t compiled, found, refused;
    int remembered;
    int64_t compile_ns;
};
struct far_constraints_stats far_constraints_stats(const struct far_constraints *all); /* or NULL */

/* `spec`: JSON text of a whole spec (lm/sample/constraint.h). *ret stays NULL where it is not compiled
 * yet: ask again once all is settled. */
enum status far_constraint_new(struct far_constraint **ret, struct far_constraints *all,
                               struct span spec, struct error *err);
void far_constraint_free(struct far_constraint *c);

/* Bits of the tokens that may come next, valid until the next accept. */
const uint64_t *far_constraint_mask(const struct far_constraint *c);
/* The token that was picked. Fails when nothing can follow it, or follow it no more. */
enum status far_constraint_accept(struct far_constraint *c, int32_t id, struct error *err);
bool far_constraint_complete(const struct far_constraint *c);
/* Tokens that need no choice, accepted and written to ret[0..room): the only one that is allowed, or, where
 * the text has to go on in one way, those that the tokenizer cuts it into. Returns how many; err->status
 * has to be 0 before and is set where that failed. */
size_t far_constraint_forced(struct far_constraint *c, int32_t *ret, size_t room,
                             struct error *err);

struct far;
struct far_request;
/* What the request's "constraint" asks of this model; *ret stays NULL where it has none. Tools, their
 * format and the model's reasoning come from the request and the model. *ret_later: it is being compiled. */
enum status far_constraint_open(struct far_constraint **ret, bool *ret_later, struct far *f,
                                const struct far_request *r, struct error *err);
/* Whether the constraint of the request lets the model reason first. */
bool far_constraint_reasons(const struct far *f, const struct far_request *r);

#endif
