/* Fuzzes the frames of the worker protocol: any bytes are cut into frames, or refused.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The same bytes give the same frames however they arrive, and what was read is written back as the
 * same bytes. The first byte chooses the end that reads, the second how the rest is cut. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lm/worker/frame.h"

#define WRITTEN_MAX ((size_t)1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything that can be read goes into `out`; STATUS_OK, or what the reader said. */
static enum status read_all(const uint8_t *data, size_t size, bool to_worker, size_t step,
                            struct buf *out)
{
    struct frame_reader r;
    struct frame f;
    enum status st = STATUS_OK;
    bool got = false;
    frame_reader_init(&r, to_worker);
    for (size_t at = 0; at < size && !st;) {
        size_t room, n = step < size - at ? step : size - at;
        char *to = frame_reader_room(&r, &room);
        if (!to) break;
        if (n > room) n = room;
        memcpy(to, data + at, n);
        frame_reader_took(&r, n);
        at += n;
        do {
            struct error err = { .text = "" };
            bool has = frame_reader_has_frame(&r);
            st = frame_reader_next(&r, &f, &got, &err);
            assert(has == (st != STATUS_OK || got));
            assert(!st || (err.status == st && err.text[0] && !got));
            if (!st && got) frame_append(out, f.type, f.request, f.body);
        } while (!st && got);
    }
    frame_reader_release(&r);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > WRITTEN_MAX / 2) return 0;
    bool to_worker = data[0] & 1;
    struct buf whole = BUF_INIT(WRITTEN_MAX), pieces = BUF_INIT(WRITTEN_MAX);
    enum status a = read_all(data + 2, size - 2, to_worker, size, &whole);
    enum status b = read_all(data + 2, size - 2, to_worker, (size_t)data[1] + 1, &pieces);
    assert(a == b && whole.len == pieces.len && !whole.failed);
    assert(whole.len <= size - 2);
    if (whole.len) {
        assert(memcmp(whole.data, pieces.data, whole.len) == 0);
        assert(memcmp(whole.data, data + 2, whole.len) == 0);
    }
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
