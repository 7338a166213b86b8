/* A folder for one test, removed with all that is in it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SCRATCH_H
#define TESTS_SUPPORT_SCRATCH_H

#include <stddef.h>

#define SCRATCH_PATH_BYTES 4096

/* Makes a new folder below TMPDIR or /tmp; fails the test when that is not possible. */
void scratch_make(char ret[SCRATCH_PATH_BYTES]);
void scratch_remove(const char *path); /* a folder or file, with everything below */
/* "folder/name", in a static ring of buffers. */
const char *scratch_path(const char *folder, const char *name);
/* Writes a file; folders on the way are made. */
void scratch_write(const char *folder, const char *name, const void *bytes, size_t len);
/* Copies a tree of folders and files. */
void scratch_copy(const char *from, const char *to);

#endif
