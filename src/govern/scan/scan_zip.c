/* Zip archives: their directory, and what is stored in them without compression.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   | local header, bytes | ... | directory: one record an entry | end of directory |
 *
 * After APPNOTE.TXT 6.3 of PKWARE, with zip64. Tools find entries by the directory or by the local headers, and
 * some add what stands before the archive to all offsets: where the two disagree, the archive is asked about,
 * because a loader may see other bytes than we do. Nothing is decompressed. */
#include <stdlib.h>
#include <string.h>

#include "base/core/utf8.h"
#include "govern/scan/scan_inner.h"

#define ENTRIES_MAX       200000
#define ENTRY_NAME_MAX    1024
#define END_BYTES         22
#define END64_BYTES       56
#define LOCATOR64_BYTES   20
#define RECORD_BYTES      46
#define LOCAL_BYTES       30
#define COMMENT_BYTES_MAX 65535
#define EXTRA_ZIP64       1
#define FLAG_ENCRYPTED    1

struct entry {
    struct span name;
    uint64_t bytes, raw_bytes; /* stored, and after decompression */
    uint64_t header;           /* offset of the local header, as the record says */
    unsigned flags, method;
    size_t at; /* of the record */
};

struct zip {
    struct scan *s;
    const struct scan_part *part;
    const uint8_t *d;
    size_t len;
    size_t directory, directory_bytes; /* where it lies, what stands before included */
    uint64_t before;                   /* bytes that stand before the archive */
    uint64_t count;                    /* of records, as the end says */
    uint64_t budget;           /* bytes that may still be looked at: entries do not overlap */
    struct byte_range *ranges; /* [range_count] local headers with their bytes */
    size_t range_count;
    bool torchscript;
    size_t compressed, encrypted, seen;
    char first_compressed[128];
};

