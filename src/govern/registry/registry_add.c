/* Adding a model: bytes, facts, audit entry, registry, pin; in this order.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/core/durable.h"
#include "base/core/json.h"
#include "govern/registry/lock_file.h"
#include "govern/registry/model_scan.h"
#include "govern/registry/registry_inner.h"
#include "lm/format/gguf.h"
#include "lm/format/source.h"

#define ARENA_BYTES_MAX ((size_t)256 << 20)

struct adding {
    struct registry *r;
    const struct registry_add *what;
    struct model_scan scan;
    struct registry_model model;
    bool *fresh; /* [file_count]: it was not in the store before */
    /* [file_count]: of the stored file, as soon as it lay there; noted when the model is. */
    struct identity {
        uint8_t bytes[FILE_IDENTITY_BYTES];
    } * identities;
    struct store_meter meter;
    struct registry_added result;
    uint64_t entry; /* of the audit log */
};

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "no memory for a model's files");
}

/* ---- the alias ---- */

/* The last name of the path; of a hub's snapshot the model's. */
static void name_of_path(const char *path, char ret[PATH_MAX])
{
    char real[PATH_MAX];
    if (!realpath(path, real)) snprintf(real, sizeof real, "%s", path);
    char *last = strrchr(real, '/');
    char *hub = strstr(real, "/models--");
    if (hub && last && strstr(hub, "/snapshots/")) {
        *strstr(hub, "/snapshots/") = 0;
        for (char *dashes; (dashes = strstr(hub + 1, "--"));)
            hub = dashes + 1;
        last = hub;
    }
    snprintf(ret, PATH_MAX, "%s", last ? last + 1 : real);
}

