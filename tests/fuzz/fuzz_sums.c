/* Fuzzes addresses of models on web servers, and SHA256SUMS files.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Up to the first zero byte the input is an address, behind it a SHA256SUMS. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "govern/registry/model_scan.h"
#include "govern/registry/model_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const char *text)
{
    struct model_url u;
    struct error err = { .text = "" };
    if (model_url_parse(&u, text, NULL, &err)) {
        assert(err.text[0]);
        return;
    }
    assert(u.at.https || u.at.loopback);
    assert(u.at.path[0] == '/' && !strchr(u.at.origin, '@') && !strpbrk(u.at.path, "?# \r\n"));
    assert(model_scan_check_name(u.name, &err) == STATUS_OK && !strchr(u.name, '/'));
    assert(!u.alias[0] || registry_check_alias(u.alias, &err) == STATUS_OK);
}

static void check_sums(struct span text)
{
    struct remote_listing l;
    struct error err = { .text = "" };
    if (model_url_sums_parse(&l, text, "SHA256SUMS", &err)) {
        assert(err.text[0]);
        return;
    }
    assert(l.count > 0 && l.revision[0]);
    for (size_t i = 0; i < l.count; i++)
        assert(l.files[i].has_sha256 && !model_scan_check_name(l.files[i].name, &err));
    remote_listing_release(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    if (!zero) return 0;
    check_url((const char *)data);
    check_sums((struct span){ (const char *)zero + 1, size - (size_t)(zero - data) - 1 });
    return 0;
}
