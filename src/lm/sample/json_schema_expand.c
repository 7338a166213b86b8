/* What a set of schemas says about arrays, or about objects: alternatives, each a list of facts.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A disjunctive normal form, made by walking: literals that only add facts are taken at once, those
 * that leave a choice (anyOf, oneOf, if, anything under not) wait until the facts are in, and then
 * every choice is followed. A path ends where its facts contradict each other. */
#include <string.h>

#include "lm/sample/json_schema_inner.h"

/* Lists are shared between paths and never changed. */
struct pending {
    uint32_t code;
    const struct pending *next;
};
struct choice {
    const struct pending *pending;
    const struct fact *facts; /* only the new ones, ended by NULL */
    struct choice *next;
};
struct branch {
    struct choice *choices;
    const struct branch *next;
};
struct path {
    const struct pending *pending;
    const struct pending *taken;
    const struct fact *facts;
    const struct branch *branches;
};
struct walk {
    struct schema_build *s;
    enum json_kind kind;
    alternative_fn *fn;
    void *ctx;
    int seeming_depth; /* how far contradictions are looked for */
};

static bool push(struct schema_build *s, const struct pending **list, uint32_t code)
{
    struct pending *t = code == CODE_FAILED ? NULL : build_array(s->b, 1, sizeof *t);
    if (!t) return false;
    *t = (struct pending){ code, *list };
    *list = t;
    return true;
}

static bool add_fact(struct schema_build *s, const struct fact **list, struct fact f)
{
    struct fact *copy = build_array(s->b, 1, sizeof *copy);
    if (!copy) return false;
    f.next = *list;
    *copy = f;
    *list = copy;
    return true;
}

static struct branch *open_branch(struct schema_build *s, struct path *p)
{
    struct branch *b = build_array(s->b, 1, sizeof *b);
    if (!b) return NULL;
    b->next = p->branches;
    p->branches = b;
    return b;
}

static struct choice *open_choice(struct schema_build *s, struct branch *b)
{
    struct choice *c = b ? build_array(s->b, 1, sizeof *c) : NULL;
    if (!c) return NULL;
    struct choice **at = &b->choices;
    while (*at)
        at = &(*at)->next;
    return *at = c;
}

static bool choose_code(struct schema_build *s, struct branch *b, uint32_t code)
{
    struct choice *c = open_choice(s, b);
    return c && push(s, &c->pending, code);
}

static bool choose_fact(struct schema_build *s, struct branch *b, struct fact f)
{
    struct choice *c = open_choice(s, b);
    return c && add_fact(s, &c->facts, f);
}

static uint32_t count_of(const struct json *v)
{
    int64_t n = json_int(v, 0);
    return n < (int64_t)PROGRAM_NONE - 2 ? (uint32_t)n : PROGRAM_NONE - 2;
}

static bool is_kind(const struct json *v, enum json_kind kind)
{
    return json_type(v) == (kind == KIND_OBJECT ? JSON_OBJECT : JSON_ARRAY);
}

/* --- constants --- */

static bool take_constant(struct walk *w, struct path *p, uint32_t entry, bool *ret_dead)
{
    struct schema_build *s = w->s;
    struct literal l = s->literals[entry];
    *ret_dead = !is_kind(l.value, w->kind);
    if (*ret_dead) return true;
    uint32_t n = (uint32_t)json_length(l.value);
    if (!add_fact(s, &p->facts, (struct fact){ .kind = FACT_MIN, .n = n }) ||
        !add_fact(s, &p->facts, (struct fact){ .kind = FACT_MAX, .n = n }))
        return false;
    if (w->kind == KIND_OBJECT) {
        for (struct json_member m = json_first(l.value); m.value; m = json_next(l.value, m)) {
            uint32_t code = literal_constant(s, m.value, l.pointer);
            if (code == CODE_FAILED ||
                !add_fact(s, &p->facts, (struct fact){ .kind = FACT_REQUIRED, .name = m.key }) ||
                !add_fact(s, &p->facts,
                          (struct fact){ .kind = FACT_NAMED, .name = m.key, .code = code }))
                return false;
        }
        return add_fact(s, &p->facts, (struct fact){ .kind = FACT_CLOSED, .value = l.value });
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t code = literal_constant(s, json_at(l.value, i), l.pointer);
        if (code == CODE_FAILED ||
            !add_fact(s, &p->facts, (struct fact){ .kind = FACT_ITEM, .n = i, .code = code }))
            return false;
    }
    return true;
}

