/* The tokens of a vocabulary: their bytes, kinds and scores, found by id or by bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A token's bytes are what it stands for in text: " the", not the "Ġthe" or "▁the" of the file;
 * a byte token holds its one byte. Several tokens may share their bytes ("\n" as a piece and as a
 * byte token), hence the mask in vocab_find(). */
#ifndef LM_TOKENIZER_VOCAB_H
#define LM_TOKENIZER_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/span.h"
#include "base/core/status.h"

#define VOCAB_TOKENS_MAX      4000000
#define VOCAB_PIECE_BYTES_MAX 65536
#define VOCAB_BYTES_MAX       ((size_t)1 << 29)

enum token_kind {
    TOKEN_HOLE, /* an id without a token */
    TOKEN_NORMAL,
    TOKEN_UNKNOWN, /* stands for what cannot be spelled */
    TOKEN_CONTROL, /* recognised in trusted text only */
    TOKEN_USER,    /* a vocabulary word that is always cut out whole, in any text */
    TOKEN_ADDED,   /* not special for the vendor, but markup: recognised in trusted text only */
    TOKEN_BYTE,
    TOKEN_UNUSED,
    TOKEN_KIND_COUNT
};

enum {
    TOKEN_MATCHES = 1,    /* the model may produce it from text */
    TOKEN_WHOLE = 2,      /* a piece with these bytes encodes to this one token */
    TOKEN_STRIP_LEFT = 4, /* takes white space before it along */
    TOKEN_STRIP_RIGHT = 8,
    TOKEN_SINGLE_WORD = 16, /* only where no word character is beside it */
    TOKEN_FLAGS_ALL = 31
};

struct token {
    uint32_t offset, len; /* into vocab.bytes */
    float score;
    uint8_t kind; /* enum token_kind */
    uint8_t flags;
    uint16_t zero; /* so that a token written to disk has no undefined byte */
};

struct vocab_slot {
    uint32_t hash;
    uint32_t id_plus_one; /* 0: empty */
};

struct vocab {
    struct token *tokens;
    int32_t count, cap; /* highest id + 1 */
    struct buf bytes;
    struct vocab_slot *slots; /* NULL until vocab_index() */
    size_t slot_mask;
    int32_t byte_ids[256]; /* token of each byte; -1: none */
};

void vocab_init(struct vocab *v);
void vocab_release(struct vocab *v);
/* STATUS_BAD_INPUT for an id out of range or one that is taken. */
enum status vocab_set(struct vocab *v, int64_t id, struct span bytes, enum token_kind kind,
                      int flags, float score, struct error *err);
/* Builds the index over all tokens; call again after more vocab_set. */
enum status vocab_index(struct vocab *v, struct error *err);
/* Lowest id with these bytes and any of `flags` (0: no condition), -1 when there is none. */
int32_t vocab_find(const struct vocab *v, struct span bytes, int flags);
/* {NULL,0} for a hole or an id out of range. */
struct span vocab_bytes(const struct vocab *v, int32_t id);
bool vocab_has(const struct vocab *v, int64_t id);

#endif
