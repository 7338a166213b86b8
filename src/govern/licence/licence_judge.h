/* The judge's pen: rules are added here, and the verdict follows from them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_LICENCE_LICENCE_JUDGE_H
#define GOVERN_LICENCE_LICENCE_JUDGE_H

#include "govern/licence/licence.h"

struct judgement {
    struct licence_verdict *out;
    const struct licence_reading *reading; /* NULL: facts alone */
    const struct licence_facts *facts;     /* NULL: none known */
    const struct licence_use *use;
};

/* Adds a rule, or finds that one as strict with the same identifier is there (then NULL, nothing added);
 * findings about parents and claims repeat.
 * The reason is formatted; quote and next are set by the calls below. When the list is full the verdict
 * still becomes as strict. */
struct licence_rule *rule_add(struct judgement *j, enum licence_rule_id id,
                              enum licence_answer answer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void rule_next(struct licence_rule *r, const char *format, ...) /* r may be NULL */
    __attribute__((format(printf, 2, 3)));
/* The sentence that says it, where the reading has one; else the claim's line; r may be NULL. */
void rule_quote_clause(struct judgement *j, struct licence_rule *r, enum clause_kind kind);
void rule_quote_bytes(struct judgement *j, struct licence_rule *r, uint32_t begin, uint32_t end);
void rule_quote_span(struct judgement *j, struct licence_rule *r, struct span part);

/* The strictest first; rules of one answer keep their order. */
void rules_sort(struct licence_verdict *v);

/* "Qwen License Agreement" or "the text". */
const char *judged_name(const struct judgement *j);

void judge_facts(struct judgement *j);   /* licence_judge_facts.c */
void judge_parents(struct judgement *j); /* licence_judge_parents.c */
/* Of the text's first `end` bytes: all of it, or the front matter before a known text. */
void judge_clauses(struct judgement *j, size_t end); /* licence_judge_clauses.c */
void judge_outputs_rule(struct judgement *j, enum output_rule rule);
void judge_limit(struct judgement *j, enum licence_rule_id id, enum clause_kind kind, int64_t limit,
                 enum beyond beyond, bool commercial_only, const char *display);
void judge_not_in(struct judgement *j, const char *codes, bool multimodal_only);

#endif
