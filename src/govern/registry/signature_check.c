/* A bundle to what it vouches for: its shape, its method, its signature, its statement, in that order.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The statement is believed only after the signature over its very bytes was found good. */
#include <stdio.h>
#include <string.h>

#include "base/core/base64.h"
#include "base/core/json.h"
#include "govern/registry/model_signing.h"
#include "govern/registry/signing_inner.h"

struct check {
    const char *what;
    const struct signature_trust *trust;
    struct signature_facts facts;
    bool old_bytes; /* the signature is over the bytes of version 0.2 */
    struct json_doc *bundle, *statement;
    struct buf payload, signature;
    struct ecdsa_key *certificate_key; /* of method certificate; owned */
    const struct ecdsa_key *key;
    struct error *err;
};

static enum status malformed(struct check *c, const char *words)
{
    return error_set(c->err, STATUS_BAD_INPUT, "%s is no signature of a model: %s", c->what, words);
}

static enum status unsupported(struct check *c, const char *what, const char *found,
                               const char *known)
{
    return error_set(c->err, STATUS_UNSUPPORTED, "%s: %s \"%.64s\" is not supported here; %s is",
                     c->what, what, found ? found : "(none)", known);
}

static bool text_is(const struct json *v, const char *text)
{
    const char *found = json_text(v);
    return found && strcmp(found, text) == 0;
}

/* ---- the envelope ---- */

static enum status decode(struct check *c, struct buf *out, const struct json *v, const char *name)
{
    if (json_type(v) != JSON_STRING) return malformed(c, name);
    enum status st = base64_decode(out, json_string(v), c->err);
    if (st && st != STATUS_BAD_INPUT) return st;
    return st || out->len == 0 ? malformed(c, name) : STATUS_OK;
}

static enum status read_envelope(struct check *c, const struct json *root)
{
    const struct json *envelope = json_get(root, "dsseEnvelope");
    const struct json *signatures = json_get(envelope, "signatures");
    if (!text_is(json_get(root, "mediaType"), BUNDLE_MEDIA_TYPE))
        return malformed(c, "its mediaType is not " BUNDLE_MEDIA_TYPE);
    if (json_type(envelope) != JSON_OBJECT) return malformed(c, "it has no dsseEnvelope");
    if (!text_is(json_get(envelope, "payloadType"), PAYLOAD_TYPE))
        return malformed(c, "its payloadType is not " PAYLOAD_TYPE);
    if (json_length(signatures) != 1 || json_type(signatures) != JSON_ARRAY)
        return malformed(c, "it must have exactly one signature");
    enum status st =
        decode(c, &c->payload, json_get(envelope, "payload"), "its payload is not base64");
    if (st) return st;
    return decode(c, &c->signature, json_get(json_at(signatures, 0), "sig"),
                  "its signature is not base64");
}

/* ---- whose signature it is ---- */

static enum status wrong_method(struct check *c, const char *found, const char *how)
{
    return error_set(c->err, STATUS_FAILED, "%s was signed with a %s: check it %s", c->what, found,
                     how);
}

/* Bundles before 1.1 hold the key itself, as PEM. */
static enum status check_old_key(struct check *c, const struct json *raw)
{
    struct buf pem = BUF_INIT(ECDSA_PEM_BYTES_MAX);
    struct ecdsa_key *key = NULL;
    enum status st = decode(c, &pem, raw, "the key in it is not base64");
    if (!st) st = ecdsa_public_read(&key, (struct span){ pem.data, pem.len }, c->what, c->err);
    if (!st && !ecdsa_same_public(key, c->trust->key))
        st = error_set(c->err, STATUS_FAILED, "%s was signed with another key", c->what);
    ecdsa_key_free(key);
    buf_release(&pem);
    c->facts.legacy = true;
    return st;
}

