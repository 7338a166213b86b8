/* Drafts for people who answer to supervisors: GDPR, AI Act, bank inventory; and the legal facts they use.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "govern/dossier/dossier.h"

enum law {
#define LAW(symbol, subject, fact, source, as_of, standing) LAW_##symbol,
#include "govern/dossier/law_list.h"
#undef LAW
    LAW_COUNT
};
static const struct {
    const char *subject, *fact, *source, *as_of, *standing;
} laws[] = {
#define LAW(symbol, subject, fact, source, as_of, standing) \
    { subject, fact, source, as_of, standing },
#include "govern/dossier/law_list.h"
#undef LAW
};

#define GPAI_FLOP     1e23 /* AIA_GPAI_CRITERION */
#define SYSTEMIC_FLOP 1e25 /* AIA_SYSTEMIC */

/* ---- small parts ---- */

/* "[4]", a link to the fact at the end. */
static void cite(struct page *p, enum law l)
{
    buf_format(p->out, " <a class=\"by\" href=\"#law%d\">[%d]</a>", (int)l + 1, (int)l + 1);
}

static void put_cited(struct page *p, const char *text, enum law l)
{
    page_markup(p, "<p class=\"note\">");
    page_text(p, text);
    cite(p, l);
    page_markup(p, "</p>\n");
}

static void add_word(struct buf *b, const char *name, const char *value)
{
    buf_format(b, "%s%s: %s", b->len ? "; " : "", name, value);
}

static void add_declared(struct buf *b, const char *name, enum declared d)
{
    if (d != UNDECLARED) add_word(b, name, d == DECLARED_YES ? "yes" : "no");
}

static void add_number(struct buf *b, const char *name, int64_t v)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, v);
    if (v >= 0) add_word(b, name, text);
}

static void add_modify(struct buf *b, unsigned modify)
{
    static const char *const names[] = { "none", "finetune", "quantize", "merge", "distill" };
    struct buf list = BUF_INIT(128);
    for (int i = 0; i < 5; i++)
        if (modify >> i & 1) buf_format(&list, "%s%s", list.len ? " " : "", names[i]);
    if (list.len) add_word(b, "modify", list.data);
    buf_release(&list);
}

void dossier_use_words(char out[DOSSIER_USE_BYTES], const struct gate_policy *policy)
{
    struct buf b = BUF_INIT(DOSSIER_USE_BYTES - 1), places = BUF_INIT(4 * USE_TERRITORIES_MAX);
    const struct licence_use *u = policy ? &policy->use : NULL;
    for (int i = 0; u && i < u->territory_count; i++)
        buf_format(&places, "%s%s", i ? " " : "", u->territory[i]);
    if (u) {
        add_declared(&b, "commercial", u->commercial);
        if (places.len) add_word(&b, "territory", places.data);
        if (u->entity) add_word(&b, "entity", u->entity == ENTITY_COMPANY ? "company" : "person");
        add_number(&b, "monthly active users", u->users_month);
        add_number(&b, "daily active users", u->users_day);
        add_number(&b, "annual revenue in USD", u->revenue_year_usd);
        add_number(&b, "monthly revenue in USD", u->revenue_month_usd);
        add_declared(&b, "cloud provider", u->cloud_provider);
        add_declared(&b, "redistributed", u->redistribute);
        add_modify(&b, u->modify);
        add_declared(&b, "outputs train models", u->outputs_train_models);
        add_declared(&b, "multimodal", u->multimodal);
    }
    snprintf(out, DOSSIER_USE_BYTES, "%s", b.len ? b.data : "nothing is declared");
    buf_release(&places);
    buf_release(&b);
}

/* ---- GDPR ---- */

#define SECURITY_WORDS                                                                         \
    "The model's files are pinned by digest and checked before they run; the process that "    \
    "computes "                                                                                \
    "has no network and opens no files; decisions are entries of an append-only log. To add: " \
    "access "                                                                                  \
    "control, encryption, logging of the systems around it"

