/* Frames: what the two ends of a worker say to each other, with its length in front.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A frame is a header of 16 bytes, all little-endian: bytes of the body (32 bits), type (32 bits),
 * number of the request that it is about (64 bits, 0: none); then the body. The first frame each
 * way is FRAME_HELLO with the name and version of the protocol. All other bodies are JSON objects, but
 * that of FRAME_KEEP, which is a piece of a compiled tokenizer as it is. The reader believes
 * nothing: types are known, lengths bounded, before a byte of the body is stored. */
#ifndef LM_WORKER_FRAME_H
#define LM_WORKER_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/span.h"
#include "base/core/status.h"

#define FRAME_HEADER_BYTES 16
#define FRAME_HELLO_BODY   "{\"protocol\":\"hearth worker\",\"version\":1}"
/* A body: of a request, with its text; of an event; the pieces of FRAME_KEEP are smaller. */
#define FRAME_TO_WORKER_BYTES_MAX   ((size_t)256 << 20)
#define FRAME_FROM_WORKER_BYTES_MAX ((size_t)8 << 20)
#define FRAME_KEEP_BYTES            ((size_t)1 << 20)

enum frame_type {
#define FRAME(name, to_worker) FRAME_##name,
#include "lm/worker/frame_list.h"
#undef FRAME
    FRAME_TYPE_COUNT
};
const char *frame_type_name(uint32_t type); /* "HELLO"; "?" when unknown */

struct frame {
    enum frame_type type;
    uint64_t request;
    struct span body;
};

/* Appends a frame; false when the buffer's ceiling or memory is reached (buf.failed). */
bool frame_append(struct buf *out, enum frame_type type, uint64_t request, struct span body);

/* Cuts a stream into frames. One end reads only frames that go to the worker, the other only those
 * that come from it. */
struct frame_reader {
    struct buf bytes;
    size_t at; /* of bytes: where the next frame begins */
    size_t body_max;
    bool to_worker;
};
void frame_reader_init(struct frame_reader *r, bool to_worker);
void frame_reader_release(struct frame_reader *r);
/* Room for at least one more read behind what is there; NULL: memory is short. *ret_bytes says how
 * much may be read; tell frame_reader_took() how much came. */
char *frame_reader_room(struct frame_reader *r, size_t *ret_bytes);
void frame_reader_took(struct frame_reader *r, size_t bytes);
/* *ret_got false: more bytes are needed. The body is valid until frame_reader_room().
 * STATUS_BAD_INPUT says what is wrong with the header; nothing can be read after it. */
enum status frame_reader_next(struct frame_reader *r, struct frame *ret, bool *ret_got,
                              struct error *err);
bool frame_reader_has_frame(const struct frame_reader *r); /* or a header that is wrong */

#endif
