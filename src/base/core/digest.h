/* SHA-256 (FIPS 180-4) and HMAC-SHA-256 (FIPS 198-1), over OpenSSL's EVP.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CORE_DIGEST_H
#define BASE_CORE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/status.h"

#define SHA256_BYTES     32
#define SHA256_HEX_BYTES 65 /* with the terminator */

/* To be called first in a program: the library behind this reads no settings from files, which an environment variable
 * may name, and which may name code to be loaded in the place of what is here. */
void digest_no_settings(void);

struct sha256; /* running state */

enum status sha256_new(struct sha256 **ret, struct error *err);
enum status sha256_update(struct sha256 *s, const void *bytes, size_t len, struct error *err);
enum status sha256_final(struct sha256 *s, uint8_t ret[SHA256_BYTES], struct error *err);
void sha256_free(struct sha256 *s);

enum status sha256_of(const void *bytes, size_t len, uint8_t ret[SHA256_BYTES], struct error *err);
/* HMAC with a key of any length. */
enum status hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                        uint8_t ret[SHA256_BYTES], struct error *err);
void sha256_hex(const uint8_t digest[SHA256_BYTES], char ret[SHA256_HEX_BYTES]);
/* 64 lower case hexadecimal digits, and nothing else. */
bool sha256_from_hex(const char *hex, size_t len, uint8_t ret[SHA256_BYTES]);

#endif
