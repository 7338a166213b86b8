/* X.509 certificates (RFC 5280): lists of them, and whether one chains up to an anchor; over OpenSSL.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Revocation is not asked about: that would need the network. Anchors are the ones that the caller gives;
 * the system's own are never taken. Chains of RSA below 2048 bits or with SHA-1 are refused. */
#ifndef BASE_CORE_CERTIFICATE_H
#define BASE_CORE_CERTIFICATE_H

#include <stdint.h>

#include "base/core/ecdsa.h"

#define CERTIFICATES_MAX       32
#define CERTIFICATE_BYTES_MAX  ((size_t)64 << 10)
#define CERTIFICATE_NAME_BYTES 256

struct certificates; /* a list, in order */

/* An empty list. */
enum status certificates_new(struct certificates **ret, struct error *err);
void certificates_free(struct certificates *list); /* NULL is fine */
/* All that stand in a PEM text; at least one. `what` names it in messages. */
enum status certificates_add_pem(struct certificates *list, struct span pem, const char *what,
                                 struct error *err);
enum status certificates_add_der(struct certificates *list, struct span der, const char *what,
                                 struct error *err);
size_t certificates_count(const struct certificates *list);
/* Appends the DER of certificate i. */
enum status certificate_write(struct buf *out, const struct certificates *list, size_t i,
                              struct error *err);
/* The key of certificate i; the caller owns it. */
enum status certificate_key(struct ecdsa_key **ret, const struct certificates *list, size_t i,
                            struct error *err);
/* Its subject, as RFC 2253 writes it; cut when it does not fit. */
void certificate_subject(char out[CERTIFICATE_NAME_BYTES], const struct certificates *list,
                         size_t i);

/* Whether chain[0] may sign, was valid at `at_s` (Unix time), and chains up to one of `anchors` through
 * the rest of `chain`. A refusal is STATUS_FAILED with the reason. */
enum status certificate_verify(const struct certificates *chain, const struct certificates *anchors,
                               int64_t at_s, struct error *err);

#endif