static enum status check_key(struct check *c, const struct json *material)
{
    const struct json *key = json_get(material, "publicKey");
    const char *hint = json_text(json_get(key, "hint"));
    char own[SHA256_HEX_BYTES];
    if (json_get(material, "x509CertificateChain"))
        return wrong_method(c, "certificate", "against certificates that you trust, not a key");
    if (json_type(key) != JSON_OBJECT) return malformed(c, "it does not say how it was signed");
    enum status st = signing_key_hint(own, c->trust->key, c->err);
    if (st) return st;
    if (hint && *hint && strcmp(hint, own) != 0)
        return error_set(c->err, STATUS_FAILED,
                         "%s was signed with another key: its digest is %.64s, that of the given "
                         "one %s",
                         c->what, hint, own);
    const struct json *raw = json_get(key, "rawBytes");
    if (raw) st = check_old_key(c, raw);
    c->facts.method = SIGNATURE_KEY;
    snprintf(c->facts.signer, sizeof c->facts.signer, "%s", own);
    c->key = c->trust->key;
    return st;
}

static enum status read_chain(struct check *c, struct certificates *chain,
                              const struct json *material)
{
    const struct json *list = json_path(material, "x509CertificateChain.certificates");
    enum status st = STATUS_OK;
    if (json_get(material, "publicKey"))
        return wrong_method(c, "key", "with its public key, not certificates");
    if (json_type(list) != JSON_ARRAY || json_length(list) == 0)
        return malformed(c, "it does not say how it was signed");
    for (size_t i = 0; i < json_length(list) && !st; i++) {
        struct buf der = BUF_INIT(CERTIFICATE_BYTES_MAX);
        st = decode(c, &der, json_get(json_at(list, i), "rawBytes"),
                    "a certificate in it is not base64");
        if (!st)
            st = certificates_add_der(chain, (struct span){ der.data, der.len }, c->what, c->err);
        buf_release(&der);
    }
    return st;
}

static enum status check_certificate(struct check *c, const struct json *material)
{
    struct certificates *chain;
    enum status st = certificates_new(&chain, c->err);
    if (st) return st;
    st = read_chain(c, chain, material);
    if (!st) st = certificate_verify(chain, c->trust->anchors, c->trust->at_s, c->err);
    if (!st) st = certificate_key(&c->certificate_key, chain, 0, c->err);
    if (!st) certificate_subject(c->facts.signer, chain, 0);
    c->facts.method = SIGNATURE_CERTIFICATE;
    c->key = c->certificate_key;
    certificates_free(chain);
    return st;
}

static enum status check_material(struct check *c, const struct json *root)
{
    const struct json *material = json_get(root, "verificationMaterial");
    if (json_type(material) != JSON_OBJECT) return malformed(c, "it has no verificationMaterial");
    if (json_get(material, "certificate") || json_length(json_get(material, "tlogEntries")))
        return error_set(c->err, STATUS_UNSUPPORTED,
                         "%s is signed keyless (Sigstore): to trust it, a public transparency log "
                         "and its authority would have to be asked, and Hearth asks nobody; have "
                         "the model signed with a key or a certificate",
                         c->what);
    return c->trust->key ? check_key(c, material) : check_certificate(c, material);
}

/* ---- the signature ---- */

/* The bytes that model_signing 0.2 signed: Python's own way to write bytes had slipped in. */
static void pae_v0_2(struct buf *out, struct span payload)
{
    bool single = memchr(payload.data, '\'', payload.len) != NULL;
    bool twice = memchr(payload.data, '"', payload.len) != NULL;
    char quote = single && !twice ? '"' : '\'';
    buf_format(out, "DSSEV1 %zu %s %zu b%c", sizeof PAYLOAD_TYPE - 1, PAYLOAD_TYPE, payload.len,
               quote);
    for (size_t i = 0; i < payload.len; i++) {
        unsigned char b = (unsigned char)payload.data[i];
        if (b == '\\' || b == (unsigned char)quote) buf_format(out, "\\%c", b);
        else if (b == '\n') buf_text(out, "\\n");
        else if (b == '\r') buf_text(out, "\\r");
        else if (b == '\t') buf_text(out, "\\t");
        else if (b < 0x20 || b >= 0x7f) buf_format(out, "\\x%02x", b);
        else buf_byte(out, (char)b);
    }
    buf_byte(out, quote);
}

