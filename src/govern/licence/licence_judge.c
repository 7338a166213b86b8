/* From a reading and a declared use to a verdict with its reasons.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DIFFERENCES_SHOWN 6
#define TITLE_BYTES       160
#define CONTEXT_BYTES     40
#define DIFFERENCE_BYTES  120 /* of one in the reason */

const char *licence_answer_name(enum licence_answer a)
{
    static const char *const names[] = { "allow", "ask", "deny" };
    return names[a];
}

const char *licence_rule_name(enum licence_rule_id id)
{
    static const char *const names[] = {
#define RULE(symbol, name, words) name,
#include "govern/licence/licence_rule_list.h"
#undef RULE
    };
    return names[id];
}

struct licence_rule *rule_add(struct judgement *j, enum licence_rule_id id,
                              enum licence_answer answer, const char *format, ...)
{
    struct licence_verdict *v = j->out;
    struct licence_rule *r = NULL;
    va_list args;
    if (answer > v->answer) v->answer = answer;
    bool repeats =
        id == RULE_MORE_PERMISSIVE || id == RULE_PARENT_UNKNOWN || id == RULE_CLAIMS_CONFLICT;
    for (int i = 0; i < v->count && !repeats; i++) {
        if (v->rules[i].id != id) continue;
        if (v->rules[i].answer >= answer) return NULL;
        r = &v->rules[i]; /* the stricter one takes its place */
    }
    if (!r && v->count < LICENCE_RULES_MAX) r = &v->rules[v->count++];
    if (!r) return NULL;
    *r = (struct licence_rule){ .id = id, .answer = answer };
    va_start(args, format);
    vsnprintf(r->reason, sizeof r->reason, format, args);
    va_end(args);
    return r;
}

void rule_next(struct licence_rule *r, const char *format, ...)
{
    va_list args;
    if (!r) return;
    va_start(args, format);
    vsnprintf(r->next, sizeof r->next, format, args);
    va_end(args);
}

void rule_quote_bytes(struct judgement *j, struct licence_rule *r, uint32_t begin, uint32_t end)
{
    if (!r || !j->reading || end <= begin) return;
    licence_quote(r->quote, sizeof r->quote, j->reading, begin, end);
    r->begin = begin;
    r->end = end;
}

void rule_quote_span(struct judgement *j, struct licence_rule *r, struct span part)
{
    if (!j->reading || !part.len) return;
    const char *base = j->reading->text.data;
    rule_quote_bytes(j, r, (uint32_t)(part.data - base), (uint32_t)(part.data - base + part.len));
}

/* "license: other" says nothing when a name stands beside it. */
static struct span claim_of(const struct licence_reading *r)
{
    bool by_name = r->card.name.len && (!r->card.id.len || !licence_id_of(r->card.id));
    return by_name ? r->card.name : r->card.id;
}

/* The whole line of a claim: "license: mit". */
static void quote_claim(struct judgement *j, struct licence_rule *r)
{
    const struct licence_reading *reading = j->reading;
    struct span value = claim_of(reading);
    if (!reading->claimed && reading->mention_count) value = reading->mentions[0].line;
    if (!value.len) return;
    const char *begin = value.data, *base = reading->text.data;
    while (begin > base && begin[-1] != '\n')
        begin--;
    rule_quote_span(j, r, (struct span){ begin, (size_t)(value.data + value.len - begin) });
}

void rule_quote_clause(struct judgement *j, struct licence_rule *r, enum clause_kind kind)
{
    if (!r || !j->reading) return;
    const struct licence_clause *c = licence_clause_first(&j->reading->clauses, kind);
    if (c) rule_quote_bytes(j, r, c->begin, c->end);
    else if (j->reading->from_claim) quote_claim(j, r);
}

const char *judged_name(const struct judgement *j)
{
    return j->facts ? j->facts->name : "the text";
}