static void alias_of_path(const struct model_scan *scan, const char *path,
                          char ret[REGISTRY_ALIAS_MAX + 1])
{
    char name[PATH_MAX];
    size_t stem, n = 0;
    int64_t part, count;
    if (scan->main_file) snprintf(name, sizeof name, "%s", scan->main_file);
    else name_of_path(path, name);
    size_t len = strlen(name);
    if (scan->main_file && gguf_split_name(name, &stem, &part, &count)) len = stem;
    else if (scan->main_file && len > 5 && strcmp(name + len - 5, ".gguf") == 0) len -= 5;
    for (size_t i = 0; i < len && n < REGISTRY_ALIAS_MAX; i++) {
        unsigned char c = (unsigned char)name[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (word || (n && strchr("._-", c))) ret[n++] = (char)c;
        else if (n && ret[n - 1] != '-') ret[n++] = '-';
    }
    ret[n] = 0;
}

static enum status choose_alias(struct adding *a, struct error *err)
{
    char made[REGISTRY_ALIAS_MAX + 1];
    const char *alias = a->what->alias;
    if (!alias) {
        alias_of_path(&a->scan, a->what->path, made);
        if (!made[0])
            return error_set(err, STATUS_USAGE, "%s gives no name for the model; say one with --as",
                             a->what->path);
        alias = made;
    }
    enum status st = registry_check_alias(alias, err);
    if (st) return st;
    a->model.alias = arena_copy_text(&a->model.arena, alias, strlen(alias));
    return a->model.alias ? STATUS_OK : no_memory(err);
}

/* ---- the bytes ---- */

static enum status open_source(const struct scan_file *f, int *ret_fd,
                               uint8_t identity[FILE_IDENTITY_BYTES], struct error *err)
{
    uint64_t bytes;
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_set(err, STATUS_IO, "cannot open %s: %s", f->path, strerrordesc_np(errno));
    enum status st = file_descriptor_bytes(fd, f->path, &bytes, err);
    if (!st) st = file_identity(fd, f->path, identity, err);
    if (!st && bytes != f->bytes)
        st = error_set(err, STATUS_BAD_INPUT, "%s changed while the folder was read", f->path);
    if (st) file_close(fd);
    else *ret_fd = fd;
    return st;
}

/* Whether an `add` that did not finish has stored this very file. */
static enum status find_stored(struct adding *a, const uint8_t identity[FILE_IDENTITY_BYTES],
                               struct registry_file *file, struct identity *ret_stored, bool *ret,
                               struct error *err)
{
    struct db_sealed pending;
    uint8_t seal[SHA256_BYTES];
    bool found = false;
    int fd;
    if (!a->r->audit) return STATUS_OK;
    enum status st = db_find_pending(a->r->db, identity, &pending, &found, err);
    if (st || !found) return st;
    st = registry_seal(a->r, REGISTRY_SEAL_PENDING, identity, pending.sha256, seal, err);
    if (st || memcmp(seal, pending.seal, sizeof seal) != 0) return st;
    memcpy(file->sha256, pending.sha256, SHA256_BYTES);
    if (registry_open_known(a->r, file, &fd, ret_stored->bytes, NULL, NULL)) return STATUS_OK;
    file_close(fd);
    *ret = true;
    return STATUS_OK;
}

static enum status put_pending(struct adding *a, const uint8_t identity[FILE_IDENTITY_BYTES],
                               const struct registry_file *file, struct error *err)
{
    struct db_sealed pending;
    if (!a->r->audit) return STATUS_OK;
    memcpy(pending.sha256, file->sha256, SHA256_BYTES);
    enum status st =
        registry_seal(a->r, REGISTRY_SEAL_PENDING, identity, file->sha256, pending.seal, err);
    return st ? st : db_put_pending(a->r->db, identity, &pending, err);
}

/* Of large files it is noted at once that they are there: so much need not be copied again. */
static enum status note_large(struct adding *a, const uint8_t identity[FILE_IDENTITY_BYTES],
                              const struct identity *stored, const struct registry_file *file,
                              struct error *err)
{
    enum status st = db_begin(a->r->db, err);
    if (!st) st = registry_note_stored(a->r, stored->bytes, file->sha256, err);
    if (!st) st = put_pending(a, identity, file, err);
    if (!st) return db_commit(a->r->db, err);
    db_rollback(a->r->db);
    return st;
}

static enum status look_at_stored(struct adding *a, const uint8_t digest[SHA256_BYTES],
                                  struct identity *ret, struct error *err)
{
    int fd;
    enum status st = store_open(&a->r->store, digest, &fd, err);
    if (st) return st;
    st = file_identity(fd, "a stored file", ret->bytes, err);
    file_close(fd);
    return st;
}

static enum status copy_file(struct adding *a, size_t i, int fd,
                             const uint8_t before[FILE_IDENTITY_BYTES], struct error *err)
{
    const struct scan_file *from = &a->scan.files[i];
    struct registry_file *file = &a->model.files[i];
    uint8_t after[FILE_IDENTITY_BYTES];
    enum status st = a->what->take ? store_take(&a->r->store, from->path, from->name, from->bytes,
                                                &a->meter, file->sha256, &a->fresh[i], err)
                                   : store_put(&a->r->store, fd, from->name, from->bytes, &a->meter,
                                               file->sha256, &a->fresh[i], err);
    if (!st) st = look_at_stored(a, file->sha256, &a->identities[i], err);
    if (st || a->what->take) return st;
    st = file_identity(fd, from->name, after, err);
    if (!st && memcmp(before, after, sizeof after) != 0)
        st = error_set(err, STATUS_BAD_INPUT, "%s changed while it was read; add it again",
                       from->path);
    if (!st && from->bytes >= STORE_LARGE_BYTES)
        st = note_large(a, before, &a->identities[i], file, err);
    return st;
}

static enum status take_file(struct adding *a, size_t i, struct error *err)
{
    const struct scan_file *from = &a->scan.files[i];
    struct registry_file *file = &a->model.files[i];
    uint8_t identity[FILE_IDENTITY_BYTES];
    bool stored = false;
    int fd = -1;
    file->name = arena_copy_text(&a->model.arena, from->name, strlen(from->name));
    file->bytes = from->bytes;
    if (!file->name) return no_memory(err);
    enum status st = open_source(from, &fd, identity, err);
    if (st) return st;
    if (from->bytes >= STORE_LARGE_BYTES && !a->what->take)
        st = find_stored(a, identity, file, &a->identities[i], &stored, err);
    if (!st && !stored) st = copy_file(a, i, fd, identity, err);
    if (!st && stored) {
        bool used = true;
        a->meter.done += from->bytes;
        st = db_is_used(a->r->db, file->sha256, &used, err);
        a->fresh[i] = !used; /* stored by an earlier try of this add */
    }
    if (!st && a->fresh[i]) a->result.new_bytes += from->bytes;
    if (!st) a->model.file_count = i + 1;
    file_close(fd);
    return st;
}

/* Whether the files are what somebody said they would be, such as the hub that they came from. */
static enum status check_expected(struct adding *a, struct error *err)
{
    for (size_t i = 0; i < a->what->expected_count; i++) {
        const struct registry_file *e = &a->what->expected[i], *f = NULL;
        char wanted[SHA256_HEX_BYTES], found[SHA256_HEX_BYTES];
        for (size_t k = 0; k < a->model.file_count && !f; k++)
            if (strcmp(a->model.files[k].name, e->name) == 0) f = &a->model.files[k];
        if (f && memcmp(f->sha256, e->sha256, SHA256_BYTES) == 0) continue;
        sha256_hex(e->sha256, wanted);
        if (f) sha256_hex(f->sha256, found);
        return error_set(err, STATUS_BAD_INPUT,
                         "%s is not what was announced: its digest is %s, and %s was said", e->name,
                         f ? found : "missing", wanted);
    }
    return STATUS_OK;
}

static enum status take_files(struct adding *a, struct error *err)
{
    a->model.files = arena_array(&a->model.arena, a->scan.count + 1, sizeof *a->model.files);
    a->fresh = arena_array(&a->model.arena, a->scan.count + 1, sizeof *a->fresh);
    a->identities = arena_array(&a->model.arena, a->scan.count + 1, sizeof *a->identities);
    if (!a->model.files || !a->fresh || !a->identities) return no_memory(err);
    a->meter = (struct store_meter){ &a->what->progress, "copying", 0, a->scan.bytes };
    a->result.bytes = a->scan.bytes;
    enum status st = STATUS_OK;
    for (size_t i = 0; i < a->scan.count && !st; i++)
        st = take_file(a, i, err);
    if (!st) st = store_flush(&a->r->store, err);
    if (!st) st = check_expected(a, err);
    return st ? st : registry_digest(a->model.files, a->model.file_count, a->model.digest, err);
}

/* A model that was refused leaves nothing. What is left after a fault here is found by `gc`. */
static void discard(struct adding *a)
{
    for (size_t i = 0; i < a->model.file_count; i++) {
        bool used = true;
        const uint8_t *digest = a->model.files[i].sha256;
        if (!a->fresh[i] || db_is_used(a->r->db, digest, &used, NULL) || used) continue;
        db_forget_blob(a->r->db, digest, NULL);
        store_remove(&a->r->store, digest, NULL);
    }
}

/* ---- the facts ---- */

/* What readers of models look at; a GGUF's files always. */
static bool is_read(const struct adding *a, const char *name)
{
    if (a->model.main_file) return true;
    bool plain =
        !strchr(name, '/') || strncmp(name, FILE_SET_TEMPLATES "/", sizeof FILE_SET_TEMPLATES) == 0;
    return plain && source_reads_file(name);
}

static enum status open_read_files(struct adding *a, struct registry_inspected *list, size_t *count,
                                   struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < a->model.file_count && !st; i++) {
        const struct registry_file *f = &a->model.files[i];
        int fd = -1;
        if (is_read(a, f->name)) st = store_open(&a->r->store, f->sha256, &fd, err);
        else if (strchr(f->name, '/')) continue;
        if (!st) list[(*count)++] = (struct registry_inspected){ f->name, fd, f->bytes };
    }
    return st;
}

