/* The folder: copies, documents, proofs, and the sums of them all.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/durable.h"
#include "base/core/file.h"
#include "base/core/mem.h"
#include "govern/audit/canonical.h"
#include "govern/dossier/dossier.h"
#include "govern/dossier/record_bom.h"

#define TAIL           ".unfinished"
#define SUMS           "SHA256SUMS"
#define SUMS_BYTES_MAX ((size_t)4 << 20)
#define SMALL_BYTES    ((size_t)1 << 20)

static const char *const folders[] = { "licences", "signatures", "audit" };
#define FOLDER_COUNT 3

struct writing {
    const struct dossier *d;
    struct registry *registry;
    char folder[PATH_MAX]; /* the unfinished one */
    struct buf sums;       /* a line "<hex>  <name>" for each file */
};

void dossier_copy_name(char out[DOSSIER_NAME_BYTES], const char *folder, int number,
                       const char *name)
{
    char plain[64];
    size_t n = 0;
    const char *slash = strrchr(name, '/');
    for (const char *c = slash ? slash + 1 : name; *c && n + 1 < sizeof plain; c++) {
        bool fine = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                    (*c >= '0' && *c <= '9') || *c == '.' || *c == '_' || *c == '-';
        plain[n++] = fine ? *c : '-';
    }
    plain[n] = 0;
    snprintf(out, DOSSIER_NAME_BYTES, "%s/%02d-%s", folder, number, plain);
}

/* ---- files ---- */

static enum status put_bytes(struct writing *w, const char *name, const void *bytes, size_t len,
                             struct error *err)
{
    char path[PATH_MAX], hex[SHA256_HEX_BYTES];
    uint8_t digest[SHA256_BYTES];
    if (!file_join(path, sizeof path, w->folder, name))
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", w->folder);
    enum status st = sha256_of(bytes, len, digest, err);
    if (!st) st = file_write(path, bytes, len, err);
    if (st) return st;
    sha256_hex(digest, hex);
    buf_format(&w->sums, "%s  %s\n", hex, name);
    return buf_check(&w->sums, SUMS, err);
}

static enum status put_buf(struct writing *w, const char *name, struct buf *b, struct error *err)
{
    enum status st = buf_check(b, name, err);
    if (!st) st = put_bytes(w, name, b->data ? b->data : "", b->len, err);
    buf_release(b);
    return st;
}

static enum status put_page(struct writing *w, struct error *err)
{
    struct buf out = BUF_INIT(DOSSIER_PAGE_BYTES_MAX);
    enum status st = dossier_page(&out, w->d, err);
    if (!st) return put_buf(w, "dossier.html", &out, err);
    buf_release(&out);
    return st;
}

static enum status put_verdict(struct writing *w, struct error *err)
{
    struct buf out = BUF_INIT(DOSSIER_FILE_BYTES_MAX);
    struct json_writer j;
    const struct record *r = w->d->record;
    json_writer_init(&j, &out, 2);
    json_open_object(&j);
    json_key(&j, "gate");
    if (w->d->verdict) gate_verdict_write(&j, w->d->verdict);
    else json_put_null(&j);
    json_key(&j, "licence");
    licence_write(&j, r->model.alias, r->weights, &r->licence);
    json_key(&j, "openness");
    openness_write(&j, &r->openness);
    json_key(&j, "signatures");
    dossier_write_signatures(&j, w->d);
    json_close_object(&j);
    buf_byte(&out, '\n');
    return put_buf(w, "verdict.json", &out, err);
}

static enum status put_pin(struct writing *w, struct error *err)
{
    struct buf out = BUF_INIT(DOSSIER_FILE_BYTES_MAX);
    if (!w->d->record->pin) return STATUS_OK;
    enum status st = canonical_write_lines(&out, w->d->record->pin, 2, err);
    buf_byte(&out, '\n');
    if (!st) return put_buf(w, "pin.json", &out, err);
    buf_release(&out);
    return st;
}