/* Anything but the constant. */
static bool refute_constant(struct walk *w, struct path *p, uint32_t entry)
{
    struct schema_build *s = w->s;
    struct literal l = s->literals[entry];
    if (!is_kind(l.value, w->kind)) return true;
    struct branch *b = open_branch(s, p);
    uint32_t n = (uint32_t)json_length(l.value);
    if (!b) return false;
    if (w->kind == KIND_OBJECT) {
        for (struct json_member m = json_first(l.value); m.value; m = json_next(l.value, m)) {
            uint32_t code = literal_constant(s, m.value, l.pointer);
            if (code == CODE_FAILED ||
                !choose_fact(s, b,
                             (struct fact){ .kind = FACT_NAMED, .name = m.key, .code = code ^ 1 }))
                return false;
        }
        return choose_fact(
            s, b,
            (struct fact){
                .kind = FACT_EXISTS, .match = MATCH_NOT_IN, .value = l.value, .code = CODE_TRUE });
    }
    if (!choose_fact(s, b, (struct fact){ .kind = FACT_MIN, .n = n + 1 })) return false;
    if (n && !choose_fact(s, b, (struct fact){ .kind = FACT_MAX, .n = n - 1 })) return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t code = literal_constant(s, json_at(l.value, i), l.pointer);
        if (code == CODE_FAILED ||
            !choose_fact(s, b, (struct fact){ .kind = FACT_ITEM, .n = i, .code = code ^ 1 }))
            return false;
    }
    return true;
}

/* --- keywords of objects --- */

static struct fact named(struct span name, uint32_t code)
{
    return (struct fact){ .kind = FACT_NAMED, .name = name, .code = code };
}

static struct fact required(struct span name)
{
    return (struct fact){ .kind = FACT_REQUIRED, .name = name };
}

/* "dependencies" and its two successors: a name that is absent, or what it asks for. */
static bool take_dependency(struct walk *w, struct path *p, uint32_t entry, const char *key,
                            struct json_member m)
{
    struct schema_build *s = w->s;
    struct branch *b = open_branch(s, p);
    if (!b || !choose_fact(s, b, named(m.key, CODE_FALSE))) return false;
    struct choice *c = open_choice(s, b);
    if (!c || !add_fact(s, &c->facts, required(m.key))) return false;
    if (json_type(m.value) != JSON_ARRAY)
        return push(s, &c->pending, literal_member(s, entry, key, m));
    for (size_t i = 0; i < json_length(m.value); i++)
        if (!add_fact(s, &c->facts, required(json_string(json_at(m.value, i))))) return false;
    return true;
}

static bool refute_dependency(struct walk *w, struct branch *b, uint32_t entry, const char *key,
                              struct json_member m)
{
    struct schema_build *s = w->s;
    size_t n = json_type(m.value) == JSON_ARRAY ? json_length(m.value) : 1;
    for (size_t i = 0; i < n; i++) {
        struct choice *c = open_choice(s, b);
        if (!c || !add_fact(s, &c->facts, required(m.key))) return false;
        if (json_type(m.value) == JSON_ARRAY) {
            struct span other = json_string(json_at(m.value, i));
            if (!add_fact(s, &c->facts, named(other, CODE_FALSE))) return false;
        } else {
            uint32_t code = literal_member(s, entry, key, m);
            if (code == CODE_FAILED || !push(s, &c->pending, code ^ 1)) return false;
        }
    }
    return true;
}

static const char *const dependency_keys[] = { "dependentRequired", "dependentSchemas",
                                               "dependencies" };

static bool check_dependencies(struct schema_build *s, uint32_t entry)
{
    const struct literal *l = s->literals + entry;
    for (size_t k = 0; k < 3; k++) {
        const struct json *v = json_get(l->value, dependency_keys[k]);
        if (!v) continue;
        bool ok = json_type(v) == JSON_OBJECT;
        for (struct json_member m = json_first(v); m.value && ok; m = json_next(v, m))
            for (size_t i = 0; json_type(m.value) == JSON_ARRAY && i < json_length(m.value); i++)
                ok = ok && json_type(json_at(m.value, i)) == JSON_STRING;
        if (!ok)
            return build_fail(s->b, STATUS_BAD_INPUT,
                              "%s%s/%s: has to be an object of arrays of names, or of schemas",
                              s->base, l->pointer, dependency_keys[k]);
    }
    return true;
}

