/* Sentence by sentence: which term is this?
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_clause.h"

#include <stdio.h>
#include <string.h>

/* How far an amount may stand from the words that say what it counts. */
#define AMOUNT_REACH 16

struct sentence {
    const struct licence_words *w;
    uint32_t begin, end;
    struct licence_clauses *out;
};

const char *clause_kind_name(enum clause_kind kind)
{
    static const char *const names[CLAUSE_KINDS] = {
        "monthly users",
        "daily users",
        "annual revenue",
        "monthly revenue",
        "registration",
        "no commerce",
        "territory",
        "multimodal territory",
        "no training of other models",
        "distilled models",
        "display",
        "name",
        "notice",
        "no cloud providers",
        "no persons",
        "military use",
        "revocable",
        "terms may change",
        "remote restriction",
        "litigation",
        "indemnity",
        "no sharing",
        "copies",
        "law",
    };
    return names[kind];
}

static bool has(const struct sentence *s, const char *phrase)
{
    for (uint32_t i = s->begin; i < s->end; i++) {
        uint32_t n = licence_phrase_at(s->w, i, phrase);
        if (n && i + n <= s->end) return true;
    }
    return false;
}

static bool has_any(const struct sentence *s, const char *const *phrases)
{
    for (; *phrases; phrases++)
        if (has(s, *phrases)) return true;
    return false;
}

/* "not", but not that of "including but not limited to". */
static bool negates(const struct sentence *s)
{
    static const char *const words[] = { "not",       "exclud*",   "except",      "excepting",
                                         "prohibit*", "forbidden", "no",          "nor",
                                         "never",     "cannot",    "unavailable", "不",
                                         "除",        "禁",        NULL };
    for (uint32_t i = s->begin; i < s->end; i++) {
        if (licence_phrase_at(s->w, i, "not limited") || licence_phrase_at(s->w, i, "不 限"))
            continue;
        for (const char *const *p = words; *p; p++)
            if (licence_phrase_at(s->w, i, *p)) return true;
    }
    return false;
}

static struct licence_clause *add(struct sentence *s, enum clause_kind kind)
{
    int same = 0;
    for (int i = 0; i < s->out->count; i++)
        same += s->out->items[i].kind == kind;
    if (same == CLAUSES_OF_KIND_MAX) return NULL;
    struct licence_clause *c = &s->out->items[s->out->count++];
    *c = (struct licence_clause){ .kind = kind,
                                  .begin = s->w->words[s->begin].begin,
                                  .end = s->w->words[s->end - 1].end,
                                  .amount = -1 };
    return c;
}

static const char *const display_words[] = {
    "prominently display", "display", "built with", "powered by", "show the name", "显 著", NULL
};

/* The amount nearest to words [at, at+n), -1 for none. An amount before counts as nearer than one as far
 * behind: "more than 100 million monthly active users". */
static int64_t nearest_amount(const struct sentence *s, uint32_t at, uint32_t n, int64_t least)
{
    int64_t best = -1, v;
    uint32_t best_distance = AMOUNT_REACH + 1, used;
    uint32_t begin = at > s->begin + AMOUNT_REACH ? at - AMOUNT_REACH : s->begin;
    for (uint32_t i = begin; i < s->end && i < at + n + AMOUNT_REACH; i++) {
        if (i >= at && i < at + n) continue;
        used = licence_amount_at(s->w, i, s->end, &v);
        if (!used) continue;
        uint32_t distance = i < at ? (at > i + used ? at - i - used : 0) : i - at - n + 1;
        if (v >= least && distance < best_distance) {
            best = v;
            best_distance = distance;
        }
        i += used - 1;
    }
    return best;
}

static void add_amount(struct sentence *s, enum clause_kind kind, int64_t amount)
{
    struct licence_clause *c = add(s, kind);
    if (!c) return;
    c->amount = amount;
    c->display_beyond = has_any(s, display_words) && !has(s, "request") && !has(s, "terminat*");
}

