/* SHA-256 over OpenSSL's EVP.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/digest.h"

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/core/mem.h"

void digest_no_settings(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

struct sha256 {
    EVP_MD_CTX *evp;
};

static enum status failed(struct error *err)
{
    return error_set(err, STATUS_FAILED, "the cryptographic library refused SHA-256");
}

enum status sha256_new(struct sha256 **ret, struct error *err)
{
    struct sha256 *s = mem_zero(sizeof *s);
    if (s) s->evp = EVP_MD_CTX_new();
    if (!s || !s->evp) {
        mem_free(s);
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a digest");
    }
    if (EVP_DigestInit_ex(s->evp, EVP_sha256(), NULL) != 1) {
        sha256_free(s);
        return failed(err);
    }
    *ret = s;
    return STATUS_OK;
}

enum status sha256_update(struct sha256 *s, const void *bytes, size_t len, struct error *err)
{
    if (len == 0) return STATUS_OK;
    return EVP_DigestUpdate(s->evp, bytes, len) == 1 ? STATUS_OK : failed(err);
}

enum status sha256_final(struct sha256 *s, uint8_t ret[SHA256_BYTES], struct error *err)
{
    return EVP_DigestFinal_ex(s->evp, ret, NULL) == 1 ? STATUS_OK : failed(err);
}

void sha256_free(struct sha256 *s)
{
    if (!s) return;
    EVP_MD_CTX_free(s->evp);
    mem_free(s);
}

enum status sha256_of(const void *bytes, size_t len, uint8_t ret[SHA256_BYTES], struct error *err)
{
    if (EVP_Digest(len ? bytes : "", len, ret, NULL, EVP_sha256(), NULL) != 1) return failed(err);
    return STATUS_OK;
}

enum status hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                        uint8_t ret[SHA256_BYTES], struct error *err)
{
    unsigned out = SHA256_BYTES;
    if (key_len > INT_MAX) return failed(err);
    const uint8_t *text = len ? bytes : (const uint8_t *)"";
    return HMAC(EVP_sha256(), key, (int)key_len, text, len, ret, &out) ? STATUS_OK : failed(err);
}

void sha256_hex(const uint8_t digest[SHA256_BYTES], char ret[SHA256_HEX_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < SHA256_BYTES; i++) {
        ret[2 * i] = hex[digest[i] >> 4];
        ret[2 * i + 1] = hex[digest[i] & 15];
    }
    ret[2 * SHA256_BYTES] = 0;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool sha256_from_hex(const char *hex, size_t len, uint8_t ret[SHA256_BYTES])
{
    uint8_t bytes[SHA256_BYTES];
    if (len != SHA256_HEX_BYTES - 1) return false;
    for (int i = 0; i < SHA256_BYTES; i++) {
        int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(ret, bytes, SHA256_BYTES);
    return true;
}
