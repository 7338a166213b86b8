/* Claims about parents, from all files that carry them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/lineage/lineage_claims.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/core/json.h"
#include "base/core/utf8.h"
#include "base/core/yaml.h"
#include "govern/licence/licence_claim_read.h"

#define MEMORY_BYTES_MAX ((size_t)1 << 20)
#define PLACE_BYTES      256
#define PARENTS_MAX      64 /* of a GGUF file */
#define CARD             "README.md"
#define ADAPTER          "adapter_config.json"
#define MERGE            "mergekit_config.yml"
#define CONFIG           "config.json"

void lineage_claims_init(struct lineage_claims *c)
{
    *c = (struct lineage_claims){ .count = 0 };
    arena_init(&c->memory, MEMORY_BYTES_MAX);
}

void lineage_claims_release(struct lineage_claims *c)
{
    arena_release(&c->memory);
    c->count = c->finding_count = 0;
}

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "no memory for what a model's files claim");
}

/* Controls, and what hides or turns around the text beside it. */
static bool is_unsafe(uint32_t c)
{
    return c < ' ' || (c >= 0x7f && c <= 0x9f) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* A copy in which each unsafe or invalid character is one '?'. NULL when memory is short. */
static const char *keep_text(struct lineage_claims *c, struct span text)
{
    if (text.len > CLAIM_NAME_BYTES_MAX) text.len = CLAIM_NAME_BYTES_MAX;
    char *copy = arena_copy_text(&c->memory, text.data, text.len);
    size_t put = 0;
    for (size_t at = 0; copy && at < text.len;) {
        uint32_t code_point;
        int len = utf8_decode(text.data + at, text.len - at, &code_point);
        if (len && !is_unsafe(code_point)) {
            memcpy(copy + put, text.data + at, (size_t)len);
            put += (size_t)len;
        } else {
            copy[put++] = '?';
        }
        at += len ? (size_t)len : 1;
    }
    if (copy) copy[put] = 0;
    return copy;
}

static enum status find_fault(struct lineage_claims *c, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum status find_fault(struct lineage_claims *c, struct error *err, const char *format, ...)
{
    char words[CLAIM_NAME_BYTES_MAX];
    va_list args;
    if (c->finding_count == CLAIMS_FINDINGS_MAX) return STATUS_OK;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    const char *kept = keep_text(c, span_of(words));
    if (!kept) return no_memory(err);
    c->findings[c->finding_count++] = kept;
    return STATUS_OK;
}

static enum status add_claim(struct lineage_claims *c, struct span parent, struct span relation,
                             const char *file, const char *place, int line, struct error *err)
{
    if (!parent.len) return STATUS_OK;
    if (c->count == CLAIMS_MAX) {
        if (c->full) return STATUS_OK;
        c->full = true;
        return find_fault(c, err, "%s: more than %d claims; the others were not read", file,
                          CLAIMS_MAX);
    }
    struct lineage_claim *claim = &c->at[c->count];
    *claim = (struct lineage_claim){ .parent = keep_text(c, parent),
                                     .relation = keep_text(c, relation),
                                     .file = keep_text(c, span_of(file)),
                                     .place = keep_text(c, span_of(place)),
                                     .line = line };
    if (!claim->parent || !claim->relation || !claim->file || !claim->place) return no_memory(err);
    c->count++;
    return STATUS_OK;
}

static int line_of(struct span text, const char *at)
{
    int line = 1;
    for (const char *p = text.data; p < at; p++)
        line += *p == '\n';
    return line;
}

/* ---- the card ---- */

/* Tags as the hub writes them: "- base_model:finetune:OWNER/NAME". */
static enum status add_tags(struct lineage_claims *c, struct span text, struct span front,
                            struct error *err)
{
    static const char word[] = "base_model:";
    enum status st = STATUS_OK;
    const char *end = front.data + front.len;
    for (const char *p = front.data; p && p < end && !st;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        struct span line = { p, (size_t)((stop ? stop : end) - p) };
        p = stop ? stop + 1 : end;
        while (line.len && strchr(" \t-'\"", line.data[0]))
            line = (struct span){ line.data + 1, line.len - 1 };
        while (line.len && strchr(" \t\r'\"", line.data[line.len - 1]))
            line.len--;
        if (line.len <= sizeof word || memcmp(line.data, word, sizeof word - 1) != 0) continue;
        struct span rest = { line.data + sizeof word - 1, line.len - (sizeof word - 1) };
        const char *colon = memchr(rest.data, ':', rest.len);
        if (!colon) continue; /* the key itself */
        struct span relation = { rest.data, (size_t)(colon - rest.data) };
        struct span parent = { colon + 1, rest.len - relation.len - 1 };
        st = add_claim(c, parent, relation, CARD, "tags", line_of(text, line.data), err);
    }
    return st;
}

enum status lineage_claims_add_card(struct lineage_claims *c, struct span text, struct error *err)
{
    struct card_claim card;
    enum status st = STATUS_OK;
    if (text.len > CLAIM_TEXT_BYTES_MAX) text.len = CLAIM_TEXT_BYTES_MAX;
    card_claim_read(&card, text);
    struct span relation = card.relation.data ? card.relation : span_of("");
    for (int i = 0; i < card.parent_count && !st; i++)
        st = add_claim(c, card.parents[i], relation, CARD, "base_model",
                       line_of(text, card.parents[i].data), err);
    return st ? st : add_tags(c, text, card.front, err);
}

/* ---- JSON ---- */

static enum status add_json(struct lineage_claims *c, struct span text, const char *file,
                            const char *key, const char *relation, struct error *err)
{
    struct json_doc *doc;
    struct error why;
    if (json_parse(&doc, text.data, text.len, CLAIM_TEXT_BYTES_MAX, file, &why))
        return find_fault(c, err, "%s could not be read: %s", file, why.text);
    struct span parent = json_string(json_get(json_root(doc), key));
    enum status st = add_claim(c, parent, span_of(relation), file, key, 0, err);
    json_doc_free(doc);
    return st;
}

enum status lineage_claims_add_adapter(struct lineage_claims *c, struct span text,
                                       struct error *err)
{
    return add_json(c, text, ADAPTER, "base_model_name_or_path", "adapter", err);
}

enum status lineage_claims_add_config(struct lineage_claims *c, struct span text, struct error *err)
{
    return add_json(c, text, CONFIG, "_name_or_path", "loaded from", err);
}

/* ---- merges ---- */

static bool names_model(const struct yaml_node *n)
{
    static const char *const keys[] = { "model", "base_model", "path" };
    for (size_t i = 0; n->key && i < sizeof keys / sizeof *keys; i++)
        if (strcmp(n->key, keys[i]) == 0) return true;
    return false;
}

/* Depth <= YAML_DEPTH_MAX, which the parser saw to. */
static enum status add_node(struct lineage_claims *c, const struct yaml_node *n, const char *place,
                            struct error *err)
{
    enum status st = STATUS_OK;
    int at = 0;
    if (n->type == YAML_SCALAR) {
        if (!names_model(n) || !n->text) return STATUS_OK;
        return add_claim(c, span_of(n->text), span_of("merge"), MERGE, place, n->line, err);
    }
    for (const struct yaml_node *child = n->child; child && !st; child = child->next, at++) {
        char inner[PLACE_BYTES];
        if (child->key)
            snprintf(inner, sizeof inner, "%s%s%s", place, *place ? "." : "", child->key);
        else snprintf(inner, sizeof inner, "%s[%d]", place, at);
        st = add_node(c, child, inner, err);
    }
    return st;
}

enum status lineage_claims_add_merge(struct lineage_claims *c, struct span text, struct error *err)
{
    struct yaml_doc *doc;
    struct error why;
    if (text.len > CLAIM_TEXT_BYTES_MAX)
        return find_fault(c, err, "%s is too large to be read", MERGE);
    if (yaml_parse(&doc, text.data ? text.data : "", text.len, MERGE, &why))
        return find_fault(c, err, "%s could not be read: %s", MERGE, why.text);
    enum status st = add_node(c, yaml_root(doc), "", err);
    yaml_free(doc);
    return st;
}

/* ---- GGUF ---- */

static bool key_text(const struct gguf *g, const char *key, struct span *ret)
{
    struct gguf_value v;
    return gguf_find(g, key, &v) && gguf_string(&v, ret) && ret->len;
}

/* The first of repo_url, url and name that is there. */
static enum status add_keys(struct lineage_claims *c, const struct gguf *g, const char *prefix,
                            const char *relation, const char *file, struct error *err)
{
    static const char *const ends[] = { "repo_url", "url", "huggingface.repository", "name" };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char key[PLACE_BYTES];
        struct span parent;
        snprintf(key, sizeof key, "%s.%s", prefix, ends[i]);
        if (key_text(g, key, &parent))
            return add_claim(c, parent, span_of(relation), file, key, 0, err);
    }
    return STATUS_OK;
}

enum status lineage_claims_add_gguf(struct lineage_claims *c, const struct gguf *g,
                                    const char *name, struct error *err)
{
    struct span text;
    bool adapter = key_text(g, "general.type", &text) && span_equals(text, "adapter");
    enum status st = STATUS_OK;
    for (int i = 0; i < PARENTS_MAX && !st; i++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "general.base_model.%d", i);
        st = add_keys(c, g, prefix, adapter ? "adapter" : "", name, err);
    }
    /* The source is the same model in another container, mostly before it was quantized. */
    return st ? st : add_keys(c, g, "general.source", "quantized", name, err);
}

