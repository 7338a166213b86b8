/* Models from a server with the API of the Hugging Face hub.
 * SPDX-License-Identifier: Apache-2.0
 *
 * GET /api/models/OWNER/NAME/revision/REV?blobs=true names the commit, and the files with their sizes and, of large
 * ones, their SHA-256; GET /OWNER/NAME/resolve/COMMIT/FILE is a file. What the server says is from outside: names
 * must be such as a model's files may have, and digests are checked when the files are added. Files are downloaded
 * into a folder of their own by parallel ranges; stopped or killed, the next try asks for what is missing. */
#ifndef GOVERN_REGISTRY_MODEL_HUB_H
#define GOVERN_REGISTRY_MODEL_HUB_H

#include "base/net/http_client.h"
#include "govern/registry/registry.h"

#define MODEL_HUB_WORD_BYTES        256
#define MODEL_HUB_LISTING_BYTES_MAX ((size_t)64 << 20)
#define MODEL_HUB_PIECE_BYTES       ((uint64_t)16 << 20)
#define MODEL_HUB_STREAMS           4
#define MODEL_HUB_SIDECAR           ".hearth-pieces" /* behind the name of a file that is not whole */

struct model_hub_address {
    char owner[MODEL_HUB_WORD_BYTES], name[MODEL_HUB_WORD_BYTES];
    char file[REGISTRY_NAME_BYTES_MAX + 1]; /* one GGUF of many; empty: all files */
    char revision[MODEL_HUB_WORD_BYTES];    /* "main" unless said */
};

struct model_hub_file {
    const char *name;
    uint64_t bytes;
    bool has_sha256;
    uint8_t sha256[SHA256_BYTES];
};
struct model_hub_listing {
    struct arena arena;
    char commit[MODEL_HUB_WORD_BYTES];
    struct model_hub_file *files; /* [count], in the server's order */
    size_t count;
    uint64_t bytes;
};

/* "hf:owner/name[/file.gguf][@revision]" */
enum status model_hub_address_parse(struct model_hub_address *ret, const char *text,
                                    struct error *err);
/* The server's answer. Pure: no network. */
enum status model_hub_listing_parse(struct model_hub_listing *ret, struct span answer,
                                    struct error *err);
/* Leaves what is to be fetched: of a repository of GGUFs the file that the address names with the other parts of a
 * split one (STATUS_USAGE lists them where none is named and there are several), and no pickles.
 * *ret_left_out: how many files are not fetched. */
enum status model_hub_listing_choose(struct model_hub_listing *l, const struct model_hub_address *a,
                                     size_t *ret_left_out, struct error *err);
void model_hub_listing_release(struct model_hub_listing *l);

enum status model_hub_list(const struct http_target *target, const struct model_hub_address *a,
                           struct model_hub_listing *ret, struct error *err);
/* Downloads into `folder`, which is made; files that are there with their size and without a sidecar are whole. */
enum status model_hub_fetch(const struct http_target *target, const struct model_hub_address *a,
                            const struct model_hub_listing *l, const char *folder,
                            const struct progress *progress, struct error *err);

#endif
