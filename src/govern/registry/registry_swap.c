/* Other revisions of a model: staged, swapped in, gone back to; and locks that a killed process left behind.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What counts is the registry's transaction: before it nothing has happened but an entry in the audit log, after it
 * everything has, and the lock is written from it. A row in "unsettled", made in the same transaction, says that
 * the lock may still lack it. It is no way to have a lock rewritten by who can only write the registry: the log's
 * entry, which is signed, must say the same. */
#define _GNU_SOURCE /* strerrordesc_np */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/durable.h"
#include "base/core/file.h"
#include "base/core/json.h"
#include "govern/registry/lock_file.h"
#include "govern/registry/registry_inner.h"

#define UNSETTLED_MAX 1000 /* that are settled at once */

/* ---- what a lock may lack ---- */

/* Wherever the next command is run. */
static enum status absolute_path(char ret[REGISTRY_PATH_BYTES], const char *path, struct error *err)
{
    char here[REGISTRY_PATH_BYTES];
    bool fits;
    if (path[0] == '/') fits = snprintf(ret, REGISTRY_PATH_BYTES, "%s", path) < REGISTRY_PATH_BYTES;
    else if (!getcwd(here, sizeof here))
        return error_set(err, STATUS_IO, "the working folder: %s", strerrordesc_np(errno));
    else fits = file_join(ret, REGISTRY_PATH_BYTES, here, path);
    return fits ? STATUS_OK : error_set(err, STATUS_LIMIT, "the path is too long: %.200s", path);
}

enum status registry_put_unsettled(struct registry *r, const char *alias, uint64_t entry,
                                   struct error *err)
{
    struct db_unsettled u = { .entry = entry };
    if (!r->audit) return STATUS_OK;
    snprintf(u.alias, sizeof u.alias, "%s", alias);
    enum status st = absolute_path(u.lock_path, r->lock_path, err);
    return st ? st : db_put_unsettled(r->db, &u, err);
}

enum status registry_write_pin(struct registry *r, const char *alias,
                               const struct registry_model *m, uint64_t entry, struct error *err)
{
    struct db_unsettled u = { .entry = entry };
    enum status st = lock_file_pin(r->lock_path, alias, m, err);
    if (st || !r->audit) return st;
    snprintf(u.alias, sizeof u.alias, "%s", alias);
    st = absolute_path(u.lock_path, r->lock_path, err);
    return st ? st : db_forget_unsettled(r->db, &u, err);
}

static bool says(const struct json *entry, enum audit_kind kind)
{
    return span_equals(json_string(json_get(entry, "kind")), audit_kind_name(kind));
}

/* Whether the log's entry says what the registry does: this model, added or upgraded; or none, removed. */
static bool entry_agrees(const struct json *entry, const char *alias,
                         const struct registry_model *m)
{
    const struct json *body = json_get(entry, "body");
    char hex[SHA256_HEX_BYTES];
    if (!span_equals(json_string(json_get(body, "alias")), alias)) return false;
    if (!m) return says(entry, AUDIT_MODEL_REMOVE);
    sha256_hex(m->digest, hex);
    return (says(entry, AUDIT_MODEL_ADD) || says(entry, AUDIT_MODEL_UPGRADE)) &&
           span_equals(json_string(json_get(body, "digest")), hex);
}

static enum status settle_one(struct registry *r, struct audit_view *v,
                              const struct db_unsettled *u, struct error *err)
{
    struct registry_model m;
    struct span text;
    struct json_doc *doc = NULL;
    enum status st = db_find_model(r->db, u->alias, &m, err);
    bool there = !st;
    if (st && st != STATUS_NOT_FOUND) return st;
    st = audit_view_proved(v, u->entry, &text, err);
    /* Which no decision of ours would name, or what was written over one. */
    bool missing = st == STATUS_NOT_FOUND || st == STATUS_BAD_INPUT;
    if (missing) st = STATUS_OK;
    if (!st && !missing)
        st = json_parse(&doc, text.data, text.len, text.len + 1, "an audit entry", err);
    /* Where they do not agree the lock stays as it is, and what it says is compared by whoever asks. */
    if (!st && entry_agrees(json_root(doc), u->alias, there ? &m : NULL))
        st = lock_file_pin(u->lock_path, u->alias, there ? &m : NULL, err);
    json_doc_free(doc);
    if (there) registry_model_release(&m);
    enum status forgotten = st ? st : db_forget_unsettled(r->db, u, err);
    return forgotten;
}

