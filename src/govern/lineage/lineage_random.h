/* Random numbers for permutations, samples and synthetic models, over the documented generator.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_LINEAGE_LINEAGE_RANDOM_H
#define GOVERN_LINEAGE_LINEAGE_RANDOM_H

#include <stdint.h>

#include "lm/sample/random.h"

/* A generator for each (seed, stream). Start and sequence are mixed from both: generators that differ in their
 * sequence alone run in step with each other. */
void random_stream(struct pcg32 *ret, uint64_t seed, uint64_t stream);
/* 0..n-1 with every value equally likely, without the bias of a bare product; n > 0. */
uint32_t random_below(struct pcg32 *g, uint32_t n);
/* A random order of 0..n-1 (Fisher and Yates). */
void random_order(int32_t *ret, int64_t n, struct pcg32 *g);
/* `count` of 0..n-1, ascending, every subset equally likely; `scratch` holds n. */
void random_subset(int32_t *ret, int count, int32_t *scratch, int n, struct pcg32 *g);
double random_normal(struct pcg32 *g); /* mean 0, variance 1 */

#endif
