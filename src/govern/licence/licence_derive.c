/* Walking the graph of a derived model.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_derive.h"

#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/licence/licence_judge.h"

static const char *const derivation_names[] = { "finetune", "adapter",  "quantized", "merge",
                                                "pruned",   "upcycled", "distilled" };

const char *derivation_name(enum derivation d)
{
    return derivation_names[d];
}

enum derivation derivation_of(struct span word)
{
    for (int i = 0; i <= DERIVED_DISTILLED; i++)
        if (span_equals(word, derivation_names[i])) return (enum derivation)i;
    return DERIVED_FINETUNE;
}

/* 0 gives most. */
static int commercial_rank(const struct licence_facts *f)
{
    switch (f->commercial) {
    case COMMERCIAL_YES: return 0;
    case COMMERCIAL_CONDITIONAL: return 1;
    case COMMERCIAL_SILENT: return 2;
    case COMMERCIAL_NO: break;
    }
    return 3;
}

static bool limit_is_looser(int64_t a, int64_t b)
{
    return b && (!a || a > b);
}

static bool territory_is_looser(const char *a, const char *b)
{
    if (!b) return false;
    for (const char *code = b; *code; code += code[2] ? 3 : 2) {
        char one[3] = { code[0], code[1], 0 };
        if (!a || !strstr(a, one)) return true;
    }
    return false;
}

const char *licence_more_permissive(const struct licence_facts *a, const struct licence_facts *b)
{
    if (commercial_rank(a) < commercial_rank(b)) return "commercial use";
    if (limit_is_looser(a->users_month_max, b->users_month_max))
        return "the number of monthly users";
    if (limit_is_looser(a->users_day_max, b->users_day_max)) return "the number of daily users";
    if (limit_is_looser(a->revenue_year_usd_max, b->revenue_year_usd_max)) return "annual revenue";
    if (limit_is_looser(a->revenue_month_usd_max, b->revenue_month_usd_max))
        return "monthly revenue";
    if (territory_is_looser(a->not_in, b->not_in)) return "territory";
    if (territory_is_looser(a->not_multimodal_in, b->not_multimodal_in))
        return "territory of multimodal use";
    if (b->registration && !a->registration) return "registration";
    if (b->no_cloud_providers && !a->no_cloud_providers) return "cloud providers";
    if (limit_is_looser(a->service_revenue_usd_max, b->service_revenue_usd_max))
        return "models offered as a service";
    if ((b->no_persons && !a->no_persons) || (b->no_companies && !a->no_companies))
        return "who is licensed";
    if (b->outputs >= OUTPUT_DISPLAY && a->outputs < b->outputs) return "models trained on outputs";
    unsigned duties = SHARE_NOTICE | SHARE_FLOW | SHARE_DISPLAY | SHARE_NAME | SHARE_SOURCE |
                      SHARE_ALIKE | SHARE_FORBIDDEN;
    if (b->share & ~a->share & duties) return "duties when it is passed on";
    if (b->use_policy && !a->use_policy && !b->open) return "limits on use";
    return NULL;
}

struct walk {
    const struct licence_node *nodes;
    int count;
    const struct licence_use *use;
    struct licence_verdict *out;
    const struct licence_node *root;
    bool seen[DERIVE_NODES_MAX];
    int order[DERIVE_NODES_MAX], order_count; /* ancestors whose whole licence is inherited */
    const char *prefix, *prefix_of;
};

/* Rules of an ancestor, told with its name. */
static void take_ancestor(struct walk *w, const struct licence_node *n,
                          const struct licence_verdict *v)
{
    struct judgement j = { .out = w->out, .use = w->use };
    for (int i = 0; i < v->count; i++) {
        struct licence_rule *r = rule_add(&j, v->rules[i].id, v->rules[i].answer, "from %s: %s",
                                          n->name, v->rules[i].reason);
        rule_next(r, "%s", v->rules[i].next);
    }
    if (v->answer > w->out->answer) w->out->answer = v->answer;
}

/* A name must begin with both prefixes, which it can only where one begins the other. */
static void check_prefix(struct walk *w, const struct licence_node *n)
{
    const char *now = n->facts->share & SHARE_NAME ? n->facts->name_prefix : NULL;
    if (!now) return;
    size_t both = w->prefix && strlen(w->prefix) < strlen(now) ? strlen(w->prefix) : strlen(now);
    if (w->prefix && strncmp(w->prefix, now, both) != 0) {
        struct judgement j = { .out = w->out, .use = w->use };
        struct licence_rule *r =
            rule_add(&j, RULE_NAMES_CONFLICT, LICENCE_DENY,
                     "%s asks for a name that begins with \"%s\", %s for one with \"%s\"", n->name,
                     now, w->prefix_of, w->prefix);
        rule_next(r, "do not pass this model on, or leave one of the two out");
    }
    if (w->prefix && strlen(w->prefix) >= strlen(now)) return;
    w->prefix = now;
    w->prefix_of = n->name;
}

