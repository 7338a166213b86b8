/* Terms found in a text that is not known, or not quite: they can only make a verdict stricter.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_judge.h"

static void judge_amount(struct judgement *j, const struct licence_clause *c)
{
    static const struct {
        enum clause_kind kind;
        enum licence_rule_id id;
    } of[] = {
        { CLAUSE_USERS_MONTH, RULE_USERS_MONTH },
        { CLAUSE_USERS_DAY, RULE_USERS_DAY },
        { CLAUSE_REVENUE_YEAR, RULE_REVENUE_YEAR },
        { CLAUSE_REVENUE_MONTH, RULE_REVENUE_MONTH },
    };
    for (int i = 0; i < 4; i++)
        if (of[i].kind == c->kind)
            judge_limit(j, of[i].id, c->kind, c->amount,
                        c->display_beyond ? BEYOND_DISPLAY : BEYOND_NO_RIGHTS, false, NULL);
}

static void judge_commerce_clause(struct judgement *j, const struct licence_clause *c)
{
    bool denied = j->use->commercial == DECLARED_YES && c->kind == CLAUSE_NO_COMMERCE;
    struct licence_rule *r;
    if (j->use->commercial == DECLARED_NO) return;
    if (c->kind == CLAUSE_NO_COMMERCE) {
        r = rule_add(j, RULE_NO_COMMERCE, denied ? LICENCE_DENY : LICENCE_ASK,
                     "the text seems to license no commercial use");
        rule_next(r, denied ? "ask the vendor for a commercial licence, or take another model"
                            : "declare use.commercial");
    } else {
        r = rule_add(j, RULE_REGISTRATION, LICENCE_ASK,
                     "the text seems to ask commercial users to register or to request a licence");
        rule_next(r, "do what the sentence asks; then approve the model with the answer");
    }
    rule_quote_bytes(j, r, c->begin, c->end);
}

static void judge_cloud_clause(struct judgement *j, const struct licence_clause *c)
{
    if (j->use->cloud_provider == DECLARED_NO) return;
    struct licence_rule *r =
        rule_add(j, RULE_CLOUD, LICENCE_ASK, "the text speaks of cloud or software providers");
    rule_quote_bytes(j, r, c->begin, c->end);
    rule_next(r, "have the sentence read by somebody who may decide");
}

static void judge_sharing_clause(struct judgement *j, const struct licence_clause *c)
{
    if (j->use->redistribute == DECLARED_NO) return;
    struct licence_rule *r =
        rule_add(j, RULE_SHARING, LICENCE_ASK, "the text seems to limit passing the model on");
    rule_quote_bytes(j, r, c->begin, c->end);
    rule_next(r, "have the sentence read by somebody who may decide");
}

/* In a nearly known text the facts speak for the sentences that are the known ones; a clause counts where
 * its sentence has words of its own, or lacks some. */
static bool is_known_sentence(const struct judgement *j, const struct licence_clause *c)
{
    const struct licence_match *m = &j->reading->match;
    if (m->kind != MATCH_NEAR || !j->reading->facts || j->reading->facts->trust != TRUST_TEXT ||
        m->count == MATCH_DIFFERENCES_MAX)
        return false;
    for (uint32_t i = 0; i < m->count; i++) {
        const struct match_difference *d = &m->differences[i];
        if (!d->harmless && d->begin <= c->end && d->end >= c->begin) return false;
    }
    return c->begin >= (uint32_t)(j->reading->card.body.data - j->reading->text.data);
}

/* Facts of the nearest text stay in the reasons' names only where they were found. */
void judge_clauses(struct judgement *j, size_t end)
{
    const struct licence_clauses *found = &j->reading->clauses;
    const struct licence_facts *facts = j->facts;
    j->facts = NULL;
    for (int i = 0; i < found->count; i++) {
        const struct licence_clause *c = &found->items[i];
        if (c->begin >= end || is_known_sentence(j, c)) continue;
        switch (c->kind) {
        case CLAUSE_USERS_MONTH:
        case CLAUSE_USERS_DAY:
        case CLAUSE_REVENUE_YEAR:
        case CLAUSE_REVENUE_MONTH: judge_amount(j, c); break;
        case CLAUSE_NO_COMMERCE:
        case CLAUSE_REGISTER: judge_commerce_clause(j, c); break;
        case CLAUSE_NOT_IN: judge_not_in(j, c->codes, false); break;
        case CLAUSE_NOT_MULTIMODAL_IN: judge_not_in(j, c->codes, true); break;
        case CLAUSE_NO_TRAINING: judge_outputs_rule(j, OUTPUT_NO_OTHER_AI); break;
        case CLAUSE_NO_CLOUD: judge_cloud_clause(j, c); break;
        case CLAUSE_NO_SHARING: judge_sharing_clause(j, c); break;
        default: break;
        }
    }
    j->facts = facts;
}