static enum status settle_all(struct registry *r, struct error *err)
{
    struct audit_view *v;
    struct db_unsettled u;
    bool found = true;
    enum status st = audit_view_open(&v, audit_folder(r->audit), audit_key(r->audit), err);
    if (st) return st;
    for (int i = 0; i < UNSETTLED_MAX && found && !st; i++) {
        st = db_find_unsettled(r->db, &u, &found, err);
        if (!st && found) st = settle_one(r, v, &u, err);
    }
    audit_view_close(v);
    return st;
}

void registry_settle(struct registry *r, bool locked)
{
    struct db_unsettled u;
    bool found = false;
    int writers = -1;
    if (!r->audit || db_find_unsettled(r->db, &u, &found, NULL) || !found) return;
    /* What cannot be settled now shows as a lock that differs, and nothing runs on it. */
    if (!locked && durable_lock(&writers, r->writers_path, REGISTRY_WRITERS_WAIT_MS, NULL)) return;
    settle_all(r, NULL);
    durable_unlock(writers);
}

/* ---- looking ---- */

void registry_formers_release(struct registry_formers *f)
{
    arena_release(&f->arena);
    *f = (struct registry_formers){ .count = 0 };
}

enum status registry_formers(struct registry *r, const char *alias, struct registry_formers *ret,
                             struct error *err)
{
    return db_formers(r->db, alias, ret, err);
}

enum status registry_find_former(struct registry *r, const char *alias, size_t i,
                                 struct registry_model *ret, struct error *err)
{
    enum status st = db_find_revision(r->db, alias, DB_FORMER, i, ret, err);
    return st == STATUS_NOT_FOUND
               ? error_set(err, st, "there is no former revision of %s to go back to", alias)
               : st;
}

enum status registry_find_staged(struct registry *r, const char *alias, struct registry_model *ret,
                                 struct error *err)
{
    enum status st = db_find_revision(r->db, alias, DB_STAGED, 0, ret, err);
    return st == STATUS_NOT_FOUND ? error_set(err, st, "no other revision of %s is staged", alias)
                                  : st;
}

/* ---- staging ---- */

void registry_drop_unused(struct registry *r, const struct registry_model *m)
{
    for (size_t i = 0; i < m->file_count; i++) {
        bool used = true;
        if (db_is_used(r->db, m->files[i].sha256, &used, NULL) || used) continue;
        db_forget_blob(r->db, m->files[i].sha256, NULL);
        store_remove(&r->store, m->files[i].sha256, NULL);
    }
}

static enum status unstage_locked(struct registry *r, const char *alias, struct error *err)
{
    struct registry_model m;
    enum status st = registry_find_staged(r, alias, &m, err);
    if (st) return st;
    st = db_forget_revisions(r->db, alias, DB_STAGED, err);
    if (!st) registry_drop_unused(r, &m);
    registry_model_release(&m);
    return st;
}

enum status registry_unstage(struct registry *r, const char *alias, struct error *err)
{
    int writers = -1;
    enum status st = registry_begin_writing(r, &writers, err);
    if (!st) st = unstage_locked(r, alias, err);
    durable_unlock(writers);
    return st;
}

/* ---- swapping ---- */

struct swapping {
    struct registry *r;
    struct registry_model was, is;
    bool back;
    uint64_t entry;
};

static enum status check_whole(struct swapping *s, struct error *err)
{
    enum status st = STATUS_OK;
    int fd;
    for (size_t i = 0; i < s->is.file_count && !st; i++) {
        st = registry_open_file(s->r, &s->is.files[i], &fd, NULL, err);
        if (!st) file_close(fd);
    }
    return st;
}

