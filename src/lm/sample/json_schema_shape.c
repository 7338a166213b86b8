/* Facts about objects and arrays to the shapes that a program runs.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "lm/sample/json_schema_inner.h"

/* --- sets of literals --- */

bool code_set_add(struct schema_build *s, struct code_set *set, uint32_t code)
{
    if (code == CODE_FAILED) return false;
    if (code == CODE_TRUE) return true;
    if (code == CODE_FALSE) set->empty = true;
    for (size_t i = 0; i < set->count; i++) {
        if (set->codes[i] == code) return true;
        if (set->codes[i] == (code ^ 1)) set->empty = true;
    }
    if (set->count >= SET_LITERALS_MAX)
        return build_fail(s->b, STATUS_LIMIT, "%s: more than %d schemas meet in one place", s->base,
                          SET_LITERALS_MAX);
    set->codes[set->count++] = code;
    return true;
}

static int compare_codes(const void *x, const void *y)
{
    uint32_t a, b;
    memcpy(&a, x, sizeof a);
    memcpy(&b, y, sizeof b);
    return a < b ? -1 : a > b;
}

void code_set_settle(struct code_set *set)
{
    if (set->count) qsort(set->codes, set->count, sizeof *set->codes, compare_codes);
}

uint32_t schema_node(struct schema_build *s, const struct code_set *set)
{
    struct code_set sorted = *set;
    bool is_new;
    code_set_settle(&sorted);
    uint32_t i = word_set_add(s->b, &s->nodes, sorted.codes, sorted.count, &is_new);
    if (i == UINT32_MAX) return PROGRAM_NONE;
    if (is_new && i >= SCHEMA_NODES_MAX) {
        build_fail(s->b, STATUS_LIMIT, "%s: the schema has more than %d kinds of values", s->base,
                   SCHEMA_NODES_MAX);
        return PROGRAM_NONE;
    }
    return i;
}

/* --- members --- */

static struct automaton *key_language(struct schema_build *s, uint32_t code)
{
    for (size_t i = 0; i < s->key_language_count; i++)
        if (s->key_languages[i].code == code) return s->key_languages[i].a;
    struct scalar_set x;
    if (!scalars_of_set(s, &code, 1, &x)) return NULL;
    struct automaton *a = strings_automaton(s, &x.strings, s->base);
    if (!a || !build_grow(s->b, &s->key_languages, &s->key_languages_cap, s->key_language_count,
                          sizeof *s->key_languages))
        return NULL;
    s->key_languages[s->key_language_count++] = (struct key_language){ code, a };
    return a;
}

/* A name, or a class of names: which patterns match it. */
struct matched {
    struct span name; /* data NULL: a class */
    const struct span *patterns;
    const uint32_t *labels; /* of the patterns, then of the key languages */
    size_t pattern_count;
    const uint32_t *key_codes;
    size_t key_count;
};

