/* What a row of facts means for a declared use.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "govern/licence/licence_judge.h"

static const char *whom_to_ask(const struct judgement *j)
{
    return j->facts && j->facts->request ? j->facts->request : "the vendor";
}

static void judge_commerce(struct judgement *j)
{
    const struct licence_facts *f = j->facts;
    enum declared commercial = j->use->commercial;
    struct licence_rule *r;
    if (f->commercial == COMMERCIAL_NO && commercial != DECLARED_NO) {
        bool denied = commercial == DECLARED_YES;
        r = rule_add(j, RULE_NO_COMMERCE, denied ? LICENCE_DENY : LICENCE_ASK,
                     "%s licenses no commercial use%s", judged_name(j),
                     denied ? "" : ", and the declared use does not say whether it is commercial");
        rule_quote_clause(j, r, CLAUSE_NO_COMMERCE);
        if (denied)
            rule_next(r, "ask %s for a commercial licence, or take another model", whom_to_ask(j));
        else rule_next(r, "declare use.commercial");
    }
    if (f->commercial == COMMERCIAL_SILENT && commercial != DECLARED_NO) {
        r = rule_add(j, RULE_COMMERCE_SILENT, LICENCE_ASK,
                     "%s does not say whether commercial use is licensed", judged_name(j));
        rule_next(r, "ask the vendor in writing, and record the answer");
    }
    if (f->registration && commercial != DECLARED_NO) {
        r = rule_add(j, RULE_REGISTRATION, LICENCE_ASK,
                     "%s licenses commercial use only after registration", judged_name(j));
        rule_quote_clause(j, r, CLAUSE_REGISTER);
        rule_next(r,
                  commercial == DECLARED_YES
                      ? "register %s; then approve the model with the answer"
                      : "declare use.commercial; commercial users register %s",
                  f->registration);
    }
}

struct limit_words {
    enum licence_rule_id id;
    const char *what, *key;
};

static struct limit_words limit_words(enum licence_rule_id id)
{
    switch (id) {
    case RULE_USERS_DAY:
        return (struct limit_words){ id, "daily active users", "daily_active_users" };
    case RULE_REVENUE_YEAR:
        return (struct limit_words){ id, "US dollars of annual revenue", "annual_revenue_usd" };
    case RULE_REVENUE_MONTH:
        return (struct limit_words){ id, "US dollars of monthly revenue", "monthly_revenue_usd" };
    default: return (struct limit_words){ id, "monthly active users", "monthly_active_users" };
    }
}

static int64_t declared_of(const struct licence_use *u, enum licence_rule_id id)
{
    switch (id) {
    case RULE_USERS_DAY: return u->users_day;
    case RULE_REVENUE_YEAR: return u->revenue_year_usd;
    case RULE_REVENUE_MONTH: return u->revenue_month_usd;
    default: return u->users_month;
    }
}

/* A month's revenue is at most a year's; a day's users are among the month's. */
static bool bounded_by_other(const struct licence_use *u, enum licence_rule_id id, int64_t limit)
{
    if (id == RULE_REVENUE_MONTH && u->revenue_year_usd >= 0) return u->revenue_year_usd <= limit;
    if (id == RULE_USERS_DAY && u->users_month >= 0) return u->users_month <= limit;
    return false;
}