/* ---- all of them ---- */

/* Without a trailing '/', the part behind the last one. */
static struct span last_part(const char *name)
{
    size_t end = strlen(name);
    while (end && (name[end - 1] == '/' || name[end - 1] == '\\'))
        end--;
    size_t begin = end;
    while (begin && name[begin - 1] != '/' && name[begin - 1] != '\\')
        begin--;
    return (struct span){ name + begin, end - begin };
}

bool lineage_same_name(const char *a, const char *b)
{
    struct span x = last_part(a), y = last_part(b);
    return x.len && x.len == y.len && strncasecmp(x.data, y.data, x.len) == 0;
}

static bool one_parent(const struct lineage_claim *c)
{
    return strcmp(c->relation, "merge") != 0 && strcmp(c->relation, "loaded from") != 0;
}

/* Claims of two files about the one parent, which do not name the same; and one file's several parents that
 * nothing calls a merge. */
enum status lineage_claims_finish(struct lineage_claims *c, struct error *err)
{
    enum status st = STATUS_OK;
    for (int i = 1; i < c->count && !st; i++) {
        const struct lineage_claim *x = &c->at[i], *y = NULL;
        for (int j = 0; j < i && one_parent(x); j++)
            if (one_parent(&c->at[j])) {
                y = &c->at[j];
                break;
            }
        if (!y || lineage_same_name(x->parent, y->parent)) continue;
        st =
            find_fault(c, err, "%s (%s) names %s, %s (%s) names %s%s", y->file, y->place, y->parent,
                       x->file, x->place, x->parent,
                       strcmp(x->file, y->file) ? "" : ", and no relation says that it is a merge");
    }
    return st;
}

