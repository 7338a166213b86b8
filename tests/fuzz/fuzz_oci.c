/* Fuzzes what registries say: addresses, challenges, manifests and indexes, and archives.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte says which. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/core/mem.h"
#include "fuzz/read_bytes.h"
#include "govern/registry/model_oci.h"
#include "govern/registry/model_scan.h"
#include "govern/registry/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_address(const char *text)
{
    struct model_oci_address a;
    struct error err = { .text = "" };
    if (model_oci_address_parse(&a, text, &err)) {
        assert(err.text[0]);
        return;
    }
    assert(!strpbrk(a.origin, "@?# \r\n") && !strpbrk(a.name, "@:?# \r\n") &&
           !strstr(a.name, ".."));
    assert(a.tag[0] && registry_check_alias(a.alias, &err) == STATUS_OK);
}

static void fuzz_challenge(const char *text)
{
    struct model_oci_challenge c;
    struct error err = { .text = "" };
    if (model_oci_challenge_parse(&c, text, &err)) assert(err.text[0]);
    else assert(c.path[0] == '/' && !strpbrk(c.path, "# \r\n") && !strchr(c.origin, '@'));
}

static void fuzz_manifest(struct span text)
{
    static const struct model_oci_address a = { .name = "acme/tiny", .tag = "latest" };
    struct remote_listing l;
    struct error err = { .text = "" };
    enum model_oci_kind kind;
    uint8_t digest[SHA256_BYTES];
    if (model_oci_manifest_parse(&kind, &l, digest, &a, text, &err)) {
        assert(err.text[0]);
        return;
    }
    if (kind == MODEL_OCI_INDEX) return;
    assert(l.count > 0 && l.revision[0]);
    for (size_t i = 0; i < l.count; i++)
        assert(l.files[i].has_sha256 && !model_scan_check_name(l.files[i].name, &err));
    remote_listing_release(&l);
}

static enum status take_member(void *ctx, const struct tar_file *f, struct error *err)
{
    const struct span *archive = ctx;
    assert(!model_scan_check_name(f->name, err));
    assert(f->begin <= archive->len && f->bytes <= archive->len - f->begin);
    read_bytes(archive->data + f->begin, (size_t)f->bytes);
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = { .text = "" };
    if (size == 0) return 0;
    struct span rest = { (const char *)data + 1, size - 1 };
    char *text = mem_copy_text(rest.data, rest.len);
    if (!text) return 0;
    switch (data[0]) {
    case 'a': fuzz_address(text); break;
    case 'c': fuzz_challenge(text); break;
    case 'm': fuzz_manifest(rest); break;
    case 't':
        if (tar_walk(rest, "archive", take_member, &rest, &err)) assert(err.text[0]);
        break;
    default: break;
    }
    mem_free(text);
    return 0;
}
