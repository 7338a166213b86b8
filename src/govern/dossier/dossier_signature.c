/* Signatures among a model's files: checked by what the reader trusts, and told on the page.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "govern/dossier/dossier.h"

/* ---- checking ---- */

static enum status read_bundle(struct buf *out, const struct registry_file *f,
                               struct registry *registry, struct error *err)
{
    int fd;
    enum status st = registry_open_file(registry, f, &fd, NULL, err);
    if (st) return st;
    st = file_read_fd(out, fd, f->name, err);
    file_close(fd);
    return st;
}

/* The model's files as the store has them, without the bundle and what it says to leave out. */
static enum status found_files(struct manifest **ret, const struct record *r,
                               const struct manifest *wanted, const char *bundle, struct error *err)
{
    struct manifest *m;
    enum status st = manifest_new(&m, r->model.alias, err);
    if (st) return st;
    st = manifest_ignore(m, bundle, err);
    for (size_t i = 0; i < manifest_ignored_count(wanted) && !st; i++)
        st = manifest_ignore(m, manifest_ignored(wanted, i), err);
    for (size_t i = 0; i < r->model.file_count && !st; i++)
        if (!manifest_ignores(m, r->model.files[i].name))
            st = manifest_add(m, r->model.files[i].name, r->model.files[i].sha256, err);
    if (!st) st = manifest_seal(m, err);
    if (st) manifest_free(m);
    else *ret = m;
    return st;
}

static enum status check_bundle(struct dossier_signature *ret, const struct record *r,
                                const char *name, struct span bytes,
                                const struct signature_trust *trust, struct error *err)
{
    struct manifest *wanted = NULL, *found = NULL;
    enum status st = signature_check(&wanted, &ret->facts, bytes, name, trust, err);
    if (!st) st = found_files(&found, r, wanted, name, err);
    if (!st) st = manifest_compare(wanted, found, false, err);
    manifest_free(wanted);
    manifest_free(found);
    return st;
}

/* What speaks against the bundle is an answer; what kept us from looking is an error. */
static enum status check_one(struct dossier_signature *ret, const struct record *r,
                             const struct registry_file *f, struct registry *registry,
                             const struct signature_trust *trust, struct error *err)
{
    struct error why;
    struct buf bytes = BUF_INIT(SIGNATURE_BYTES_MAX);
    enum status st = read_bundle(&bytes, f, registry, err);
    if (st) {
        buf_release(&bytes);
        return st;
    }
    enum status found =
        check_bundle(ret, r, f->name, (struct span){ bytes.data, bytes.len }, trust, &why);
    buf_release(&bytes);
    if (found == STATUS_NO_MEMORY || found == STATUS_IO)
        return error_set(err, found, "%s", why.text);
    ret->answer = !found                        ? SIGNATURE_VERIFIED
                  : found == STATUS_UNSUPPORTED ? SIGNATURE_NOT_VERIFIED
                                                : SIGNATURE_FAILS;
    snprintf(ret->reason, sizeof ret->reason, "%s", found ? why.text : "");
    return STATUS_OK;
}

enum status dossier_check_signatures(struct dossier *d, struct registry *registry,
                                     const struct signature_trust *trust, struct error *err)
{
    const struct record *r = d->record;
    enum status st = STATUS_OK;
    d->signatures = mem_array((size_t)r->signature_count + 1, sizeof *d->signatures);
    if (!d->signatures) return error_set(err, STATUS_NO_MEMORY, "no memory for signatures");
    d->trusted = trust->key || trust->anchors;
    for (int i = 0; i < r->signature_count && !st; i++) {
        d->signatures[i] = (struct dossier_signature){ .answer = SIGNATURE_NOT_VERIFIED };
        if (d->trusted)
            st = check_one(&d->signatures[i], r, r->signatures[i], registry, trust, err);
    }
    return st;
}

