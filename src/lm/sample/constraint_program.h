/* What a constraint compiles to: automata over bytes, and JSON shapes that call one another.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A run of the program keeps a stack of frames. A frame of an automaton reads bytes; a frame of an
 * array or object waits between its items. Callees are numbered: [0, automaton_count) are automata,
 * then the nodes (JSON values), then CALLEE_TOKEN + id: one special token. */
#ifndef LM_SAMPLE_CONSTRAINT_PROGRAM_H
#define LM_SAMPLE_CONSTRAINT_PROGRAM_H

#include "lm/sample/automaton.h"

#define PROGRAM_NONE UINT32_MAX
#define CALLEE_TOKEN ((uint32_t)1 << 30)
#define CALLEE_NODE  ((uint32_t)1 << 29)

/* A string of any characters, min to max of them. */
struct program_length {
    uint32_t min, max; /* max: PROGRAM_NONE for no end */
};

/* A value: any of a scalar, strings by length, objects, arrays. */
struct program_node {
    uint32_t scalar; /* an automaton, or PROGRAM_NONE */
    uint32_t length_first, length_count;
    uint32_t object_first, object_count;
    uint32_t array_first, array_count;
};

/* The items of an array: from a state, an item matched by `node` leads to `target`. */
struct item_edge {
    uint32_t node, target;
};
struct program_array {
    uint32_t state_count;       /* state 0 is the start */
    const uint32_t *edge_first; /* [state_count + 1] */
    const struct item_edge *edges;
    const bool *accept; /* [state_count]: the array may end here */
};

/* Keys come in classes, the labels (less one) of the key automaton. A class is one name, which can
 * come once, or all the names that some patterns or none match. */
struct key_option {
    uint32_t node;
    uint32_t bits; /* what a member with this value shows to exist */
};
struct key_class {
    uint32_t name; /* or PROGRAM_NONE */
    uint32_t option_first, option_count;
};
struct program_object {
    uint32_t key; /* automaton over the text of a key behind its opening quote, that one left out */
    uint32_t name_count, word_count; /* words of 64 bits: 2 + name_count bits */
    uint32_t min, max;               /* members; max: PROGRAM_NONE for no end */
    uint32_t bits;                   /* all that has to be shown to exist */
    bool open;                       /* has a class without a name */
    const uint64_t *required;        /* [word_count]; bit 2 + name */
    const uint64_t *usable;          /* [word_count]: names that can come at all */
    const uint64_t *reach;   /* [states of key][word_count]: classes ahead; see OBJECT_OPEN */
    const uint64_t *witness; /* [word_count]: names whose value can show what `bits` asks */
    const struct key_class *classes;
    const struct key_option *options;
};
#define OBJECT_OPEN    0 /* bit: a class without a name */
#define OBJECT_WITNESS 1 /* bit: such a class with an option that shows something */
#define OBJECT_NAME    2 /* first bit of the names */

/* Between JSON tokens: nothing, one space, or the end of a line and an indentation; anything; nothing. */
enum whitespace { WHITESPACE_NATURAL, WHITESPACE_FLEXIBLE, WHITESPACE_COMPACT };

struct program {
    struct automaton **automata;
    uint32_t automaton_count;
    struct program_node *nodes;
    uint32_t node_count;
    struct program_length *lengths;
    struct program_object *objects;
    struct program_array *arrays;
    uint32_t length_count, object_count, array_count;
    size_t automata_cap, nodes_cap, lengths_cap, objects_cap, arrays_cap;
    uint32_t string_text; /* automaton: a string of any characters behind its opening quote */
    uint32_t root;        /* automaton */
    enum whitespace whitespace;
    bool tagged; /* strings hold no '<' */
};

/* Registers an automaton; PROGRAM_NONE on failure. */
uint32_t program_add(struct build *b, struct program *p, struct automaton *a);

/* JSON text of the strings that `a` accepts: characters that have to be escaped are, each in one way.
 * With `opening`, the opening quote comes first. Labels stay, on the state behind the closing quote. */
struct automaton *string_text(struct build *b, const struct automaton *a, bool opening);
/* Any string, with all the escapes that JSON allows; opening quote included or not. */
struct automaton *any_string_text(struct build *b, bool opening);

#endif
