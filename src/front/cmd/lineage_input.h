/* One side of a comparison: a model's files by path or by its name in the store, and what they declare.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_LINEAGE_INPUT_H
#define FRONT_CMD_LINEAGE_INPUT_H

#include "front/cmd/options.h"
#include "govern/lineage/lineage.h"

struct lineage_input {
    int *descriptors; /* [descriptor_count] of a stored model's files, which its source reads */
    size_t descriptor_count;
    struct file_set *files; /* until the source has taken them */
    struct source *source;  /* NULL until lineage_input_source() */
    struct lineage_claims *claims;
};

/* Opens the files and reads the claims. What lies there under this name comes first; else it is a model of the
 * store. Release in every case. */
enum status lineage_input_open(struct lineage_input *ret, const char *name, const struct args *args,
                               struct error *err);
/* Opens the weights, too. */
enum status lineage_input_source(struct lineage_input *in, struct error *err);
void lineage_input_release(struct lineage_input *in);

#endif
