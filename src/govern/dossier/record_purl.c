/* Package URLs.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/dossier/record_purl.h"

#include <string.h>

#include "govern/dossier/record.h"
#include "govern/registry/model_oci.h"

/* purl-spec, "Character encoding": all but letters, digits and these is written as %XX. */
static void put(struct buf *out, const char *text, size_t len, const char *plain)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (word || (c && strchr(plain, c))) buf_byte(out, (char)c);
        else buf_format(out, "%%%02X", c);
    }
}

static void put_hub(struct buf *out, const struct registry_model *m)
{
    struct span owner, name;
    if (!record_hub_name(m->source, &owner, &name)) return;
    buf_text(out, "pkg:huggingface/");
    put(out, owner.data, owner.len, "-._~");
    buf_byte(out, '/');
    put(out, name.data, name.len, "-._~");
    if (!m->revision) return;
    buf_byte(out, '@');
    put(out, m->revision, strlen(m->revision), "-._~:");
}

static void put_oci(struct buf *out, const struct registry_model *m)
{
    struct model_oci_address a;
    if (model_oci_address_parse(&a, m->source, NULL)) return;
    const char *slash = strrchr(a.name, '/'), *last = slash ? slash + 1 : a.name;
    const char *host = strstr(a.origin, "://");
    buf_text(out, "pkg:oci/");
    put(out, last, strlen(last), "-._~");
    if (m->revision) {
        buf_byte(out, '@');
        put(out, m->revision, strlen(m->revision), "-._~:");
    }
    buf_text(out, "?repository_url=");
    if (host) put(out, host + 3, strlen(host + 3), "-._~:[]");
    buf_byte(out, '/');
    put(out, a.name, strlen(a.name), "-._~/");
    buf_text(out, "&tag=");
    put(out, a.tag, strlen(a.tag), "-._~");
}

/* One file is what the address gives; a list of digests names many. */
static void put_web(struct buf *out, const struct registry_model *m)
{
    char hex[SHA256_HEX_BYTES];
    const char *slash = strrchr(m->source, '/');
    bool one = m->file_count == 1 && slash && strcmp(slash + 1, m->files[0].name) == 0;
    const char *name = one ? m->files[0].name : m->alias;
    buf_text(out, "pkg:generic/");
    put(out, name, strlen(name), "-._~");
    buf_byte(out, '?');
    if (one) {
        sha256_hex(m->files[0].sha256, hex);
        buf_format(out, "checksum=sha256:%s&", hex);
    }
    buf_text(out, "download_url=");
    put(out, m->source, strlen(m->source), "-._~:/");
}

void record_purl(struct buf *out, const struct registry_model *m)
{
    if (strncmp(m->source, "hf:", 3) == 0) put_hub(out, m);
    else if (strncmp(m->source, "oci:", 4) == 0) put_oci(out, m);
    else if (strncmp(m->source, "https://", 8) == 0 || strncmp(m->source, "http://", 7) == 0)
        put_web(out, m);
}