typedef enum status add_text_fn(struct lineage_claims *c, struct span text, struct error *err);

static enum status add_file(struct lineage_claims *c, const struct file_set *set, const char *name,
                            add_text_fn *add, struct error *err)
{
    struct file_map map;
    struct error why;
    size_t at;
    if (!file_set_find(set, name, &at)) return STATUS_OK;
    if (file_set_map(set, name, &map, &why))
        return find_fault(c, err, "%s could not be read: %s", name, why.text);
    enum status st = add(c, (struct span){ map.data ? (const char *)map.data : "", map.len }, err);
    file_unmap(&map);
    return st;
}

static bool is_gguf(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".gguf") == 0;
}

/* A GGUF file, or the first of those in a folder. */
static enum status add_first_gguf(struct lineage_claims *c, const struct file_set *set,
                                  struct error *err)
{
    const char *name = file_set_main_file(set);
    struct gguf *g;
    struct error why;
    for (size_t i = 0; !name && i < file_set_count(set); i++)
        if (is_gguf(file_set_at(set, i)->name)) name = file_set_at(set, i)->name;
    if (!name || !is_gguf(name)) return STATUS_OK;
    if (gguf_open_in(&g, set, name, &why))
        return find_fault(c, err, "%s could not be read: %s", name, why.text);
    enum status st = lineage_claims_add_gguf(c, g, name, err);
    gguf_close(g);
    return st;
}

enum status lineage_claims_read(struct lineage_claims *ret, const struct file_set *set,
                                struct error *err)
{
    lineage_claims_init(ret);
    enum status st = add_file(ret, set, CARD, lineage_claims_add_card, err);
    if (!st) st = add_file(ret, set, ADAPTER, lineage_claims_add_adapter, err);
    if (!st) st = add_file(ret, set, MERGE, lineage_claims_add_merge, err);
    if (!st) st = add_file(ret, set, CONFIG, lineage_claims_add_config, err);
    if (!st) st = add_first_gguf(ret, set, err);
    if (!st) st = lineage_claims_finish(ret, err);
    if (st) lineage_claims_release(ret);
    return st;
}