static uint64_t number(const uint8_t *p, int bytes)
{
    uint64_t v = 0;
    for (int i = bytes - 1; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static void two_ways(struct zip *z, size_t at, const char *words)
{
    scan_add(z->s, z->part, SCAN_RULE_ARCHIVE_TWO_WAYS, SCAN_ASK, at, (struct span){ 0 },
             "the zip archive can be read in two ways: %s", words);
}

/* ---- the end of the directory ---- */

/* The last one whose comment reaches to the end of the file, as Python's zipfile and miniz look for it. */
static bool find_end(const uint8_t *d, size_t len, size_t *ret)
{
    if (len < END_BYTES) return false;
    size_t at = len - END_BYTES, last = at > COMMENT_BYTES_MAX ? at - COMMENT_BYTES_MAX : 0;
    for (;; at--) {
        if (d[at] == 'P' && memcmp(d + at, "PK\5\6", 4) == 0 &&
            number(d + at + 20, 2) <= len - at - END_BYTES) {
            *ret = at;
            return true;
        }
        if (at == last) return false;
    }
}

static bool place_directory(struct zip *z, size_t end, uint64_t bytes, uint64_t offset)
{
    if (bytes > end || offset > end - bytes) return false;
    z->directory = end - (size_t)bytes;
    z->directory_bytes = (size_t)bytes;
    z->before = z->directory - offset;
    return true;
}

static bool read_end(struct zip *z, size_t at)
{
    const uint8_t *e = z->d + at;
    uint64_t bytes = number(e + 12, 4), offset = number(e + 16, 4);
    z->count = number(e + 10, 2);
    if (at >= LOCATOR64_BYTES + END64_BYTES && memcmp(e - LOCATOR64_BYTES, "PK\6\7", 4) == 0) {
        size_t end64 = at - LOCATOR64_BYTES - END64_BYTES;
        const uint8_t *e64 = z->d + end64;
        if (memcmp(e64, "PK\6\6", 4) != 0) return false;
        z->count = number(e64 + 32, 8);
        return place_directory(z, end64, number(e64 + 40, 8), number(e64 + 48, 8));
    }
    return place_directory(z, at, bytes, offset);
}

/* ---- records ---- */

/* Sizes and offsets that do not fit 32 bits stand in the extra field, in this order. */
static bool read_zip64(struct entry *e, const uint8_t *extra, size_t len)
{
    while (len >= 4) {
        size_t id = (size_t)number(extra, 2), n = (size_t)number(extra + 2, 2);
        if (n > len - 4) return false;
        if (id == EXTRA_ZIP64) {
            uint64_t *const fields[] = { &e->raw_bytes, &e->bytes, &e->header };
            const uint8_t *p = extra + 4;
            for (int i = 0; i < 3; i++) {
                if (*fields[i] != UINT32_MAX) continue;
                if ((size_t)(extra + 4 + n - p) < 8) return false;
                *fields[i] = number(p, 8);
                p += 8;
            }
            return true;
        }
        extra += 4 + n;
        len -= 4 + n;
    }
    return true;
}

/* *at goes to the next record. */
static bool read_record(const struct zip *z, size_t *at, struct entry *ret)
{
    size_t left = z->directory + z->directory_bytes - *at;
    const uint8_t *p = z->d + *at;
    if (left < RECORD_BYTES || memcmp(p, "PK\1\2", 4) != 0) return false;
    size_t name = (size_t)number(p + 28, 2), extra = (size_t)number(p + 30, 2);
    size_t comment = (size_t)number(p + 32, 2);
    if (name + extra + comment > left - RECORD_BYTES) return false;
    *ret = (struct entry){ .name = { (const char *)p + RECORD_BYTES, name },
                           .bytes = number(p + 20, 4),
                           .raw_bytes = number(p + 24, 4),
                           .header = number(p + 42, 4),
                           .flags = (unsigned)number(p + 8, 2),
                           .method = (unsigned)number(p + 10, 2),
                           .at = *at };
    *at += RECORD_BYTES + name + extra + comment;
    return read_zip64(ret, p + RECORD_BYTES + name, extra);
}

/* ---- entries ---- */

static bool ends(struct span name, const char *end)
{
    size_t n = strlen(end);
    return name.len >= n && memcmp(name.data + name.len - n, end, n) == 0;
}

/* "archive/data/12": the numbers of a tensor, which no loader reads as anything else. */
static bool is_tensor(struct span name)
{
    size_t digits = 0;
    while (digits < name.len && name.data[name.len - 1 - digits] >= '0' &&
           name.data[name.len - 1 - digits] <= '9')
        digits++;
    return digits && ends((struct span){ name.data, name.len - digits }, "/data/");
}

/* Where its bytes begin, by its local header; false where that is damaged. */
static bool find_bytes(struct zip *z, const struct entry *e, size_t *ret)
{
    if (e->header > z->len || z->before > z->len - e->header) return false;
    size_t at = (size_t)(e->header + z->before);
    if (z->len - at < LOCAL_BYTES || memcmp(z->d + at, "PK\3\4", 4) != 0) return false;
    const uint8_t *p = z->d + at;
    size_t name = (size_t)number(p + 26, 2), extra = (size_t)number(p + 28, 2);
    if (name + extra > z->len - at - LOCAL_BYTES) return false;
    if (name != e->name.len || memcmp(p + LOCAL_BYTES, e->name.data, name) != 0)
        two_ways(z, at, "an entry has another name in its own header");
    if (number(p + 8, 2) != e->method ||
        (number(p + 6, 2) & FLAG_ENCRYPTED) != (e->flags & FLAG_ENCRYPTED))
        two_ways(z, at, "an entry is compressed in another way by its own header");
    *ret = at + LOCAL_BYTES + name + extra;
    return e->bytes <= z->len - *ret;
}

static void look_stored(struct zip *z, const struct entry *e, size_t begin)
{
    char name[ENTRY_NAME_MAX + 1];
    if (e->raw_bytes != e->bytes)
        two_ways(z, e->at, "an entry that is not compressed has two sizes");
    if (e->bytes > z->budget) {
        two_ways(z, e->at, "its entries overlap");
        return;
    }
    z->budget -= e->bytes;
    if (e->name.len > ENTRY_NAME_MAX || memchr(e->name.data, 0, e->name.len)) {
        two_ways(z, e->at, "the name of an entry is too long, or holds a NUL");
        return;
    }
    memcpy(name, e->name.data, e->name.len);
    name[e->name.len] = 0;
    const struct scan_part part = { .file = z->part->file,
                                    .name = name,
                                    .data = z->d + begin,
                                    .len = (size_t)e->bytes,
                                    .at = z->part->at + (z->part->elsewhere ? 0 : begin),
                                    .elsewhere = z->part->elsewhere,
                                    .depth = z->part->depth + 1 };
    if (part.depth > SCAN_DEPTH_MAX)
        scan_add(z->s, z->part, SCAN_RULE_LIMIT, SCAN_ASK, begin, e->name,
                 "archives lie in each other deeper than %d", SCAN_DEPTH_MAX);
    else if (!is_tensor(e->name)) scan_look(z->s, &part);
}

static void look_at_entry(struct zip *z, const struct entry *e)
{
    size_t begin;
    if (scan_leaves_folder(e->name))
        scan_add(z->s, z->part, SCAN_RULE_ARCHIVE_NAME, SCAN_DENY, e->at, e->name,
                 "the name of an entry leads out of the folder that it is unpacked to");
    if (ends(e->name, "/") && e->bytes == 0) return;
    z->seen++;
    if (!find_bytes(z, e, &begin)) {
        two_ways(z, e->at, "an entry of its directory is not where it should be");
        return;
    }
    if (scan_find(e->name.data, e->name.len, "/code/") || ends(e->name, "/constants.pkl"))
        z->torchscript = true;
    z->ranges[z->range_count++] =
        (struct byte_range){ (size_t)(e->header + z->before), begin + (size_t)e->bytes };
    if (e->flags & FLAG_ENCRYPTED) z->encrypted++; /* PyTorch's reader does not ask for that bit */
    if (e->method == 0) look_stored(z, e, begin);
    else if (z->compressed++ == 0)
        scan_quote(z->first_compressed, sizeof z->first_compressed, e->name);
}

static int compare_names(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int order = n ? memcmp(x->data, y->data, n) : 0;
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void check_twice(struct zip *z, struct span *names, size_t count)
{
    if (count) qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++)
        if (compare_names(&names[i - 1], &names[i]) == 0) {
            two_ways(z, z->directory, "two of its entries have one name");
            return;
        }
}

static int compare_ranges(const void *a, const void *b)
{
    const struct byte_range *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* Readers of streams find entries by their local headers: none may stand between those that the directory names. */
static void check_between(struct zip *z)
{
    size_t end = (size_t)z->before;
    if (z->range_count) qsort(z->ranges, z->range_count, sizeof *z->ranges, compare_ranges);
    for (size_t i = 0; i <= z->range_count; i++) {
        size_t next = i < z->range_count ? z->ranges[i].begin : z->directory;
        if (next > end && next - end >= LOCAL_BYTES && memcmp(z->d + end, "PK\3\4", 4) == 0) {
            two_ways(z, end, "an entry stands in it that its directory does not name");
            return;
        }
        if (i < z->range_count && z->ranges[i].end > end) end = z->ranges[i].end;
    }
}

static void look_at_entries(struct zip *z)
{
    size_t at = z->directory, end = z->directory + z->directory_bytes, count = 0;
    size_t most = z->directory_bytes / RECORD_BYTES;
    if (most > ENTRIES_MAX) most = ENTRIES_MAX;
    struct span *names = mem_array(most + 1, sizeof *names);
    z->ranges = mem_array(most + 1, sizeof *z->ranges);
    if (!names || !z->ranges) {
        z->s->failed = true;
        mem_free(names);
        mem_free(z->ranges);
        return;
    }
    while (at < end && count < most) {
        struct entry e;
        if (!read_record(z, &at, &e)) break;
        names[count++] = e.name;
        look_at_entry(z, &e);
    }
    if (at < end)
        scan_add(z->s, z->part, SCAN_RULE_ARCHIVE, SCAN_ASK, at, (struct span){ 0 },
                 "the directory of the zip archive cannot be read past entry %zu", count);
    else if (count != z->count)
        two_ways(z, z->directory, "it has more or fewer entries than it says");
    check_twice(z, names, count);
    check_between(z);
    mem_free(names);
    mem_free(z->ranges);
}

static void summarize(struct zip *z)
{
    if (z->compressed)
        scan_add(z->s, z->part, SCAN_RULE_ARCHIVE, SCAN_ASK, z->directory,
                 span_of(z->first_compressed),
                 "%zu of %zu entries of the zip archive are compressed, and were not looked into",
                 z->compressed, z->seen);
    if (z->encrypted)
        scan_add(z->s, z->part, SCAN_RULE_ARCHIVE, SCAN_ASK, z->directory, (struct span){ 0 },
                 "%zu of %zu entries of the zip archive are encrypted", z->encrypted, z->seen);
    if (z->torchscript)
        scan_add(z->s, z->part, SCAN_RULE_TORCHSCRIPT, SCAN_ASK, z->directory, (struct span){ 0 },
                 "it is a TorchScript archive: a program that torch.jit.load would run");
}

bool scan_zip(struct scan *s, const struct scan_part *p, bool begins_so)
{
    struct zip z = { .s = s, .part = p, .d = p->data, .len = p->len, .budget = p->len };
    size_t end;
    if (!find_end(p->data, p->len, &end) || !read_end(&z, end)) return false;
    bool to_the_end = end + END_BYTES + (size_t)number(p->data + end + 20, 2) == p->len;
    bool records = z.directory_bytes >= RECORD_BYTES && memcmp(z.d + z.directory, "PK\1\2", 4) == 0;
    if (!begins_so && (!to_the_end || !records)) return false; /* four bytes by accident */
    if (number(p->data + end + 4, 4)) two_ways(&z, end, "it says that it is one of several disks");
    if (z.before) two_ways(&z, 0, "other bytes stand before it");
    if (!to_the_end) two_ways(&z, end, "bytes stand behind it");
    look_at_entries(&z);
    summarize(&z);
    return true;
}
