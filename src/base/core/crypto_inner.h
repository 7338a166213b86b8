/* What the files over OpenSSL share; nobody else includes it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CORE_CRYPTO_INNER_H
#define BASE_CORE_CRYPTO_INNER_H

#include <openssl/evp.h>

#include "base/core/ecdsa.h"

/* Takes `key` over in every case; refuses what is not of the three curves. */
enum status ecdsa_key_wrap(struct ecdsa_key **ret, EVP_PKEY *key, bool is_private, const char *what,
                           struct error *err);

#endif
