/* From a name to opened files.
 * SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700 /* realpath */
#include "govern/gate/subject.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/file.h"
#include "govern/gate/builtin.h"
#include "govern/registry/store.h"
#include "lm/format/source.h"

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "no memory for a model's list of files");
}

void subject_release(struct subject *s)
{
    for (size_t i = 0; i < s->count; i++)
        file_close(s->files[i].fd);
    mem_free(s->files);
    json_doc_free(s->lock);
    file_set_free(s->set);
    if (s->stored) registry_model_release(&s->model);
    memset(s, 0, sizeof *s);
}

/* What an engine reads. A file that was named by the user is read whatever it is called; but a pickle never. */
static bool is_wanted(const char *main_file, const char *name)
{
    bool plain = !strchr(name, '/') ||
                 strncmp(name, FILE_SET_TEMPLATES "/", sizeof FILE_SET_TEMPLATES) == 0 ||
                 strncmp(name, FILE_SET_POOLING "/", sizeof FILE_SET_POOLING) == 0 ||
                 strncmp(name, FILE_SET_LOGIT_SCORE "/", sizeof FILE_SET_LOGIT_SCORE) == 0;
    return plain && (source_reads_file(name) || (main_file && !source_is_pickle(name)));
}

/* ---- a stored model ---- */

static enum status list_stored(struct subject *s, struct error *err)
{
    const struct registry_model *m = &s->model;
    s->files = mem_array(m->file_count + 1, sizeof *s->files);
    if (!s->files) return no_memory(err);
    s->main_file = m->main_file;
    s->count = m->file_count;
    for (size_t i = 0; i < s->count; i++)
        s->files[i] = (struct subject_file){ .name = m->files[i].name,
                                             .bytes = m->files[i].bytes,
                                             .wanted = is_wanted(s->main_file, m->files[i].name),
                                             .fd = -1 };
    return STATUS_OK;
}

/* A lock that cannot be read pins nothing; other faults of the lock and the registry are denied as well. */
static enum status compare_pin(struct subject *s, struct gate *g, struct gate_verdict *v,
                               struct error *err)
{
    struct error why;
    uint8_t digest[SHA256_BYTES];
    const struct registry_model *m = &s->model;
    const char *lock = registry_lock_path(g->registry);
    struct gate_finding *f = NULL;
    enum status st = lock_file_read(&s->lock, lock, &why);
    if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", why.text);
    if (st) {
        s->lock = NULL;
        f = finding_deny(v, GATE_RULE_LOCK, "%s", why.text);
        finding_next(f, "bring back %s as it was, or remove it and add the models again", lock);
        return STATUS_OK;
    }
    s->pin = lock_file_model(s->lock, m->alias);
    st = registry_digest(m->files, m->file_count, digest, err);
    if (st) return st;
    if (memcmp(digest, m->digest, sizeof digest) != 0) {
        f = finding_deny(v, GATE_RULE_REGISTRY,
                         "the registry's list of the files of %s was changed", m->alias);
        finding_next(f, "hearth rm %s, and add it again from its source", m->alias);
    }
    bool entered;
    st = registry_was_entered(g->registry, m, &entered, err);
    if (st) return st;
    if (!entered) {
        f = finding_deny(
            v, GATE_RULE_REGISTRY,
            "the registry says what %s is, but it was not this program that wrote that "
            "there, with the keys of its audit log",
            m->alias);
        finding_next(f, "hearth add %s --as %s, which enters it again", m->source, m->alias);
    }
    if (!s->pin) {
        f = finding_deny(v, GATE_RULE_UNLOCKED, "%s is in the store, but not pinned in %s",
                         m->alias, lock);
        finding_next(f, "hearth add %s --as %s", m->source, m->alias);
    } else if (lock_file_compare(s->pin, m, &why)) {
        f = finding_deny(v, GATE_RULE_LOCK, "%s and the registry differ about %s: %s", lock,
                         m->alias, why.text);
        finding_next(f, "find out which of them was changed; `hearth verify %s` hashes the files",
                     m->alias);
    }
    return STATUS_OK;
}

static enum status take_stored(struct subject *s, struct gate *g, struct gate_verdict *v,
                               struct error *err)
{
    s->stored = true;
    s->origin = GATE_UNPINNED;
    snprintf(v->alias, sizeof v->alias, "%s", s->model.alias);
    enum status st = compare_pin(s, g, v, err);
    if (st) return st;
    if (s->pin) s->origin = GATE_PINNED;
    memcpy(v->digest, s->model.digest, sizeof v->digest);
    return list_stored(s, err);
}

/* ---- a path ---- */

