/* The compiled tokenizer that is kept of a model.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/gate/gate_form.h"

#include <stdio.h>
#include <string.h>

#include "govern/registry/store.h"

#define SEAL_LABEL  "gate: compiled tokenizer"
#define SEAL_SUFFIX ".seal"

static bool seal_path(char ret[FILE_SET_PATH_BYTES], const struct gate_form *f)
{
    return snprintf(ret, FILE_SET_PATH_BYTES, "%s" SEAL_SUFFIX, f->path) < FILE_SET_PATH_BYTES;
}

/* Of a name and a digest: a form serves no other model. */
static bool make_seal(char ret[AUDIT_HASH_TEXT_BYTES], const struct gate_form *f,
                      const uint8_t digest[SHA256_BYTES])
{
    char bytes[TOKENIZER_FORM_NAME_BYTES + SHA256_BYTES];
    size_t len = strlen(f->name) + 1;
    memcpy(bytes, f->name, len);
    memcpy(bytes + len, digest, SHA256_BYTES);
    struct span text = { bytes, len + SHA256_BYTES };
    return audit_hash(f->g->audit, SEAL_LABEL, text, ret, NULL) == STATUS_OK;
}

static bool has_seal(const struct gate_form *f, const uint8_t digest[SHA256_BYTES])
{
    char path[FILE_SET_PATH_BYTES], wanted[AUDIT_HASH_TEXT_BYTES];
    struct buf found = BUF_INIT(AUDIT_HASH_TEXT_BYTES);
    bool good = seal_path(path, f) && make_seal(wanted, f, digest) &&
                !file_read(&found, path, NULL) &&
                span_equals((struct span){ found.data ? found.data : "", found.len }, wanted);
    buf_release(&found);
    return good;
}

static bool is_believed(struct gate_form *f)
{
    uint8_t digest[SHA256_BYTES];
    return !store_settle(f->file.fd, f->path, NULL) &&
           !file_identity(f->file.fd, f->path, f->identity, NULL) &&
           !store_hash(f->file.fd, f->path, NULL, digest, NULL) && has_seal(f, digest);
}

void gate_form_find(struct gate_form *ret, const struct gate *g, const struct file_set_entry *files,
                    size_t count, const struct engine_options *options)
{
    struct gate_form *f = ret;
    *f = (struct gate_form){ .g = g, .file = { "", -1, 0 } };
    if (!g->audit || !options->cache_folder || tokenizer_form_name(files, count, f->name, NULL) ||
        !file_join(f->path, sizeof f->path, options->cache_folder, f->name)) {
        f->path[0] = 0;
        return;
    }
    if (file_open_read(&f->file.fd, f->path, NULL)) {
        f->file.fd = -1;
        return;
    }
    if (is_believed(f)) return;
    log_write(
        &options->log, LOG_WARN, "gate",
        "the compiled tokenizer that was kept is not the one that was made, and is made anew: "
        "%s",
        f->path);
    gate_form_close(f);
}

bool gate_form_unchanged(const struct gate_form *f)
{
    uint8_t now[FILE_IDENTITY_BYTES];
    return !file_identity(f->file.fd, f->path, now, NULL) &&
           memcmp(now, f->identity, sizeof now) == 0;
}

void gate_form_seal(void *ctx, struct span form)
{
    const struct gate_form *f = ctx;
    char path[FILE_SET_PATH_BYTES], text[AUDIT_HASH_TEXT_BYTES];
    uint8_t digest[SHA256_BYTES];
    if (sha256_of(form.data, form.len, digest, NULL) || !make_seal(text, f, digest) ||
        !seal_path(path, f))
        return;
    file_write(path, text, strlen(text), NULL);
}

void gate_form_close(struct gate_form *f)
{
    file_close(f->file.fd);
    f->file.fd = -1;
}
