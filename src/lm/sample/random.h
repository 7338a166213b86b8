/* The documented random generator: PCG-XSH-RR 64/32, seeded through splitmix64.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms"
 * (2014), pcg32_srandom_r and pcg32_random_r; Steele, Lea, Flood, "Fast Splittable Pseudorandom
 * Number Generators" (2014) for splitmix64. Integer arithmetic only: the same on every machine. */
#ifndef LM_SAMPLE_RANDOM_H
#define LM_SAMPLE_RANDOM_H

#include <stdint.h>

struct pcg32 {
    uint64_t state;
    uint64_t increment; /* odd */
};

/* The next output of splitmix64; advances *state. */
uint64_t splitmix64_next(uint64_t *state);
/* The reference's seeding: a start and one of 2^63 sequences. */
void pcg32_init(struct pcg32 *g, uint64_t start, uint64_t sequence);
/* start and sequence are the first two outputs of splitmix64 begun at `seed`. */
void pcg32_seed(struct pcg32 *g, uint64_t seed);
uint32_t pcg32_next(struct pcg32 *g);
/* 32 bits mapped to [0, 1): exact in a double. */
double pcg32_unit(struct pcg32 *g);

#endif