static void find_users(struct sentence *s)
{
    static const struct {
        const char *phrase;
        enum clause_kind kind;
    } words[] = {
        { "monthly active user*", CLAUSE_USERS_MONTH },
        { "mau", CLAUSE_USERS_MONTH },
        { "active users per month", CLAUSE_USERS_MONTH },
        { "monthly user*", CLAUSE_USERS_MONTH },
        { "active monthly user*", CLAUSE_USERS_MONTH },
        { "users per month", CLAUSE_USERS_MONTH },
        { "月 活", CLAUSE_USERS_MONTH },
        { "daily active user*", CLAUSE_USERS_DAY },
        { "daily average user*", CLAUSE_USERS_DAY },
        { "dau", CLAUSE_USERS_DAY },
        { "日 均 用 户", CLAUSE_USERS_DAY },
        { "日 活", CLAUSE_USERS_DAY },
    };
    bool unsaid[CLAUSE_KINDS] = { 0 }, said[CLAUSE_KINDS] = { 0 };
    for (uint32_t i = s->begin; i < s->end; i++)
        for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
            uint32_t n = licence_phrase_at(s->w, i, words[k].phrase);
            if (!n || i + n > s->end) continue;
            int64_t amount = nearest_amount(s, i, n, 100);
            if (amount >= 0) add_amount(s, words[k].kind, amount);
            *(amount >= 0 ? &said[words[k].kind] : &unsaid[words[k].kind]) = true;
            i += n - 1;
            break;
        }
    /* Users are spoken of, but no number was understood in the whole sentence. */
    for (int kind = 0; kind < CLAUSE_KINDS; kind++)
        if (unsaid[kind] && !said[kind]) add_amount(s, (enum clause_kind)kind, -1);
}

static bool near_word(const struct sentence *s, uint32_t at, const char *const *words)
{
    uint32_t begin = at > s->begin + 6 ? at - 6 : s->begin;
    for (uint32_t i = begin; i < s->end && i < at + 7; i++)
        for (const char *const *p = words; *p; p++)
            if (licence_phrase_at(s->w, i, *p)) return true;
    return false;
}

static void find_revenue(struct sentence *s)
{
    static const char *const money[] = { "revenue*", "turnover", "income", "earnings",
                                         "营 收",    "收 入",    NULL };
    static const char *const month[] = { "monthly", "month", "每 月", "月", NULL };
    static const char *const year[] = { "annual*", "yearly", "year", "arr", "fiscal", "年", NULL };
    for (uint32_t i = s->begin; i < s->end; i++)
        for (const char *const *p = money; *p; p++) {
            uint32_t n = licence_phrase_at(s->w, i, *p);
            if (!n) continue;
            int64_t amount = nearest_amount(s, i, n, 1000);
            if (amount < 0) continue;
            bool monthly = near_word(s, i, month) && !near_word(s, i, year);
            add_amount(s, monthly ? CLAUSE_REVENUE_MONTH : CLAUSE_REVENUE_YEAR, amount);
            break;
        }
}

struct place {
    const char *phrase, *code;
};

/* "United States Government", "US dollars" and copyright within a state are no territory of a licence. */
static bool names_place(const struct sentence *s, const char *phrase)
{
    static const char *const goes_on[] = { "government", "department", "code",   "copyright",
                                           "federal",    "dollar*",    "patent", "constitution",
                                           "army",       "navy",       NULL };
    static const char *const of_the_state[] = { "warrant*", "liability", "title 17",
                                                "other than the", NULL };
    if (has(s, "copyright protection")) return false;
    if (strncmp(phrase, "united states", 13) == 0 && has_any(s, of_the_state)) return false;
    for (uint32_t i = s->begin; i < s->end; i++) {
        uint32_t n = licence_phrase_at(s->w, i, phrase);
        if (!n || i + n > s->end) continue;
        if (licence_phrase_at(s->w, i + n, "of america")) n += 2;
        bool other = false;
        for (const char *const *p = goes_on; *p; p++)
            other |= licence_phrase_at(s->w, i + n, *p) > 0;
        if (!other) return true;
    }
    return false;
}

