/* Where tests find data made by others, and how they say that it is missing.
 * SPDX-License-Identifier: Apache-2.0
 *
 * HEARTH_SHARED names the folder; by default it stands beside the source tree. A test that
 * needs a file from there calls FIXTURE() first: it is then skipped with a message, not failed. */
#ifndef TESTS_SUPPORT_FIXTURE_H
#define TESTS_SUPPORT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/core/buf.h"

/* Path of shared/<relative> in a static ring of buffers, or NULL when nothing is there. */
const char *fixture_shared(const char *relative);
/* Path of <source tree>/<relative>, existing or not. */
const char *fixture_source(const char *relative);
/* Whole file; fails the test when it cannot be read. Release with buf_release. */
struct buf fixture_read(const char *path);
void fixture_skip(const char *file, int line, const char *why);

/* const char *path = FIXTURE("golden/quants/Q4_K.bin"); skips the test when absent. */
#define FIXTURE(relative)                                \
    (fixture_shared(relative) ? fixture_shared(relative) \
                              : (fixture_skip(__FILE__, __LINE__, relative), (const char *)NULL))

#endif
