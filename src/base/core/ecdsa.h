/* ECDSA over the curves of NIST (FIPS 186-5), with the digest that belongs to each; over OpenSSL.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys come from PEM or DER, signatures are DER (RFC 3279, 2.2.3). No other curve or kind of key is taken:
 * OpenSSF Model Signing 1.0 section 4.2 names these three. Keys are immutable; any thread may use one. */
#ifndef BASE_CORE_ECDSA_H
#define BASE_CORE_ECDSA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/buf.h"
#include "base/core/span.h"
#include "base/core/status.h"

#define ECDSA_SIGNATURE_BYTES_MAX 160 /* DER of P-521: 139 */
#define ECDSA_PEM_BYTES_MAX       ((size_t)64 << 10)

enum ecdsa_curve { ECDSA_P256, ECDSA_P384, ECDSA_P521, ECDSA_CURVES };
/* SHA-256, -384 and -512 belong to the curves; signatures of model_signing 0.2 used SHA-256 with all. */
enum ecdsa_digest { ECDSA_DIGEST_OF_CURVE, ECDSA_DIGEST_SHA256 };

struct ecdsa_key; /* private with its public part, or public alone */

const char *ecdsa_curve_name(enum ecdsa_curve curve); /* "P-256" */

enum status ecdsa_key_make(struct ecdsa_key **ret, enum ecdsa_curve curve, struct error *err);
/* PEM of a private key (PKCS #8 or SEC 1), not encrypted. `what` names the text in messages. */
enum status ecdsa_private_read(struct ecdsa_key **ret, struct span pem, const char *what,
                               struct error *err);
/* PEM or DER of a SubjectPublicKeyInfo. */
enum status ecdsa_public_read(struct ecdsa_key **ret, struct span text, const char *what,
                              struct error *err);
void ecdsa_key_free(struct ecdsa_key *key); /* NULL is fine */

enum ecdsa_curve ecdsa_key_curve(const struct ecdsa_key *key);
bool ecdsa_same_public(const struct ecdsa_key *a, const struct ecdsa_key *b);
/* Appends the PEM. */
enum status ecdsa_public_write(struct buf *out, const struct ecdsa_key *key, struct error *err);
/* Appends PKCS #8, not encrypted: whoever keeps it sees to it that nobody else reads it. */
enum status ecdsa_private_write(struct buf *out, const struct ecdsa_key *key, struct error *err);

/* Appends the signature. STATUS_USAGE for a key without its private part. */
enum status ecdsa_sign(struct buf *out, const struct ecdsa_key *key, struct span bytes,
                       struct error *err);
/* False for a wrong signature and for memory that is short. */
bool ecdsa_verify(const struct ecdsa_key *key, enum ecdsa_digest digest, struct span bytes,
                  struct span signature);

#endif