static void put_gdpr_30(struct page *p, const struct dossier *d)
{
    char use[DOSSIER_USE_BYTES];
    dossier_use_words(use, d->policy);
    page_open_draft(p, TITLE_GDPR_30);
    put_cited(p, "What such a record names.", LAW_GDPR_30);
    page_open_facts(p);
    page_fact_blank(p, TITLE_CONTROLLER, "name, address, representative, data protection officer");
    page_fact_blank(p, TITLE_PURPOSE, "what the model is used for, by whom");
    page_fact(p, TITLE_DECLARED_USE, use);
    page_fact_blank(p, TITLE_SUBJECTS, "employees, customers, persons named in documents ...");
    page_fact_blank(p, TITLE_DATA, "prompts, documents, answers; special categories?");
    page_fact_blank(p, TITLE_RECIPIENTS,
                    "who sees prompts and answers; processors with their contracts");
    page_fact_blank(
        p, TITLE_TRANSFERS,
        "none while the model runs in your own rooms and no remote target is configured; confirm");
    page_fact_blank(p, TITLE_RETENTION, "of prompts, answers and logs, with the reason");
    page_fact(p, TITLE_SECURITY, SECURITY_WORDS ".");
    page_close_facts(p);
    page_close_section(p);
}

static void put_development(struct page *p, const struct dossier *d)
{
    const struct record *r = d->record;
    page_open_fact(p, TITLE_DEVELOPMENT);
    page_format(p, "Source %s%s%s. ", r->model.source, r->model.revision ? ", revision " : "",
                r->model.revision ? r->model.revision : "");
    page_text(p, r->parent_count ? "Its files name what it was made from (see Lineage). "
                                 : "Its files do not name what it was made from. ");
    page_text(p, r->card ? "What the vendor says of training data stands in the model card. "
                         : "There is no model card. ");
    page_markup(p, "<span class=\"gap\">");
    page_text(p, "what you checked of how it was developed, and with which result");
    page_markup(p, "</span>");
    cite(p, LAW_GDPR_MODEL);
    page_close_fact(p);
}

static void put_gdpr_35(struct page *p, const struct dossier *d)
{
    page_open_draft(p, TITLE_GDPR_35);
    put_cited(p, "What such an assessment contains, and when it is due.", LAW_GDPR_35);
    put_cited(p, "Other articles to be looked at.", LAW_GDPR_OTHER);
    page_open_facts(p);
    page_open_fact(p, TITLE_DESCRIPTION);
    page_format(p, "The language model %s answers texts on this organisation's own machines. ",
                d->record->model.alias);
    page_markup(p, "<span class=\"gap\">the application around it, the flow of data, the persons "
                   "concerned</span>");
    page_close_fact(p);
    page_fact_blank(p, TITLE_NECESSITY,
                    "why a language model, why these data, what was considered instead");
    put_development(p, d);
    page_fact_blank(
        p, TITLE_RISKS,
        "wrong statements about persons; disclosure of what others typed or of what was trained "
        "on; "
        "automated decisions; instructions hidden in documents; differences between groups and "
        "languages: likelihood and severity of each");
    page_fact(p, TITLE_MEASURES, SECURITY_WORDS ".");
    page_fact_blank(p, TITLE_OFFICER,
                    "advice, date, name; views of persons concerned where appropriate");
    page_close_facts(p);
    page_close_section(p);
}

/* ---- AI Act ---- */

static void put_role(struct page *p, const char *question, const char *then, enum law l)
{
    page_open_row(p);
    page_cell(p, question);
    page_markup(p, "<td>");
    page_text(p, then);
    cite(p, l);
    page_markup(p, "</td><td><span class=\"gap\">yes / no</span></td>");
    page_close_row(p);
}