static bool take_object(struct walk *w, struct path *p, uint32_t entry)
{
    struct schema_build *s = w->s;
    struct literal l = s->literals[entry];
    const struct json *list = json_get(l.value, "required"), *v;
    for (size_t i = 0; i < json_length(list); i++)
        if (!add_fact(s, &p->facts, required(json_string(json_at(list, i))))) return false;
    if ((v = json_get(l.value, "minProperties")) &&
        !add_fact(s, &p->facts, (struct fact){ .kind = FACT_MIN, .n = count_of(v) }))
        return false;
    if ((v = json_get(l.value, "maxProperties")) &&
        !add_fact(s, &p->facts, (struct fact){ .kind = FACT_MAX, .n = count_of(v) }))
        return false;
    if (json_get(l.value, "properties") || json_get(l.value, "patternProperties") ||
        json_get(l.value, "additionalProperties"))
        if (!add_fact(s, &p->facts,
                      (struct fact){ .kind = FACT_RULE, .value = l.value, .entry = entry }))
            return false;
    if (json_get(l.value, "propertyNames")) {
        uint32_t code = literal_child(s, entry, "propertyNames", -1);
        if (code == CODE_FAILED ||
            !add_fact(s, &p->facts, (struct fact){ .kind = FACT_KEYS, .code = code }))
            return false;
    }
    if (!check_dependencies(s, entry)) return false;
    for (size_t k = 0; k < 3; k++) {
        v = json_get(l.value, dependency_keys[k]);
        for (struct json_member m = json_first(v); m.value; m = json_next(v, m))
            if (!take_dependency(w, p, entry, dependency_keys[k], m)) return false;
    }
    return true;
}

static bool refute_rules(struct walk *w, struct branch *b, uint32_t entry)
{
    struct schema_build *s = w->s;
    struct literal l = s->literals[entry];
    const struct json *v = json_get(l.value, "properties");
    for (struct json_member m = json_first(v); m.value; m = json_next(v, m)) {
        uint32_t code = literal_member(s, entry, "properties", m);
        struct choice *c = code == CODE_TRUE ? NULL : open_choice(s, b);
        if (code == CODE_TRUE) continue;
        if (code == CODE_FAILED || !c || !add_fact(s, &c->facts, required(m.key)) ||
            !add_fact(s, &c->facts, named(m.key, code ^ 1)))
            return false;
    }
    v = json_get(l.value, "patternProperties");
    for (struct json_member m = json_first(v); m.value; m = json_next(v, m)) {
        uint32_t code = literal_member(s, entry, "patternProperties", m);
        if (code == CODE_TRUE) continue;
        if (code == CODE_FAILED || !choose_fact(s, b,
                                                (struct fact){ .kind = FACT_EXISTS,
                                                               .match = MATCH_PATTERN,
                                                               .name = m.key,
                                                               .value = l.value,
                                                               .code = code ^ 1 }))
            return false;
    }
    if (!json_get(l.value, "additionalProperties")) return true;
    uint32_t code = literal_child(s, entry, "additionalProperties", -1);
    if (code == CODE_TRUE) return true;
    return code != CODE_FAILED && choose_fact(s, b,
                                              (struct fact){ .kind = FACT_EXISTS,
                                                             .match = MATCH_OTHER,
                                                             .value = l.value,
                                                             .entry = entry,
                                                             .code = code ^ 1 });
}

static bool refute_object(struct walk *w, struct branch *b, uint32_t entry)
{
    struct schema_build *s = w->s;
    struct literal l = s->literals[entry];
    const struct json *list = json_get(l.value, "required"), *v;
    for (size_t i = 0; i < json_length(list); i++)
        if (!choose_fact(s, b, named(json_string(json_at(list, i)), CODE_FALSE))) return false;
    if ((v = json_get(l.value, "minProperties")) && count_of(v) > 0 &&
        !choose_fact(s, b, (struct fact){ .kind = FACT_MAX, .n = count_of(v) - 1 }))
        return false;
    if ((v = json_get(l.value, "maxProperties")) &&
        !choose_fact(s, b, (struct fact){ .kind = FACT_MIN, .n = count_of(v) + 1 }))
        return false;
    if (json_get(l.value, "propertyNames")) {
        uint32_t code = literal_child(s, entry, "propertyNames", -1);
        if (code == CODE_FAILED || !choose_fact(s, b,
                                                (struct fact){ .kind = FACT_EXISTS,
                                                               .match = MATCH_NOT_KEY,
                                                               .key_code = code,
                                                               .code = CODE_TRUE }))
            return false;
    }
    if (!check_dependencies(s, entry)) return false;
    for (size_t k = 0; k < 3; k++) {
        v = json_get(l.value, dependency_keys[k]);
        for (struct json_member m = json_first(v); m.value; m = json_next(v, m))
            if (!refute_dependency(w, b, entry, dependency_keys[k], m)) return false;
    }
    return refute_rules(w, b, entry);
}

/* --- keywords of arrays --- */

#define UNIQUE_REFERENCES_MAX 8

