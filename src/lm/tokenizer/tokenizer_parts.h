/* What a tokenizer is made of: filled by the loaders, completed by tokenizer_finish(), then immutable.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Blanks: where a vocabulary writes U+2581 for a blank (blank_mark), tokens are kept with the blank
 * itself, and U+2581 in a text is read as one; tokens that hold a literal blank never match. */
#ifndef LM_TOKENIZER_TOKENIZER_PARTS_H
#define LM_TOKENIZER_TOKENIZER_PARTS_H

#include "lm/format/gguf.h"
#include "lm/tokenizer/bpe.h"
#include "lm/tokenizer/normalize.h"
#include "lm/tokenizer/prefix_set.h"
#include "lm/tokenizer/seams.h"
#include "lm/tokenizer/splitter.h"
#include "lm/tokenizer/tokenizer.h"
#include "lm/tokenizer/vocab.h"

enum model_kind {
    MODEL_BYTE_BPE, /* byte-level BPE by merge list */
    MODEL_TIKTOKEN, /* byte-level BPE by ranks of tokens */
    MODEL_CHAR_BPE, /* BPE by merge list over characters */
    MODEL_SP_BPE,   /* SentencePiece BPE: any two neighbours that form a piece, best score first */
    MODEL_UNIGRAM,  /* the segmentation with the best sum of scores */
    MODEL_KIND_COUNT
};

enum prefix_kind {
    PREFIX_NONE,
    PREFIX_ALWAYS,        /* a blank before each run of text */
    PREFIX_IF_NONE,       /* ... unless it begins with one */
    PREFIX_FIRST_IF_NONE, /* ... and only at the very start */
    PREFIX_KIND_COUNT
};

#define TOKENIZER_NAME_BYTES    64
#define CHAT_TEMPLATE_BYTES_MAX ((size_t)4 << 20)

struct tokenizer {
    enum model_kind model;
    struct vocab vocab;
    struct bpe_merges
        merges; /* as loaded; released once the table stands, kept for the cache until then */
    struct bpe bpe;
    struct seams seams; /* of byte-level models */
    struct normalizer normalizer;
    struct splitter splitter;
    char pre[TOKENIZER_NAME_BYTES]; /* name of the splitter */
    enum prefix_kind prefix;
    bool blank_mark;
    bool ignore_merges;  /* a piece that is a token needs no merging */
    bool byte_fallback;  /* characters without a token are spelled in byte tokens */
    bool fuse_unknown;   /* neighbouring unknowns become one */
    bool cut_user;       /* TOKEN_USER is cut out by the model, not before the normaliser */
    bool strip_blank;    /* decoding drops one leading blank */
    bool strip_more;     /* ... and goes on with the next token while no text has come out */
    int32_t unknown_id;  /* -1: none */
    float unknown_score; /* unigram */
    int32_t bos, eos;
    int32_t ending; /* goes behind a text where adds_eos; -1: none */
    bool adds_bos, adds_eos;
    struct buf chat_template;
    bool has_chat_template;
    struct prefix_set plain;   /* cut out of any text */
    struct prefix_set trusted; /* cut out of trusted text */
    struct prefix_set pieces;  /* unigram: all that match; SentencePiece: user-defined pieces */
    /* Bytes that no token spells, but for whose letter in the byte alphabet there is an added token
     * (DeepSeek: 0xFC and "ü"): its id, else -1. See tokenizer_decode in tokenizer.h. */
    int32_t byte_alias[256];
};

struct tokenizer *tokenizer_new(struct error *err);
/* Names the pre-tokenizer, unless it has a name. */
void tokenizer_set_pre(struct tokenizer *t, const char *name);
/* Builds indexes; checks what must hold between the parts. Only reads what loaders set. */
enum status tokenizer_finish(struct tokenizer *t, struct error *err);
/* Marks the tokens that a piece with their bytes encodes to (byte-level models). */
enum status tokenizer_mark_whole(struct tokenizer *t, struct error *err);

