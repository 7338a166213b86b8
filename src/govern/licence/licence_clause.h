/* Terms found in a text by the words that licences use for them, English and Chinese.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A clause found is a reason to be careful and a place to quote; a clause not found proves nothing. So
 * clauses only ever tighten a verdict. Amounts are the nearest to the words that say what is counted. */
#ifndef GOVERN_LICENCE_LICENCE_CLAUSE_H
#define GOVERN_LICENCE_LICENCE_CLAUSE_H

#include "govern/licence/licence_words.h"

enum clause_kind {
    CLAUSE_USERS_MONTH,   /* amount */
    CLAUSE_USERS_DAY,     /* amount */
    CLAUSE_REVENUE_YEAR,  /* amount, in the currency of the text */
    CLAUSE_REVENUE_MONTH, /* amount */
    CLAUSE_REGISTER,      /* commercial users register or ask */
    CLAUSE_NO_COMMERCE,
    CLAUSE_NOT_IN,            /* territory */
    CLAUSE_NOT_MULTIMODAL_IN, /* territory */
    CLAUSE_NO_TRAINING,       /* outputs may not improve other models */
    CLAUSE_DISTILLED,         /* a model made with outputs is a derivative */
    CLAUSE_DISPLAY,
    CLAUSE_NAME,
    CLAUSE_NOTICE,
    CLAUSE_NO_CLOUD,
    CLAUSE_NO_PERSONS,
    CLAUSE_MILITARY,
    CLAUSE_REVOCABLE,
    CLAUSE_MAY_CHANGE,
    CLAUSE_REMOTE,
    CLAUSE_LITIGATION,
    CLAUSE_INDEMNITY,
    CLAUSE_NO_SHARING, /* may not be passed on or sublicensed */
    CLAUSE_COPY,       /* copies of the licence or of notices go along */
    CLAUSE_LAW,
    CLAUSE_KINDS
};

#define CLAUSES_OF_KIND_MAX 8 /* so that many of one kind hide none of another */
#define CLAUSES_MAX         (CLAUSES_OF_KIND_MAX * CLAUSE_KINDS)
#define CLAUSE_CODES_BYTES  48
#define CLAUSE_WORDS_MAX    400 /* a longer sentence is looked at in parts */

struct licence_clause {
    enum clause_kind kind;
    uint32_t begin, end;            /* bytes of the sentence in the text */
    int64_t amount;                 /* -1: none, or none was understood */
    bool display_beyond;            /* above the amount the name must be shown; else rights end */
    char codes[CLAUSE_CODES_BYTES]; /* "EU GB"; "" */
};

struct licence_clauses {
    struct licence_clause items[CLAUSES_MAX];
    int count;
};

/* Never fails; what is past CLAUSES_OF_KIND_MAX is dropped, which is why no verdict rests on absence. */
void licence_clauses_find(struct licence_clauses *ret, const struct licence_words *w);
const struct licence_clause *licence_clause_first(const struct licence_clauses *c,
                                                  enum clause_kind kind);
const char *clause_kind_name(enum clause_kind kind);

/* The amount written at word `i` ("100 million", "20m", "1,000,000", 100万): its words, 0 for none. */
uint32_t licence_amount_at(const struct licence_words *w, uint32_t i, uint32_t end, int64_t *ret);

#endif