int dossier_signatures_verified(const struct dossier *d)
{
    int count = 0;
    for (int i = 0; d->signatures && i < d->record->signature_count; i++)
        count += d->signatures[i].answer == SIGNATURE_VERIFIED;
    return count;
}

const char *signature_answer_name(enum signature_answer a)
{
    static const char *const names[] = { "not verified", "verified", "fails" };
    return names[a];
}

/* Whose key it is, or why it is not believed. */
static void say_why(char out[ERROR_TEXT_BYTES], const struct dossier *d, int i)
{
    const struct dossier_signature *s = d->signatures ? &d->signatures[i] : NULL;
    if (!s || !d->trusted)
        snprintf(out, ERROR_TEXT_BYTES, "no key and no certificate was given to check it with");
    else if (s->answer != SIGNATURE_VERIFIED) snprintf(out, ERROR_TEXT_BYTES, "%s", s->reason);
    else
        snprintf(out, ERROR_TEXT_BYTES, "%s %s; every file is one that was signed",
                 s->facts.method == SIGNATURE_KEY ? "signed with the key that was given, SHA-256"
                                                  : "signed, under a trusted certificate, by",
                 s->facts.signer);
}

/* ---- the page and the record ---- */

void dossier_write_signatures(struct json_writer *j, const struct dossier *d)
{
    json_open_array(j);
    for (int i = 0; i < d->record->signature_count; i++) {
        char why[ERROR_TEXT_BYTES];
        enum signature_answer a = d->signatures ? d->signatures[i].answer : SIGNATURE_NOT_VERIFIED;
        say_why(why, d, i);
        json_open_object(j);
        json_key(j, "file");
        json_put_string(j, d->record->signatures[i]->name);
        json_key(j, "answer");
        json_put_string(j, signature_answer_name(a));
        json_key(j, "reason");
        json_put_string(j, why);
        json_close_object(j);
    }
    json_close_array(j);
}

static void put_row(struct page *p, const struct dossier *d, int i)
{
    static const char *const looks[] = { "ask", "allow", "deny" };
    const struct registry_file *f = d->record->signatures[i];
    enum signature_answer a = d->signatures ? d->signatures[i].answer : SIGNATURE_NOT_VERIFIED;
    char hex[SHA256_HEX_BYTES], name[DOSSIER_NAME_BYTES], why[ERROR_TEXT_BYTES];
    sha256_hex(f->sha256, hex);
    dossier_copy_name(name, "signatures", i + 1, f->name);
    say_why(why, d, i);
    page_open_row(p);
    page_cell(p, f->name);
    page_markup(p, "<td>");
    page_badge(p, looks[a], signature_answer_name(a));
    page_markup(p, "</td>");
    page_cell(p, why);
    page_markup(p, "<td><code>");
    page_text(p, name);
    page_markup(p, "</code><br><code>");
    page_text(p, hex);
    page_markup(p, "</code></td>");
    page_close_row(p);
}

void dossier_put_signatures(struct page *p, const struct dossier *d)
{
    static const enum page_title columns[] = { TITLE_FILE, TITLE_ANSWER, TITLE_REASON, TITLE_COPY };
    page_open_section(p, TITLE_SIGNATURES);
    if (!d->record->signature_count) {
        page_note(p, "No signature lies among the model's files.");
        page_close_section(p);
        return;
    }
    page_open_table(p, columns, 4);
    for (int i = 0; i < d->record->signature_count; i++)
        put_row(p, d, i);
    page_close_table(p);
    page_note(p, d->trusted
                     ? "Verified means: by the key or the certificates that were given when this "
                       "page was made, on its date. That they are the right ones is for whoever "
                       "reads this to find out elsewhere."
                     : "Whose key is to be believed is for whoever reads this to decide. `hearth "
                       "dossier --key` or `--trust` checks them here, `hearth signature verify` "
                       "any bundle.");
    page_close_section(p);
}
