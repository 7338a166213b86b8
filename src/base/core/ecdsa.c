/* ECDSA over OpenSSL's EVP.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/ecdsa.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/core/crypto_inner.h"
#include "base/core/mem.h"

struct ecdsa_key {
    EVP_PKEY *pkey;
    enum ecdsa_curve curve;
    bool is_private;
};

static const struct {
    const char *name;
    const char *group; /* as OpenSSL calls it */
} curves[ECDSA_CURVES] = {
    [ECDSA_P256] = { "P-256", "prime256v1" },
    [ECDSA_P384] = { "P-384", "secp384r1" },
    [ECDSA_P521] = { "P-521", "secp521r1" },
};

const char *ecdsa_curve_name(enum ecdsa_curve curve)
{
    return curves[curve].name;
}

static const EVP_MD *digest_of(const struct ecdsa_key *key, enum ecdsa_digest digest)
{
    if (digest == ECDSA_DIGEST_SHA256 || key->curve == ECDSA_P256) return EVP_sha256();
    return key->curve == ECDSA_P384 ? EVP_sha384() : EVP_sha512();
}

static enum status library_failed(struct error *err)
{
    ERR_clear_error();
    return error_set(err, STATUS_FAILED, "the cryptographic library refused ECDSA");
}

enum status ecdsa_key_wrap(struct ecdsa_key **ret, EVP_PKEY *pkey, bool is_private,
                           const char *what, struct error *err)
{
    char group[64] = "";
    size_t len = 0;
    int found = -1;
    if (EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, &len) == 1)
        for (int i = 0; i < ECDSA_CURVES; i++)
            if (strcmp(group, curves[i].group) == 0) found = i;
    if (found < 0) {
        const char *type = EVP_PKEY_get0_type_name(pkey);
        enum status st =
            error_set(err, STATUS_UNSUPPORTED,
                      "%s holds a key of kind %s%s%s; it must be ECDSA on P-256, P-384 or P-521",
                      what, type ? type : "unknown", *group ? " on " : "", group);
        EVP_PKEY_free(pkey);
        return st;
    }
    struct ecdsa_key *key = mem_zero(sizeof *key);
    if (!key) {
        EVP_PKEY_free(pkey);
        return error_set(err, STATUS_NO_MEMORY, "no memory for a key");
    }
    *key = (struct ecdsa_key){ pkey, (enum ecdsa_curve)found, is_private };
    *ret = key;
    return STATUS_OK;
}

enum status ecdsa_key_make(struct ecdsa_key **ret, enum ecdsa_curve curve, struct error *err)
{
    EVP_PKEY *pkey = EVP_EC_gen(curves[curve].group);
    if (!pkey) return library_failed(err);
    return ecdsa_key_wrap(ret, pkey, true, "the new key", err);
}

/* Never asks anybody for a passphrase. */
static int no_passphrase(char *out, int size, int writing, void *ctx)
{
    (void)out, (void)size, (void)writing;
    *(bool *)ctx = true;
    return -1;
}

static BIO *open_text(struct span text, const char *what, struct error *err, enum status *ret)
{
    *ret = STATUS_OK;
    if (text.len > ECDSA_PEM_BYTES_MAX) {
        *ret = error_set(err, STATUS_LIMIT, "%s is too large for a key: %zu bytes, at most %zu",
                         what, text.len, ECDSA_PEM_BYTES_MAX);
        return NULL;
    }
    BIO *bio = BIO_new_mem_buf(text.len ? text.data : "", (int)text.len);
    if (!bio) *ret = error_set(err, STATUS_NO_MEMORY, "no memory for a key");
    return bio;
}

