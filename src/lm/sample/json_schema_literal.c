/* Schemas found once: pointers, references, and which keywords may stand there.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/utf8.h"
#include "lm/sample/json_schema_inner.h"
#include "lm/sample/regex.h"

#define FOUND_DEPTH_MAX 64

const char *pointer_join(struct build *b, const char *pointer, struct span key)
{
    size_t at = strlen(pointer), more = 2;
    for (size_t i = 0; i < key.len; i++)
        more += key.data[i] == '~' || key.data[i] == '/' ? 2 : 1;
    char *p = build_array(b, at + more, 1);
    if (!p) return "";
    memcpy(p, pointer, at);
    p[at++] = '/';
    for (size_t i = 0; i < key.len; i++) {
        if (key.data[i] == '~' || key.data[i] == '/') {
            p[at++] = '~';
            p[at++] = key.data[i] == '~' ? '0' : '1';
        } else p[at++] = key.data[i];
    }
    return p;
}

static const char *pointer_index(struct build *b, const char *pointer, size_t i)
{
    char text[24];
    size_t at = sizeof text;
    do
        text[--at] = (char)('0' + i % 10);
    while (i /= 10);
    return pointer_join(b, pointer, (struct span){ text + at, sizeof text - at });
}

static uint32_t find_or_add(struct schema_build *s, const struct json *value,
                            const struct json *root, const char *pointer, bool constant)
{
    uintptr_t address = (uintptr_t)value;
    uint32_t words[] = { (uint32_t)address, (uint32_t)((uint64_t)address >> 32), constant };
    bool is_new;
    uint32_t i = word_set_add(s->b, &s->by_value, words, 3, &is_new);
    if (i == UINT32_MAX) return CODE_FAILED;
    i++; /* entry 0 is `true` */
    if (!is_new) return i * 2;
    if (i >= SCHEMA_LITERALS_MAX) {
        build_fail(s->b, STATUS_LIMIT, "%s%s: the schema has more than %d parts", s->base, pointer,
                   SCHEMA_LITERALS_MAX);
        return CODE_FAILED;
    }
    if (!build_grow(s->b, &s->literals, &s->literals_cap, i, sizeof *s->literals))
        return CODE_FAILED;
    s->literals[i] =
        (struct literal){ .value = value, .root = root, .pointer = pointer, .constant = constant };
    s->literal_count = i + 1;
    return i * 2;
}

/* A schema with its own address is what "#" inside it means. */
static const struct json *root_of(const struct schema_build *s, const struct json *value,
                                  const struct json *root)
{
    struct span id = json_string(json_get(value, s->draft == DRAFT_4 ? "id" : "$id"));
    return id.len && id.data[0] != '#' ? value : root;
}

uint32_t literal_schema(struct schema_build *s, const struct json *value, const struct json *root,
                        const char *pointer)
{
    if (json_type(value) == JSON_BOOL) return json_bool(value, true) ? CODE_TRUE : CODE_FALSE;
    if (!value || json_type(value) != JSON_OBJECT) {
        build_fail(s->b, STATUS_BAD_INPUT, "%s%s: a schema is an object, true or false", s->base,
                   pointer);
        return CODE_FAILED;
    }
    if (json_length(value) == 0) return CODE_TRUE;
    return find_or_add(s, value, root_of(s, value, root), pointer, false);
}

uint32_t literal_constant(struct schema_build *s, const struct json *value, const char *pointer)
{
    return find_or_add(s, value, NULL, pointer, true);
}

uint32_t literal_child(struct schema_build *s, uint32_t entry, const char *key, int64_t i)
{
    struct literal l = s->literals[entry];
    const struct json *value = json_get(l.value, key);
    const char *pointer = pointer_join(s->b, l.pointer, span_of(key));
    if (i >= 0) {
        value = json_at(value, (size_t)i);
        pointer = pointer_index(s->b, pointer, (size_t)i);
    }
    return s->b->status ? CODE_FAILED : literal_schema(s, value, l.root, pointer);
}