/* One difference as a reader sees it: the words that are there, or where some are missing. */
static void tell_difference(struct judgement *j, const struct match_difference *d,
                            struct licence_rule *r, bool first)
{
    char quote[DIFFERENCE_BYTES];
    size_t len = strlen(r->reason), room = sizeof r->reason - len;
    uint32_t size = (uint32_t)j->reading->text.len;
    uint32_t from = d->begin > CONTEXT_BYTES ? d->begin - CONTEXT_BYTES : 0;
    uint32_t to = size - d->begin > CONTEXT_BYTES ? d->begin + CONTEXT_BYTES : size;
    if (d->words) from = d->begin, to = d->end;
    while (from > 0 && (j->reading->text.data[from] & 0xC0) == 0x80)
        from--;
    while (to < size && (j->reading->text.data[to] & 0xC0) == 0x80)
        to++;
    if (first) rule_quote_bytes(j, r, from, to);
    if (room < sizeof quote + 64) return;
    licence_quote(quote, sizeof quote, j->reading, from, to);
    if (d->words && d->missing)
        snprintf(r->reason + len, room, "%s \"%s\" instead of %u word%s", first ? ":" : ";", quote,
                 d->missing, d->missing == 1 ? "" : "s");
    else if (d->words)
        snprintf(r->reason + len, room, "%s \"%s\" is new", first ? ":" : ";", quote);
    else
        snprintf(r->reason + len, room, "%s %u word%s missing in \"%s\"", first ? ":" : ";",
                 d->missing, d->missing == 1 ? " is" : "s are", quote);
}

/* The words that differ, the first few of them, and how many there are in all. */
static void judge_near(struct judgement *j)
{
    const struct licence_match *m = &j->reading->match;
    uint32_t added = 0, missing = 0, count = 0, shown = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        added += m->differences[i].harmless ? 0 : m->differences[i].words;
        missing += m->differences[i].harmless ? 0 : m->differences[i].missing;
        count += !m->differences[i].harmless;
    }
    struct licence_rule *r =
        rule_add(j, RULE_NEAR, LICENCE_ASK,
                 "the text is nearly %s, with %u words more and %u fewer, in %u place%s", m->id,
                 added, missing, count, count == 1 ? "" : "s");
    for (uint32_t i = 0; r && i < m->count && shown < DIFFERENCES_SHOWN; i++)
        if (!m->differences[i].harmless) tell_difference(j, &m->differences[i], r, !shown++);
    rule_next(r, "have the words that differ read by somebody who may decide, or get the text from "
                 "the vendor at the pinned revision");
}

/* The words beside the nearest text are themselves a licence: its terms hold as well. */
static void judge_also(struct judgement *j)
{
    const struct licence_match *m = &j->reading->match;
    for (int i = 0; i < MATCH_ALSO_MAX && m->also[i][0]; i++) {
        struct judgement also = *j;
        also.facts = licence_facts_of(m->also[i]);
        if (also.facts && !also.facts->companion) judge_facts(&also);
    }
}

static void judge_no_text(struct judgement *j)
{
    const struct licence_reading *reading = j->reading;
    const char *id = licence_reading_id(reading);
    struct licence_rule *r;
    if (reading->from_claim) {
        r = rule_add(j, RULE_CLAIM_WITHOUT_TEXT, LICENCE_ASK,
                     "the licence %s is named, but its text is not here", id);
        quote_claim(j, r);
        rule_next(r, "put the LICENSE file of the same revision beside it, and judge that");
        return;
    }
    bool claims = reading->card.id.len || reading->card.name.len;
    r = rule_add(j, RULE_UNKNOWN, LICENCE_ASK,
                 claims ? "the licence that is named is not known, and no known text is here"
                        : "no known licence text is here, not even nearly");
    if (claims) quote_claim(j, r);
    rule_next(r, "have the text read by somebody who may decide, and record the decision");
}

