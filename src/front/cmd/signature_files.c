/* Keys, certificates, and the places of bundles.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* realpath */
#include "front/cmd/signature_files.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/file.h"

enum status signature_path(char out[SIGNATURE_PATH_BYTES], const struct args *args,
                           const char *name, struct error *err)
{
    const char *model = args_operand(args, 0), *given = args_text(args, name, NULL);
    int len = given ? snprintf(out, SIGNATURE_PATH_BYTES, "%s", given)
                    : snprintf(out, SIGNATURE_PATH_BYTES,
                               file_kind(model) == FILE_FOLDER ? "%s/model.sig" : "%s.sig", model);
    if (len < SIGNATURE_PATH_BYTES) return STATUS_OK;
    return error_set(err, STATUS_USAGE, "the path is too long: %s", given ? given : model);
}

enum status signature_private_key(struct ecdsa_key **ret, const char *path, struct error *err)
{
    struct buf pem = BUF_INIT(ECDSA_PEM_BYTES_MAX);
    enum status st = file_read(&pem, path, err);
    if (!st) st = ecdsa_private_read(ret, (struct span){ pem.data, pem.len }, path, err);
    if (pem.data) memset(pem.data, 0, pem.len);
    buf_release(&pem);
    return st;
}

enum status signature_public_key(struct ecdsa_key **ret, const char *path, struct error *err)
{
    struct buf pem = BUF_INIT(ECDSA_PEM_BYTES_MAX);
    enum status st = file_read(&pem, path, err);
    if (!st) st = ecdsa_public_read(ret, (struct span){ pem.data, pem.len }, path, err);
    buf_release(&pem);
    return st;
}

enum status signature_certificates(struct certificates **ret, const struct args *args,
                                   const char *name, struct error *err)
{
    struct certificates *list = NULL;
    int cursor = 0;
    enum status st = STATUS_OK;
    for (const char *path; !st && (path = args_next_text(args, name, &cursor));) {
        struct buf pem = BUF_INIT(CERTIFICATES_MAX * CERTIFICATE_BYTES_MAX);
        if (!list) st = certificates_new(&list, err);
        if (!st) st = file_read(&pem, path, err);
        if (!st) st = certificates_add_pem(list, (struct span){ pem.data, pem.len }, path, err);
        buf_release(&pem);
    }
    if (st) certificates_free(list);
    else *ret = list;
    return st;
}

/* The last part of where the model really lies: "." has a name too. */
static const char *model_name(char real[PATH_MAX], const char *path)
{
    if (!realpath(path, real)) return path;
    const char *slash = strrchr(real, '/');
    return slash && slash[1] ? slash + 1 : "model";
}

enum status signature_manifest(struct manifest **ret, const struct args *args, const char *bundle,
                               struct error *err)
{
    char real[PATH_MAX];
    const char *model = args_operand(args, 0), *path;
    struct manifest *m;
    int cursor = 0;
    enum status st = manifest_new(&m, model_name(real, model), err);
    if (st) return st;
    st = manifest_ignore_file(m, model, bundle, err);
    while (!st && (path = args_next_text(args, "ignore", &cursor)))
        st = manifest_ignore(m, path, err);
    if (st) manifest_free(m);
    else *ret = m;
    return st;
}

enum status signature_report_begin(struct report *r, const struct args *args,
                                   const struct manifest *m, struct error *err)
{
    uint8_t root[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    enum status st = manifest_root(m, root, err);
    if (st) return st;
    sha256_hex(root, hex);
    report_begin(r, args_flag(args, "json"));
    report_text(r, "model", "model", manifest_name(m));
    report_count(r, "files", "files", manifest_file_count(m));
    report_text(r, "digest", "digest", hex);
    return STATUS_OK;
}
