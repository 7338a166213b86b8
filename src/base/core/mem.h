/* Heap blocks, arenas, and the assertion that nothing allocates while tokens flow.
 * SPDX-License-Identifier: Apache-2.0
 *
 * mem_* is the one door to the heap for everything above base/core, so that
 * mem_freeze() can turn an allocation in the token loop into an assertion and
 * the fault sweep can make the n-th allocation fail. Any thread may call. */
#ifndef BASE_CORE_MEM_H
#define BASE_CORE_MEM_H

#include <stddef.h>

/* Each returns NULL when memory is short (or the product overflows); the
 * caller reports STATUS_NO_MEMORY. mem_array and mem_zero zero the block. */
void *mem_alloc(size_t bytes);
void *mem_zero(size_t bytes);
void *mem_array(size_t count, size_t item_bytes);
/* Contents up to the smaller size are kept; on failure `p` is still valid. */
void *mem_resize(void *p, size_t count, size_t item_bytes);
void mem_free(void *p);                              /* NULL is fine */
char *mem_copy_text(const char *text, size_t bytes); /* terminated copy */

/* Large blocks: page aligned, zeroed, huge pages asked for where offered.
 * Free with the same size. */
void *mem_map(size_t bytes);
void mem_unmap(void *p, size_t bytes);

/* Between freeze and thaw any mem_* allocation by this thread is a bug: an
 * assertion in builds with HEARTH_CHECKS, nothing in others. Calls nest. */
void mem_freeze(const char *why);
void mem_thaw(void);

#ifdef HEARTH_CHECKS
/* For the fault sweep: the n-th mem_* allocation of this thread from now fails, once (1: the
 * next one; 0: none). Arena chunks and mem_map count too. A sweep raises n from 1 until
 * mem_fault_fired() says that the operation ended before its n-th allocation. */
void mem_fail_nth(long n);
_Bool mem_fault_fired(void); /* since the last mem_fail_nth */
#endif

/* An arena hands out pieces of chunks and frees them all at once. One owner. */
struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t used_bytes;          /* handed out, padding included */
    size_t bytes_max;           /* ceiling on used_bytes */
};

void arena_init(struct arena *a, size_t bytes_max);
void arena_release(struct arena *a);
/* Zeroed, aligned to 16; NULL past the ceiling or when memory is short. */
void *arena_alloc(struct arena *a, size_t bytes);
void *arena_array(struct arena *a, size_t count, size_t item_bytes);
char *arena_copy_text(struct arena *a, const char *text, size_t bytes);

#endif
