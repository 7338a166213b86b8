/* hearth.lock: reading, comparing, pinning.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/registry/lock_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/durable.h"
#include "base/core/file.h"
#include "base/core/json_write.h"
#include "govern/audit/canonical.h"
#include "govern/registry/model_scan.h"

#define VERSION 1

static const char *const own_members[] = { "added_ms", "digest",    "facts",    "files",
                                           "hearth",   "main_file", "revision", "source" };

/* ---- reading ---- */

static enum status wrong(struct error *err, const char *path, const char *alias, const char *why)
{
    return error_set(err, STATUS_BAD_INPUT, "%s: the pin of \"%.128s\" is malformed: %s", path,
                     alias, why);
}

static bool is_digest(struct span text, bool prefixed)
{
    uint8_t digest[SHA256_BYTES];
    static const char prefix[] = "sha256:";
    if (prefixed) {
        if (text.len < sizeof prefix - 1 || memcmp(text.data, prefix, sizeof prefix - 1) != 0)
            return false;
        text.data += sizeof prefix - 1;
        text.len -= sizeof prefix - 1;
    }
    return text.data && sha256_from_hex(text.data, text.len, digest);
}

static bool is_text_or_null(const struct json *v)
{
    return json_type(v) == JSON_NULL || json_text(v);
}

static enum status check_files(const struct json *files, const char *path, const char *alias,
                               struct error *err)
{
    struct error why;
    if (json_type(files) != JSON_OBJECT || json_length(files) > REGISTRY_FILES_MAX)
        return wrong(err, path, alias, "\"files\" is no object, or too large");
    for (struct json_member m = json_first(files); m.value; m = json_next(files, m)) {
        const struct json *bytes = json_get(m.value, "bytes");
        if (model_scan_check_name(m.key.data, &why)) return wrong(err, path, alias, why.text);
        if (json_type(bytes) != JSON_INT || json_int(bytes, -1) < 0 ||
            !is_digest(json_string(json_get(m.value, "sha256")), false))
            return wrong(err, path, alias, "a file has no size or digest");
    }
    return STATUS_OK;
}

static enum status check_pin(const struct json *pin, const char *path, const char *alias,
                             struct error *err)
{
    enum status st = registry_check_alias(alias, err);
    if (st) return error_wrap(err, st, "%s", path);
    if (json_type(pin) != JSON_OBJECT) return wrong(err, path, alias, "it is no object");
    if (!is_digest(json_string(json_get(pin, "digest")), true))
        return wrong(err, path, alias, "\"digest\" is not \"sha256:\" and 64 digits");
    if (!json_text(json_get(pin, "source")) || !is_text_or_null(json_get(pin, "revision")) ||
        !is_text_or_null(json_get(pin, "main_file")))
        return wrong(err, path, alias, "\"source\", \"revision\" or \"main_file\" is no text");
    return check_files(json_get(pin, "files"), path, alias, err);
}

static enum status check_lock(const struct json *root, const char *path, struct error *err)
{
    const struct json *models = json_get(root, "models");
    int64_t version = json_int(json_get(root, "version"), 0);
    if (json_type(root) != JSON_OBJECT || json_type(models) != JSON_OBJECT)
        return error_set(err, STATUS_BAD_INPUT, "%s is no lock: \"models\" is missing", path);
    if (version != VERSION)
        return error_set(err, STATUS_UNSUPPORTED,
                         "%s has version %" PRId64 "; version %d is known here", path, version,
                         VERSION);
    for (struct json_member m = json_first(root); m.value; m = json_next(root, m))
        if (!span_equals(m.key, "models") && !span_equals(m.key, "version"))
            return error_set(err, STATUS_BAD_INPUT, "%s: unknown key \"%.64s\"", path, m.key.data);
    for (struct json_member m = json_first(models); m.value; m = json_next(models, m)) {
        enum status st = check_pin(m.value, path, m.key.data, err);
        if (st) return st;
    }
    return STATUS_OK;
}

enum status lock_file_parse(struct json_doc **ret, struct span text, const char *path,
                            struct error *err)
{
    struct json_doc *doc;
    enum status st = json_parse(&doc, text.data, text.len, LOCK_FILE_BYTES_MAX, path, err);
    if (st) return st;
    st = check_lock(json_root(doc), path, err);
    if (st) json_doc_free(doc);
    else *ret = doc;
    return st;
}

