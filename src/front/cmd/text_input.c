/* Reading prompts, texts and lists of ids.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/text_input.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/base64.h"
#include "base/core/file.h"
#include "base/core/json_write.h"
#include "base/core/utf8.h"

bool input_is_terminal(void)
{
    return isatty(STDIN_FILENO);
}

enum status input_read(struct buf *out, const char *path, struct error *err)
{
    struct buf b = BUF_INIT(INPUT_BYTES_MAX);
    enum status st;
    if (strcmp(path, "-") == 0) st = file_read_fd(&b, STDIN_FILENO, "standard input", err);
    else st = file_read(&b, path, err);
    if (!st && !buf_reserve(&b, 1))
        st = error_set(err, STATUS_NO_MEMORY, "no memory to read %s", path);
    if (st) {
        buf_release(&b);
        return st;
    }
    *out = b;
    return STATUS_OK;
}

enum status input_operand(struct buf *out, const char *operand, const char *what, struct error *err)
{
    if (operand && strcmp(operand, "-") != 0) {
        struct buf b = BUF_INIT(INPUT_BYTES_MAX);
        buf_reserve(&b, 1);
        buf_text(&b, operand);
        enum status st = buf_check(&b, what, err);
        if (st) buf_release(&b);
        else *out = b;
        return st;
    }
    if (!operand && input_is_terminal())
        return error_set(err, STATUS_USAGE,
                         "there is no %s: give one as an argument, or pipe it in", what);
    return input_read(out, "-", err);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One id at text[*at]; moves past it. */
static enum status parse_id(const struct buf *text, size_t *at, int32_t *ret, const char *name,
                            struct error *err)
{
    size_t from = *at, i = from;
    int64_t v = 0;
    while (i < text->len && text->data[i] >= '0' && text->data[i] <= '9' && v <= INT32_MAX)
        v = v * 10 + (text->data[i++] - '0');
    if (i == from || v > INT32_MAX || (i < text->len && !is_space(text->data[i]))) {
        size_t end = from;
        while (end < text->len && !is_space(text->data[end]) && end - from < 24)
            end++;
        return error_set(
            err, STATUS_BAD_INPUT,
            "%s: \"%.*s\" at byte %zu is not a token id; ids are decimal numbers separated by "
            "white space",
            name, (int)(end - from), text->data + from, from);
    }
    *at = i;
    *ret = (int32_t)v;
    return STATUS_OK;
}

static enum status parse_ids(const struct buf *text, const char *name, struct token_list *out,
                             struct error *err)
{
    for (size_t at = 0;;) {
        int32_t id = 0;
        while (at < text->len && is_space(text->data[at]))
            at++;
        if (at == text->len) return STATUS_OK;
        enum status st = parse_id(text, &at, &id, name, err);
        if (!st) st = token_list_push(out, id, err);
        if (st) return st;
    }
}

enum status input_ids(struct token_list *out, const char *path, struct error *err)
{
    struct buf text;
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    struct token_list list = { 0 };
    enum status st = input_read(&text, path, err);
    if (st) return st;
    st = parse_ids(&text, name, &list, err);
    buf_release(&text);
    if (!st && list.count == 0)
        st = error_set(err, STATUS_BAD_INPUT, "%s holds no token ids", name);
    if (st) token_list_release(&list);
    else *out = list;
    return st;
}

enum status ids_check(const struct token_list *ids, int64_t vocab_size, struct error *err)
{
    for (size_t i = 0; i < ids->count; i++)
        if (ids->ids[i] < 0 || ids->ids[i] >= vocab_size)
            return error_set(err, STATUS_BAD_INPUT,
                             "token %zu is id %" PRId32 ", but the model's ids are 0 to %" PRId64,
                             i, ids->ids[i], vocab_size - 1);
    return STATUS_OK;
}

void ids_print(const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf(i ? " %" PRId32 : "%" PRId32, ids[i]);
    putchar('\n');
}

void text_put(struct json_writer *w, struct span text, bool parse_special)
{
    if (utf8_valid(text.data, text.len)) {
        json_key(w, "text");
        json_put_span(w, text);
    } else {
        struct buf coded = BUF_INIT(REQUEST_BYTES_MAX);
        if (!base64_encode(&coded, text.data, text.len)) w->out->failed = w->out->past_max = true;
        json_key(w, "text_base64");
        json_put_span(w, (struct span){ coded.data, coded.len });
        buf_release(&coded);
    }
    json_key(w, "parse_special");
    json_put_bool(w, parse_special);
}
