/* Text to token ids and back, from the model's own files.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Byte-level BPE (tokenizer.json, vocab.json + merges.txt, GGUF gpt2), tiktoken ranks,
 * SentencePiece BPE and unigram with byte fallback (tokenizer.model, tokenizer.json, GGUF
 * llama/t5). What a file asks for and this code cannot do exactly (an unknown pre-tokenizer,
 * normaliser, model or post-processor) is STATUS_UNSUPPORTED and names it; nothing falls back to a default.
 * A tokenizer is immutable: any number of threads may use one at once.
 *
 * Which tokens does text give? In trusted text (parse_special) every added, control and
 * user-defined token. In any other text only words of the vocabulary: control tokens never; of
 * added tokens that the vendor does not call special, those that do not look like markup
 * (<...> or [...]: <think>, <tool_call> stay text); of SentencePiece's user-defined pieces all but
 * those of the form <|...|> or that tokenizer_config.json calls special. Merging never ends in a
 * special token either.
 *
 * Bytes: what a byte-level vocabulary has no token for (DeepSeek: 0xC0, 0xC1, 0xF5 up), but an
 * added token with the letter of that byte ("\xC3\xBC" for 0xFC), is written as a lone lead byte and
 * that token, and read back so; no valid text holds that pair. */
#ifndef LM_TOKENIZER_TOKENIZER_H
#define LM_TOKENIZER_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/span.h"
#include "base/core/status.h"
#include "lm/format/source.h"

struct tokenizer;

/* Compiled forms: a large tokenizer parses slowly, so what was made of its files can be kept. A form is
 * checked before it is believed; a damaged or missing one is rebuilt. */
typedef void tokenizer_keep_fn(void *ctx, struct span form);
struct tokenizer_options {
    /* A folder of forms, each under the digest of its files; NULL: none. Failing to write one is no
     * error. */
    const char *cache_folder;
    /* For a process that opens no files: the form, where its parent has one, and who gets the form when
     * one was built that is worth keeping. */
    struct span form;
    tokenizer_keep_fn *keep;
    void *keep_ctx;
};

/* The name under which the form for a model's open files is kept. It stands for the content of the
 * tokenizer's files and for the identity of all files: a form serves no model but the one whose
 * worker made it. */
#define TOKENIZER_FORM_NAME_BYTES 96
enum status tokenizer_form_name(const struct file_set_entry *files, size_t count,
                                char ret[TOKENIZER_FORM_NAME_BYTES], struct error *err);

/* STATUS_NOT_FOUND when the source has no tokenizer files. The source may be closed afterwards. */
enum status tokenizer_open(struct tokenizer **ret, struct source *source,
                           const struct tokenizer_options *options, struct error *err);
void tokenizer_free(struct tokenizer *t);

/* Growing list of ids. */
struct token_list {
    int32_t *ids;
    size_t count, cap;
    size_t count_max; /* 0: TOKEN_LIST_MAX */
};
#define TOKEN_LIST_MAX ((size_t)1 << 28)
void token_list_release(struct token_list *l);
enum status token_list_push(struct token_list *l, int32_t id, struct error *err);

/* Appends the ids of text[0..len) to `out`; any bytes are accepted where the tokenizer can spell
 * them, else STATUS_BAD_INPUT says where. parse_special: special tokens written in the text become
 * their ids; otherwise they are plain text, as a user's words must be. Adds no BOS. */
enum status tokenizer_encode(const struct tokenizer *t, const char *text, size_t len,
                             bool parse_special, struct token_list *out, struct error *err);

/* The same for text of two origins, as a chat template gives it: special tokens are recognised
 * only where all of their bytes lie outside of the `data` ranges (ascending, disjoint). What stands
 * between special tokens is encoded as one text, whoever wrote its parts. */
enum status tokenizer_encode_mixed(const struct tokenizer *t, const char *text, size_t len,
                                   const struct byte_range *data, size_t data_count,
                                   struct token_list *out, struct error *err);

/* Appends the bytes of ids to `out`, as the vendor's decoder does (SentencePiece: one leading space of
 * the whole text dropped when the encoder adds one). Ids out of range are STATUS_BAD_INPUT. */
enum status tokenizer_decode(const struct tokenizer *t, const int32_t *ids, size_t count,
                             struct buf *out, struct error *err);

/* Incremental decoding: bytes come out as soon as they are whole UTF-8; a code point split over tokens is held
 * back. Joined output of feed... + finish equals tokenizer_decode of all ids. */
struct detokenizer {
    const struct tokenizer *tokenizer;
    char held[8];
    int held_bytes;
    bool
        at_start; /* nothing fed yet: a leading blank may be dropped. Set it to false where the text goes on. */
    bool skip_special; /* special tokens give no text */
};
void detokenizer_init(struct detokenizer *d, const struct tokenizer *t, bool skip_special);
enum status detokenizer_feed(struct detokenizer *d, int32_t id, struct buf *out, struct error *err);
void detokenizer_finish(struct detokenizer *d,
                        struct buf *out); /* flushes held bytes as they are */

/* Facts. */
int64_t tokenizer_vocab_size(
    const struct tokenizer *t); /* highest id + 1; ids without a token inside are possible */
const char *tokenizer_kind(
    const struct tokenizer *t); /* "byte-level BPE", "SentencePiece BPE", ... */
const char *tokenizer_pre(
    const struct tokenizer *t); /* name of the pre-tokenizer: "qwen2"; "" if none */
/* Raw bytes of a token as it appears in text ("\xE4" for a byte token); {NULL,0} for a hole. */
struct span tokenizer_piece(const struct tokenizer *t, int32_t id);
bool tokenizer_is_special(const struct tokenizer *t, int32_t id);
/* -1 when there is no such token. */
int32_t tokenizer_find(const struct tokenizer *t, const char *piece, size_t len);
/* What the files say goes around a text: -1 = none. */
int32_t tokenizer_bos(const struct tokenizer *t);
int32_t tokenizer_eos(const struct tokenizer *t);
bool tokenizer_adds_bos(const struct tokenizer *t);
bool tokenizer_adds_eos(const struct tokenizer *t);
/* The token that goes behind a whole text where adds_eos: mostly EOS, but a post-processor may name
 * another (Qwen3-Embedding); -1: none. */
int32_t tokenizer_ending(const struct tokenizer *t);
/* Chat template text as shipped with the tokenizer; {NULL,0} when none. */
struct span tokenizer_chat_template(const struct tokenizer *t);

#endif
