/* Arguments of calls as models wrote them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/shape_calls.h"

#include <string.h>

#include "serve/server/shape_parts.h"
#include "serve/server/shape_store.h"

#define SAME_DEPTH_MAX 100 /* of values that are compared; deeper ones count as changed */

static const char *tenant_of(const struct shape_context *context)
{
    return context->tenant ? context->tenant : "";
}

void calls_keep(const struct shape_context *context, const char *id, struct span text)
{
    bool kept;
    if (!context->calls || text.len > CALL_TEXT_BYTES_MAX) return;
    shape_store_put(context->calls, tenant_of(context), id, text, &kept, NULL);
}

static bool same(const struct json *a, const struct json *b, int depth);

static bool same_members(const struct json *a, const struct json *b, int depth)
{
    if (json_length(a) != json_length(b)) return false;
    for (struct json_member m = json_first(a); m.value; m = json_next(a, m)) {
        const struct json *other = json_get(b, m.key.data);
        if (!other || !same(m.value, other, depth)) return false;
    }
    return true;
}

static bool same_items(const struct json *a, const struct json *b, int depth)
{
    if (json_length(a) != json_length(b)) return false;
    for (size_t i = 0; i < json_length(a); i++)
        if (!same(json_at(a, i), json_at(b, i), depth)) return false;
    return true;
}

static bool is_number(const struct json *v)
{
    return json_type(v) == JSON_INT || json_type(v) == JSON_REAL;
}

/* The same value, however written: members in any order, 1.0 for 1. */
static bool same(const struct json *a, const struct json *b, int depth)
{
    if (depth > SAME_DEPTH_MAX) return false;
    if (json_type(a) == JSON_INT && json_type(b) == JSON_INT)
        return json_int(a, 0) == json_int(b, 0);
    if (is_number(a) && is_number(b)) return json_number(a, 0) == json_number(b, 0);
    if (json_type(a) != json_type(b)) return false;
    struct span s = json_string(a), t = json_string(b);
    switch (json_type(a)) {
    case JSON_STRING: return s.len == t.len && memcmp(s.data, t.data, s.len) == 0;
    case JSON_BOOL: return json_bool(a, false) == json_bool(b, false);
    case JSON_ARRAY: return same_items(a, b, depth + 1);
    case JSON_OBJECT: return same_members(a, b, depth + 1);
    default: return true;
    }
}

static bool parse(struct json_doc **ret, struct span text)
{
    return text.len <= CALL_TEXT_BYTES_MAX &&
           !json_parse(ret, text.data, text.len, CALL_TEXT_BYTES_MAX, "a call", NULL);
}

/* The text that was kept, where it is one of this value. */
static bool find(const struct shape_context *context, struct span id, const struct json *value,
                 struct buf *ret)
{
    char name[PART_ID_BYTES];
    struct json_doc *doc;
    bool found = false;
    if (!id.len || id.len >= sizeof name) return false;
    memcpy(name, id.data, id.len);
    name[id.len] = 0;
    if (shape_store_get(context->calls, tenant_of(context), name, ret, &found, NULL) || !found ||
        !parse(&doc, (struct span){ ret->data, ret->len }))
        return false;
    bool ok = json_type(json_root(doc)) == JSON_OBJECT && same(json_root(doc), value, 0);
    json_doc_free(doc);
    return ok;
}

static void put_exact(struct json_writer *w, const struct shape_context *context, struct span id,
                      const struct json *value)
{
    struct buf text = BUF_INIT(CALL_TEXT_BYTES_MAX);
    if (find(context, id, value, &text)) {
        json_key(w, "exact");
        json_put_span(w, (struct span){ text.data, text.len });
    }
    buf_release(&text);
}

void calls_put_exact_text(struct json_writer *w, const struct shape_context *context,
                          struct span id, struct span arguments)
{
    struct json_doc *doc;
    if (!context || !context->calls || !parse(&doc, arguments)) return;
    put_exact(w, context, id, json_root(doc));
    json_doc_free(doc);
}

void calls_put_exact(struct json_writer *w, const struct shape_context *context, struct span id,
                     const struct json *arguments)
{
    struct span text = json_string(arguments);
    if (text.data) calls_put_exact_text(w, context, id, text);
    else if (context && context->calls && arguments) put_exact(w, context, id, arguments);
}
