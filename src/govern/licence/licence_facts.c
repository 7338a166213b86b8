/* Looking facts up, ranking them and writing them as JSON.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_facts.h"

#include <string.h>

static const struct licence_facts rows[] = {
#define FACT(...) { __VA_ARGS__ },
#define FAMILY(...)
#include "govern/licence/licence_fact_list.h"
#undef FACT
#undef FAMILY
};

/* Longer beginnings first. */
static const struct licence_facts families[] = {
#define FACT(...)
#define FAMILY(...) { __VA_ARGS__ },
#include "govern/licence/licence_fact_list.h"
#undef FACT
#undef FAMILY
};

/* Use for any purpose is what the Open Source Definition asks (its points 5 and 6). */
static const struct licence_facts osi = {
    .id = "",
    .name = "a licence approved by the Open Source Initiative",
    .share = SHARE_UNKNOWN,
    .patent = PATENT_UNKNOWN,
    .open = true,
    .source = "OSI approval, SPDX list 3",
    .as_of = "2026-11-01",
};

const struct licence_facts *licence_facts_of(const char *id)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].id, id) == 0) return &rows[i];
    return NULL;
}

const struct licence_facts *licence_facts_of_family(const char *id)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strncmp(families[i].id, id, strlen(families[i].id)) == 0) return &families[i];
    return NULL;
}

const struct licence_facts *licence_facts_at(size_t i)
{
    return i < sizeof rows / sizeof *rows ? &rows[i] : NULL;
}

const struct licence_facts *licence_facts_osi(void)
{
    return &osi;
}

int licence_preference(const struct licence_facts *f)
{
    if (!f || f->companion || f->trust == TRUST_SECOND_HAND) return 7;
    if (f->commercial == COMMERCIAL_NO || f->no_companies) return 6;
    if (f->not_in || f->not_multimodal_in) return 5;
    if (f->registration) return 3;
    if (f->commercial == COMMERCIAL_SILENT) return 4;
    if (f->use_policy && f->ends & (END_REMOTE | END_TEXT_MAY_CHANGE)) return 4;
    if (f->outputs >= OUTPUT_DERIVATIVE) return 4;
    if (f->beyond == BEYOND_NO_RIGHTS) return 3;
    if (f->use_policy && !f->open) return 3;
    if (f->beyond == BEYOND_DISPLAY || f->display) return 2;
    if (f->share & (SHARE_SOURCE | SHARE_ALIKE | SHARE_UNKNOWN)) return 1;
    return f->open ? 0 : 1;
}

const char *licence_preference_words(int preference)
{
    static const char *const words[] = {
        "plain permissive terms",
        "open terms with more duties when passed on",
        "permissive with a display duty",
        "conditions for commercial users",
        "limits on use, or terms that may change",
        "not everywhere",
        "not for commercial use",
        "not known well enough",
    };
    return words[preference < 0 || preference > 7 ? 7 : preference];
}

const char *commercial_use_name(enum commercial_use c)
{
    static const char *const names[] = { "yes", "no", "conditional", "silent" };
    return names[c];
}

const char *output_rule_name(enum output_rule o)
{
    static const char *const names[] = {
        "free",
        "silent",
        "display when a model made with them is distributed",
        "a model trained on them is a derivative",
        "may not improve other language models",
        "may not improve other models",
        "restricted themselves",
        "unknown",
    };
    return names[o];
}

struct flag_name {
    unsigned flag;
    const char *name;
};

static void put_flags(struct json_writer *w, const char *key, unsigned flags,
                      const struct flag_name *names)
{
    json_key(w, key);
    json_open_array(w);
    for (; names->name; names++)
        if (flags & names->flag) json_put_string(w, names->name);
    json_close_array(w);
}

static void put_text(struct json_writer *w, const char *key, const char *text)
{
    if (!text) return;
    json_key(w, key);
    json_put_string(w, text);
}

