/* Unicode normal forms by utf8proc, behind a quick check that nearly all text passes.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <utf8proc.h>

#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "lm/tokenizer/normalize.h"

/* Ranges whose characters are NFC_Quick_Check=Yes, never combine with what follows them in the same
 * ranges and are never moved (combining class 0): sorted, inclusive. What is missing only costs time. */
static const uint32_t safe[][2] = {
    { 0x0000, 0x02FF }, { 0x0388, 0x03CE }, { 0x0400, 0x0482 }, { 0x048A, 0x052F },
    { 0x05D0, 0x05EA }, { 0x0620, 0x064A }, { 0x0660, 0x066F }, { 0x0671, 0x06D3 },
    { 0x0E01, 0x0E37 }, { 0x0E3F, 0x0E47 }, { 0x1E00, 0x1EFF }, { 0x2002, 0x2027 },
    { 0x2030, 0x205E }, { 0x20A0, 0x20BF }, { 0x2190, 0x2328 }, { 0x232B, 0x2ADB },
    { 0x3000, 0x3029 }, { 0x3030, 0x3096 }, { 0x309D, 0x30FF }, { 0x3105, 0x312F },
    { 0x3131, 0x318E }, { 0x3400, 0x4DB5 }, { 0x4E00, 0x9FEF }, { 0xAC00, 0xD7A3 },
    { 0xFEFF, 0xFEFF }, { 0xFF01, 0xFF60 }, { 0xFFFC, 0xFFFD }, { 0x1F300, 0x1F9FF },
};
#define SAFE_COUNT (sizeof(safe) / sizeof(*safe))

static bool is_safe(uint32_t cp)
{
    size_t low = 0, high = SAFE_COUNT;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (cp > safe[mid][1]) low = mid + 1;
        else high = mid;
    }
    return low < SAFE_COUNT && cp >= safe[low][0];
}

bool nfc_quick_check(struct span text)
{
    for (size_t i = 0; i < text.len;) {
        uint64_t word;
        if (text.len - i >= 8) {
            memcpy(&word, text.data + i, 8);
            if (!(word & 0x8080808080808080u)) {
                i += 8;
                continue;
            }
        }
        uint32_t cp;
        int bytes = utf8_decode(text.data + i, text.len - i, &cp);
        if (!bytes) {
            i++; /* an invalid byte is kept and separates */
            continue;
        }
        if (!is_safe(cp)) return false;
        i += (size_t)bytes;
    }
    return true;
}

#define CHUNK_BYTES_MAX ((size_t)1 << 28)

static int options_of(enum norm_kind kind)
{
    switch (kind) {
    case NORM_NFD: return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
    case NORM_NFKC: return UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    case NORM_NFKD: return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
    default: return UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    }
}

static enum status check_marks(struct span text, struct error *err)
{
    uint32_t cp;
    int bytes, marks = 0;
    for (size_t i = 0; i < text.len; i += bytes ? (size_t)bytes : 1) {
        bytes = utf8_decode(text.data + i, text.len - i, &cp);
        marks = utf8proc_get_property((utf8proc_int32_t)cp)->combining_class ? marks + 1 : 0;
        if (marks > NORM_MARKS_MAX)
            return error_set(err, STATUS_LIMIT,
                             "the text has more than %d combining marks in a row at byte %zu",
                             NORM_MARKS_MAX, i);
    }
    return STATUS_OK;
}

static enum status append_valid(struct buf *out, struct span text, enum norm_kind kind,
                                struct error *err)
{
    int options = options_of(kind);
    if (text.len > CHUNK_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "a text of %zu bytes is too long to normalise",
                         text.len);
    enum status status = check_marks(text, err);
    if (status) return status;
    const utf8proc_uint8_t *s = (const utf8proc_uint8_t *)text.data;
    utf8proc_ssize_t count =
        utf8proc_decompose(s, (utf8proc_ssize_t)text.len, NULL, 0, (utf8proc_option_t)options);
    if (count < 0)
        return error_set(err, STATUS_LIMIT, "the text cannot be normalised: %s",
                         utf8proc_errmsg(count));
    utf8proc_int32_t *points = mem_alloc(((size_t)count + 1) * sizeof(*points));
    if (!points)
        return error_set(err, STATUS_NO_MEMORY, "no memory to normalise %zu bytes", text.len);
    count = utf8proc_decompose(s, (utf8proc_ssize_t)text.len, points, count,
                               (utf8proc_option_t)options);
    if (count >= 0) count = utf8proc_reencode(points, count, (utf8proc_option_t)options);
    if (count < 0)
        status = error_set(err, STATUS_LIMIT, "the text cannot be normalised: %s",
                           utf8proc_errmsg(count));
    else if (!buf_append(out, points, (size_t)count))
        status = buf_check(out, "the normalised text", err);
    mem_free(points);
    return status;
}

enum status nfc_append(struct buf *out, struct span text, enum norm_kind kind, struct error *err)
{
    enum status status = STATUS_OK;
    while (text.len && !status) {
        size_t valid = utf8_valid_prefix(text.data, text.len);
        if (valid) status = append_valid(out, (struct span){ text.data, valid }, kind, err);
        size_t bad = valid < text.len; /* one byte */
        if (bad && !status && !buf_append(out, text.data + valid, 1))
            status = buf_check(out, "the text", err);
        text.data += valid + bad;
        text.len -= valid + bad;
    }
    return status;
}
