/* `hearth tokens`: how a text is cut into tokens.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/quote.h"
#include "front/cmd/report.h"
#include "front/cmd/text_input.h"

static const struct option_spec specs[] = {
    { "parse-special", 0, OPTION_FLAG,
      .help = "special tokens written in the text become their ids" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &model_table, &json_table, NULL };

static enum status report_token(struct report *r, const struct tokenizer *t, int32_t id,
                                struct error *err)
{
    struct buf quoted = BUF_INIT(INPUT_BYTES_MAX), hex = BUF_INIT(INPUT_BYTES_MAX);
    struct span piece = tokenizer_piece(t, id);
    quote_piece(&quoted, piece);
    hex_bytes(&hex, piece);
    enum status st = buf_check(&quoted, "a token", err);
    if (!st) st = buf_check(&hex, "a token", err);
    if (!st && r->json) {
        report_open_object(r, NULL);
        report_int(r, "id", NULL, id);
        report_span(r, "piece", NULL, piece);
        report_text(r, "bytes", NULL, hex.data ? hex.data : "");
        report_flag(r, "special", NULL, tokenizer_is_special(t, id));
        report_close_object(r);
    } else if (!st) {
        buf_format(&r->out, "%8" PRId32 "  ", id);
        buf_append(&r->out, quoted.data, quoted.len);
        buf_format(&r->out, "%*s  %s%s\n", quoted.len < 24 ? (int)(24 - quoted.len) : 0, "",
                   hex.data ? hex.data : "", tokenizer_is_special(t, id) ? "  special" : "");
    }
    buf_release(&quoted);
    buf_release(&hex);
    return st;
}

static enum status report_tokens(const struct tokenizer *t, const struct token_list *ids,
                                 size_t text_bytes, bool json, struct error *err)
{
    struct report r;
    enum status st = STATUS_OK;
    report_begin(&r, json);
    report_open_array(&r, "tokens");
    for (size_t i = 0; i < ids->count && !st; i++)
        st = report_token(&r, t, ids->ids[i], err);
    report_close_array(&r);
    if (st) {
        report_abandon(&r);
        return st;
    }
    if (json) {
        report_int(&r, "count", NULL, (int64_t)ids->count);
        report_int(&r, "text_bytes", NULL, (int64_t)text_bytes);
    }
    report_line(&r, "%zu tokens for %zu bytes", ids->count, text_bytes);
    return report_end(&r, err);
}

static enum status run(const struct args *args, struct error *err)
{
    struct buf text;
    struct token_list ids = { 0 };
    struct tokenizer *t;
    enum status st = input_operand(&text, args_operand(args, 1), "text", err);
    if (st) return st;
    st = model_open_tokenizer(&t, args_operand(args, 0), err);
    if (!st) {
        st = tokenizer_encode(t, text.data, text.len, args_flag(args, "parse-special"), &ids, err);
        if (!st) st = report_tokens(t, &ids, text.len, args_flag(args, "json"), err);
        tokenizer_free(t);
    }
    token_list_release(&ids);
    buf_release(&text);
    return st;
}

const struct command cmd_tokens = {
    .name = "tokens",
    .summary = "show how a text is cut into tokens",
    .operands = "MODEL [TEXT]",
    .operands_min = 1,
    .operands_max = 2,
    .about =
        "The text is the argument, or standard input when something is piped in. Each line has the "
        "id, the "
        "piece and its bytes. MODEL may be a folder with only tokenizer files. No BOS is added.",
    .tables = tables,
    .run = run,
};
