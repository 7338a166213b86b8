/* A ring of answers under a lock.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/shape_store.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/core/mem.h"

struct entry {
    char *tenant, *id, *text; /* NULL: free */
    size_t len;
    uint64_t hash; /* of tenant and id */
};

struct shape_store {
    pthread_mutex_t lock; /* guards all below */
    struct entry *entries;
    size_t cap, next; /* the next to be written, which is the oldest */
    size_t bytes, bytes_max;
};

enum status shape_store_new(struct shape_store **ret, size_t entries_max, size_t bytes_max,
                            struct error *err)
{
    if (!entries_max || entries_max > SHAPE_STORE_ENTRIES_MAX)
        return error_set(err, STATUS_LIMIT, "a store of %zu answers; 1 to %zu are possible",
                         entries_max, SHAPE_STORE_ENTRIES_MAX);
    struct shape_store *s = mem_zero(sizeof *s);
    if (s) s->entries = mem_array(entries_max, sizeof *s->entries);
    if (!s || !s->entries || pthread_mutex_init(&s->lock, NULL)) {
        if (s) mem_free(s->entries);
        mem_free(s);
        return error_set(err, STATUS_NO_MEMORY, "out of memory for the store of answers");
    }
    s->cap = entries_max;
    s->bytes_max = bytes_max;
    *ret = s;
    return STATUS_OK;
}

static void drop(struct shape_store *s, struct entry *e)
{
    if (e->text) s->bytes -= e->len;
    mem_free(e->tenant);
    mem_free(e->id);
    mem_free(e->text);
    *e = (struct entry){ 0 };
}

void shape_store_free(struct shape_store *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->cap; i++)
        drop(s, &s->entries[i]);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->entries);
    mem_free(s);
}

/* FNV-1a over both, with their terminators. */
static uint64_t hash_of(const char *tenant, const char *id)
{
    uint64_t h = 0xcbf29ce484222325u;
    const char *both[] = { tenant, id };
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k <= strlen(both[i]); k++)
            h = (h ^ (unsigned char)both[i][k]) * 0x100000001b3u;
    return h;
}

static struct entry *find(struct shape_store *s, const char *tenant, const char *id)
{
    uint64_t hash = hash_of(tenant, id);
    for (size_t i = 0; i < s->cap; i++) {
        struct entry *e = &s->entries[i];
        if (e->hash == hash && e->text && strcmp(e->id, id) == 0 && strcmp(e->tenant, tenant) == 0)
            return e;
    }
    return NULL;
}

enum status shape_store_put(struct shape_store *s, const char *tenant, const char *id,
                            struct span text, bool *ret_kept, struct error *err)
{
    struct entry e = { .tenant = mem_copy_text(tenant, strlen(tenant)),
                       .id = mem_copy_text(id, strlen(id)),
                       .text = mem_copy_text(text.data, text.len),
                       .len = text.len,
                       .hash = hash_of(tenant, id) };
    bool fits = text.len <= s->bytes_max, whole = e.tenant && e.id && e.text;
    if (!fits || !whole) {
        mem_free(e.tenant);
        mem_free(e.id);
        mem_free(e.text);
        *ret_kept = false;
        return whole ? STATUS_OK
                     : error_set(err, STATUS_NO_MEMORY, "out of memory for an answer to be kept");
    }
    pthread_mutex_lock(&s->lock);
    drop(s, &s->entries[s->next]);
    for (size_t i = 1; s->bytes + e.len > s->bytes_max && i < s->cap; i++)
        drop(s, &s->entries[(s->next + i) % s->cap]);
    s->entries[s->next] = e;
    s->next = (s->next + 1) % s->cap;
    s->bytes += e.len;
    pthread_mutex_unlock(&s->lock);
    *ret_kept = true;
    return STATUS_OK;
}

enum status shape_store_get(struct shape_store *s, const char *tenant, const char *id,
                            struct buf *ret, bool *ret_found, struct error *err)
{
    pthread_mutex_lock(&s->lock);
    const struct entry *e = find(s, tenant, id);
    *ret_found = e != NULL;
    if (e) buf_append(ret, e->text, e->len);
    pthread_mutex_unlock(&s->lock);
    return buf_check(ret, "an answer that was kept", err);
}

bool shape_store_remove(struct shape_store *s, const char *tenant, const char *id)
{
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, tenant, id);
    if (e) drop(s, e);
    pthread_mutex_unlock(&s->lock);
    return e != NULL;
}
