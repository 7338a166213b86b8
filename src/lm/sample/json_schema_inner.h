/* Schemas as literals, and what the steps of their compilation hand to one another.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A literal is a schema or a constant, or its negation. A node is a set of literals that all have
 * to hold, so each place of a text where a value stands is a node, and equal sets are one node:
 * recursion ends by itself. What a node allows is worked out type by type: for null, booleans,
 * numbers and strings as one language; for arrays and objects as alternatives, each a list of
 * facts (json_schema_expand.c), each of which becomes a shape (json_schema_shape.c). */
#ifndef LM_SAMPLE_JSON_SCHEMA_INNER_H
#define LM_SAMPLE_JSON_SCHEMA_INNER_H

#include "lm/sample/json_schema.h"
#include "lm/sample/number_language.h"

#define SCHEMA_LITERALS_MAX 20000
#define SCHEMA_NODES_MAX    20000
#define SCHEMA_NESTING_MAX  200 /* references and combinations inside one another */
#define ALTERNATIVES_MAX    400 /* of one node, arrays or objects */
#define BRANCHES_MAX        200000
#define SET_LITERALS_MAX    400 /* in one node */
#define OBJECT_NAMES_MAX    2000
#define EXISTS_MAX          6
#define UNIQUE_VALUES_MAX   12 /* that the items of a set may have */
#define ARRAY_STATES_MAX    20000
#define NAMES_LISTED_MAX    64 /* a finite class of names is taken apart up to here */

/* Literal 2 * i is entry i, 2 * i + 1 its negation. Entry 0 is the schema `true`. */
#define CODE_TRUE  0u
#define CODE_FALSE 1u

enum draft { DRAFT_4 = 4, DRAFT_6 = 6, DRAFT_7 = 7, DRAFT_2019 = 2019, DRAFT_2020 = 2020 };

/* Strings of a length, of one language: the pieces of a set of strings are united. */
struct string_piece {
    const struct automaton *language; /* NULL: any string */
    uint32_t min, max;                /* characters; max: PROGRAM_NONE for no end */
};
struct string_set {
    struct string_piece *pieces;
    size_t count, cap;
};
#define STRING_PIECES_MAX 64

enum { SIMPLE_NULL = 1, SIMPLE_TRUE = 2, SIMPLE_FALSE = 4, SIMPLE_ALL = 7 };
struct scalar_set {
    unsigned simple;
    const struct automaton *number; /* NULL: all numbers */
    struct string_set strings;
};

struct literal {
    const struct json *value;
    const struct json *root; /* what "#/..." is looked up in */
    const char *pointer;     /* for messages */
    bool constant;           /* value is the only value, not a schema */
    bool checked, busy, has_scalars;
    struct scalar_set scalars;
};

enum json_kind { KIND_OBJECT, KIND_ARRAY };

enum fact_kind {
    FACT_RULE,     /* object: properties, patternProperties, additionalProperties of `value` hold;
                    * array: prefixItems and items of `value` */
    FACT_CLOSED,   /* object: no name but those of the constant `value` */
    FACT_REQUIRED, /* `name` is there */
    FACT_NAMED,    /* `name`, if there, is `code` */
    FACT_EXISTS,   /* a name that `match` fits is there, with a value of `code` */
    FACT_KEYS,     /* each name is `code` */
    FACT_MIN,      /* at least n members or items */
    FACT_MAX,
    FACT_ITEM, /* item n, if there, is `code` */
    FACT_SOME, /* from n on, at least `low` and at most `high` items are `code` */
};
enum match_kind {
    MATCH_PATTERN, /* the expression `name` */
    MATCH_OTHER,   /* no property or pattern of schema `value` */
    MATCH_NOT_KEY, /* a name that is not `key_code` */
    MATCH_NOT_IN,  /* not a member of the constant `value` */
};
struct fact {
    enum fact_kind kind;
    const struct fact *next;
    struct span name;
    const struct json *value;
    uint32_t entry; /* of RULE: the literal it came from */
    uint32_t code;
    uint32_t n, low, high;
    bool apart; /* of SOME: no item is `code` of two such facts */
    enum match_kind match;
    uint32_t key_code;
};

struct node_work {
    uint32_t *objects, *arrays; /* indices into the program */
    size_t object_count, array_count, objects_cap, arrays_cap;
    struct program_node node;
    bool productive;
};

struct pattern_entry {
    struct span text;
    struct automaton *a;
};

struct key_language {
    uint32_t code;
    struct automaton *a;
};
/* Shapes before it is known which of their nodes anything satisfies. */
struct object_work {
    struct automaton *key; /* labels: class + 1 */
    uint32_t class_count;
    struct key_class *classes;
    struct key_option *options;
    uint32_t option_count;
    uint32_t required_count;
    bool *required; /* [names] */
};
struct array_work {
    uint32_t state_count;
    uint32_t *edge_first;
    struct item_edge *edges;
    bool *accept;
};