uint32_t literal_member(struct schema_build *s, uint32_t entry, const char *key,
                        struct json_member m)
{
    struct literal l = s->literals[entry];
    const char *pointer = pointer_join(s->b, pointer_join(s->b, l.pointer, span_of(key)), m.key);
    return s->b->status ? CODE_FAILED : literal_schema(s, m.value, l.root, pointer);
}

/* --- keywords --- */

enum keyword_use {
    USE_SCHEMA,  /* the value is a schema */
    USE_SCHEMAS, /* an array of them, not empty */
    USE_NAMED,   /* an object of them */
    USE_PATTERNS,
    USE_COUNT, /* an integer from 0 */
    USE_NUMBER,
    USE_TEXT,
    USE_BOUND, /* a number; in draft 4 a boolean */
    USE_ARRAY,
    USE_NAMES, /* an array of strings */
    USE_BOOL,
    USE_ANY,
    USE_REFUSED,
};
static const struct keyword {
    const char *name;
    enum keyword_use use;
} keywords[] = {
    { "type", USE_ANY },
    { "enum", USE_ARRAY },
    { "const", USE_ANY },
    { "multipleOf", USE_NUMBER },
    { "minimum", USE_NUMBER },
    { "maximum", USE_NUMBER },
    { "exclusiveMinimum", USE_BOUND },
    { "exclusiveMaximum", USE_BOUND },
    { "minLength", USE_COUNT },
    { "maxLength", USE_COUNT },
    { "pattern", USE_TEXT },
    { "format", USE_TEXT },
    { "items", USE_ANY },
    { "prefixItems", USE_SCHEMAS },
    { "minItems", USE_COUNT },
    { "maxItems", USE_COUNT },
    { "uniqueItems", USE_BOOL },
    { "contains", USE_SCHEMA },
    { "minContains", USE_COUNT },
    { "maxContains", USE_COUNT },
    { "properties", USE_NAMED },
    { "patternProperties", USE_PATTERNS },
    { "additionalProperties", USE_SCHEMA },
    { "propertyNames", USE_SCHEMA },
    { "required", USE_NAMES },
    { "minProperties", USE_COUNT },
    { "maxProperties", USE_COUNT },
    { "dependentRequired", USE_ANY },
    { "dependentSchemas", USE_NAMED },
    { "dependencies", USE_ANY },
    { "allOf", USE_SCHEMAS },
    { "anyOf", USE_SCHEMAS },
    { "oneOf", USE_SCHEMAS },
    { "not", USE_SCHEMA },
    { "if", USE_SCHEMA },
    { "then", USE_SCHEMA },
    { "else", USE_SCHEMA },
    { "unevaluatedItems", USE_REFUSED },
    { "unevaluatedProperties", USE_REFUSED },
    { "$dynamicRef", USE_REFUSED },
    { "$recursiveRef", USE_REFUSED },
    { "extends", USE_REFUSED },
    { "disallow", USE_REFUSED },
    { "divisibleBy", USE_REFUSED },
};

static bool is_array_of(const struct json *v, enum json_type type)
{
    for (size_t i = 0; i < json_length(v); i++)
        if (json_type(json_at(v, i)) != type) return false;
    return json_type(v) == JSON_ARRAY;
}

static const char *wanted(const struct schema_build *s, enum keyword_use use, const struct json *v)
{
    enum json_type t = json_type(v);
    switch (use) {
    case USE_SCHEMA: return t == JSON_OBJECT || t == JSON_BOOL ? NULL : "a schema";
    case USE_SCHEMAS: return t == JSON_ARRAY && json_length(v) ? NULL : "an array of schemas";
    case USE_NAMED:
    case USE_PATTERNS: return t == JSON_OBJECT ? NULL : "an object";
    case USE_COUNT:
        return (t == JSON_INT || t == JSON_REAL) && json_int(v, -1) >= 0
                   ? NULL
                   : "an integer, zero or more";
    case USE_BOUND:
        if (t == JSON_BOOL && s->draft == DRAFT_4) return NULL;
        /* fall through */
    case USE_NUMBER: return t == JSON_INT || t == JSON_REAL ? NULL : "a number";
    case USE_TEXT: return t == JSON_STRING ? NULL : "a string";
    case USE_ARRAY: return t == JSON_ARRAY ? NULL : "an array";
    case USE_NAMES: return is_array_of(v, JSON_STRING) ? NULL : "an array of strings";
    case USE_BOOL: return t == JSON_BOOL ? NULL : "true or false";
    case USE_ANY:
    case USE_REFUSED: return NULL;
    }
    return NULL;
}

