/* Reading JSON: limits and messages around jansson.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A `struct json` is a jansson value seen through another name, so nothing is
 * copied. jansson's own names that are also ours (json_type, json_string, the
 * enumerators) are renamed while its header is read. Its functions of those
 * names are never called, and ours are hidden symbols, so neither library can
 * end up in the other's. */
#define json_type    jansson_type
#define json_string  jansson_string
#define JSON_OBJECT  JANSSON_OBJECT
#define JSON_ARRAY   JANSSON_ARRAY
#define JSON_STRING  JANSSON_STRING
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL    JANSSON_REAL
#define JSON_TRUE    JANSSON_TRUE
#define JSON_FALSE   JANSSON_FALSE
#define JSON_NULL    JANSSON_NULL
#include <jansson.h>
#undef json_type
#undef json_string
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL

#include "base/core/json.h"

#include "base/core/mem.h"

struct json_doc {
    json_t *root;
};

/* jansson's accessors take non-const values but only read them. */
static json_t *value_of(const struct json *v)
{
    return (json_t *)v;
}

static const struct json *seen(const json_t *v)
{
    return (const struct json *)v;
}

/* ---- parsing ---- */

struct place {
    size_t line;
    size_t column; /* in bytes */
};

static struct place place_of(const char *text, size_t at)
{
    struct place p = { .line = 1, .column = 1 };
    for (size_t i = 0; i < at; i++) {
        p.column++;
        if (text[i] == '\n') p = (struct place){ .line = p.line + 1, .column = 1 };
    }
    return p;
}

/* Where nesting first passes JSON_DEPTH_MAX, or `len`. jansson's own limit is higher and
 * fixed, and its parser recurses, so this runs before it. */
static size_t too_deep_at(const char *text, size_t len)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\') i++;
            else if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_DEPTH_MAX) return i;
        } else if ((c == ']' || c == '}') && depth) {
            depth--;
        }
    }
    return len;
}

static enum status refuse(const json_error_t *e, const char *what, struct error *err)
{
    enum json_error_code code = json_error_code(e);
    /* Where memory runs out jansson says so, or nothing at all. */
    if (code == json_error_out_of_memory || !e->text[0])
        return error_set(err, STATUS_NO_MEMORY, "out of memory parsing %s", what);
    enum status s = code == json_error_stack_overflow ? STATUS_LIMIT : STATUS_BAD_INPUT;
    return error_set(err, s, "%s: line %d, column %d: %s%s", what, e->line, e->column,
                     code == json_error_invalid_utf8 ? "invalid UTF-8, " : "", e->text);
}

static enum status check_shape(const char *text, size_t len, size_t bytes_max, const char *what,
                               struct error *err)
{
    if (len > bytes_max) {
        return error_set(err, STATUS_LIMIT, "%s has %zu bytes of JSON; the limit is %zu", what, len,
                         bytes_max);
    }
    /* jansson takes a NUL byte for the end and would ignore what follows it. */
    const char *nul = len ? memchr(text, 0, len) : NULL;
    if (nul) {
        struct place p = place_of(text, (size_t)(nul - text));
        return error_set(err, STATUS_BAD_INPUT, "%s: line %zu, column %zu: a NUL byte", what,
                         p.line, p.column);
    }
    size_t at = too_deep_at(text, len);
    if (at == len) return STATUS_OK;
    struct place p = place_of(text, at);
    return error_set(err, STATUS_LIMIT, "%s: line %zu, column %zu: nested deeper than %d levels",
                     what, p.line, p.column, JSON_DEPTH_MAX);
}

