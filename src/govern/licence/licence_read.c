/* Reading one file: its claim, its text, its terms.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "govern/licence/licence.h"
#include "govern/licence/licence_card_terms.h"
#include "govern/licence/licence_family.h"
#include "govern/licence/licence_letters.h"

/* A card may keep the licence in its front matter, behind a question before the download. */
static enum status read_gate_text(struct licence_reading *r, const struct licence_prints *prints,
                                  struct error *err)
{
    struct licence_words w = { 0 };
    struct licence_match m = { 0 };
    if (r->match.kind || r->card.gate_text.len < 200) return STATUS_OK;
    enum status st = licence_words_read(&w, r->card.gate_text, err);
    if (!st) st = licence_match(&m, prints, r->card.gate_text, &w, err);
    if (!st && m.kind > MATCH_NONE) {
        /* Positions count from the file's start. */
        uint32_t shift = (uint32_t)(r->card.gate_text.data - r->text.data);
        for (uint32_t i = 0; i < m.count; i++) {
            m.differences[i].begin += shift;
            m.differences[i].end += shift;
        }
        if (m.kind == MATCH_EXACT) m.kind = MATCH_NORMALISED;
        r->match = m;
        r->gate_is_text = true;
    } else {
        licence_match_release(&m);
    }
    licence_words_release(&w);
    return st;
}

static void shift_match(struct licence_reading *r, uint32_t by)
{
    for (uint32_t i = 0; i < r->match.count; i++) {
        r->match.differences[i].begin += by;
        r->match.differences[i].end += by;
    }
}

static enum status read_words(struct licence_reading *r, const struct licence_prints *prints,
                              struct error *err)
{
    struct licence_words body = { 0 }, all = { 0 };
    struct error why;
    /* UTF-16 has its mark at the very start, so such a file is read whole. */
    enum status st = licence_words_read(&all, r->text, &why);
    if (st == STATUS_BAD_INPUT || st == STATUS_LIMIT) {
        snprintf(r->unreadable, sizeof r->unreadable, "%s", why.text);
        return STATUS_OK;
    }
    if (st) return error_set(err, st, "%s", why.text);
    r->encoding = all.encoding;
    licence_clauses_find(&r->clauses, &all);
    bool has_front = r->card.front.data;
    uint32_t shift = has_front ? (uint32_t)(r->card.body.data - r->text.data) : 0;
    if (has_front) st = licence_words_read(&body, r->card.body, err);
    if (!st) st = licence_match(&r->match, prints, r->text, has_front ? &body : &all, err);
    shift_match(r, shift);
    if (!st) st = read_gate_text(r, prints, err);
    licence_words_release(&body);
    licence_words_release(&all);
    return st;
}

/* "license: other" with a name beside it claims the name. */
static void read_claim(struct licence_reading *r)
{
    if (r->card.id.data) r->claimed = licence_id_of(r->card.id);
    if (!r->claimed && r->card.name.data) r->claimed = licence_id_of(r->card.name);
}

static void settle_facts(struct licence_reading *r)
{
    if (r->match.kind) {
        r->facts = licence_facts_of(r->match.id);
        if (!r->facts) r->facts = licence_facts_of_family(r->match.id);
        if (!r->facts && r->match.flags & PRINT_OSI) r->facts = licence_facts_osi();
        /* What a changed text names besides may hold as well. */
        if (r->match.kind == MATCH_NEAR)
            r->mention_count = card_mentions(r->card.body, r->mentions);
        return;
    }
    r->mention_count = r->unreadable[0] ? 0 : card_mentions(r->card.body, r->mentions);
    const char *named = r->claimed ? r->claimed : r->mention_count ? r->mentions[0].id : NULL;
    if (!named) return;
    r->facts = licence_facts_of(named);
    r->from_claim = true;
}

enum status licence_read(struct licence_reading **ret, const struct licence_prints *prints,
                         struct span text, struct error *err)
{
    struct licence_reading *r = mem_zero(sizeof *r);
    if (!r) return error_set(err, STATUS_NO_MEMORY, "no memory to read a licence");
    if (!text.data) text = (struct span){ "", 0 };
    r->text = text;
    /* A text past the limit is not looked at: read_words() says so. */
    card_claim_read(&r->card,
                    text.len > LICENCE_TEXT_BYTES_MAX ? (struct span){ text.data, 0 } : text);
    enum status st = card_terms(&r->card.terms, r->card.front, err);
    if (!st) st = read_words(r, prints, err);
    if (st) {
        licence_reading_free(r);
        return st;
    }
    read_claim(r);
    settle_facts(r);
    for (int i = 0; i < r->card.parent_count; i++)
        r->parents[i] = licence_of_model_name(r->card.parents[i]);
    *ret = r;
    return STATUS_OK;
}

void licence_reading_free(struct licence_reading *r)
{
    if (!r) return;
    licence_match_release(&r->match);
    mem_free(r);
}

const char *licence_reading_id(const struct licence_reading *r)
{
    if (r->match.kind) return r->match.id;
    if (r->claimed) return r->claimed;
    return r->mention_count ? r->mentions[0].id : NULL;
}

void licence_quote(char *ret, size_t ret_bytes, const struct licence_reading *r, uint32_t begin,
                   uint32_t end)
{
    size_t len = 0;
    bool gap = false;
    if (end > r->text.len) end = (uint32_t)r->text.len;
    for (uint32_t at = begin; at < end;) {
        uint32_t bytes, c = licence_letter(r->encoding, r->text, at, &bytes);
        char out[4];
        at += bytes;
        if (c <= ' ' || c == 0xA0 || c == 0x3000) {
            gap = len > 0;
            continue;
        }
        /* What would not be seen, or would move what is, is shown. */
        if ((c >= 0x7F && c < 0xA0) || !licence_fold(c)) c = '?';
        int n = utf8_encode(c, out);
        if (n == 0) continue;
        if (len + (size_t)n + 6 > ret_bytes) {
            memcpy(ret + len, "...", 3);
            len += 3;
            break;
        }
        if (gap) ret[len++] = ' ';
        gap = false;
        memcpy(ret + len, out, (size_t)n);
        len += (size_t)n;
    }
    ret[len] = 0;
}

void licence_quote_span(char *ret, size_t ret_bytes, const struct licence_reading *r,
                        uint32_t begin, uint32_t end)
{
    size_t len = 0, last_gap = 0;
    if (end > r->text.len) end = (uint32_t)r->text.len;
    for (uint32_t at = begin; at < end;) {
        uint32_t bytes, c = licence_letter(r->encoding, r->text, at, &bytes);
        char out[4];
        at += bytes;
        int n = utf8_encode(c, out);
        if (len + (size_t)n + 1 > ret_bytes) {
            len = last_gap ? last_gap : len;
            break;
        }
        if (c == ' ' || c == '\n') last_gap = len;
        memcpy(ret + len, out, (size_t)n);
        len += (size_t)n;
    }
    ret[len] = 0;
}
