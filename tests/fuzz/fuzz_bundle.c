/* Any bytes as a bundle of a signature, and as a statement that is signed well.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte chooses: 'k' a bundle for a key, 'c' one for certificates, else a statement. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "govern/registry/model_signing.h"
#include "support/bundle_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct span text, const struct signature_trust *trust)
{
    struct manifest *m;
    struct signature_facts facts;
    struct error err = { 0 };
    enum status st = signature_check(&m, &facts, text, "fuzz", trust, &err);
    if (st) {
        if (!err.text[0]) abort();
        return;
    }
    if (manifest_file_count(m) == 0 || manifest_compare(m, m, false, &err)) abort();
    for (size_t i = 0; i < manifest_file_count(m); i++)
        if (manifest_find(m, manifest_file(m, i)->name) != manifest_file(m, i)) abort();
    manifest_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ecdsa_key *key;
    static struct certificates *none;
    if (!key && (ecdsa_key_make(&key, ECDSA_P256, NULL) || certificates_new(&none, NULL))) abort();
    if (size == 0) return 0;
    struct span text = { (const char *)data + 1, size - 1 };
    if (data[0] == 'k') {
        check(text, &(struct signature_trust){ .key = key });
    } else if (data[0] == 'c') {
        check(text, &(struct signature_trust){ .anchors = none, .at_s = 1750000000 });
    } else {
        struct buf bundle = BUF_INIT((size_t)1 << 24);
        if (bundle_text(&bundle, key, text, "{}"))
            check((struct span){ bundle.data, bundle.len },
                  &(struct signature_trust){ .key = key });
        buf_release(&bundle);
    }
    return 0;
}