/* Working memory of one encode call. */
struct encode_scratch {
    struct buf one, two, three;
    struct split_list pieces, spare;
    struct bpe_scratch bpe;
    struct token_list symbols;
    void *block; /* SentencePiece models */
    size_t block_bytes;
};
void *encode_scratch_block(struct encode_scratch *s, size_t count, size_t item_bytes,
                           struct error *err);

/* One piece of normalised text. */
enum status encode_bpe_piece(const struct tokenizer *t, struct span piece, struct encode_scratch *s,
                             struct token_list *out, struct error *err);
enum status encode_sp_bpe(const struct tokenizer *t, struct span text, struct encode_scratch *s,
                          struct token_list *out, struct error *err);
enum status encode_unigram(const struct tokenizer *t, struct span text, struct encode_scratch *s,
                           struct token_list *out, struct error *err);
/* Bytes that no piece covers: byte tokens, or the unknown token, or an error. */
enum status encode_unknown(const struct tokenizer *t, struct span text, bool after_unknown,
                           struct token_list *out, struct error *err);

/* Byte <-> character of GPT-2's byte alphabet. Appends the bytes of `text`; false when a character is not in it. */
bool byte_alphabet_append(struct buf *out, struct span text);
/* UTF-8 of a byte's character; returns its bytes, 1 or 2. */
int byte_alphabet_char(uint8_t byte, char out[4]);
/* The byte that token id is an alias of, -1: none. */
int tokenizer_alias(const struct tokenizer *t, int32_t id);
/* Appends text with U+2581 as blanks; *ret_literal: it held a blank of its own. */
void blank_mark_append(struct buf *out, struct span text, bool *ret_literal);
/* "<0xE4>" strictly: its byte, else -1. */
int byte_token_value(struct span text);
/* A decimal number of 1 to 9 digits and nothing else. */
bool text_number(struct span text, int64_t *ret);
/* <...> or [...], which people type in text too, but a vendor's tokens use as markup. */
bool looks_like_markup(struct span text);
/* <|...|> or its full-width form. */
bool looks_like_control(struct span text);

/* Loaders. Each fills a new tokenizer from its files. */
enum status load_tokenizer_json(struct tokenizer *t, struct span text, struct error *err);
enum status load_vocab_merges(struct tokenizer *t, struct span vocab_json, struct span merges_txt,
                              struct error *err);
enum status load_sentencepiece(struct tokenizer *t, struct span model, struct error *err);
enum status load_tiktoken(struct tokenizer *t, struct span text, struct error *err);
enum status load_tekken(struct tokenizer *t, struct span text, struct error *err);
enum status load_gguf_vocab(struct tokenizer *t, const struct gguf *g, struct error *err);
bool sentencepiece_looks_like(struct span bytes);

/* tokenizer_cache.c: the compiled form of a tokenizer in a folder, by digest of all that it came from.
 * A file that is missing, damaged or of another version is as if it were not there. */
enum status tokenizer_cache_key(struct source *source, char ret_name[96], struct error *err);
bool tokenizer_cache_read(const char *folder, const char *name, struct tokenizer **ret);
/* Small tokenizers are not written, they load as fast; nor is failing to write an error. */
void tokenizer_cache_write(const char *folder, const char *name, const struct tokenizer *t);
/* The compiled form with its header; make: false when it is not worth keeping, or memory is short. */
bool tokenizer_form_read(struct span form, struct tokenizer **ret);
bool tokenizer_form_make(const struct tokenizer *t, struct buf *out);
void tokenizer_form_keep(const struct tokenizer_options *options, const struct tokenizer *t);
/* The two halves, on bytes. */
bool tokenizer_unpack(struct tokenizer *t, struct span bytes);
bool tokenizer_pack(const struct tokenizer *t, struct buf *out);

#endif
