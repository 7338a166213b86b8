/* Appending to a log.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Order is everything: what a checkpoint covers is on the disk before the checkpoint is, and the checkpoint
 * before the caller hears of it. A tile is written for each size that gets a checkpoint, so no file that a
 * checkpoint needs is ever written twice with other bytes; what a killed writer left behind lies past the
 * checkpoint and is replaced by the next one. */
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/durable.h"
#include "base/core/entropy.h"
#include "base/core/file.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "govern/audit/audit.h"
#include "govern/audit/canonical.h"
#include "govern/audit/edge.h"
#include "govern/audit/log_folder.h"

#define SECRET_SEED    "audit-signing-key"
#define SECRET_HASH    "audit-hash-key"
#define SECRET_HEAD    "audit-head"
#define SECRET_NEW     "audit-new"
#define SECRET_BYTES   32
#define ORIGIN_DIGITS  16
#define BODY_BYTES_MAX ((size_t)60000)
#define FILE_MODE      0644
#define SECRET_MODE    0600

static_assert(SECRET_BYTES == ED25519_SEED_BYTES, "both secrets have one size");

struct audit {
    char folder[AUDIT_PATH_BYTES], secrets[AUDIT_PATH_BYTES];
    struct note_key key;
    uint8_t seed[SECRET_BYTES], hash_key[SECRET_BYTES];
    atomic_ullong size; /* of the tree, for whoever does not want to wait for the lock */
    pthread_mutex_t lock;
    /* lock, and the lock file: */
    struct buf note;   /* the checkpoint that the rest belongs to; empty: none was read */
    struct buf bundle; /* the unfinished bundle of entries */
    struct edge edge;  /* of the tree */
};

static enum status path_in(char ret[AUDIT_PATH_BYTES], const char *folder, const char *name,
                           struct error *err)
{
    if (file_join(ret, AUDIT_PATH_BYTES, folder, name)) return STATUS_OK;
    return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", folder);
}

/* ---- secrets ---- */

static enum status read_secret(const char *path, uint8_t ret[SECRET_BYTES], struct error *err)
{
    struct buf text = BUF_INIT(SHA256_HEX_BYTES);
    enum status st = file_read(&text, path, err);
    if (!st && (text.len != SHA256_HEX_BYTES || text.data[text.len - 1] != '\n' ||
                !sha256_from_hex(text.data, text.len - 1, ret)))
        st = error_set(err, STATUS_BAD_INPUT, "%s is damaged: 64 hexadecimal digits belong there",
                       path);
    buf_release(&text);
    return st;
}

static enum status make_secret(const struct audit *a, const char *path, uint8_t ret[SECRET_BYTES],
                               struct error *err)
{
    char temporary[AUDIT_PATH_BYTES], hex[SHA256_HEX_BYTES + 1];
    enum status st = path_in(temporary, a->secrets, SECRET_NEW, err);
    if (!st) st = entropy_fill(ret, SECRET_BYTES, err);
    if (st) return st;
    sha256_hex(ret, hex);
    hex[SHA256_HEX_BYTES - 1] = '\n';
    return durable_write(path, temporary, hex, SHA256_HEX_BYTES, SECRET_MODE, err);
}

/* `may_make`: a key is made only where there is no log yet that it should have signed. */
static enum status open_secret(const struct audit *a, const char *name, bool may_make,
                               uint8_t ret[SECRET_BYTES], struct error *err)
{
    char path[AUDIT_PATH_BYTES];
    enum status st = path_in(path, a->secrets, name, err);
    if (!st) st = read_secret(path, ret, err);
    if (st != STATUS_NOT_FOUND) return st;
    if (may_make) return make_secret(a, path, ret, err);
    return error_set(err, STATUS_BAD_INPUT,
                     "%s is missing, but the log in %s exists: it cannot be continued without the "
                     "key that signed it. Restore the key, or move the log away to begin another",
                     path, a->folder);
}

static enum status name_key(struct audit *a, struct error *err)
{
    uint8_t public_key[ED25519_PUBLIC_BYTES], digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES], name[64];
    enum status st = ed25519_public(a->seed, public_key, err);
    if (!st) st = sha256_of(public_key, sizeof public_key, digest, err);
    if (st) return st;
    sha256_hex(digest, hex);
    snprintf(name, sizeof name, "hearth/log/%.*s", ORIGIN_DIGITS, hex);
    return note_key_init(&a->key, name, public_key, err);
}

