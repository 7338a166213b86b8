/* Entries of the configuration.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/config_log.h"

#include <stdio.h>
#include <string.h>

#include "base/core/digest.h"
#include "base/core/file.h"
#include "base/core/json.h"
#include "front/cmd/audit_folder.h"

#define CONFIG_BYTES_MAX ((size_t)1 << 20)

/* What an entry says, as one text to compare. */
static void name_state(char ret[2 * SHA256_HEX_BYTES], const char *digest, bool accepted)
{
    snprintf(ret, 2 * SHA256_HEX_BYTES, "%s %s", accepted ? "accepted" : "refused",
             digest && *digest ? digest : "none");
}

static enum status read_entry(struct audit_view *v, uint64_t index, char ret[2 * SHA256_HEX_BYTES],
                              bool *ret_found, struct error *err)
{
    struct span text;
    struct json_doc *doc;
    enum status st = audit_view_proved(v, index, &text, err);
    if (!st) st = json_parse(&doc, text.data, text.len, text.len + 1, "an audit entry", err);
    if (st) return st;
    const struct json *entry = json_root(doc), *body = json_get(entry, "body");
    *ret_found =
        span_equals(json_string(json_get(entry, "kind")), audit_kind_name(AUDIT_CONFIG_CHANGE)) &&
        span_equals(json_string(json_get(body, "command")), "serve");
    if (*ret_found)
        name_state(ret, json_text(json_get(body, "digest")),
                   json_bool(json_get(body, "accepted"), false));
    json_doc_free(doc);
    return STATUS_OK;
}

static enum status find_last(struct config_log *c, struct error *err)
{
    struct audit_view *v;
    enum status st = audit_view_open(&v, audit_folder(c->audit), audit_key(c->audit), err);
    if (st) return st;
    uint64_t size = audit_view_checkpoint(v)->size;
    bool found = false;
    for (uint64_t back = 1; back <= size && back <= CONFIG_LOOK_BACK_MAX && !found && !st; back++)
        st = read_entry(v, size - back, c->last, &found, err);
    audit_view_close(v);
    return st;
}

static void complain(const struct log *log, const struct error *err)
{
    log_write(log, LOG_ERROR, "audit", "the configuration is not logged: %s", err->text);
}

void config_log_open(struct config_log *ret, const struct log *log)
{
    struct error err;
    *ret = (struct config_log){ 0 };
    enum status st = audit_folder_open(&ret->audit, &err);
    if (st) ret->audit = NULL;
    if (!st) st = find_last(ret, &err);
    if (st) complain(log, &err);
}

void config_log_close(struct config_log *c)
{
    audit_close(c->audit);
    *c = (struct config_log){ 0 };
}

void config_log_look(struct config_log *c, const char *path)
{
    struct buf text = BUF_INIT(CONFIG_BYTES_MAX);
    uint8_t digest[SHA256_BYTES];
    c->digest[0] = 0;
    if (path && !file_read(&text, path, NULL) && !sha256_of(text.data, text.len, digest, NULL))
        sha256_hex(digest, c->digest);
    buf_release(&text);
}

static enum status append(struct config_log *c, bool accepted, struct error *err)
{
    char body[256];
    const char *quote = *c->digest ? "\"" : "";
    int n = snprintf(body, sizeof body, "{\"accepted\":%s,\"command\":\"serve\",\"digest\":%s%s%s}",
                     accepted ? "true" : "false", quote, *c->digest ? c->digest : "null", quote);
    const struct audit_event event = { AUDIT_CONFIG_CHANGE, { body, (size_t)n } };
    return audit_append(c->audit, &event, 1, NULL, err);
}

void config_log_note(struct config_log *c, bool accepted, const struct log *log)
{
    char now[2 * SHA256_HEX_BYTES];
    struct error err;
    name_state(now, c->digest, accepted);
    if (!c->audit || strcmp(now, c->last) == 0) return;
    if (append(c, accepted, &err)) complain(log, &err);
    else memcpy(c->last, now, sizeof now);
}
