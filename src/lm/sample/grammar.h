/* Grammars in the notation of GBNF: rules of literals, classes, groups and repetitions.
 * SPDX-License-Identifier: Apache-2.0
 *
 * docs/constraints.md has the syntax. The text begins with rule "root". Rules that do not come back to
 * themselves become one automaton; the others call one another. Left recursion is refused. */
#ifndef LM_SAMPLE_GRAMMAR_H
#define LM_SAMPLE_GRAMMAR_H

#include "lm/sample/constraint_program.h"
#include "lm/sample/regex.h"

#define GRAMMAR_BYTES_MAX ((size_t)256 << 10)
#define GRAMMAR_RULES_MAX 2000
#define GRAMMAR_DEPTH_MAX 100

struct grammar_rule {
    struct span name;
    struct regex_node *tree; /* calls: index of a rule */
};
struct grammar {
    struct build *b;
    struct grammar_rule *rules;
    size_t count, cap;
};
/* grammar_parse.c. Every rule that is called is defined. */
bool grammar_parse(struct grammar *g, struct span text, const char *where);

/* Call graphs of automata [first, program's count): accepting what calls of the empty text leave
 * accepting, dropping calls that never end, refusing those that begin with themselves. `names` are
 * for messages, may be NULL. */
bool program_settle_calls(struct build *b, struct program *p, uint32_t first,
                          const struct span *names, const char *where);

#endif
