/* The types that a request's tools give their parameters, and values read by them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Of JSON Schema this knows what says a type: type, enum, const, anyOf, oneOf, allOf and references
 * inside the tool's own schema. */
#include <string.h>

#include "lm/chat/parse_inner.h"

#define SCHEMA_DEPTH_MAX 8

static const struct json *function_of(const struct json *tool)
{
    const struct json *function = json_get(tool, "function");
    return json_type(function) == JSON_OBJECT ? function : tool;
}

const struct json *schema_tool(const struct json *tools, struct span name)
{
    for (size_t i = 0; i < json_length(tools); i++) {
        const struct json *function = function_of(json_at(tools, i));
        struct span own = json_string(json_get(function, "name"));
        if (own.data && own.len == name.len && memcmp(own.data, name.data, own.len) == 0)
            return function;
    }
    return NULL;
}

static const struct json *member(const struct json *object, const struct name_text *key)
{
    for (struct json_member m = json_first(object); m.value; m = json_next(object, m))
        if (m.key.len == key->len && memcmp(m.key.data, key->text, key->len) == 0) return m.value;
    return NULL;
}

static unsigned type_named(struct span name)
{
    static const struct {
        const char *name;
        unsigned type;
    } types[] = {
        { "string", TYPE_STRING },   { "integer", TYPE_INTEGER }, { "number", TYPE_NUMBER },
        { "boolean", TYPE_BOOLEAN }, { "null", TYPE_NULL },       { "array", TYPE_ARRAY },
        { "object", TYPE_OBJECT },
    };
    for (size_t i = 0; name.data && i < sizeof types / sizeof *types; i++)
        if (span_equals(name, types[i].name)) return types[i].type;
    return 0;
}

static unsigned type_of(const struct json *v)
{
    switch (json_type(v)) {
    case JSON_BOOL: return TYPE_BOOLEAN;
    case JSON_INT: return TYPE_INTEGER;
    case JSON_REAL: return TYPE_NUMBER;
    case JSON_STRING: return TYPE_STRING;
    case JSON_ARRAY: return TYPE_ARRAY;
    case JSON_OBJECT: return TYPE_OBJECT;
    default: return TYPE_NULL;
    }
}

/* "#/$defs/unit" inside the tool's schema; NULL when it leads elsewhere. */
static const struct json *referred(const struct json *root, struct span pointer)
{
    struct name_text key;
    if (!pointer.data || pointer.len < 2 || memcmp(pointer.data, "#/", 2) != 0) return NULL;
    for (size_t at = 2; root && at <= pointer.len;) {
        const char *slash = memchr(pointer.data + at, '/', pointer.len - at);
        size_t len = slash ? (size_t)(slash - pointer.data) - at : pointer.len - at;
        if (len > sizeof key.text) return NULL;
        memcpy(key.text, pointer.data + at, len);
        key.len = len;
        root = member(root, &key);
        at += len + 1;
    }
    return root;
}

static unsigned types_of(const struct json *schema, const struct json *root, int depth)
{
    static const char *const unions[] = { "anyOf", "oneOf", "allOf" };
    const struct json *type = json_get(schema, "type"), *values = json_get(schema, "enum"),
                      *constant = json_get(schema, "const");
    unsigned types = type_named(json_string(type));
    if (depth == SCHEMA_DEPTH_MAX || json_type(schema) != JSON_OBJECT) return 0;
    if (json_type(type) == JSON_ARRAY)
        for (size_t i = 0; i < json_length(type); i++)
            types |= type_named(json_string(json_at(type, i)));
    if (types) return types;
    if (json_get(schema, "$ref"))
        return types_of(referred(root, json_string(json_get(schema, "$ref"))), root, depth + 1);
    if (constant) return type_of(constant);
    if (json_type(values) == JSON_ARRAY)
        for (size_t i = 0; i < json_length(values); i++)
            types |= type_of(json_at(values, i));
    for (size_t u = 0; u < sizeof unions / sizeof *unions; u++) {
        const struct json *parts = json_get(schema, unions[u]);
        for (size_t i = 0; json_type(parts) == JSON_ARRAY && i < json_length(parts); i++)
            types |= types_of(json_at(parts, i), root, depth + 1);
    }
    return types;
}

unsigned schema_types(const struct json *tools, const struct name_text *tool,
                      const struct name_text *parameter)
{
    const struct json *function = schema_tool(tools, (struct span){ tool->text, tool->len });
    const struct json *root = json_get(function, "parameters");
    if (!root) root = json_get(function, "input_schema");
    const struct json *schema = member(json_get(root, "properties"), parameter);
    if (!schema) schema = json_get(root, "additionalProperties");
    return types_of(schema, root, 0);
}

enum parse_value parse_value_of(const struct json *parameters, struct span key)
{
    struct name_text name;
    if (key.len > sizeof name.text) return PARSE_VALUE_EITHER;
    memcpy(name.text, key.data, key.len);
    name.len = key.len;
    unsigned types = types_of(member(json_get(parameters, "properties"), &name), parameters, 0);
    if (types == TYPE_STRING) return PARSE_VALUE_TEXT;
    return types && !(types & TYPE_STRING) ? PARSE_VALUE_JSON : PARSE_VALUE_EITHER;
}

/* ---- values ---- */

static unsigned type_of_text(char first)
{
    switch (first) {
    case '{': return TYPE_OBJECT;
    case '[': return TYPE_ARRAY;
    case '"': return TYPE_STRING;
    case 't':
    case 'f': return TYPE_BOOLEAN;
    case 'n': return TYPE_NULL;
    case '0': return TYPE_INTEGER | TYPE_NUMBER;
    case '.': return TYPE_NUMBER;
    default: return 0;
    }
}

static struct span trimmed(struct span s)
{
    while (s.len && strchr(" \t\r\n", *s.data) && *s.data) {
        s.data++;
        s.len--;
    }
    while (s.len && strchr(" \t\r\n", s.data[s.len - 1]) && s.data[s.len - 1])
        s.len--;
    return s;
}

/* Some templates print values as Python does: True, False, None. */
static const char *python_word(unsigned types, struct span text)
{
    if (types & TYPE_BOOLEAN) {
        if (span_equals(text, "True") || span_equals(text, "TRUE")) return "true";
        if (span_equals(text, "False") || span_equals(text, "FALSE")) return "false";
    }
    return types & TYPE_NULL && span_equals(text, "None") ? "null" : NULL;
}

bool schema_value(unsigned types, struct span text, struct buf *out)
{
    text = trimmed(text);
    const char *word = python_word(types, text);
    if (word) return buf_text(out, word);
    unsigned type = type_of_text(json_scan_text(text.data, text.len));
    bool printed = !type && types & (TYPE_ARRAY | TYPE_OBJECT) && !(types & TYPE_STRING);
    if (printed && python_value(text, out)) return true;
    if (!type || (!types && type == TYPE_STRING)) return false;
    if (types & TYPE_STRING && !(type & types & ~TYPE_STRING)) return false;
    return buf_append(out, text.data, text.len);
}