static void put_roles(struct page *p)
{
    static const enum page_title columns[] = { TITLE_QUESTION, TITLE_IF_YES, TITLE_YOUR_ANSWER };
    page_heading(p, TITLE_ROLES);
    page_open_table(p, columns, 3);
    put_role(p, "Do you use the model under your own authority in your work?",
             "deployer; further duties where the use is high-risk", LAW_AIA_DEPLOYER);
    put_role(p, "Is the use one of Annex III, or part of a product of Annex I?",
             "high-risk: mind from when the duties apply", LAW_AIA_HIGH_RISK);
    put_role(p, "Do you put a system around the model on the market under your own name?",
             "provider of that system; transparency towards the people who meet it",
             LAW_AIA_TRANSPARENCY);
    put_role(p, "Do you train the model further, with more than a third of its training compute?",
             "provider of the modified model, for the modification", LAW_AIA_MODIFIER);
    put_role(p, "Do you pass the model on, or offer it to others under your name?",
             "have it looked at whether you become its provider", LAW_AIA_GPAI_DATE);
    put_role(p, "Are you a public body, or do you score credit or price some insurance?",
             "assess the impact on fundamental rights first", LAW_AIA_FRIA);
    put_role(p, "Does the vendor claim the exception for open source?",
             "compare with the label under Openness", LAW_AIA_OPEN_SOURCE);
    page_close_table(p);
}

static void put_quantity(struct page *p, const char *name, const char *value, const char *how)
{
    page_open_row(p);
    page_cell(p, name);
    page_markup(p, "<td class=\"num\">");
    if (value) page_text(p, value);
    else page_markup(p, "<span class=\"gap\">to fill in</span>");
    page_markup(p, "</td>");
    page_cell(p, how);
    page_close_row(p);
}

/* "3.32 × 10¹⁵" */
static void scientific(char out[64], double v)
{
    static const char *const digits[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };
    int exponent = 0;
    for (; v >= 9.995 && exponent < 99; v /= 10)
        exponent++;
    snprintf(out, 64, "%.2f × 10%s%s", v, exponent < 10 ? "" : digits[exponent / 10],
             digits[exponent % 10]);
}

/* Training takes about 6 operations for each parameter and token. */
static void put_tokens(struct page *p, const char *name, double n, double flop, const char *how)
{
    char number[64], value[96];
    scientific(number, n > 0 ? flop / (6 * n) : 0);
    snprintf(value, sizeof value, "%s tokens", number);
    put_quantity(p, name, n > 0 ? value : NULL, how);
}

static void put_worksheet(struct page *p, const struct dossier *d)
{
    static const enum page_title columns[] = { TITLE_QUANTITY, TITLE_VALUE, TITLE_HOW };
    double n = json_number(json_path(d->record->facts, "tensors.parameters"), 0);
    char value[64];
    page_heading(p, TITLE_WORKSHEET);
    page_open_table(p, columns, 3);
    scientific(value, n);
    put_quantity(p, "N, parameters", n > 0 ? value : NULL,
                 "counted in the files; of a mixture of experts only the active ones count, which "
                 "the files do "
                 "not say");
    put_quantity(p, "D, tokens of the original training", NULL,
                 "from the vendor's report, if it says so");
    put_quantity(p, "C, compute of the original training", NULL, "6 × N × D, in FLOP");
    put_tokens(p, "D at which C reaches 10²³ FLOP", n, GPAI_FLOP,
               "10²³ / 6N: the indicative criterion");
    put_tokens(p, "D at which C reaches 10²⁵ FLOP", n, SYSTEMIC_FLOP,
               "10²⁵ / 6N: presumed systemic risk");
    put_quantity(p, "Your own tokens of further training, all epochs", NULL,
                 "quantizing, prompting and retrieval are not training");
    put_quantity(p, "Compute of your own training", NULL,
                 "6 × N × your tokens; less with adapters, which this counts in full");
    put_tokens(p, "Own tokens at which a third of 10²³ FLOP is reached", n, GPAI_FLOP / 3,
               "where C is not known and the model is above 10²³");
    put_tokens(p, "Own tokens at which a third of 10²⁵ FLOP is reached", n, SYSTEMIC_FLOP / 3,
               "where C is not known and the model is of systemic risk");
    page_close_table(p);
    put_cited(p, "Criterion of a general-purpose model.", LAW_AIA_GPAI_CRITERION);
    put_cited(p, "Presumption of systemic risk.", LAW_AIA_SYSTEMIC);
    put_cited(p, "The third, where the original compute is not known.", LAW_AIA_MODIFIER_UNKNOWN);
}

