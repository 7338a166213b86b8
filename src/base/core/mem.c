/* The one door to the heap, and arenas.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* madvise */
#include "base/core/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/core/checked.h"

#define HUGE_PAGE_BYTES       ((size_t)2 << 20)
#define ARENA_ALIGN           16
#define ARENA_CHUNK_BYTES     ((size_t)4096)
#define ARENA_CHUNK_BYTES_MAX ((size_t)1 << 20)

#ifdef HEARTH_CHECKS
/* File-scope state, per thread and only in checking builds: the freeze is a property of the
 * thread's place in the program, and passing it along would change every signature. */
static _Thread_local int freezes;
static _Thread_local const char *frozen_because;
static _Thread_local long fault_after;
static _Thread_local bool fault_fired;

void mem_freeze(const char *why)
{
    freezes++;
    frozen_because = why;
}

void mem_thaw(void)
{
    assert(freezes > 0);
    freezes--;
}

void mem_fail_nth(long n)
{
    fault_after = n;
    fault_fired = false;
}

_Bool mem_fault_fired(void)
{
    return fault_fired;
}

/* False: this allocation is the one that has to fail. */
static bool may_allocate(void)
{
    assert(freezes == 0 && "an allocation while memory is frozen: see frozen_because");
    if (fault_after == 0 || --fault_after > 0) return true;
    fault_fired = true;
    return false;
}
#else
void mem_freeze(const char *why)
{
}

void mem_thaw(void)
{
}

static bool may_allocate(void)
{
    return true;
}
#endif

void *mem_alloc(size_t bytes)
{
    return may_allocate() ? malloc(bytes ? bytes : 1) : NULL;
}

void *mem_zero(size_t bytes)
{
    return mem_array(bytes, 1);
}

void *mem_array(size_t count, size_t item_bytes)
{
    size_t bytes;
    if (!size_mul(count, item_bytes, &bytes) || !may_allocate()) return NULL;
    return calloc(bytes ? bytes : 1, 1);
}

void *mem_resize(void *p, size_t count, size_t item_bytes)
{
    size_t bytes;
    if (!size_mul(count, item_bytes, &bytes) || !may_allocate()) return NULL;
    return realloc(p, bytes ? bytes : 1);
}

void mem_free(void *p)
{
    free(p);
}

char *mem_copy_text(const char *text, size_t bytes)
{
    size_t total;
    char *copy = size_add(bytes, 1, &total) ? mem_alloc(total) : NULL;
    if (!copy) return NULL;
    if (bytes) memcpy(copy, text, bytes);
    copy[bytes] = 0;
    return copy;
}

static bool page_round(size_t bytes, size_t *ret)
{
    return size_align(bytes ? bytes : 1, (size_t)sysconf(_SC_PAGESIZE), ret);
}

static void *map_pages(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Maps too much and gives the edges back, so that huge pages fit from the first byte. */
static void *map_huge(size_t bytes)
{
    size_t wide;
    char *p = size_add(bytes, HUGE_PAGE_BYTES, &wide) ? map_pages(wide) : NULL;
    if (!p) return map_pages(bytes);
    size_t head = (size_t)(-(uintptr_t)p & (HUGE_PAGE_BYTES - 1));
    if (head) munmap(p, head);
    if (wide - head > bytes) munmap(p + head + bytes, wide - head - bytes);
    p += head;
    madvise(p, bytes, MADV_HUGEPAGE); /* advice: it may be refused */
    return p;
}

void *mem_map(size_t bytes)
{
    size_t rounded;
    if (!may_allocate() || !page_round(bytes, &rounded)) return NULL;
    return rounded >= 2 * HUGE_PAGE_BYTES ? map_huge(rounded) : map_pages(rounded);
}

void mem_unmap(void *p, size_t bytes)
{
    size_t rounded;
    if (p && page_round(bytes, &rounded)) munmap(p, rounded);
}

struct arena_chunk {
    struct arena_chunk *older;
    size_t used_bytes; /* of data */
    size_t size_bytes;
    size_t pad;
    char data[]; /* aligned to ARENA_ALIGN, because malloc aligns so */
};

void arena_init(struct arena *a, size_t bytes_max)
{
    *a = (struct arena){ .bytes_max = bytes_max };
}

void arena_release(struct arena *a)
{
    for (struct arena_chunk *c = a->chunks; c;) {
        struct arena_chunk *older = c->older;
        mem_free(c);
        c = older;
    }
    arena_init(a, a->bytes_max);
}

static struct arena_chunk *chunk_new(struct arena *a, size_t bytes)
{
    size_t size = ARENA_CHUNK_BYTES;
    if (a->chunks) size = a->chunks->size_bytes * 2; /* doubling: few chunks, no waste at first */
    if (size > ARENA_CHUNK_BYTES_MAX) size = ARENA_CHUNK_BYTES_MAX;
    if (size < bytes) size = bytes;
    size_t total;
    struct arena_chunk *c = size_add(size, sizeof *c, &total) ? mem_zero(total) : NULL;
    if (!c) return NULL;
    c->size_bytes = size;
    c->older = a->chunks;
    a->chunks = c;
    return c;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    size_t size;
    if (!size_align(bytes ? bytes : 1, ARENA_ALIGN, &size)) return NULL;
    if (size > a->bytes_max || a->used_bytes > a->bytes_max - size) return NULL;
    struct arena_chunk *c = a->chunks;
    if (!c || size > c->size_bytes - c->used_bytes) c = chunk_new(a, size);
    if (!c) return NULL;
    void *p = c->data + c->used_bytes;
    c->used_bytes += size;
    a->used_bytes += size;
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t item_bytes)
{
    size_t bytes;
    return size_mul(count, item_bytes, &bytes) ? arena_alloc(a, bytes) : NULL;
}

char *arena_copy_text(struct arena *a, const char *text, size_t bytes)
{
    size_t total;
    char *copy = size_add(bytes, 1, &total) ? arena_alloc(a, total) : NULL;
    if (copy && bytes) memcpy(copy, text, bytes);
    return copy;
}
