/* Fuzzes what lineage reads from files of others: any bytes give claims or findings, never control characters.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/lineage/lineage_claims.h"
#include "govern/lineage/lineage_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    assert(strlen(text) <= CLAIM_NAME_BYTES_MAX);
    for (; *text; text++)
        assert((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void check(const struct lineage_claims *c)
{
    assert(c->count >= 0 && c->count <= CLAIMS_MAX);
    assert(c->finding_count >= 0 && c->finding_count <= CLAIMS_FINDINGS_MAX);
    for (int i = 0; i < c->count; i++) {
        assert(c->at[i].line >= 0);
        check_text(c->at[i].parent);
        check_text(c->at[i].relation);
        check_text(c->at[i].file);
        check_text(c->at[i].place);
    }
    for (int i = 0; i < c->finding_count; i++)
        check_text(c->findings[i]);
}

/* The first byte says which file the rest is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lineage_claims *c = mem_zero(sizeof *c);
    struct gguf *g;
    enum lineage_role role;
    int layer, expert;
    if (!c || !size) {
        mem_free(c);
        return 0;
    }
    struct span text = { (const char *)data + 1, size - 1 };
    lineage_claims_init(c);
    if (data[0] == 'a') lineage_claims_add_adapter(c, text, NULL);
    else if (data[0] == 'c') lineage_claims_add_config(c, text, NULL);
    else if (data[0] == 'm') lineage_claims_add_merge(c, text, NULL);
    else if (data[0] == 'g' && !gguf_open_bytes(&g, text.data, text.len, "fuzz.gguf", NULL)) {
        lineage_claims_add_gguf(c, g, "fuzz.gguf", NULL);
        gguf_close(g);
    } else lineage_claims_add_card(c, text, NULL);
    lineage_claims_finish(c, NULL);
    check(c);
    if (lineage_role_of(text, &role, &layer, &expert)) assert(role < LINEAGE_ROLE_COUNT);
    lineage_claims_release(c);
    mem_free(c);
    return 0;
}