static enum status verify(struct check *c, void (*encode)(struct buf *, struct span),
                          enum ecdsa_digest digest, bool *ret)
{
    struct buf pae = BUF_INIT(4 * SIGNATURE_BYTES_MAX);
    encode(&pae, (struct span){ c->payload.data, c->payload.len });
    enum status st = buf_check(&pae, c->what, c->err);
    if (!st)
        *ret = ecdsa_verify(c->key, digest, (struct span){ pae.data, pae.len },
                            (struct span){ c->signature.data, c->signature.len });
    buf_release(&pae);
    return st;
}

static enum status check_signature(struct check *c)
{
    bool good = false;
    enum status st = verify(c, signing_pae, ECDSA_DIGEST_OF_CURVE, &good);
    if (!st && !good) {
        enum ecdsa_digest digest =
            c->facts.method == SIGNATURE_CERTIFICATE ? ECDSA_DIGEST_SHA256 : ECDSA_DIGEST_OF_CURVE;
        st = verify(c, pae_v0_2, digest, &good);
        c->old_bytes = c->facts.legacy = true;
    }
    if (!st && !good)
        st = error_set(c->err, STATUS_FAILED,
                       "%s: the signature is not good: it was made with another key, or the bundle "
                       "was changed",
                       c->what);
    return st;
}

/* ---- the statement ---- */

static enum status add_file(struct check *c, struct manifest *m, const struct json *name,
                            const struct json *digest)
{
    uint8_t sha256[SHA256_BYTES];
    struct span hex = json_string(digest);
    if (!json_text(name)) return malformed(c, "a file in it has no name");
    if (!hex.data || !sha256_from_hex(hex.data, hex.len, sha256))
        return malformed(c, "a digest in it is not SHA-256 in hexadecimal digits");
    return manifest_add(m, json_text(name), sha256, c->err);
}

static enum status read_resources(struct check *c, struct manifest *m, const struct json *list)
{
    enum status st = STATUS_OK;
    if (json_type(list) != JSON_ARRAY || json_length(list) == 0)
        return malformed(c, "it names no files");
    for (size_t i = 0; i < json_length(list) && !st; i++) {
        const struct json *r = json_at(list, i);
        if (!text_is(json_get(r, "algorithm"), "sha256"))
            return unsupported(c, "the digest", json_text(json_get(r, "algorithm")), "sha256");
        st = add_file(c, m, json_get(r, "name"), json_get(r, "digest"));
    }
    return st;
}

static enum status read_serialization(struct check *c, struct manifest *m, const struct json *s)
{
    const struct json *paths = json_get(s, "ignore_paths");
    const char *method = json_text(json_get(s, "method"));
    const char *hash = json_text(json_get(s, "hash_type"));
    if (!method || !hash) return malformed(c, "it does not say how the files were digested");
    if (strcmp(method, "files") != 0) return unsupported(c, "the method", method, "files");
    if (strcmp(hash, "sha256") != 0) return unsupported(c, "the digest", hash, "sha256");
    for (size_t i = 0; i < json_length(paths); i++) {
        const char *path = json_text(json_at(paths, i));
        if (!path) return malformed(c, "a path that it leaves out is no text");
        /* A path outside of the model leaves nothing out. */
        enum status st = manifest_ignore(m, path, c->err);
        if (st && st != STATUS_BAD_INPUT) return st;
    }
    return STATUS_OK;
}

