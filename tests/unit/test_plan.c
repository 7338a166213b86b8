/* The plan's arena: values alive together never share bytes, and dead ones do.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/plan/plan.h"

#include "lm/plan/plan_inner.h"
#include "support/fixture.h"

#define HIDDEN 100
#define FF     300
#define LAYERS 12

static size_t value_bytes(const struct program *g, int v)
{
    return (size_t)(program_rows_max(g, v) * g->values[v].cols) * sizeof(float);
}

static void check_no_overlap(const struct program *g)
{
    for (int a = 0; a < g->value_count; a++) {
        const struct value_info *x = &g->values[a];
        assert_int_equal(x->offset_bytes % 64, 0);
        assert_true(x->first_op >= 0 && x->last_op >= x->first_op);
        assert_true(x->offset_bytes + value_bytes(g, a) <= g->arena_bytes);
        for (int b = 0; b < a; b++) {
            const struct value_info *y = &g->values[b];
            if (x->first_op > y->last_op || y->first_op > x->last_op) continue;
            assert_true(x->offset_bytes >= y->offset_bytes + value_bytes(g, b) ||
                        y->offset_bytes >= x->offset_bytes + value_bytes(g, a));
        }
    }
}

/* A network without weights: the recorder does not look at them. */
static struct value record(struct plan *p)
{
    struct linear ff = { NO_WEIGHT, NO_WEIGHT, FF }, back = { NO_WEIGHT, NO_WEIGHT, HIDDEN };
    struct value x = plan_embed(p, NO_WEIGHT, HIDDEN);
    for (int i = 0; i < LAYERS; i++) {
        struct value h = plan_rms_norm(p, x, NO_WEIGHT, 1e-6f);
        plan_add_linear(p, x, plan_glu(p, h, ff, ff), back);
    }
    return plan_linear(p, plan_gather(p, x), ff);
}

static void test_values_share_the_arena_by_lifetime(void **state)
{
    (void)state;
    struct plan *p;
    struct error err;
    assert_int_equal(plan_new(&p, NULL, &err), STATUS_OK);
    struct value logits = record(p);
    assert_int_equal(plan_finish(p, logits, 7, 3, &err), STATUS_OK);
    const struct program *g = plan_program(p);
    assert_int_equal(g->op_count, 1 + 3 * LAYERS + 2);
    check_no_overlap(g);
    /* One layer's worth at a time, whatever the number of layers. */
    assert_true(g->arena_bytes < (size_t)7 * (4 * HIDDEN + 3 * FF) * sizeof(float));
    plan_free(p);
}

static void test_rows_that_cannot_be_addressed_are_refused(void **state)
{
    (void)state;
    struct plan *p;
    struct error err;
    assert_int_equal(plan_new(&p, NULL, &err), STATUS_OK);
    struct value logits = record(p);
    assert_int_equal(plan_finish(p, logits, INT64_MAX / 2, 3, &err), STATUS_LIMIT);
    plan_free(p);
}

static void test_first_fault_sticks(void **state)
{
    (void)state;
    struct plan *p;
    struct error err;
    assert_int_equal(plan_new(&p, NULL, &err), STATUS_OK);
    plan_fail(p, STATUS_BAD_INPUT, "the first");
    plan_fail(p, STATUS_LIMIT, "the second");
    struct value logits = record(p);
    assert_int_equal(plan_finish(p, logits, 7, 3, &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "the first");
    assert_int_equal(plan_program(p)->op_count, 0);
    plan_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_share_the_arena_by_lifetime),
        cmocka_unit_test(test_rows_that_cannot_be_addressed_are_refused),
        cmocka_unit_test(test_first_fault_sticks),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
