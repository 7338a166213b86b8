/* Types of tool parameters in harmony's notation.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Behaviour of openai-harmony's json_schema_to_typescript: which comments stand above a member and
 * which behind it, `?` for what is not required, `number` for integers. */
#include "lm/chat/harmony_schema.h"

#include "base/core/json_write.h"
#include "lm/chat/jinja_text.h"

#define MEMBER_INDENT  4
#define VARIANT_INDENT 3
#define REQUIRED_MAX   4096 /* of one object */

static void put_indent(struct prompt_writer *w, int indent)
{
    for (int i = 0; i < indent; i++)
        prompt_text(w, " ");
}

static bool is_text(const struct json *v)
{
    return json_type(v) == JSON_STRING;
}

static bool is_enum(const struct json *schema)
{
    const struct json *v = json_get(schema, "enum");
    return json_type(v) == JSON_ARRAY && json_length(v) > 0;
}

static bool same_text(const struct json *a, const struct json *b)
{
    struct span x = json_string(a), y = json_string(b);
    return x.data && y.data && x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

static void put_line(struct prompt_writer *w, int indent, const char *head, struct span text,
                     const char *tail)
{
    put_indent(w, indent);
    prompt_text(w, head);
    prompt_data(w, text);
    prompt_text(w, tail);
}

/* As the vendor's JSON: no blanks, and reals always with a point. */
static void put_json(struct prompt_writer *w, const struct json *v)
{
    char number[REAL_TEXT_BYTES];
    struct buf text = BUF_INIT(CHAT_REQUEST_BYTES_MAX);
    struct json_writer json;
    if (json_type(v) == JSON_REAL) {
        prompt_data(w, (struct span){ number, real_text(json_number(v, 0), number) });
        return;
    }
    json_writer_init(&json, &text, 0);
    json_put_value(&json, v);
    if (text.failed) w->failed = true;
    else prompt_data(w, (struct span){ text.data, text.len });
    buf_release(&text);
}

/* "default: ..."; members of an enum stand without quotes. */
static void put_default(struct prompt_writer *w, const struct json *schema, const struct json *v)
{
    bool quoted = is_text(v) && !is_enum(schema);
    prompt_text(w, quoted ? "default: \"" : "default: ");
    if (is_text(v)) prompt_data(w, json_string(v));
    else put_json(w, v);
    if (quoted) prompt_text(w, "\"");
}

/* ---- types ---- */

static bool ends_in_null(const struct prompt_writer *w, size_t from)
{
    for (size_t i = from; i + 4 <= w->text.len; i++)
        if (memcmp(w->text.data + i, "null", 4) == 0) return true;
    return false;
}

static void put_nullable(struct prompt_writer *w, const struct json *schema, int indent)
{
    size_t from = w->text.len;
    harmony_type(w, schema, indent);
    if (json_bool(json_get(schema, "nullable"), false) && !ends_in_null(w, from))
        prompt_text(w, " | null");
}

/* What stands behind a variant of a oneOf; `above`: a description that was written already. */
static void put_trailing(struct prompt_writer *w, const struct json *variant, bool is_silent,
                         const struct json *above)
{
    const struct json *description = json_get(variant, "description"),
                      *value = json_get(variant, "default");
    bool has_words = !is_silent && is_text(description) && !same_text(description, above);
    if (!has_words && !value) return;
    prompt_text(w, " // ");
    if (has_words) prompt_data(w, json_string(description));
    if (has_words && value) prompt_text(w, " ");
    if (value) put_default(w, variant, value);
}

/* Outside of a member each variant begins a line of its own. */
static void put_variants(struct prompt_writer *w, const struct json *variants, int indent)
{
    for (size_t i = 0; i < json_length(variants); i++) {
        const struct json *variant = json_at(variants, i), *value = json_get(variant, "default");
        prompt_text(w, "\n");
        put_indent(w, indent);
        prompt_text(w, " | ");
        put_nullable(w, variant, indent + VARIANT_INDENT);
        /* Here the vendor quotes the members of an enum, as JSON does. */
        if (is_text(value) && is_enum(variant)) {
            prompt_text(w, " // ");
            if (is_text(json_get(variant, "description"))) {
                prompt_data(w, json_string(json_get(variant, "description")));
                prompt_text(w, " ");
            }
            prompt_text(w, "default: ");
            put_json(w, value);
            continue;
        }
        put_trailing(w, variant, false, NULL);
    }
}

static const char *name_of_type(struct span type)
{
    if (span_equals(type, "integer") || span_equals(type, "number")) return "number";
    if (span_equals(type, "string")) return "string";
    if (span_equals(type, "boolean")) return "boolean";
    return NULL;
}

/* ["number", "string"]; false when no item is a text. */
static bool put_types(struct prompt_writer *w, const struct json *types)
{
    bool any = false;
    for (size_t i = 0; i < json_length(types); i++) {
        struct span type = json_string(json_at(types, i));
        if (!type.data) continue;
        if (any) prompt_text(w, " | ");
        if (span_equals(type, "integer")) prompt_text(w, "number");
        else prompt_data(w, type);
        any = true;
    }
    return any;
}

static bool put_enum(struct prompt_writer *w, const struct json *values)
{
    bool any = false;
    for (size_t i = 0; json_type(values) == JSON_ARRAY && i < json_length(values); i++) {
        struct span value = json_string(json_at(values, i));
        if (!value.data) continue;
        prompt_text(w, any ? " | \"" : "\"");
        prompt_data(w, value);
        prompt_text(w, "\"");
        any = true;
    }
    return any;
}

/* ---- objects ---- */

static bool is_required(const struct json *schema, struct span key)
{
    const struct json *required = json_get(schema, "required");
    for (size_t i = 0; json_type(required) == JSON_ARRAY && i < json_length(required); i++) {
        struct span name = json_string(json_at(required, i));
        if (name.data && name.len == key.len && memcmp(name.data, key.data, key.len) == 0)
            return true;
    }
    return false;
}

static void put_examples(struct prompt_writer *w, const struct json *examples, int indent)
{
    if (json_type(examples) != JSON_ARRAY || !json_length(examples)) return;
    put_indent(w, indent);
    prompt_text(w, "// Examples:\n");
    for (size_t i = 0; i < json_length(examples); i++)
        if (is_text(json_at(examples, i)))
            put_line(w, indent, "// - \"", json_string(json_at(examples, i)), "\"\n");
}

static void put_name(struct prompt_writer *w, struct span key, bool required, int indent)
{
    put_line(w, indent, "", key, required ? "" : "?");
}

/* A member that is a choice: its words and its default above, one variant a line. */
static void put_choice(struct prompt_writer *w, struct span key, const struct json *schema,
                       bool required, int indent)
{
    const struct json *variants = json_get(schema, "oneOf"),
                      *words = json_get(schema, "description"),
                      *value = json_get(schema, "default");
    bool is_above =
        is_text(words) && !same_text(words, json_get(json_at(variants, 0), "description"));
    if (is_above) put_line(w, indent, "// ", json_string(words), "\n");
    if (value) {
        put_indent(w, indent);
        prompt_text(w, "// ");
        put_default(w, schema, value);
        prompt_text(w, "\n");
    }
    put_name(w, key, required, indent);
    prompt_text(w, ":\n");
    for (size_t i = 0; i < json_length(variants); i++) {
        put_indent(w, indent);
        prompt_text(w, " | ");
        put_nullable(w, json_at(variants, i), indent + VARIANT_INDENT);
        put_trailing(w, json_at(variants, i), i == 0 && is_above, words);
        prompt_text(w, "\n");
    }
    put_indent(w, indent);
    prompt_text(w, ",\n");
}

static void put_member(struct prompt_writer *w, struct span key, const struct json *schema,
                       bool required, int indent)
{
    const struct json *title = json_get(schema, "title"), *words = json_get(schema, "description"),
                      *choice = json_get(schema, "oneOf"), *value = json_get(schema, "default");
    if (is_text(title)) {
        put_line(w, indent, "// ", json_string(title), "\n");
        put_indent(w, indent);
        prompt_text(w, "//\n");
    }
    if (!choice && is_text(words)) put_line(w, indent, "// ", json_string(words), "\n");
    put_examples(w, json_get(schema, "examples"), indent);
    if (json_type(choice) == JSON_ARRAY) {
        put_choice(w, key, schema, required, indent);
        return;
    }
    put_name(w, key, required, indent);
    prompt_text(w, ": ");
    put_nullable(w, schema, indent + MEMBER_INDENT);
    prompt_text(w, ",");
    if (!choice && value) {
        prompt_text(w, " // ");
        put_default(w, schema, value);
    }
    prompt_text(w, "\n");
}

static void put_object(struct prompt_writer *w, const struct json *schema, int indent)
{
    const struct json *words = json_get(schema, "description"),
                      *members = json_get(schema, "properties");
    if (is_text(words)) put_line(w, indent, "// ", json_string(words), "\n");
    if (json_length(json_get(schema, "required")) > REQUIRED_MAX) {
        w->refusal = "a tool's parameters: more than 4096 members of one object are required";
        return;
    }
    prompt_text(w, "{\n");
    for (struct json_member m = json_first(members); m.value; m = json_next(members, m))
        put_member(w, m.key, m.value, is_required(schema, m.key), indent);
    put_indent(w, indent);
    prompt_text(w, "}");
}

void harmony_type(struct prompt_writer *w, const struct json *schema, int indent)
{
    const struct json *choice = json_get(schema, "oneOf"), *type = json_get(schema, "type");
    struct span name = json_string(type);
    if (json_type(choice) == JSON_ARRAY) {
        put_variants(w, choice, indent);
        return;
    }
    if (json_type(type) == JSON_ARRAY && put_types(w, type)) return;
    if (!name.data) {
        prompt_text(w, "any");
    } else if (span_equals(name, "object")) {
        put_object(w, schema, indent);
    } else if (span_equals(name, "array")) {
        const struct json *items = json_get(schema, "items");
        if (items) harmony_type(w, items, indent);
        prompt_text(w, items ? "[]" : "Array<any>");
    } else if (!span_equals(name, "string") || !put_enum(w, json_get(schema, "enum"))) {
        prompt_text(w, name_of_type(name) ? name_of_type(name) : "any");
    }
}