/* The number of leading items with schemas of their own. */
static uint32_t prefix_length(const struct json *schema)
{
    const struct json *list = json_get(schema, "prefixItems");
    if (!list && json_type(json_get(schema, "items")) == JSON_ARRAY)
        list = json_get(schema, "items");
    return (uint32_t)json_length(list);
}

static const char *prefix_key(const struct json *schema)
{
    return json_get(schema, "prefixItems") ? "prefixItems" : "items";
}

/* The keyword for the items behind those, NULL where there is none. */
static const char *rest_key(const struct json *schema)
{
    const struct json *items = json_get(schema, "items");
    if (json_type(items) == JSON_ARRAY && !json_get(schema, "prefixItems"))
        return json_get(schema, "additionalItems") ? "additionalItems" : NULL;
    return items ? "items" : NULL;
}

static bool refuse_unique(struct schema_build *s, uint32_t entry)
{
    return build_fail(
        s->b, STATUS_UNSUPPORTED,
        "%s%s/uniqueItems: keyword \"uniqueItems\" is supported where \"items\" has an "
        "\"enum\" of up to %d values, or with maxItems 1 or less",
        s->base, s->literals[entry].pointer, UNIQUE_VALUES_MAX);
}

/* Whether equal items are ruled out by something to be enforced: not where one item is all there is. */
static bool wants_unique(const struct json *value)
{
    const struct json *max = json_get(value, "maxItems");
    return json_bool(json_get(value, "uniqueItems"), false) && !(max && json_int(max, 2) <= 1);
}

/* The values that all items are among; NULL where no list says so. */
static const struct json *item_values(struct schema_build *s, uint32_t entry)
{
    const struct json *value = s->literals[entry].value, *list = NULL;
    const char *key = rest_key(value);
    if (prefix_length(value) || !key || strcmp(key, "items") != 0) return NULL;
    uint32_t code = literal_child(s, entry, key, -1);
    for (int i = 0; i < UNIQUE_REFERENCES_MAX && code != CODE_FAILED && code / 2 && !list; i++) {
        const struct json *item = s->literals[code / 2].value;
        const char *reference = reference_key(s, item);
        list = json_get(item, "enum");
        if (!list && !reference) return NULL;
        if (!list) code = literal_reference(s, code / 2, reference);
    }
    return json_type(list) == JSON_ARRAY ? list : NULL;
}

static bool is_repeated(const struct json *list, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (json_same(json_at(list, i), json_at(list, at))) return true;
    return false;
}

/* Each of the values comes once at most. */
static bool take_unique(struct walk *w, struct path *p, uint32_t entry)
{
    struct schema_build *s = w->s;
    size_t count = 0;
    if (!wants_unique(s->literals[entry].value)) return true;
    const struct json *list = item_values(s, entry);
    if (s->b->status) return false;
    if (!list) return refuse_unique(s, entry);
    for (size_t i = 0; i < json_length(list); i++) {
        if (is_repeated(list, i)) continue;
        uint32_t code = literal_constant(s, json_at(list, i), s->literals[entry].pointer);
        if (++count > UNIQUE_VALUES_MAX) return refuse_unique(s, entry);
        if (code == CODE_FAILED ||
            !add_fact(s, &p->facts,
                      (struct fact){ .kind = FACT_SOME, .code = code, .high = 1, .apart = true }))
            return false;
    }
    return true;
}

static bool take_contains(struct walk *w, struct path *p, uint32_t entry)
{
    struct schema_build *s = w->s;
    const struct json *v = s->literals[entry].value, *min = json_get(v, "minContains"),
                      *max = json_get(v, "maxContains");
    if (!json_get(v, "contains")) return true;
    uint32_t code = literal_child(s, entry, "contains", -1);
    uint32_t low = min ? count_of(min) : 1, high = max ? count_of(max) : PROGRAM_NONE;
    if (code == CODE_FAILED) return false;
    if (low == 0 && high == PROGRAM_NONE) return true;
    return add_fact(s, &p->facts,
                    (struct fact){ .kind = FACT_SOME, .code = code, .low = low, .high = high });
}

static bool take_array(struct walk *w, struct path *p, uint32_t entry)
{
    struct schema_build *s = w->s;
    const struct json *value = s->literals[entry].value, *v;
    if (!take_unique(w, p, entry)) return false;
    if ((v = json_get(value, "minItems")) &&
        !add_fact(s, &p->facts, (struct fact){ .kind = FACT_MIN, .n = count_of(v) }))
        return false;
    if ((v = json_get(value, "maxItems")) &&
        !add_fact(s, &p->facts, (struct fact){ .kind = FACT_MAX, .n = count_of(v) }))
        return false;
    if ((prefix_length(value) || rest_key(value)) &&
        !add_fact(s, &p->facts, (struct fact){ .kind = FACT_RULE, .value = value, .entry = entry }))
        return false;
    return take_contains(w, p, entry);
}