enum status ecdsa_private_read(struct ecdsa_key **ret, struct span pem, const char *what,
                               struct error *err)
{
    enum status st;
    bool encrypted = false;
    BIO *bio = open_text(pem, what, err, &st);
    if (!bio) return st;
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &encrypted);
    BIO_free(bio);
    ERR_clear_error();
    if (pkey) return ecdsa_key_wrap(ret, pkey, true, what, err);
    if (encrypted)
        return error_set(err, STATUS_UNSUPPORTED,
                         "%s is encrypted; take it out first: openssl pkey -in %s -out KEY", what,
                         what);
    return error_set(err, STATUS_BAD_INPUT, "%s holds no private key (PEM)", what);
}

enum status ecdsa_public_read(struct ecdsa_key **ret, struct span text, const char *what,
                              struct error *err)
{
    enum status st;
    bool asked = false;
    BIO *bio = open_text(text, what, err, &st);
    if (!bio) return st;
    EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, &asked);
    BIO_free(bio);
    if (!pkey && text.len) {
        const unsigned char *at = (const unsigned char *)text.data;
        pkey = d2i_PUBKEY(NULL, &at, (long)text.len);
    }
    ERR_clear_error();
    if (pkey) return ecdsa_key_wrap(ret, pkey, false, what, err);
    return error_set(err, STATUS_BAD_INPUT, "%s holds no public key (PEM or DER)", what);
}

void ecdsa_key_free(struct ecdsa_key *key)
{
    if (!key) return;
    EVP_PKEY_free(key->pkey);
    mem_free(key);
}

enum ecdsa_curve ecdsa_key_curve(const struct ecdsa_key *key)
{
    return key->curve;
}

bool ecdsa_same_public(const struct ecdsa_key *a, const struct ecdsa_key *b)
{
    bool same = EVP_PKEY_eq(a->pkey, b->pkey) == 1;
    ERR_clear_error();
    return same;
}

static enum status write_pem(struct buf *out, const struct ecdsa_key *key, bool is_private,
                             struct error *err)
{
    char *data = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    bool good = bio && (is_private ? PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0,
                                                                   NULL, NULL)
                                   : PEM_write_bio_PUBKEY(bio, key->pkey)) == 1;
    long len = good ? BIO_get_mem_data(bio, &data) : 0;
    if (good && len > 0) buf_append(out, data, (size_t)len);
    BIO_free(bio);
    return good && len > 0 ? buf_check(out, "a key", err) : library_failed(err);
}

enum status ecdsa_public_write(struct buf *out, const struct ecdsa_key *key, struct error *err)
{
    return write_pem(out, key, false, err);
}

enum status ecdsa_private_write(struct buf *out, const struct ecdsa_key *key, struct error *err)
{
    if (!key->is_private)
        return error_set(err, STATUS_USAGE, "this key has no private part to write");
    return write_pem(out, key, true, err);
}

enum status ecdsa_sign(struct buf *out, const struct ecdsa_key *key, struct span bytes,
                       struct error *err)
{
    unsigned char signature[ECDSA_SIGNATURE_BYTES_MAX];
    size_t len = sizeof signature;
    if (!key->is_private)
        return error_set(err, STATUS_USAGE, "a public key cannot sign; give the private one");
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const EVP_MD *digest = digest_of(key, ECDSA_DIGEST_OF_CURVE);
    bool good =
        ctx && EVP_DigestSignInit(ctx, NULL, digest, NULL, key->pkey) == 1 &&
        EVP_DigestSign(ctx, signature, &len, (const unsigned char *)bytes.data, bytes.len) == 1;
    EVP_MD_CTX_free(ctx);
    if (!good) return library_failed(err);
    buf_append(out, signature, len);
    return buf_check(out, "a signature", err);
}

bool ecdsa_verify(const struct ecdsa_key *key, enum ecdsa_digest digest, struct span bytes,
                  struct span signature)
{
    if (signature.len == 0 || signature.len > ECDSA_SIGNATURE_BYTES_MAX) return false;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx &&
                EVP_DigestVerifyInit(ctx, NULL, digest_of(key, digest), NULL, key->pkey) == 1 &&
                EVP_DigestVerify(ctx, (const unsigned char *)signature.data, signature.len,
                                 (const unsigned char *)bytes.data, bytes.len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return good;
}