static void compare_claim(struct walk *w, const struct licence_node *parent)
{
    struct judgement j = { .out = w->out, .use = w->use };
    const struct licence_facts *own = w->root->facts;
    if (!own || parent == w->root) return;
    const char *more = licence_more_permissive(own, parent->facts);
    if (!more) return;
    struct licence_rule *r = rule_add(
        &j, RULE_MORE_PERMISSIVE, LICENCE_ASK, "%s claims %s, which gives more than %s of %s: %s",
        w->root->name, own->id, parent->facts->id, parent->name, more);
    rule_next(
        r, "treat it as under both licences, and ask who made it by what right it was relicensed");
}

static void judge_node(struct walk *w, int i)
{
    const struct licence_node *n = &w->nodes[i];
    struct judgement j = { .out = w->out, .use = w->use };
    struct licence_verdict *v;
    if (!n->facts) {
        bool inherits = n->parent_count > 0 && !n->claims;
        if (inherits) return;
        struct licence_rule *r = rule_add(&j, RULE_PARENT_UNKNOWN, LICENCE_ASK,
                                          "the licence of %s is not known", n->name);
        rule_next(r, "add it with its licence, and judge that");
        return;
    }
    v = mem_zero(sizeof *v);
    if (!v) { /* without memory there is no answer but no */
        rule_add(&j, RULE_PARENT_UNKNOWN, LICENCE_ASK, "no memory to judge %s", n->name);
        return;
    }
    licence_judge_facts(v, n->facts, w->use);
    if (n == w->root) *w->out = *v;
    else take_ancestor(w, n, v);
    mem_free(v);
    compare_claim(w, n);
    check_prefix(w, n);
}

/* What a teacher's licence says of a model trained on its outputs. True: all of it is inherited. */
static bool judge_teacher(struct walk *w, const struct licence_node *teacher)
{
    struct judgement j = { .out = w->out, .use = w->use };
    const struct licence_facts *f = teacher->facts;
    struct licence_rule *r = NULL;
    if (!f) return true;
    switch (f->outputs) {
    case OUTPUT_FREE: return false;
    case OUTPUT_DERIVATIVE:
    case OUTPUT_RESEARCH_ONLY: return true;
    case OUTPUT_DISPLAY:
        r = rule_add(&j, RULE_OUTPUTS, LICENCE_ASK,
                     "it was trained on outputs of %s, which asks for \"%s\" to be shown with it",
                     teacher->name, f->display ? f->display : "a prescribed line");
        rule_next(r, "check that the line%s is there, and record that",
                  f->name_prefix ? " and the prescribed name" : "");
        check_prefix(w, teacher);
        return false;
    case OUTPUT_NO_OTHER_LLM:
    case OUTPUT_NO_OTHER_AI:
        r = rule_add(&j, RULE_OUTPUTS, LICENCE_DENY,
                     "it was trained on outputs of %s, whose licence forbids that", teacher->name);
        rule_next(r, "take a model that was not made against a licence");
        return true;
    case OUTPUT_SILENT:
    case OUTPUT_UNKNOWN: break;
    }
    r = rule_add(&j, RULE_OUTPUTS, LICENCE_ASK,
                 "it was trained on outputs of %s, whose licence is silent or unknown about that",
                 teacher->name);
    rule_next(r, "have that licence read by somebody who may decide");
    return false;
}

/* All nodes from which node `of` inherits, itself first. Breadth first, each once. */
static enum status walk_graph(struct walk *w, int of, struct error *err)
{
    w->order[w->order_count++] = of;
    w->seen[of] = true;
    for (int at = 0; at < w->order_count; at++) {
        const struct licence_node *n = &w->nodes[w->order[at]];
        judge_node(w, w->order[at]);
        for (int k = 0; k < n->parent_count && k < DERIVE_PARENTS_MAX; k++) {
            int p = n->parents[k];
            if (p < 0 || p >= w->count)
                return error_set(err, STATUS_BAD_INPUT, "%s has a parent that is not in the graph",
                                 n->name);
            bool whole = n->kinds[k] != DERIVED_DISTILLED || judge_teacher(w, &w->nodes[p]);
            if (!whole || w->seen[p]) continue;
            w->seen[p] = true;
            w->order[w->order_count++] = p;
        }
    }
    return STATUS_OK;
}

enum status licence_derive(struct licence_verdict *ret, const struct licence_node *nodes, int count,
                           int of, const struct licence_use *use, struct error *err)
{
    struct walk w = { .nodes = nodes, .count = count, .use = use, .out = ret };
    if (count < 1 || count > DERIVE_NODES_MAX || of < 0 || of >= count)
        return error_set(err, STATUS_BAD_INPUT, "a graph has 1 to %d models, this one %d",
                         DERIVE_NODES_MAX, count);
    memset(ret, 0, sizeof *ret);
    w.root = &nodes[of];
    enum status st = walk_graph(&w, of, err);
    rules_sort(ret);
    return st;
}
