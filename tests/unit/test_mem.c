/* Heap, arenas, mappings, and the fault hook.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <string.h>

#include "base/core/mem.h"

static void impossible_sizes_are_refused(void **state)
{
    size_t half = SIZE_MAX / 2 + 1;
    assert_null(mem_array(half, 2));
    assert_null(mem_resize(NULL, half, 4));
    assert_null(mem_copy_text("", SIZE_MAX));
    assert_null(mem_map(SIZE_MAX - 100));
    void *p = mem_alloc(0);
    assert_non_null(p);
    p = mem_resize(p, 0, 8);
    assert_non_null(p);
    mem_free(p);
    mem_free(NULL);
    mem_unmap(NULL, 10);
}

static void maps_are_zeroed_and_aligned(void **state)
{
    static const size_t sizes[] = { 0, 1, 4096, 4097, (size_t)2 << 20, ((size_t)9 << 20) + 5 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *p = mem_map(sizes[i]);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 4096, 0);
        for (size_t k = 0; k < sizes[i]; k += 511)
            assert_int_equal(p[k], 0);
        memset(p, 1, sizes[i]);
        mem_unmap(p, sizes[i]);
    }
}

static void arenas_hand_out_zeroed_aligned_pieces(void **state)
{
    struct arena a;
    arena_init(&a, 4 << 20);
    unsigned seed = 1;
    for (int i = 0; i < 500; i++) {
        seed = seed * 1664525 + 1013904223;
        size_t bytes = seed >> 20;
        unsigned char *p = arena_alloc(&a, bytes);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t k = 0; k < bytes; k++)
            assert_int_equal(p[k], 0);
        memset(p, 0xEE, bytes);
    }
    char *text = arena_copy_text(&a, "word and more", 4);
    assert_string_equal(text, "word");
    arena_release(&a);
    assert_int_equal(a.used_bytes, 0);
}

static void arenas_have_a_ceiling(void **state)
{
    struct arena a;
    arena_init(&a, 100);
    assert_null(arena_alloc(&a, 101));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_array(&a, SIZE_MAX / 2, 3));
    assert_non_null(arena_alloc(&a, 96));
    assert_null(arena_alloc(&a, 1));
    assert_int_equal(a.used_bytes, 96);
    arena_release(&a);
    assert_non_null(arena_alloc(&a, 96));
    arena_release(&a);
}

#ifdef HEARTH_CHECKS
static void the_nth_allocation_fails_once(void **state)
{
    mem_fail_nth(2);
    void *one = mem_alloc(1);
    void *two = mem_alloc(1);
    void *three = mem_alloc(1);
    assert_true(one && !two && three);
    assert_true(mem_fault_fired());
    mem_free(one);
    mem_free(three);
    mem_fail_nth(0);
    void *four = mem_zero(1);
    assert_non_null(four);
    assert_false(mem_fault_fired());
    mem_free(four);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(maps_are_zeroed_and_aligned),
        cmocka_unit_test(arenas_hand_out_zeroed_aligned_pieces),
        cmocka_unit_test(arenas_have_a_ceiling),
#ifdef HEARTH_CHECKS
        cmocka_unit_test(the_nth_allocation_fails_once),
#endif
    };
    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
