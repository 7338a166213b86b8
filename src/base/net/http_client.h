/* Asking servers that the operator wrote down: a body, or a file in parallel pieces. Over libcurl.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is asked but the origins of a target ("https://host" with its port): a redirect to any other is refused
 * and named. No proxy, no cookies, no netrc, no environment. Certificates are checked. Token and login go to the
 * first origin only. Words of failures name addresses without their queries, which may hold secrets. Calls block;
 * any thread may call. */
#ifndef BASE_NET_HTTP_CLIENT_H
#define BASE_NET_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/log.h"
#include "base/core/status.h"

#define HTTP_ORIGINS_MAX   8
#define HTTP_ORIGIN_BYTES  512
#define HTTP_REDIRECTS_MAX 5
#define HTTP_STREAMS_MAX   16

struct http_target {
    char origins[HTTP_ORIGINS_MAX][HTTP_ORIGIN_BYTES]; /* "https://hub.example:443", normalised */
    size_t origin_count;
    const char *token; /* a bearer token; NULL: none; borrowed */
    const char
        *login; /* "user:password", for Basic, where there is no token; NULL: none; borrowed */
    const char *ca_file; /* PEM: whose certificates count; NULL: the system's; borrowed */
};

/* Origins with commas between, each http:// or https:// with a host and perhaps a port. */
enum status http_target_parse(struct http_target *ret, const char *text, const char *token,
                              struct error *err);

/* `path` begins with '/' and is asked of the first origin. Appends the body to `out` (up to its ceiling).
 * STATUS_NOT_FOUND for 404; other answers than 200 are failures with the status in their words. */
enum status http_client_get(const struct http_target *target, const char *path, struct buf *out,
                            struct error *err);

#define HTTP_VALIDATOR_BYTES 256
#define HTTP_LOOK_BYTES      16

/* A question whose answer has more than a body. */
struct http_question {
    const char *path;
    const char *accept; /* NULL: anything */
    /* Only the first HTTP_LOOK_BYTES of a file: a range is asked for, and what a server without ranges sends
     * behind it is not waited for. Unlike HEAD it works where an address is signed for GET, and shows what is there. */
    bool look;
    bool challenges;                 /* 401 is an answer, too */
    const struct progress *progress; /* NULL, or can cancel */
};
struct http_answer {
    long code; /* 200, or 401 */
    bool has_bytes;
    uint64_t bytes; /* of a look: of the whole file */
    /* What the file has to have for it to be the same one: a strong ETag with its quotes, or a date of change that
     * lies before the answer's; empty where there is neither. */
    char validator[HTTP_VALIDATOR_BYTES];
    char type[128];       /* Content-Type without parameters, in lower case; empty: none */
    char digest[160];     /* Docker-Content-Digest; empty: none */
    char challenge[4096]; /* WWW-Authenticate, the Bearer one of several; empty: none */
};
/* Appends the body to `body` (up to its ceiling). Fails as http_client_get does. */
enum status http_client_ask(const struct http_target *target, const struct http_question *question,
                            struct http_answer *ret, struct buf *body, struct error *err);

struct http_download {
    const char *path;
    const char
        *validator; /* of an answer: pieces of another file are refused; NULL or empty: none */
    int fd;         /* open for writing */
    uint64_t bytes; /* of the file, known before */
    uint64_t piece_bytes;
    bool *have; /* [http_pieces()]: true for what need not be asked; set as pieces are complete */
    void (*got)(void *ctx, size_t piece); /* NULL, or told of each */
    void *ctx;
    int streams;                     /* at once, 1 to HTTP_STREAMS_MAX */
    const struct progress *progress; /* bytes of this file; can cancel */
    const char *stage;
    uint64_t done_before, total; /* what progress counts besides this file */
    bool unauthorized;           /* set where it failed for a 401: tokens end */
};
size_t http_pieces(uint64_t bytes, uint64_t piece_bytes);
/* Every piece that is missing, as a range request. A server that cannot do ranges may serve a file of one piece;
 * STATUS_UNSUPPORTED where there are more. */
enum status http_client_download(const struct http_target *target, struct http_download *d,
                                 struct error *err);

#endif