static bool type_known(const struct json *type)
{
    static const char *const names[] = { "null",   "boolean", "number", "integer",
                                         "string", "array",   "object" };
    const char *text = json_text(type);
    for (size_t i = 0; text && i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) return true;
    return false;
}

static bool check_type(struct schema_build *s, const struct literal *l)
{
    const struct json *type = json_get(l->value, "type");
    bool known = !type || type_known(type);
    if (json_type(type) == JSON_ARRAY) {
        known = json_length(type) > 0;
        for (size_t i = 0; i < json_length(type); i++)
            known = known && type_known(json_at(type, i));
    }
    if (known) return true;
    return build_fail(s->b, STATUS_BAD_INPUT,
                      "%s%s/type: not a type; there are null, boolean, number, integer, string, "
                      "array, object, and arrays of them",
                      s->base, l->pointer);
}

static bool check_keyword(struct schema_build *s, const struct literal *l, struct json_member m)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (!span_equals(m.key, keywords[i].name)) continue;
        if (keywords[i].use == USE_REFUSED)
            return build_fail(s->b, STATUS_UNSUPPORTED, "%s%s/%s: keyword \"%s\" is not supported",
                              s->base, l->pointer, keywords[i].name, keywords[i].name);
        const char *want = wanted(s, keywords[i].use, m.value);
        if (want)
            return build_fail(s->b, STATUS_BAD_INPUT, "%s%s/%s: has to be %s", s->base, l->pointer,
                              keywords[i].name, want);
    }
    return true; /* an annotation, as the specification has it */
}

bool literal_check(struct schema_build *s, uint32_t entry)
{
    struct literal *l = s->literals + entry;
    if (l->checked || l->constant || !l->value) return true;
    l->checked = true;
    const char *ref = reference_key(s, l->value);
    if (ref && s->draft < DRAFT_2019) return true; /* nothing beside it counts */
    for (struct json_member m = json_first(l->value); m.value; m = json_next(l->value, m))
        if (!check_keyword(s, l, m)) return false;
    return check_type(s, l);
}

bool type_allows(const struct json *type, const char *name)
{
    if (!type) return true;
    if (json_type(type) == JSON_STRING) return span_equals(json_string(type), name);
    for (size_t i = 0; i < json_length(type); i++)
        if (span_equals(json_string(json_at(type, i)), name)) return true;
    return false;
}

bool json_same(const struct json *a, const struct json *b)
{
    enum json_type x = json_type(a), y = json_type(b);
    bool numbers = (x == JSON_INT || x == JSON_REAL) && (y == JSON_INT || y == JSON_REAL);
    if (numbers) {
        if (x == JSON_INT && y == JSON_INT) return json_int(a, 0) == json_int(b, 0);
        return json_number(a, 0) == json_number(b, 0);
    }
    if (x != y) return false;
    if (x == JSON_BOOL) return json_bool(a, false) == json_bool(b, false);
    if (x == JSON_STRING) {
        struct span p = json_string(a), q = json_string(b);
        return p.len == q.len && memcmp(p.data, q.data, p.len) == 0;
    }
    if (x == JSON_NULL) return true;
    if (json_length(a) != json_length(b)) return false;
    if (x == JSON_ARRAY) {
        for (size_t i = 0; i < json_length(a); i++)
            if (!json_same(json_at(a, i), json_at(b, i))) return false;
        return true;
    }
    for (struct json_member m = json_first(a); m.value; m = json_next(a, m)) {
        const struct json *other = NULL;
        for (struct json_member n = json_first(b); n.value; n = json_next(b, n))
            if (n.key.len == m.key.len && memcmp(n.key.data, m.key.data, m.key.len) == 0)
                other = n.value;
        if (!other || !json_same(m.value, other)) return false;
    }
    return true;
}

