/* Signatures of models: OpenSSF Model Signing 1.0 bundles, made and checked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A bundle is a Sigstore bundle (JSON) around a DSSE envelope around an in-toto statement that lists the
 * files with their digests (ossf/model-signing-spec, spec/v1.0.md). Of its methods, `key` and
 * `certificate` are made and checked. `sigstore` (keyless) is refused with the reason: its proof needs a
 * public transparency log, and Hearth asks nobody. Serialization is `files` with sha256.
 *
 * Bundles of the libraries before 1.1 are still checked: a key given as PEM, and the other statement of
 * 0.2, whose signatures were over differently written bytes; `signature_facts.legacy` says so.
 *
 * A signature says who vouches for which bytes. Whether the bytes on disk are these is manifest_compare(). */
#ifndef GOVERN_REGISTRY_MODEL_SIGNING_H
#define GOVERN_REGISTRY_MODEL_SIGNING_H

#include "base/core/certificate.h"
#include "base/core/ecdsa.h"
#include "govern/registry/manifest.h"

#define SIGNATURE_BYTES_MAX ((size_t)64 << 20)

enum signature_method { SIGNATURE_KEY, SIGNATURE_CERTIFICATE };
const char *signature_method_name(
    enum signature_method m); /* "key", as the specification says it */

struct signer {
    const struct ecdsa_key *key;             /* private */
    const struct certificates *certificates; /* its own first, then those above; NULL: method key */
};

/* Appends the bundle. STATUS_USAGE when the first certificate is not of the key. */
enum status signature_make(struct buf *out, const struct manifest *m, const struct signer *by,
                           struct error *err);

/* Exactly one of the two decides the method that the bundle must have. */
struct signature_trust {
    const struct ecdsa_key *key;
    const struct certificates *anchors;
    int64_t at_s; /* Unix time at which certificates must be valid */
};

struct signature_facts {
    enum signature_method method;
    bool legacy; /* written as before version 1.1 */
    char
        signer[CERTIFICATE_NAME_BYTES]; /* SHA-256 of the key's PEM, or the certificate's subject */
};

/* Checks the signature and gives what was signed, sealed; the caller owns it. `what` names the bundle in
 * messages. STATUS_FAILED: the signature is not good or not trusted; STATUS_BAD_INPUT: not a bundle;
 * STATUS_UNSUPPORTED: another method, serialization or digest. */
enum status signature_check(struct manifest **ret, struct signature_facts *ret_facts,
                            struct span bundle, const char *what,
                            const struct signature_trust *trust, struct error *err);

#endif