static enum status list_set(struct subject *s, struct error *err)
{
    s->files = mem_array(file_set_count(s->set) + 1, sizeof *s->files);
    if (!s->files) return no_memory(err);
    s->count = file_set_count(s->set);
    s->main_file = file_set_main_file(s->set);
    for (size_t i = 0; i < s->count; i++) {
        const struct file_set_entry *e = file_set_at(s->set, i);
        s->files[i] = (struct subject_file){
            .name = e->name, .bytes = e->bytes, .wanted = is_wanted(s->main_file, e->name), .fd = -1
        };
    }
    return STATUS_OK;
}

/* The model in the box has its files, and they are what this program knows; one more file that an engine reads,
 * or another byte, and it is a model like any other. */
static enum status match_builtin(struct subject *s, bool *ret, struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    size_t found = 0;
    enum status st = STATUS_OK;
    *ret = false;
    for (size_t i = 0; i < s->count && !s->main_file; i++) {
        const struct registry_file *b = builtin_find(s->files[i].name);
        if (b && b->bytes == s->files[i].bytes) found++;
        else if (s->files[i].wanted) return STATUS_OK;
    }
    if (found != builtin_file_count) return STATUS_OK;
    *ret = true;
    /* What is hashed stays open: these descriptors are what an engine gets. */
    for (size_t i = 0; i < s->count && !st && *ret; i++) {
        const struct registry_file *b = builtin_find(s->files[i].name);
        if (!b) continue;
        st = file_set_descriptor(s->set, b->name, &s->files[i].fd, err);
        if (!st) st = store_settle(s->files[i].fd, b->name, err);
        if (!st) st = file_identity(s->files[i].fd, b->name, s->files[i].identity, err);
        if (!st) st = store_hash(s->files[i].fd, b->name, NULL, digest, err);
        if (!st) *ret = s->files[i].pinned = memcmp(digest, b->sha256, sizeof digest) == 0;
    }
    for (size_t i = 0; i < s->count && !*ret; i++) {
        file_close(s->files[i].fd);
        s->files[i].fd = -1;
        s->files[i].pinned = false;
    }
    return st;
}

static const struct registry_file *find_file(const struct registry_model *m, const char *name)
{
    for (size_t i = 0; i < m->file_count; i++)
        if (strcmp(m->files[i].name, name) == 0) return &m->files[i];
    return NULL;
}

static bool is_from(const struct registry_model *m, const char *path)
{
    char a[PATH_MAX], b[PATH_MAX];
    return realpath(m->source, a) && realpath(path, b) && strcmp(a, b) == 0;
}

/* Whether the path has the files that an engine reads of the model, by name and size. */
static bool has_shape(const struct subject *s, const struct registry_model *m)
{
    size_t wanted = 0;
    if (!s->main_file != !m->main_file) return false;
    for (size_t i = 0; i < s->count; i++) {
        if (!s->files[i].wanted) continue;
        const struct registry_file *f = find_file(m, s->files[i].name);
        if (!f || f->bytes != s->files[i].bytes) return false;
        wanted++;
    }
    for (size_t i = 0; i < m->file_count; i++)
        if (is_wanted(m->main_file, m->files[i].name)) wanted--;
    return wanted == 0;
}

/* The first file of the path that is not what is pinned; *ret NULL: all are. */
static enum status first_other(struct subject *s, const struct registry_model *m, struct gate *g,
                               const char **ret, uint8_t digest[SHA256_BYTES],
                               struct gate_verdict *v, struct error *err)
{
    enum status st = STATUS_OK;
    *ret = NULL;
    for (size_t i = 0; i < s->count && !*ret; i++) {
        const struct registry_file *f = find_file(m, s->files[i].name);
        bool hashed = false;
        int fd;
        if (!f) continue;
        st = file_set_descriptor(s->set, s->files[i].name, &fd, err);
        if (st) return st;
        st = registry_hash_file(g->registry, fd, s->files[i].name, digest, &hashed, err);
        file_close(fd);
        if (st) return st;
        if (hashed) v->hashed_bytes += s->files[i].bytes;
        if (memcmp(digest, f->sha256, SHA256_BYTES) != 0) *ret = s->files[i].name;
    }
    return STATUS_OK;
}

static void tell_other(const struct subject *s, const struct registry_model *m, const char *name,
                       const uint8_t digest[SHA256_BYTES], struct gate_verdict *v)
{
    char found[SHA256_HEX_BYTES], wanted[SHA256_HEX_BYTES];
    const struct registry_file *f = find_file(m, name);
    sha256_hex(digest, found);
    sha256_hex(f->sha256, wanted);
    struct gate_finding *finding =
        finding_deny(v, GATE_RULE_DIGEST,
                     "%s of %s is not what was pinned as %s: its digest is %s, and %s was pinned",
                     name, s->path, m->alias, found, wanted);
    snprintf(finding->file, sizeof finding->file, "%s", name);
    finding_next(
        finding,
        "run what is pinned with `%s` as MODEL, or look at the change with `hearth upgrade %s %s`",
        m->alias, m->alias, s->path);
}

