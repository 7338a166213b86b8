/* Cached pages that outlive the process: saved as they are sealed, restored where a prompt begins alike.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/mem.h"
#include "lm/engine/engine_inner.h"

#define CHAIN_MAX 65536 /* pages of one sequence */

/* --- opening --- */

/* Everything that the bits of a page depend on. The number of threads is not among it, and a row's bits
 * are those of the level of kernels alone; the build may change them. */
static enum status identity_of(const struct engine *e, const struct engine_options *o,
                               uint8_t ret[SHA256_BYTES], struct error *err)
{
    struct sha256 *sha;
    const char *words = e->backend->words, *comma = strchr(words, ',');
    size_t words_len = comma ? (size_t)(comma - words) : strlen(words);
    const uint64_t numbers[2] = { e->backend->sizes.page_bytes,
                                  e->draft.backend_options.cache_f32 };
    enum status st = sha256_new(&sha, err);
    if (st) return st;
    st = sha256_update(sha, o->store->identity, SHA256_BYTES, err);
    if (!st) st = sha256_update(sha, HEARTH_VERSION, sizeof HEARTH_VERSION, err);
    if (!st) st = sha256_update(sha, words, words_len, err);
    if (!st) st = sha256_update(sha, numbers, sizeof numbers, err);
    if (!st) st = sha256_final(sha, ret, err);
    sha256_free(sha);
    return st;
}

static enum status open_store(struct engine *e, const struct engine_options *o, struct error *err)
{
    uint8_t identity[SHA256_BYTES];
    if (e->stretches)
        return error_set(err, STATUS_UNSUPPORTED,
                         "this model's state depends on how long a text becomes");
    e->page_keys = mem_array((size_t)e->draft.page_count, sizeof *e->page_keys);
    if (!e->page_keys) return error_set(err, STATUS_NO_MEMORY, "no memory for the names of pages");
    enum status st = identity_of(e, o, identity, err);
    if (st) return st;
    return kv_store_open(&e->store, &o->store->io, o->store->bytes_max,
                         e->backend->sizes.page_bytes, identity, &o->log, err);
}

/* The cache is worth having without it. */
void engine_store_open(struct engine *e, const struct engine_options *o)
{
    struct error err;
    if (!o->store || open_store(e, o, &err) == STATUS_OK) return;
    log_write(&o->log, LOG_WARN, "kv", "cached pages are not kept: %s", err.text);
}

void engine_store_close(struct engine *e)
{
    kv_store_close(e->store);
    mem_free(e->page_keys);
    e->store = NULL;
    e->page_keys = NULL;
}

bool engine_has_store(const struct engine *e)
{
    return e->store != NULL;
}

struct kv_store_stats engine_store_stats(const struct engine *e)
{
    return e->store ? kv_store_stats(e->store) : (struct kv_store_stats){ 0 };
}

/* --- names --- */

static bool knows(const struct engine *e, int32_t page)
{
    return e->page_keys[page].serial == kv_page_facts(e->pool, page).serial;
}

/* The name of what stands before a page: another page's, or its salt's. */
static bool key_before(struct engine *e, const struct kv_page_facts *f, struct kv_key *ret)
{
    if (f->parent == KV_NO_PAGE) return kv_key_first(ret, &f->salt, NULL) == STATUS_OK;
    *ret = e->page_keys[f->parent].key;
    return true;
}

/* Names a sealed page, and first those before it: from the first unknown one on. */
static bool name_page(struct engine *e, int32_t page)
{
    for (int guard = 0; !knows(e, page) && guard < CHAIN_MAX; guard++) {
        int32_t at = page;
        struct kv_page_facts f = kv_page_facts(e->pool, at);
        while (f.parent != KV_NO_PAGE && !knows(e, f.parent)) {
            at = f.parent;
            f = kv_page_facts(e->pool, at);
        }
        struct page_key named = { .serial = f.serial };
        struct kv_key before;
        if (!key_before(e, &f, &before) ||
            kv_key_next(&named.key, &before, f.tokens, f.token_count, NULL))
            return false;
        e->page_keys[at] = named;
    }
    return knows(e, page);
}

/* --- saving --- */

static bool save_page(struct engine *e, int32_t page)
{
    struct kv_page_facts f = kv_page_facts(e->pool, page);
    struct kv_key before;
    if (!name_page(e, page) || !key_before(e, &f, &before)) return false;
    return kv_store_write(e->store, &before, f.parent == KV_NO_PAGE, &e->page_keys[page].key,
                          f.tokens, f.token_count, e->backend->type->page_data(e->backend, page));
}

int engine_save(struct engine *e, int pages_max)
{
    int n = 0;
    for (; e->store && n < pages_max; n++) {
        int32_t page = kv_unsaved(e->pool);
        if (page == KV_NO_PAGE) break;
        if (!save_page(e, page) && !kv_store_stats(e->store).writable) return 0; /* it stays so */
        kv_mark_saved(e->pool, page);
    }
    return n;
}

/* --- restoring --- */

static void copy_page(void *ctx, int32_t to, int32_t from)
{
    struct engine *e = ctx;
    e->backend->type->copy_page(e->backend, to, from);
}

static bool key_at(struct session *s, int64_t pages, struct kv_key *ret)
{
    struct engine *e = s->engine;
    if (pages == 0) return kv_key_first(ret, &s->table.salt, NULL) == STATUS_OK;
    int32_t last = s->table.pages[pages - 1];
    if (!name_page(e, last)) return false;
    *ret = e->page_keys[last].key;
    return true;
}

/* One page from position `from` on, which begins a page. False: the store has none, or it was bad. */
static bool restore_page(struct session *s, const int32_t *tokens, int64_t count, int64_t from)
{
    struct engine *e = s->engine;
    struct kv_key before;
    int64_t agree, left = count - 1 - from;
    if (left <= 0 || !key_at(s, from / KV_PAGE_TOKENS, &before)) return false;
    int64_t slot = kv_store_find(e->store, &before, tokens + from,
                                 left < KV_PAGE_TOKENS ? left : KV_PAGE_TOKENS, &agree);
    if (slot < 0 || from + agree <= s->count) return false;
    session_truncate(s, (size_t)from);
    if (!kv_prepare(e->pool, &s->table, from, from + agree, copy_page, e)) return false;
    int32_t page = s->table.pages[from / KV_PAGE_TOKENS];
    if (!kv_store_read(e->store, slot, e->backend->type->page_data(e->backend, page))) {
        kv_truncate(e->pool, &s->table, from);
        return false;
    }
    memcpy(s->tokens + from, tokens + from, (size_t)agree * sizeof *tokens);
    s->count = from + agree;
    return true;
}

int session_restore(struct session *s, const int32_t *tokens, size_t count, int pages_max)
{
    struct engine *e = s->engine;
    int n = 0;
    if (!e->store) return 0;
    for (; n < pages_max; n++) {
        int64_t from = s->count / KV_PAGE_TOKENS * KV_PAGE_TOKENS, before = s->count;
        if (!restore_page(s, tokens, (int64_t)count, from)) break;
        s->reused += s->count - before;
        s->logits_serial = 0;
        if (s->count % KV_PAGE_TOKENS) return n + 1; /* the last one: the text goes on otherwise */
        kv_seal(e->pool, &s->table, s->tokens, s->count);
        int32_t page = s->table.pages[from / KV_PAGE_TOKENS];
        if (name_page(e, page)) kv_mark_saved(e->pool, page);
    }
    return n;
}
