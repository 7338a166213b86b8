/* An answer taken together from a worker's deltas: text, reasoning and calls in their order.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Streams and whole answers are both written from the same steps, so that joined deltas are the
 * whole answer whatever the API. What the worker sends is checked: calls are counted from 0 and
 * come one after the other. */
#ifndef SERVE_SERVER_SHAPE_PARTS_H
#define SERVE_SERVER_SHAPE_PARTS_H

#include "serve/server/shape.h"

#define PARTS_MAX      ((size_t)1 << 16)
#define PART_BYTES_MAX ((size_t)256 << 20)
#define PART_CALLS_MAX 128
#define PART_ID_BYTES  80

enum part_kind { PART_CONTENT, PART_REASONING, PART_CALL };

struct part {
    enum part_kind kind;
    struct buf text; /* of calls: the arguments; of others empty unless parts are kept */
    size_t len;      /* of the text, kept or not */
    char *name;      /* of calls */
    char id[PART_ID_BYTES];
    int call;      /* from 0 */
    bool complete; /* a call whose arguments are whole */
};

struct parts_options {
    bool keep;             /* hold the texts; those of calls are held in any case */
    const char *id_prefix; /* of calls: "call_" */
    bool own_ids;          /* ids that the model wrote itself go to the client */
    const struct shape_context *context;
    int index; /* of the answer */
};

struct parts {
    struct parts_options options;
    struct part *items;
    size_t count, cap;
    bool open; /* the last one may still grow */
    int call_count;
};

enum step_kind { STEP_OPEN, STEP_TEXT, STEP_CLOSE };
struct step {
    enum step_kind kind;
    size_t part;
    struct span text; /* of STEP_TEXT; until the next event */
};
#define STEPS_MAX 4
struct steps {
    struct step items[STEPS_MAX];
    int count;
};

void parts_init(struct parts *p, const struct parts_options *options);
void parts_release(struct parts *p);
/* What a WORKER_DELTA does; nothing where it holds tokens only. */
enum status parts_take(struct parts *p, const struct json *delta, struct steps *ret,
                       struct error *err);
/* The answer is over. */
void parts_end(struct parts *p, struct steps *ret);

#endif
