/* YAML to a tree, over libyaml's events.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/yaml.h"

#include <string.h>

#include <yaml.h>

#include "base/core/mem.h"

#define TREE_BYTES_MAX ((size_t)64 << 20)

struct yaml_doc {
    struct arena arena;
    struct yaml_node *root;
};

struct reader {
    struct yaml_doc *doc;
    yaml_parser_t parser;
    const char *what;
    int nodes;
    struct error *err;
};

static enum status fault(struct reader *r, int line, const char *words)
{
    return error_set(r->err, STATUS_BAD_INPUT, "%s:%d: %s", r->what, line, words);
}

static enum status next_event(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event)) return STATUS_OK;
    int line = (int)r->parser.problem_mark.line + 1;
    if (r->parser.error == YAML_MEMORY_ERROR)
        return error_set(r->err, STATUS_NO_MEMORY, "no memory to read %s", r->what);
    return fault(r, line, r->parser.problem ? r->parser.problem : "this is not YAML");
}

static enum status new_node(struct reader *r, const yaml_event_t *event, enum yaml_type type,
                            struct yaml_node **ret)
{
    int line = (int)event->start_mark.line + 1;
    if (++r->nodes > YAML_NODES_MAX) return fault(r, line, "there is too much in this file");
    struct yaml_node *n = arena_alloc(&r->doc->arena, sizeof *n);
    if (!n) return error_set(r->err, STATUS_NO_MEMORY, "no memory to read %s", r->what);
    n->type = type;
    n->line = line;
    *ret = n;
    return STATUS_OK;
}

/* Anchors and tags make a file say something else than what stands in it. */
static bool is_decorated(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT: return e->data.scalar.anchor || e->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor || e->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT: return e->data.mapping_start.anchor || e->data.mapping_start.tag;
    default: return e->type == YAML_ALIAS_EVENT;
    }
}

static enum status read_value(struct reader *r, yaml_event_t *event, int depth,
                              struct yaml_node **ret);

static enum status take_scalar(struct reader *r, const yaml_event_t *event, struct yaml_node **ret)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    enum status st = new_node(r, event, YAML_SCALAR, ret);
    if (st) return st;
    if (memchr(text, 0, len)) return fault(r, (*ret)->line, "a text holds a zero byte");
    (*ret)->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    (*ret)->text = arena_copy_text(&r->doc->arena, text, len);
    if (!(*ret)->text) return error_set(r->err, STATUS_NO_MEMORY, "no memory to read %s", r->what);
    return STATUS_OK;
}

/* The next value of a sequence or mapping; *ret NULL at its end. */
static enum status read_item(struct reader *r, int depth, struct yaml_node **ret)
{
    yaml_event_t event;
    enum status st = next_event(r, &event);
    if (st) return st;
    *ret = NULL;
    if (event.type != YAML_SEQUENCE_END_EVENT && event.type != YAML_MAPPING_END_EVENT)
        st = read_value(r, &event, depth, ret);
    yaml_event_delete(&event);
    return st;
}

static enum status check_key(struct reader *r, const struct yaml_node *first,
                             const struct yaml_node *key)
{
    if (key->type != YAML_SCALAR) return fault(r, key->line, "a key must be a plain word");
    for (; first; first = first->next)
        if (strcmp(first->key, key->text) == 0)
            return error_set(r->err, STATUS_BAD_INPUT,
                             "%s:%d: \"%.64s\" stands here twice, first "
                             "in line %d",
                             r->what, key->line, key->text, first->line);
    return STATUS_OK;
}

static enum status read_children(struct reader *r, struct yaml_node *parent, int depth)
{
    struct yaml_node **end = &parent->child, *key = NULL, *value;
    for (;;) {
        enum status st = STATUS_OK;
        if (parent->type == YAML_MAPPING) {
            st = read_item(r, depth, &key);
            if (st || !key) return st;
            st = check_key(r, parent->child, key);
        }
        if (!st) st = read_item(r, depth, &value);
        if (st || !value) return st;
        if (key) {
            value->key = key->text;
            value->line = key->line;
        }
        *end = value;
        end = &value->next;
    }
}

/* Recursion is bounded by YAML_DEPTH_MAX. */
static enum status read_value(struct reader *r, yaml_event_t *event, int depth,
                              struct yaml_node **ret)
{
    int line = (int)event->start_mark.line + 1;
    if (is_decorated(event)) return fault(r, line, "anchors, aliases and tags are not used here");
    if (depth > YAML_DEPTH_MAX) return fault(r, line, "this is nested too deeply");
    if (event->type == YAML_SCALAR_EVENT) return take_scalar(r, event, ret);
    bool mapping = event->type == YAML_MAPPING_START_EVENT;
    if (!mapping && event->type != YAML_SEQUENCE_START_EVENT)
        return fault(r, line, "a value is missing");
    enum status st = new_node(r, event, mapping ? YAML_MAPPING : YAML_SEQUENCE, ret);
    return st ? st : read_children(r, *ret, depth + 1);
}

/* Stream start, perhaps one document, stream end. */
static enum status read_stream(struct reader *r)
{
    for (;;) {
        yaml_event_t event;
        enum status st = next_event(r, &event);
        if (st) return st;
        int line = (int)event.start_mark.line + 1;
        bool end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT && r->doc->root)
            st = fault(r, line, "a second document begins; one is read");
        else if (!end && event.type != YAML_STREAM_START_EVENT &&
                 event.type != YAML_DOCUMENT_START_EVENT && event.type != YAML_DOCUMENT_END_EVENT)
            st = read_value(r, &event, 0, &r->doc->root);
        if (end && !r->doc->root) st = new_node(r, &event, YAML_MAPPING, &r->doc->root);
        yaml_event_delete(&event);
        if (st || end) return st;
    }
}

enum status yaml_parse(struct yaml_doc **ret, const char *text, size_t len, const char *what,
                       struct error *err)
{
    struct error own;
    struct reader r = { .what = what, .err = err ? err : &own };
    r.doc = mem_zero(sizeof *r.doc);
    if (!r.doc || !yaml_parser_initialize(&r.parser)) {
        mem_free(r.doc);
        return error_set(err, STATUS_NO_MEMORY, "no memory to read %s", what);
    }
    arena_init(&r.doc->arena, TREE_BYTES_MAX);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    enum status st = read_stream(&r);
    yaml_parser_delete(&r.parser);
    if (st) {
        yaml_free(r.doc);
        return st;
    }
    *ret = r.doc;
    return STATUS_OK;
}

void yaml_free(struct yaml_doc *doc)
{
    if (!doc) return;
    arena_release(&doc->arena);
    mem_free(doc);
}

const struct yaml_node *yaml_root(const struct yaml_doc *doc)
{
    return doc->root;
}
