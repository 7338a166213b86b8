/* Models from a registry of the OCI distribution specification (1.1), as container images have.
 * SPDX-License-Identifier: Apache-2.0
 *
 * GET /v2/NAME/manifests/REF is a manifest, or an index of manifests of which one must be meant; GET
 * /v2/NAME/blobs/DIGEST is what a manifest names. A layer becomes a file of the model by what is written beside it
 * (org.cncf.model.filepath of CNCF's ModelPack, org.opencontainers.image.title as ORAS writes it) or by its media type
 * (Ollama's and Docker Model Runner's). Layers that are tar archives are unpacked (tar.h); compressed ones are refused.
 * The manifest's digest is computed and compared, and everything it names has a digest and is hashed. */
#ifndef GOVERN_REGISTRY_MODEL_OCI_H
#define GOVERN_REGISTRY_MODEL_OCI_H

#include "govern/registry/remote.h"

#define MODEL_OCI_NAME_BYTES 256
#define MODEL_OCI_TAG_BYTES  129
#define MODEL_OCI_MANIFEST_BYTES_MAX \
    ((size_t)4 << 20) /* as the specification asks registries to take */
#define MODEL_OCI_LAYERS_MAX      4096
#define MODEL_OCI_INDEXES_MAX     2 /* an index may name an index, which names a manifest */
#define MODEL_OCI_TOKEN_BYTES_MAX ((size_t)16 << 10)

struct model_oci_address {
    char origin[HTTP_ORIGIN_BYTES]; /* http:// for this machine, https:// for all others */
    char name[MODEL_OCI_NAME_BYTES];
    char tag[MODEL_OCI_TAG_BYTES]; /* "latest" unless said */
    bool has_digest;
    uint8_t digest[SHA256_BYTES]; /* counts before the tag */
    char alias[REGISTRY_ALIAS_MAX + 1];
};
/* "oci:host[:port]/name[:tag][@sha256:digest]"; the host has a dot, a port, or is localhost. Pure. */
enum status model_oci_address_parse(struct model_oci_address *ret, const char *text,
                                    struct error *err);

/* What a registry asks for before it answers: "Bearer realm=..., service=..., scope=...". */
struct model_oci_challenge {
    char origin[HTTP_ORIGIN_BYTES]; /* of the realm */
    char path[4096];                /* of it, with service and scope as a query */
};
/* Pure. STATUS_UNSUPPORTED for other kinds of challenges. */
enum status model_oci_challenge_parse(struct model_oci_challenge *ret, const char *text,
                                      struct error *err);

enum model_oci_kind { MODEL_OCI_MANIFEST, MODEL_OCI_INDEX };
/* Reads a manifest or index whose digest is known: of a manifest *ret is its files (to be released), of an index
 * ret_digest the one manifest that is meant; STATUS_USAGE names them where there are several. Pure. */
enum status model_oci_manifest_parse(enum model_oci_kind *ret_kind, struct remote_listing *ret,
                                     uint8_t ret_digest[SHA256_BYTES],
                                     const struct model_oci_address *a, struct span text,
                                     struct error *err);

/* Asks the registry. `target`'s first origin is the registry's; where that wants a token from elsewhere, the
 * target must list that, too, and gets its login. The token that was given is written to `token`, which target->token
 * points to then: both must live as long as the download. *ret_left_out: as of
 * remote_listing_leave_out. */
enum status model_oci_list(struct http_target *target, const struct model_oci_address *a,
                           struct buf *token, const struct progress *progress,
                           struct remote_listing *ret, size_t *ret_left_out, struct error *err);
/* Another token in the place of the one that model_oci_list was given. */
enum status model_oci_renew(struct http_target *target, const struct model_oci_address *a,
                            struct buf *token, const struct progress *progress, struct error *err);

#endif