void judge_limit(struct judgement *j, enum licence_rule_id id, enum clause_kind kind, int64_t limit,
                 enum beyond beyond, bool commercial_only, const char *display)
{
    struct limit_words words = limit_words(id);
    int64_t declared = declared_of(j->use, id);
    struct licence_rule *r;
    if (commercial_only && j->use->commercial == DECLARED_NO) return;
    if (declared < 0) {
        if (limit > 0 && bounded_by_other(j->use, id, limit)) return;
        r = rule_add(j, id, LICENCE_ASK,
                     "%s has a limit of %" PRId64 " %s, and the declared use does not say how many",
                     judged_name(j), limit, words.what);
        rule_next(r, "declare use.%s", words.key);
    } else if (limit < 0) {
        r = rule_add(j, id, LICENCE_ASK, "a limit on %s was found, but not its amount", words.what);
        rule_next(r, "have the sentence read by somebody who may decide");
    } else if (declared > limit && beyond == BEYOND_DISPLAY) {
        r = rule_add(j, RULE_DISPLAY_DUE, LICENCE_ASK,
                     "%" PRId64 " %s are more than %" PRId64 ": the name must be displayed",
                     declared, words.what, limit);
        rule_next(r,
                  "display \"%s\" prominently on the user interface, then approve the model with a "
                  "note of where",
                  display ? display : "the model's name");
    } else if (declared > limit) {
        r = rule_add(j, id, LICENCE_DENY,
                     "%" PRId64 " %s are more than the %" PRId64 " up to which %s gives rights",
                     declared, words.what, limit, judged_name(j));
        rule_next(r, "request a licence from %s before any use", whom_to_ask(j));
    } else {
        return;
    }
    rule_quote_clause(j, r, kind);
}

static void judge_limits(struct judgement *j)
{
    const struct licence_facts *f = j->facts;
    const struct {
        enum licence_rule_id id;
        enum clause_kind kind;
        int64_t limit;
    } limits[] = {
        { RULE_USERS_MONTH, CLAUSE_USERS_MONTH, f->users_month_max },
        { RULE_USERS_DAY, CLAUSE_USERS_DAY, f->users_day_max },
        { RULE_REVENUE_YEAR, CLAUSE_REVENUE_YEAR, f->revenue_year_usd_max },
        { RULE_REVENUE_MONTH, CLAUSE_REVENUE_MONTH, f->revenue_month_usd_max },
    };
    bool any = false;
    for (int i = 0; i < 4; i++) {
        if (!limits[i].limit) continue;
        any = true;
        judge_limit(j, limits[i].id, limits[i].kind, limits[i].limit, f->beyond,
                    f->conditions_commercial_only, f->display);
    }
    if (any || f->beyond != BEYOND_DISPLAY || j->use->commercial == DECLARED_NO) return;
    struct licence_rule *r =
        rule_add(j, RULE_DISPLAY_DUE, LICENCE_ASK,
                 "%s asks every commercial product to display a name", judged_name(j));
    rule_quote_clause(j, r, CLAUSE_DISPLAY);
    rule_next(r,
              "display \"%s\" prominently on the user interface, then approve the model with a "
              "note of where",
              f->display);
}

/* The Llama licences say it in their use policies, which they make part of themselves. */
static const char *by_policy(const struct judgement *j, bool multimodal_only)
{
    bool said = !multimodal_only || !j->facts || j->facts->companion || !j->reading ||
                licence_clause_first(&j->reading->clauses, CLAUSE_NOT_MULTIMODAL_IN);
    return said ? "" : " by its use policy";
}

void judge_not_in(struct judgement *j, const char *codes, bool multimodal_only)
{
    char here[3] = "";
    enum declared reaches = licence_use_reaches(j->use, codes, here);
    enum licence_rule_id id = multimodal_only ? RULE_TERRITORY_MULTIMODAL : RULE_TERRITORY;
    enum declared multimodal = multimodal_only ? j->use->multimodal : DECLARED_YES;
    const char *what = multimodal_only ? " to multimodal models" : "";
    struct licence_rule *r;
    if (reaches == DECLARED_NO || multimodal == DECLARED_NO) return;
    if (reaches == DECLARED_YES && multimodal == DECLARED_YES) {
        r = rule_add(j, id, LICENCE_DENY,
                     "%s gives no rights%s in %s%s, and the declared use is in %s", judged_name(j),
                     what, codes, by_policy(j, multimodal_only), here);
        rule_next(r,
                  "keep the model out of that territory, ask %s for a licence, or take another "
                  "model",
                  whom_to_ask(j));
    } else {
        r = rule_add(j, id, LICENCE_ASK,
                     "%s gives no rights%s in %s%s, and the declared use does not say %s",
                     judged_name(j), what, codes, by_policy(j, multimodal_only),
                     reaches ? "which modalities are used" : "where it is");
        rule_next(r, reaches ? "declare use.modalities" : "declare use.territory");
    }
    rule_quote_clause(j, r, multimodal_only ? CLAUSE_NOT_MULTIMODAL_IN : CLAUSE_NOT_IN);
}