static void find_territory(struct sentence *s)
{
    static const struct place places[] = {
        { "european union", "EU" },
        { "eu", "EU" },
        { "united kingdom", "GB" },
        { "uk", "GB" },
        { "great britain", "GB" },
        { "south korea", "KR" },
        { "republic of korea", "KR" },
        { "united states", "US" },
        { "in the us", "US" },
        { "usa", "US" },
        { "european economic area", "EU" },
        { "eea", "EU" },
        { "eu27", "EU" },
        { "china", "CN" },
        { "prc", "CN" },
        { "中 国", "CN" },
        { "japan", "JP" },
        { "india", "IN" },
        { "brazil", "BR" },
        { "canada", "CA" },
        { "australia", "AU" },
        { "switzerland", "CH" },
        { "norway", "NO" },
        { "germany", "DE" },
        { "france", "FR" },
        { "italy", "IT" },
        { "spain", "ES" },
        { "poland", "PL" },
        { "netherlands", "NL" },
        { "russia", "RU" },
        { "singapore", "SG" },
        { "taiwan", "TW" },
        { "欧 盟", "EU" },
        { "英 国", "GB" },
        { "韩 国", "KR" },
        { "美 国", "US" },
        { "日 本", "JP" },
    };
    static const char *const elsewhere[] = { "governed",       "jurisdiction", "export",
                                             "directive",      "courts",       "embargo",
                                             "itar",           "arbitration",  "conflict of law*",
                                             "choice of law*", "hong kong",    "registered office",
                                             "管 辖",          "香 港",        NULL };
    static const char *const multimodal[] = { "multimodal", "multi modal", "vision", "多 模 态",
                                              NULL };
    if (!negates(s) || has_any(s, elsewhere)) return;
    struct licence_clause *c = NULL;
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        if (!names_place(s, places[k].phrase)) continue;
        if (!c) c = add(s, has_any(s, multimodal) ? CLAUSE_NOT_MULTIMODAL_IN : CLAUSE_NOT_IN);
        size_t len = c ? strlen(c->codes) : 0;
        if (!c || strstr(c->codes, places[k].code) || len + 4 > sizeof c->codes) continue;
        snprintf(c->codes + len, sizeof c->codes - len, "%s%s", len ? " " : "", places[k].code);
    }
}

/* "non-commercial" as a limit; "commercial or non-commercial" is none. */
static bool limits_to_non_commercial(const struct sentence *s)
{
    static const char *const limits[] = { "not for commercial",
                                          "no commercial",
                                          "not be used commercially",
                                          "not use * * commercial*",
                                          "not be used for commercial",
                                          "not be used for any commercial",
                                          "not use for commercial",
                                          "any commercial purpose* is prohibited",
                                          "commercial use is prohibited",
                                          "commercial use is not",
                                          "commercial use * * prohibited",
                                          "prohibited from using",
                                          "commercial use requires",
                                          "research purposes only",
                                          "research use only",
                                          "only for research",
                                          "solely for research",
                                          "solely for academic",
                                          "only for academic",
                                          "academic use only",
                                          "non production",
                                          "not for production",
                                          "evaluation purposes only",
                                          "only for non commercial",
                                          "any commercial use of",
                                          "for noncommercial",
                                          "noncommercial purposes only",
                                          "noncommercial use only",
                                          "仅 供 研 究",
                                          "仅 用 于 研 究",
                                          "仅 限 研 究",
                                          "非 商 业",
                                          "不 得 用 于 商 业",
                                          "禁 止 商",
                                          "不 可 商 用",
                                          "仅 供 学 术",
                                          NULL };
    /* One of several ways to pass source code on, in the GNU licences. */
    if (has(s, "this alternative is allowed")) return false;
    if (has_any(s, limits)) return true;
    for (uint32_t i = s->begin; i + 1 < s->end; i++) {
        uint32_t n = licence_phrase_at(s->w, i, "non commercial");
        if (!n) n = licence_phrase_at(s->w, i, "noncommercial");
        if (!n) continue;
        bool both = (i >= s->begin + 2 && licence_word_is(s->w, i - 2, "commercial")) ||
                    (i >= s->begin + 3 && licence_word_is(s->w, i - 3, "commercial"));
        both |= licence_phrase_at(s->w, i + n, "or commercial") ||
                licence_phrase_at(s->w, i + n, "and commercial") ||
                licence_phrase_at(s->w, i + n, "and limited commercial");
        if (!both) return true;
    }
    return false;
}