static void put_limit(struct json_writer *w, const char *key, int64_t limit)
{
    if (!limit) return;
    json_key(w, key);
    json_put_int(w, limit);
}

static void put_limits(struct json_writer *w, const struct licence_facts *f)
{
    static const char *const beyond[] = { NULL, "no rights without a separate licence",
                                          "the name must be displayed" };
    put_limit(w, "monthly_active_users_max", f->users_month_max);
    put_limit(w, "daily_active_users_max", f->users_day_max);
    put_limit(w, "annual_revenue_usd_max", f->revenue_year_usd_max);
    put_limit(w, "monthly_revenue_usd_max", f->revenue_month_usd_max);
    put_text(w, "beyond", beyond[f->beyond]);
    put_text(w, "registration", f->registration);
    put_text(w, "request", f->request);
    put_text(w, "not_in", f->not_in);
    put_text(w, "not_multimodal_in", f->not_multimodal_in);
    put_limit(w, "model_service_annual_revenue_usd_max", f->service_revenue_usd_max);
    if (f->no_cloud_providers) put_text(w, "cloud_providers", "excluded");
    if (f->no_persons) put_text(w, "persons", "excluded");
    if (f->no_companies) put_text(w, "companies", "excluded");
}

static void put_duties(struct json_writer *w, const struct licence_facts *f)
{
    static const struct flag_name share[] = {
        { SHARE_COPY, "copy of the licence" },
        { SHARE_MARK, "mark changes" },
        { SHARE_NOTICE, "notice" },
        { SHARE_FLOW, "bind downstream users" },
        { SHARE_DISPLAY, "display" },
        { SHARE_NAME, "name" },
        { SHARE_KEEP, "keep notices" },
        { SHARE_SOURCE, "offer source" },
        { SHARE_ALIKE, "same licence" },
        { SHARE_FORBIDDEN, "not allowed, or not when changed" },
        { SHARE_UNKNOWN, "unknown" },
        { 0, NULL },
    };
    put_flags(w, "redistribution", f->share, share);
    if (f->service_shares) put_text(w, "offered_as_a_service", "counts as redistribution");
    put_text(w, "notice", f->notice);
    put_text(w, "display", f->display);
    put_text(w, "name_prefix", f->name_prefix);
}

void licence_facts_write(struct json_writer *w, const struct licence_facts *f)
{
    static const struct flag_name ends[] = {
        { END_BREACH, "breach" },
        { END_LITIGATION, "litigation about intellectual property" },
        { END_PATENT_SUIT, "patent suit" },
        { END_REVOCABLE, "revocable" },
        { END_TEXT_MAY_CHANGE, "terms may change" },
        { END_REMOTE, "vendor may restrict" },
        { 0, NULL },
    };
    static const char *const patent[] = { "unknown", "granted", "silent", "none" };
    static const char *const trust[] = { "text", "partly verified", "second-hand" };
    json_open_object(w);
    if (f) {
        put_text(w, "name", f->name);
        put_text(w, "belongs_to", f->belongs_to);
        if (!f->companion) put_text(w, "commercial", commercial_use_name(f->commercial));
        put_limits(w, f);
        if (!f->companion) put_duties(w, f);
        if (!f->companion) put_text(w, "outputs", output_rule_name(f->outputs));
        put_text(w, "use_policy", f->use_policy);
        if (!f->companion) put_text(w, "patent", patent[f->patent]);
        if (!f->companion) put_flags(w, "ends", f->ends, ends);
        put_text(w, "law", f->law);
        json_key(w, "open");
        json_put_bool(w, f->open);
        put_text(w, "preference", licence_preference_words(licence_preference(f)));
        put_text(w, "trust", trust[f->trust]);
        put_text(w, "doubt", f->doubt);
        put_text(w, "source", f->source);
        put_text(w, "as_of", f->as_of);
    }
    json_close_object(w);
}
