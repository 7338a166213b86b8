/* Reading a pickle as a list of opcodes: what would be imported and called, without doing it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * All opcodes of protocols 0 to 5, after CPython's Lib/pickletools.py and Modules/_pickle.c. The stack and the memo
 * are followed symbolically: only texts, imports and what a call returned are told apart, which is enough to know
 * what STACK_GLOBAL, REDUCE and their like would get, also by way of the memo. CPython executes a pickle up to the
 * byte at which it is damaged; so what was found before counts.
 *
 * Texts of imports point into the pickle or into the walk. */
#ifndef GOVERN_SCAN_PICKLE_WALK_H
#define GOVERN_SCAN_PICKLE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/mem.h"
#include "base/core/span.h"
#include "base/core/status.h"

#define PICKLE_OPS_MAX     ((uint64_t)1 << 27)
#define PICKLE_STACK_MAX   ((size_t)1 << 21)
#define PICKLE_MEMO_MAX    ((size_t)1 << 22)
#define PICKLE_IMPORTS_MAX ((size_t)1 << 17)
#define PICKLE_NESTED_MAX  256
#define PICKLE_TEXTS_MAX   ((size_t)64 << 20) /* bytes of texts that were written with escapes */

struct pickle_import {
    struct span module, name;
    size_t at;   /* of the opcode */
    bool called; /* REDUCE, OBJ, INST, NEWOBJ, NEWOBJ_EX */
    bool built;  /* BUILD, APPEND, SETITEM ... change the imported thing itself */
};

/* Things that no import names. `count` of them, the first at `at`. */
struct pickle_sight {
    uint64_t count;
    size_t at;
};

struct pickle_walk {
    struct arena texts;
    struct pickle_import *imports; /* [import_count], in order; owned */
    size_t import_count, import_cap;
    struct pickle_sight extensions;     /* EXT1, EXT2, EXT4: imports by number */
    struct pickle_sight computed_names; /* STACK_GLOBAL of what is no plain text */
    struct pickle_sight computed_calls; /* a call of what is no import */
    struct pickle_sight persistent;     /* PERSID, BINPERSID: the loader is asked for an object */
    struct span
        nested[PICKLE_NESTED_MAX]; /* bytes or texts that begin like a pickle or a zip archive */
    uint64_t nested_count;         /* may be more than fit */
    uint64_t ops, calls;
    int protocol;      /* highest that PROTO named; 0 without */
    bool ended;        /* STOP was reached */
    size_t end;        /* behind STOP, or of the opcode that could not be followed */
    const char *fault; /* why not, when not ended */
    bool past_limit;   /* it was not damage, but more than is followed */
};

/* Walks the pickle at data[0..len). Fails with STATUS_NO_MEMORY only. Release in every case. */
enum status pickle_walk(struct pickle_walk *ret, const uint8_t *data, size_t len,
                        struct error *err);
void pickle_walk_release(struct pickle_walk *w);

#endif
