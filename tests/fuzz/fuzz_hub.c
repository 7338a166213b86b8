/* Fuzzes what a hub says of a model's files, and the addresses that users type.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Up to the first zero byte the input is an address, behind it an answer. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/registry/model_hub.h"
#include "govern/registry/model_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_listing(struct remote_listing *l, const struct model_hub_address *a)
{
    size_t before = l->count, left_out = 0;
    struct error err = { .text = "" };
    assert(l->count > 0 && l->revision[0]);
    for (size_t i = 0; i < l->count; i++)
        assert(model_scan_check_name(l->files[i].name, &err) == STATUS_OK);
    if (model_hub_listing_choose(l, a, &left_out, &err) == STATUS_OK)
        assert(l->count + left_out == before);
    else assert(err.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model_hub_address a = { .revision = "main" };
    struct remote_listing l;
    struct error err = { .text = "" };
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    if (!zero) return 0;
    struct span answer = { (const char *)zero + 1, size - (size_t)(zero - data) - 1 };
    if (model_hub_address_parse(&a, (const char *)data, &err)) {
        assert(err.text[0]);
        a = (struct model_hub_address){ .revision = "main" };
    }
    if (model_hub_listing_parse(&l, &a, answer, &err)) {
        assert(err.text[0]);
        return 0;
    }
    check_listing(&l, &a);
    remote_listing_release(&l);
    return 0;
}
