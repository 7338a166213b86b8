/* Licence texts of others and uses, for tests of the desk.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_LICENCE_DESK_H
#define TESTS_SUPPORT_LICENCE_DESK_H

#include "govern/licence/licence.h"

/* Reads bytes; they must outlive the reading. Fails the test where that fails. */
struct licence_reading *desk_read(struct span text);
struct licence_use desk_use(const char *yaml);
/* A use in which everything is declared, harmlessly: a small company in `territory` ("[US]"). */
struct licence_use desk_small_company(const char *territory);
/* The rule of that identifier; NULL. */
const struct licence_rule *desk_rule(const struct licence_verdict *v, const char *id);

#endif
