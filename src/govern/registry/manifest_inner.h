/* What the files of the manifest share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_REGISTRY_MANIFEST_INNER_H
#define GOVERN_REGISTRY_MANIFEST_INNER_H

#include "govern/registry/manifest.h"

#define MANIFEST_SELF "." /* the one file that a model is, in bundles of the Python library */

struct manifest {
    char *name;
    char **names; /* owned; files[].name points to these until it is sorted away from them */
    struct manifest_file *files;
    size_t count, capacity;
    char **ignored;
    size_t ignored_count;
    bool is_file; /* what manifest_read() read was a file, not a folder */
};

#endif