static bool same(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool pattern_matches(struct schema_build *s, const struct matched *m, struct span pattern,
                            bool *ret)
{
    if (m->name.data) {
        struct automaton *a = pattern_find(s, pattern, s->base);
        if (!a) return false;
        *ret = automaton_accepts(a, m->name);
        return true;
    }
    *ret = false;
    for (size_t i = 0; i < m->pattern_count; i++)
        if (same(m->patterns[i], pattern)) *ret = m->labels[i] != 0;
    return true;
}

static bool key_matches(struct schema_build *s, const struct matched *m, uint32_t code, bool *ret)
{
    if (m->name.data) {
        struct automaton *a = key_language(s, code);
        if (!a) return false;
        *ret = automaton_accepts(a, m->name);
        return true;
    }
    *ret = false;
    for (size_t i = 0; i < m->key_count; i++)
        if (m->key_codes[i] == code) *ret = m->labels[m->pattern_count + i] != 0;
    return true;
}

static bool find_member(const struct json *object, struct span name, struct json_member *ret)
{
    for (struct json_member m = json_first(object); m.value; m = json_next(object, m))
        if (same(m.key, name)) {
            if (ret) *ret = m;
            return true;
        }
    return false;
}

/* What one schema's properties, patterns and rest say; *ret_other: that it was the rest. */
static bool rule_codes(struct schema_build *s, const struct fact *f, const struct matched *m,
                       struct code_set *set, bool *ret_other)
{
    const struct json *v = f->value, *patterns = json_get(v, "patternProperties");
    struct json_member member;
    bool known = m->name.data && find_member(json_get(v, "properties"), m->name, &member);
    if (known && set && !code_set_add(s, set, literal_member(s, f->entry, "properties", member)))
        return false;
    for (struct json_member p = json_first(patterns); p.value; p = json_next(patterns, p)) {
        bool hit;
        if (!pattern_matches(s, m, p.key, &hit)) return false;
        known = known || hit;
        if (hit && set &&
            !code_set_add(s, set, literal_member(s, f->entry, "patternProperties", p)))
            return false;
    }
    *ret_other = !known;
    if (known || !set || !json_get(v, "additionalProperties")) return true;
    return code_set_add(s, set, literal_child(s, f->entry, "additionalProperties", -1));
}

static bool gather(struct schema_build *s, const struct fact *facts, const struct matched *m,
                   struct code_set *set)
{
    bool other;
    set->count = 0;
    set->empty = false;
    for (const struct fact *f = facts; f; f = f->next) {
        bool hit = true;
        if (f->kind == FACT_RULE && !rule_codes(s, f, m, set, &other)) return false;
        if (f->kind == FACT_NAMED && m->name.data && same(f->name, m->name) &&
            !code_set_add(s, set, f->code))
            return false;
        if (f->kind == FACT_CLOSED) hit = m->name.data && find_member(f->value, m->name, NULL);
        if (f->kind == FACT_KEYS && m->name.data && !key_matches(s, m, f->code, &hit)) return false;
        if (!hit && !code_set_add(s, set, CODE_FALSE)) return false;
    }
    return true;
}

bool member_codes(struct schema_build *s, const struct fact *facts, struct span name,
                  struct code_set *ret)
{
    struct matched m = { .name = name };
    return gather(s, facts, &m, ret);
}

static bool exists_matches(struct schema_build *s, const struct fact *f, const struct matched *m,
                           bool *ret)
{
    switch (f->match) {
    case MATCH_PATTERN: return pattern_matches(s, m, f->name, ret);
    case MATCH_OTHER: return rule_codes(s, f, m, NULL, ret);
    case MATCH_NOT_KEY:
        if (!key_matches(s, m, f->key_code, ret)) return false;
        *ret = !*ret;
        return true;
    case MATCH_NOT_IN: *ret = !m->name.data || !find_member(f->value, m->name, NULL); return true;
    }
    return false;
}

/* --- the classes of an object's names --- */

struct object_draft {
    struct schema_build *s;
    const struct fact *facts;
    struct span *names;
    size_t name_count, names_cap;
    struct span *patterns;
    size_t pattern_count, patterns_cap;
    uint32_t *key_codes; /* of MATCH_NOT_KEY */
    size_t key_count, key_codes_cap;
    const struct fact *exists[EXISTS_MAX];
    uint32_t exists_count;
    struct word_set classes; /* {name + 1 or 0, labels of patterns and key languages} */
    struct automaton *key;
    bool failed;
};

static bool add_name(struct object_draft *d, struct span name)
{
    for (size_t i = 0; i < d->name_count; i++)
        if (same(d->names[i], name)) return true;
    if (d->name_count >= OBJECT_NAMES_MAX)
        return build_fail(d->s->b, STATUS_LIMIT, "%s: an object has more than %d properties",
                          d->s->base, OBJECT_NAMES_MAX);
    if (!build_grow(d->s->b, &d->names, &d->names_cap, d->name_count, sizeof *d->names))
        return false;
    d->names[d->name_count++] = name;
    return true;
}

static bool add_names(struct object_draft *d, const struct json *object)
{
    for (struct json_member m = json_first(object); m.value; m = json_next(object, m))
        if (!add_name(d, m.key)) return false;
    return true;
}

static bool add_pattern(struct object_draft *d, struct span pattern)
{
    for (size_t i = 0; i < d->pattern_count; i++)
        if (same(d->patterns[i], pattern)) return true;
    if (!build_grow(d->s->b, &d->patterns, &d->patterns_cap, d->pattern_count, sizeof *d->patterns))
        return false;
    d->patterns[d->pattern_count++] = pattern;
    return true;
}

static bool add_patterns(struct object_draft *d, const struct json *schema)
{
    const struct json *v = json_get(schema, "patternProperties");
    for (struct json_member m = json_first(v); m.value; m = json_next(v, m))
        if (!add_pattern(d, m.key)) return false;
    return true;
}

static bool add_exists(struct object_draft *d, const struct fact *f)
{
    if (d->exists_count >= EXISTS_MAX)
        return build_fail(d->s->b, STATUS_LIMIT,
                          "%s: negations ask for more than %d further members of an object",
                          d->s->base, EXISTS_MAX);
    d->exists[d->exists_count++] = f;
    if (f->match == MATCH_PATTERN) return add_pattern(d, f->name);
    if (f->match == MATCH_OTHER)
        return add_names(d, json_get(f->value, "properties")) && add_patterns(d, f->value);
    if (f->match == MATCH_NOT_IN) return add_names(d, f->value);
    if (!build_grow(d->s->b, &d->key_codes, &d->key_codes_cap, d->key_count, sizeof *d->key_codes))
        return false;
    d->key_codes[d->key_count++] = f->key_code;
    return true;
}

static bool collect(struct object_draft *d)
{
    for (const struct fact *f = d->facts; f; f = f->next) {
        bool ok = true;
        if (f->kind == FACT_RULE)
            ok = add_names(d, json_get(f->value, "properties")) && add_patterns(d, f->value);
        if (f->kind == FACT_CLOSED) ok = add_names(d, f->value);
        if (f->kind == FACT_REQUIRED || f->kind == FACT_NAMED) ok = add_name(d, f->name);
        if (f->kind == FACT_EXISTS) ok = add_exists(d, f);
        if (!ok) return false;
    }
    return true;
}

static uint32_t label_class(void *ctx, const uint32_t *labels, size_t n)
{
    struct object_draft *d = ctx;
    bool is_new;
    uint32_t i = word_set_add(d->s->b, &d->classes, labels + 1, n - 1, &is_new);
    return i == UINT32_MAX ? 0 : i + 1;
}

/* The automaton over names, each accepted with the number of its class. */
static bool join_names(struct object_draft *d)
{
    struct schema_build *s = d->s;
    const struct automaton *machines[AUTOMATON_JOIN_MAX];
    size_t n = 2;
    const struct automaton *any = s->strings;
    for (const struct fact *f = d->facts; f; f = f->next)
        if (f->kind == FACT_KEYS) {
            any = automaton_product(s->b, any, key_language(s, f->code), AUTOMATON_AND);
            if (!any) return false;
        }
    if (2 + d->pattern_count + d->key_count > AUTOMATON_JOIN_MAX)
        return build_fail(s->b, STATUS_LIMIT,
                          "%s: more than %d patterns for the names of one object", s->base,
                          AUTOMATON_JOIN_MAX - 2);
    machines[0] = any;
    machines[1] = automaton_of_words(s->b, d->names, d->name_count, true);
    for (size_t i = 0; i < d->pattern_count; i++)
        machines[n++] = pattern_find(s, d->patterns[i], s->base);
    for (size_t i = 0; i < d->key_count; i++)
        machines[n++] = key_language(s, d->key_codes[i]);
    for (size_t i = 0; i < n; i++)
        if (!machines[i]) return false;
    d->classes = (struct word_set){ 0 };
    d->key = automaton_join(s->b, machines, n, label_class, d);
    return d->key;
}

static struct matched class_matched(const struct object_draft *d, uint32_t i)
{
    size_t n;
    const uint32_t *words = word_set_at(&d->classes, i, &n);
    struct matched m = { .patterns = d->patterns,
                         .labels = words + 1,
                         .pattern_count = d->pattern_count,
                         .key_codes = d->key_codes,
                         .key_count = d->key_count };
    if (words[0]) m.name = d->names[words[0] - 1];
    if (m.name.data == NULL && words[0]) m.name.data = "";
    return m;
}

/* --- classes without a name that hold a few names only --- */

struct lister {
    struct object_draft *d;
    const bool *open; /* [classes] */
    char text[128];
    size_t found;
    bool endless;
};

static bool list_names(struct lister *l, uint32_t state, size_t len)
{
    struct object_draft *d = l->d;
    uint32_t label = d->key->accept[state];
    if (!build_spend(d->s->b, 256)) return false;
    if (label && l->open[label - 1]) {
        const char *kept = build_text(d->s->b, l->text, len);
        if (++l->found > NAMES_LISTED_MAX) l->endless = true;
        else if (!kept || !add_name(d, (struct span){ kept, len })) return false;
    }
    for (int c = 0; c < 256 && !l->endless; c++) {
        uint32_t to = automaton_next(d->key, state, (uint8_t)c);
        if (!to) continue;
        if (len + 1 >= sizeof l->text) {
            l->endless = true;
            return true;
        }
        l->text[len] = (char)c;
        if (!list_names(l, to, len + 1)) return false;
    }
    return true;
}

/* Turns classes with few names into names, so that it is known when they are used up. */
static bool name_finite_classes(struct object_draft *d, bool *ret_again)
{
    struct lister *l = build_array(d->s->b, 1, sizeof *l);
    bool *open = build_array(d->s->b, d->classes.count, sizeof *open), any = false;
    *ret_again = false;
    if (!l || !open) return false;
    /* Only what may come counts: forbidden classes are dropped from the automaton first. */
    for (uint32_t i = 0; i < d->classes.count; i++) {
        struct matched m = class_matched(d, i);
        struct code_set set;
        if (!gather(d->s, d->facts, &m, &set)) return false;
        open[i] = !m.name.data && !set.empty;
        any = any || open[i];
        if (set.empty)
            for (uint32_t k = 1; k < d->key->states; k++)
                if (d->key->accept[k] == i + 1) d->key->accept[k] = 0;
    }
    d->key = automaton_trim(d->s->b, d->key);
    if (!d->key) return false;
    if (!any || automaton_empty(d->key)) return true;
    size_t before = d->name_count;
    l->d = d;
    l->open = open;
    if (!list_names(l, d->key->start, 0)) return false;
    if (l->endless) d->name_count = before;
    *ret_again = !l->endless && d->name_count > before;
    return true;
}

/* --- options --- */

struct option_list {
    struct key_option *items;
    size_t count, cap;
};

static bool add_options(struct object_draft *d, const struct matched *m, struct option_list *list)
{
    struct schema_build *s = d->s;
    struct code_set base;
    uint32_t hits = 0, certain = 0;
    if (!gather(s, d->facts, m, &base)) return false;
    if (base.empty) return true;
    for (uint32_t i = 0; i < d->exists_count; i++) {
        bool hit;
        if (!exists_matches(s, d->exists[i], m, &hit)) return false;
        if (hit) hits |= 1u << i;
        if (hit && d->exists[i]->code == CODE_TRUE) certain |= 1u << i;
    }
    for (uint32_t bits = 0; bits <= hits; bits++) {
        if ((bits & hits) != bits || (bits & certain) != certain) continue;
        struct code_set set = base;
        for (uint32_t i = 0; i < d->exists_count; i++)
            if (bits & (1u << i) && !code_set_add(s, &set, d->exists[i]->code)) return false;
        if (set.empty) continue;
        uint32_t node = schema_node(s, &set);
        if (node == PROGRAM_NONE ||
            !build_grow(s->b, &list->items, &list->cap, list->count, sizeof *list->items))
            return false;
        list->items[list->count++] = (struct key_option){ node, bits };
    }
    return true;
}

static void bounds_of(const struct fact *facts, uint32_t *min, uint32_t *max)
{
    *min = 0;
    *max = PROGRAM_NONE;
    for (const struct fact *f = facts; f; f = f->next) {
        if (f->kind == FACT_MIN && f->n > *min) *min = f->n;
        if (f->kind == FACT_MAX && f->n < *max) *max = f->n;
    }
}

/* Facts without `gone`, and with the name required to be `code`. */
static const struct fact *with_witness(struct schema_build *s, const struct fact *facts,
                                       const struct fact *gone, struct span name)
{
    const struct fact *r = NULL;
    struct fact extra[2] = { { .kind = FACT_REQUIRED, .name = name },
                             { .kind = FACT_NAMED, .name = name, .code = gone->code } };
    for (const struct fact *f = facts; f; f = f->next) {
        struct fact *copy = f == gone ? NULL : build_array(s->b, 1, sizeof *copy);
        if (f == gone) continue;
        if (!copy) return NULL;
        *copy = *f;
        copy->next = r;
        r = copy;
    }
    for (int i = 0; i < 2; i++) {
        struct fact *copy = build_array(s->b, 1, sizeof *copy);
        if (!copy) return NULL;
        *copy = extra[i];
        copy->next = r;
        r = copy;
    }
    return r;
}

/* What has to exist and can only be one of the known names becomes alternatives: each name in turn
 * required. *ret_done: that was so, and they are made. */
static bool split_exists(struct object_draft *d, uint32_t node, bool *ret_done)
{
    struct schema_build *s = d->s;
    uint32_t min, max;
    bounds_of(d->facts, &min, &max);
    for (uint32_t e = 0; e < d->exists_count; e++) {
        bool open = false;
        for (uint32_t i = 0; i < d->classes.count && !open; i++) {
            struct matched m = class_matched(d, i);
            struct code_set set;
            bool hit;
            if (m.name.data) continue;
            if (!exists_matches(s, d->exists[e], &m, &hit) || !gather(s, d->facts, &m, &set))
                return false;
            open = hit && !set.empty;
        }
        if (open && (max == PROGRAM_NONE || d->exists_count == 1)) continue;
        if (open)
            return build_fail(s->b, STATUS_UNSUPPORTED,
                              "%s: maxProperties together with several negations about any member "
                              "is not supported",
                              s->base);
        *ret_done = true;
        for (size_t i = 0; i < d->name_count; i++) {
            struct matched m = { .name = d->names[i] };
            bool hit;
            if (!exists_matches(s, d->exists[e], &m, &hit)) return false;
            if (!hit) continue;
            const struct fact *facts = with_witness(s, d->facts, d->exists[e], d->names[i]);
            if (!facts || !object_shape(s, facts, node)) return false;
        }
        return true;
    }
    return true;
}

static bool keep_object(struct object_draft *d, uint32_t node)
{
    struct schema_build *s = d->s;
    struct program *p = s->p;
    struct object_work w = { .key = d->key, .class_count = d->classes.count };
    struct program_object o = { .name_count = (uint32_t)d->name_count };
    struct option_list options = { 0 };
    bounds_of(d->facts, &o.min, &o.max);
    o.bits = (1u << d->exists_count) - 1;
    w.classes = build_array(s->b, w.class_count, sizeof *w.classes);
    w.required = build_array(s->b, d->name_count, sizeof *w.required);
    if (!w.classes || !w.required) return false;
    for (uint32_t i = 0; i < w.class_count; i++) {
        size_t n;
        struct matched m = class_matched(d, i);
        uint32_t name = word_set_at(&d->classes, i, &n)[0];
        w.classes[i].name = name ? name - 1 : PROGRAM_NONE;
        w.classes[i].option_first = (uint32_t)options.count;
        if (!add_options(d, &m, &options)) return false;
        w.classes[i].option_count = (uint32_t)options.count - w.classes[i].option_first;
    }
    for (const struct fact *f = d->facts; f; f = f->next)
        for (size_t i = 0; f->kind == FACT_REQUIRED && i < d->name_count; i++)
            if (same(d->names[i], f->name) && !w.required[i]) {
                w.required[i] = true;
                w.required_count++;
            }
    w.options = options.items;
    w.option_count = (uint32_t)options.count;
    struct node_work *nw = s->work + node;
    if (!build_grow(s->b, &s->objects, &s->objects_cap, p->object_count, sizeof *s->objects) ||
        !build_grow(s->b, &p->objects, &p->objects_cap, p->object_count, sizeof *p->objects) ||
        !build_grow(s->b, &nw->objects, &nw->objects_cap, nw->object_count, sizeof *nw->objects))
        return false;
    nw->objects[nw->object_count++] = p->object_count;
    s->objects[p->object_count] = w;
    p->objects[p->object_count++] = o;
    if (nw->object_count > ALTERNATIVES_MAX)
        return build_fail(s->b, STATUS_LIMIT,
                          "%s: an object has more than %d alternatives; make the schema simpler",
                          s->base, ALTERNATIVES_MAX);
    return true;
}

bool object_shape(struct schema_build *s, const struct fact *facts, uint32_t node)
{
    struct object_draft d = { .s = s, .facts = facts };
    bool again = false, done = false;
    if (++s->nesting > SCHEMA_NESTING_MAX)
        return build_fail(s->b, STATUS_LIMIT, "%s: combinations nest deeper than %d", s->base,
                          SCHEMA_NESTING_MAX);
    if (!collect(&d) || !join_names(&d) || !name_finite_classes(&d, &again)) return false;
    if (again && (!join_names(&d) || !name_finite_classes(&d, &again))) return false;
    if (!split_exists(&d, node, &done)) return false;
    bool ok = done || keep_object(&d, node);
    s->nesting--;
    return ok;
}

/* --- arrays --- */

static uint32_t prefix_length(const struct json *schema)
{
    const struct json *list = json_get(schema, "prefixItems");
    if (!list && json_type(json_get(schema, "items")) == JSON_ARRAY)
        list = json_get(schema, "items");
    return (uint32_t)json_length(list);
}

static uint32_t rule_item(struct schema_build *s, const struct fact *f, uint32_t i)
{
    const struct json *v = f->value;
    bool modern = json_get(v, "prefixItems"), list = json_type(json_get(v, "items")) == JSON_ARRAY;
    if (i < prefix_length(v))
        return literal_child(s, f->entry, modern ? "prefixItems" : "items", i);
    if (list && !modern)
        return json_get(v, "additionalItems") ? literal_child(s, f->entry, "additionalItems", -1)
                                              : CODE_TRUE;
    return json_get(v, "items") ? literal_child(s, f->entry, "items", -1) : CODE_TRUE;
}

bool item_codes(struct schema_build *s, const struct fact *facts, uint32_t i, struct code_set *ret)
{
    ret->count = 0;
    ret->empty = false;
    for (const struct fact *f = facts; f; f = f->next) {
        if (f->kind == FACT_RULE && !code_set_add(s, ret, rule_item(s, f, i))) return false;
        if (f->kind == FACT_ITEM && f->n == i && !code_set_add(s, ret, f->code)) return false;
    }
    return true;
}

#define SOME_MAX (EXISTS_MAX + UNIQUE_VALUES_MAX)

struct array_draft {
    struct schema_build *s;
    const struct fact *facts;
    const struct fact *some[SOME_MAX];
    uint32_t some_count, free_count; /* free: not apart */
    uint32_t apart;                  /* bits of those that no item shares */
    uint32_t min, max;
    uint32_t special;            /* items from here on are alike */
    uint32_t last;               /* counts past here are one state, where there is no end */
    struct option_list *options; /* [special + 1]: bits are those of `some` */
    struct word_set states;      /* {items, count of each some} */
    uint32_t *edge_first;
    struct item_edge *edges;
    bool *accept;
    size_t edge_first_cap, edges_cap, accept_cap;
    uint32_t edge_count;
};

static bool collect_array(struct array_draft *d)
{
    struct schema_build *s = d->s;
    bounds_of(d->facts, &d->min, &d->max);
    for (const struct fact *f = d->facts; f; f = f->next) {
        uint32_t at = 0;
        if (f->kind == FACT_RULE) at = prefix_length(f->value);
        if (f->kind == FACT_ITEM) at = f->n + 1;
        if (f->kind == FACT_SOME) {
            at = f->n;
            if (d->some_count >= SOME_MAX || (d->free_count += !f->apart) > EXISTS_MAX)
                return build_fail(s->b, STATUS_LIMIT, "%s: more than %d \"contains\" of one array",
                                  s->base, EXISTS_MAX);
            if (f->apart) d->apart |= 1u << d->some_count;
            d->some[d->some_count++] = f;
        }
        if (at > d->special) d->special = at;
    }
    d->last = d->special > d->min ? d->special : d->min;
    if ((d->max != PROGRAM_NONE && d->max > ARRAY_STATES_MAX) || d->last > ARRAY_STATES_MAX)
        return build_fail(s->b, STATUS_LIMIT, "%s: minItems and maxItems are supported up to %d",
                          s->base, ARRAY_STATES_MAX);
    return true;
}

static bool position_options(struct array_draft *d, uint32_t at)
{
    struct schema_build *s = d->s;
    struct option_list *list = d->options + at;
    struct code_set base;
    uint32_t active = 0;
    if (!item_codes(s, d->facts, at, &base)) return false;
    for (uint32_t i = 0; i < d->some_count; i++)
        if (at >= d->some[i]->n) active |= 1u << i;
    for (uint32_t bits = 0; bits <= active && !base.empty; bits++) {
        uint32_t shared = bits & d->apart;
        if ((bits & active) != bits || (shared & (shared - 1))) continue;
        struct code_set set = base;
        for (uint32_t i = 0; i < d->some_count; i++) {
            if (!(active & (1u << i))) continue;
            if (bits & (1u << i)) {
                if (!code_set_add(s, &set, d->some[i]->code)) return false;
            } else if (d->some[i]->high != PROGRAM_NONE) {
                if (!code_set_add(s, &set, d->some[i]->code ^ 1)) return false;
            }
        }
        if (set.empty) continue;
        uint32_t node = schema_node(s, &set);
        if (node == PROGRAM_NONE ||
            !build_grow(s->b, &list->items, &list->cap, list->count, sizeof *list->items))
            return false;
        list->items[list->count++] = (struct key_option){ node, bits };
    }
    return true;
}

/* The state after an item that counts for `bits`; false where there is none. */
static bool array_next(const struct array_draft *d, const uint32_t *from, uint32_t bits,
                       uint32_t *to)
{
    if (d->max != PROGRAM_NONE && from[0] >= d->max) return false;
    to[0] = from[0] + 1;
    if (d->max == PROGRAM_NONE && to[0] > d->last) to[0] = d->last;
    for (uint32_t i = 0; i < d->some_count; i++) {
        const struct fact *f = d->some[i];
        to[i + 1] = from[i + 1];
        if (!(bits & (1u << i))) continue;
        if (f->high != PROGRAM_NONE && from[i + 1] >= f->high) return false;
        if (f->high != PROGRAM_NONE || from[i + 1] < f->low) to[i + 1]++;
    }
    return true;
}

static bool array_state(struct array_draft *d, uint32_t state)
{
    struct build *b = d->s->b;
    uint32_t from[SOME_MAX + 1], to[SOME_MAX + 1];
    size_t n = d->some_count + 1;
    memcpy(from, word_set_at(&d->states, state, &n), n * sizeof *from);
    uint32_t at = from[0] < d->special ? from[0] : d->special;
    const struct option_list *list = d->options + at;
    if (!build_grow(b, &d->edge_first, &d->edge_first_cap, state + 1, sizeof *d->edge_first) ||
        !build_grow(b, &d->accept, &d->accept_cap, state, sizeof *d->accept))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        bool is_new;
        if (!build_spend(b, 4)) return false;
        if (!array_next(d, from, list->items[i].bits, to)) continue;
        uint32_t target = word_set_add(b, &d->states, to, n, &is_new);
        if (target == UINT32_MAX ||
            !build_grow(b, &d->edges, &d->edges_cap, d->edge_count, sizeof *d->edges))
            return false;
        d->edges[d->edge_count++] = (struct item_edge){ list->items[i].node, target };
    }
    d->edge_first[state + 1] = d->edge_count;
    d->accept[state] = from[0] >= d->min;
    for (uint32_t i = 0; i < d->some_count; i++)
        d->accept[state] = d->accept[state] && from[i + 1] >= d->some[i]->low;
    return true;
}

