/* Running a program: stacks of frames, stepped byte by byte.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A configuration is a top frame; its parents are the stack. Frames are never changed once made, so
 * configurations share parents, and going back is forgetting the newest. A frame below the top already
 * stands where it goes on once what is above it is done. Several configurations at once are the
 * choices that the text so far leaves open. */
#ifndef LM_SAMPLE_CONSTRAINT_RUN_H
#define LM_SAMPLE_CONSTRAINT_RUN_H

#include "lm/sample/constraint_program.h"

#define RUN_FRAMES_MAX   8192
#define RUN_WORDS_MAX    16384
#define RUN_TOPS_MAX     256 /* configurations at once */
#define RUN_DEPTH_MAX    200 /* frames of one stack */
#define RUN_BLANKS_MAX   64  /* white space characters in a row, between JSON tokens */
#define RUN_INDENT_MAX   40  /* of them behind a line's end, where white space is natural */
#define RUN_WORK_MAX     ((uint32_t)8 << 20) /* steps of one mask: a few tenths of a second */
#define RUN_SYMBOL_TOKEN 256                 /* symbols from here on are special tokens: + id */

enum frame_kind {
    FRAME_AUTOMATON, /* a: automaton, b: state */
    FRAME_LENGTH,    /* a string by length. a: length, b: state of string_text, n: characters */
    FRAME_ARRAY,     /* a: array, b: state */
    FRAME_OBJECT,    /* a: object, b: class of the key just read, n: members */
    FRAME_KEY,       /* a: object, b: state of its key automaton */
    FRAME_SEEN,      /* a key of an object that came; in no stack, but in a list by parent */
};
enum frame_phase {
    PHASE_OPEN,  /* behind [ or { */
    PHASE_COMMA, /* behind a comma */
    PHASE_ITEM,  /* behind an item or member */
    PHASE_KEYED, /* behind a key */
    PHASE_COLON,
};
struct frame {
    uint32_t parent; /* index; 0: none */
    uint8_t kind, phase;
    uint8_t blanks, depth;
    uint32_t a, b, n;
    uint32_t bits;  /* OBJECT: shown to exist */
    uint32_t words; /* OBJECT: index of its seen names */
    uint32_t seen;  /* OBJECT: newest FRAME_SEEN, 0: none */
    uint64_t hash;  /* KEY, SEEN: of the key's text */
};

#define TAIL_ENDLESS 255

/* What runs need to know of an automaton beyond its table. */
struct automaton_facts {
    bool *final;   /* [states]: accepting, with no way on */
    uint8_t *room; /* [states]: so many plain characters are fine, whichever; see vocab_trie.h */
    uint8_t *tail; /* [states]: bytes of the longest text from here, TAIL_ENDLESS for no bound */
    bool loose;    /* accepts in states that go on: where it ends is open */
    bool bounded;  /* has states with a tail that ends, beside final ones */
};

struct run {
    const struct program *program;
    const struct automaton_facts *facts; /* of each automaton */
    struct frame *frames;                /* index 0 is none */
    uint64_t *words;
    uint32_t frame_count, word_count;
    uint32_t steps; /* nested within the byte at hand */
    uint32_t work;  /* steps since the state was loaded */
    bool overflow;  /* a limit above was met: a configuration is missing */
};
struct tops {
    uint32_t items[RUN_TOPS_MAX];
    uint32_t count;
};

/* Adds what `symbol` leads to from configuration `top`. */
void run_step(struct run *r, uint32_t top, uint32_t symbol, struct tops *out);
void run_start(struct run *r, struct tops *out);
bool run_may_end(const struct run *r, uint32_t top);
/* Whether keys of the object on which `key` works may be anything just now. */
bool run_key_free(const struct run *r, const struct frame *key);

#endif