static enum status read_v1(struct check *c, struct manifest *m, const struct json *root)
{
    const struct json *subject = json_at(json_get(root, "subject"), 0);
    const struct json *predicate = json_get(root, "predicate");
    struct span hex = json_string(json_path(subject, "digest.sha256"));
    uint8_t wanted[SHA256_BYTES], found[SHA256_BYTES];
    if (json_type(predicate) != JSON_OBJECT) return malformed(c, "it has no predicate");
    if (!hex.data || !sha256_from_hex(hex.data, hex.len, wanted))
        return malformed(c, "the digest of its subject is not SHA-256 in hexadecimal digits");
    enum status st = read_serialization(c, m, json_get(predicate, "serialization"));
    if (!st) st = read_resources(c, m, json_get(predicate, "resources"));
    if (!st) st = manifest_root(m, found, c->err); /* in the order of the statement */
    if (!st && memcmp(wanted, found, SHA256_BYTES) != 0)
        st = malformed(c, "the digest of its subject is not that of its files");
    return st;
}

/* Version 0.1 of the predicate: the subjects are the files, and nothing is said about the rest. */
static enum status read_v0_1(struct check *c, struct manifest *m, const struct json *root)
{
    const struct json *subjects = json_get(root, "subject");
    enum status st = STATUS_OK;
    for (size_t i = 0; i < json_length(subjects) && !st; i++)
        st = add_file(c, m, json_get(json_at(subjects, i), "name"),
                      json_path(json_at(subjects, i), "digest.sha256"));
    return st;
}

static enum status read_statement(struct check *c, struct manifest **ret)
{
    const struct json *root = json_root(c->statement), *subjects = json_get(root, "subject");
    const char *type = json_text(json_get(root, "predicateType"));
    struct manifest *m;
    if (!text_is(json_get(root, "_type"), STATEMENT_TYPE))
        return malformed(c, "its statement is not of type " STATEMENT_TYPE);
    bool old = type && strcmp(type, PREDICATE_TYPE_V0_1) == 0;
    if (!type || !(old || strcmp(type, PREDICATE_TYPE) == 0))
        return unsupported(c, "the predicate", type, PREDICATE_TYPE);
    if (json_type(subjects) != JSON_ARRAY ||
        (old ? json_length(subjects) == 0 : json_length(subjects) != 1))
        return malformed(c, "its statement must have exactly one subject");
    const char *name = json_text(json_get(json_at(subjects, 0), "name"));
    if (!name || !*name) return malformed(c, "its subject has no name");
    /* The old way of writing is for the old statement alone. */
    if (c->old_bytes && !old)
        return malformed(c, "its signature is written as in version 0.2, its statement is not");
    enum status st = manifest_new(&m, old ? "(unnamed)" : name, c->err);
    if (st) return st;
    st = old ? read_v0_1(c, m, root) : read_v1(c, m, root);
    if (!st) st = manifest_seal(m, c->err);
    if (st) manifest_free(m);
    else *ret = m;
    return st;
}

enum status signature_check(struct manifest **ret, struct signature_facts *ret_facts,
                            struct span bundle, const char *what,
                            const struct signature_trust *trust, struct error *err)
{
    struct check c = { .what = what,
                       .trust = trust,
                       .payload = BUF_INIT(SIGNATURE_BYTES_MAX),
                       .signature = BUF_INIT(ECDSA_SIGNATURE_BYTES_MAX),
                       .err = err };
    if (!trust->key == !trust->anchors)
        return error_set(err, STATUS_USAGE, "give either a public key or trusted certificates");
    enum status st = json_parse(&c.bundle, bundle.data, bundle.len, SIGNATURE_BYTES_MAX, what, err);
    if (!st) st = read_envelope(&c, json_root(c.bundle));
    if (!st) st = check_material(&c, json_root(c.bundle));
    if (!st) st = check_signature(&c);
    if (!st)
        st =
            json_parse(&c.statement, c.payload.data, c.payload.len, SIGNATURE_BYTES_MAX, what, err);
    if (!st) st = read_statement(&c, ret);
    if (!st) *ret_facts = c.facts;
    json_doc_free(c.bundle);
    json_doc_free(c.statement);
    buf_release(&c.payload);
    buf_release(&c.signature);
    ecdsa_key_free(c.certificate_key);
    return st;
}
