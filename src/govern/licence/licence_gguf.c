/* GGUF keys to front matter.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_gguf.h"

#include <stdio.h>

#include "govern/licence/licence_claim_read.h"

/* One line: what could begin another is a space. */
static void put_value(struct buf *out, struct span value)
{
    if (value.len > 65536) value.len = 65536;
    for (size_t i = 0; i < value.len; i++)
        buf_byte(out, (unsigned char)value.data[i] < ' ' ? ' ' : value.data[i]);
    buf_byte(out, '\n');
}

static void put_key(struct buf *out, const struct gguf *g, const char *key, const char *name)
{
    struct gguf_value v;
    struct span text;
    if (!gguf_find(g, key, &v) || !gguf_string(&v, &text) || !text.len) return;
    buf_text(out, name);
    put_value(out, text);
}

enum status licence_card_of_gguf(struct buf *out, const struct gguf *g, struct error *err)
{
    buf_text(out, "---\n");
    put_key(out, g, "general.license", "license: ");
    put_key(out, g, "general.license.name", "license_name: ");
    put_key(out, g, "general.license.link", "license_link: ");
    buf_text(out, "base_model:\n");
    for (int i = 0; i < CLAIM_PARENTS_MAX; i++) {
        char key[64];
        struct gguf_value v;
        snprintf(key, sizeof key, "general.base_model.%d.repo_url", i);
        if (!gguf_find(g, key, &v)) snprintf(key, sizeof key, "general.base_model.%d.name", i);
        put_key(out, g, key, "- ");
    }
    buf_text(out, "---\n");
    return buf_check(out, "the licence keys of a GGUF file", err);
}
