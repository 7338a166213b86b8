/* `hearth debug tokens`: standard input to ids and back.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/json.h"
#include "base/core/json_write.h"
#include "base/core/base64.h"
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/text_input.h"

static const struct option_spec specs[] = {
    { "parse-special", 0, OPTION_FLAG,
      .help = "special tokens written in the text become their ids" },
    { "decode", 0, OPTION_FLAG, .help = "read ids, write the bytes they stand for" },
    { "jsonl", 0, OPTION_FLAG,
      .help = "read one {\"text\":...} or {\"bytes_b64\":...} a line, optionally with "
              "\"parse_special\":true; "
              "write {\"ids\":[...],\"text_b64\":...}, the ids decoded again" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &model_table, NULL };

static enum status print_ids(const struct tokenizer *t, bool special, struct error *err)
{
    struct buf text;
    struct token_list ids = { 0 };
    enum status st = input_read(&text, "-", err);
    if (st) return st;
    st = tokenizer_encode(t, text.data, text.len, special, &ids, err);
    if (!st) ids_print(ids.ids, ids.count);
    token_list_release(&ids);
    buf_release(&text);
    return st;
}

static enum status print_text(const struct tokenizer *t, struct error *err)
{
    struct token_list ids;
    struct buf out = BUF_INIT(INPUT_BYTES_MAX);
    enum status st = input_ids(&ids, "-", err);
    if (st) return st;
    st = tokenizer_decode(t, ids.ids, ids.count, &out, err);
    if (!st && out.len) fwrite(out.data, 1, out.len, stdout);
    buf_release(&out);
    token_list_release(&ids);
    return st;
}

/* What one line asks for: its bytes in `text`. */
static enum status line_bytes(const struct json *line, struct buf *text, struct error *err)
{
    const struct json *plain = json_get(line, "text"), *coded = json_get(line, "bytes_b64");
    if ((json_type(plain) == JSON_STRING) == (json_type(coded) == JSON_STRING))
        return error_set(err, STATUS_BAD_INPUT,
                         "a line needs either \"text\" or \"bytes_b64\", a string");
    if (json_type(coded) == JSON_STRING) return base64_decode(text, json_string(coded), err);
    struct span s = json_string(plain);
    buf_append(text, s.data, s.len);
    return buf_check(text, "the text", err);
}

struct scratch {
    struct buf text, decoded, coded, line;
    struct token_list ids;
};

static enum status print_line(const struct tokenizer *t, const struct json *line, bool special,
                              struct scratch *s, struct error *err)
{
    enum status st = line_bytes(line, &s->text, err);
    if (st) return st;
    special = json_bool(json_get(line, "parse_special"), special);
    st = tokenizer_encode(t, s->text.data ? s->text.data : "", s->text.len, special, &s->ids, err);
    if (!st) st = tokenizer_decode(t, s->ids.ids, s->ids.count, &s->decoded, err);
    if (st) return st;
    base64_encode(&s->coded, s->decoded.data, s->decoded.len);
    struct json_writer w;
    json_writer_init(&w, &s->line, 0);
    json_open_object(&w);
    json_key(&w, "ids");
    json_open_array(&w);
    for (size_t i = 0; i < s->ids.count; i++)
        json_put_int(&w, s->ids.ids[i]);
    json_close_array(&w);
    json_key(&w, "text_b64");
    json_put_span(&w, (struct span){ s->coded.data ? s->coded.data : "", s->coded.len });
    json_close_object(&w);
    buf_byte(&s->line, '\n');
    st = buf_check(&s->coded, "the text", err);
    if (!st) st = buf_check(&s->line, "a line of output", err);
    if (!st) fwrite(s->line.data, 1, s->line.len, stdout);
    return st;
}

static enum status parse_and_print(const struct tokenizer *t, const char *line, size_t len,
                                   bool special, struct scratch *s, struct error *err)
{
    struct json_doc *doc;
    buf_clear(&s->text);
    buf_clear(&s->decoded);
    buf_clear(&s->coded);
    buf_clear(&s->line);
    s->ids.count = 0;
    enum status st = json_parse(&doc, line, len, INPUT_BYTES_MAX, "the line", err);
    if (st) return st;
    st = print_line(t, json_root(doc), special, s, err);
    json_doc_free(doc);
    return st;
}

static enum status print_jsonl(const struct tokenizer *t, bool special, struct error *err)
{
    struct buf input;
    struct scratch s = { BUF_INIT(INPUT_BYTES_MAX),
                         BUF_INIT(INPUT_BYTES_MAX),
                         BUF_INIT(INPUT_BYTES_MAX),
                         BUF_INIT(INPUT_BYTES_MAX),
                         { 0 } };
    enum status st = input_read(&input, "-", err);
    if (st) return st;
    size_t number = 1;
    for (size_t at = 0; !st && at < input.len; number++) {
        const char *line = input.data + at, *end = memchr(line, '\n', input.len - at);
        size_t len = end ? (size_t)(end - line) : input.len - at;
        at += len + 1;
        if (strspn(line, " \t\r") >= len) continue;
        st = parse_and_print(t, line, len, special, &s, err);
        if (st) error_wrap(err, st, "line %zu", number);
    }
    buf_release(&input);
    buf_release(&s.text);
    buf_release(&s.decoded);
    buf_release(&s.coded);
    buf_release(&s.line);
    token_list_release(&s.ids);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    bool special = args_flag(args, "parse-special"), decode = args_flag(args, "decode");
    if (decode && (special || args_flag(args, "jsonl")))
        return error_set(err, STATUS_USAGE, "--decode reads ids: it goes with no other option");
    struct tokenizer *t;
    enum status st = model_open_tokenizer(&t, args_operand(args, 0), err);
    if (st) return st;
    if (decode) st = print_text(t, err);
    else if (args_flag(args, "jsonl")) st = print_jsonl(t, special, err);
    else st = print_ids(t, special, err);
    tokenizer_free(t);
    return st;
}

const struct command cmd_debug_tokens = {
    .name = "debug tokens",
    .summary = "print the ids of the text on standard input",
    .operands = "MODEL < TEXT",
    .operands_min = 1,
    .operands_max = 1,
    .about = "MODEL may be a folder with only tokenizer files, or a GGUF file without tensors. No "
             "BOS is added.",
    .tables = tables,
    .run = run,
};