static enum status keep_facts(struct adding *a, const struct buf *facts, struct error *err)
{
    struct json_doc *doc;
    enum status st =
        json_parse(&doc, facts->data, facts->len, REGISTRY_FACTS_MAX, "the inspector's facts", err);
    if (st) return st;
    if (json_type(json_root(doc)) != JSON_OBJECT)
        st = error_set(err, STATUS_FAILED, "the inspector's facts are no object");
    json_doc_free(doc);
    if (st) return st;
    a->model.facts.data = arena_copy_text(&a->model.arena, facts->data, facts->len);
    a->model.facts.len = facts->len;
    return a->model.facts.data ? STATUS_OK : no_memory(err);
}

static enum status inspect(struct adding *a, struct error *err)
{
    struct buf facts = BUF_INIT(REGISTRY_FACTS_MAX);
    size_t count = 0;
    struct registry_inspected *list = mem_array(a->model.file_count + 1, sizeof *list);
    if (!list) return no_memory(err);
    enum status st = open_read_files(a, list, &count, err);
    if (!st)
        st = a->what->inspect(a->what->inspect_ctx, a->what->path, a->model.main_file, list, count,
                              &facts, err);
    for (size_t i = 0; i < count; i++)
        file_close(list[i].fd);
    mem_free(list);
    if (!st) st = keep_facts(a, &facts, err);
    buf_release(&facts);
    return st;
}