static void put_vendor(struct page *p, enum page_title t, const struct record *r)
{
    struct span owner, name;
    page_open_fact(p, t);
    if (record_hub_name(r->model.source, &owner, &name)) page_span(p, owner);
    else page_markup(p, "<span class=\"gap\">who made it</span>");
    page_close_fact(p);
}

/* What the text asks; "" where no text was recognised, or it asks for nothing. */
static const char *use_limits(const struct record *r)
{
    const struct licence_facts *f = r->weights ? r->weights->facts : NULL;
    return f && f->use_policy ? f->use_policy : "";
}

static void put_shape(struct page *p, const struct record *r)
{
    const char *architecture = record_fact(r, "architecture");
    int64_t parameters = json_int(json_path(r->facts, "tensors.parameters"), 0);
    page_open_fact(p, TITLE_SHAPE);
    page_text(p, architecture ? architecture : "architecture not known");
    if (parameters > 0) page_format(p, ", %" PRId64 " parameters", parameters);
    page_close_fact(p);
}

static void put_parents(struct page *p, const struct record *r)
{
    page_open_fact(p, TITLE_DEPENDENCIES);
    for (int i = 0; i < r->parent_count; i++)
        page_format(p, "%s%s", i ? ", " : "", r->parents[i]->parent);
    if (r->parent_count) page_text(p, ", as its files say");
    else page_markup(p, "<span class=\"gap\">its files name none; ask the provider</span>");
    page_close_fact(p);
}

/* The headings of the Code of Practice's form, in its order. */
static void put_form(struct page *p, const struct dossier *d)
{
    const struct record *r = d->record;
    const char *id = r->weights ? licence_reading_id(r->weights) : NULL;
    char hex[SHA256_HEX_BYTES], name[256], digest[160];
    sha256_hex(r->model.digest, hex);
    snprintf(digest, sizeof digest, "sha256:%s, over the digest of every file", hex);
    snprintf(name, sizeof name, "%s, %s", r->model.alias,
             r->model.revision ? r->model.revision : "no revision given");
    page_heading(p, TITLE_FORM);
    put_cited(p, "What providers of general-purpose models document, as far as the files say it.",
              LAW_AIA_FORM);
    page_open_facts(p);
    put_vendor(p, TITLE_PROVIDER, r);
    page_fact(p, TITLE_NAME_VERSION, name);
    page_fact(p, TITLE_AUTHENTICITY, digest);
    page_fact_blank(p, TITLE_RELEASED, "of the model, of this revision, in the Union");
    put_parents(p, r);
    put_shape(p, r);
    page_fact_blank(p, TITLE_MODALITIES, "what goes in and comes out; longest input and output");
    page_fact(p, TITLE_CHANNELS, r->model.source);
    page_fact(p, TITLE_LICENCE, id ? id : "no text of a known licence");
    if (*use_limits(r)) page_fact(p, TITLE_ACCEPTABLE_USE, use_limits(r));
    else page_fact_blank(p, TITLE_ACCEPTABLE_USE, "the provider's policy, where there is one");
    page_fact_blank(p, TITLE_TRAINING, "stages, methods and decisions, from the provider");
    page_fact_blank(p, TITLE_PROVENANCE, "sources, how they were chosen and cleaned");
    page_fact_blank(p, TITLE_ENERGY, "FLOP of training, energy in MWh, how both were measured");
    page_close_facts(p);
}

