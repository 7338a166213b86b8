/* Reading tar archives.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/registry/tar.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "govern/registry/model_scan.h"
#include "govern/registry/registry.h"

#define BLOCK         512
#define NAME_BYTES    (REGISTRY_NAME_BYTES_MAX + 16)
#define PAX_BYTES_MAX ((uint64_t)64 << 10)
#define HEADERS_MAX   (4 * REGISTRY_FILES_MAX)

/* Fields of a header block: POSIX.1-1988 ustar, and GNU's use of them. */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[8], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

struct walk {
    const char *archive_name;
    struct span archive;
    uint64_t at;
    /* what an extended header says of the next file */
    char long_name[NAME_BYTES];
    bool has_long_name, has_size;
    uint64_t size;
    tar_file_fn *each;
    void *ctx;
};

static enum status bad(const struct walk *w, const char *why, struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT,
                     "the archive %.200s is malformed at byte %" PRIu64 ": %s", w->archive_name,
                     w->at, why);
}

static enum status refuse(const struct walk *w, const char *name, const char *what,
                          struct error *err)
{
    return error_set(
        err, STATUS_BAD_INPUT,
        "the archive %.200s is refused: %.200s is %s; a model's archive holds regular files only",
        w->archive_name, name, what);
}

/* Octal digits with spaces or a NUL behind, or GNU's binary form for what does not fit. */
static bool read_number(const char *field, size_t len, uint64_t *ret)
{
    const unsigned char *f = (const unsigned char *)field;
    uint64_t n = 0;
    size_t i = 0;
    if (f[0] == 0x80) {
        for (i = 1; i < len; i++) {
            if (n >> 55) return false;
            n = n << 8 | f[i];
        }
        *ret = n;
        return true;
    }
    while (i < len && f[i] == ' ')
        i++;
    size_t digits = i;
    for (; i < len && f[i] >= '0' && f[i] <= '7'; i++)
        n = n << 3 | (uint64_t)(f[i] - '0');
    bool good = i > digits && i - digits < 21;
    for (; i < len; i++)
        good = good && (f[i] == ' ' || f[i] == 0);
    *ret = n;
    return good;
}

/* Sum of all bytes with the checksum's own counted as spaces. */
static bool checksum_holds(const struct header *h)
{
    const unsigned char *b = (const unsigned char *)h;
    uint64_t sum = 8 * ' ', said;
    for (size_t i = 0; i < BLOCK; i++)
        if (i < offsetof(struct header, checksum) || i >= offsetof(struct header, type))
            sum += b[i];
    return read_number(h->checksum, sizeof h->checksum, &said) && said == sum;
}

static bool is_zero(const struct header *h)
{
    const char *b = (const char *)h;
    return b[0] == 0 && memcmp(b, b + 1, BLOCK - 1) == 0;
}

/* "prefix/name" where there is a prefix. */
static bool plain_name(const struct header *h, char ret[NAME_BYTES])
{
    bool posix = memcmp(h->magic, "ustar\0", 6) == 0;
    int prefix = posix ? (int)strnlen(h->prefix, sizeof h->prefix) : 0;
    int n = snprintf(ret, NAME_BYTES, "%.*s%s%.*s", prefix, h->prefix, prefix ? "/" : "",
                     (int)strnlen(h->name, sizeof h->name), h->name);
    return n > 0 && n < NAME_BYTES;
}

/* ---- extended headers ---- */

static bool take_long_name(struct walk *w, const char *name, size_t len)
{
    while (len && name[len - 1] == 0)
        len--;
    if (len == 0 || len >= NAME_BYTES || memchr(name, 0, len)) return false;
    memcpy(w->long_name, name, len);
    w->long_name[len] = 0;
    w->has_long_name = true;
    return true;
}

static bool read_decimal(const char *text, size_t len, uint64_t *ret)
{
    uint64_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || n > UINT64_MAX / 16) return false;
        n = n * 10 + (uint64_t)(text[i] - '0');
    }
    *ret = n;
    return len > 0;
}

static enum status take_record(struct walk *w, struct span key, struct span value,
                               struct error *err)
{
    if (span_equals(key, "path") && !take_long_name(w, value.data, value.len))
        return bad(w, "a name in a pax header is empty, too long or holds a NUL", err);
    if (span_equals(key, "size")) {
        w->has_size = read_decimal(value.data, value.len, &w->size);
        if (!w->has_size) return bad(w, "a size in a pax header is no number", err);
    }
    if (key.len > 11 && memcmp(key.data, "GNU.sparse.", 11) == 0)
        return refuse(w, "a member", "a sparse file", err);
    return STATUS_OK;
}

