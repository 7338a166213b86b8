/* A card that names its bases: what they give less than the card claims holds all the same.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/core/mem.h"
#include "govern/licence/licence_derive.h"
#include "govern/licence/licence_judge.h"

static void judge_unknown(struct judgement *j, const char *name, struct span parent)
{
    struct licence_rule *r = rule_add(j, RULE_PARENT_UNKNOWN, LICENCE_ASK,
                                      "the licence of its base %s is not known", name);
    rule_quote_span(j, r, parent);
    rule_next(r, "add the base model with its licence, and judge that");
}

static void judge_claim(struct judgement *j, const struct licence_facts *parent, const char *name,
                        struct span part)
{
    const char *more = j->facts ? licence_more_permissive(j->facts, parent) : NULL;
    if (!more) return;
    struct licence_rule *r = rule_add(j, RULE_MORE_PERMISSIVE, LICENCE_ASK,
                                      "it claims %s, which gives more than %s of its base %s: %s",
                                      licence_reading_id(j->reading), parent->id, name, more);
    rule_quote_span(j, r, part);
    rule_next(r, "treat it as under both licences, and ask who made it by what right it was "
                 "relicensed");
}

static void judge_parent(struct judgement *j, const struct licence_facts *parent, const char *name,
                         struct span part)
{
    struct licence_verdict *one = mem_zero(sizeof *one);
    if (!one) { /* without memory there is no answer but no */
        rule_add(j, RULE_PARENT_UNKNOWN, LICENCE_ASK, "no memory to judge its base %s", name);
        return;
    }
    licence_judge_facts(one, parent, j->use);
    for (int i = 0; i < one->count; i++) {
        struct licence_rule *r = rule_add(j, one->rules[i].id, one->rules[i].answer,
                                          "from its base %s: %s", name, one->rules[i].reason);
        rule_quote_span(j, r, part);
        rule_next(r, "%s", one->rules[i].next);
    }
    mem_free(one);
}

void judge_parents(struct judgement *j)
{
    const struct card_claim *card = &j->reading->card;
    char name[128];
    for (int i = 0; i < card->parent_count; i++) {
        struct span part = card->parents[i];
        snprintf(name, sizeof name, "%.*s", (int)(part.len < 120 ? part.len : 120), part.data);
        const struct licence_facts *parent = j->reading->parents[i];
        if (!parent) {
            judge_unknown(j, name, part);
            continue;
        }
        judge_claim(j, parent, name, part);
        judge_parent(j, parent, name, part);
    }
}
