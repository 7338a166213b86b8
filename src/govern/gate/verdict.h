/* What the gate says of a model: findings, approvals, and whether it may run.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A finding is allowed, asked about or denied. What is asked about may run when an approval covers it; what is
 * denied may not, unless an approval names its rule. Faults of pins and bytes are covered by nothing. */
#ifndef GOVERN_GATE_VERDICT_H
#define GOVERN_GATE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/digest.h"
#include "base/core/json_write.h"
#include "govern/licence/licence.h"

#define GATE_FINDINGS_MAX  128
#define GATE_APPROVALS_MAX 64
#define GATE_ID_BYTES      64
#define GATE_NAME_BYTES    256
#define GATE_QUOTE_BYTES   640
#define GATE_REASON_BYTES  768
#define GATE_LICENCE_BYTES 96

enum gate_mode { GATE_ENFORCE, GATE_AUDIT };
const char *gate_mode_name(enum gate_mode m); /* "enforce" ... */

enum gate_rule {
#define GATE_RULE(symbol, name, words) GATE_RULE_##symbol,
#include "govern/gate/gate_rule_list.h"
#undef GATE_RULE
    GATE_RULE_COUNT
};
const char *gate_rule_name(enum gate_rule r);

struct gate_finding {
    enum gate_rule rule;
    enum licence_answer answer;
    char id[GATE_ID_BYTES];     /* "gate.unlocked", "licence.monthly-users", "scan.pickle-import" */
    char file[GATE_NAME_BYTES]; /* "" where it is not about one file */
    char reason[GATE_REASON_BYTES];
    char quote[GATE_QUOTE_BYTES]; /* "" */
    char next[GATE_REASON_BYTES]; /* "" */
    bool approved;                /* an approval covers it */
};

/* As the lock has it, and whether it holds. */
struct gate_approval {
    char by[GATE_NAME_BYTES], reason[GATE_REASON_BYTES];
    int64_t at_ms, until_ms; /* unix time */
    uint64_t entry;          /* of the audit log */
    int rule_count;
    bool counts; /* logged as it stands here, not ended, for these very bytes */
};

enum gate_origin {
    GATE_UNPINNED,
    GATE_PINNED, /* in the store and in the lock */
    GATE_BUILTIN /* the model in the box, whose digests this program knows */
};
const char *gate_origin_name(enum gate_origin o);

struct gate_verdict {
    bool allowed; /* every finding is allowed or approved */
    enum gate_mode mode;
    enum gate_origin origin;
    char model[4096];                 /* as it was asked for */
    char alias[GATE_NAME_BYTES];      /* "" without a pin */
    uint8_t digest[SHA256_BYTES];     /* of the pin, or zero */
    char licence[GATE_LICENCE_BYTES]; /* identifier; "" where none is known */
    enum licence_answer licence_answer;
    int64_t valid_until_ms; /* when the first approval that counts ends; 0: no approval is needed */
    uint64_t bytes, hashed_bytes; /* of all files; of those that were hashed now */
    double seconds;               /* that all this took */
    struct gate_finding findings[GATE_FINDINGS_MAX]; /* the strictest first */
    int count, open;                                 /* all; those that stand in the way */
    struct gate_approval approvals[GATE_APPROVALS_MAX];
    int approval_count;
};

/* The strictest finding that stands in the way; NULL when the verdict is allowed. */
const struct gate_finding *gate_verdict_first(const struct gate_verdict *v);
/* "enforce" and "allowed" and all the rest as one object:
 * {"model","alias","origin","digest","mode","allowed","licence","licence_verdict","valid_until_ms","bytes",
 *  "hashed_bytes","findings":[{"id","rule","answer","approved","file","reason","quote","next"}],
 *  "approvals":[{"by","reason","at_ms","until_ms","entry","counts"}]}. */
void gate_verdict_write(struct json_writer *w, const struct gate_verdict *v);

#endif