static bool refute_array(struct walk *w, struct branch *b, uint32_t entry)
{
    struct schema_build *s = w->s;
    const struct json *value = s->literals[entry].value, *v;
    uint32_t prefix = prefix_length(value);
    if (json_bool(json_get(value, "uniqueItems"), false)) return refuse_unique(s, entry);
    if ((v = json_get(value, "minItems")) && count_of(v) > 0 &&
        !choose_fact(s, b, (struct fact){ .kind = FACT_MAX, .n = count_of(v) - 1 }))
        return false;
    if ((v = json_get(value, "maxItems")) &&
        !choose_fact(s, b, (struct fact){ .kind = FACT_MIN, .n = count_of(v) + 1 }))
        return false;
    for (uint32_t i = 0; i < prefix; i++) {
        uint32_t code = literal_child(s, entry, prefix_key(value), i);
        struct choice *c = open_choice(s, b);
        if (code == CODE_FAILED || !c ||
            !add_fact(s, &c->facts, (struct fact){ .kind = FACT_MIN, .n = i + 1 }) ||
            !add_fact(s, &c->facts, (struct fact){ .kind = FACT_ITEM, .n = i, .code = code ^ 1 }))
            return false;
    }
    if (rest_key(value)) {
        uint32_t code = literal_child(s, entry, rest_key(value), -1);
        if (code == CODE_FAILED || !choose_fact(s, b,
                                                (struct fact){ .kind = FACT_SOME,
                                                               .n = prefix,
                                                               .code = code ^ 1,
                                                               .low = 1,
                                                               .high = PROGRAM_NONE }))
            return false;
    }
    if (!json_get(value, "contains")) return true;
    uint32_t code = literal_child(s, entry, "contains", -1);
    uint32_t low = (v = json_get(value, "minContains")) ? count_of(v) : 1;
    uint32_t high = (v = json_get(value, "maxContains")) ? count_of(v) : PROGRAM_NONE;
    if (code == CODE_FAILED) return false;
    if (low > 0 &&
        !choose_fact(s, b,
                     (struct fact){ .kind = FACT_SOME, .code = code, .low = 0, .high = low - 1 }))
        return false;
    return high == PROGRAM_NONE || choose_fact(s, b,
                                               (struct fact){ .kind = FACT_SOME,
                                                              .code = code,
                                                              .low = high + 1,
                                                              .high = PROGRAM_NONE });
}

/* --- combinations --- */

/* Exactly one: each in turn, with those denied that it does not exclude anyway. */
static bool take_one_of(struct walk *w, struct path *p, uint32_t entry, size_t n)
{
    struct schema_build *s = w->s;
    struct branch *b = open_branch(s, p);
    uint32_t *codes = build_array(s->b, n, sizeof *codes);
    if (!b || !codes) return false;
    for (size_t i = 0; i < n; i++)
        if ((codes[i] = literal_child(s, entry, "oneOf", (int64_t)i)) == CODE_FAILED) return false;
    for (size_t i = 0; i < n; i++) {
        struct choice *c = open_choice(s, b);
        if (!c) return false;
        for (size_t j = n; j > 0; j--) {
            uint32_t pair[] = { codes[i], codes[j - 1] };
            bool apart;
            if (j - 1 == i) continue;
            if (!schema_seems_empty(s, pair, 2, 3, &apart) ||
                (!apart && !push(s, &c->pending, codes[j - 1] ^ 1)))
                return false;
        }
        if (!push(s, &c->pending, codes[i])) return false;
    }
    return true;
}

static bool refute_one_of(struct walk *w, struct branch *b, uint32_t entry, size_t n)
{
    struct schema_build *s = w->s;
    struct choice *none = open_choice(s, b);
    if (!none) return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t x = literal_child(s, entry, "oneOf", (int64_t)i);
        if (x == CODE_FAILED || !push(s, &none->pending, x ^ 1)) return false;
        for (size_t j = i + 1; j < n; j++) {
            uint32_t y = literal_child(s, entry, "oneOf", (int64_t)j);
            struct choice *c = open_choice(s, b);
            if (!c || !push(s, &c->pending, y) || !push(s, &c->pending, x)) return false;
        }
    }
    return true;
}

