/* A schema's compilation from end to end: nodes are worked out as they are met, then settled.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/json_schema.h"

#include <string.h>

#include "lm/sample/json_schema_inner.h"

static bool find_draft(struct schema_build *s, const struct json *schema)
{
    static const struct {
        const char *part;
        enum draft draft;
    } drafts[] = { { "/draft-04/", DRAFT_4 },
                   { "/draft-06/", DRAFT_6 },
                   { "/draft-07/", DRAFT_7 },
                   { "/draft/2019-09/", DRAFT_2019 },
                   { "/draft/2020-12/", DRAFT_2020 } };
    const char *text = json_text(json_get(schema, "$schema"));
    s->draft = DRAFT_2020;
    if (!text) return true;
    for (size_t i = 0; i < sizeof drafts / sizeof *drafts; i++)
        if (strstr(text, drafts[i].part)) {
            s->draft = drafts[i].draft;
            return true;
        }
    if (strcmp(text, "http://json-schema.org/schema#") == 0 ||
        strcmp(text, "http://json-schema.org/schema") == 0)
        return true;
    return build_fail(s->b, STATUS_UNSUPPORTED,
                      "%s/$schema: \"%.80s\" is not supported; drafts 4, 6, 7, 2019-09 and 2020-12 "
                      "are",
                      s->base, text);
}

struct alternative_ctx {
    enum json_kind kind;
    uint32_t node;
};

static bool add_alternative(struct schema_build *s, const struct fact *facts, void *ctx)
{
    const struct alternative_ctx *a = ctx;
    return a->kind == KIND_OBJECT ? object_shape(s, facts, a->node)
                                  : array_shape(s, facts, a->node);
}

static bool work_out(struct schema_build *s, uint32_t i)
{
    size_t n;
    uint32_t codes[SET_LITERALS_MAX];
    struct scalar_set x;
    if (!build_grow(s->b, &s->work, &s->work_cap, i, sizeof *s->work)) return false;
    s->work[i] = (struct node_work){ .node.scalar = PROGRAM_NONE };
    const uint32_t *words = word_set_at(&s->nodes, i, &n);
    if (n) memcpy(codes, words, n * sizeof *codes);
    if (!scalars_of_set(s, codes, n, &x) || !scalars_emit(s, &x, &s->work[i].node)) return false;
    s->work[i].productive = s->work[i].node.scalar != PROGRAM_NONE || s->work[i].node.length_count;
    struct alternative_ctx a = { KIND_OBJECT, i };
    if (!schema_expand(s, KIND_OBJECT, codes, n, add_alternative, &a)) return false;
    a.kind = KIND_ARRAY;
    return schema_expand(s, KIND_ARRAY, codes, n, add_alternative, &a);
}

/* Everything that the set of codes leads to; its node is the program's `node_base`. */
static bool compile_set(struct schema_build *s, const struct code_set *set, uint32_t *ret_node)
{
    s->node_base = s->p->node_count;
    s->object_base = s->p->object_count;
    s->array_base = s->p->array_count;
    if (!scalar_prepare(s)) return false;
    if (set->empty)
        return build_fail(s->b, STATUS_BAD_INPUT, "%s: no value satisfies the schema", s->base);
    if (schema_node(s, set) == PROGRAM_NONE) return false;
    for (uint32_t i = 0; i < s->nodes.count; i++)
        if (!work_out(s, i)) return false;
    if (!shapes_settle(s)) return false;
    if (!s->work[0].productive)
        return build_fail(s->b, STATUS_BAD_INPUT, "%s: no value satisfies the schema", s->base);
    *ret_node = s->node_base;
    return true;
}

bool schema_compile(struct build *b, struct program *p, const struct json *schema,
                    const struct schema_options *options, const char *base, uint32_t *ret_node)
{
    struct schema_build *s = build_array(b, 1, sizeof *s);
    struct code_set set = { .count = 0 };
    if (!s) return false;
    s->b = b;
    s->p = p;
    s->options = options;
    s->base = base;
    s->document = schema;
    if (!build_grow(b, &s->literals, &s->literals_cap, 0, sizeof *s->literals)) return false;
    s->literal_count = 1;
    if (!find_draft(s, schema) || !code_set_add(s, &set, literal_schema(s, schema, schema, "")))
        return false;
    const struct json *also = options->also;
    if (also && !code_set_add(s, &set, literal_schema(s, also, also, ""))) return false;
    return compile_set(s, &set, ret_node);
}

bool schema_any_object(struct build *b, struct program *p, uint32_t *ret_node)
{
    static const char text[] = "{\"type\":\"object\"}";
    struct json_doc *doc;
    struct schema_options options = { 0 };
    enum status st =
        json_parse(&doc, text, sizeof text - 1, sizeof text, "the schema of an object", &b->err);
    if (st) return build_fail(b, st, "%s", "no memory to compile the constraint");
    bool ok = schema_compile(b, p, json_root(doc), &options, "", ret_node);
    json_doc_free(doc);
    return ok;
}
