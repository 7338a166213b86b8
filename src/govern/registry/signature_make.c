/* A manifest to a signed bundle.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/base64.h"
#include "base/core/json_write.h"
#include "govern/registry/model_signing.h"
#include "govern/registry/signing_inner.h"

const char *signature_method_name(enum signature_method m)
{
    return m == SIGNATURE_KEY ? "key" : "certificate";
}

void signing_pae(struct buf *out, struct span payload)
{
    buf_format(out, "DSSEv1 %zu %s %zu ", sizeof PAYLOAD_TYPE - 1, PAYLOAD_TYPE, payload.len);
    buf_append(out, payload.data, payload.len);
}

enum status signing_key_hint(char ret[SHA256_HEX_BYTES], const struct ecdsa_key *key,
                             struct error *err)
{
    struct buf pem = BUF_INIT(ECDSA_PEM_BYTES_MAX);
    uint8_t digest[SHA256_BYTES];
    enum status st = ecdsa_public_write(&pem, key, err);
    if (!st) st = sha256_of(pem.data, pem.len, digest, err);
    if (!st) sha256_hex(digest, ret);
    buf_release(&pem);
    return st;
}

static void put_digest(struct json_writer *w, const char *key, const uint8_t digest[SHA256_BYTES])
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex(digest, hex);
    json_member_text(w, key, hex);
}

static void put_predicate(struct json_writer *w, const struct manifest *m)
{
    json_open_object(w);
    json_key(w, "serialization");
    json_open_object(w);
    json_member_text(w, "method", "files");
    json_member_text(w, "hash_type", "sha256");
    json_key(w, "allow_symlinks");
    json_put_bool(w, false);
    json_key(w, "ignore_paths");
    json_open_array(w);
    for (size_t i = 0; i < manifest_ignored_count(m); i++)
        json_put_string(w, manifest_ignored(m, i));
    json_close_array(w);
    json_close_object(w);
    json_key(w, "resources");
    json_open_array(w);
    for (size_t i = 0; i < manifest_file_count(m); i++) {
        const struct manifest_file *f = manifest_file(m, i);
        json_open_object(w);
        json_member_text(w, "name", f->name);
        json_member_text(w, "algorithm", "sha256");
        put_digest(w, "digest", f->sha256);
        json_close_object(w);
    }
    json_close_array(w);
    json_close_object(w);
}

static enum status put_statement(struct buf *out, const struct manifest *m, struct error *err)
{
    struct json_writer w;
    uint8_t root[SHA256_BYTES];
    enum status st = manifest_root(m, root, err);
    if (st) return st;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_member_text(&w, "_type", STATEMENT_TYPE);
    json_key(&w, "subject");
    json_open_array(&w);
    json_open_object(&w);
    json_member_text(&w, "name", manifest_name(m));
    json_key(&w, "digest");
    json_open_object(&w);
    put_digest(&w, "sha256", root);
    json_close_object(&w);
    json_close_object(&w);
    json_close_array(&w);
    json_member_text(&w, "predicateType", PREDICATE_TYPE);
    json_key(&w, "predicate");
    put_predicate(&w, m);
    json_close_object(&w);
    return buf_check(out, "the statement", err);
}

static enum status put_base64(struct json_writer *w, const char *key, const struct buf *bytes,
                              struct error *err)
{
    struct buf text = BUF_INIT(SIGNATURE_BYTES_MAX);
    base64_encode(&text, bytes->data, bytes->len);
    enum status st = buf_check(&text, key, err);
    if (!st) json_member_text(w, key, text.data ? text.data : "");
    buf_release(&text);
    return st;
}

static enum status put_certificates(struct json_writer *w, const struct certificates *list,
                                    struct error *err)
{
    enum status st = STATUS_OK;
    json_key(w, "x509CertificateChain");
    json_open_object(w);
    json_key(w, "certificates");
    json_open_array(w);
    for (size_t i = 0; i < certificates_count(list) && !st; i++) {
        struct buf der = BUF_INIT(CERTIFICATE_BYTES_MAX);
        st = certificate_write(&der, list, i, err);
        if (st) break;
        json_open_object(w);
        st = put_base64(w, "rawBytes", &der, err);
        json_close_object(w);
        buf_release(&der);
    }
    json_close_array(w);
    json_close_object(w);
    return st;
}

static enum status put_material(struct json_writer *w, const struct signer *by, struct error *err)
{
    char hint[SHA256_HEX_BYTES];
    enum status st = STATUS_OK;
    json_key(w, "verificationMaterial");
    json_open_object(w);
    if (by->certificates) {
        st = put_certificates(w, by->certificates, err);
    } else if (!(st = signing_key_hint(hint, by->key, err))) {
        json_key(w, "publicKey");
        json_open_object(w);
        json_member_text(w, "hint", hint);
        json_close_object(w);
    }
    json_key(w, "tlogEntries");
    json_open_array(w);
    json_close_array(w);
    json_close_object(w);
    return st;
}

static enum status put_envelope(struct json_writer *w, const struct buf *statement,
                                const struct buf *signature, struct error *err)
{
    json_key(w, "dsseEnvelope");
    json_open_object(w);
    enum status st = put_base64(w, "payload", statement, err);
    json_member_text(w, "payloadType", PAYLOAD_TYPE);
    json_key(w, "signatures");
    json_open_array(w);
    json_open_object(w);
    if (!st) st = put_base64(w, "sig", signature, err);
    json_member_text(w, "keyid", "");
    json_close_object(w);
    json_close_array(w);
    json_close_object(w);
    return st;
}

static enum status check_pair(const struct signer *by, struct error *err)
{
    struct ecdsa_key *key = NULL;
    if (!by->certificates) return STATUS_OK;
    if (certificates_count(by->certificates) == 0)
        return error_set(err, STATUS_USAGE, "there is no certificate to sign with");
    enum status st = certificate_key(&key, by->certificates, 0, err);
    if (!st && !ecdsa_same_public(key, by->key))
        st = error_set(err, STATUS_USAGE,
                       "the first certificate is not that of the key: its own comes first, those "
                       "above it behind");
    ecdsa_key_free(key);
    return st;
}

enum status signature_make(struct buf *out, const struct manifest *m, const struct signer *by,
                           struct error *err)
{
    struct buf statement = BUF_INIT(SIGNATURE_BYTES_MAX / 2);
    struct buf pae = BUF_INIT(SIGNATURE_BYTES_MAX);
    struct buf signature = BUF_INIT(ECDSA_SIGNATURE_BYTES_MAX);
    struct json_writer w;
    enum status st = check_pair(by, err);
    if (!st) st = put_statement(&statement, m, err);
    if (!st) {
        signing_pae(&pae, (struct span){ statement.data, statement.len });
        st = buf_check(&pae, "the statement", err);
    }
    if (!st) st = ecdsa_sign(&signature, by->key, (struct span){ pae.data, pae.len }, err);
    if (!st) {
        json_writer_init(&w, out, 0);
        json_open_object(&w);
        json_member_text(&w, "mediaType", BUNDLE_MEDIA_TYPE);
        st = put_material(&w, by, err);
        if (!st) st = put_envelope(&w, &statement, &signature, err);
        json_close_object(&w);
        buf_byte(out, '\n');
    }
    buf_release(&signature);
    buf_release(&pae);
    buf_release(&statement);
    return st ? st : buf_check(out, "the bundle", err);
}
