/* The store of models: opening, looking, removing.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/registry/registry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/durable.h"
#include "govern/registry/lock_file.h"
#include "govern/registry/registry_inner.h"

#define DATABASE "registry.db"
#define WRITERS  "registry.lock"

/* ---- models ---- */

void registry_model_release(struct registry_model *m)
{
    arena_release(&m->arena);
    *m = (struct registry_model){ .file_count = 0 };
}

void registry_aliases_free(char **aliases)
{
    for (char **a = aliases; a && *a; a++)
        mem_free(*a);
    mem_free(aliases);
}

enum status registry_digest(const struct registry_file *files, size_t count,
                            uint8_t ret[SHA256_BYTES], struct error *err)
{
    struct sha256 *s;
    enum status st = sha256_new(&s, err);
    if (st) return st;
    for (size_t i = 0; i < count && !st; i++) {
        char hex[SHA256_HEX_BYTES], line[REGISTRY_NAME_BYTES_MAX + 128];
        sha256_hex(files[i].sha256, hex);
        int n =
            snprintf(line, sizeof line, "%s %" PRIu64 " %s\n", hex, files[i].bytes, files[i].name);
        st = sha256_update(s, line, (size_t)n, err);
    }
    if (!st) st = sha256_final(s, ret, err);
    sha256_free(s);
    return st;
}

static bool is_alias_byte(char c, bool first)
{
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return word || (!first && (c == '.' || c == '_' || c == '-'));
}

enum status registry_check_alias(const char *alias, struct error *err)
{
    size_t len = strlen(alias);
    bool good = len > 0 && len <= REGISTRY_ALIAS_MAX;
    for (size_t i = 0; i < len && good; i++)
        good = is_alias_byte(alias[i], i == 0);
    if (good) return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT,
                     "\"%.128s\" cannot name a model: 1 to %d letters, digits, '.', '_' and '-', "
                     "beginning with a letter or digit",
                     alias, REGISTRY_ALIAS_MAX);
}

/* ---- life ---- */

enum status registry_open(struct registry **ret, const char *home, const char *lock_path,
                          struct audit *audit, struct error *err)
{
    char path[REGISTRY_PATH_BYTES];
    struct registry *r = mem_zero(sizeof *r);
    if (!r) return error_set(err, STATUS_NO_MEMORY, "no memory for the registry");
    r->audit = audit;
    enum status st = store_init(&r->store, home, err);
    if (!st &&
        (!file_join(path, sizeof path, home, DATABASE) ||
         !file_join(r->writers_path, sizeof r->writers_path, home, WRITERS) ||
         snprintf(r->lock_path, sizeof r->lock_path, "%s", lock_path) >= (int)sizeof r->lock_path))
        st = error_set(err, STATUS_LIMIT, "the path is too long: %.200s", home);
    if (!st) st = db_open(&r->db, path, err);
    if (st) {
        registry_close(r);
        return st;
    }
    registry_settle(r, false);
    *ret = r;
    return STATUS_OK;
}

void registry_close(struct registry *r)
{
    if (!r) return;
    db_close(r->db);
    mem_free(r);
}

const char *registry_lock_path(const struct registry *r)
{
    return r->lock_path;
}

enum status registry_begin_writing(struct registry *r, int *ret_fd, struct error *err)
{
    enum status st = durable_lock(ret_fd, r->writers_path, REGISTRY_WRITERS_WAIT_MS, err);
    if (st) return st;
    store_sweep(&r->store);
    registry_settle(r, true);
    return STATUS_OK;
}

enum status registry_log(struct registry *r, enum audit_kind kind, const struct registry_model *m,
                         uint64_t *ret_entry, struct error *err)
{
    struct buf body = BUF_INIT(32768);
    struct json_writer w;
    char digest[SHA256_HEX_BYTES];
    uint64_t bytes = 0;
    if (!r->audit) return STATUS_OK;
    sha256_hex(m->digest, digest);
    for (size_t i = 0; i < m->file_count; i++)
        bytes += m->files[i].bytes;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "alias");
    json_put_string(&w, m->alias);
    json_key(&w, "bytes");
    json_put_int(&w, (int64_t)bytes);
    json_key(&w, "digest");
    json_put_string(&w, digest);
    json_key(&w, "files");
    json_put_int(&w, (int64_t)m->file_count);
    json_key(&w, "source");
    json_put_string(&w, m->source);
    json_close_object(&w);
    enum status st = buf_check(&body, "an audit entry", err);
    const struct audit_event event = { kind, { body.data, body.len } };
    if (!st) st = audit_append(r->audit, &event, 1, ret_entry, err);
    buf_release(&body);
    return st;
}