static enum status put_boms(struct writing *w, struct error *err)
{
    static const struct {
        enum record_bom_format format;
        const char *name;
    } documents[] = {
        { RECORD_BOM_1_7, "bom.cdx.json" },
        { RECORD_BOM_1_6, "bom-1.6.cdx.json" },
        { RECORD_BOM_SPDX, "bom.spdx.json" },
    };
    char at[RECORD_TIME_BYTES];
    enum status st = STATUS_OK;
    record_time(at, w->d->at_ms);
    for (int i = 0; i < 3 && !st; i++) {
        struct buf out = BUF_INIT(DOSSIER_FILE_BYTES_MAX);
        st = record_bom_write(&out, w->d->record, w->d->verdict, documents[i].format, at, err);
        if (!st) st = put_buf(w, documents[i].name, &out, err);
        else buf_release(&out);
    }
    return st;
}

/* As they lie in the store, which is asked again for signatures: their bytes were not read before. */
static enum status put_signature(struct writing *w, int i, struct error *err)
{
    char name[DOSSIER_NAME_BYTES];
    const struct registry_file *f = w->d->record->signatures[i];
    struct buf out = BUF_INIT(DOSSIER_FILE_BYTES_MAX);
    int fd;
    dossier_copy_name(name, "signatures", i + 1, f->name);
    enum status st = registry_open_file(w->registry, f, &fd, NULL, err);
    if (st) return st;
    st = file_read_fd(&out, fd, f->name, err);
    file_close(fd);
    if (!st) return put_buf(w, name, &out, err);
    buf_release(&out);
    return st;
}

static enum status put_copies(struct writing *w, struct error *err)
{
    char name[DOSSIER_NAME_BYTES];
    const struct record *r = w->d->record;
    enum status st = STATUS_OK;
    for (int i = 0; i < r->text_count && !st; i++) {
        dossier_copy_name(name, "licences", i + 1, r->text_names[i]);
        st = put_bytes(w, name, r->texts[i].data ? r->texts[i].data : "", r->texts[i].len, err);
    }
    for (int i = 0; i < r->signature_count && !st; i++)
        st = put_signature(w, i, err);
    return st;
}

/* ---- the log ---- */

static enum status put_entry(struct writing *w, uint64_t index, struct error *err)
{
    char name[DOSSIER_NAME_BYTES];
    struct span entry;
    struct buf proof = BUF_INIT(SMALL_BYTES);
    enum status st = audit_view_entry(w->d->log, index, &entry, err);
    snprintf(name, sizeof name, "audit/%" PRIu64 ".json", index);
    if (!st) st = put_bytes(w, name, entry.data, entry.len, err);
    if (!st) st = audit_view_proof(w->d->log, index, &proof, err);
    snprintf(name, sizeof name, "audit/%" PRIu64 ".proof", index);
    if (!st) return put_buf(w, name, &proof, err);
    buf_release(&proof);
    return st;
}

static enum status put_log(struct writing *w, struct error *err)
{
    char key[NOTE_KEY_TEXT_BYTES + 1];
    enum status st = STATUS_OK;
    if (!w->d->log) return STATUS_OK;
    for (size_t i = 0; i < w->d->entry_count && !st; i++)
        st = put_entry(w, w->d->entries[i].index, err);
    if (st) return st;
    struct span note = audit_view_note(w->d->log);
    st = put_bytes(w, "audit/checkpoint", note.data, note.len, err);
    note_key_text(audit_view_key(w->d->log), key);
    size_t len = strlen(key);
    key[len++] = '\n';
    return st ? st : put_bytes(w, "audit/key", key, len, err);
}

/* ---- the whole ---- */

static enum status make_folder(const char *path, struct error *err)
{
    if (mkdir(path, 0755) == 0) return STATUS_OK;
    return error_set(err, STATUS_IO, "cannot make %s: %s", path, strerrordesc_np(errno));
}

