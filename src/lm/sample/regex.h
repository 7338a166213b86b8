/* Regular expressions over characters, and the automata over UTF-8 bytes that they stand for.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The syntax is ECMA-262's (as JSON Schema asks), Unicode aware: alternatives, groups, classes,
 * \d \w \s \p{L} and their kin, repetition, ^ and $. Look-around, backreferences, \b and flags are
 * refused by name. Trees are also made by the grammar reader, with calls of rules in them. */
#ifndef LM_SAMPLE_REGEX_H
#define LM_SAMPLE_REGEX_H

#include "base/core/span.h"
#include "lm/sample/automaton.h"

#define REGEX_BYTES_MAX  ((size_t)64 << 10)
#define REGEX_DEPTH_MAX  100
#define REGEX_REPEAT_MAX 65535
#define REGEX_FOREVER    UINT32_MAX

enum regex_kind {
    REGEX_EMPTY, /* the empty text */
    REGEX_CLASS, /* one character of the ranges */
    REGEX_BYTES, /* these bytes */
    REGEX_ALL,   /* children one after another */
    REGEX_ANY,   /* one of the children; none: nothing matches */
    REGEX_REPEAT,
    REGEX_BEGIN,
    REGEX_END,
    REGEX_CALL, /* whatever the callee matches */
};
struct char_range {
    uint32_t lo, hi;
};
struct regex_node {
    enum regex_kind kind;
    uint32_t min, max; /* REPEAT */
    uint32_t callee;   /* CALL */
    struct regex_node *child, *next;
    struct char_range *ranges; /* CLASS: ascending, disjoint */
    size_t range_count;
    struct span bytes;
};

struct regex_node *regex_new(struct build *b, enum regex_kind kind);
void regex_add(struct regex_node *parent, struct regex_node *child); /* as the last */
struct regex_node *regex_repeat(struct build *b, struct regex_node *child, uint32_t min,
                                uint32_t max);

/* A set of characters under construction. */
struct char_set {
    struct char_range *ranges;
    size_t count, cap;
};
bool char_set_add(struct build *b, struct char_set *s, uint32_t lo, uint32_t hi);
/* Adds the class that an escape names ('d', 'W', ...); false without failing when it names none. */
bool char_set_escape(struct build *b, struct char_set *s, char letter);
struct regex_node *regex_class(struct build *b, struct char_set *s, bool negated);

/* `where` goes before messages ("/properties/a/pattern"). */
struct regex_node *regex_parse(struct build *b, struct span text, const char *where);
/* search: the expression may match anywhere in the text, as JSON Schema's "pattern" does; else the
 * whole text. Texts are valid UTF-8. */
struct automaton *regex_automaton(struct build *b, struct regex_node *node, bool search,
                                  const char *where);
/* Both in one; the text of an expression of our own (formats, universes) is `pattern`. */
struct automaton *regex_of(struct build *b, const char *pattern);

#endif
