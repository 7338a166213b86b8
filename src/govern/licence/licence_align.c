/* The middle snake, and the two halves beside it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_align.h"

#include <stdbool.h>

#include "base/core/mem.h"

struct aligner {
    const uint16_t *a, *b;
    int32_t *forward, *backward; /* furthest x on each diagonal; index 0 is diagonal -reach */
    int32_t reach;
    struct align_result *out;
    bool failed;
};

struct box {
    int32_t a0, a1, b0, b1;
};

/* Adds to the last hunk where they touch. */
static void differ(struct aligner *g, struct box x)
{
    struct align_result *r = g->out;
    if (x.a0 == x.a1 && x.b0 == x.b1) return;
    if (r->count) {
        struct align_hunk *last = &r->hunks[r->count - 1];
        if (last->a_end == (uint32_t)x.a0 && last->b_end == (uint32_t)x.b0) {
            last->a_end = (uint32_t)x.a1;
            last->b_end = (uint32_t)x.b1;
            return;
        }
    }
    if (r->count == r->cap) {
        uint32_t cap = r->cap ? 2 * r->cap : 64;
        struct align_hunk *wider = mem_resize(r->hunks, cap, sizeof *wider);
        if (!wider) {
            g->failed = true;
            return;
        }
        r->hunks = wider;
        r->cap = cap;
    }
    r->hunks[r->count++] =
        (struct align_hunk){ (uint32_t)x.a0, (uint32_t)x.a1, (uint32_t)x.b0, (uint32_t)x.b1 };
}

/* A point of an optimal path, found from both ends at once. False past the cost. */
static bool middle(struct aligner *g, struct box x, int32_t *ret_a, int32_t *ret_b)
{
    const uint16_t *a = g->a + x.a0, *b = g->b + x.b0;
    int32_t n = x.a1 - x.a0, m = x.b1 - x.b0, delta = n - m;
    int32_t *f = g->forward + g->reach, *r = g->backward + g->reach;
    bool odd = delta & 1;
    f[1] = 0;
    r[1] = 0;
    int32_t limit = (n + m + 1) / 2 < ALIGN_COST_MAX / 2 ? (n + m + 1) / 2 : ALIGN_COST_MAX / 2;
    for (int32_t d = 0; d <= limit; d++) {
        for (int32_t k = -d; k <= d; k += 2) {
            int32_t i = k == -d || (k != d && f[k - 1] < f[k + 1]) ? f[k + 1] : f[k - 1] + 1;
            int32_t j = i - k;
            while (i < n && j >= 0 && j < m && a[i] == b[j])
                i++, j++;
            f[k] = i;
            int32_t back = delta - k;
            if (odd && back >= -(d - 1) && back <= d - 1 && i + r[back] >= n && i <= n && j <= m &&
                j >= 0) {
                *ret_a = x.a0 + i;
                *ret_b = x.b0 + j;
                return true;
            }
        }
        for (int32_t k = -d; k <= d; k += 2) {
            int32_t i = k == -d || (k != d && r[k - 1] < r[k + 1]) ? r[k + 1] : r[k - 1] + 1;
            int32_t j = i - k;
            while (i < n && j >= 0 && j < m && a[n - 1 - i] == b[m - 1 - j])
                i++, j++;
            r[k] = i;
            int32_t forth = delta - k;
            if (!odd && forth >= -d && forth <= d && i + f[forth] >= n && i <= n && j <= m &&
                j >= 0) {
                *ret_a = x.a1 - i;
                *ret_b = x.b1 - j;
                return true;
            }
        }
    }
    return false;
}

/* Each call halves the differences left, so that the depth is at most 2 log2(ALIGN_COST_MAX) or so. */
static void align_box(struct aligner *g, struct box x, int depth)
{
    while (x.a0 < x.a1 && x.b0 < x.b1 && g->a[x.a0] == g->b[x.b0]) {
        x.a0++, x.b0++;
        g->out->equal++;
    }
    int32_t tail = 0;
    while (x.a0 < x.a1 && x.b0 < x.b1 && g->a[x.a1 - 1] == g->b[x.b1 - 1])
        x.a1--, x.b1--, tail++;
    int32_t a, b;
    if (x.a0 == x.a1 || x.b0 == x.b1 || depth > 60 || !middle(g, x, &a, &b) ||
        (a == x.a0 && b == x.b0) || (a == x.a1 && b == x.b1)) {
        differ(g, x);
    } else {
        align_box(g, (struct box){ x.a0, a, x.b0, b }, depth + 1);
        align_box(g, (struct box){ a, x.a1, b, x.b1 }, depth + 1);
    }
    g->out->equal += (uint32_t)tail;
}

enum status licence_align(struct align_result *ret, const uint16_t *a, uint32_t a_count,
                          const uint16_t *b, uint32_t b_count, struct error *err)
{
    if (a_count > ALIGN_WORDS_MAX || b_count > ALIGN_WORDS_MAX)
        return error_set(err, STATUS_LIMIT, "%u and %u words are too many to compare; at most %d",
                         a_count, b_count, ALIGN_WORDS_MAX);
    struct align_result r = { 0 };
    int32_t reach = ALIGN_COST_MAX / 2 + 2;
    struct aligner g = { .a = a, .b = b, .reach = reach, .out = &r };
    g.forward = mem_array(4 * (size_t)reach, sizeof *g.forward);
    g.backward = g.forward ? g.forward + 2 * (size_t)reach : NULL;
    g.failed = !g.forward;
    if (!g.failed) align_box(&g, (struct box){ 0, (int32_t)a_count, 0, (int32_t)b_count }, 0);
    mem_free(g.forward);
    if (g.failed) {
        align_result_release(&r);
        return error_set(err, STATUS_NO_MEMORY, "no memory to compare %u words", a_count);
    }
    *ret = r;
    return STATUS_OK;
}

void align_result_release(struct align_result *r)
{
    mem_free(r->hunks);
    *r = (struct align_result){ 0 };
}
