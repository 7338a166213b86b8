/* PCG-XSH-RR 64/32 and splitmix64.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/random.h"

uint64_t splitmix64_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void pcg32_init(struct pcg32 *g, uint64_t start, uint64_t sequence)
{
    g->state = 0;
    g->increment = (sequence << 1) | 1;
    pcg32_next(g);
    g->state += start;
    pcg32_next(g);
}

void pcg32_seed(struct pcg32 *g, uint64_t seed)
{
    uint64_t start = splitmix64_next(&seed);
    uint64_t sequence = splitmix64_next(&seed);
    pcg32_init(g, start, sequence);
}

uint32_t pcg32_next(struct pcg32 *g)
{
    uint64_t old = g->state;
    g->state = old * 6364136223846793005u + g->increment;
    uint32_t shifted = (uint32_t)(((old >> 18) ^ old) >> 27);
    uint32_t turn = (uint32_t)(old >> 59);
    return (shifted >> turn) | (shifted << (-turn & 31));
}

double pcg32_unit(struct pcg32 *g)
{
    return pcg32_next(g) * 0x1p-32;
}
