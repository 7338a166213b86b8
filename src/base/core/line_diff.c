/* Two texts, line by line.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/line_diff.h"

#include <stdint.h>
#include <string.h>

#include "base/core/mem.h"

struct lines {
    struct span *at; /* without their ends */
    size_t count;
};

/* One step of the edit: ' ' both texts have the line, '-' only the old one, '+' only the new one. */
struct step {
    char mark;
    struct span line;
};

struct diffing {
    struct lines was, is;
    size_t head, tail; /* lines that are equal at both ends */
    uint16_t
        *length; /* [(w + 1) * (n + 1)] of the common subsequence behind (i, k) of the middle */
    size_t wide, tall;  /* n, w: lines of the middle in the new text, in the old one */
    struct step *steps; /* [step_count] */
    size_t step_count;
    struct buf *out;
    size_t shown, shown_max, left_out;
};

static bool same_line(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static size_t count_lines(struct span text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.data[i] == '\n';
    return n + (text.len > 0 && text.data[text.len - 1] != '\n');
}

static enum status split(struct lines *ret, struct span text, struct error *err)
{
    size_t begin = 0;
    ret->at = mem_array(count_lines(text) + 1, sizeof *ret->at);
    ret->count = 0;
    if (!ret->at) return error_set(err, STATUS_NO_MEMORY, "no memory to compare two texts");
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '\n') continue;
        if (i == text.len && begin == i) break;
        ret->at[ret->count++] = (struct span){ text.data + begin, i - begin };
        begin = i + 1;
    }
    return STATUS_OK;
}

static void trim(struct diffing *d)
{
    size_t least = d->was.count < d->is.count ? d->was.count : d->is.count;
    while (d->head < least && same_line(d->was.at[d->head], d->is.at[d->head]))
        d->head++;
    while (d->tail < least - d->head &&
           same_line(d->was.at[d->was.count - 1 - d->tail], d->is.at[d->is.count - 1 - d->tail]))
        d->tail++;
    d->tall = d->was.count - d->head - d->tail;
    d->wide = d->is.count - d->head - d->tail;
}

static uint16_t *cell(const struct diffing *d, size_t i, size_t k)
{
    return &d->length[i * (d->wide + 1) + k];
}

/* From the end, so that the way is walked from the beginning. Lines are fewer than 2^16. */
static void fill(struct diffing *d)
{
    for (size_t i = d->tall; i-- > 0;)
        for (size_t k = d->wide; k-- > 0;) {
            uint16_t down = *cell(d, i + 1, k), right = *cell(d, i, k + 1);
            bool same = same_line(d->was.at[d->head + i], d->is.at[d->head + k]);
            *cell(d, i, k) = same           ? (uint16_t)(*cell(d, i + 1, k + 1) + 1)
                             : down > right ? down
                                            : right;
        }
}

static void push(struct diffing *d, char mark, struct span line)
{
    d->steps[d->step_count++] = (struct step){ mark, line };
}

static void walk(struct diffing *d)
{
    size_t i = 0, k = 0;
    for (size_t h = 0; h < d->head; h++)
        push(d, ' ', d->was.at[h]);
    while (i < d->tall || k < d->wide) {
        bool both = i < d->tall && k < d->wide;
        if (both && same_line(d->was.at[d->head + i], d->is.at[d->head + k])) {
            push(d, ' ', d->was.at[d->head + i++]);
            k++;
        } else if (i < d->tall && (!both || *cell(d, i + 1, k) >= *cell(d, i, k + 1)))
            push(d, '-', d->was.at[d->head + i++]);
        else push(d, '+', d->is.at[d->head + k++]);
    }
    for (size_t t = d->tail; t > 0; t--)
        push(d, ' ', d->was.at[d->was.count - t]);
}

