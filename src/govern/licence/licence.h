/* Licences: what a text is, what it grants, and whether that covers a declared use.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A licence belongs to a file of a revision, never to a family of models. So every file that says
 * something about a licence is read by itself and kept as a claim of its own: LICENSE, NOTICE, policies,
 * model cards, the keys of a GGUF file. This room recognises texts (licence_match.h), finds terms in what
 * it does not know (licence_clause.h), holds a table of facts (licence_facts.h) and judges:
 *
 *   - unknown, contradictory or nearly known texts are never allowed, they are asked about;
 *   - a nearly known text is judged by the strictest of what the known one says and what is found in it;
 *   - what the declared use leaves open is asked about where it matters;
 *   - duties that Hearth carries out (copies, notices) come with an allowed verdict; duties that a person
 *     must carry out (a name on a page, a registration) are asked about until somebody answers for them.
 *
 * It is no lawyer, downloads nothing, opens no file and keeps no state. Texts are borrowed and must
 * outlive a reading. Any thread may call; a reading has one owner. */
#ifndef GOVERN_LICENCE_LICENCE_H
#define GOVERN_LICENCE_LICENCE_H

#include "base/core/json_write.h"
#include "govern/licence/licence_claim_read.h"
#include "govern/licence/licence_clause.h"
#include "govern/licence/licence_facts.h"
#include "govern/licence/licence_match.h"
#include "govern/licence/licence_use.h"

enum licence_answer { LICENCE_ALLOW, LICENCE_ASK, LICENCE_DENY }; /* ascending strictness */
const char *licence_answer_name(enum licence_answer a);           /* "allow" ... */

enum licence_rule_id {
#define RULE(symbol, name, words) RULE_##symbol,
#include "govern/licence/licence_rule_list.h"
#undef RULE
    RULE_COUNT
};
const char *licence_rule_name(enum licence_rule_id id);

#define LICENCE_RULES_MAX    64
#define LICENCE_REASON_BYTES 768
#define LICENCE_NEXT_BYTES   400
#define LICENCE_QUOTE_BYTES  640
#define LICENCE_SPAN_BYTES   2048 /* of a quoted span in JSON */

struct licence_rule {
    enum licence_rule_id id;
    enum licence_answer answer;
    char reason[LICENCE_REASON_BYTES]; /* UTF-8, one line */
    char quote
        [LICENCE_QUOTE_BYTES]; /* of the text, white space joined; "" where nothing is quoted */
    char next[LICENCE_REASON_BYTES]; /* what to do; "" where nothing is */
    uint32_t begin, end;             /* the quote's bytes in the text; both 0: not from the text */
};

struct licence_verdict {
    enum licence_answer answer; /* the strictest of the rules; allow without any */
    struct licence_rule rules[LICENCE_RULES_MAX]; /* the strictest first */
    int count;
};

/* One file, read. */
struct licence_reading {
    struct span text; /* borrowed: the whole file */
    enum licence_encoding encoding;
    struct card_claim card; /* what its front matter claims; spans of `text` */
    const char *claimed;    /* the claim's identifier; NULL: none that says anything */
    struct licence_mention
        mentions[CLAIM_MENTIONS_MAX]; /* of a card's body, where no text is known */
    int mention_count;
    struct licence_match match; /* of the body, or of a card's gate text */
    struct licence_clauses clauses;
    const struct licence_facts *facts; /* of the match, else of the claim; NULL: none known */
    /* Of card.parents, from their names (licence_family.h); a caller who knows better sets them. NULL:
     * unknown. */
    const struct licence_facts *parents[CLAIM_PARENTS_MAX];
    bool from_claim;                   /* the facts are those of a mere claim */
    bool gate_is_text;                 /* `match` is of the card's gate text */
    char unreadable[ERROR_TEXT_BYTES]; /* why the bytes are no text; "" */
};

/* Reads one file. Bytes that are no text are a reading that says so, not a failure. licence_reading_free()
 * takes NULL. */
enum status licence_read(struct licence_reading **ret, const struct licence_prints *prints,
                         struct span text, struct error *err);
void licence_reading_free(struct licence_reading *r);
/* Its identifier: SPDX's, or one of licence_fact_list.h; NULL. */
const char *licence_reading_id(const struct licence_reading *r);

void licence_judge(struct licence_verdict *ret, const struct licence_reading *r,
                   const struct licence_use *use);

/* A row of the table by itself, for a model of which only the identifier is known. `quote` borrowed. */
void licence_judge_facts(struct licence_verdict *ret, const struct licence_facts *f,
                         const struct licence_use *use);

/* All claims about one model: the strictest verdict of each, and RULE_CLAIMS_CONFLICT where two name
 * different licences. `names` are file names; quotes have no positions. Companions and mere claims do not replace a text. */
void licence_judge_all(struct licence_verdict *ret, struct licence_reading *const *readings,
                       const char *const *names, int count, const struct licence_use *use);

/* The text that holds for the weights ("model", "code") or the code ("code", "model"): one whose file is named for
 * `what`, else a plain LICENSE that is not named for `other`, else the card (README.md); NULL. */
const struct licence_reading *licence_pick(struct licence_reading *const *readings,
                                           const char *const *names, int count, const char *what,
                                           const char *other);

/* {"file","licence","match","facts","verdict","rules":[{"id","reason","quote","next"}]} as one object.
 * `name` NULL leaves "file" out; `r` NULL is a model without any text. A quote is a span of the text as it stands there, in UTF-8. */
void licence_write(struct json_writer *w, const char *name, const struct licence_reading *r,
                   const struct licence_verdict *v);
/* `r` NULL: quotes as the rules have them. */
void licence_rules_write(struct json_writer *w, const struct licence_reading *r,
                         const struct licence_verdict *v);

/* The text's bytes [begin, end) as UTF-8: on one line and cut with "..." where it is long, or as they
 * stand there and cut before a word. What would not be seen is shown as "?". */
void licence_quote(char *ret, size_t ret_bytes, const struct licence_reading *r, uint32_t begin,
                   uint32_t end);
void licence_quote_span(char *ret, size_t ret_bytes, const struct licence_reading *r,
                        uint32_t begin, uint32_t end);

#endif
