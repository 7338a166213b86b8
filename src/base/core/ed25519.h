/* Ed25519 signatures (RFC 8032), over OpenSSL's EVP.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CORE_ED25519_H
#define BASE_CORE_ED25519_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/status.h"

#define ED25519_SEED_BYTES      32 /* the private key */
#define ED25519_PUBLIC_BYTES    32
#define ED25519_SIGNATURE_BYTES 64

enum status ed25519_public(const uint8_t seed[ED25519_SEED_BYTES],
                           uint8_t ret[ED25519_PUBLIC_BYTES], struct error *err);
enum status ed25519_sign(const uint8_t seed[ED25519_SEED_BYTES], const void *bytes, size_t len,
                         uint8_t ret[ED25519_SIGNATURE_BYTES], struct error *err);
/* False for a wrong signature, a key that is none, and memory that is short. */
bool ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_BYTES], const void *bytes, size_t len,
                    const uint8_t signature[ED25519_SIGNATURE_BYTES]);

#endif