static bool take_if(struct walk *w, struct path *p, uint32_t entry)
{
    struct schema_build *s = w->s;
    const struct json *v = s->literals[entry].value;
    if (!json_get(v, "if") || (!json_get(v, "then") && !json_get(v, "else"))) return true;
    uint32_t when = literal_child(s, entry, "if", -1);
    uint32_t then = json_get(v, "then") ? literal_child(s, entry, "then", -1) : CODE_TRUE;
    uint32_t other = json_get(v, "else") ? literal_child(s, entry, "else", -1) : CODE_TRUE;
    struct branch *b = open_branch(s, p);
    struct choice *yes = open_choice(s, b), *no = open_choice(s, b);
    return yes && no && when != CODE_FAILED && push(s, &yes->pending, then) &&
           push(s, &yes->pending, when) && push(s, &no->pending, other) &&
           push(s, &no->pending, when ^ 1);
}

static bool refute_if(struct walk *w, struct branch *b, uint32_t entry)
{
    struct schema_build *s = w->s;
    const struct json *v = s->literals[entry].value;
    uint32_t when = json_get(v, "if") ? literal_child(s, entry, "if", -1) : CODE_TRUE;
    for (int i = 0; json_get(v, "if") && i < 2; i++) {
        const char *key = i ? "else" : "then";
        if (!json_get(v, key)) continue;
        uint32_t code = literal_child(s, entry, key, -1);
        struct choice *c = open_choice(s, b);
        if (!c || code == CODE_FAILED || when == CODE_FAILED || !push(s, &c->pending, code ^ 1) ||
            !push(s, &c->pending, i ? when ^ 1 : when))
            return false;
    }
    return true;
}

/* A value of "enum" or "const" as a choice of the branch, or all of them denied. */
static bool take_values(struct walk *w, struct path *p, uint32_t entry, bool *ret_dead)
{
    struct schema_build *s = w->s;
    struct literal l = s->literals[entry];
    const struct json *list = json_get(l.value, "enum"), *one = json_get(l.value, "const");
    if (one) {
        if (!is_kind(one, w->kind)) return *ret_dead = true;
        if (!push(s, &p->pending, literal_constant(s, one, l.pointer))) return false;
    }
    if (!list) return true;
    struct branch *b = open_branch(s, p);
    if (!b) return false;
    for (size_t i = 0; i < json_length(list); i++)
        if (is_kind(json_at(list, i), w->kind) &&
            !choose_code(s, b, literal_constant(s, json_at(list, i), l.pointer)))
            return false;
    *ret_dead = b->choices == NULL;
    return true;
}

static bool refute_values(struct walk *w, struct branch *b, uint32_t entry)
{
    struct schema_build *s = w->s;
    struct literal l = s->literals[entry];
    const struct json *list = json_get(l.value, "enum"), *one = json_get(l.value, "const");
    if (one) {
        uint32_t code = literal_constant(s, one, l.pointer);
        if (code == CODE_FAILED || !choose_code(s, b, code ^ 1)) return false;
    }
    struct choice *c = list ? open_choice(s, b) : NULL;
    for (size_t i = 0; i < json_length(list); i++) {
        uint32_t code = literal_constant(s, json_at(list, i), l.pointer);
        if (!c || code == CODE_FAILED || !push(s, &c->pending, code ^ 1)) return false;
    }
    return true;
}

static bool take_combinations(struct walk *w, struct path *p, uint32_t entry)
{
    struct schema_build *s = w->s;
    const struct json *v = s->literals[entry].value;
    for (size_t i = json_length(json_get(v, "allOf")); i > 0; i--)
        if (!push(s, &p->pending, literal_child(s, entry, "allOf", (int64_t)i - 1))) return false;
    size_t n = json_length(json_get(v, "anyOf"));
    struct branch *b = n ? open_branch(s, p) : NULL;
    for (size_t i = 0; i < n; i++)
        if (!choose_code(s, b, literal_child(s, entry, "anyOf", (int64_t)i))) return false;
    n = json_length(json_get(v, "oneOf"));
    if (n && !take_one_of(w, p, entry, n)) return false;
    if (json_get(v, "not")) {
        uint32_t code = literal_child(s, entry, "not", -1);
        if (code == CODE_FAILED || !push(s, &p->pending, code ^ 1)) return false;
    }
    return take_if(w, p, entry);
}