static enum status open_keys(struct audit *a, struct error *err)
{
    char path[AUDIT_PATH_BYTES];
    enum status st = path_in(path, a->folder, LOG_CHECKPOINT, err);
    if (st) return st;
    bool fresh = file_kind(path) == FILE_MISSING;
    st = open_secret(a, SECRET_SEED, fresh, a->seed, err);
    if (!st) st = open_secret(a, SECRET_HASH, fresh, a->hash_key, err);
    return st ? st : name_key(a, err);
}

/* ---- the state on the disk ---- */

static enum status load_tiles(struct audit *a, uint64_t size, struct error *err)
{
    struct span entries[TILE_WIDTH];
    unsigned width = tile_width(TILE_ENTRIES, size / TILE_WIDTH, size);
    enum status st = STATUS_OK;
    a->edge.size = size;
    buf_clear(&a->bundle);
    for (int level = 0; level < TILE_LEVELS && !st; level++) {
        unsigned w = edge_width(&a->edge, level);
        if (w)
            st = log_read_tile(a->folder, level, size >> (8 * level) >> 8, w, a->edge.hashes[level],
                               err);
    }
    if (!st && width)
        st = log_read_entries(a->folder, size / TILE_WIDTH, width, &a->bundle, entries, err);
    for (unsigned i = 0; i < width && !st; i++) {
        struct merkle_hash leaf;
        st = merkle_leaf(entries[i], &leaf, err);
        if (!st && !merkle_equal(&leaf, &a->edge.hashes[0][i]))
            st = error_set(err, STATUS_BAD_INPUT, "one of the last %u entries was changed", width);
    }
    /* A full bundle may have taken the place of the partial one. */
    if (!st && width)
        a->bundle.len = (size_t)(entries[width - 1].data + entries[width - 1].len - a->bundle.data);
    return st;
}

/* The last checkpoint that was signed here: the log must continue it. */
static enum status check_head(struct audit *a, const struct checkpoint *now, struct error *err)
{
    char path[AUDIT_PATH_BYTES];
    struct buf note = BUF_INIT(NOTE_BYTES_MAX);
    struct checkpoint head;
    struct audit_view *view = NULL;
    struct merkle_hash root;
    enum status st = path_in(path, a->secrets, SECRET_HEAD, err);
    if (!st) st = file_read(&note, path, err);
    if (st == STATUS_NOT_FOUND) return STATUS_OK;
    if (!st) st = checkpoint_open(&head, (struct span){ note.data, note.len }, &a->key, err);
    if (!st && head.size > now->size)
        st = error_set(err, STATUS_BAD_INPUT,
                       "it was cut: it has %" PRIu64 " entries, and had %" PRIu64, now->size,
                       head.size);
    if (!st && now->size) st = audit_view_open(&view, a->folder, &a->key, err);
    if (!st && view) st = audit_view_root(view, head.size, &root, err);
    if (!st && view && !merkle_equal(&root, &head.root))
        st = error_set(err, STATUS_BAD_INPUT,
                       "it does not continue the checkpoint of %" PRIu64 " entries signed here",
                       head.size);
    audit_view_close(view);
    buf_release(&note);
    return st;
}

static enum status load_state(struct audit *a, struct span note, struct error *err)
{
    struct checkpoint c = { .size = 0 };
    struct merkle_hash root;
    enum status st = STATUS_OK;
    if (note.len) st = checkpoint_open(&c, note, &a->key, err);
    if (!st) st = check_head(a, &c, err);
    if (!st) st = load_tiles(a, c.size, err);
    if (!st) st = edge_root(&a->edge, &root, err);
    if (!st && note.len && !merkle_equal(&root, &c.root))
        st = error_set(err, STATUS_BAD_INPUT, "its last hashes are not those that were signed");
    if (st == STATUS_NO_MEMORY || !st) return st;
    error_wrap(err, st, "the log in %s cannot be continued", a->folder);
    return st;
}

