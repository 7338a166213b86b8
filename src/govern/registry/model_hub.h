/* Models from a server with the API of the Hugging Face hub.
 * SPDX-License-Identifier: Apache-2.0
 *
 * GET /api/models/OWNER/NAME/revision/REV?blobs=true names the commit, and the files with their sizes and, of large
 * ones, their SHA-256; GET /OWNER/NAME/resolve/COMMIT/FILE is a file. What the server says is from outside: names
 * must be such as a model's files may have, and digests are checked when the files are added. */
#ifndef GOVERN_REGISTRY_MODEL_HUB_H
#define GOVERN_REGISTRY_MODEL_HUB_H

#include "govern/registry/remote.h"

#define MODEL_HUB_WORD_BYTES        REMOTE_REVISION_BYTES
#define MODEL_HUB_LISTING_BYTES_MAX ((size_t)64 << 20)

struct model_hub_address {
    char owner[MODEL_HUB_WORD_BYTES], name[MODEL_HUB_WORD_BYTES];
    char file[REGISTRY_NAME_BYTES_MAX + 1]; /* one GGUF of many; empty: all files */
    char revision[MODEL_HUB_WORD_BYTES];    /* "main" unless said */
};

/* "hf:owner/name[/file.gguf][@revision]" */
enum status model_hub_address_parse(struct model_hub_address *ret, const char *text,
                                    struct error *err);
/* The server's answer about the model at the address. Pure: no network. */
enum status model_hub_listing_parse(struct remote_listing *ret, const struct model_hub_address *a,
                                    struct span answer, struct error *err);
/* Leaves what is to be fetched: of a repository of GGUFs the file that the address names with the other parts of a
 * split one (STATUS_USAGE lists them where none is named and there are several), and no pickles.
 * *ret_left_out: how many files are not fetched. */
enum status model_hub_listing_choose(struct remote_listing *l, const struct model_hub_address *a,
                                     size_t *ret_left_out, struct error *err);

enum status model_hub_list(const struct http_target *target, const struct model_hub_address *a,
                           const struct progress *progress, struct remote_listing *ret,
                           struct error *err);

#endif
