/* Frames there and back.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/worker/frame.h"

#include <string.h>

#define READ_BYTES ((size_t)1 << 16)

static const struct {
    const char *name;
    int direction;
} types[FRAME_TYPE_COUNT] = {
#define FRAME(name, to_worker) { #name, to_worker },
#include "lm/worker/frame_list.h"
#undef FRAME
};

const char *frame_type_name(uint32_t type)
{
    return type < FRAME_TYPE_COUNT ? types[type].name : "?";
}

static void put_number(uint8_t *at, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t number_at(const char *at, int bytes)
{
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++)
        v |= (uint64_t)(uint8_t)at[i] << (8 * i);
    return v;
}

bool frame_append(struct buf *out, enum frame_type type, uint64_t request, struct span body)
{
    uint8_t header[FRAME_HEADER_BYTES];
    size_t before = out->len;
    put_number(header, body.len, 4);
    put_number(header + 4, (uint64_t)type, 4);
    put_number(header + 8, request, 8);
    if (buf_append(out, header, sizeof header) && buf_append(out, body.data, body.len)) return true;
    out->len = before; /* no half of a frame */
    return false;
}

void frame_reader_init(struct frame_reader *r, bool to_worker)
{
    size_t body_max = to_worker ? FRAME_TO_WORKER_BYTES_MAX : FRAME_FROM_WORKER_BYTES_MAX;
    *r = (struct frame_reader){ .bytes = BUF_INIT(2 * (body_max + FRAME_HEADER_BYTES) + READ_BYTES),
                                .body_max = body_max,
                                .to_worker = to_worker };
}

void frame_reader_release(struct frame_reader *r)
{
    buf_release(&r->bytes);
    r->at = 0;
}

/* What was given out moves away when it is as long as the rest: each byte moves at most once. */
static void drop_read(struct frame_reader *r)
{
    size_t rest = r->bytes.len - r->at;
    if (r->at == 0 || r->at < rest) return;
    memmove(r->bytes.data, r->bytes.data + r->at, rest);
    r->bytes.len = rest;
    r->at = 0;
}

char *frame_reader_room(struct frame_reader *r, size_t *ret_bytes)
{
    drop_read(r);
    if (!buf_reserve(&r->bytes, READ_BYTES)) return NULL;
    *ret_bytes = READ_BYTES;
    return r->bytes.data + r->bytes.len;
}

void frame_reader_took(struct frame_reader *r, size_t bytes)
{
    r->bytes.len += bytes;
    r->bytes.data[r->bytes.len] = 0;
}

static enum status check_header(const struct frame_reader *r, uint64_t len, uint64_t type,
                                struct error *err)
{
    if (type >= FRAME_TYPE_COUNT)
        return error_set(err, STATUS_BAD_INPUT, "a frame of an unknown type, %llu",
                         (unsigned long long)type);
    if (types[type].direction != 2 && types[type].direction != (int)r->to_worker)
        return error_set(err, STATUS_BAD_INPUT, "a frame %s from the wrong end", types[type].name);
    if (len > r->body_max)
        return error_set(err, STATUS_BAD_INPUT, "a frame %s of %llu bytes, at most %zu are taken",
                         types[type].name, (unsigned long long)len, r->body_max);
    return STATUS_OK;
}

enum status frame_reader_next(struct frame_reader *r, struct frame *ret, bool *ret_got,
                              struct error *err)
{
    size_t left = r->bytes.len - r->at;
    *ret_got = false;
    if (left < FRAME_HEADER_BYTES) return STATUS_OK;
    const char *header = r->bytes.data + r->at;
    uint64_t len = number_at(header, 4), type = number_at(header + 4, 4);
    enum status st = check_header(r, len, type, err);
    if (st || left - FRAME_HEADER_BYTES < len) return st;
    *ret = (struct frame){ (enum frame_type)type,
                           number_at(header + 8, 8),
                           { header + FRAME_HEADER_BYTES, (size_t)len } };
    *ret_got = true;
    r->at += FRAME_HEADER_BYTES + (size_t)len;
    return STATUS_OK;
}

bool frame_reader_has_frame(const struct frame_reader *r)
{
    struct frame_reader peek = *r;
    struct frame frame;
    bool got;
    return frame_reader_next(&peek, &frame, &got, NULL) != STATUS_OK || got;
}
