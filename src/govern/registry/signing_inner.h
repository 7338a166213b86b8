/* Words that makers and checkers of bundles share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_REGISTRY_SIGNING_INNER_H
#define GOVERN_REGISTRY_SIGNING_INNER_H

#include "base/core/digest.h"
#include "base/core/ecdsa.h"

#define BUNDLE_MEDIA_TYPE   "application/vnd.dev.sigstore.bundle.v0.3+json"
#define PAYLOAD_TYPE        "application/vnd.in-toto+json"
#define STATEMENT_TYPE      "https://in-toto.io/Statement/v1"
#define PREDICATE_TYPE      "https://model_signing/signature/v1.0"
#define PREDICATE_TYPE_V0_1 "https://model_signing/Digests/v0.1"

/* DSSE's pre-authentication encoding, appended: what is really signed. */
void signing_pae(struct buf *out, struct span payload);
/* Hexadecimal SHA-256 of the key's PEM: the hint by which a key is found. */
enum status signing_key_hint(char ret[SHA256_HEX_BYTES], const struct ecdsa_key *key,
                             struct error *err);

#endif