static enum status check_count(struct swapping *s, struct error *err)
{
    struct registry_formers f;
    enum status st = db_formers(s->r->db, s->was.alias, &f, err);
    if (st) return st;
    bool full = f.count == REGISTRY_FORMERS_MAX;
    registry_formers_release(&f);
    if (!full) return STATUS_OK;
    return error_set(
        err, STATUS_LIMIT,
        "%s has %d former revisions, as many as are kept; `hearth gc --former` forgets "
        "them",
        s->was.alias, REGISTRY_FORMERS_MAX);
}

static enum status log_swap(struct swapping *s, struct error *err)
{
    struct buf body = BUF_INIT(32768);
    struct json_writer w;
    char was[SHA256_HEX_BYTES], is[SHA256_HEX_BYTES];
    if (!s->r->audit) return STATUS_OK;
    sha256_hex(s->was.digest, was);
    sha256_hex(s->is.digest, is);
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "alias");
    json_put_string(&w, s->is.alias);
    json_key(&w, "back");
    json_put_bool(&w, s->back);
    json_key(&w, "digest");
    json_put_string(&w, is);
    json_key(&w, "from");
    json_put_string(&w, was);
    json_key(&w, "from_revision");
    json_put_string(&w, s->was.revision);
    json_key(&w, "revision");
    json_put_string(&w, s->is.revision);
    json_key(&w, "source");
    json_put_string(&w, s->is.source);
    json_close_object(&w);
    enum status st = buf_check(&body, "an audit entry", err);
    const struct audit_event event = { AUDIT_MODEL_UPGRADE, { body.data, body.len } };
    if (!st) st = audit_append(s->r->audit, &event, 1, &s->entry, err);
    buf_release(&body);
    return st;
}

static enum status put_swap(struct swapping *s, struct error *err)
{
    struct registry_db *db = s->r->db;
    const char *alias = s->was.alias;
    enum status st = db_begin(db, err);
    if (st) return st;
    st = db_put_revision(db, &s->was, DB_FORMER, clock_unix_ns() / 1000000, err);
    if (!st) st = db_forget_revision(db, alias, s->is.digest, err);
    if (!st) st = db_remove_model(db, alias, err);
    if (!st) st = db_put_model(db, &s->is, err);
    if (!st) st = registry_note_entered(s->r, &s->is, err);
    if (!st) st = registry_put_unsettled(s->r, alias, s->entry, err);
    if (!st) return db_commit(db, err);
    db_rollback(db);
    return st;
}

static enum status swap_found(struct swapping *s, const uint8_t digest[SHA256_BYTES],
                              struct error *err)
{
    if (memcmp(s->is.digest, digest, SHA256_BYTES) != 0)
        return error_set(err, STATUS_FAILED,
                         "another revision of %s was staged meanwhile: look at it first",
                         s->was.alias);
    if (memcmp(s->was.digest, digest, SHA256_BYTES) == 0)
        return error_set(err, STATUS_FAILED, "%s has these very files already", s->was.alias);
    enum status st = check_whole(s, err);
    if (!st) st = check_count(s, err);
    if (!st) st = log_swap(s, err);
    if (!st) st = put_swap(s, err);
    if (st) return st;
    st = registry_write_pin(s->r, s->is.alias, &s->is, s->entry, err);
    return st ? error_wrap(err, st,
                           "%s is another revision now, and the lock does not say so yet; the next "
                           "command tries again",
                           s->is.alias)
              : st;
}

static enum status swap_locked(struct swapping *s, const char *alias,
                               const uint8_t digest[SHA256_BYTES], struct error *err)
{
    enum status st = db_find_model(s->r->db, alias, &s->was, err);
    if (st) return st;
    st = s->back ? registry_find_former(s->r, alias, 0, &s->is, err)
                 : registry_find_staged(s->r, alias, &s->is, err);
    if (!st) {
        st = swap_found(s, digest, err);
        registry_model_release(&s->is);
    }
    registry_model_release(&s->was);
    return st;
}

enum status registry_swap(struct registry *r, const char *alias, const uint8_t digest[SHA256_BYTES],
                          bool back, struct error *err)
{
    struct swapping s = { .r = r, .back = back };
    int writers = -1;
    enum status st = registry_begin_writing(r, &writers, err);
    if (!st) st = swap_locked(&s, alias, digest, err);
    durable_unlock(writers);
    return st;
}