/* "27 path=some/name\n", one behind the other. */
static enum status take_pax(struct walk *w, const char *text, uint64_t len, struct error *err)
{
    while (len > 0) {
        uint64_t n = 0;
        const char *space = memchr(text, ' ', len < 20 ? (size_t)len : 20);
        if (!space || !read_decimal(text, (size_t)(space - text), &n) || n > len ||
            n < (uint64_t)(space - text) + 3 || text[n - 1] != '\n')
            return bad(w, "a record of a pax header has no length", err);
        const char *key = space + 1, *end = text + n - 1;
        const char *equals = memchr(key, '=', (size_t)(end - key));
        if (!equals) return bad(w, "a record of a pax header has no value", err);
        enum status st = take_record(w, (struct span){ key, (size_t)(equals - key) },
                                     (struct span){ equals + 1, (size_t)(end - equals - 1) }, err);
        if (st) return st;
        text += n;
        len -= n;
    }
    return STATUS_OK;
}

/* ---- members ---- */

static const char *odd_type(char type)
{
    switch (type) {
    case '1': return "a hard link";
    case '2':
    case 'K': return "a link";
    case '3':
    case '4': return "a device";
    case '6': return "a pipe";
    case 'S': return "a sparse file";
    default: return "of a kind that is not known";
    }
}

/* Checks the name as it lies in the folder: "./a" is "a", and a folder may end in a slash. */
static enum status check_name(const struct walk *w, char *name, bool is_folder, const char **ret,
                              struct error *err)
{
    char *at = name;
    size_t len;
    while (at[0] == '.' && at[1] == '/')
        for (at += 2; *at == '/';)
            at++;
    while (is_folder && (len = strlen(at)) > 1 && at[len - 1] == '/')
        at[len - 1] = 0;
    *ret = at;
    if (is_folder && (!*at || strcmp(at, ".") == 0)) return STATUS_OK;
    enum status st = model_scan_check_name(at, err);
    if (st) return error_wrap(err, st, "the archive %.200s", w->archive_name);
    const char *last = strrchr(at, '/');
    if (strncmp(last ? last + 1 : at, ".wh.", 4) == 0)
        return refuse(w, at, "a whiteout of a container image", err);
    return STATUS_OK;
}

static enum status take_member(struct walk *w, const struct header *h, uint64_t bytes,
                               struct error *err)
{
    char name[NAME_BYTES];
    struct tar_file f = { .begin = w->at + BLOCK, .bytes = bytes };
    bool is_folder = h->type == '5', is_file = h->type == '0' || h->type == 0 || h->type == '7';
    if (w->has_long_name) memcpy(name, w->long_name, sizeof name);
    else if (!plain_name(h, name)) return bad(w, "a file has no name", err);
    w->has_long_name = w->has_size = false;
    /* Before pax a folder could be a file whose name ends in a slash. */
    if (h->type == 0 && name[strlen(name) - 1] == '/') is_folder = true;
    if (!is_file && !is_folder) return refuse(w, name, odd_type(h->type), err);
    enum status st = check_name(w, name, is_folder, &f.name, err);
    if (st || is_folder) return st;
    return w->each(w->ctx, &f, err);
}

/* The block at w->at, with what belongs to it; w->at is moved behind. */
static enum status take_block(struct walk *w, const struct header *h, struct error *err)
{
    uint64_t bytes, room = w->archive.len - w->at - BLOCK;
    if (!checksum_holds(h)) return bad(w, "the checksum of a header does not hold", err);
    if (!read_number(h->size, sizeof h->size, &bytes)) return bad(w, "a size is no number", err);
    const char *content = w->archive.data + w->at + BLOCK;
    bool extended = h->type == 'x' || h->type == 'g' || h->type == 'L';
    if (!extended && w->has_size) bytes = w->size;
    if (!extended && h->type == '5') bytes = 0;
    if (bytes > room) return bad(w, "a file ends behind the archive", err);
    if (extended && bytes > PAX_BYTES_MAX) return bad(w, "an extended header is too long", err);
    enum status st = STATUS_OK;
    if (h->type == 'L' && !take_long_name(w, content, (size_t)bytes))
        st = bad(w, "a long name is empty, too long or holds a NUL", err);
    else if (h->type == 'x') st = take_pax(w, content, bytes, err);
    else if (!extended) st = take_member(w, h, bytes, err);
    uint64_t padded = (bytes + BLOCK - 1) / BLOCK * BLOCK;
    w->at += BLOCK + (padded < room ? padded : room);
    return st;
}

enum status tar_walk(struct span archive, const char *name, tar_file_fn *each, void *ctx,
                     struct error *err)
{
    struct walk w = { .archive_name = name, .archive = archive, .each = each, .ctx = ctx };
    for (int i = 0; w.at < archive.len; i++) {
        struct header h;
        if (archive.len - w.at < BLOCK) return bad(&w, "it ends inside a header", err);
        if (i == HEADERS_MAX)
            return error_set(err, STATUS_LIMIT, "the archive %.200s holds more than %d members",
                             name, HEADERS_MAX);
        memcpy(&h, archive.data + w.at, BLOCK);
        if (is_zero(&h)) return STATUS_OK;
        enum status st = take_block(&w, &h, err);
        if (st) return st;
    }
    return STATUS_OK;
}
