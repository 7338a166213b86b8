/* Pages that outlive the process: slots, checksums, the index.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include "lm/kv/kv_store.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/core/mem.h"

#define VERSION         1
#define FILE_MAGIC      0x316b766874726168u /* reads "harthvk1" in the order of this machine alone */
#define SLOT_MAGIC      0x3165676170766b68u
#define NO_SLOT         (-1)
#define READ_FAULTS_MAX 8 /* then the file is left alone */

struct file_head {
    uint64_t magic, version;
    uint64_t page_bytes, slot_count, page_tokens;
    uint8_t identity[SHA256_BYTES];
    uint8_t check[SHA256_BYTES]; /* of what stands before */
};
static_assert(sizeof(struct file_head) == 104, "as it lies in the file");

struct slot_head {
    uint64_t magic;
    uint64_t stamp; /* greater: used later */
    uint32_t token_count, first;
    int32_t tokens[KV_PAGE_TOKENS];
    struct kv_key before, key;
    uint8_t content[SHA256_BYTES];
    uint8_t check[SHA256_BYTES]; /* of what stands before */
};
static_assert(sizeof(struct slot_head) == 408, "as it lies in the file");

struct entry {
    bool used;
    struct slot_head head;
    int64_t parent, child_count; /* slot of the page before, and how many stand behind this one */
    int64_t next;                /* with the same bucket of `before` */
};

struct kv_store {
    struct kv_store_io io;
    struct log log;
    size_t page_bytes, slot_bytes;
    int64_t slot_count;
    struct entry *entries;
    int64_t *buckets; /* [slot_count] by key of the page before */
    uint64_t stamp_last;
    int read_faults;
    bool writable;
    struct kv_store_stats stats;
};

/* --- a file --- */

static const char *why(int e)
{
    const char *words = strerrordesc_np(e); /* strerror() is not safe in threads */
    return words ? words : "unknown error";
}

