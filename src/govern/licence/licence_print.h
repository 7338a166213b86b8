/* Fingerprints of known licence texts: enough to recognise one, not enough to read one.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table is made by `hearth debug prints` from texts that are not in this repository and is
 * compiled in. Of each text it holds the identifier, the SHA-256 of its bytes and of its folded words,
 * and for texts that should also be found when changed the order of its words, each word as a number
 * of a dictionary of hashes.
 *
 * File, little endian:  "HLPRINT1"
 *   u32 dictionary words, u32 texts, u32 bytes of names
 *   u64 hash of each dictionary word, ascending
 *   texts: u32 name (offset), u32 flags, u32 word count, u32 first entry of its sequence,
 *          16 bytes of SHA-256 of the file, 16 bytes of SHA-256 of the folded words
 *   u16 sequences; names, each terminated */
#ifndef GOVERN_LICENCE_LICENCE_PRINT_H
#define GOVERN_LICENCE_LICENCE_PRINT_H

#include "base/core/buf.h"
#include "govern/licence/licence_words.h"

#define PRINT_DIGEST_BYTES   16
#define PRINT_DICTIONARY_MAX 16383
#define PRINT_TEXTS_MAX      4096

enum print_flags {
    PRINT_OSI = 1,      /* approved by the Open Source Initiative */
    PRINT_SEQUENCE = 2, /* the order of its words is known */
    PRINT_COMPANION = 4 /* a use policy or a notice: belongs to a licence, grants nothing itself */
};

/* A word of a sequence: a number of the dictionary and what it may do. */
#define PRINT_WORD(entry)    ((entry)&0x3FFF)
#define PRINT_UNKNOWN        0x3FFF
#define PRINT_WORD_OMITTABLE 0x4000 /* numbers a paragraph, title, appendix: may be missing */
#define PRINT_WORD_SLOT      0x8000 /* a copyright line: may be missing or be another's */

struct licence_print {
    const char *id; /* borrowed from the table */
    uint32_t flags;
    uint32_t words;          /* of the whole text */
    const uint8_t *sequence; /* u16 little endian [words]; NULL without PRINT_SEQUENCE */
    const uint8_t *file_digest, *words_digest;
};

struct licence_prints {
    const uint8_t *data;
    uint32_t dictionary_count, count;
    size_t texts_at, sequence_at, names_at, len;
};

/* The table that is compiled in. */
enum status licence_prints_builtin(struct licence_prints *ret, struct error *err);
/* Another one; the bytes are borrowed. Everything that they declare is checked. */
enum status licence_prints_open(struct licence_prints *ret, struct span bytes, struct error *err);
struct licence_print licence_print_at(const struct licence_prints *p, uint32_t i); /* i < count */
uint16_t licence_print_entry(const struct licence_print *p, uint32_t i);           /* i < words */
/* The word's number in the dictionary; PRINT_UNKNOWN. */
uint16_t licence_print_word(const struct licence_prints *p, uint64_t hash);

/* The words of a text that may be missing or be replaced: PRINT_WORD_* for each, into ret[count]. */
void licence_print_marks(const struct licence_words *w, bool has_appendix, uint16_t *ret);

/* One text for a new table. */
struct print_text {
    const char *id; /* borrowed */
    uint32_t flags;
    bool has_appendix;          /* what follows "end of terms and conditions" may be missing */
    struct licence_words words; /* of the text without its front matter */
    uint8_t file_digest[32], words_digest[32];
};
/* Appends the table of these texts to `out`. Of texts with the same words only
 * the first keeps their order; under another name they are left out. */
enum status licence_prints_write(struct buf *out, const struct print_text *texts, uint32_t count,
                                 struct error *err);

/* SHA-256 of the folded words. */
enum status licence_words_digest(const struct licence_words *w, uint8_t ret[32], struct error *err);

#endif