/* Does one name the other's kind? A claim "modified MIT" fits every MIT with a paragraph more. */
static bool agree(const char *a, const char *b)
{
    static const char *const modified[] = { "kimi-k2",           "kimi-k2.5",  "minimax-m2",
                                            "minimax-m2.5-code", "devstral-2", "modified-mit" };
    static const char *const families[] = { "gemma-tou", "GPL-3.0", "GPL-2.0",
                                            "AGPL-3.0",  "LGPL",    "bigscience" };
    int hits = 0;
    if (strcmp(a, b) == 0) return true;
    for (size_t i = 0; i < sizeof modified / sizeof *modified; i++)
        hits += strcmp(a, modified[i]) == 0 || strcmp(b, modified[i]) == 0;
    if (hits == 2 && (strcmp(a, "modified-mit") == 0 || strcmp(b, "modified-mit") == 0))
        return true;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        size_t len = strlen(families[i]);
        if (strncmp(a, families[i], len) == 0 && strncmp(b, families[i], len) == 0) return true;
    }
    return false;
}

static void judge_own_conflict(struct judgement *j)
{
    const struct licence_reading *reading = j->reading;
    const char *id = licence_reading_id(reading);
    const char *other = reading->match.kind && reading->claimed && !agree(id, reading->claimed)
                            ? reading->claimed
                            : NULL;
    struct span line = claim_of(reading);
    /* A notice names its licence and those of others. */
    bool notice = reading->facts && reading->facts->companion;
    for (int i = 0; i < reading->mention_count && !other && !notice; i++)
        if (!agree(id, reading->mentions[i].id)) {
            other = reading->mentions[i].id;
            line = reading->mentions[i].line;
        }
    if (!other) return;
    struct licence_rule *r = rule_add(j, RULE_CLAIMS_CONFLICT, LICENCE_ASK,
                                      "the file names %s and is or names %s as well", other, id);
    rule_quote_span(j, r, line);
    rule_next(r, "ask the vendor which one holds for the weights, and record the decision");
    /* The claim's own limits hold too until somebody has decided. */
    struct judgement claim = *j;
    claim.facts = licence_facts_of(other);
    if (claim.facts && !claim.facts->companion) judge_facts(&claim);
}

/* "license: other" names none. */
static bool is_no_name(struct span name)
{
    static const char *const none[] = { "other", "unknown", "none", "see license", "license" };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (strlen(none[i]) == name.len && strncasecmp(none[i], name.data, name.len) == 0)
            return true;
    return false;
}

/* "eupl-1.2" is EUPL-1.2, and "gpl" may be GPL-3.0-only. */
static bool names_match(struct span name, const struct licence_reading *r)
{
    const char *id = licence_reading_id(r);
    size_t len = strlen(id);
    bool begins = name.len <= len && strncasecmp(name.data, id, name.len) == 0;
    return begins && (name.len == len || id[name.len] == '-');
}

/* Beside a known text: a name that is not known, a gate, a line that may be a term. */
static void judge_card(struct judgement *j)
{
    const struct licence_reading *reading = j->reading;
    const struct card_claim *card = &reading->card;
    struct span name = claim_of(reading), line = card->terms;
    struct licence_rule *r;
    /* Of the very bytes of a known file nothing is new. */
    if (!reading->match.kind || reading->match.kind == MATCH_EXACT) return;
    if (card->gate_text.len && !reading->gate_is_text) line = card->gate_text;
    if (line.len) {
        r = rule_add(j, RULE_CARD_TERMS, LICENCE_ASK,
                     "the front matter says something that may be a term beside %s",
                     licence_reading_id(reading));
        rule_quote_span(j, r, line);
        rule_next(r, "have the line read by somebody who may decide");
    }
    if (!name.len || reading->claimed || is_no_name(name) || names_match(name, reading)) return;
    r = rule_add(j, RULE_CLAIMS_CONFLICT, LICENCE_ASK, "the file is %s and names another licence",
                 licence_reading_id(reading));
    quote_claim(j, r);
    rule_next(r, "ask the vendor which one holds for the weights, and record the decision");
}

static void judge_companion(struct judgement *j)
{
    struct licence_rule *r =
        rule_add(j, RULE_COMPANION, LICENCE_ASK,
                 "%s is a policy or notice beside %s: it grants nothing itself", j->facts->name,
                 j->facts->belongs_to ? j->facts->belongs_to : "a licence");
    rule_next(r, "judge it together with the LICENSE file of the same revision");
    if (j->facts->not_in) judge_not_in(j, j->facts->not_in, false);
    if (j->facts->not_multimodal_in) judge_not_in(j, j->facts->not_multimodal_in, true);
}

