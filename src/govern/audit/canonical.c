/* Canonical JSON.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/audit/canonical.h"

#include <stdlib.h>
#include <string.h>

#include "base/core/json_write.h"
#include "base/core/mem.h"

#define INTEGER_MAX ((int64_t)1 << 53)

static int compare_members(const void *a, const void *b)
{
    struct span x = ((const struct json_member *)a)->key, y = ((const struct json_member *)b)->key;
    int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    return order ? order : x.len < y.len ? -1 : x.len > y.len;
}

static enum status put_value(struct json_writer *w, const struct json *v, struct error *err);

static enum status put_object(struct json_writer *w, const struct json *v, struct error *err)
{
    size_t count = json_length(v), n = 0;
    if (count > CANONICAL_MEMBERS_MAX)
        return error_set(err, STATUS_LIMIT, "an object of %zu members; at most %d are kept", count,
                         CANONICAL_MEMBERS_MAX);
    struct json_member *members = mem_array(count + 1, sizeof *members);
    if (!members) return error_set(err, STATUS_NO_MEMORY, "no memory for %zu members", count);
    for (struct json_member m = json_first(v); m.value; m = json_next(v, m))
        members[n++] = m;
    qsort(members, n, sizeof *members, compare_members);
    enum status st = STATUS_OK;
    json_open_object(w);
    for (size_t i = 0; i < n && !st; i++) {
        json_key_span(w, members[i].key);
        st = put_value(w, members[i].value, err);
    }
    if (!st) json_close_object(w);
    mem_free(members);
    return st;
}

static enum status put_array(struct json_writer *w, const struct json *v, struct error *err)
{
    enum status st = STATUS_OK;
    json_open_array(w);
    for (size_t i = 0; i < json_length(v) && !st; i++)
        st = put_value(w, json_at(v, i), err);
    if (!st) json_close_array(w);
    return st;
}

/* Recursion is bounded: the reader refuses what is deeper than JSON_DEPTH_MAX. */
static enum status put_value(struct json_writer *w, const struct json *v, struct error *err)
{
    switch (json_type(v)) {
    case JSON_OBJECT: return put_object(w, v, err);
    case JSON_ARRAY: return put_array(w, v, err);
    case JSON_INT: {
        int64_t n = json_int(v, 0);
        if (n > INTEGER_MAX || n < -INTEGER_MAX)
            return error_set(err, STATUS_BAD_INPUT, "%lld is past what every reader holds exactly",
                             (long long)n);
        json_put_int(w, n);
        return STATUS_OK;
    }
    case JSON_REAL:
        return error_set(err, STATUS_BAD_INPUT,
                         "%g is no integer, and only integers have one spelling",
                         json_number(v, 0));
    default: json_put_value(w, v); return STATUS_OK;
    }
}

enum status canonical_write(struct buf *out, const struct json *value, struct error *err)
{
    return canonical_write_lines(out, value, 0, err);
}

enum status canonical_write_lines(struct buf *out, const struct json *value, int indent,
                                  struct error *err)
{
    struct json_writer w;
    json_writer_init(&w, out, indent);
    enum status st = put_value(&w, value, err);
    return st ? st : buf_check(out, "canonical JSON", err);
}

enum status canonical_check(struct span text, bool *ret, struct error *err)
{
    struct json_doc *doc;
    struct buf again = BUF_INIT(2 * text.len + 64);
    struct error why;
    enum status st = json_parse(&doc, text.data, text.len, text.len + 1, "an entry", &why);
    if (!st) {
        st = canonical_write(&again, json_root(doc), &why);
        json_doc_free(doc);
    }
    bool same = !st && again.len == text.len && memcmp(again.data, text.data, text.len) == 0;
    buf_release(&again);
    if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", why.text);
    *ret = same;
    return STATUS_OK;
}