/* Another process may have appended since. */
static enum status refresh(struct audit *a, struct error *err)
{
    char path[AUDIT_PATH_BYTES];
    struct buf note = BUF_INIT(NOTE_BYTES_MAX);
    enum status st = path_in(path, a->folder, LOG_CHECKPOINT, err);
    if (!st) st = file_read(&note, path, err);
    if (st == STATUS_NOT_FOUND) st = STATUS_OK;
    bool same =
        note.len && note.len == a->note.len && memcmp(note.data, a->note.data, note.len) == 0;
    if (!st && !same) {
        buf_clear(&a->note);
        st = load_state(a, (struct span){ note.data, note.len }, err);
        if (!st) buf_append(&a->note, note.data, note.len);
    }
    buf_release(&note);
    return st ? st : buf_check(&a->note, "the checkpoint", err);
}

/* ---- writing files ---- */

static enum status put_file(const struct audit *a, const char *name, const void *bytes, size_t len,
                            struct error *err)
{
    char path[AUDIT_PATH_BYTES], folder[AUDIT_PATH_BYTES], temporary[AUDIT_PATH_BYTES];
    enum status st = path_in(path, a->folder, name, err);
    if (!st) st = path_in(temporary, a->folder, LOG_TEMPORARY, err);
    if (st) return st;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    st = durable_folder(folder, err);
    return st ? st : durable_write(path, temporary, bytes, len, FILE_MODE, err);
}

static enum status put_tile(const struct audit *a, int level, uint64_t n, unsigned width,
                            const void *bytes, size_t len, struct error *err)
{
    char name[TILE_PATH_BYTES];
    tile_path(name, level, n, width);
    return put_file(a, name, bytes, len, err);
}

/* edge_tile_fn: a full tile; with the lowest one its entries are complete, too. */
static enum status put_full(void *ctx, int level, uint64_t n, const struct merkle_hash *hashes,
                            struct error *err)
{
    struct audit *a = ctx;
    enum status st = put_tile(a, level, n, TILE_WIDTH, hashes, TILE_BYTES, err);
    if (st || level) return st;
    st = put_tile(a, TILE_ENTRIES, n, TILE_WIDTH, a->bundle.data, a->bundle.len, err);
    buf_clear(&a->bundle);
    return st;
}

/* The unfinished tiles whose width changed since the tree had `before` leaves. */
static enum status put_partials(const struct audit *a, uint64_t before, struct error *err)
{
    uint64_t size = a->edge.size;
    enum status st = STATUS_OK;
    for (int level = 0; level < TILE_LEVELS && !st; level++) {
        unsigned width = edge_width(&a->edge, level);
        uint64_t hashes = size >> (8 * level);
        if (width == 0 || hashes == before >> (8 * level)) continue;
        st = put_tile(a, level, hashes / TILE_WIDTH, width, a->edge.hashes[level],
                      width * sizeof(struct merkle_hash), err);
        if (level == 0 && !st)
            st = put_tile(a, TILE_ENTRIES, hashes / TILE_WIDTH, width, a->bundle.data,
                          a->bundle.len, err);
    }
    return st;
}

static enum status put_checkpoint(struct audit *a, struct error *err)
{
    char head[AUDIT_PATH_BYTES], temporary[AUDIT_PATH_BYTES];
    struct checkpoint c = { .size = a->edge.size };
    memcpy(c.origin, a->key.name, sizeof c.origin);
    enum status st = edge_root(&a->edge, &c.root, err);
    buf_clear(&a->note);
    if (!st) st = checkpoint_write(&a->note, &c, &a->key, a->seed, err);
    if (!st) st = put_file(a, LOG_CHECKPOINT, a->note.data, a->note.len, err);
    if (!st) st = path_in(head, a->secrets, SECRET_HEAD, err);
    if (!st) st = path_in(temporary, a->secrets, SECRET_NEW, err);
    return st ? st : durable_write(head, temporary, a->note.data, a->note.len, SECRET_MODE, err);
}