struct schema_build {
    struct build *b;
    struct program *p;
    const struct schema_options *options;
    const char *base;
    const struct json *document;
    enum draft draft;
    struct literal *literals;
    size_t literal_count, literals_cap;
    struct word_set by_value; /* {pointer low, pointer high, constant} */
    struct word_set nodes;    /* sets of codes */
    struct node_work *work;
    size_t work_cap;
    uint32_t node_base, object_base, array_base; /* what the program held before */
    const struct automaton *numbers, *strings, *integers;
    const struct automaton *number_text, *string_text; /* any of them, as JSON */
    struct word_set scalar_keys;                       /* what scalars_emit has made */
    uint32_t *scalar_made;                             /* its automata, PROGRAM_NONE for none */
    size_t scalar_made_cap;
    struct pattern_entry *patterns;
    size_t pattern_count, patterns_cap;
    uint64_t branches;
    int nesting;
    struct word_set disjoint; /* sets of codes whose emptiness is known */
    uint8_t *disjoint_known;
    size_t disjoint_cap;
    struct key_language *key_languages;
    size_t key_language_count, key_languages_cap;
    struct object_work *objects; /* beside the program's */
    struct array_work *arrays;
    size_t objects_cap, arrays_cap;
};

/* --- literals --- */
#define CODE_FAILED UINT32_MAX
uint32_t literal_schema(struct schema_build *s, const struct json *value, const struct json *root,
                        const char *pointer);
uint32_t literal_constant(struct schema_build *s, const struct json *value, const char *pointer);
/* The schema under `key` of the literal's schema, or its item `i` (i < 0: the value itself). */
uint32_t literal_child(struct schema_build *s, uint32_t entry, const char *key, int64_t i);
uint32_t literal_member(struct schema_build *s, uint32_t entry, const char *key,
                        struct json_member m);
/* Looks at the keywords once; false where one is unknown to be right. */
bool literal_check(struct schema_build *s, uint32_t entry);
uint32_t literal_reference(struct schema_build *s, uint32_t entry, const char *key);
/* "/properties/a" + "/" + key, escaped; in the build's memory. */
const char *pointer_join(struct build *b, const char *pointer, struct span key);
const char *reference_key(const struct schema_build *s, const struct json *schema);
bool type_allows(const struct json *type, const char *name);
bool json_same(const struct json *a, const struct json *b);
struct automaton *pattern_find(struct schema_build *s, struct span text, const char *where);
bool automaton_accepts(const struct automaton *a, struct span text);

/* --- scalars --- */
bool scalar_prepare(struct schema_build *s);
/* The scalars that all of the codes allow. */
bool scalars_of_set(struct schema_build *s, const uint32_t *codes, size_t n,
                    struct scalar_set *ret);
bool scalars_empty(const struct scalar_set *x);
/* The strings as one automaton, in plain characters; for names. */
struct automaton *strings_automaton(struct schema_build *s, const struct string_set *x,
                                    const char *where);
/* Writes scalar and lengths of the node. */
bool scalars_emit(struct schema_build *s, const struct scalar_set *x, struct program_node *node);
struct automaton *format_automaton(struct schema_build *s, const char *name, bool *ret_known,
                                   const char *where);

/* --- alternatives --- */
typedef bool alternative_fn(struct schema_build *s, const struct fact *facts, void *ctx);
bool schema_expand(struct schema_build *s, enum json_kind kind, const uint32_t *codes, size_t n,
                   alternative_fn *fn, void *ctx);
/* Whether no value at all satisfies the codes, as far as `depth` levels show. */
bool schema_seems_empty(struct schema_build *s, const uint32_t *codes, size_t n, int depth,
                        bool *ret);

/* --- shapes --- */
struct code_set {
    uint32_t codes[SET_LITERALS_MAX];
    size_t count;
    bool empty; /* holds CODE_FALSE */
};
bool code_set_add(struct schema_build *s, struct code_set *set, uint32_t code);
void code_set_settle(struct code_set *set);
/* What a member `name` has to be. */
bool member_codes(struct schema_build *s, const struct fact *facts, struct span name,
                  struct code_set *ret);
bool item_codes(struct schema_build *s, const struct fact *facts, uint32_t i, struct code_set *ret);
uint32_t schema_node(struct schema_build *s, const struct code_set *set); /* a program's node */
bool object_shape(struct schema_build *s, const struct fact *facts, uint32_t node);
bool array_shape(struct schema_build *s, const struct fact *facts, uint32_t node);
/* Nodes that some text satisfies; drops the rest from the shapes. */
bool shapes_settle(struct schema_build *s);

#endif
