/* Tar archives: blocks of 512 bytes, a header before each entry. torch.save wrote them before 2017.
 * SPDX-License-Identifier: Apache-2.0
 *
 * After POSIX.1-2017, pax: name at 0, size in octal at 124, type at 156. Headers that only carry a longer name for
 * the next entry are looked at as entries; the name itself is not joined. */
#include <string.h>

#include "govern/scan/scan_inner.h"

#define BLOCK       512
#define ENTRIES_MAX 100000
#define NAME_BYTES  100
#define SIZE_AT     124
#define SIZE_DIGITS 12
#define TYPE_AT     156

static bool read_size(const uint8_t *p, uint64_t *ret)
{
    uint64_t v = 0;
    int i = 0, digits = 0;
    while (i < SIZE_DIGITS && p[i] == ' ')
        i++;
    for (; i < SIZE_DIGITS && p[i] >= '0' && p[i] <= '7'; i++, digits++)
        v = v * 8 + (uint64_t)(p[i] - '0');
    *ret = v;
    return digits > 0 && (i == SIZE_DIGITS || p[i] == 0 || p[i] == ' ');
}

static void look_at_entry(struct scan *s, const struct scan_part *p, size_t header, size_t bytes)
{
    char name[NAME_BYTES + 1];
    const uint8_t *h = p->data + header;
    memcpy(name, h, NAME_BYTES);
    name[NAME_BYTES] = 0;
    if (scan_leaves_folder(span_of(name)))
        scan_add(s, p, SCAN_RULE_ARCHIVE_NAME, SCAN_DENY, header, span_of(name),
                 "the name of an entry leads out of the folder that it is unpacked to");
    if (h[TYPE_AT] == '1' || h[TYPE_AT] == '2')
        scan_add(s, p, SCAN_RULE_ARCHIVE_NAME, SCAN_ASK, header, span_of(name),
                 "an entry of the tar archive is a link");
    const struct scan_part part = { .file = p->file,
                                    .name = name,
                                    .data = h + BLOCK,
                                    .len = bytes,
                                    .at = p->at + (p->elsewhere ? 0 : header + BLOCK),
                                    .elsewhere = p->elsewhere,
                                    .depth = p->depth + 1 };
    if (part.depth > SCAN_DEPTH_MAX)
        scan_add(s, p, SCAN_RULE_LIMIT, SCAN_ASK, header, span_of(name),
                 "archives lie in each other deeper than %d", SCAN_DEPTH_MAX);
    else if (bytes) scan_look(s, &part);
}

void scan_tar(struct scan *s, const struct scan_part *p)
{
    size_t at = 0, count = 0;
    while (p->len - at >= BLOCK && p->data[at]) {
        uint64_t bytes;
        if (!read_size(p->data + at + SIZE_AT, &bytes) || bytes > p->len - at - BLOCK ||
            ++count > ENTRIES_MAX) {
            scan_add(s, p, SCAN_RULE_ARCHIVE, SCAN_ASK, at, (struct span){ 0 },
                     "the tar archive cannot be read past entry %zu", count);
            return;
        }
        look_at_entry(s, p, at, (size_t)bytes);
        size_t padded = ((size_t)bytes + BLOCK - 1) / BLOCK * BLOCK;
        if (padded > p->len - at - BLOCK) return;
        at += BLOCK + padded;
    }
}
