/* Opening damaged copies of a good file: cut at every length, each byte changed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/damage.h"

#include <string.h>

#include "base/core/mem.h"
#include "support/fixture.h"

/* A copy of exactly `len` bytes, so that the sanitizer sees a read past them. */
static enum status open_copy(const char *bytes, size_t len, damage_open_fn *open)
{
    char *copy = mem_alloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    enum status st = open(copy, len);
    mem_free(copy);
    return st;
}

void damage_cut(const struct buf *whole, size_t padding, damage_open_fn *open)
{
    assert_int_equal(open_copy(whole->data, whole->len, open), STATUS_OK);
    for (size_t len = 0; len < whole->len - padding; len++)
        assert_int_not_equal(open_copy(whole->data, len, open), STATUS_OK);
}

void damage_change(struct buf *whole, size_t refusals, damage_open_fn *open)
{
    static const unsigned char masks[] = { 1, 0x80, 0xff };
    size_t refused = 0;
    for (size_t i = 0; i < whole->len * 3; i++) {
        whole->data[i / 3] ^= (char)masks[i % 3];
        refused += open_copy(whole->data, whole->len, open) != STATUS_OK;
        whole->data[i / 3] ^= (char)masks[i % 3];
    }
    assert_true(refused > refusals);
}
