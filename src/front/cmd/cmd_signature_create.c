/* `hearth signature create`: signs a model's files.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/file.h"
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/signature_files.h"

static const struct option_spec specs[] = {
    { "key", 0, OPTION_TEXT, "FILE", .help = "private key (PEM): ECDSA on P-256, P-384 or P-521" },
    { "cert", 0, OPTION_TEXTS, "FILE",
      .help = "its certificate (PEM), then those above it; may be given several times" },
    { "out", 0, OPTION_TEXT, "FILE",
      .help = "where the signature goes; MODEL/model.sig by default" },
    { "ignore", 0, OPTION_TEXTS, "PATH",
      .help = "leave this out, a path in the model; may be given several times" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &json_table, NULL };

static enum status show(const struct args *args, const struct manifest *m, const char *path,
                        const struct signer *by, struct error *err)
{
    struct report r;
    enum status st = signature_report_begin(&r, args, m, err);
    if (st) return st;
    report_text(&r, "method", "method",
                signature_method_name(by->certificates ? SIGNATURE_CERTIFICATE : SIGNATURE_KEY));
    report_text(&r, "signature", "signature", path);
    return report_end(&r, err);
}

static enum status sign(const struct args *args, const struct signer *by, struct error *err)
{
    char path[SIGNATURE_PATH_BYTES];
    struct manifest *m = NULL;
    struct buf bundle = BUF_INIT(SIGNATURE_BYTES_MAX);
    enum status st = signature_path(path, args, "out", err);
    if (!st) st = signature_manifest(&m, args, path, err);
    if (!st) st = manifest_read(m, args_operand(args, 0), NULL, err);
    if (!st) st = signature_make(&bundle, m, by, err);
    if (!st) st = file_write(path, bundle.data, bundle.len, err);
    if (!st) st = show(args, m, path, by, err);
    buf_release(&bundle);
    manifest_free(m);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    const char *key_path = args_text(args, "key", NULL);
    struct ecdsa_key *key = NULL;
    struct certificates *certificates = NULL;
    if (!key_path)
        return error_set(err, STATUS_USAGE,
                         "--key FILE is needed; openssl genpkey -algorithm EC -pkeyopt "
                         "ec_paramgen_curve:P-256 -out FILE makes one");
    enum status st = signature_private_key(&key, key_path, err);
    if (!st) st = signature_certificates(&certificates, args, "cert", err);
    if (!st) st = sign(args, &(struct signer){ key, certificates }, err);
    certificates_free(certificates);
    ecdsa_key_free(key);
    return st;
}

const struct command cmd_signature_create = {
    .name = "signature create",
    .summary = "sign the files of a model",
    .operands = "MODEL",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Writes an OpenSSF Model Signing bundle: every file with its SHA-256, signed with a "
             "key, or with a certificate where --cert gives one. Git's own files at the top and "
             "the signature itself are left out; symbolic links are refused.",
    .tables = tables,
    .run = run,
};
