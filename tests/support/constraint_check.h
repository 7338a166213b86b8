/* Feeding texts to constraints in tests: by bytes and by tokens, which have to agree.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CONSTRAINT_CHECK_H
#define TESTS_SUPPORT_CONSTRAINT_CHECK_H

#include "lm/sample/constraint.h"

struct constraint_check {
    struct tokenizer *tokenizer;
    struct vocab_trie *vocab;
    int32_t end;
};
/* From a folder with a tokenizer; fails the test when it can not be read. */
void constraint_check_open(struct constraint_check *k, const char *folder);
void constraint_check_close(struct constraint_check *k);

/* Compiles the spec; fails the test with the message when it is refused. */
struct constraint *constraint_check_compile(const struct constraint_check *k,
                                            const struct json *spec, const char *name);
/* Whether the text is accepted as a whole. Every token on the way has to be in the mask exactly when
 * it is accepted, and the bytes have to give the same verdict: else the test fails. */
bool constraint_check_text(const struct constraint_check *k, struct constraint *c, const char *text,
                           size_t len, const char *name);

#endif