/* ---- looking ---- */

enum status registry_aliases(struct registry *r, char ***ret, struct error *err)
{
    return db_aliases(r->db, ret, err);
}

enum status registry_find(struct registry *r, const char *alias, struct registry_model *ret,
                          struct error *err)
{
    return db_find_model(r->db, alias, ret, err);
}

/* Whether the stored file is, by its identity, what was hashed before. */
static enum status is_known(struct registry *r, const uint8_t identity[FILE_IDENTITY_BYTES],
                            const uint8_t digest[SHA256_BYTES], bool *ret, struct error *err)
{
    uint8_t wanted[SHA256_BYTES], found[SHA256_BYTES];
    *ret = false;
    if (!r->audit) return STATUS_OK;
    enum status st = db_find_blob(r->db, digest, found, ret, err);
    if (st || !*ret) return st;
    st = registry_seal(r, REGISTRY_SEAL_STORED, identity, digest, wanted, err);
    *ret = !st && memcmp(wanted, found, sizeof wanted) == 0;
    return st;
}

enum status registry_note_stored(struct registry *r, const uint8_t identity[FILE_IDENTITY_BYTES],
                                 const uint8_t digest[SHA256_BYTES], struct error *err)
{
    uint8_t seal[SHA256_BYTES];
    if (!r->audit) return STATUS_OK;
    enum status st = registry_seal(r, REGISTRY_SEAL_STORED, identity, digest, seal, err);
    return st ? st : db_put_blob(r->db, digest, seal, err);
}

/* Hashes, and notes the identity that the file had meanwhile. */
static enum status hash_stored(struct registry *r, int fd, const struct registry_file *file,
                               struct store_meter *meter, uint8_t ret[FILE_IDENTITY_BYTES],
                               struct error *err)
{
    uint8_t after[FILE_IDENTITY_BYTES], digest[SHA256_BYTES];
    char wanted[SHA256_HEX_BYTES], found[SHA256_HEX_BYTES];
    enum status st = store_settle(fd, file->name, err);
    if (!st) st = file_identity(fd, file->name, ret, err);
    if (!st) st = store_hash(fd, file->name, meter, digest, err);
    if (!st) st = file_identity(fd, file->name, after, err);
    if (st) return st;
    if (memcmp(digest, file->sha256, SHA256_BYTES) == 0) {
        if (memcmp(ret, after, sizeof after) == 0)
            return registry_note_stored(r, ret, file->sha256, err);
        return error_set(err, STATUS_BAD_INPUT,
                         "%s was written to while it was read; its digest was %s then", file->name,
                         (sha256_hex(digest, found), found));
    }
    db_forget_blob(r->db, file->sha256, NULL);
    sha256_hex(file->sha256, wanted);
    sha256_hex(digest, found);
    return error_set(err, STATUS_BAD_INPUT,
                     "%s is not what was added: its bytes have the digest %s, and %s was pinned",
                     file->name, found, wanted);
}

static enum status check_size(int fd, const struct registry_file *file, struct error *err)
{
    uint64_t bytes;
    enum status st = file_descriptor_bytes(fd, file->name, &bytes, err);
    if (st || bytes == file->bytes) return st;
    return error_set(err, STATUS_BAD_INPUT,
                     "%s is not what was added: it has %" PRIu64 " bytes, and %" PRIu64
                     " are listed",
                     file->name, bytes, file->bytes);
}

enum status registry_open_known(struct registry *r, const struct registry_file *file, int *ret_fd,
                                uint8_t ret_identity[FILE_IDENTITY_BYTES], bool *ret_hashed,
                                struct error *err)
{
    bool known = false;
    int fd;
    enum status st = store_open(&r->store, file->sha256, &fd, err);
    if (st) return error_wrap(err, st, "%s", file->name);
    st = file_identity(fd, file->name, ret_identity, err);
    if (!st) st = is_known(r, ret_identity, file->sha256, &known, err);
    if (!st) st = check_size(fd, file, err);
    if (!st && !known) st = hash_stored(r, fd, file, NULL, ret_identity, err);
    if (st) {
        file_close(fd);
        return st;
    }
    if (ret_hashed) *ret_hashed = !known;
    *ret_fd = fd;
    return STATUS_OK;
}