enum status lock_file_read(struct json_doc **ret, const char *path, struct error *err)
{
    static const char none[] = "{\"models\":{},\"version\":1}";
    struct buf text = BUF_INIT(LOCK_FILE_BYTES_MAX);
    enum status st = file_read(&text, path, err);
    if (st == STATUS_NOT_FOUND) {
        buf_clear(&text);
        st = lock_file_parse(ret, span_of(none), path, err);
    } else if (!st) st = lock_file_parse(ret, (struct span){ text.data, text.len }, path, err);
    buf_release(&text);
    return st;
}

const struct json *lock_file_model(const struct json_doc *doc, const char *alias)
{
    return json_get(json_get(json_root(doc), "models"), alias);
}

/* ---- comparing ---- */

static bool same_digest(const struct json *text, const char *prefix,
                        const uint8_t digest[SHA256_BYTES])
{
    char hex[SHA256_HEX_BYTES], whole[SHA256_HEX_BYTES + 8];
    sha256_hex(digest, hex);
    snprintf(whole, sizeof whole, "%s%s", prefix, hex);
    return span_equals(json_string(text), whole);
}

enum status lock_file_compare(const struct json *pin, const struct registry_model *m,
                              struct error *err)
{
    const struct json *files = json_get(pin, "files");
    const char *main_file = json_text(json_get(pin, "main_file"));
    for (size_t i = 0; i < m->file_count; i++) {
        const struct json *f = json_get(files, m->files[i].name);
        if (!f) return error_set(err, STATUS_BAD_INPUT, "%s is not pinned", m->files[i].name);
        if (json_int(json_get(f, "bytes"), -1) != (int64_t)m->files[i].bytes ||
            !same_digest(json_get(f, "sha256"), "", m->files[i].sha256))
            return error_set(err, STATUS_BAD_INPUT, "%s is pinned with another digest",
                             m->files[i].name);
    }
    if (json_length(files) != m->file_count)
        return error_set(err, STATUS_BAD_INPUT, "%zu files are pinned, and the model has %zu",
                         json_length(files), m->file_count);
    if ((main_file == NULL) != (m->main_file == NULL) ||
        (main_file && strcmp(main_file, m->main_file) != 0))
        return error_set(err, STATUS_BAD_INPUT, "another main file is pinned");
    if (!same_digest(json_get(pin, "digest"), "sha256:", m->digest))
        return error_set(err, STATUS_BAD_INPUT, "the digest of the pin is not that of its files");
    return STATUS_OK;
}

/* ---- writing ---- */

static void put_files(struct json_writer *w, const struct registry_model *m)
{
    char hex[SHA256_HEX_BYTES];
    json_key(w, "files");
    json_open_object(w);
    for (size_t i = 0; i < m->file_count; i++) {
        sha256_hex(m->files[i].sha256, hex);
        json_key(w, m->files[i].name);
        json_open_object(w);
        json_key(w, "bytes");
        json_put_int(w, (int64_t)m->files[i].bytes);
        json_key(w, "sha256");
        json_put_string(w, hex);
        json_close_object(w);
    }
    json_close_object(w);
}

static void put_own(struct json_writer *w, const struct registry_model *m, const struct json *facts)
{
    char hex[SHA256_HEX_BYTES], digest[SHA256_HEX_BYTES + 8];
    sha256_hex(m->digest, hex);
    snprintf(digest, sizeof digest, "sha256:%s", hex);
    json_key(w, "added_ms");
    json_put_int(w, m->added_ms);
    json_member_text(w, "digest", digest);
    json_key(w, "facts");
    json_put_value(w, facts);
    put_files(w, m);
    json_member_text(w, "hearth", HEARTH_VERSION);
    json_member_text(w, "main_file", m->main_file);
    json_member_text(w, "revision", m->revision);
    json_member_text(w, "source", m->source);
}

static bool is_own(struct span key)
{
    for (size_t i = 0; i < sizeof own_members / sizeof *own_members; i++)
        if (span_equals(key, own_members[i])) return true;
    return false;
}

/* What others keep about the model holds for these bytes only. */
static void put_others(struct json_writer *w, const struct json *old,
                       const struct registry_model *m)
{
    if (!same_digest(json_get(old, "digest"), "sha256:", m->digest)) return;
    for (struct json_member o = json_first(old); o.value; o = json_next(old, o)) {
        if (is_own(o.key)) continue;
        json_key_span(w, o.key);
        json_put_value(w, o.value);
    }
}

