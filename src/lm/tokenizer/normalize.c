/* What happens to a text before it is cut: the steps, one after the other.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/tokenizer/normalize.h"

#include <string.h>
#include <utf8proc.h>

#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "lm/tokenizer/char_class.h"

void normalizer_release(struct normalizer *n)
{
    for (int i = 0; i < n->count; i++) {
        mem_free(n->steps[i].a);
        mem_free(n->steps[i].b);
    }
    *n = (struct normalizer){ .count = 0 };
}

enum status normalizer_add(struct normalizer *n, enum norm_kind kind, struct span a, struct span b,
                           bool left, bool right, struct error *err)
{
    if (n->count == NORM_STEPS_MAX)
        return error_set(err, STATUS_LIMIT, "the normalizer has more than %d steps",
                         NORM_STEPS_MAX);
    size_t max = kind == NORM_CHARSMAP ? NORM_CHARSMAP_BYTES_MAX : NORM_TEXT_BYTES_MAX;
    if (a.len > max || b.len > NORM_TEXT_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "a text of the normalizer is longer than %zu bytes",
                         max);
    if (kind == NORM_CHARSMAP) {
        enum status status = charsmap_check(a, err);
        if (status) return status;
    }
    if (kind == NORM_REPLACE && !a.len)
        return error_set(err, STATUS_BAD_INPUT, "the normalizer replaces an empty text");
    struct norm_step step = { kind, NULL, NULL, a.len, b.len, left, right };
    step.a = mem_copy_text(a.data ? a.data : "", a.len);
    step.b = mem_copy_text(b.data ? b.data : "", b.len);
    if (!step.a || !step.b) {
        mem_free(step.a);
        mem_free(step.b);
        return error_set(err, STATUS_NO_MEMORY, "no memory for a normalizer");
    }
    n->steps[n->count++] = step;
    return STATUS_OK;
}

static void replace(struct buf *out, const struct norm_step *step, struct span text)
{
    size_t from = 0;
    for (size_t i = 0; i + step->a_bytes <= text.len;) {
        if (text.data[i] != step->a[0] || memcmp(text.data + i, step->a, step->a_bytes)) {
            i++;
            continue;
        }
        buf_append(out, text.data + from, i - from);
        buf_append(out, step->b, step->b_bytes);
        from = i += step->a_bytes;
    }
    buf_append(out, text.data + from, text.len - from);
}

static void lowercase(struct buf *out, struct span text)
{
    while (text.len) {
        uint32_t cp;
        char bytes[4];
        int n = utf8_decode(text.data, text.len, &cp);
        if (cp == 0x130 && n) {
            buf_append(out, "i\xCC\x87", 3); /* the one letter whose lower case is two */
        } else if (n) {
            int32_t lower = utf8proc_tolower((utf8proc_int32_t)cp);
            buf_append(out, bytes, (size_t)utf8_encode((uint32_t)lower, bytes));
        } else {
            buf_append(out, text.data, n = 1);
        }
        text.data += n;
        text.len -= (size_t)n;
    }
}

static struct span strip(struct span text, bool left, bool right)
{
    size_t bytes, end = 0;
    while (left && text.len && (char_class(text.data, text.len, &bytes) & CHAR_SPACE)) {
        text.data += bytes;
        text.len -= bytes;
    }
    for (size_t i = 0; right && i < text.len; i += bytes)
        if (!(char_class(text.data + i, text.len - i, &bytes) & CHAR_SPACE)) end = i + bytes;
    if (right) text.len = end;
    return text;
}

/* U+2581 counts as a blank at the end only: SentencePiece trims what it has written, but
 * squeezes what it reads. */
static void squeeze(struct buf *out, struct span text)
{
    for (size_t before = text.len + 1; before != text.len;) {
        before = text.len;
        if (text.len && text.data[text.len - 1] == ' ') text.len--;
        if (text.len >= 3 && !memcmp(text.data + text.len - 3, "\xE2\x96\x81", 3)) text.len -= 3;
    }
    bool blank = true;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != ' ' || !blank) buf_byte(out, text.data[i]);
        blank = text.data[i] == ' ';
    }
}

static enum status run_step(const struct norm_step *step, struct span text, struct buf *out,
                            struct error *err)
{
    switch (step->kind) {
    case NORM_LOWERCASE: lowercase(out, text); break;
    case NORM_REPLACE: replace(out, step, text); break;
    case NORM_PREPEND:
        if (text.len) buf_append(out, step->a, step->a_bytes);
        buf_append(out, text.data, text.len);
        break;
    case NORM_STRIP:
        text = strip(text, step->left, step->right);
        buf_append(out, text.data, text.len);
        break;
    case NORM_SQUEEZE: squeeze(out, text); break;
    case NORM_CHARSMAP: charsmap_append(out, (struct span){ step->a, step->a_bytes }, text); break;
    default: return nfc_append(out, text, step->kind, err);
    }
    return buf_check(out, "the normalised text", err);
}

enum status normalizer_run(const struct normalizer *n, struct span text, struct buf *one,
                           struct buf *two, struct span *ret, struct error *err)
{
    for (int i = 0; i < n->count; i++) {
        const struct norm_step *step = &n->steps[i];
        if (step->kind == NORM_NFC && nfc_quick_check(text)) continue;
        struct buf *out = text.data && text.data == one->data ? two : one;
        buf_clear(out);
        enum status status = run_step(step, text, out, err);
        if (status) return status;
        text = (struct span){ out->data ? out->data : "", out->len };
    }
    *ret = text;
    return STATUS_OK;
}