enum status registry_open_file(struct registry *r, const struct registry_file *file, int *ret_fd,
                               bool *ret_hashed, struct error *err)
{
    uint8_t identity[FILE_IDENTITY_BYTES];
    return registry_open_known(r, file, ret_fd, identity, ret_hashed, err);
}

enum status registry_pin(struct registry *r, const struct registry_model *m, struct error *err)
{
    int writers = -1, fd = -1;
    enum status st = STATUS_OK;
    for (size_t i = 0; i < m->file_count && !st; i++) {
        st = registry_open_file(r, &m->files[i], &fd, NULL, err);
        if (!st) file_close(fd);
    }
    if (!st) st = registry_begin_writing(r, &writers, err);
    if (!st) st = lock_file_pin(r->lock_path, m->alias, m, err);
    durable_unlock(writers);
    return st;
}

static enum status find_seen(struct registry *r, const uint8_t identity[FILE_IDENTITY_BYTES],
                             uint8_t ret[SHA256_BYTES], bool *ret_known, struct error *err)
{
    struct db_sealed seen;
    uint8_t seal[SHA256_BYTES];
    *ret_known = false;
    if (!r->audit) return STATUS_OK;
    enum status st = db_find_seen(r->db, identity, &seen, ret_known, err);
    if (st || !*ret_known) return st;
    st = registry_seal(r, REGISTRY_SEAL_SEEN, identity, seen.sha256, seal, err);
    *ret_known = !st && memcmp(seal, seen.seal, sizeof seal) == 0;
    if (*ret_known) memcpy(ret, seen.sha256, SHA256_BYTES);
    return st;
}

static enum status note_seen(struct registry *r, const uint8_t identity[FILE_IDENTITY_BYTES],
                             const uint8_t digest[SHA256_BYTES], struct error *err)
{
    struct db_sealed seen;
    if (!r->audit) return STATUS_OK;
    memcpy(seen.sha256, digest, SHA256_BYTES);
    enum status st = registry_seal(r, REGISTRY_SEAL_SEEN, identity, digest, seen.seal, err);
    return st ? st : db_put_seen(r->db, identity, &seen, err);
}

enum status registry_hash_file(struct registry *r, int fd, const char *name,
                               uint8_t ret[SHA256_BYTES], bool *ret_hashed, struct error *err)
{
    uint8_t before[FILE_IDENTITY_BYTES], after[FILE_IDENTITY_BYTES];
    bool known = false;
    enum status st = file_identity(fd, name, before, err);
    if (!st) st = find_seen(r, before, ret, &known, err);
    if (!st && ret_hashed) *ret_hashed = !known;
    if (st || known) return st;
    st = store_hash(fd, name, NULL, ret, err);
    if (!st) st = file_identity(fd, name, after, err);
    if (st || memcmp(before, after, sizeof after) != 0 || !file_identity_settled(before)) return st;
    return note_seen(r, before, ret, err);
}

enum status registry_annotate(struct registry *r, const char *alias, const char *key,
                              struct span json, struct error *err)
{
    int writers = -1;
    enum status st = registry_begin_writing(r, &writers, err);
    if (!st) st = lock_file_annotate(r->lock_path, alias, key, json, err);
    durable_unlock(writers);
    return st;
}

/* ---- removing ---- */

static enum status remove_rows(struct registry *r, const char *alias, uint64_t entry,
                               struct error *err)
{
    enum status st = db_begin(r->db, err);
    if (st) return st;
    st = db_remove_model(r->db, alias, err);
    if (!st) st = db_forget_revisions(r->db, alias, DB_FORMER, err);
    if (!st) st = db_forget_revisions(r->db, alias, DB_STAGED, err);
    if (!st) st = db_forget_notes(r->db, alias, err);
    if (!st) st = registry_put_unsettled(r, alias, entry, err);
    if (!st) return db_commit(r->db, err);
    db_rollback(r->db);
    return st;
}

