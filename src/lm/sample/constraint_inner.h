/* What a constraint holds: its program, and the masks that it remembers.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_SAMPLE_CONSTRAINT_INNER_H
#define LM_SAMPLE_CONSTRAINT_INNER_H

#include "lm/sample/constraint.h"
#include "lm/sample/constraint_run.h"
#include "lm/sample/regex.h"

#define LOCAL_SLOTS  256  /* masks of what one top frame allows by itself */
#define POPS_MAX     4096 /* places in the vocabulary where such a frame ends */
#define STATE_SLOTS  64   /* masks of whole states */
#define SPECIALS_MAX 64   /* special tokens that a program names */

/* Where in the vocabulary's tree a top frame ends within a token. */
#define POP_ROOT UINT32_MAX          /* before its first byte */
#define POP_HARD ((uint32_t)1 << 31) /* + node of the tree `hard`; else of `all` */

struct local_slot {
    uint32_t kind, a, b, low, high; /* of the frame; kind is + 1, 0: empty */
    uint32_t pop_count;
    uint64_t *mask;
    uint32_t *pops;
};
struct state_slot {
    uint64_t key[2]; /* 0, 0: empty */
    uint64_t *mask;
};

struct constraint {
    struct build build; /* owns the program's memory */
    struct program program;
    struct automaton_facts *facts;
    const struct vocab_trie *vocab;
    char type[24];
    int32_t ends[CONSTRAINT_ENDS_MAX];
    size_t end_count;
    int32_t specials[SPECIALS_MAX];
    size_t special_count;
    struct run run; /* scratch for steps and walks */
    struct local_slot local[LOCAL_SLOTS];
    struct state_slot states[STATE_SLOTS];
    uint64_t *mask_memory;
    uint32_t *pop_memory;
    struct tops *levels; /* [VOCAB_TOKEN_BYTES_MAX + 1] */
    struct tops start_tops;
    uint64_t local_turn, state_turn;
    int64_t compile_ns;
};

struct constraint_state {
    struct constraint *c;
    struct frame *frames;
    uint64_t *words;
    uint32_t frame_count, word_count;
    struct tops tops;
    bool ended;
};

/* Loads a state into the scratch run; stores what configurations `tops` of it need. */
void state_load(const struct constraint_state *s);
void state_store(struct constraint_state *s, const struct tops *tops);
/* Ors into `mask` the tokens that the loaded configurations allow. */
void mask_compute(struct constraint *c, const struct tops *tops, uint64_t *mask);

/* constraint_compile.c */
bool constraint_build(struct constraint *c, const struct json *spec);
/* Facts of all automata; the build's memory. */
bool constraint_find_facts(struct constraint *c);
/* Moves the program to memory of its own size and gives the build's back. */
bool constraint_keep(struct constraint *c);

/* The parts of a spec that are long enough for files of their own. */
bool grammar_compile(struct build *b, struct program *p, struct span text, const char *where,
                     uint32_t *ret_root);
/* `content`: an automaton, the text of a turn without calls; PROGRAM_NONE: any. */
bool tools_compile(struct build *b, struct program *p, const struct json *spec,
                   const struct tokenizer *t, uint32_t content, uint32_t *ret_root);
/* Puts what a model writes before its answer in front of the root, as the member "reasoning" of the spec
 * says. */
bool reasoning_compile(struct build *b, struct program *p, const struct json *spec,
                       const struct tokenizer *t);
/* Harmony: "final", and what else stands before an answer's text, behind <|channel|>. */
bool harmony_add_final(struct build *b, struct regex_node *all, const struct tokenizer *t);

#endif