static void tell_shape(const struct subject *s, const struct registry_model *m,
                       struct gate_verdict *v)
{
    struct gate_finding *f = finding_deny(
        v, GATE_RULE_DIGEST,
        "%s has not the files any more that were pinned as %s: some were added, removed "
        "or have another size",
        s->path, m->alias);
    finding_next(
        f,
        "run what is pinned with `%s` as MODEL, or look at the change with `hearth upgrade %s %s`",
        m->alias, m->alias, s->path);
}

/* One model of the store against the path. *ret_same: the path's bytes are its bytes. */
static enum status compare_model(struct subject *s, const struct registry_model *m, struct gate *g,
                                 struct gate_verdict *v, bool *ret_same, struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    const char *other = NULL;
    bool from = is_from(m, s->path), shaped = has_shape(s, m);
    *ret_same = false;
    if (!from && !shaped) return STATUS_OK;
    enum status st = first_other(s, m, g, &other, digest, v, err);
    if (st) return st;
    *ret_same = shaped && !other;
    if (from && other) tell_other(s, m, other, digest, v);
    else if (from && !shaped) tell_shape(s, m, v);
    return STATUS_OK;
}

static enum status match_stored(struct subject *s, struct gate *g, struct gate_verdict *v,
                                bool *ret, struct error *err)
{
    char **aliases = NULL;
    enum status st = registry_aliases(g->registry, &aliases, err);
    *ret = false;
    for (char **a = aliases; a && *a && !*ret && !st; a++) {
        struct registry_model m;
        st = registry_find(g->registry, *a, &m, err);
        if (st) break;
        st = compare_model(s, &m, g, v, ret, err);
        if (*ret) s->model = m;
        else registry_model_release(&m);
    }
    registry_aliases_free(aliases);
    return st;
}

static void tell_unlocked(const struct subject *s, const struct gate *g, struct gate_verdict *v)
{
    struct gate_finding *f;
    if (v->count) return; /* a change since it was pinned says more */
    f = finding_deny(v, GATE_RULE_UNLOCKED, "%s is not pinned%s", s->path,
                     g->registry ? "" : ", and there is no store to pin it in");
    if (g->registry) finding_next(f, "hearth add %s", s->path);
    else finding_next(f, "set HEARTH_HOME (or HOME) to a folder that can be written");
}

static enum status take_path(struct subject *s, struct gate *g, struct gate_verdict *v,
                             struct error *err)
{
    bool same = false;
    enum status st = list_set(s, err);
    if (!st) st = match_builtin(s, &same, err);
    if (st || same) {
        s->origin = same ? GATE_BUILTIN : GATE_UNPINNED;
        if (same) snprintf(v->alias, sizeof v->alias, "%s", BUILTIN_ALIAS);
        return st ? st : registry_digest(builtin_files, builtin_file_count, v->digest, err);
    }
    if (g->registry) st = match_stored(s, g, v, &same, err);
    if (st) return st;
    if (!same) {
        tell_unlocked(s, g, v);
        return STATUS_OK;
    }
    file_set_free(s->set);
    s->set = NULL;
    mem_free(s->files);
    s->files = NULL;
    s->count = 0;
    return take_stored(s, g, v, err);
}

/* ---- both ---- */