static enum status put_lock(struct buf *out, const struct json_doc *old, const char *alias,
                            const struct registry_model *m, struct error *err)
{
    const struct json *models = json_get(json_root(old), "models");
    struct json_doc *facts = NULL;
    struct json_writer w;
    if (m) {
        enum status st =
            json_parse(&facts, m->facts.data, m->facts.len, REGISTRY_FACTS_MAX, "the facts", err);
        if (st) return st;
    }
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_key(&w, "models");
    json_open_object(&w);
    for (struct json_member o = json_first(models); o.value; o = json_next(models, o)) {
        if (span_equals(o.key, alias)) continue;
        json_key_span(&w, o.key);
        json_put_value(&w, o.value);
    }
    if (m) {
        json_key(&w, alias);
        json_open_object(&w);
        put_own(&w, m, json_root(facts));
        put_others(&w, lock_file_model(old, alias), m);
        json_close_object(&w);
    }
    json_close_object(&w);
    json_key(&w, "version");
    json_put_int(&w, VERSION);
    json_close_object(&w);
    json_doc_free(facts);
    return buf_check(out, "the lock", err);
}

/* Sorted, and laid out for people and for diff. */
static enum status lay_out(struct buf *out, struct span text, const char *path, struct error *err)
{
    struct json_doc *doc;
    enum status st = lock_file_parse(&doc, text, path, err);
    if (st) return st;
    st = canonical_write_lines(out, json_root(doc), 2, err);
    buf_byte(out, '\n');
    json_doc_free(doc);
    return st ? st : buf_check(out, "the lock", err);
}

static enum status replace(const char *path, const struct buf *text, struct error *err)
{
    char temporary[REGISTRY_PATH_BYTES];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", path);
    return durable_write(path, temporary, text->data, text->len, 0644, err);
}

static enum status replace_laid_out(const char *path, const struct buf *raw, struct error *err)
{
    struct buf text = BUF_INIT(LOCK_FILE_BYTES_MAX);
    enum status st = lay_out(&text, (struct span){ raw->data, raw->len }, path, err);
    if (!st) st = replace(path, &text, err);
    buf_release(&text);
    return st;
}

enum status lock_file_pin(const char *path, const char *alias, const struct registry_model *m,
                          struct error *err)
{
    struct json_doc *old;
    struct buf raw = BUF_INIT(LOCK_FILE_BYTES_MAX);
    enum status st = lock_file_read(&old, path, err);
    if (st) return st;
    if (m || lock_file_model(old, alias)) {
        st = put_lock(&raw, old, alias, m, err);
        if (!st) st = replace_laid_out(path, &raw, err);
    }
    json_doc_free(old);
    buf_release(&raw);
    return st;
}

/* ---- what others keep ---- */

static void copy_members(struct json_writer *w, const struct json *object, const char *but)
{
    for (struct json_member m = json_first(object); m.value; m = json_next(object, m)) {
        if (span_equals(m.key, but)) continue;
        json_key_span(w, m.key);
        json_put_value(w, m.value);
    }
}

static enum status put_annotated(struct buf *out, const struct json_doc *old, const char *alias,
                                 const char *key, const struct json *value, struct error *err)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_key(&w, "models");
    json_open_object(&w);
    copy_members(&w, json_get(json_root(old), "models"), alias);
    json_key(&w, alias);
    json_open_object(&w);
    copy_members(&w, lock_file_model(old, alias), key);
    json_key(&w, key);
    json_put_value(&w, value);
    json_close_object(&w);
    json_close_object(&w);
    json_key(&w, "version");
    json_put_int(&w, VERSION);
    json_close_object(&w);
    return buf_check(out, "the lock", err);
}

enum status lock_file_annotate(const char *path, const char *alias, const char *key,
                               struct span json, struct error *err)
{
    struct json_doc *old, *value = NULL;
    struct buf raw = BUF_INIT(LOCK_FILE_BYTES_MAX);
    enum status st = lock_file_read(&old, path, err);
    if (st) return st;
    if (!lock_file_model(old, alias))
        st = error_set(err, STATUS_NOT_FOUND, "\"%.128s\" is not pinned in %s", alias, path);
    if (!st) st = json_parse(&value, json.data, json.len, LOCK_FILE_BYTES_MAX, key, err);
    if (!st) st = put_annotated(&raw, old, alias, key, json_root(value), err);
    if (!st) st = replace_laid_out(path, &raw, err);
    json_doc_free(value);
    json_doc_free(old);
    buf_release(&raw);
    return st;
}
