/* What this process is made of: its program and the libraries that are loaded, by their bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The loader says which libraries there are (dl_iterate_phdr); each is read and hashed where it lies. A version is
 * what the library itself answers; the numbers in the name of its file are those of its interface, and no version:
 * they are kept apart. A library whose file was replaced since it was loaded is hashed as it lies there now. */
#ifndef BASE_CORE_PROGRAM_PARTS_H
#define BASE_CORE_PROGRAM_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/core/digest.h"
#include "base/core/status.h"

#define PROGRAM_PARTS_MAX  256
#define PART_NAME_BYTES    128
#define PART_VERSION_BYTES 64

struct program_part {
    char name[PART_NAME_BYTES];       /* "libjansson"; of the program: the name of its file */
    char file[PART_NAME_BYTES];       /* "libjansson.so.4.14.0" */
    char version[PART_VERSION_BYTES]; /* "2.14"; "" where it does not say */
    uint8_t sha256[SHA256_BYTES];
};

struct program_parts {
    struct program_part program;
    struct program_part *libraries; /* [count], by name */
    size_t count;
};

/* Blocks: reads all their bytes. */
enum status program_parts_read(struct program_parts *ret, struct error *err);
void program_parts_release(struct program_parts *p); /* zeroed is fine */

#endif