/* What could be an alias is looked up in the store first; "./name" is a path. */
static enum status find_alias(struct subject *s, struct gate *g, const char *model, bool *ret,
                              struct error *err)
{
    *ret = false;
    if (!g->registry || registry_check_alias(model, NULL)) return STATUS_OK;
    enum status st = registry_find(g->registry, model, &s->model, err);
    *ret = !st;
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

enum status subject_find(struct subject *ret, struct gate *g, const char *model,
                         struct gate_verdict *v, struct error *err)
{
    bool stored;
    *ret = (struct subject){ .path = model, .origin = GATE_UNPINNED };
    enum status st = find_alias(ret, g, model, &stored, err);
    if (!st && stored) st = take_stored(ret, g, v, err);
    else if (!st) {
        st = file_set_open(&ret->set, model, err);
        if (!st) st = take_path(ret, g, v, err);
    }
    v->origin = ret->origin;
    for (size_t i = 0; i < ret->count; i++)
        v->bytes += ret->files[i].bytes;
    return st;
}

/* ---- opening ---- */

/* Stored bytes that are not what was pinned are a finding; the file is then passed over. */
static enum status open_stored(struct subject *s, struct gate *g, size_t i, int *ret_fd,
                               struct gate_verdict *v, struct error *err)
{
    struct error why;
    bool hashed = false;
    struct subject_file *to = &s->files[i];
    enum status st =
        registry_open_known(g->registry, &s->model.files[i], ret_fd, to->identity, &hashed, &why);
    if (!st && hashed) v->hashed_bytes += to->bytes;
    to->pinned = !st;
    if (!st) return STATUS_OK;
    if (st == STATUS_NO_MEMORY || st == STATUS_CANCELLED) return error_set(err, st, "%s", why.text);
    struct gate_finding *f = finding_deny(v, GATE_RULE_DIGEST, "%s: %s", s->model.alias, why.text);
    snprintf(f->file, sizeof f->file, "%s", s->files[i].name);
    finding_next(f, "hearth add %s --as %s, which stores whole files again", s->model.source,
                 s->model.alias);
    *ret_fd = -1;
    return STATUS_OK;
}

static enum status open_one(struct subject *s, struct gate *g, size_t i, int *ret_fd,
                            struct gate_verdict *v, struct error *err)
{
    if (!s->set) return open_stored(s, g, i, ret_fd, v, err);
    return file_set_descriptor(s->set, s->files[i].name, ret_fd, err);
}

static const uint8_t *pinned_digest(const struct subject *s, size_t i)
{
    const struct registry_file *b = s->stored ? NULL : builtin_find(s->files[i].name);
    return s->stored ? s->model.files[i].sha256 : b ? b->sha256 : NULL;
}

static void tell_written(const struct subject *s, size_t i, const uint8_t digest[SHA256_BYTES],
                         struct gate_verdict *v)
{
    char found[SHA256_HEX_BYTES], wanted[SHA256_HEX_BYTES] = "another";
    const struct subject_file *file = &s->files[i];
    if (pinned_digest(s, i)) sha256_hex(pinned_digest(s, i), wanted);
    sha256_hex(digest, found);
    struct gate_finding *f =
        finding_deny(v, GATE_RULE_DIGEST,
                     "%s of %s was written to while it was in use: its digest is %s now, and "
                     "%s was pinned",
                     file->name, v->alias, found, wanted);
    snprintf(f->file, sizeof f->file, "%s", file->name);
    finding_next(f, "find out who writes to the store; `hearth verify %s` hashes all files",
                 v->alias);
}

/* `fd` negative: the file is not open. *ret_changed is only ever set. */
static enum status check_unchanged(const struct subject *s, size_t i, int fd,
                                   struct gate_verdict *v, bool *ret_changed, struct error *err)
{
    uint8_t now[FILE_IDENTITY_BYTES], digest[SHA256_BYTES];
    const struct subject_file *f = &s->files[i];
    if (fd < 0 || !f->pinned) return STATUS_OK;
    enum status st = file_identity(fd, f->name, now, err);
    if (st || memcmp(now, f->identity, sizeof now) == 0) return st;
    st = store_hash(fd, f->name, NULL, digest, err);
    if (st) return st;
    tell_written(s, i, digest, v);
    *ret_changed = true;
    return STATUS_OK;
}

/* What was looked at is what was compared, unless somebody wrote to it meanwhile. */
enum status subject_open_all(struct subject *s, struct gate *g, struct gate_verdict *v,
                             subject_look_fn *look, void *ctx, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < s->count && !st; i++) {
        int fd = s->files[i].fd;
        if (fd < 0) st = open_one(s, g, i, &fd, v, err);
        bool changed = false;
        if (!st && fd >= 0 && look) {
            st = look(ctx, &s->files[i], fd, err);
            if (!st) st = check_unchanged(s, i, fd, v, &changed, err);
        }
        s->files[i].fd = -1;
        if (!st && s->files[i].wanted) s->files[i].fd = fd;
        else file_close(fd);
    }
    return st;
}

enum status subject_check_unchanged(struct subject *s, struct gate_verdict *v, bool *ret_changed,
                                    struct error *err)
{
    enum status st = STATUS_OK;
    *ret_changed = false;
    for (size_t i = 0; i < s->count && !st; i++)
        st = check_unchanged(s, i, s->files[i].fd, v, ret_changed, err);
    return st;
}

enum status subject_entries(struct file_set_entry **ret, size_t *ret_count, const struct subject *s,
                            struct error *err)
{
    struct file_set_entry *list = mem_array(s->count + 1, sizeof *list);
    size_t count = 0;
    if (!list) return no_memory(err);
    for (size_t i = 0; i < s->count; i++) {
        const struct subject_file *f = &s->files[i];
        /* What lies in other folders is not read by models. */
        if (!f->wanted && strchr(f->name, '/')) continue;
        list[count++] = (struct file_set_entry){ f->name, f->bytes, f->fd };
    }
    *ret = list;
    *ret_count = count;
    return STATUS_OK;
}