static void find_commerce(struct sentence *s)
{
    static const char *const ask[] = { "regist*",
                                       "application form",
                                       "apply for",
                                       "apply to",
                                       "request*",
                                       "registration form",
                                       "this form",
                                       "questionnaire",
                                       "e mail",
                                       "email",
                                       "written authorization",
                                       "written permission",
                                       "written consent",
                                       "prior authorization",
                                       "separate license",

                                       "obtain",
                                       "登 记",
                                       "申 请",
                                       "注 册",
                                       "授 权",
                                       NULL };
    static const char *const commerce[] = { "commercial*", "商 业", "商 用", NULL };
    if (limits_to_non_commercial(s)) add(s, CLAUSE_NO_COMMERCE);
    if (has_any(s, commerce) && has_any(s, ask)) add(s, CLAUSE_REGISTER);
}

static void find_outputs(struct sentence *s)
{
    static const char *const made[] = { "output*", "results", "model*", "materials",
                                        "works",   "输 出",   NULL };
    static const char *const make[] = { "train*", "improve*", "improving", "develop*", "distill*",
                                        "create", "训 练",    "改 进",     "蒸 馏",    NULL };
    static const char *const other[] = { "any other * language model*",
                                         "any other large language model*",
                                         "any other ai model*",
                                         "any ai model*",
                                         "any other model*",
                                         "other models",
                                         "other ai models",
                                         "other large language models",
                                         "another model",
                                         "another ai model",
                                         "foundational model*",
                                         "any foundational",
                                         "any * ai model*",
                                         "any * generative ai model*",
                                         "foundation model*",
                                         "competing",
                                         "compete*",
                                         "其 他 模 型",
                                         "其 他 大 模 型",
                                         "其 它 模 型",
                                         NULL };
    static const char *const derived[] = { "synthetic data",           "distillation",
                                           "output patterns",          "transfer of patterns",
                                           "transferring the weights", NULL };
    if (negates(s) && has_any(s, make) && has_any(s, other) && has_any(s, made))
        add(s, CLAUSE_NO_TRAINING);
    if (has_any(s, derived)) add(s, CLAUSE_DISTILLED);
}