static void remove_partials(const struct audit *a, int level, uint64_t n)
{
    char name[TILE_PATH_BYTES], folder[AUDIT_PATH_BYTES], path[AUDIT_PATH_BYTES], **names;
    size_t count;
    tile_partial_folder(name, level, n);
    if (path_in(folder, a->folder, name, NULL) || file_list(&names, &count, folder, NULL)) return;
    for (size_t i = 0; i < count; i++)
        if (!path_in(path, folder, names[i], NULL)) unlink(path);
    rmdir(folder);
    file_list_free(names, count);
}

/* Once the full tiles are there and signed, nobody needs the partial ones. Nothing is lost where this does
 * not come about: it is disk space only, and the next full tile looks at its neighbour, too. */
static void tidy(const struct audit *a, uint64_t before)
{
    for (int level = 0; level < TILE_LEVELS; level++) {
        uint64_t first = before >> (8 * level) >> 8, end = a->edge.size >> (8 * level) >> 8;
        if (first == end) break;
        for (uint64_t n = first ? first - 1 : 0; n < end; n++) {
            remove_partials(a, level, n);
            if (level == 0) remove_partials(a, TILE_ENTRIES, n);
        }
    }
}

/* ---- entries ---- */

static enum status write_entry(struct buf *out, const struct audit_event *e, int64_t time_ms,
                               struct error *err)
{
    struct json_doc *doc;
    enum status st = json_parse(&doc, e->body.data, e->body.len, BODY_BYTES_MAX,
                                "the body of an audit entry", err);
    if (st) return st;
    if (json_type(json_root(doc)) != JSON_OBJECT)
        st = error_set(err, STATUS_BAD_INPUT, "the body of an audit entry is no object");
    buf_text(out, "{\"body\":");
    if (!st) st = canonical_write(out, json_root(doc), err);
    buf_format(out, ",\"kind\":\"%s\",\"time_ms\":%" PRId64 ",\"v\":1}", audit_kind_name(e->kind),
               time_ms);
    json_doc_free(doc);
    return st ? st : buf_check(out, "an audit entry", err);
}

static enum status push_entry(struct audit *a, struct span entry, struct error *err)
{
    struct merkle_hash leaf;
    uint8_t length[2] = { (uint8_t)(entry.len >> 8), (uint8_t)entry.len };
    enum status st = merkle_leaf(entry, &leaf, err);
    if (st) return st;
    buf_append(&a->bundle, length, sizeof length);
    buf_append(&a->bundle, entry.data, entry.len);
    st = buf_check(&a->bundle, "a bundle of entries", err);
    return st ? st : edge_push(&a->edge, &leaf, put_full, a, err);
}

/* With both locks. All entries are written out before the first one is pushed, so that a body that is wrong
 * changes nothing. */
static enum status append_all(struct audit *a, const struct audit_event *events, size_t count,
                              struct error *err)
{
    struct buf entry = BUF_INIT(TILE_ENTRY_BYTES_MAX);
    int64_t now_ms = clock_unix_ns() / 1000000;
    uint64_t before = a->edge.size;
    enum status st = STATUS_OK;
    for (int pass = 0; pass < 2 && !st; pass++) {
        for (size_t i = 0; i < count && !st; i++) {
            buf_clear(&entry);
            st = write_entry(&entry, &events[i], now_ms, err);
            if (!st && pass) st = push_entry(a, (struct span){ entry.data, entry.len }, err);
        }
    }
    buf_release(&entry);
    if (!st) st = put_partials(a, before, err);
    if (!st) st = put_checkpoint(a, err);
    if (st) buf_clear(&a->note); /* what is in memory is ahead of the disk: read again */
    else tidy(a, before);
    return st;
}

static enum status put_key(const struct audit *a, struct error *err)
{
    char path[AUDIT_PATH_BYTES], text[NOTE_KEY_TEXT_BYTES + 1];
    enum status st = path_in(path, a->folder, LOG_KEY, err);
    if (st || file_kind(path) != FILE_MISSING) return st;
    note_key_text(&a->key, text);
    size_t len = strlen(text);
    text[len++] = '\n';
    return put_file(a, LOG_KEY, text, len, err);
}