/* ---- the entry ---- */

static enum status put_staged(struct adding *a, struct error *err)
{
    struct registry_db *db = a->r->db;
    enum status st = db_forget_revisions(db, a->model.alias, DB_STAGED, err);
    return st ? st : db_put_revision(db, &a->model, DB_STAGED, 0, err);
}

static enum status put_rows(struct adding *a, struct error *err)
{
    struct registry_db *db = a->r->db;
    enum status st = db_begin(db, err);
    if (st) return st;
    for (size_t i = 0; i < a->model.file_count && !st; i++)
        st = registry_note_stored(a->r, a->identities[i].bytes, a->model.files[i].sha256, err);
    if (!st && a->what->stage) st = put_staged(a, err);
    else if (!st) {
        st = db_put_model(db, &a->model, err);
        if (!st) st = registry_note_entered(a->r, &a->model, err);
        if (!st) st = registry_put_unsettled(a->r, a->model.alias, a->entry, err);
    }
    if (!st) st = db_clear_pending(db, err);
    if (!st) return db_commit(db, err);
    db_rollback(db);
    return st;
}

static enum status enter(struct adding *a, struct error *err)
{
    a->model.added_ms = clock_unix_ns() / 1000000;
    enum status st = registry_log(a->r, AUDIT_MODEL_ADD, &a->model, &a->entry, err);
    if (!st) st = put_rows(a, err);
    return st ? st : registry_write_pin(a->r, a->model.alias, &a->model, a->entry, err);
}

static bool same_main_file(const struct registry_model *x, const struct registry_model *y)
{
    if (!x->main_file || !y->main_file) return !x->main_file && !y->main_file;
    return strcmp(x->main_file, y->main_file) == 0;
}

/* The registry's row names the very bytes that were added now. Where it was not this program that wrote it, this is
 * the moment at which the model is entered, and the log says so. */
static enum status enter_known(struct adding *a, const struct registry_model *known,
                               struct error *err)
{
    bool entered;
    enum status st = registry_was_entered(a->r, known, &entered, err);
    if (st || entered || !same_main_file(known, &a->model)) return st;
    st = registry_log(a->r, AUDIT_MODEL_ADD, &a->model, NULL, err);
    return st ? st : registry_note_entered(a->r, &a->model, err);
}

static enum status put_known_blobs(struct adding *a, struct error *err)
{
    enum status st = db_begin(a->r->db, err);
    if (st) return st;
    for (size_t i = 0; i < a->model.file_count && !st; i++)
        st = registry_note_stored(a->r, a->identities[i].bytes, a->model.files[i].sha256, err);
    if (!st) st = db_clear_pending(a->r->db, err);
    if (!st) return db_commit(a->r->db, err);
    db_rollback(a->r->db);
    return st;
}