bool array_shape(struct schema_build *s, const struct fact *facts, uint32_t node)
{
    struct array_draft d = { .s = s, .facts = facts };
    struct program *p = s->p;
    uint32_t start[SOME_MAX + 1] = { 0 };
    bool is_new;
    if (!collect_array(&d)) return false;
    d.options = build_array(s->b, (size_t)d.special + 1, sizeof *d.options);
    if (!d.options) return false;
    for (uint32_t i = 0; i <= d.special && (d.max == PROGRAM_NONE || i <= d.max); i++)
        if (!position_options(&d, i)) return false;
    if (word_set_add(s->b, &d.states, start, d.some_count + 1, &is_new) == UINT32_MAX) return false;
    for (uint32_t i = 0; i < d.states.count; i++) {
        if (i > ARRAY_STATES_MAX)
            return build_fail(s->b, STATUS_LIMIT, "%s: an array needs more than %d states", s->base,
                              ARRAY_STATES_MAX);
        if (!array_state(&d, i)) return false;
    }
    struct node_work *nw = s->work + node;
    if (!build_grow(s->b, &s->arrays, &s->arrays_cap, p->array_count, sizeof *s->arrays) ||
        !build_grow(s->b, &p->arrays, &p->arrays_cap, p->array_count, sizeof *p->arrays) ||
        !build_grow(s->b, &nw->arrays, &nw->arrays_cap, nw->array_count, sizeof *nw->arrays))
        return false;
    nw->arrays[nw->array_count++] = p->array_count;
    s->arrays[p->array_count] =
        (struct array_work){ d.states.count, d.edge_first, d.edges, d.accept };
    p->arrays[p->array_count++] = (struct program_array){ 0 };
    if (nw->array_count > ALTERNATIVES_MAX)
        return build_fail(s->b, STATUS_LIMIT, "%s: an array has more than %d alternatives", s->base,
                          ALTERNATIVES_MAX);
    return true;
}