static void put_ai_act(struct page *p, const struct dossier *d)
{
    page_open_draft(p, TITLE_AI_ACT);
    put_roles(p);
    put_worksheet(p, d);
    put_cited(p, "Logs of high-risk systems.", LAW_AIA_LOGS);
    put_cited(p, "Training of staff.", LAW_AIA_LITERACY);
    put_form(p, d);
    page_close_section(p);
}

/* ---- bank ---- */

static void put_bank(struct page *p, const struct dossier *d)
{
    const struct record *r = d->record;
    char hex[SHA256_HEX_BYTES], version[160], changes[128], approvals[64];
    int count = d->verdict ? d->verdict->approval_count : 0, valid = 0;
    for (int i = 0; i < count; i++)
        valid += d->verdict->approvals[i].counts;
    snprintf(approvals, sizeof approvals, "%d, of which %d in force", count, valid);
    sha256_hex(r->model.digest, hex);
    snprintf(version, sizeof version, "%.64s (sha256:%.16s...)",
             r->model.revision ? r->model.revision : "no revision", hex);
    snprintf(changes, sizeof changes,
             "pinned by digest in hearth.lock; %zu entries about it in the audit log",
             d->entry_count);
    page_open_draft(p, TITLE_BANK);
    put_cited(p, "United States.", LAW_BANK_SR_26_2);
    put_cited(p, "European Union.", LAW_BANK_DORA);
    page_open_facts(p);
    page_fact(p, TITLE_MODEL, r->model.alias);
    page_fact(p, TITLE_VERSION, version);
    put_vendor(p, TITLE_VENDOR, r);
    page_fact_blank(p, TITLE_LIFECYCLE, "in trial, in use since, to be retired on");
    page_fact_blank(p, TITLE_OWNER, "a person; and who may use it");
    page_fact_blank(p, TITLE_BUSINESS_USE, "decisions that depend on it");
    page_fact_blank(p, TITLE_DATA, "class of the data that it sees");
    page_fact_blank(p, TITLE_MATERIALITY, "tier, with the reason");
    page_fact(p, TITLE_APPROVALS, approvals);
    page_fact_blank(p, TITLE_VALIDATION, "by whom, when, against which tests, with which limits");
    page_fact_blank(p, TITLE_MONITORING, "measures, thresholds, how often, who is told");
    page_fact_blank(p, TITLE_OVERSIGHT, "who reads what it wrote before it counts");
    page_fact_blank(p, TITLE_INCIDENTS, "where they are kept; what answers when it does not");
    page_fact(p, TITLE_CHANGE_CONTROL, changes);
    page_fact_blank(p, TITLE_LIMITATIONS, "from the model card and from your own evaluation");
    page_fact_blank(p, TITLE_EXIT_PLAN, "another model, tested; what happens without any");
    page_close_facts(p);
    page_close_section(p);
}

/* ---- the facts ---- */

static void put_laws(struct page *p)
{
    static const enum page_title columns[] = { TITLE_SUBJECT_OF_LAW, TITLE_FACT, TITLE_LAW_SOURCE,
                                               TITLE_AS_OF, TITLE_STANDING };
    page_open_section(p, TITLE_LAW);
    page_note(
        p, "Second-hand: taken from notes about the text, not from the text. Not verified: general "
           "knowledge. Read the text itself before you rely on any line.");
    page_open_table(p, columns, 5);
    for (int i = 0; i < LAW_COUNT; i++) {
        buf_format(p->out, "<tr id=\"law%d\"><td>[%d] ", i + 1, i + 1);
        page_text(p, laws[i].subject);
        page_markup(p, "</td>");
        page_cell(p, laws[i].fact);
        page_cell(p, laws[i].source);
        page_cell(p, laws[i].as_of);
        page_cell(p, laws[i].standing);
        page_close_row(p);
    }
    page_close_table(p);
    page_close_section(p);
}

void dossier_put_drafts(struct page *p, const struct dossier *d)
{
    put_gdpr_30(p, d);
    put_gdpr_35(p, d);
    put_ai_act(p, d);
    put_bank(p, d);
    put_laws(p);
}