/* "If the licensee operates a Model as a Service business, and the revenue exceeds ...". */
static void judge_service(struct judgement *j)
{
    const struct licence_use *u = j->use;
    int64_t limit = j->facts->service_revenue_usd_max;
    bool small = limit > 1 && u->revenue_year_usd >= 0 && u->revenue_year_usd <= limit;
    if (!limit || small || u->cloud_provider == DECLARED_NO || u->commercial == DECLARED_NO) return;
    bool revenue_open = limit > 1 && u->revenue_year_usd < 0;
    bool open = u->cloud_provider != DECLARED_YES || u->commercial != DECLARED_YES || revenue_open;
    char above[64] = "";
    if (limit > 1)
        snprintf(above, sizeof above, " and has more than %" PRId64 " US dollars a year", limit);
    struct licence_rule *r = rule_add(
        j, RULE_CLOUD, open ? LICENCE_ASK : LICENCE_DENY,
        "%s licenses no commercial use to one who offers models as a service%s, without an "
        "agreement%s",
        judged_name(j), above, open ? "; the declared use does not say whether you are one" : "");
    rule_quote_clause(j, r, CLAUSE_NO_CLOUD);
    if (!open) rule_next(r, "make an agreement with %s before any use", whom_to_ask(j));
    else
        rule_next(r, "declare use.%s",
                  u->cloud_provider == UNDECLARED ? "cloud_provider"
                  : u->commercial == UNDECLARED   ? "commercial"
                                                  : "annual_revenue_usd");
}

static void judge_who(struct judgement *j)
{
    const struct licence_facts *f = j->facts;
    const struct licence_use *u = j->use;
    struct licence_rule *r;
    if (f->no_cloud_providers && u->cloud_provider != DECLARED_NO) {
        bool denied = u->cloud_provider == DECLARED_YES;
        r = rule_add(j, RULE_CLOUD, denied ? LICENCE_DENY : LICENCE_ASK,
                     "%s excludes software and cloud service providers%s", judged_name(j),
                     denied ? "" : ", and the declared use does not say whether you are one");
        rule_quote_clause(j, r, CLAUSE_NO_CLOUD);
        rule_next(r, denied ? "ask the vendor for a licence, or take another model"
                            : "declare use.cloud_provider");
    }
    bool excluded = (f->no_persons && u->entity == ENTITY_PERSON) ||
                    (f->no_companies && u->entity == ENTITY_COMPANY);
    if (!excluded && !((f->no_persons || f->no_companies) && u->entity == ENTITY_UNDECLARED))
        return;
    r = rule_add(j, RULE_ENTITY, excluded ? LICENCE_DENY : LICENCE_ASK, "%s excludes %s%s",
                 judged_name(j), f->no_persons ? "natural persons" : "companies",
                 excluded ? "" : ", and the declared use does not say what you are");
    rule_next(r, excluded ? "ask the vendor for a licence, or take another model"
                          : "declare use.entity");
}