static void show(struct diffing *d, const struct step *s)
{
    if (d->shown == d->shown_max) {
        d->left_out++;
        return;
    }
    d->shown++;
    buf_byte(d->out, s->mark);
    buf_append(d->out, s->line.data, s->line.len);
    buf_byte(d->out, '\n');
}

/* The end of the group of changes that begins at `first`: changes with few equal lines between belong together. */
static size_t group_end(const struct diffing *d, size_t first)
{
    size_t last = first;
    for (size_t i = first; i < d->step_count && i - last <= 2 * LINE_DIFF_AROUND; i++)
        if (d->steps[i].mark != ' ') last = i;
    return last + 1;
}

static void show_group(struct diffing *d, size_t begin, size_t end, size_t was, size_t is)
{
    size_t counts[2] = { 0, 0 };
    for (size_t i = begin; i < end; i++) {
        counts[0] += d->steps[i].mark != '+';
        counts[1] += d->steps[i].mark != '-';
    }
    if (d->shown < d->shown_max)
        buf_format(d->out, "@@ -%zu,%zu +%zu,%zu @@\n", was + (counts[0] > 0), counts[0],
                   is + (counts[1] > 0), counts[1]);
    for (size_t i = begin; i < end; i++)
        show(d, &d->steps[i]);
}

static void show_all(struct diffing *d)
{
    size_t was = 0, is = 0, at = 0; /* lines before `at` */
    for (size_t i = 0; i < d->step_count;) {
        if (d->steps[i].mark == ' ') {
            i++;
            continue;
        }
        size_t begin = i > at + LINE_DIFF_AROUND ? i - LINE_DIFF_AROUND : at;
        size_t end = group_end(d, i);
        i = end;
        end = end + LINE_DIFF_AROUND < d->step_count ? end + LINE_DIFF_AROUND : d->step_count;
        for (; at < begin; at++, was++, is++)
            ;
        show_group(d, begin, end, was, is);
        for (; at < end; at++) {
            was += d->steps[at].mark != '+';
            is += d->steps[at].mark != '-';
        }
    }
    if (d->left_out) buf_format(d->out, "... and %zu more lines\n", d->left_out);
}

static enum status compare(struct diffing *d, struct line_diff *ret, struct error *err)
{
    d->length = mem_array((d->tall + 1) * (d->wide + 1), sizeof *d->length);
    d->steps = mem_array(d->was.count + d->is.count + 1, sizeof *d->steps);
    if (!d->length || !d->steps)
        return error_set(err, STATUS_NO_MEMORY, "no memory to compare two texts");
    fill(d);
    walk(d);
    for (size_t i = 0; i < d->step_count; i++) {
        ret->added += d->steps[i].mark == '+';
        ret->removed += d->steps[i].mark == '-';
    }
    show_all(d);
    return STATUS_OK;
}

enum status line_diff(struct buf *out, struct line_diff *ret, struct span was, struct span is,
                      size_t shown_max, struct error *err)
{
    struct diffing d = { .out = out, .shown_max = shown_max };
    struct line_diff found = { .same = same_line(was, is) };
    enum status st = found.same ? STATUS_OK : split(&d.was, was, err);
    if (!st && !found.same) st = split(&d.is, is, err);
    if (!st && !found.same) trim(&d);
    found.compared = d.was.count <= LINE_DIFF_LINES_MAX && d.is.count <= LINE_DIFF_LINES_MAX &&
                     (d.tall + 1) * (d.wide + 1) <= LINE_DIFF_CELLS_MAX;
    if (!st && !found.same && found.compared) st = compare(&d, &found, err);
    if (!st && !found.compared) {
        found.removed = d.tall;
        found.added = d.wide;
        buf_format(out, "(too many lines to compare: %zu before, %zu now)\n", d.was.count,
                   d.is.count);
    }
    mem_free(d.was.at);
    mem_free(d.is.at);
    mem_free(d.length);
    mem_free(d.steps);
    if (!st) st = buf_check(out, "the differences", err);
    if (!st) *ret = found;
    return st;
}