/* Terms that one list of phrases tells. */
static void find_plain(struct sentence *s)
{
    static const struct {
        enum clause_kind kind;
        const char *phrase;
    } plain[] = {
        { CLAUSE_DISPLAY, "prominently display" },
        { CLAUSE_DISPLAY, "built with" },
        { CLAUSE_DISPLAY, "powered by" },
        { CLAUSE_DISPLAY, "display the acknowledgement" },
        { CLAUSE_DISPLAY, "is built using" },
        { CLAUSE_NAME, "at the beginning of any such" },
        { CLAUSE_NAME, "beginning of its name" },
        { CLAUSE_NAME, "beginning of the name" },
        { CLAUSE_NOTICE, "notice text file" },
        { CLAUSE_NO_CLOUD, "operates a model as a service" },
        { CLAUSE_NO_CLOUD, "conducts a model as a service" },
        { CLAUSE_NO_CLOUD, "cloud service provider*" },
        { CLAUSE_NO_CLOUD, "cloud provider*" },
        { CLAUSE_NO_CLOUD, "cloud computing provider*" },
        { CLAUSE_NO_CLOUD, "cloud services provider*" },
        { CLAUSE_NO_CLOUD, "云 服 务" },
        { CLAUSE_NO_PERSONS, "natural persons are not" },
        { CLAUSE_NO_PERSONS, "natural persons are excluded" },
        { CLAUSE_NO_PERSONS, "excluding natural persons" },
        { CLAUSE_MILITARY, "military" },
        { CLAUSE_MILITARY, "军 事" },
        { CLAUSE_REVOCABLE, "revocable" },
        { CLAUSE_REVOCABLE, "可 撤 销" },
        { CLAUSE_MAY_CHANGE, "right to update" },
        { CLAUSE_MAY_CHANGE, "right to modify" },
        { CLAUSE_MAY_CHANGE, "right to change" },
        { CLAUSE_MAY_CHANGE, "may update" },
        { CLAUSE_MAY_CHANGE, "may modify this agreement" },
        { CLAUSE_MAY_CHANGE, "subject to update*" },
        { CLAUSE_REMOTE, "restrict remotely" },
        { CLAUSE_REMOTE, "remotely or otherwise" },
        { CLAUSE_LITIGATION, "lawsuit" },
        { CLAUSE_LITIGATION, "institute litigation" },
        { CLAUSE_LITIGATION, "patent litigation" },
        { CLAUSE_INDEMNITY, "indemnify" },
        { CLAUSE_NO_SHARING, "not distribute" },
        { CLAUSE_NO_SHARING, "may not redistribute" },
        { CLAUSE_NO_SHARING, "shall not redistribute" },
        { CLAUSE_NO_SHARING, "no redistribution" },
        { CLAUSE_COPY, "copy of this agreement" },
        { CLAUSE_COPY, "copy of this license" },
        { CLAUSE_COPY, "copy of the license" },
        { CLAUSE_COPY, "above copyright notice" },
        { CLAUSE_COPY, "copyright notice and this" },
        { CLAUSE_COPY, "retain all copyright" },
        { CLAUSE_COPY, "identification of the creator" },
        { CLAUSE_LAW, "governed by" },
        { CLAUSE_LAW, "governed and construed" },
        { CLAUSE_LAW, "法 律 管 辖" },
    };
    bool seen[CLAUSE_KINDS] = { 0 };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (seen[plain[i].kind] || !has(s, plain[i].phrase)) continue;
        if (plain[i].kind == CLAUSE_REVOCABLE && has(s, "不 可 撤 销")) continue;
        seen[plain[i].kind] = true;
        add(s, plain[i].kind);
    }
}

static void look(struct sentence *s)
{
    find_users(s);
    find_revenue(s);
    find_territory(s);
    find_commerce(s);
    find_outputs(s);
    find_plain(s);
}

void licence_clauses_find(struct licence_clauses *ret, const struct licence_words *w)
{
    struct sentence s = { .w = w, .out = ret };
    ret->count = 0;
    for (uint32_t i = 1; i <= w->count; i++) {
        bool ends = i == w->count || w->words[i].flags & (WORD_SENTENCE | WORD_PARAGRAPH);
        /* "1. You" does not end a sentence that began with its number. */
        if (i < w->count && w->words[i - 1].flags & WORD_MARKER &&
            !(w->words[i].flags & WORD_PARAGRAPH))
            ends = false;
        if (!ends && i - s.begin < CLAUSE_WORDS_MAX) continue;
        s.end = i;
        look(&s);
        s.begin = i;
    }
}

const struct licence_clause *licence_clause_first(const struct licence_clauses *c,
                                                  enum clause_kind kind)
{
    for (int i = 0; i < c->count; i++)
        if (c->items[i].kind == kind) return &c->items[i];
    return NULL;
}
