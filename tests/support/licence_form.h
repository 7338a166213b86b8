/* A licence text in another form: wrapped, as HTML, in another encoding.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_LICENCE_FORM_H
#define TESTS_SUPPORT_LICENCE_FORM_H

#include <stdbool.h>

#include "base/core/buf.h"
#include "base/core/span.h"

/* Appends `text` (UTF-8) in the form `name` with its operand; false where there is no such form. */
bool licence_form(struct buf *out, struct span text, const char *name, const char *operand);

#endif