static void judge_terms_unknown(struct judgement *j)
{
    struct licence_rule *r = rule_add(j, RULE_TERMS_UNKNOWN, LICENCE_ASK,
                                      "%s is a known text, but what it grants is not in the table",
                                      j->reading->match.id);
    rule_next(r, "have it read by somebody who may decide, and record the decision");
}

void rules_sort(struct licence_verdict *v)
{
    for (int i = 1; i < v->count; i++)
        for (int k = i; k > 0 && v->rules[k].answer > v->rules[k - 1].answer; k--) {
            struct licence_rule swap = v->rules[k];
            v->rules[k] = v->rules[k - 1];
            v->rules[k - 1] = swap;
        }
}

/* What no sentence says by itself is quoted by the claim, or by the first line of the text. */
static void quote_anything(struct judgement *j, struct licence_rule *r)
{
    struct span text = j->reading->card.body;
    size_t begin = 0, end;
    if (j->reading->from_claim) quote_claim(j, r);
    if (r->quote[0]) return;
    while (begin < text.len && strchr(" \t\r\n#*=->", text.data[begin]))
        begin++;
    end = begin;
    while (end < text.len && end - begin < TITLE_BYTES && text.data[end] != '\n')
        end++;
    while (end > begin && end < text.len && (text.data[end] & 0xC0) == 0x80)
        end--;
    if (j->reading->encoding != LICENCE_UTF16LE && j->reading->encoding != LICENCE_UTF16BE)
        rule_quote_span(j, r, (struct span){ text.data + begin, end - begin });
}

void licence_judge(struct licence_verdict *ret, const struct licence_reading *r,
                   const struct licence_use *use)
{
    struct judgement j = { .out = ret, .reading = r, .facts = r->facts, .use = use };
    memset(ret, 0, sizeof *ret);
    if (r->unreadable[0]) {
        struct licence_rule *rule = rule_add(&j, RULE_UNREADABLE, LICENCE_ASK, "%s", r->unreadable);
        rule_next(rule, "get the licence as a text from the vendor");
        return;
    }
    bool known = r->match.kind >= MATCH_NORMALISED;
    if (r->match.kind == MATCH_NEAR) judge_near(&j);
    if (r->match.kind == MATCH_NONE) judge_no_text(&j);
    if (!r->facts && r->match.kind) judge_terms_unknown(&j);
    if (r->facts && r->facts->companion) judge_companion(&j);
    else if (r->facts) judge_facts(&j);
    judge_also(&j);
    judge_clauses(&j, known && r->facts ? (size_t)(r->card.body.data - r->text.data) : r->text.len);
    judge_parents(&j);
    judge_own_conflict(&j);
    judge_card(&j);
    for (int i = 0; i < ret->count; i++)
        if (!ret->rules[i].quote[0]) quote_anything(&j, &ret->rules[i]);
    rules_sort(ret);
}

void licence_judge_facts(struct licence_verdict *ret, const struct licence_facts *f,
                         const struct licence_use *use)
{
    struct judgement j = { .out = ret, .facts = f, .use = use };
    memset(ret, 0, sizeof *ret);
    judge_facts(&j);
    rules_sort(ret);
}

static void take_rules(struct licence_verdict *into, const struct licence_verdict *from)
{
    if (from->answer > into->answer) into->answer = from->answer;
    for (int i = 0; i < from->count; i++) {
        struct licence_rule *same = NULL;
        for (int k = 0; k < into->count && !same; k++)
            if (into->rules[k].id == from->rules[i].id) same = &into->rules[k];
        if (same && same->answer >= from->rules[i].answer) continue;
        if (!same && into->count < LICENCE_RULES_MAX) same = &into->rules[into->count++];
        if (!same) continue;
        *same = from->rules[i];
        same->begin = same->end = 0; /* they count in one text of several */
    }
}

