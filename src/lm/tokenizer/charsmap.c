/* SentencePiece's precompiled character map: a double-array trie over byte strings.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Layout: u32 bytes of the trie; the trie's u32 units; then the replacements, each ended by a
 * zero byte. A unit holds a label (low byte), an offset (from bit 10, times 256 when bit 9 is
 * set) and, in bit 8, that a value follows: the replacement's place. Longest match wins. */
#include <string.h>

#include "base/core/utf8.h"
#include "lm/tokenizer/normalize.h"

struct map {
    const char *units, *texts;
    size_t unit_count, text_bytes;
};

static uint32_t u32_at(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static bool open_map(struct span s, struct map *ret)
{
    if (s.len < 8) return false;
    size_t bytes = u32_at(s.data);
    if (bytes % 4 || bytes < 4 || bytes >= s.len - 4 || s.data[s.len - 1]) return false;
    *ret = (struct map){ s.data + 4, s.data + 4 + bytes, bytes / 4, s.len - 4 - bytes };
    return true;
}

enum status charsmap_check(struct span s, struct error *err)
{
    struct map m;
    return open_map(s, &m) ? STATUS_OK
                           : error_set(err, STATUS_BAD_INPUT, "precompiled_charsmap is not whole");
}

static size_t offset_of(uint32_t unit)
{
    return (size_t)(unit >> 10) << ((unit & 512u) >> 6);
}

/* Longest key that text begins with: its bytes (0: none), and its replacement. */
static size_t longest(const struct map *m, struct span text, struct span *ret)
{
    size_t node = 0, found = 0;
    uint32_t unit = u32_at(m->units);
    node ^= offset_of(unit);
    for (size_t i = 0; i < text.len; i++) {
        node ^= (uint8_t)text.data[i];
        if (node >= m->unit_count) break;
        unit = u32_at(m->units + node * 4);
        if ((unit & 0x800000FFu) != (uint8_t)text.data[i]) break;
        node ^= offset_of(unit);
        if (!(unit & 256u)) continue;
        if (node >= m->unit_count) break;
        size_t at = u32_at(m->units + node * 4) & 0x7FFFFFFFu;
        if (at >= m->text_bytes) break;
        *ret = (struct span){ m->texts + at, strlen(m->texts + at) }; /* the last byte is zero */
        found = i + 1;
    }
    return found;
}

void charsmap_append(struct buf *out, struct span map, struct span text)
{
    struct map m;
    if (!open_map(map, &m)) return;
    while (text.len) {
        struct span to = { NULL, 0 };
        size_t n = longest(&m, text, &to);
        if (!n) {
            uint32_t cp;
            int bytes = utf8_decode(text.data, text.len, &cp);
            n = bytes ? (size_t)bytes : 1;
            to = (struct span){ text.data, n };
        }
        buf_append(out, to.data, to.len);
        text.data += n;
        text.len -= n;
    }
}
