/* Ed25519 over OpenSSL's EVP.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/ed25519.h"

#include <openssl/evp.h>

static enum status failed(struct error *err)
{
    return error_set(err, STATUS_FAILED, "the cryptographic library refused Ed25519");
}

enum status ed25519_public(const uint8_t seed[ED25519_SEED_BYTES],
                           uint8_t ret[ED25519_PUBLIC_BYTES], struct error *err)
{
    size_t len = ED25519_PUBLIC_BYTES;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_SEED_BYTES);
    bool good =
        key && EVP_PKEY_get_raw_public_key(key, ret, &len) == 1 && len == ED25519_PUBLIC_BYTES;
    EVP_PKEY_free(key);
    return good ? STATUS_OK : failed(err);
}

enum status ed25519_sign(const uint8_t seed[ED25519_SEED_BYTES], const void *bytes, size_t len,
                         uint8_t ret[ED25519_SIGNATURE_BYTES], struct error *err)
{
    size_t signature_len = ED25519_SIGNATURE_BYTES;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_SEED_BYTES);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(ctx, ret, &signature_len, bytes, len) == 1 &&
                signature_len == ED25519_SIGNATURE_BYTES;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return good ? STATUS_OK : failed(err);
}

bool ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_BYTES], const void *bytes, size_t len,
                    const uint8_t signature[ED25519_SIGNATURE_BYTES])
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, ED25519_PUBLIC_BYTES);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(ctx, signature, ED25519_SIGNATURE_BYTES, bytes, len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return good;
}
