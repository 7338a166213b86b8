/* A file in memory that can fail.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/memory_file.h"

#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "support/fixture.h"

void memory_file_init(struct memory_file *f)
{
    *f = (struct memory_file){ .bytes = mem_zero(MEMORY_FILE_BYTES), .writes_left = -1 };
    assert_non_null(f->bytes);
}

void memory_file_release(struct memory_file *f)
{
    mem_free(f->bytes);
}

static enum status read_at(void *ctx, uint64_t offset, void *to, size_t len, struct error *err)
{
    struct memory_file *f = ctx;
    if (f->unreadable) return error_set(err, STATUS_IO, "Input/output error");
    if (offset > f->len || len > f->len - offset) return error_set(err, STATUS_IO, "the file ends");
    memcpy(to, f->bytes + offset, len);
    return STATUS_OK;
}

static enum status write_at(void *ctx, uint64_t offset, const void *from, size_t len,
                            struct error *err)
{
    struct memory_file *f = ctx;
    if (f->full || f->writes_left == 0) return error_set(err, STATUS_IO, "No space left on device");
    if (f->writes_left > 0) f->writes_left--;
    assert_true(offset + len <= MEMORY_FILE_BYTES);
    memcpy(f->bytes + offset, from, len);
    if (offset + len > f->len) f->len = offset + len;
    return STATUS_OK;
}

struct kv_store_io memory_file_io(struct memory_file *f)
{
    return (struct kv_store_io){ read_at, write_at, f };
}

static void take_line(void *ctx, enum log_level level, const char *area, const char *text)
{
    struct memory_file *f = ctx;
    if (level < LOG_WARN || strcmp(area, "kv") != 0) return;
    f->log_lines++;
    snprintf(f->log_last, sizeof f->log_last, "%s", text);
}

struct log memory_file_log(struct memory_file *f)
{
    return (struct log){ take_line, f };
}