static bool refute_combinations(struct walk *w, struct branch *b, uint32_t entry)
{
    struct schema_build *s = w->s;
    const struct json *v = s->literals[entry].value;
    for (size_t i = 0; i < json_length(json_get(v, "allOf")); i++) {
        uint32_t code = literal_child(s, entry, "allOf", (int64_t)i);
        if (code == CODE_FAILED || !choose_code(s, b, code ^ 1)) return false;
    }
    size_t n = json_length(json_get(v, "anyOf"));
    struct choice *none = n ? open_choice(s, b) : NULL;
    for (size_t i = 0; i < n; i++) {
        uint32_t code = literal_child(s, entry, "anyOf", (int64_t)i);
        if (code == CODE_FAILED || !none || !push(s, &none->pending, code ^ 1)) return false;
    }
    n = json_length(json_get(v, "oneOf"));
    if (n && !refute_one_of(w, b, entry, n)) return false;
    if (json_get(v, "not") && !choose_code(s, b, literal_child(s, entry, "not", -1))) return false;
    return refute_if(w, b, entry);
}

/* --- literals --- */

static bool take_schema(struct walk *w, struct path *p, uint32_t entry, bool *ret_dead)
{
    struct schema_build *s = w->s;
    struct literal l = s->literals[entry];
    const char *ref = reference_key(s, l.value);
    if (!literal_check(s, entry)) return false;
    if (ref) {
        if (!push(s, &p->pending, literal_reference(s, entry, ref))) return false;
        if (s->draft < DRAFT_2019) return true;
    }
    *ret_dead =
        !type_allows(json_get(l.value, "type"), w->kind == KIND_OBJECT ? "object" : "array");
    if (*ret_dead) return true;
    if (!(w->kind == KIND_OBJECT ? take_object(w, p, entry) : take_array(w, p, entry)))
        return false;
    return take_values(w, p, entry, ret_dead) && take_combinations(w, p, entry);
}

/* *ret_dead: the schema says nothing that could be violated. */
static bool refute_schema(struct walk *w, struct path *p, uint32_t entry, bool *ret_dead)
{
    struct schema_build *s = w->s;
    struct literal l = s->literals[entry];
    const char *ref = reference_key(s, l.value);
    if (!literal_check(s, entry)) return false;
    bool typed =
        type_allows(json_get(l.value, "type"), w->kind == KIND_OBJECT ? "object" : "array");
    bool only_ref = ref && s->draft < DRAFT_2019;
    if (!typed && !only_ref) return true; /* violated by the type alone */
    struct branch *b = open_branch(s, p);
    if (!b) return false;
    if (ref) {
        uint32_t code = literal_reference(s, entry, ref);
        if (code == CODE_FAILED || !choose_code(s, b, code ^ 1)) return false;
    }
    if (!only_ref) {
        bool ok = w->kind == KIND_OBJECT ? refute_object(w, b, entry) : refute_array(w, b, entry);
        if (!ok || !refute_values(w, b, entry) || !refute_combinations(w, b, entry)) return false;
    }
    *ret_dead = b->choices == NULL;
    return true;
}

static bool take_literal(struct walk *w, struct path *p, uint32_t code, bool *ret_dead)
{
    struct schema_build *s = w->s;
    uint32_t entry = code / 2;
    if (code == CODE_TRUE) return true;
    if (code == CODE_FALSE) return *ret_dead = true;
    for (const struct pending *t = p->taken; t; t = t->next) {
        if (t->code == code) return true;
        if (t->code == (code ^ 1)) return *ret_dead = true;
    }
    if (!push(s, &p->taken, code)) return false;
    if (s->literals[entry].constant)
        return code & 1 ? refute_constant(w, p, entry) : take_constant(w, p, entry, ret_dead);
    return code & 1 ? refute_schema(w, p, entry, ret_dead) : take_schema(w, p, entry, ret_dead);
}

/* --- contradictions --- */

static bool facts_bounds(const struct fact *facts, uint32_t *ret_min, uint32_t *ret_max)
{
    *ret_min = 0;
    *ret_max = PROGRAM_NONE;
    for (const struct fact *f = facts; f; f = f->next) {
        if (f->kind == FACT_MIN && f->n > *ret_min) *ret_min = f->n;
        if (f->kind == FACT_MAX && f->n < *ret_max) *ret_max = f->n;
    }
    return *ret_min <= *ret_max;
}

static bool object_dead(struct walk *w, const struct fact *facts, bool *ret)
{
    struct schema_build *s = w->s;
    for (const struct fact *f = facts; f && !*ret; f = f->next) {
        bool again = f->kind != FACT_REQUIRED;
        for (const struct fact *g = facts; g != f && !again; g = g->next)
            again = g->kind == FACT_REQUIRED && g->name.len == f->name.len &&
                    memcmp(g->name.data, f->name.data, f->name.len) == 0;
        struct code_set set;
        if (again) continue;
        if (!member_codes(s, facts, f->name, &set)) return false;
        *ret = set.empty;
        if (!*ret && w->seeming_depth > 0 &&
            !schema_seems_empty(s, set.codes, set.count, w->seeming_depth - 1, ret))
            return false;
    }
    return true;
}