void judge_outputs_rule(struct judgement *j, enum output_rule rule)
{
    const struct licence_use *u = j->use;
    bool trains = u->outputs_train_models == DECLARED_YES || u->modify & MODIFY_DISTILL;
    bool open = !trains && u->outputs_train_models == UNDECLARED;
    enum licence_answer answer;
    struct licence_rule *r;
    if (rule == OUTPUT_FREE || (!trains && !open)) return;
    if (rule == OUTPUT_SILENT && !trains) return;
    if (rule == OUTPUT_DISPLAY && u->redistribute == DECLARED_NO) return;
    bool forbidden =
        rule == OUTPUT_NO_OTHER_LLM || rule == OUTPUT_NO_OTHER_AI || rule == OUTPUT_RESEARCH_ONLY;
    answer = trains && forbidden ? LICENCE_DENY : LICENCE_ASK;
    r = rule_add(j, RULE_OUTPUTS, answer, "%s, outputs: %s%s", judged_name(j),
                 output_rule_name(rule),
                 open ? "; the declared use does not say whether they train models" : "");
    rule_quote_clause(j, r,
                      rule == OUTPUT_DERIVATIVE ? CLAUSE_DISTILLED
                      : rule == OUTPUT_DISPLAY  ? CLAUSE_DISPLAY
                                                : CLAUSE_NO_TRAINING);
    if (open) rule_next(r, "declare use.outputs_train_models");
    else if (answer == LICENCE_DENY)
        rule_next(r, "train with the outputs of another model, or ask %s for a licence",
                  whom_to_ask(j));
    else if (rule == OUTPUT_DERIVATIVE)
        rule_next(r, "give the trained model the same licence with its duties, and record that");
    else if (rule == OUTPUT_DISPLAY)
        rule_next(r, "show \"%s\"%s%s%s with the trained model, and record that",
                  j->facts && j->facts->display ? j->facts->display : "the prescribed line",
                  j->facts && j->facts->name_prefix ? " and begin its name with \"" : "",
                  j->facts && j->facts->name_prefix ? j->facts->name_prefix : "",
                  j->facts && j->facts->name_prefix ? "\"" : "");
    else rule_next(r, "have the text read by somebody who may decide");
}

/* Copies, marks and notices are what `hearth export` writes; they need nobody's decision. */
static void note_share_duties(struct judgement *j)
{
    const struct licence_facts *f = j->facts;
    struct licence_rule *r;
    if (f->share & (SHARE_COPY | SHARE_MARK | SHARE_KEEP)) {
        const char *before_mark = f->share & SHARE_COPY ? "; " : " ";
        const char *before_keep = f->share & (SHARE_COPY | SHARE_MARK) ? "; " : " ";
        r = rule_add(j, RULE_SHARE_DUTY, LICENCE_ALLOW, "whoever passes it on must%s%s%s%s%s",
                     f->share & SHARE_COPY ? " give a copy of the licence" : "",
                     f->share & SHARE_MARK ? before_mark : "",
                     f->share & SHARE_MARK ? "say which files were changed" : "",
                     f->share & SHARE_KEEP ? before_keep : "",
                     f->share & SHARE_KEEP ? "keep copyright and other notices" : "");
        rule_quote_clause(j, r, CLAUSE_COPY);
        rule_next(r, "ship the LICENSE and NOTICE files with every copy%s",
                  f->share & SHARE_MARK ? ", and a list of what was changed" : "");
    }
    if (f->share & SHARE_NOTICE) {
        r = rule_add(j, RULE_NOTICE, LICENCE_ALLOW,
                     "copies that are passed on carry a file \"Notice\" with a prescribed line");
        rule_quote_clause(j, r, CLAUSE_NOTICE);
        rule_next(r, "ship a text file Notice with: %s",
                  f->notice ? f->notice : "the line that the text prescribes");
    }
}

/* Whether it is passed on, as the text understands that. */
static enum declared shares(const struct judgement *j)
{
    const struct licence_use *u = j->use;
    if (!j->facts->service_shares || u->redistribute == DECLARED_YES) return u->redistribute;
    if (u->cloud_provider == DECLARED_YES) return DECLARED_YES;
    return u->cloud_provider == UNDECLARED ? UNDECLARED : u->redistribute;
}