static enum status file_read_at(void *ctx, uint64_t offset, void *to, size_t len, struct error *err)
{
    uint8_t *at = to;
    while (len > 0) {
        ssize_t n = pread(*(const int *)ctx, at, len, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return error_set(err, STATUS_IO, "%s", n == 0 ? "the file ends" : why(errno));
        at += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return STATUS_OK;
}

static enum status file_write_at(void *ctx, uint64_t offset, const void *from, size_t len,
                                 struct error *err)
{
    const uint8_t *at = from;
    while (len > 0) {
        ssize_t n = pwrite(*(const int *)ctx, at, len, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return error_set(err, STATUS_IO, "%s", n == 0 ? "no room" : why(errno));
        at += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return STATUS_OK;
}

struct kv_store_io kv_store_file(const int *fd)
{
    return (struct kv_store_io){ file_read_at, file_write_at, (void *)(uintptr_t)fd };
}

/* --- digests --- */

enum status kv_key_first(struct kv_key *ret, const struct kv_salt *salt, struct error *err)
{
    return sha256_of(salt, sizeof *salt, ret->bytes, err);
}

enum status kv_key_next(struct kv_key *ret, const struct kv_key *before, const int32_t *tokens,
                        int count, struct error *err)
{
    struct {
        struct kv_key before;
        int32_t tokens[KV_PAGE_TOKENS];
    } text = { .before = *before };
    size_t len = sizeof text.before + (size_t)count * sizeof *tokens;
    assert(count >= 1 && count <= KV_PAGE_TOKENS);
    memcpy(text.tokens, tokens, (size_t)count * sizeof *tokens);
    return sha256_of(&text, len, ret->bytes, err);
}

/* Megabytes per page, at the speed of memory: eight running products, each a bijection of its word, so
 * that no single change goes unseen; then SHA-256 over them. Against accidents only. */
static enum status digest_content(uint8_t ret[SHA256_BYTES], const uint8_t *bytes, size_t len,
                                  struct error *err)
{
    uint64_t lanes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, words[8];
    for (size_t at = 0; at < len; at += sizeof words) {
        size_t n = len - at < sizeof words ? len - at : sizeof words;
        if (n < sizeof words) memset(words, 0, sizeof words);
        memcpy(words, bytes + at, n);
        for (int i = 0; i < 8; i++) {
            lanes[i] = (lanes[i] ^ words[i]) * 0x9E3779B97F4A7C15u;
            lanes[i] ^= lanes[i] >> 32;
        }
    }
    return sha256_of(lanes, sizeof lanes, ret, err);
}

/* --- the index --- */

static uint64_t file_offset(const struct kv_store *s, int64_t slot)
{
    return KV_STORE_ALIGN + (uint64_t)slot * s->slot_bytes;
}

static int64_t *bucket_of(const struct kv_store *s, const struct kv_key *before)
{
    uint64_t word;
    memcpy(&word, before->bytes, sizeof word);
    return &s->buckets[word % (uint64_t)s->slot_count];
}

static bool same_key(const struct kv_key *a, const struct kv_key *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* The slot of the page with `key`; it stands behind `before`. */
static int64_t slot_of(const struct kv_store *s, const struct kv_key *before,
                       const struct kv_key *key)
{
    for (int64_t i = *bucket_of(s, before); i != NO_SLOT; i = s->entries[i].next) {
        if (same_key(&s->entries[i].head.key, key)) return i;
    }
    return NO_SLOT;
}

static void index_enter(struct kv_store *s, int64_t slot)
{
    struct entry *e = &s->entries[slot];
    int64_t *bucket = bucket_of(s, &e->head.before);
    e->used = true;
    e->next = *bucket;
    *bucket = slot;
    s->stats.used++;
}

static void index_leave(struct kv_store *s, int64_t slot)
{
    struct entry *e = &s->entries[slot];
    int64_t *link = bucket_of(s, &e->head.before);
    while (*link != slot)
        link = &s->entries[*link].next;
    *link = e->next;
    if (e->parent != NO_SLOT) s->entries[e->parent].child_count--;
    for (int64_t i = *bucket_of(s, &e->head.key); e->child_count > 0 && i != NO_SLOT;
         i = s->entries[i].next) {
        if (s->entries[i].parent == slot) s->entries[i].parent = NO_SLOT;
    }
    *e = (struct entry){ .parent = NO_SLOT };
    s->stats.used--;
}

/* A slot to write to: an unused one, or the least recently used without a page behind it. NO_SLOT: one
 * chain fills the file. */
static int64_t slot_take(struct kv_store *s)
{
    int64_t victim = NO_SLOT;
    for (int64_t i = 0; i < s->slot_count; i++) {
        const struct entry *e = &s->entries[i];
        if (!e->used) return i;
        if (e->child_count > 0) continue;
        if (victim == NO_SLOT || e->head.stamp < s->entries[victim].head.stamp) victim = i;
    }
    if (victim == NO_SLOT) return NO_SLOT;
    index_leave(s, victim);
    s->stats.evicted++;
    return victim;
}

/* --- opening --- */

static enum status head_check(uint8_t ret[SHA256_BYTES], const struct slot_head *h,
                              struct error *err)
{
    return sha256_of(h, offsetof(struct slot_head, check), ret, err);
}

static bool head_is_good(const struct slot_head *h)
{
    uint8_t check[SHA256_BYTES];
    return h->magic == SLOT_MAGIC && h->token_count >= 1 && h->token_count <= KV_PAGE_TOKENS &&
           h->first <= 1 && head_check(check, h, NULL) == STATUS_OK &&
           memcmp(check, h->check, sizeof check) == 0;
}

static struct file_head make_file_head(const struct kv_store *s,
                                       const uint8_t identity[SHA256_BYTES])
{
    struct file_head h = { .magic = FILE_MAGIC,
                           .version = VERSION,
                           .page_bytes = s->page_bytes,
                           .slot_count = (uint64_t)s->slot_count,
                           .page_tokens = KV_PAGE_TOKENS };
    memcpy(h.identity, identity, SHA256_BYTES);
    sha256_of(&h, offsetof(struct file_head, check), h.check, NULL);
    return h;
}

static void log_fault(const struct kv_store *s, const char *what, const struct error *err)
{
    log_write(&s->log, LOG_WARN, "kv", "%s%s%s", what, err ? ": " : "", err ? err->text : "");
}

static void stop_writing(struct kv_store *s, const struct error *err)
{
    s->writable = false;
    log_fault(s, "the store of cached pages takes no more: writing failed", err);
}

/* What other heads wrote is wiped, so that it is never taken for ours. */
static void begin_anew(struct kv_store *s, const struct file_head *head)
{
    static const uint8_t nothing[KV_STORE_ALIGN];
    struct error err;
    for (int64_t i = 0; i < s->slot_count && s->writable; i++) {
        struct slot_head old;
        if (s->io.read(s->io.ctx, file_offset(s, i), &old, sizeof old, NULL)) break; /* the end */
        if (old.magic == 0) continue;                                                /* a hole */
        if (s->io.write(s->io.ctx, file_offset(s, i), nothing, sizeof old, &err))
            stop_writing(s, &err);
    }
    if (s->writable && s->io.write(s->io.ctx, 0, head, sizeof *head, &err)) stop_writing(s, &err);
}

/* The pages before and behind each slot, once all are known. */
static void link_slots(struct kv_store *s)
{
    for (int64_t i = 0; i < s->slot_count; i++) {
        if (!s->entries[i].used) continue;
        for (int64_t k = *bucket_of(s, &s->entries[i].head.key); k != NO_SLOT;
             k = s->entries[k].next) {
            if (!same_key(&s->entries[k].head.before, &s->entries[i].head.key)) continue;
            s->entries[k].parent = i;
            s->entries[i].child_count++;
        }
    }
}

static void read_slots(struct kv_store *s)
{
    for (int64_t i = 0; i < s->slot_count; i++) {
        struct slot_head h;
        if (s->io.read(s->io.ctx, file_offset(s, i), &h, sizeof h, NULL)) break; /* never written */
        if (h.magic == 0) continue;
        if (!head_is_good(&h) || slot_of(s, &h.before, &h.key) != NO_SLOT) {
            s->stats.dropped++;
            continue;
        }
        s->entries[i].head = h;
        if (h.stamp > s->stamp_last) s->stamp_last = h.stamp;
        index_enter(s, i);
    }
    link_slots(s);
    if (s->stats.dropped > 0)
        log_write(&s->log, LOG_WARN, "kv", "%lld damaged cached pages were dropped",
                  (long long)s->stats.dropped);
}

static void read_file(struct kv_store *s, const uint8_t identity[SHA256_BYTES])
{
    struct file_head want = make_file_head(s, identity), have;
    if (s->io.read(s->io.ctx, 0, &have, sizeof have, NULL) || have.magic == 0) {
        begin_anew(s, &want); /* it is new */
    } else if (memcmp(&have, &want, sizeof want) != 0) {
        log_fault(s,
                  "the file of cached pages is of another model or engine, or damaged: it is begun "
                  "anew",
                  NULL);
        begin_anew(s, &want);
    } else {
        read_slots(s);
    }
}

enum status kv_store_open(struct kv_store **ret, const struct kv_store_io *io, uint64_t bytes_max,
                          size_t page_bytes, const uint8_t identity[SHA256_BYTES],
                          const struct log *log, struct error *err)
{
    size_t slot_bytes =
        KV_STORE_ALIGN + (page_bytes + KV_STORE_ALIGN - 1) / KV_STORE_ALIGN * KV_STORE_ALIGN;
    uint64_t slots = bytes_max > KV_STORE_ALIGN ? (bytes_max - KV_STORE_ALIGN) / slot_bytes : 0;
    if (slots == 0)
        return error_set(err, STATUS_LIMIT,
                         "%llu bytes have no room for a cached page of %zu bytes",
                         (unsigned long long)bytes_max, slot_bytes);
    if (slots > KV_STORE_SLOTS_MAX) slots = KV_STORE_SLOTS_MAX;
    struct kv_store *s = mem_zero(sizeof *s);
    if (!s) return error_set(err, STATUS_NO_MEMORY, "no memory for the store of cached pages");
    s->io = *io;
    s->log = *log;
    s->page_bytes = page_bytes;
    s->slot_bytes = slot_bytes;
    s->slot_count = s->stats.slot_count = (int64_t)slots;
    s->writable = true;
    s->entries = mem_array((size_t)slots, sizeof *s->entries);
    s->buckets = mem_array((size_t)slots, sizeof *s->buckets);
    if (!s->entries || !s->buckets) {
        kv_store_close(s);
        return error_set(err, STATUS_NO_MEMORY, "no memory for an index of %llu cached pages",
                         (unsigned long long)slots);
    }
    for (int64_t i = 0; i < s->slot_count; i++) {
        s->buckets[i] = NO_SLOT;
        s->entries[i].parent = NO_SLOT;
    }
    read_file(s, identity);
    *ret = s;
    return STATUS_OK;
}

void kv_store_close(struct kv_store *s)
{
    if (!s) return;
    mem_free(s->entries);
    mem_free(s->buckets);
    mem_free(s);
}

/* --- pages --- */

int64_t kv_store_find(const struct kv_store *s, const struct kv_key *before, const int32_t *tokens,
                      int64_t count, int64_t *ret_agree)
{
    int64_t best = NO_SLOT, most = 0;
    for (int64_t i = *bucket_of(s, before); i != NO_SLOT; i = s->entries[i].next) {
        const struct slot_head *h = &s->entries[i].head;
        int64_t agree = 0;
        if (!same_key(&h->before, before)) continue;
        while (agree < count && agree < h->token_count && h->tokens[agree] == tokens[agree])
            agree++;
        if (agree <= most) continue;
        most = agree;
        best = i;
    }
    *ret_agree = most;
    return best;
}

static void drop(struct kv_store *s, int64_t slot, const char *why, const struct error *err)
{
    log_fault(s, why, err);
    index_leave(s, slot);
    s->stats.dropped++;
}

bool kv_store_read(struct kv_store *s, int64_t slot, void *page)
{
    struct entry *e = &s->entries[slot];
    uint8_t content[SHA256_BYTES];
    struct error err;
    assert(e->used);
    if (s->read_faults >= READ_FAULTS_MAX) return false;
    if (s->io.read(s->io.ctx, file_offset(s, slot) + KV_STORE_ALIGN, page, s->page_bytes, &err)) {
        s->read_faults++;
        drop(s, slot, "a cached page cannot be read and is dropped", &err);
        return false;
    }
    if (digest_content(content, page, s->page_bytes, NULL) ||
        memcmp(content, e->head.content, sizeof content) != 0) {
        drop(s, slot, "a cached page is damaged and is dropped", NULL);
        return false;
    }
    e->head.stamp = ++s->stamp_last;
    s->stats.read++;
    return true;
}

/* First the old head goes, then the page comes, then its head: whatever is interrupted leaves no slot that
 * looks whole. Blocks that reach the disk in another order are told by the checksum of the content. */
static bool write_slot(struct kv_store *s, int64_t slot, const struct slot_head *h,
                       const void *page)
{
    static const struct slot_head nothing;
    uint64_t at = file_offset(s, slot);
    struct error err;
    if (!s->io.write(s->io.ctx, at, &nothing, sizeof nothing, &err) &&
        !s->io.write(s->io.ctx, at + KV_STORE_ALIGN, page, s->page_bytes, &err) &&
        !s->io.write(s->io.ctx, at, h, sizeof *h, &err))
        return true;
    stop_writing(s, &err);
    return false;
}

static int64_t slot_by_key(const struct kv_store *s, const struct kv_key *key)
{
    for (int64_t i = 0; i < s->slot_count; i++) {
        if (s->entries[i].used && same_key(&s->entries[i].head.key, key)) return i;
    }
    return NO_SLOT;
}

bool kv_store_write(struct kv_store *s, const struct kv_key *before, bool first,
                    const struct kv_key *key, const int32_t *tokens, int count, const void *page)
{
    int64_t have = slot_of(s, before, key);
    if (have != NO_SLOT) {
        s->entries[have].head.stamp = ++s->stamp_last;
        return true;
    }
    if (!s->writable) return false;
    int64_t parent = first ? NO_SLOT : slot_by_key(s, before);
    if (!first && parent == NO_SLOT) return true;            /* nobody could find it */
    if (parent != NO_SLOT) s->entries[parent].child_count++; /* so that it is not what gives way */
    struct slot_head h = { .magic = SLOT_MAGIC,
                           .stamp = ++s->stamp_last,
                           .token_count = (uint32_t)count,
                           .first = first,
                           .before = *before,
                           .key = *key };
    memcpy(h.tokens, tokens, (size_t)count * sizeof *tokens);
    int64_t slot = slot_take(s);
    bool written = slot != NO_SLOT && !digest_content(h.content, page, s->page_bytes, NULL) &&
                   !head_check(h.check, &h, NULL) && write_slot(s, slot, &h, page);
    if (!written) {
        if (parent != NO_SLOT) s->entries[parent].child_count--;
        return slot == NO_SLOT;
    }
    s->entries[slot].head = h;
    s->entries[slot].parent = parent;
    index_enter(s, slot);
    s->stats.written++;
    return true;
}

struct kv_store_stats kv_store_stats(const struct kv_store *s)
{
    struct kv_store_stats stats = s->stats;
    stats.writable = s->writable;
    return stats;
}