static enum status remove_locked(struct registry *r, const char *alias, struct error *err)
{
    struct registry_model m;
    uint64_t entry = 0;
    enum status st = db_find_model(r->db, alias, &m, err);
    /* Killed between the registry and the lock: the pin is still to go. */
    if (st == STATUS_NOT_FOUND) {
        lock_file_pin(r->lock_path, alias, NULL, NULL);
        return st;
    }
    if (st) return st;
    st = registry_log(r, AUDIT_MODEL_REMOVE, &m, &entry, err);
    if (!st) st = remove_rows(r, alias, entry, err);
    if (!st) st = registry_write_pin(r, alias, NULL, entry, err);
    registry_model_release(&m);
    return st;
}

enum status registry_remove(struct registry *r, const char *alias, struct error *err)
{
    int writers = -1;
    enum status st = registry_begin_writing(r, &writers, err);
    if (!st) st = remove_locked(r, alias, err);
    durable_unlock(writers);
    return st;
}

struct cleaner {
    struct registry *r;
    bool only_look;
    struct registry_cleaned *found;
};

static enum status clean_one(void *ctx, const uint8_t digest[SHA256_BYTES], uint64_t bytes,
                             struct error *err)
{
    struct cleaner *c = ctx;
    bool used = true;
    enum status st = db_is_used(c->r->db, digest, &used, err);
    if (st || used) return st;
    c->found->files++;
    c->found->bytes += bytes;
    if (c->only_look) return STATUS_OK;
    st = db_forget_blob(c->r->db, digest, err);
    return st ? st : store_remove(&c->r->store, digest, err);
}

static enum status log_clean(struct registry *r, const struct registry_cleaned *c,
                             struct error *err)
{
    char body[128];
    int n =
        snprintf(body, sizeof body, "{\"bytes\":%" PRIu64 ",\"files\":%zu}", c->bytes, c->files);
    const struct audit_event event = { AUDIT_STORE_CLEAN, { body, (size_t)n } };
    return r->audit && c->files ? audit_append(r->audit, &event, 1, NULL, err) : STATUS_OK;
}

/* Counting leaves everything as it was: what would be forgotten is, for a moment. */
static enum status forget_others(struct registry *r, unsigned flags, struct error *err)
{
    enum status st = db_begin(r->db, err);
    if (st) return st;
    st = db_forget_revisions(r->db, NULL, DB_STAGED, err);
    if (!st && (flags & REGISTRY_CLEAN_FORMERS))
        st = db_forget_revisions(r->db, NULL, DB_FORMER, err);
    if (!st && !(flags & REGISTRY_CLEAN_LOOK)) st = db_clear_pending(r->db, err);
    if (!st && !(flags & REGISTRY_CLEAN_LOOK)) st = db_clear_seen(r->db, err);
    if (!st && !(flags & REGISTRY_CLEAN_LOOK)) return db_commit(r->db, err);
    if (st) db_rollback(r->db);
    return st;
}

enum status registry_clean(struct registry *r, unsigned flags, struct registry_cleaned *ret,
                           struct error *err)
{
    struct registry_cleaned found = { 0 };
    bool only_look = flags & REGISTRY_CLEAN_LOOK;
    struct cleaner c = { r, only_look, &found };
    char downloads[REGISTRY_PATH_BYTES];
    int writers = -1;
    enum status st = registry_begin_writing(r, &writers, err);
    if (!st) st = forget_others(r, flags, err);
    if (!st && !only_look &&
        file_join(downloads, sizeof downloads, r->store.home, REGISTRY_DOWNLOADS))
        store_remove_tree(downloads);
    if (!st) st = store_each(&r->store, clean_one, &c, err);
    if (only_look) db_rollback(r->db);
    if (!st && !only_look) st = log_clean(r, &found, err);
    durable_unlock(writers);
    if (!st) *ret = found;
    return st;
}

/* ---- verifying ---- */

struct verifier {
    struct registry *r;
    registry_fault_fn *fault;
    void *ctx;
    struct store_meter meter;
    struct registry_checked found;
    struct json_doc *lock; /* NULL: it cannot be read, which was said */
};

static void tell(struct verifier *v, const char *alias, const struct error *words)
{
    if (v->found.faults++ == 0) v->found.first = *words;
    if (v->fault) v->fault(v->ctx, alias, words->text);
}