/* A claim in a card is covered by a text beside it that says the same. */
static bool is_covered(struct licence_reading *const *readings, int count, int i)
{
    const char *id = licence_reading_id(readings[i]);
    bool mere = readings[i]->from_claim || (readings[i]->facts && readings[i]->facts->companion);
    if (!mere || !id) return false;
    const char *wanted =
        readings[i]->facts && readings[i]->facts->companion ? readings[i]->facts->belongs_to : id;
    for (int k = 0; k < count; k++)
        if (k != i && readings[k]->match.kind >= MATCH_NORMALISED && wanted &&
            agree(wanted, readings[k]->match.id))
            return true;
    return false;
}

/* Stems of words that speak of terms, in the languages that cards are written in. */
static bool speaks_of_terms(struct span text)
{
    static const char *const stems[] = {
        "licen", "lizen",  "copyright",  "commerc",  "kommerz", "comerc",
        "permi", "prohib", "forbid",     "restrict", "terms",   "agreement",
        "许可",  "授权",   "協議",       "协议",     "商用",    "商业",
        "商業",  "禁止",   "ライセンス", "라이선스", "лиценз",
    };
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        size_t len = strlen(stems[i]);
        for (size_t at = 0; at + len <= text.len; at++)
            if (strncasecmp(text.data + at, stems[i], len) == 0) return true;
    }
    return false;
}

/* A card that claims no licence, names none and holds no terms says nothing beside a known text. */
static bool is_silent(struct licence_reading *const *readings, const char *const *names, int count,
                      int i)
{
    const struct licence_reading *r = readings[i];
    if (strcasecmp(names[i], "README.md") != 0 || r->unreadable[0] || r->card.id.len ||
        r->card.name.len || r->card.link.len || r->card.gate_text.len || r->mention_count ||
        r->clauses.count || r->match.kind != MATCH_NONE || r->encoding != LICENCE_UTF8 ||
        speaks_of_terms(r->text))
        return false;
    for (int k = 0; k < count; k++)
        if (readings[k]->match.kind >= MATCH_NORMALISED &&
            !(readings[k]->facts && readings[k]->facts->companion))
            return true;
    return false;
}

static void drop_rule(struct licence_verdict *v, enum licence_rule_id id)
{
    int kept = 0;
    v->answer = LICENCE_ALLOW;
    for (int i = 0; i < v->count; i++) {
        if (v->rules[i].id == id) continue;
        if (v->rules[i].answer > v->answer) v->answer = v->rules[i].answer;
        if (kept != i) v->rules[kept] = v->rules[i];
        kept++;
    }
    v->count = kept;
}

static void judge_conflicts(struct judgement *j, struct licence_reading *const *readings,
                            const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        for (int k = i + 1; k < count; k++) {
            const char *a = licence_reading_id(readings[i]), *b = licence_reading_id(readings[k]);
            bool companion = (readings[i]->facts && readings[i]->facts->companion) ||
                             (readings[k]->facts && readings[k]->facts->companion);
            if (!a || !b || companion || agree(a, b)) continue;
            struct licence_rule *r =
                rule_add(j, RULE_CLAIMS_CONFLICT, LICENCE_ASK, "%s says %s and %s says %s",
                         names[i], a, names[k], b);
            rule_next(r, "ask the vendor which one holds for the weights, and record the decision");
            return;
        }
}

void licence_judge_all(struct licence_verdict *ret, struct licence_reading *const *readings,
                       const char *const *names, int count, const struct licence_use *use)
{
    struct judgement j = { .out = ret, .use = use };
    struct licence_verdict one;
    memset(ret, 0, sizeof *ret);
    for (int i = 0; i < count; i++) {
        licence_judge(&one, readings[i], use);
        if (is_covered(readings, count, i)) {
            drop_rule(&one, RULE_CLAIM_WITHOUT_TEXT);
            drop_rule(&one, RULE_COMPANION);
        }
        if (is_silent(readings, names, count, i)) drop_rule(&one, RULE_UNKNOWN);
        take_rules(ret, &one);
    }
    if (!count) {
        struct licence_rule *r = rule_add(&j, RULE_UNKNOWN, LICENCE_ASK,
                                          "the model has no licence file and claims none");
        rule_next(r, "ask the vendor for a licence, and record the answer");
    }
    judge_conflicts(&j, readings, names, count);
    rules_sort(ret);
}
