/* Names and contents of tiles.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/audit/tile.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define GROUPS_MAX 7 /* of three digits: 10^21 > 2^64 */

/* "tile/0/x001/234"; returns its length. */
static size_t put_name(char ret[TILE_PATH_BYTES], int level, uint64_t n)
{
    unsigned groups[GROUPS_MAX];
    int count = 0;
    do {
        groups[count++] = (unsigned)(n % 1000);
        n /= 1000;
    } while (n);
    int len = level == TILE_ENTRIES ? snprintf(ret, TILE_PATH_BYTES, "tile/entries")
                                    : snprintf(ret, TILE_PATH_BYTES, "tile/%d", level);
    while (count--)
        len += snprintf(ret + len, TILE_PATH_BYTES - (size_t)len, "/%s%03u", count ? "x" : "",
                        groups[count]);
    return (size_t)len;
}

void tile_path(char ret[TILE_PATH_BYTES], int level, uint64_t n, unsigned width)
{
    assert(width >= 1 && width <= TILE_WIDTH);
    size_t len = put_name(ret, level, n);
    if (width < TILE_WIDTH) snprintf(ret + len, TILE_PATH_BYTES - len, ".p/%u", width);
}

void tile_partial_folder(char ret[TILE_PATH_BYTES], int level, uint64_t n)
{
    size_t len = put_name(ret, level, n);
    snprintf(ret + len, TILE_PATH_BYTES - len, ".p");
}

unsigned tile_width(int level, uint64_t n, uint64_t size)
{
    uint64_t hashes = level == TILE_ENTRIES ? size : level >= 8 ? 0 : size >> (8 * level);
    if (n >= (hashes + TILE_WIDTH - 1) / TILE_WIDTH) return 0;
    uint64_t left = hashes - n * TILE_WIDTH;
    return left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH;
}

enum status tile_entries(struct span bundle, unsigned width, struct span ret[TILE_WIDTH],
                         struct error *err)
{
    const uint8_t *at = (const uint8_t *)bundle.data;
    size_t left = bundle.len;
    unsigned count = 0;
    for (; left && count < TILE_WIDTH; count++) {
        size_t len = left >= 2 ? (size_t)at[0] << 8 | at[1] : 0;
        if (left < 2 || len > left - 2)
            return error_set(err, STATUS_BAD_INPUT,
                             "a bundle of entries ends in the middle of entry %u", count);
        ret[count] = (struct span){ (const char *)at + 2, len };
        at += 2 + len;
        left -= 2 + len;
    }
    if (left)
        return error_set(err, STATUS_BAD_INPUT, "a bundle holds more than %d entries", TILE_WIDTH);
    if (count < width)
        return error_set(err, STATUS_BAD_INPUT, "a bundle holds %u entries where %u belong", count,
                         width);
    return STATUS_OK;
}

enum status tile_node(const struct merkle_hash *hashes, unsigned height, unsigned index,
                      struct merkle_hash *ret, struct error *err)
{
    struct merkle_hash level[TILE_WIDTH];
    unsigned count = 1u << height;
    assert(height <= 8 && (index + 1) * count <= TILE_WIDTH);
    memcpy(level, hashes + index * count, count * sizeof *level);
    for (; count > 1; count /= 2) {
        for (unsigned i = 0; i < count / 2; i++) {
            enum status st = merkle_parent(&level[2 * i], &level[2 * i + 1], &level[i], err);
            if (st) return st;
        }
    }
    *ret = level[0];
    return STATUS_OK;
}
