/* Models from a plain web server.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two kinds of addresses: a GGUF (of a split one any part, all are fetched), and a SHA256SUMS file as coreutils'
 * sha256sum writes it: the files that it lists, with their digests, lie where it lies. So any folder can be given
 * out by any web server: `sha256sum * > SHA256SUMS`. Sizes, and what tells one state of a file from another, come
 * from a look at each file's first bytes. */
#ifndef GOVERN_REGISTRY_MODEL_URL_H
#define GOVERN_REGISTRY_MODEL_URL_H

#include "govern/registry/remote.h"

#define MODEL_URL_BYTES_MAX      4096
#define MODEL_URL_SUMS_BYTES_MAX ((size_t)16 << 20)

/* "scheme://host:port", and what stands behind it, which begins with '/'. */
struct model_url_parts {
    char origin[HTTP_ORIGIN_BYTES]; /* as written */
    char path[MODEL_URL_BYTES_MAX];
    char query[MODEL_URL_BYTES_MAX]; /* "?a=b", or empty */
    bool https, loopback;
};
/* STATUS_USAGE for what is no http or https URL, for user names in it, and for fragments. Pure. */
enum status model_url_split(struct model_url_parts *ret, const char *text, struct error *err);

struct model_url {
    struct model_url_parts at;
    char name[REGISTRY_NAME_BYTES_MAX + 1]; /* of the file, unescaped */
    char alias[REGISTRY_ALIAS_MAX + 1];     /* may be empty */
    bool is_sums;
    bool has_sha256; /* of the one GGUF */
    uint8_t sha256[SHA256_BYTES];
};
/* `sha256`: hexadecimal, or NULL. Refused with words that say what to give instead: pages of hubs, archives, lone
 * safetensors, pickles, everything else; plain http from elsewhere than this machine, unless the digest is known. */
enum status model_url_parse(struct model_url *ret, const char *text, const char *sha256,
                            struct error *err);
/* The file's text: "<64 hex>  name" or "<64 hex> *name" a line. `self`: its own name, which is no file of the model.
 * Paths and sizes are left open. Pure. */
enum status model_url_sums_parse(struct remote_listing *ret, struct span text, const char *self,
                                 struct error *err);
/* *ret_left_out: as of remote_listing_leave_out. */
enum status model_url_list(const struct http_target *target, const struct model_url *u,
                           const struct progress *progress, struct remote_listing *ret,
                           size_t *ret_left_out, struct error *err);

#endif
