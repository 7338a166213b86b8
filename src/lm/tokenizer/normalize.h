/* What happens to a text before it is cut: Unicode normal forms, replacements.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_TOKENIZER_NORMALIZE_H
#define LM_TOKENIZER_NORMALIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/span.h"
#include "base/core/status.h"

#define NORM_STEPS_MAX          16
#define NORM_TEXT_BYTES_MAX     4096 /* of a replacement */
#define NORM_CHARSMAP_BYTES_MAX ((size_t)1 << 24)
#define NORM_MARKS_MAX          512 /* combining marks in a row: sorting them costs the square */
#define NORM_OUTPUT_BYTES_MAX   ((size_t)1 << 32)

enum norm_kind {
    NORM_NFC,
    NORM_NFD,
    NORM_NFKC,
    NORM_NFKD,
    NORM_LOWERCASE,
    NORM_REPLACE, /* a by b */
    NORM_PREPEND, /* a, unless the text is empty */
    NORM_STRIP,   /* white space at the ends */
    NORM_SQUEEZE, /* SentencePiece's remove_extra_whitespaces: blanks at the ends gone, runs to one */
    NORM_CHARSMAP, /* SentencePiece's precompiled map, in a */
    NORM_KIND_COUNT
};

struct norm_step {
    enum norm_kind kind;
    char *a, *b; /* owned */
    size_t a_bytes, b_bytes;
    bool left, right; /* NORM_STRIP */
};

struct normalizer {
    struct norm_step steps[NORM_STEPS_MAX];
    int count;
};

void normalizer_release(struct normalizer *n);
enum status normalizer_add(struct normalizer *n, enum norm_kind kind, struct span a, struct span b,
                           bool left, bool right, struct error *err);
/* The normalised text: either `text` itself or the content of one of the two buffers. */
enum status normalizer_run(const struct normalizer *n, struct span text, struct buf *one,
                           struct buf *two, struct span *ret, struct error *err);

/* nfc.c: true when the text surely is in NFC; false when it may not be. */
bool nfc_quick_check(struct span text);
/* Appends the normal form `kind` of text; invalid bytes are kept as they are. */
enum status nfc_append(struct buf *out, struct span text, enum norm_kind kind, struct error *err);

/* charsmap.c: STATUS_BAD_INPUT for a map that is not whole. */
enum status charsmap_check(struct span map, struct error *err);
void charsmap_append(struct buf *out, struct span map, struct span text);

#endif