/* `of`: "" or words before the file's name. */
static enum status verify_file(struct verifier *v, const char *alias, const char *of,
                               const struct registry_file *f, struct error *err)
{
    struct error why = { .text = "" };
    uint8_t identity[FILE_IDENTITY_BYTES];
    int fd;
    enum status st = store_open(&v->r->store, f->sha256, &fd, &why);
    if (!st) {
        st = hash_stored(v->r, fd, f, &v->meter, identity, &why);
        file_close(fd);
    } else error_wrap(&why, st, "%s", f->name);
    if (st && *of) error_wrap(&why, st, "%s", of);
    v->found.files++;
    v->found.bytes += f->bytes;
    if (st == STATUS_CANCELLED || st == STATUS_NO_MEMORY) return error_set(err, st, "%s", why.text);
    if (st) tell(v, alias, &why);
    return STATUS_OK;
}

/* Going back must be possible. */
static enum status verify_formers(struct verifier *v, const char *alias, struct error *err)
{
    struct registry_model m;
    enum status st = STATUS_OK;
    for (size_t k = 0; k < REGISTRY_FORMERS_MAX && !st; k++) {
        st = db_find_revision(v->r->db, alias, DB_FORMER, k, &m, err);
        if (st) break;
        for (size_t i = 0; i < m.file_count && !st; i++)
            st = verify_file(v, alias, "a former revision", &m.files[i], err);
        registry_model_release(&m);
    }
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static enum status verify_pin(struct verifier *v, const struct registry_model *m, struct error *err)
{
    struct error why;
    uint8_t digest[SHA256_BYTES];
    const struct json *pin = v->lock ? lock_file_model(v->lock, m->alias) : NULL;
    enum status st = registry_digest(m->files, m->file_count, digest, err);
    if (st) return st;
    if (memcmp(digest, m->digest, sizeof digest) != 0) {
        error_set(&why, STATUS_BAD_INPUT, "the registry's list of files was changed");
        tell(v, m->alias, &why);
    }
    bool entered;
    st = registry_was_entered(v->r, m, &entered, err);
    if (st) return st;
    if (!entered) {
        error_set(&why, STATUS_BAD_INPUT, "the registry's row was not written by this program");
        tell(v, m->alias, &why);
    }
    if (v->lock && !pin) {
        error_set(&why, STATUS_BAD_INPUT, "it is not pinned in %s", v->r->lock_path);
        tell(v, m->alias, &why);
    }
    if (pin && lock_file_compare(pin, m, &why)) {
        error_wrap(&why, STATUS_BAD_INPUT, "%s", v->r->lock_path);
        tell(v, m->alias, &why);
    }
    return STATUS_OK;
}

static enum status verify_model(struct verifier *v, const char *alias, struct error *err)
{
    struct registry_model m;
    struct error why;
    enum status st = db_find_model(v->r->db, alias, &m, &why);
    if (st == STATUS_BAD_INPUT) {
        tell(v, alias, &why);
        return STATUS_OK;
    }
    if (st) return error_set(err, st, "%s", why.text);
    for (size_t i = 0; i < m.file_count; i++)
        v->meter.total += m.files[i].bytes;
    for (size_t i = 0; i < m.file_count && !st; i++)
        st = verify_file(v, alias, "", &m.files[i], err);
    if (!st) st = verify_pin(v, &m, err);
    if (!st) st = verify_formers(v, alias, err);
    if (!st) st = registry_log(v->r, AUDIT_MODEL_VERIFY, &m, NULL, err);
    registry_model_release(&m);
    return st;
}

enum status registry_verify(struct registry *r, const char *alias, registry_fault_fn *fault,
                            void *ctx, const struct progress *progress,
                            struct registry_checked *ret, struct error *err)
{
    struct verifier v = { .r = r, .fault = fault, .ctx = ctx };
    struct error why;
    char **all = NULL;
    v.meter = (struct store_meter){ .progress = progress, .stage = "verifying" };
    enum status st = db_check(r->db, err);
    if (!st && !alias) st = db_aliases(r->db, &all, err);
    if (!st && lock_file_read(&v.lock, r->lock_path, &why)) tell(&v, alias ? alias : "", &why);
    if (!st && alias) st = verify_model(&v, alias, err);
    for (char **a = all; a && *a && !st; a++)
        st = verify_model(&v, *a, err);
    registry_aliases_free(all);
    json_doc_free(v.lock);
    if (!st) *ret = v.found;
    return st;
}
