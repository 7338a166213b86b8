/* What all servers of models have in common: a list of files with sizes, and fetching them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A scheme (model_hub.h, model_url.h, model_oci.h) asks its server what there is and makes a remote_listing of it.
 * Names in it are such as a model's files may have. Files are downloaded into a folder of their own by parallel
 * ranges; stopped or killed, the next try asks for what is missing. Digests are checked when the files are added, those
 * of archives before they are unpacked. */
#ifndef GOVERN_REGISTRY_REMOTE_H
#define GOVERN_REGISTRY_REMOTE_H

#include "base/net/http_client.h"
#include "govern/registry/registry.h"

#define REMOTE_REVISION_BYTES 256
#define REMOTE_PIECE_BYTES    ((uint64_t)16 << 20)
#define REMOTE_FILE_BYTES_MAX ((uint64_t)1 << 44)
#define REMOTE_STREAMS        4
#define REMOTE_SIDECAR        ".hearth-pieces" /* behind the name of a file that is not whole */

struct remote_file {
    const char *name;      /* of an archive: for messages */
    const char *path;      /* on the first origin, escaped, perhaps with a query */
    const char *validator; /* http_answer's; NULL: none */
    uint64_t bytes;
    bool has_sha256;
    uint8_t sha256[SHA256_BYTES];
    bool is_tar; /* what is in it are files of the model; has_sha256 is true */
};

struct remote_listing {
    struct arena arena;
    /* The same one: the same bytes. Empty where nobody says. */
    char revision[REMOTE_REVISION_BYTES];
    struct remote_file *files; /* [count], in the server's order; room for `cap` */
    size_t count, cap;
    uint64_t bytes;
};

enum status remote_listing_init(struct remote_listing *ret, size_t files_max, struct error *err);
void remote_listing_release(struct remote_listing *l);
/* A file more, with a copy of `name` (not NULL), which is checked; path and validator are copied where not NULL.
 * `who` is blamed for a bad name. STATUS_LIMIT past REGISTRY_FILES_MAX. */
enum status remote_listing_add(struct remote_listing *l, const struct remote_file *file,
                               const char *who, struct error *err);
/* STATUS_BAD_INPUT where two files have one name, or one lies in a folder with another's name. */
enum status remote_listing_check(const struct remote_listing *l, const char *who,
                                 struct error *err);
/* Leaves out what is no part of a model: pickles, and what lies in .git and .cache. Returns how many. */
size_t remote_listing_leave_out(struct remote_listing *l);
/* The revision is the digest of the text that lists the files with theirs. */
enum status remote_listing_digest(struct remote_listing *l, struct span text, struct error *err);

/* Appends text with what an address may not hold as %XX; slashes stay. */
void remote_escape(struct buf *out, const char *text);
/* The first word that names the model: what an alias cannot hold becomes '-'. Empty where nothing is left. */
void remote_alias(char ret[REGISTRY_ALIAS_MAX + 1], const char *name, size_t len);

/* Tokens that servers give out end after minutes, downloads after hours. */
struct remote_renewal {
    enum status (*renew)(void *ctx, struct error *err); /* gives the target another one */
    void *ctx;
};

/* Downloads into `folder`, which is made; files that are there with their size and without a sidecar are whole. Of a
 * listing without a revision nothing that is there counts. `renewal`: NULL, or asked where a token is not accepted any more. Archives are unpacked from `folder` with ".tars" behind its
 * name. */
enum status remote_fetch(const struct http_target *target, const struct remote_listing *l,
                         const struct remote_renewal *renewal, const char *folder,
                         const struct progress *progress, struct error *err);
/* Removes both. */
void remote_forget(const char *folder);

#endif
