/* Permutations, subsets and normal numbers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/lineage/lineage_random.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

void random_stream(struct pcg32 *ret, uint64_t seed, uint64_t stream)
{
    uint64_t mixed = splitmix64_next(&seed) ^ stream;
    pcg32_seed(ret, splitmix64_next(&mixed));
}

uint32_t random_below(struct pcg32 *g, uint32_t n)
{
    /* Lemire, "Fast Random Integer Generation in an Interval" (2019). */
    uint64_t product = (uint64_t)pcg32_next(g) * n;
    uint32_t low = (uint32_t)product;
    if (low >= n) return (uint32_t)(product >> 32);
    for (uint32_t least = (0u - n) % n; low < least; low = (uint32_t)product)
        product = (uint64_t)pcg32_next(g) * n;
    return (uint32_t)(product >> 32);
}

void random_order(int32_t *ret, int64_t n, struct pcg32 *g)
{
    for (int64_t i = 0; i < n; i++)
        ret[i] = (int32_t)i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t at = random_below(g, (uint32_t)i + 1);
        int32_t taken = ret[i];
        ret[i] = ret[at];
        ret[at] = taken;
    }
}

void random_subset(int32_t *ret, int count, int32_t *scratch, int n, struct pcg32 *g)
{
    memset(scratch, 0, (size_t)n * sizeof *scratch);
    /* Floyd's: each step adds one that is not there yet. */
    for (int i = n - count; i < n; i++) {
        int32_t at = (int32_t)random_below(g, (uint32_t)i + 1);
        scratch[scratch[at] ? i : at] = 1;
    }
    for (int i = 0, k = 0; i < n; i++)
        if (scratch[i]) ret[k++] = i;
}

double random_normal(struct pcg32 *g)
{
    double u = 1 - pcg32_unit(g), v = pcg32_unit(g); /* Box and Muller; u > 0 */
    return sqrt(-2 * log(u)) * cos(2 * PI * v);
}