/* The alias is taken: by this very model, whose pin may still be missing, or by another. */
static enum status meet_known(struct adding *a, struct registry_model *known, struct error *err)
{
    char hex[SHA256_HEX_BYTES];
    if (memcmp(known->digest, a->model.digest, SHA256_BYTES) == 0) {
        a->result.known = true;
        /* Files may have been damaged or lost since: these are whole. */
        enum status st = put_known_blobs(a, err);
        return st ? st : enter_known(a, known, err);
    }
    sha256_hex(known->digest, hex);
    return error_set(err, STATUS_BAD_INPUT,
                     "\"%s\" names another model already (sha256:%.12s...); say another name with "
                     "--as, or `hearth rm %s` first",
                     known->alias, hex, known->alias);
}

/* The model stays itself, whoever it is asked to become. */
static void become(struct adding *a, struct registry_model *known)
{
    struct registry_model fresh = a->model;
    a->model = *known;
    *known = fresh;
}

static enum status finish(struct adding *a, struct error *err)
{
    struct registry_model known;
    enum status st = db_find_model(a->r->db, a->model.alias, &known, err);
    if (st == STATUS_NOT_FOUND) {
        st = inspect(a, err);
        return st ? st : enter(a, err);
    }
    if (st) return st;
    st = meet_known(a, &known, err);
    if (!st) become(a, &known);
    registry_model_release(&known);
    return st ? st : lock_file_pin(a->r->lock_path, a->model.alias, &a->model, err);
}

/* Beside the model that has the alias; nothing is logged before it is swapped in. */
static enum status finish_staged(struct adding *a, struct error *err)
{
    struct registry_model known, old;
    enum status st = db_find_model(a->r->db, a->model.alias, &known, err);
    if (st) return st;
    bool same = memcmp(known.digest, a->model.digest, SHA256_BYTES) == 0;
    if (same) {
        st = meet_known(a, &known, err);
        if (!st) become(a, &known);
    }
    registry_model_release(&known);
    if (st || same) return st;
    bool had = !db_find_revision(a->r->db, a->model.alias, DB_STAGED, 0, &old, NULL);
    st = inspect(a, err);
    a->model.added_ms = clock_unix_ns() / 1000000;
    if (!st) st = put_rows(a, err);
    if (!st && had) registry_drop_unused(a->r, &old);
    if (had) registry_model_release(&old);
    return st;
}

static enum status copy_words(struct adding *a, struct error *err)
{
    struct arena *m = &a->model.arena;
    const struct model_scan *s = &a->scan;
    const char *source = a->what->source ? a->what->source : a->what->path;
    const char *revision = a->what->revision ? a->what->revision : s->revision;
    a->model.source = arena_copy_text(m, source, strlen(source));
    if (revision) a->model.revision = arena_copy_text(m, revision, strlen(revision));
    if (s->main_file) a->model.main_file = arena_copy_text(m, s->main_file, strlen(s->main_file));
    bool good =
        a->model.source && !revision == !a->model.revision && !s->main_file == !a->model.main_file;
    return good ? STATUS_OK : no_memory(err);
}

static enum status add_scanned(struct adding *a, struct error *err)
{
    int writers = -1;
    enum status st = copy_words(a, err);
    if (!st) st = choose_alias(a, err);
    if (!st) st = registry_begin_writing(a->r, &writers, err);
    if (!st) st = take_files(a, err);
    if (!st) st = a->what->stage ? finish_staged(a, err) : finish(a, err);
    /* What was cancelled or met a full disk goes on where it was. */
    if (st && st != STATUS_CANCELLED && st != STATUS_IO && st != STATUS_NO_MEMORY) discard(a);
    durable_unlock(writers);
    return st;
}

enum status registry_add(struct registry *r, const struct registry_add *what,
                         struct registry_model *ret_model, struct registry_added *ret,
                         struct error *err)
{
    struct adding a = { .r = r, .what = what };
    enum status st = model_scan(&a.scan, what->path, err);
    if (st) return st;
    arena_init(&a.model.arena, ARENA_BYTES_MAX);
    a.result.skipped = a.scan.skipped;
    st = add_scanned(&a, err);
    model_scan_release(&a.scan);
    if (st) {
        registry_model_release(&a.model);
        return st;
    }
    *ret_model = a.model;
    *ret = a.result;
    return STATUS_OK;
}
