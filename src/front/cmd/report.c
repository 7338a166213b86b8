/* Facts as lines or as JSON.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/core/utf8.h"
#include "front/cmd/terminal.h"

#define REPORT_BYTES_MAX ((size_t)256 << 20)
#define LABEL            "%-20s"

void report_begin(struct report *r, bool json)
{
    r->json = json;
    r->out = BUF_INIT(REPORT_BYTES_MAX);
    if (!json) return;
    json_writer_init(&r->writer, &r->out, 2);
    json_open_object(&r->writer);
}

enum status report_end(struct report *r, struct error *err)
{
    if (r->json) {
        json_close_object(&r->writer);
        buf_byte(&r->out, '\n');
    }
    enum status st = buf_check(&r->out, "the report", err);
    if (!st && r->out.len) fwrite(r->out.data, 1, r->out.len, stdout);
    buf_release(&r->out);
    return st;
}

void report_abandon(struct report *r)
{
    buf_release(&r->out);
}

/* Words from a file: control bytes and bad UTF-8 must not reach a terminal. */
static void put_clean(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len;) {
        uint32_t c;
        int n = utf8_decode(text.data + i, text.len - i, &c);
        if (n == 0 || c < 32 || (c >= 0x7F && c < 0xA0)) buf_byte(out, '?');
        else buf_append(out, text.data + i, (size_t)n);
        i += n ? (size_t)n : 1;
    }
}

void report_span(struct report *r, const char *key, const char *label, struct span text)
{
    if (r->json) {
        json_key(&r->writer, key);
        if (text.data) json_put_span(&r->writer, text);
        else json_put_null(&r->writer);
    } else if (text.data) {
        buf_format(&r->out, LABEL, label);
        put_clean(&r->out, text);
        buf_byte(&r->out, '\n');
    }
}

void report_text(struct report *r, const char *key, const char *label, const char *text)
{
    report_span(r, key, label, text ? span_of(text) : (struct span){ 0 });
}

void report_int(struct report *r, const char *key, const char *label, int64_t v)
{
    if (r->json) {
        json_key(&r->writer, key);
        json_put_int(&r->writer, v);
    } else {
        buf_format(&r->out, LABEL "%" PRId64 "\n", label, v);
    }
}

void report_real(struct report *r, const char *key, const char *label, double v)
{
    if (r->json) {
        json_key(&r->writer, key);
        json_put_real(&r->writer, v);
    } else {
        buf_format(&r->out, LABEL "%.6g\n", label, v);
    }
}

void report_flag(struct report *r, const char *key, const char *label, bool v)
{
    if (r->json) {
        json_key(&r->writer, key);
        json_put_bool(&r->writer, v);
    } else {
        buf_format(&r->out, LABEL "%s\n", label, v ? "yes" : "no");
    }
}

void report_count(struct report *r, const char *key, const char *label, uint64_t v)
{
    char text[40];
    if (r->json) {
        report_int(r, key, label, (int64_t)v);
        return;
    }
    format_count(text, sizeof text, v);
    report_text(r, key, label, text);
}

void report_bytes(struct report *r, const char *key, const char *label, uint64_t v)
{
    char text[40];
    if (v == 0) {
        report_text(r, key, label, NULL);
    } else if (r->json) {
        report_int(r, key, label, (int64_t)v);
    } else {
        format_bytes(text, sizeof text, v);
        report_text(r, key, label, text);
    }
}

void report_line(struct report *r, const char *format, ...)
{
    char line[1024];
    va_list args;
    if (r->json) return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    put_clean(&r->out, span_of(line));
    buf_byte(&r->out, '\n');
}

void report_open_array(struct report *r, const char *key)
{
    if (!r->json) return;
    json_key(&r->writer, key);
    json_open_array(&r->writer);
}

void report_close_array(struct report *r)
{
    if (r->json) json_close_array(&r->writer);
}

void report_open_object(struct report *r, const char *key)
{
    if (!r->json) return;
    if (key) json_key(&r->writer, key);
    json_open_object(&r->writer);
}

void report_close_object(struct report *r)
{
    if (r->json) json_close_object(&r->writer);
}
