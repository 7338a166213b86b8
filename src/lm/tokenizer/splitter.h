/* Pre-tokenizers: where a text is cut before pieces are encoded one by one.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A splitter is a list of stages; each cuts the pieces of the one before. The patterns that
 * nearly all models use are written by hand (split_patterns.c); any other regular expression of a
 * tokenizer.json runs through PCRE2 with limits on its work (split_regex.c). */
#ifndef LM_TOKENIZER_SPLITTER_H
#define LM_TOKENIZER_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/span.h"
#include "base/core/status.h"

#define SPLIT_STAGES_MAX        12
#define SPLIT_PATTERN_BYTES_MAX 16384

/* End of the piece that begins at text[pos]; pieces cover the text without gaps. */
typedef size_t split_fn(const char *text, size_t pos, size_t len);

/* A pattern by name, as GGUF files and the loaders call it. */
struct split_pattern {
    const char *regex; /* as vendors write it; how a tokenizer.json asks for it */
    split_fn *fn;      /* hand-written; NULL: PCRE2 runs `regex` */
};

enum split_behavior {
    SPLIT_ISOLATED,
    SPLIT_REMOVED,
    SPLIT_MERGED_PREVIOUS,
    SPLIT_MERGED_NEXT,
    SPLIT_BEHAVIOR_COUNT
};

struct split_regex; /* a compiled expression */

struct split_stage {
    split_fn *fn;              /* or */
    struct split_regex *regex; /* or */
    char *literal;             /* owned; beside a regex: its source */
    size_t literal_bytes;
    enum split_behavior behavior; /* of regex and literal */
    bool invert;                  /* the gaps are the matches */
};

struct splitter {
    struct split_stage stages[SPLIT_STAGES_MAX];
    int count;
};

void splitter_release(struct splitter *s);
/* A regular expression in the dialect of tokenizer.json (Oniguruma); known ones get their hand-written form. */
enum status splitter_add_regex(struct splitter *s, struct span regex, enum split_behavior behavior,
                               bool invert, struct error *err);
/* The same through PCRE2 always, for comparison in tests. */
enum status splitter_add_pcre(struct splitter *s, struct span regex, enum split_behavior behavior,
                              bool invert, struct error *err);
enum status splitter_add_literal(struct splitter *s, struct span literal,
                                 enum split_behavior behavior, bool invert, struct error *err);
enum status splitter_add_fn(struct splitter *s, split_fn *fn, struct error *err);
/* All stages of a pre-tokenizer by name ("qwen2"); STATUS_UNSUPPORTED lists the known names. */
enum status splitter_add_named(struct splitter *s, const char *name, struct error *err);

/* Name of the pre-tokenizer that is this one expression, NULL when it is none. */
const char *splitter_name_of(struct span regex);

/* Pattern i of the list, NULL past the end: for tests. */
const struct split_pattern *splitter_pattern(int i);

/* Functions by number, for files that hold a splitter: -1 and NULL where there is none. */
int splitter_fn_number(split_fn *fn);
split_fn *splitter_fn_at(int number);

/* Facts that go with a name in GGUF files. */
struct split_facts {
    bool ignore_merges, adds_bos;
};
bool splitter_facts(const char *name, struct split_facts *ret);

/* Growing list of piece boundaries; two lists take turns when there are several stages. */
struct split_range {
    size_t begin, end;
};
struct split_list {
    struct split_range *items;
    size_t count, cap;
};
enum status split_list_push(struct split_list *l, size_t begin, size_t end, struct error *err);
void split_list_release(struct split_list *l);

/* Pieces of text[0..len) into `out` (cleared first); `spare` is working memory. */
enum status splitter_run(const struct splitter *s, const char *text, size_t len,
                         struct split_list *out, struct split_list *spare, struct error *err);

/* Hand-written patterns. */
split_fn split_gpt2, split_llama3, split_qwen2, split_qwen35, split_cl100k, split_o200k,
    split_tekken, split_seed_coder, split_digits_one, split_digits_three, split_digits_all,
    split_deepseek_v3_cjk, split_deepseek_v3_words, split_before_space;

/* split_regex.c */
enum status split_regex_new(struct split_regex **ret, struct span regex, struct error *err);
void split_regex_free(struct split_regex *r);
/* What one thread needs to run an expression over many pieces. */
struct split_matcher {
    const struct split_regex *regex;
    struct pcre2_real_match_data_8 *data;
    struct pcre2_real_match_context_8 *context;
    struct pcre2_real_jit_stack_8 *stack;
};
enum status split_matcher_init(struct split_matcher *ret, const struct split_regex *r,
                               struct error *err);
void split_matcher_release(struct split_matcher *m);
/* Matches in text[range], as [begin, end) pushed on `out`. */
enum status split_matcher_run(const struct split_matcher *m, const char *text,
                              struct split_range range, struct split_list *out, struct error *err);

#endif