enum status json_parse(struct json_doc **ret, const char *text, size_t len, size_t bytes_max,
                       const char *what, struct error *err)
{
    enum status s = check_shape(text, len, bytes_max, what, err);
    if (s) return s;
    struct json_doc *doc = mem_zero(sizeof *doc);
    if (!doc) return error_set(err, STATUS_NO_MEMORY, "out of memory parsing %s", what);
    json_error_t e;
    doc->root = json_loadb(len ? text : "", len,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    if (!doc->root) {
        mem_free(doc);
        return refuse(&e, what, err);
    }
    *ret = doc;
    return STATUS_OK;
}

void json_doc_free(struct json_doc *doc)
{
    if (!doc) return;
    json_decref(doc->root);
    mem_free(doc);
}

const struct json *json_root(const struct json_doc *doc)
{
    return doc ? seen(doc->root) : NULL;
}

/* ---- values ---- */

enum json_type json_type(const struct json *v)
{
    if (!v) return JSON_NULL;
    switch (value_of(v)->type) {
    case JANSSON_OBJECT: return JSON_OBJECT;
    case JANSSON_ARRAY: return JSON_ARRAY;
    case JANSSON_STRING: return JSON_STRING;
    case JANSSON_INTEGER: return JSON_INT;
    case JANSSON_REAL: return JSON_REAL;
    case JANSSON_TRUE:
    case JANSSON_FALSE: return JSON_BOOL;
    case JANSSON_NULL: break;
    }
    return JSON_NULL;
}

bool json_bool(const struct json *v, bool fallback)
{
    return json_type(v) == JSON_BOOL ? value_of(v)->type == JANSSON_TRUE : fallback;
}

int64_t json_int(const struct json *v, int64_t fallback)
{
    enum json_type type = json_type(v);
    if (type == JSON_INT) return json_integer_value(value_of(v));
    if (type != JSON_REAL) return fallback;
    double d = json_real_value(value_of(v));
    if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0)) return fallback;
    int64_t whole = (int64_t)d;
    return (double)whole == d ? whole : fallback;
}

double json_number(const struct json *v, double fallback)
{
    enum json_type type = json_type(v);
    if (type == JSON_INT) return (double)json_integer_value(value_of(v));
    return type == JSON_REAL ? json_real_value(value_of(v)) : fallback;
}

struct span json_string(const struct json *v)
{
    if (json_type(v) != JSON_STRING) return (struct span){ NULL, 0 };
    return (struct span){ json_string_value(value_of(v)), json_string_length(value_of(v)) };
}

const char *json_text(const struct json *v)
{
    struct span s = json_string(v);
    return s.data && !memchr(s.data, 0, s.len) ? s.data : NULL;
}

size_t json_length(const struct json *v)
{
    enum json_type type = json_type(v);
    if (type == JSON_ARRAY) return json_array_size(value_of(v));
    return type == JSON_OBJECT ? json_object_size(value_of(v)) : 0;
}

const struct json *json_at(const struct json *array, size_t i)
{
    return json_type(array) == JSON_ARRAY ? seen(json_array_get(value_of(array), i)) : NULL;
}

static const struct json *get_span(const struct json *object, struct span key)
{
    if (json_type(object) != JSON_OBJECT) return NULL;
    return seen(json_object_getn(value_of(object), key.data, key.len));
}

const struct json *json_get(const struct json *object, const char *key)
{
    return get_span(object, span_of(key));
}

const struct json *json_path(const struct json *object, const char *path)
{
    const struct json *v = object;
    while (v) {
        const char *dot = strchr(path, '.');
        struct span key = { path, dot ? (size_t)(dot - path) : strlen(path) };
        v = get_span(v, key);
        if (!dot) break;
        path = dot + 1;
    }
    return v;
}

static struct json_member member_at(void *cursor)
{
    if (!cursor) return (struct json_member){ { NULL, 0 }, NULL, NULL };
    return (struct json_member){
        .key = { json_object_iter_key(cursor), json_object_iter_key_len(cursor) },
        .value = seen(json_object_iter_value(cursor)),
        .cursor = cursor,
    };
}

struct json_member json_first(const struct json *object)
{
    if (json_type(object) != JSON_OBJECT) return member_at(NULL);
    return member_at(json_object_iter(value_of(object)));
}

struct json_member json_next(const struct json *object, struct json_member m)
{
    return member_at(json_object_iter_next(value_of(object), m.cursor));
}
