/* Terminals, and numbers as people read them.
 * SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "front/cmd/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <utf8proc.h>

#include "base/core/utf8.h"

struct terminal terminal_of(FILE *stream)
{
    struct terminal t = { .stream = stream, .width = 80 };
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    bool dumb = !term || strcmp(term, "dumb") == 0;
    t.interactive = isatty(fileno(stream)) && !dumb;
    t.colour = t.interactive && !(no_colour && *no_colour);
    struct winsize size;
    if (t.interactive && ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        t.width = size.ws_col;
    return t;
}

void terminal_dim_line(const struct terminal *t, const char *text)
{
    fprintf(t->stream, t->colour ? "\033[2m%s\033[0m\n" : "%s\n", text);
}

/* C0 but tab and newline, DEL, C1, and the marks that turn the direction of writing. */
static bool is_control(uint32_t c)
{
    return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0) ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

void terminal_put(const struct terminal *t, struct span text)
{
    size_t from = 0;
    for (size_t at = 0; t->interactive && at < text.len;) {
        uint32_t c = 0;
        int len = utf8_decode(text.data + at, text.len - at, &c);
        size_t step = len ? (size_t)len : 1;
        if (!len || is_control(c)) {
            fwrite(text.data + from, 1, at - from, t->stream);
            fputc('?', t->stream);
            from = at + step;
        }
        at += step;
    }
    fwrite(text.data + from, 1, text.len - from, t->stream);
}

int terminal_columns(uint32_t code_point)
{
    int width = utf8proc_charwidth((utf8proc_int32_t)code_point);
    return width > 0 ? width : 0;
}

void format_bytes(char *out, size_t out_bytes, uint64_t bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
    double v = (double)bytes;
    size_t unit = 0;
    while (v >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        v /= 1000;
        unit++;
    }
    int digits = unit == 0 || v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2;
    snprintf(out, out_bytes, "%.*f %s", digits, v, units[unit]);
}

void format_count(char *out, size_t out_bytes, uint64_t count)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    size_t at = 0;
    for (int i = 0; i < len && at + 2 < out_bytes; i++) {
        if (i > 0 && (len - i) % 3 == 0) out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = 0;
}