/* --- references --- */

const char *reference_key(const struct schema_build *s, const struct json *schema)
{
    return json_type(json_get(schema, "$ref")) == JSON_STRING ? "$ref" : NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One token of a pointer in a URI: %41 and ~1 undone. */
static struct span token_of(struct build *b, struct span raw)
{
    char *p = build_array(b, raw.len + 1, 1);
    size_t n = 0;
    for (size_t i = 0; p && i < raw.len; i++) {
        char c = raw.data[i];
        if (c == '%' && i + 2 < raw.len && hex_digit(raw.data[i + 1]) >= 0 &&
            hex_digit(raw.data[i + 2]) >= 0) {
            c = (char)(hex_digit(raw.data[i + 1]) * 16 + hex_digit(raw.data[i + 2]));
            i += 2;
        }
        if (n && p[n - 1] == '~' && (c == '0' || c == '1')) p[n - 1] = c == '0' ? '~' : '/';
        else p[n++] = c;
    }
    return (struct span){ p, n };
}

static const struct json *member_of(const struct json *object, struct span key)
{
    for (struct json_member m = json_first(object); m.value; m = json_next(object, m))
        if (m.key.len == key.len && memcmp(m.key.data, key.data, key.len) == 0) return m.value;
    return NULL;
}

/* Follows "/a/b/0"; *ret_root becomes the last schema on the way that has its own address. */
static const struct json *follow(struct schema_build *s, const struct json *from,
                                 struct span pointer, const struct json **ret_root)
{
    const struct json *v = from;
    *ret_root = from;
    while (v && pointer.len) {
        const char *end = memchr(pointer.data + 1, '/', pointer.len - 1);
        size_t n = end ? (size_t)(end - pointer.data) - 1 : pointer.len - 1;
        struct span token = token_of(s->b, (struct span){ pointer.data + 1, n });
        pointer.data += n + 1;
        pointer.len -= n + 1;
        if (json_type(v) == JSON_ARRAY) {
            size_t i = 0;
            if (!token.len || token.len > 9) return NULL;
            for (size_t k = 0; k < token.len; k++) {
                if (token.data[k] < '0' || token.data[k] > '9') return NULL;
                i = i * 10 + (size_t)(token.data[k] - '0');
            }
            v = i < json_length(v) ? json_at(v, i) : NULL;
        } else v = member_of(v, token);
        if (v) *ret_root = root_of(s, v, *ret_root);
    }
    return v;
}

struct sought {
    struct span id;     /* an address, without fragment; empty: none is sought */
    struct span anchor; /* or a name */
    const struct json *found, *found_root;
};

static bool ends_with_path(struct span whole, struct span tail)
{
    if (whole.len == tail.len) return memcmp(whole.data, tail.data, tail.len) == 0;
    return whole.len > tail.len && tail.len && tail.data[0] != '/' &&
           whole.data[whole.len - tail.len - 1] == '/' &&
           memcmp(whole.data + whole.len - tail.len, tail.data, tail.len) == 0;
}

/* Looks through all of the document for the address or name. */
static void seek(const struct schema_build *s, struct sought *k, const struct json *v,
                 const struct json *root, int depth)
{
    if (k->found || depth > FOUND_DEPTH_MAX) return;
    if (json_type(v) == JSON_ARRAY) {
        for (size_t i = 0; i < json_length(v); i++)
            seek(s, k, json_at(v, i), root, depth + 1);
        return;
    }
    if (json_type(v) != JSON_OBJECT) return;
    if (k->anchor.len && depth > 0 && root_of(s, v, root) == v) return; /* names of another address */
    root = root_of(s, v, root);
    struct span id = json_string(json_get(v, s->draft == DRAFT_4 ? "id" : "$id"));
    struct span anchor = json_string(json_get(v, "$anchor"));
    if (id.len && id.data[id.len - 1] == '#') id.len--;
    bool hit = k->id.len && id.len && ends_with_path(id, k->id);
    if (k->anchor.len && anchor.len == k->anchor.len &&
        memcmp(anchor.data, k->anchor.data, anchor.len) == 0)
        hit = true;
    if (k->anchor.len && id.len == k->anchor.len + 1 && id.data[0] == '#' &&
        memcmp(id.data + 1, k->anchor.data, k->anchor.len) == 0)
        hit = true;
    if (hit) {
        k->found = v;
        k->found_root = root;
        return;
    }
    for (struct json_member m = json_first(v); m.value; m = json_next(v, m))
        if (!span_equals(m.key, "enum") && !span_equals(m.key, "const"))
            seek(s, k, m.value, root, depth + 1);
}

static uint32_t no_target(struct schema_build *s, const struct literal *l, struct span ref)
{
    build_fail(s->b, STATUS_UNSUPPORTED,
               "%s%s/$ref: \"%.*s\" is not in this document; nothing is fetched, put the schema "
               "into $defs",
               s->base, l->pointer, (int)(ref.len < 200 ? ref.len : 200), ref.data);
    return CODE_FAILED;
}

/* The base address of a resource, up to its last '/': "" where it has none. */
static struct span address_of(const struct schema_build *s, const struct json *root)
{
    return json_string(json_get(root, s->draft == DRAFT_4 ? "id" : "$id"));
}

uint32_t literal_reference(struct schema_build *s, uint32_t entry, const char *key)
{
    struct literal l = s->literals[entry];
    struct span ref = json_string(json_get(l.value, key)), fragment = { "", 0 }, address = ref;
    const char *hash = memchr(ref.data, '#', ref.len);
    const struct json *target = l.root, *root = l.root;
    if (hash) {
        address.len = (size_t)(hash - ref.data);
        fragment = (struct span){ hash + 1, ref.len - address.len - 1 };
    }
    struct span own = address_of(s, l.root);
    if (own.len && own.data[own.len - 1] == '#') own.len--;
    if (address.len && !(own.len == address.len && memcmp(own.data, address.data, own.len) == 0)) {
        struct sought k = { .id = address };
        seek(s, &k, s->document, s->document, 0);
        if (!k.found) return no_target(s, &l, ref);
        target = root = k.found;
    }
    if (fragment.len && fragment.data[0] != '/') {
        struct sought k = { .anchor = token_of(s->b, fragment) };
        seek(s, &k, target, root, 0);
        target = k.found;
        root = k.found_root;
    } else if (fragment.len) {
        const struct json *from = target;
        target = follow(s, from, fragment, &root);
        if (!target && !address.len) target = follow(s, s->document, fragment, &root);
    }
    if (!target) return no_target(s, &l, ref);
    struct span shown = { fragment.data, fragment.len };
    const char *pointer = build_text(s->b, shown.data, shown.len);
    if (!pointer) return CODE_FAILED;
    return literal_schema(s, target, root, pointer);
}

/* --- patterns --- */

struct automaton *pattern_find(struct schema_build *s, struct span text, const char *where)
{
    for (size_t i = 0; i < s->pattern_count; i++)
        if (s->patterns[i].text.len == text.len &&
            memcmp(s->patterns[i].text.data, text.data, text.len) == 0)
            return s->patterns[i].a;
    struct automaton *a = regex_automaton(s->b, regex_parse(s->b, text, where), true, where);
    if (!a ||
        !build_grow(s->b, &s->patterns, &s->patterns_cap, s->pattern_count, sizeof *s->patterns))
        return NULL;
    s->patterns[s->pattern_count++] = (struct pattern_entry){ text, a };
    return a;
}

bool automaton_accepts(const struct automaton *a, struct span text)
{
    uint32_t state = a->start;
    for (size_t i = 0; i < text.len && state; i++)
        state = automaton_next(a, state, (uint8_t)text.data[i]);
    return state && a->accept[state];
}
