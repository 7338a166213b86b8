/* `hearth audit receipt`: whether a receipt is what it says, and belongs to a request and an answer.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/base64.h"
#include "base/core/digest.h"
#include "base/core/file.h"
#include "front/cmd/audit_folder.h"
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/report.h"
#include "govern/audit/canonical.h"

#define RECEIPT_BYTES_MAX ((size_t)256 << 10)
#define FILE_BYTES_MAX    ((size_t)1 << 30)

static const struct option_spec specs[] = {
    { "request", 0, OPTION_TEXT, "FILE",
      .help = "the body of the request, byte by byte: must be the one" },
    { "output", 0, OPTION_TEXT, "FILE",
      .help = "the text of the answer, without a newline of your own: must be the one" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &audit_table, &json_table, NULL };

/* A note, or the base64 of one, as it stands in a response's header. */
static enum status read_note(struct buf *out, const char *path, struct error *err)
{
    struct buf raw = BUF_INIT(RECEIPT_BYTES_MAX);
    enum status st = file_read(&raw, path, err);
    size_t len = raw.len;
    while (len && strchr(" \r\n", raw.data[len - 1]))
        len--;
    bool is_note = raw.len && raw.data[0] == '{';
    if (!st && is_note) buf_append(out, raw.data, raw.len);
    if (!st && !is_note && base64_decode(out, (struct span){ raw.data, len }, NULL))
        st = error_set(err, STATUS_BAD_INPUT,
                       "%s is no receipt: a signed note, or its base64, is expected", path);
    buf_release(&raw);
    return st ? st : buf_check(out, "a receipt", err);
}

static enum status parse_text(struct json_doc **ret, struct span text, struct error *err)
{
    bool canonical = false;
    if (text.len) text.len--; /* the newline */
    enum status st = canonical_check(text, &canonical, err);
    if (!st && !canonical)
        st = error_set(err, STATUS_BAD_INPUT,
                       "the signed text is no receipt: it is no canonical JSON");
    if (!st) st = json_parse(ret, text.data, text.len, RECEIPT_BYTES_MAX, "the receipt", err);
    if (st) return st;
    int64_t version = json_int(json_get(json_root(*ret), "v"), 0);
    if (version == 1 && json_text(json_get(json_root(*ret), "output"))) return STATUS_OK;
    json_doc_free(*ret);
    return error_set(err, STATUS_UNSUPPORTED, "the signed text is no receipt of version 1");
}

struct comparison {
    bool asked, same;
    char found[SHA256_HEX_BYTES];
};

static enum status compare(struct comparison *ret, const struct args *args, const char *option,
                           const struct json *receipt, struct error *err)
{
    const char *path = args_text(args, option, NULL);
    struct buf text = BUF_INIT(FILE_BYTES_MAX);
    uint8_t digest[SHA256_BYTES];
    *ret = (struct comparison){ .asked = path != NULL };
    if (!path) return STATUS_OK;
    enum status st = file_read(&text, path, err);
    if (!st) st = sha256_of(text.data ? text.data : "", text.len, digest, err);
    buf_release(&text);
    if (st) return st;
    sha256_hex(digest, ret->found);
    ret->same = span_equals(json_string(json_get(receipt, option)), ret->found);
    return STATUS_OK;
}

static void report_comparison(struct report *r, const char *key, const struct comparison *c)
{
    if (c->asked) report_text(r, key, key, c->same ? "the one that was signed" : "another one");
}

static void report_receipt(struct report *r, const struct json *receipt)
{
    const struct json *model = json_get(receipt, "model"), *policy = json_get(receipt, "policy");
    if (r->json) {
        json_key(&r->writer, "receipt");
        json_put_value(&r->writer, receipt);
        return;
    }
    report_text(r, "", "model", json_text(json_get(model, "served_as")));
    report_text(r, "", "its digest", json_text(json_get(model, "digest")));
    report_text(r, "", "policy", json_text(json_get(policy, "mode")));
    report_text(r, "", "verdict", json_text(json_get(policy, "verdict")));
    report_text(r, "", "request", json_text(json_get(receipt, "request")));
    report_text(r, "", "output", json_text(json_get(receipt, "output")));
    report_int(r, "", "unix time, ms", json_int(json_get(receipt, "time_ms"), 0));
    report_int(r, "", "entries of the log", json_int(json_path(receipt, "log.size"), 0));
}

static enum status check(const struct args *args, const struct json *receipt,
                         const struct note_key *key, bool trusted, struct error *err)
{
    struct comparison request, output;
    struct report r;
    char text[NOTE_KEY_TEXT_BYTES];
    enum status st = compare(&request, args, "request", receipt, err);
    if (!st) st = compare(&output, args, "output", receipt, err);
    if (st) return st;
    note_key_text(key, text);
    report_begin(&r, args_flag(args, "json"));
    report_text(&r, "key", trusted ? "signed by" : "signed by (the log's own key)", text);
    report_receipt(&r, receipt);
    report_comparison(&r, "request", &request);
    report_comparison(&r, "output", &output);
    st = report_end(&r, err);
    if (st || ((!request.asked || request.same) && (!output.asked || output.same))) return st;
    const struct comparison *bad = request.asked && !request.same ? &request : &output;
    return error_set(err, STATUS_FAILED,
                     "the receipt is about another %s: that of the file has the SHA-256 %s",
                     bad == &request ? "request" : "answer", bad->found);
}

static enum status run(const struct args *args, struct error *err)
{
    struct buf note = BUF_INIT(RECEIPT_BYTES_MAX);
    char folder[HOME_PATH_BYTES];
    struct note_key key;
    struct span text;
    struct json_doc *doc;
    bool trusted = false;
    enum status st = audit_folder_path(folder, args, err);
    if (!st) st = audit_folder_key(&key, &trusted, args, folder, err);
    if (!st) st = read_note(&note, args_operand(args, 0), err);
    if (!st) st = note_open((struct span){ note.data, note.len }, &key, &text, err);
    if (!st) st = parse_text(&doc, text, err);
    if (!st) {
        st = check(args, json_root(doc), &key, trusted, err);
        json_doc_free(doc);
    }
    buf_release(&note);
    return st;
}

const struct command cmd_audit_receipt = {
    .name = "audit receipt",
    .summary = "check a signed receipt of an answer",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "FILE is the receipt that a client got from `hearth serve` (request header "
             "Hearth-Receipt: 1), as it was "
             "fetched or as it stood in the header. Its signature is checked, and with --request "
             "and --output that it is about these very bytes; the exit code is 1 where it is not. "
             "Without --key the key is the one that lies beside the log of this machine.",
    .tables = tables,
    .run = run,
};
