/* Verifying a log: everything is hashed again.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/audit/audit.h"
#include "govern/audit/canonical.h"
#include "govern/audit/edge.h"
#include "govern/audit/log_folder.h"

#define ANCHORS_MAX 1000

struct anchor_state {
    struct checkpoint at;
    bool usable;    /* signed by the log's key */
    bool connected; /* the entries have its root */
};

struct check {
    struct audit_findings *found;
    struct audit_view *view;
    const struct audit_anchor *anchors;
    struct anchor_state *states; /* [anchor_count] */
    size_t anchor_count;
    struct edge edge; /* of what was hashed */
    struct buf bundle;
    const char *folder;
};

static void find(struct audit_findings *f, enum audit_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void find(struct audit_findings *f, enum audit_fault fault, const char *format, ...)
{
    va_list args;
    if (f->count == AUDIT_FINDINGS_MAX) return;
    f->at[f->count].fault = fault;
    va_start(args, format);
    error_set_v(&f->at[f->count++].words, STATUS_FAILED, format, args);
    va_end(args);
}

/* ---- anchors ---- */

static enum status open_anchors(struct check *c, struct error *err)
{
    for (size_t i = 0; i < c->anchor_count; i++) {
        struct error why;
        enum status st =
            checkpoint_open(&c->states[i].at, c->anchors[i].note, audit_view_key(c->view), &why);
        if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", why.text);
        c->states[i].usable = !st;
        if (st)
            find(c->found, AUDIT_SIGNATURE, "the checkpoint %s: %s", c->anchors[i].name, why.text);
    }
    return STATUS_OK;
}

/* The tree has just got its size-th leaf: whoever signed this size must have signed this root. */
static enum status meet_anchors(struct check *c, struct error *err)
{
    struct merkle_hash root;
    bool have = false;
    for (size_t i = 0; i < c->anchor_count; i++) {
        struct anchor_state *s = &c->states[i];
        if (!s->usable || s->at.size != c->edge.size) continue;
        enum status st = have ? STATUS_OK : edge_root(&c->edge, &root, err);
        if (st) return st;
        have = true;
        s->connected = merkle_equal(&root, &s->at.root);
        c->found->anchors += s->connected;
        if (!s->connected)
            find(c->found, AUDIT_FORKED,
                 "the checkpoint %s was signed for %" PRIu64 " other entries than the log has now",
                 c->anchors[i].name, s->at.size);
    }
    return STATUS_OK;
}

static void look_past_end(struct check *c)
{
    uint64_t size = audit_view_checkpoint(c->view)->size;
    for (size_t i = 0; i < c->anchor_count; i++)
        if (c->states[i].usable && c->states[i].at.size > size)
            find(c->found, AUDIT_TRUNCATED,
                 "the checkpoint %s was signed for %" PRIu64 " entries, and the log has %" PRIu64,
                 c->anchors[i].name, c->states[i].at.size, size);
}

/* ---- tiles ---- */

static enum status compare_tile(struct check *c, int level, uint64_t n,
                                const struct merkle_hash *hashes, unsigned width, struct error *err)
{
    struct merkle_hash stored[TILE_WIDTH];
    struct error why;
    enum status st = log_read_tile(c->folder, level, n, width, stored, &why);
    if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", why.text);
    if (st) find(c->found, AUDIT_MISSING, "hashes of level %d: %s", level, why.text);
    for (unsigned i = 0; i < width && !st; i++) {
        if (merkle_equal(&stored[i], &hashes[i])) continue;
        uint64_t at = (n * TILE_WIDTH + i) << (8 * level);
        if (level == 0)
            find(c->found, AUDIT_EDITED, "entry %" PRIu64 " is not the one that was hashed", at);
        else
            find(c->found, AUDIT_TILE,
                 "the stored hash of level %d from entry %" PRIu64 " on is not that of the entries",
                 level, at);
        break;
    }
    return STATUS_OK;
}

static enum status meet_tile(void *ctx, int level, uint64_t n, const struct merkle_hash *hashes,
                             struct error *err)
{
    return compare_tile(ctx, level, n, hashes, TILE_WIDTH, err);
}

static enum status meet_partials(struct check *c, struct error *err)
{
    enum status st = STATUS_OK;
    for (int level = 0; level < TILE_LEVELS && !st; level++) {
        unsigned width = edge_width(&c->edge, level);
        if (width)
            st = compare_tile(c, level, c->edge.size >> (8 * level) >> 8, c->edge.hashes[level],
                              width, err);
    }
    return st;
}

/* ---- entries ---- */

static enum status take_entries(struct check *c, uint64_t n, unsigned width, bool *ret_read,
                                struct error *err)
{
    struct span entries[TILE_WIDTH];
    struct merkle_hash leaf;
    struct error why;
    enum status st = log_read_entries(c->folder, n, width, &c->bundle, entries, &why);
    *ret_read = !st;
    if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", why.text);
    if (st) {
        find(c->found, AUDIT_MISSING, "entries from %" PRIu64 " on: %s", n * TILE_WIDTH, why.text);
        return STATUS_OK;
    }
    for (unsigned i = 0; i < width && !st; i++) {
        bool canonical = true;
        st = canonical_check(entries[i], &canonical, err);
        if (!canonical)
            find(c->found, AUDIT_FORM, "entry %" PRIu64 " is not canonical JSON", c->edge.size);
        if (!st) st = merkle_leaf(entries[i], &leaf, err);
        if (!st) st = edge_push(&c->edge, &leaf, meet_tile, c, err);
        if (!st) st = meet_anchors(c, err);
    }
    c->found->entries = c->edge.size;
    return st;
}

static enum status check_entries(struct check *c, const struct progress *progress,
                                 struct error *err)
{
    const struct checkpoint *signed_at = audit_view_checkpoint(c->view);
    struct merkle_hash root;
    bool readable = true;
    enum status st = meet_anchors(c, err); /* of the empty log */
    for (uint64_t n = 0; c->edge.size < signed_at->size && readable && !st; n++) {
        st = take_entries(c, n, tile_width(TILE_ENTRIES, n, signed_at->size), &readable, err);
        if (progress && !progress_report(progress, "verifying", c->edge.size, signed_at->size))
            return error_set(err, STATUS_CANCELLED, "cancelled");
    }
    if (st || !readable) return st;
    st = meet_partials(c, err);
    if (!st) st = edge_root(&c->edge, &root, err);
    if (!st && !merkle_equal(&root, &signed_at->root))
        find(c->found, AUDIT_EDITED,
             "the %" PRIu64 " entries are not those that the checkpoint was signed for",
             signed_at->size);
    return st;
}

/* ---- all ---- */

static enum status verify_view(struct audit_findings *found, struct audit_view *view,
                               const char *folder, const struct audit_anchor *anchors,
                               size_t anchor_count, const struct progress *progress,
                               struct error *err)
{
    struct check *c = mem_zero(sizeof *c);
    if (c) c->states = mem_array(anchor_count + 1, sizeof *c->states);
    if (!c || !c->states) {
        mem_free(c);
        return error_set(err, STATUS_NO_MEMORY, "no memory to verify %s", folder);
    }
    c->found = found;
    c->view = view;
    c->folder = folder;
    c->anchors = anchors;
    c->anchor_count = anchor_count;
    c->bundle = BUF_INIT(TILE_BUNDLE_BYTES_MAX);
    enum status st = open_anchors(c, err);
    if (!st) look_past_end(c);
    if (!st) st = check_entries(c, progress, err);
    buf_release(&c->bundle);
    mem_free(c->states);
    mem_free(c);
    return st;
}

/* A log that does not open is a finding, but for what may pass. */
static enum status no_view(struct audit_findings *found, enum status st, const struct error *why,
                           size_t anchor_count, struct error *err)
{
    if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", why->text);
    find(found, st == STATUS_BAD_INPUT ? AUDIT_SIGNATURE : AUDIT_MISSING, "%s", why->text);
    if (st == STATUS_NOT_FOUND && anchor_count)
        find(found, AUDIT_TRUNCATED, "a checkpoint was signed, and the log is gone");
    return STATUS_OK;
}

enum status audit_verify(struct audit_findings *ret, const char *folder, const struct note_key *key,
                         const struct audit_anchor *anchors, size_t anchor_count,
                         const struct progress *progress, struct error *err)
{
    struct audit_view *view;
    struct error why;
    if (anchor_count > ANCHORS_MAX)
        return error_set(err, STATUS_LIMIT, "%zu checkpoints; at most %d are compared",
                         anchor_count, ANCHORS_MAX);
    memset(ret, 0, sizeof *ret);
    enum status st = audit_view_open(&view, folder, key, &why);
    if (st) return no_view(ret, st, &why, anchor_count, err);
    st = verify_view(ret, view, folder, anchors, anchor_count, progress, err);
    audit_view_close(view);
    return st;
}