static void judge_sharing(struct judgement *j)
{
    const struct licence_facts *f = j->facts;
    enum declared share = shares(j);
    const char *service = f->service_shares ? " or offers it as a service" : "";
    bool changed = j->use->modify != MODIFY_NONE;
    unsigned person = f->share & (SHARE_FLOW | SHARE_DISPLAY | SHARE_SOURCE | SHARE_ALIKE);
    if (changed) person |= f->share & SHARE_NAME;
    struct licence_rule *r;
    if (share == DECLARED_NO) return;
    bool forbidden = f->share & SHARE_FORBIDDEN && (changed || !(f->share & SHARE_KEEP));
    if (forbidden) {
        r = rule_add(j, RULE_SHARING, share ? LICENCE_DENY : LICENCE_ASK,
                     "%s does not allow the model to be passed on%s%s", judged_name(j),
                     f->share & SHARE_KEEP ? " when changed" : "",
                     share ? "" : ", and the declared use does not say whether it is");
        rule_quote_clause(j, r, CLAUSE_NO_SHARING);
        rule_next(r, share ? "keep the model to yourself, or ask the vendor"
                           : "declare use.redistribute");
    } else if (f->share & SHARE_UNKNOWN) {
        r = rule_add(j, RULE_SHARING, LICENCE_ASK,
                     "what %s asks of those who pass the model on is not in the table%s",
                     judged_name(j),
                     share ? "" : ", and the declared use does not say whether it is passed on");
        rule_next(r, share ? "have the text read by somebody who may decide"
                           : "declare use.redistribute");
    } else if (person) {
        r = rule_add(j, RULE_SHARING, LICENCE_ASK, "whoever passes it on%s must%s%s%s%s%s%s",
                     service,
                     person & SHARE_FLOW ? " bind those who get it to the limits on use;" : "",
                     person & SHARE_DISPLAY ? " display a prescribed line;" : "",
                     person & SHARE_NAME ? " begin the new model's name as prescribed;" : "",
                     person & SHARE_SOURCE ? " offer the source;" : "",
                     person & SHARE_ALIKE ? " give derivatives the same licence;" : "",
                     share ? "" : " the declared use does not say whether it is passed on");
        if (person & SHARE_DISPLAY) rule_quote_clause(j, r, CLAUSE_DISPLAY);
        if (!share)
            rule_next(r, j->use->redistribute == UNDECLARED ? "declare use.redistribute"
                                                            : "declare use.cloud_provider");
        else
            rule_next(
                r, "%s%s%s%s%s%srecord who sees to it", person & SHARE_DISPLAY ? "display \"" : "",
                person & SHARE_DISPLAY ? f->display : "", person & SHARE_DISPLAY ? "\"; " : "",
                person & SHARE_NAME ? "begin the name with \"" : "",
                person & SHARE_NAME && f->name_prefix ? f->name_prefix : "",
                person & SHARE_NAME ? "\"; " : "");
    }
    note_share_duties(j);
}

static void note_policy(struct judgement *j)
{
    const struct licence_facts *f = j->facts;
    struct licence_rule *r;
    if (f->use_policy) {
        r = rule_add(j, RULE_USE_POLICY, LICENCE_ALLOW, "uses are limited: %s", f->use_policy);
        rule_quote_clause(j, r, CLAUSE_MILITARY);
        rule_next(r, "make these limits part of your own terms of use");
    }
    if (f->ends & (END_REVOCABLE | END_TEXT_MAY_CHANGE | END_REMOTE)) {
        r = rule_add(j, RULE_MAY_END, LICENCE_ALLOW, "the licence%s%s%s",
                     f->ends & END_REVOCABLE ? " is revocable;" : "",
                     f->ends & END_TEXT_MAY_CHANGE ? " or its policy may be changed by the vendor;"
                                                   : "",
                     f->ends & END_REMOTE ? " lets the vendor restrict use;" : "");
        rule_quote_clause(j, r,
                          f->ends & END_REVOCABLE         ? CLAUSE_REVOCABLE
                          : f->ends & END_TEXT_MAY_CHANGE ? CLAUSE_MAY_CHANGE
                                                          : CLAUSE_REMOTE);
        rule_next(r, "keep this copy of the text, and a plan for another model");
    }
}

void judge_facts(struct judgement *j)
{
    const struct licence_facts *f = j->facts;
    judge_commerce(j);
    judge_limits(j);
    if (f->not_in) judge_not_in(j, f->not_in, false);
    if (f->not_multimodal_in) judge_not_in(j, f->not_multimodal_in, true);
    judge_service(j);
    judge_who(j);
    judge_outputs_rule(j, f->outputs);
    judge_sharing(j);
    note_policy(j);
    if (f->trust != TRUST_TEXT) {
        struct licence_rule *r =
            rule_add(j, RULE_FACTS_UNCERTAIN, LICENCE_ASK, "the facts about %s are not certain: %s",
                     f->name, f->doubt ? f->doubt : "they are not from the text");
        rule_next(r, "have the text itself read by somebody who may decide");
    }
}
