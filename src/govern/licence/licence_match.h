/* Which known licence a text is, and in which words it differs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * First by digest; then the nearest texts by pairs of words; then word by word in order. The nearest text
 * only says what to compare with: what is left over after the comparison decides. Hunyuan's licences of
 * 2024 and 2025 agree in 98 pairs of 100 and exclude different countries. */
#ifndef GOVERN_LICENCE_LICENCE_MATCH_H
#define GOVERN_LICENCE_LICENCE_MATCH_H

#include "govern/licence/licence_print.h"

enum match_kind {
    MATCH_NONE,       /* no known text, not even nearly */
    MATCH_NEAR,       /* a known text with other words: `differences` */
    MATCH_NORMALISED, /* the words of a known text; formatting, copyright line, title may differ */
    MATCH_EXACT       /* the very bytes */
};

#define MATCH_DIFFERENCES_MAX 4096
#define MATCH_ALSO_MAX        3

struct match_difference {
    uint32_t begin, end; /* bytes in the text that are not in the known one; empty: only missing */
    uint32_t words;      /* how many they are */
    uint32_t missing;    /* words of the known text that are missing here */
    bool name;           /* of another holder, in the copyright line */
    bool harmless;       /* copyright line, title, number of a paragraph */
};

struct licence_match {
    enum match_kind kind;
    char id[64];                          /* of the known text; "" with MATCH_NONE */
    uint32_t flags;                       /* PRINT_* */
    double same;                          /* share of words that agree, 0..1 */
    double contained;                     /* share of the known text that is found here, 0..1 */
    struct match_difference *differences; /* [count]; NULL unless compared word by word */
    uint32_t count;
    /* Further texts that what is left over is or nearly is, as where two licences stand in one file. */
    char also[MATCH_ALSO_MAX][64];
};

/* `words`: of the text without its front matter. `text`: the whole file, for its digest. */
enum status licence_match(struct licence_match *ret, const struct licence_prints *prints,
                          struct span text, const struct licence_words *words, struct error *err);
void licence_match_release(struct licence_match *m);
const char *licence_match_name(enum match_kind kind); /* "exact" ... */

#endif
