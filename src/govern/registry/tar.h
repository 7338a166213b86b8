/* Reading tar archives (POSIX ustar and pax, GNU long names): regular files and folders, and nothing else.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Archives come from outside. Links, devices, pipes, sparse files, whiteouts of container images, names that would
 * leave the folder or that another system could not hold, and sizes past the archive's end are refused. */
#ifndef GOVERN_REGISTRY_TAR_H
#define GOVERN_REGISTRY_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/core/span.h"
#include "base/core/status.h"

struct tar_file {
    const char *name; /* valid during the call */
    uint64_t begin;   /* of its bytes in the archive */
    uint64_t bytes;
};
typedef enum status tar_file_fn(void *ctx, const struct tar_file *file, struct error *err);

/* Calls for each regular file, in order; another status than OK ends the walk. `name` is that of the archive, for
 * messages. */
enum status tar_walk(struct span archive, const char *name, tar_file_fn *each, void *ctx,
                     struct error *err);

#endif
