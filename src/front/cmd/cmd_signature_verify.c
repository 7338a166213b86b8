/* `hearth signature verify`: who signed a model, and whether its files are those.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/clock.h"
#include "base/core/file.h"
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/signature_files.h"

static const struct option_spec specs[] = {
    { "bundle", 0, OPTION_TEXT, "FILE", .help = "the signature; MODEL/model.sig by default" },
    { "key", 0, OPTION_TEXT, "FILE", .help = "the public key (PEM) that it must be signed with" },
    { "trust", 0, OPTION_TEXTS, "FILE",
      .help = "certificates (PEM) that you trust, instead of a key; may be given several times" },
    { "ignore", 0, OPTION_TEXTS, "PATH",
      .help = "leave this out, a path in the model; may be given several times" },
    { "ignore-unsigned", 0, OPTION_FLAG, .help = "files that were not signed are no objection" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &json_table, NULL };

static enum status show(const struct args *args, const struct manifest *m,
                        const struct signature_facts *f, struct error *err)
{
    struct report r;
    enum status st = signature_report_begin(&r, args, m, err);
    if (st) return st;
    report_text(&r, "method", "method", signature_method_name(f->method));
    report_text(&r, "signer", f->method == SIGNATURE_KEY ? "key" : "signer", f->signer);
    report_flag(&r, "legacy", "written before 1.1", f->legacy);
    report_line(&r, "The signature is good, and the files are those that were signed.");
    return report_end(&r, err);
}

/* The files now, without what the signature says to leave out. */
static enum status compare(const struct args *args, const struct manifest *wanted,
                           const char *bundle, struct error *err)
{
    struct manifest *found = NULL;
    bool extra = args_flag(args, "ignore-unsigned");
    enum status st = signature_manifest(&found, args, bundle, err);
    for (size_t i = 0; i < manifest_ignored_count(wanted) && !st; i++)
        st = manifest_ignore(found, manifest_ignored(wanted, i), err);
    if (!st) st = manifest_read(found, args_operand(args, 0), extra ? wanted : NULL, err);
    if (!st) st = manifest_compare(wanted, found, extra, err);
    manifest_free(found);
    return st;
}

static enum status check(const struct args *args, const struct signature_trust *trust,
                         struct error *err)
{
    char path[SIGNATURE_PATH_BYTES];
    struct buf text = BUF_INIT(SIGNATURE_BYTES_MAX);
    struct manifest *wanted = NULL;
    struct signature_facts facts;
    enum status st = signature_path(path, args, "bundle", err);
    if (!st) st = file_read(&text, path, err);
    if (!st)
        st = signature_check(&wanted, &facts, (struct span){ text.data, text.len }, path, trust,
                             err);
    if (!st) st = compare(args, wanted, path, err);
    if (!st) st = show(args, wanted, &facts, err);
    manifest_free(wanted);
    buf_release(&text);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    const char *key_path = args_text(args, "key", NULL);
    struct ecdsa_key *key = NULL;
    struct certificates *anchors = NULL;
    if (!key_path == !args_given(args, "trust"))
        return error_set(err, STATUS_USAGE,
                         "say whom you trust: --key FILE, or --trust FILE for certificates");
    enum status st = key_path ? signature_public_key(&key, key_path, err) : STATUS_OK;
    if (!st) st = signature_certificates(&anchors, args, "trust", err);
    if (!st)
        st = check(args, &(struct signature_trust){ key, anchors, clock_unix_ns() / 1000000000 },
                   err);
    certificates_free(anchors);
    ecdsa_key_free(key);
    return st;
}

const struct command cmd_signature_verify = {
    .name = "signature verify",
    .summary = "check who signed a model, and that its files are those",
    .operands = "MODEL",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Checks an OpenSSF Model Signing bundle: the signature, then every file. A file that "
             "was changed, is missing, or was added is named. Certificates must be valid today: a "
             "bundle has no proof of when it was made. Keyless signatures (Sigstore) are refused, "
             "because to trust them a public log would have to be asked.",
    .tables = tables,
    .run = run,
};
