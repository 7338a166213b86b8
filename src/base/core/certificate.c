/* X.509 over OpenSSL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "base/core/crypto_inner.h"
#include "base/core/mem.h"

#define AUTH_LEVEL 2 /* 112 bits: SSL_CTX_set_security_level(3) lists what that leaves */

struct certificates {
    STACK_OF(X509) * stack;
};

static enum status no_memory(struct error *err)
{
    ERR_clear_error();
    return error_set(err, STATUS_NO_MEMORY, "no memory for certificates");
}

enum status certificates_new(struct certificates **ret, struct error *err)
{
    struct certificates *list = mem_zero(sizeof *list);
    if (list) list->stack = sk_X509_new_null();
    if (!list || !list->stack) {
        mem_free(list);
        return no_memory(err);
    }
    *ret = list;
    return STATUS_OK;
}

void certificates_free(struct certificates *list)
{
    if (!list) return;
    sk_X509_pop_free(list->stack, X509_free);
    mem_free(list);
}

/* Takes `x` over in every case. */
static enum status add(struct certificates *list, X509 *x, const char *what, struct error *err)
{
    if (sk_X509_num(list->stack) >= CERTIFICATES_MAX) {
        X509_free(x);
        return error_set(err, STATUS_LIMIT, "%s: at most %d certificates", what, CERTIFICATES_MAX);
    }
    if (sk_X509_push(list->stack, x)) return STATUS_OK;
    X509_free(x);
    return no_memory(err);
}

enum status certificates_add_pem(struct certificates *list, struct span pem, const char *what,
                                 struct error *err)
{
    enum status st = STATUS_OK;
    int found = 0;
    if (pem.len > CERTIFICATES_MAX * CERTIFICATE_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "%s is too large for certificates", what);
    BIO *bio = BIO_new_mem_buf(pem.len ? pem.data : "", (int)pem.len);
    if (!bio) return no_memory(err);
    for (X509 *x; !st && (x = PEM_read_bio_X509(bio, NULL, NULL, "")); found++)
        st = add(list, x, what, err);
    BIO_free(bio);
    unsigned long code = ERR_peek_last_error();
    bool ended = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (st) return st;
    if (!found || !ended)
        return error_set(err, STATUS_BAD_INPUT, "%s: %s", what,
                         found ? "a certificate in it is damaged" : "no certificate (PEM) in it");
    return STATUS_OK;
}

enum status certificates_add_der(struct certificates *list, struct span der, const char *what,
                                 struct error *err)
{
    const unsigned char *at = (const unsigned char *)der.data;
    if (der.len > CERTIFICATE_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "%s: a certificate has at most %zu bytes", what,
                         CERTIFICATE_BYTES_MAX);
    X509 *x = der.len ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    ERR_clear_error();
    if (!x || at != (const unsigned char *)der.data + der.len) {
        X509_free(x);
        return error_set(err, STATUS_BAD_INPUT, "%s: a certificate in it is damaged", what);
    }
    return add(list, x, what, err);
}

size_t certificates_count(const struct certificates *list)
{
    return (size_t)sk_X509_num(list->stack);
}

enum status certificate_write(struct buf *out, const struct certificates *list, size_t i,
                              struct error *err)
{
    unsigned char *der = NULL;
    int len = i2d_X509(sk_X509_value(list->stack, (int)i), &der);
    if (len <= 0) return no_memory(err);
    buf_append(out, der, (size_t)len);
    OPENSSL_free(der);
    return buf_check(out, "a certificate", err);
}

enum status certificate_key(struct ecdsa_key **ret, const struct certificates *list, size_t i,
                            struct error *err)
{
    EVP_PKEY *key = X509_get_pubkey(sk_X509_value(list->stack, (int)i));
    ERR_clear_error();
    if (!key) return error_set(err, STATUS_BAD_INPUT, "the certificate's key is not understood");
    return ecdsa_key_wrap(ret, key, false, "the certificate", err);
}

void certificate_subject(char out[CERTIFICATE_NAME_BYTES], const struct certificates *list,
                         size_t i)
{
    char *data = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    const X509_NAME *name = X509_get_subject_name(sk_X509_value(list->stack, (int)i));
    unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    long len = 0;
    if (bio && X509_NAME_print_ex(bio, name, 0, flags) >= 0) len = BIO_get_mem_data(bio, &data);
    snprintf(out, CERTIFICATE_NAME_BYTES, "%.*s", len > 0 ? (int)len : 0, data ? data : "");
    BIO_free(bio);
    ERR_clear_error();
}

/* A key for signatures, or for code: OMS 1.0 section 4.1. */
static bool may_sign(X509 *x)
{
    uint32_t flags = X509_get_extension_flags(x);
    if (flags & EXFLAG_INVALID) return false;
    if (flags & EXFLAG_KUSAGE && X509_get_key_usage(x) & KU_DIGITAL_SIGNATURE) return true;
    return flags & EXFLAG_XKUSAGE && X509_get_extended_key_usage(x) & XKU_CODE_SIGN;
}

static bool fill_store(X509_STORE *store, const struct certificates *anchors)
{
    for (int i = 0; i < sk_X509_num(anchors->stack); i++)
        if (X509_STORE_add_cert(store, sk_X509_value(anchors->stack, i)) != 1) return false;
    return true;
}

static enum status refused(X509_STORE_CTX *ctx, const char *subject, struct error *err)
{
    int code = X509_STORE_CTX_get_error(ctx);
    bool leaf = X509_STORE_CTX_get_error_depth(ctx) == 0;
    return error_set(err, STATUS_FAILED, "the certificate of %s is not trusted: %s%s", subject,
                     X509_verify_cert_error_string(code),
                     leaf ? "" : " (of a certificate above it)");
}

enum status certificate_verify(const struct certificates *chain, const struct certificates *anchors,
                               int64_t at_s, struct error *err)
{
    char subject[CERTIFICATE_NAME_BYTES];
    if (certificates_count(chain) == 0 || certificates_count(anchors) == 0)
        return error_set(err, STATUS_FAILED, "there is no certificate to trust");
    X509 *leaf = sk_X509_value(chain->stack, 0);
    certificate_subject(subject, chain, 0);
    if (!may_sign(leaf))
        return error_set(err, STATUS_FAILED, "the certificate of %s is not for signing", subject);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    enum status st = STATUS_OK;
    if (!store || !ctx || !fill_store(store, anchors) ||
        X509_STORE_CTX_init(ctx, store, leaf, chain->stack) != 1) {
        st = no_memory(err);
    } else {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        X509_VERIFY_PARAM_set_time(param, (time_t)at_s);
        X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
        X509_VERIFY_PARAM_set_depth(param, CERTIFICATES_MAX);
        if (X509_verify_cert(ctx) != 1) st = refused(ctx, subject, err);
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    ERR_clear_error();
    return st;
}
