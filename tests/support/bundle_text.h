/* A bundle around any statement, signed or not: for what a signer of ours would never write.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_BUNDLE_TEXT_H
#define TESTS_SUPPORT_BUNDLE_TEXT_H

#include "base/core/base64.h"
#include "base/core/ecdsa.h"

/* Signs DSSE's encoding of `statement` and appends the bundle; its publicKey holds `material`. */
static inline bool bundle_text(struct buf *out, const struct ecdsa_key *key, struct span statement,
                               const char *material)
{
    static const char type[] = "application/vnd.in-toto+json";
    struct buf pae = BUF_INIT((size_t)64 << 20), signature = BUF_INIT(ECDSA_SIGNATURE_BYTES_MAX);
    buf_format(&pae, "DSSEv1 %zu %s %zu ", sizeof type - 1, type, statement.len);
    buf_append(&pae, statement.data, statement.len);
    bool good =
        !pae.failed && !ecdsa_sign(&signature, key, (struct span){ pae.data, pae.len }, NULL);
    buf_format(out,
               "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\","
               "\"verificationMaterial\":{\"publicKey\":%s},\"dsseEnvelope\":{\"payload\":\"",
               material);
    base64_encode(out, statement.data, statement.len);
    buf_format(out, "\",\"payloadType\":\"%s\",\"signatures\":[{\"sig\":\"", type);
    base64_encode(out, signature.data, signature.len);
    buf_text(out, "\"}]}}");
    buf_release(&signature);
    buf_release(&pae);
    return good && !out->failed;
}

#endif