static bool array_dead(struct walk *w, const struct fact *facts, uint32_t min, bool *ret)
{
    struct schema_build *s = w->s;
    for (uint32_t i = 0; i < min && i < 8 && !*ret; i++) {
        struct code_set set;
        if (!item_codes(s, facts, i, &set)) return false;
        *ret = set.empty;
        if (!*ret && w->seeming_depth > 0 &&
            !schema_seems_empty(s, set.codes, set.count, w->seeming_depth - 1, ret))
            return false;
    }
    return true;
}

static bool facts_dead(struct walk *w, const struct fact *facts, bool *ret)
{
    uint32_t min, max;
    *ret = !facts_bounds(facts, &min, &max);
    if (*ret) return true;
    return w->kind == KIND_OBJECT ? object_dead(w, facts, ret) : array_dead(w, facts, min, ret);
}

/* --- the walk --- */

static bool follow_path(struct walk *w, struct path p);

static bool follow_choices(struct walk *w, struct path p)
{
    struct schema_build *s = w->s;
    const struct branch *b = p.branches;
    p.branches = b->next;
    for (const struct choice *c = b->choices; c; c = c->next) {
        struct path q = p;
        if (++s->branches > BRANCHES_MAX)
            return build_fail(s->b, STATUS_LIMIT,
                              "%s: anyOf, oneOf, not and if combine in more than %d ways; make the "
                              "schema simpler",
                              s->base, BRANCHES_MAX);
        for (const struct pending *t = c->pending; t; t = t->next)
            if (!push(s, &q.pending, t->code)) return false;
        for (const struct fact *f = c->facts; f; f = f->next)
            if (!add_fact(s, &q.facts, *f)) return false;
        if (!follow_path(w, q)) return false;
    }
    return true;
}

static bool follow_path(struct walk *w, struct path p)
{
    struct schema_build *s = w->s;
    bool dead = false;
    if (++s->nesting > SCHEMA_NESTING_MAX)
        return build_fail(s->b, STATUS_LIMIT, "%s: combinations nest deeper than %d", s->base,
                          SCHEMA_NESTING_MAX);
    while (p.pending && !dead) {
        uint32_t code = p.pending->code;
        p.pending = p.pending->next;
        if (!build_spend(s->b, 50) || !take_literal(w, &p, code, &dead)) return false;
    }
    if (!dead && !facts_dead(w, p.facts, &dead)) return false;
    bool ok = dead || (p.branches ? follow_choices(w, p) : w->fn(s, p.facts, w->ctx));
    s->nesting--;
    return ok;
}

static bool expand(struct schema_build *s, enum json_kind kind, const uint32_t *codes, size_t n,
                   int depth, alternative_fn *fn, void *ctx)
{
    struct walk w = { s, kind, fn, ctx, depth };
    struct path p = { 0 };
    for (size_t i = n; i > 0; i--)
        if (!push(s, &p.pending, codes[i - 1])) return false;
    return follow_path(&w, p);
}

bool schema_expand(struct schema_build *s, enum json_kind kind, const uint32_t *codes, size_t n,
                   alternative_fn *fn, void *ctx)
{
    return expand(s, kind, codes, n, 1, fn, ctx);
}

static bool note_alternative(struct schema_build *s, const struct fact *facts, void *ctx)
{
    *(bool *)ctx = true;
    return true;
}

bool schema_seems_empty(struct schema_build *s, const uint32_t *codes, size_t n, int depth,
                        bool *ret)
{
    uint32_t words[SET_LITERALS_MAX + 1];
    struct scalar_set x;
    bool is_new, some = false;
    *ret = false;
    if (n == 0 || n > SET_LITERALS_MAX) return true;
    for (size_t i = 0; i < n; i++)
        words[i] = codes[i];
    words[n] = (uint32_t)depth;
    uint32_t id = word_set_add(s->b, &s->disjoint, words, n + 1, &is_new);
    if (id == UINT32_MAX ||
        !build_grow(s->b, &s->disjoint_known, &s->disjoint_cap, id, sizeof *s->disjoint_known))
        return false;
    if (!is_new) {
        *ret = s->disjoint_known[id] == 2; /* still at work on it: not known */
        return true;
    }
    if (!scalars_of_set(s, codes, n, &x)) return false;
    some = !scalars_empty(&x);
    if (!some && !expand(s, KIND_OBJECT, codes, n, depth, note_alternative, &some)) return false;
    if (!some && !expand(s, KIND_ARRAY, codes, n, depth, note_alternative, &some)) return false;
    *ret = !some;
    s->disjoint_known[id] = some ? 1 : 2;
    return true;
}