static enum status append_locked(struct audit *a, const struct audit_event *events, size_t count,
                                 bool only_first, uint64_t *ret_first, struct error *err)
{
    char path[AUDIT_PATH_BYTES];
    int fd = -1;
    enum status st = path_in(path, a->folder, LOG_LOCK, err);
    if (!st) st = durable_lock(&fd, path, AUDIT_LOCK_WAIT_MS, err);
    if (!st && only_first) st = open_keys(a, err);
    if (!st) st = refresh(a, err);
    if (!st && only_first && a->edge.size > 0) count = 0;
    uint64_t first = a->edge.size;
    if (!st && count) st = append_all(a, events, count, err);
    if (!st && only_first) st = put_key(a, err);
    durable_unlock(fd);
    if (!st) atomic_store(&a->size, a->edge.size);
    if (!st && ret_first) *ret_first = first;
    return st;
}

enum status audit_append(struct audit *a, const struct audit_event *events, size_t count,
                         uint64_t *ret_first, struct error *err)
{
    if (count > AUDIT_BATCH_MAX)
        return error_set(err, STATUS_LIMIT, "%zu audit entries at once; at most %d", count,
                         AUDIT_BATCH_MAX);
    pthread_mutex_lock(&a->lock);
    enum status st = append_locked(a, events, count, false, ret_first, err);
    pthread_mutex_unlock(&a->lock);
    return st;
}

/* ---- life ---- */

enum status audit_open(struct audit **ret, const char *folder, const char *secrets,
                       struct error *err)
{
    static const struct audit_event start = { AUDIT_LOG_START,
                                              { "{\"log\":\"hearth audit log\"}", 26 } };
    struct audit *a = mem_zero(sizeof *a);
    if (!a) return error_set(err, STATUS_NO_MEMORY, "no memory for the log in %s", folder);
    a->note = BUF_INIT(NOTE_BYTES_MAX);
    a->bundle = BUF_INIT(TILE_BUNDLE_BYTES_MAX);
    pthread_mutex_init(&a->lock, NULL);
    enum status st = STATUS_OK;
    if (snprintf(a->folder, sizeof a->folder, "%s", folder) >= (int)sizeof a->folder ||
        snprintf(a->secrets, sizeof a->secrets, "%s", secrets) >= (int)sizeof a->secrets)
        st = error_set(err, STATUS_LIMIT, "the path is too long: %.200s", folder);
    if (!st) st = durable_folder(folder, err);
    if (!st) st = durable_folder(secrets, err);
    if (!st) st = append_locked(a, &start, 1, true, NULL, err);
    if (st) audit_close(a);
    else *ret = a;
    return st;
}

void audit_close(struct audit *a)
{
    if (!a) return;
    buf_release(&a->note);
    buf_release(&a->bundle);
    pthread_mutex_destroy(&a->lock);
    mem_free(a);
}

enum status audit_hash(const struct audit *a, const char *label, struct span bytes,
                       char ret[AUDIT_HASH_TEXT_BYTES], struct error *err)
{
    uint8_t inner[SHA256_BYTES], digest[SHA256_BYTES];
    struct buf text = BUF_INIT(1024);
    enum status st = sha256_of(bytes.data, bytes.len, inner, err);
    if (st) return st;
    /* The label ends with a zero byte, and what follows has one length: no two inputs look alike. */
    buf_append(&text, label, strlen(label) + 1);
    buf_append(&text, inner, sizeof inner);
    st = buf_check(&text, "a label", err);
    if (!st) st = hmac_sha256(a->hash_key, sizeof a->hash_key, text.data, text.len, digest, err);
    buf_release(&text);
    if (st) return st;
    memcpy(ret, "hmac-sha256:", 12);
    sha256_hex(digest, ret + 12);
    return STATUS_OK;
}

const struct note_key *audit_key(const struct audit *a)
{
    return &a->key;
}

enum status audit_sign(const struct audit *a, struct span text, struct buf *out, struct error *err)
{
    size_t name = strlen(a->key.name);
    if (text.len > name && memcmp(text.data, a->key.name, name) == 0 && text.data[name] == '\n')
        return error_set(err, STATUS_BAD_INPUT,
                         "a text that begins with the name of the log is a checkpoint's");
    return note_sign(out, text, &a->key, a->seed, err);
}

uint64_t audit_size(const struct audit *a)
{
    return atomic_load(&a->size);
}

const char *audit_folder(const struct audit *a)
{
    return a->folder;
}