static enum status make_folders(struct writing *w, struct error *err)
{
    char path[PATH_MAX];
    enum status st = make_folder(w->folder, err);
    for (int i = 0; i < FOLDER_COUNT && !st; i++) {
        if (!file_join(path, sizeof path, w->folder, folders[i]))
            return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", w->folder);
        st = make_folder(path, err);
    }
    return st;
}

/* What this call wrote, and nothing else: the names stand in the sums. */
static void take_back(const struct writing *w)
{
    char path[PATH_MAX], name[DOSSIER_NAME_BYTES];
    const char *at = w->sums.data ? w->sums.data : "";
    while (*at) {
        size_t line = strcspn(at, "\n"), skip = SHA256_HEX_BYTES + 1; /* hex and two spaces */
        if (line > skip && line - skip < sizeof name) {
            snprintf(name, sizeof name, "%.*s", (int)(line - skip), at + skip);
            if (file_join(path, sizeof path, w->folder, name)) unlink(path);
        }
        at += line + (at[line] == '\n');
    }
    if (file_join(path, sizeof path, w->folder, SUMS)) unlink(path);
    for (int i = 0; i < FOLDER_COUNT; i++)
        if (file_join(path, sizeof path, w->folder, folders[i])) rmdir(path);
    rmdir(w->folder);
}

static enum status put_sums(struct writing *w, struct error *err)
{
    char path[PATH_MAX];
    if (!file_join(path, sizeof path, w->folder, SUMS))
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", w->folder);
    return file_write(path, w->sums.data, w->sums.len, err);
}

static enum status put_all(struct writing *w, struct error *err)
{
    enum status st = put_page(w, err);
    if (!st) st = put_verdict(w, err);
    if (!st) st = put_pin(w, err);
    if (!st) st = put_boms(w, err);
    if (!st) st = put_copies(w, err);
    if (!st) st = put_log(w, err);
    if (!st && w->d->lineage.len)
        st = put_bytes(w, "lineage.json", w->d->lineage.data, w->d->lineage.len, err);
    return st ? st : put_sums(w, err);
}

enum status dossier_write(const struct dossier *d, struct registry *registry, const char *folder,
                          struct error *err)
{
    struct stat seen;
    char plain[PATH_MAX];
    int len = snprintf(plain, sizeof plain, "%s", folder);
    struct writing *w = mem_zero(sizeof *w);
    if (!w) return error_set(err, STATUS_NO_MEMORY, "no memory to write a dossier");
    while (len > 1 && len < (int)sizeof plain && plain[len - 1] == '/')
        plain[--len] = 0;
    w->d = d;
    w->registry = registry;
    w->sums = BUF_INIT(SUMS_BYTES_MAX);
    enum status st = STATUS_OK;
    if (snprintf(w->folder, sizeof w->folder, "%s" TAIL, plain) >= (int)sizeof w->folder)
        st = error_set(err, STATUS_LIMIT, "the path is too long: %.200s", folder);
    else if (lstat(plain, &seen) == 0)
        st = error_set(err, STATUS_BAD_INPUT, "%s exists already; name a folder that does not",
                       plain);
    else if (lstat(w->folder, &seen) == 0)
        st = error_set(err, STATUS_BAD_INPUT, "%s is left from another time; remove it", w->folder);
    if (!st) {
        st = make_folders(w, err);
        if (!st) st = put_all(w, err);
        if (!st) st = durable_rename(w->folder, plain, err);
        if (st) take_back(w);
    }
    buf_release(&w->sums);
    mem_free(w);
    return st;
}

enum status dossier_language_find(enum dossier_language *ret, const char *name, struct error *err)
{
    static const char *const names[] = { "en", "zh", "both" };
    for (int i = 0; i < 3; i++)
        if (strcmp(names[i], name) == 0) {
            *ret = (enum dossier_language)i;
            return STATUS_OK;
        }
    return error_set(err, STATUS_USAGE, "there is no language \"%.32s\"; there are en, zh and both",
                     name);
}
