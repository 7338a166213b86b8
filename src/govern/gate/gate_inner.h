/* The gate's own struct, and the pen that writes findings; for this room only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_GATE_GATE_INNER_H
#define GOVERN_GATE_GATE_INNER_H

#include <pthread.h>

#include "govern/audit/audit.h"
#include "govern/gate/gate.h"
#include "govern/licence/licence_print.h"
#include "govern/registry/lock_file.h"

struct gate {
    pthread_mutex_t mutex;
    struct gate_policy policy;
    struct registry *registry; /* borrowed; NULL */
    struct audit *audit;       /* borrowed; NULL */
    char audit_folder[AUDIT_PATH_BYTES];
    struct log log;
    struct licence_prints prints;
};

/* Adds a finding; past GATE_FINDINGS_MAX the last one becomes a denial that says so. Its reason is formatted. */
struct gate_finding *finding_add(struct gate_verdict *v, enum gate_rule rule, const char *id,
                                 enum licence_answer answer, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* A rule of the gate's own, denied. */
struct gate_finding *finding_deny(struct gate_verdict *v, enum gate_rule rule, const char *format,
                                  ...) __attribute__((format(printf, 3, 4)));
void finding_next(struct gate_finding *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct subject;
/* Licences and scan, then approvals; opens the files on the way (judge.c). */
enum status judge_subject(struct gate_verdict *v, struct subject *s, struct gate *g,
                          struct error *err);
/* Marks what approvals of the pin cover; adds findings about those that do not count (approval.c). */
enum status approvals_apply(struct gate_verdict *v, const struct json *pin, struct gate *g,
                            struct error *err);
/* Both without the mutex. */
enum status judge_model(struct gate_verdict **ret, struct subject *s, struct gate *g,
                        const char *model, struct error *err);
/* A member that is null where the text is "". */
void gate_put_text(struct json_writer *w, const char *key, const char *text);
/* An entry of the audit log about a verdict: load, refusal or judgement. */
enum status gate_log_verdict(struct gate *g, enum audit_kind kind, const struct gate_verdict *v,
                             struct error *err);

#endif
