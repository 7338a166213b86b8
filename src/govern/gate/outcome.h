/* What licences and files of a pinned model say, kept: they are not read again before each load.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It depends on three things: the model's digest, the declared use, and the program that judges, which is known by the
 * identity of its file. The outcome is kept in registry.db with a seal (govern/registry), so nobody who writes there
 * can make one up. Approvals are no part of it, and neither are the bytes: files are opened and compared each time. */
#ifndef GOVERN_GATE_OUTCOME_H
#define GOVERN_GATE_OUTCOME_H

#include "govern/gate/subject.h"

/* *ret: findings of licences and files, and the licence, were added to the verdict as they were kept. */
enum status outcome_find(struct gate_verdict *v, const struct subject *s, struct gate *g, bool *ret,
                         struct error *err);
/* Keeps the findings from number `first` on. Failing to is no error but for a lack of memory. */
enum status outcome_keep(const struct gate_verdict *v, int first, const struct subject *s,
                         struct gate *g, struct error *err);

#endif
