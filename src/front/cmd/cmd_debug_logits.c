/* `hearth debug logits`: the raw logits after each given token.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Output: little-endian float32 [tokens, vocab], vocab being the columns of the model's head. */
#include <stdio.h>
#include <string.h>

#include "base/core/buf.h"
#include "base/core/file.h"
#include "front/cmd/desk.h"
#include "front/cmd/command.h"
#include "front/cmd/debug_ids.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/text_input.h"

static const struct option_spec specs[] = {
    { "ids", 0, OPTION_TEXT, "FILE",
      .help = "token ids, decimal, separated by white space; - reads standard input" },
    { "out", 'o', OPTION_TEXT, "F.f32", .help = "where the float32 [tokens, vocab] go" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &model_table, &desk_table, NULL };

struct writer {
    struct file_out *file;
    int64_t vocab;
};

/* float32 as little-endian bytes, whatever the machine's order. */
static enum status write_row(void *ctx, size_t position, const float *logits, struct error *err)
{
    struct writer *w = ctx;
    uint8_t bytes[4096];
    size_t used = 0;
    if (interrupt_seen()) return STATUS_CANCELLED;
    for (int64_t i = 0; i < w->vocab; i++) {
        uint32_t v;
        memcpy(&v, &logits[i], sizeof v);
        for (int k = 0; k < 4; k++)
            bytes[used++] = (uint8_t)(v >> (8 * k));
        if (used < sizeof bytes && i + 1 < w->vocab) continue;
        enum status st = file_out_write(w->file, bytes, used, err);
        if (st) return st;
        used = 0;
    }
    return STATUS_OK;
}

static enum status write_logits(struct engine *e, struct token_list *ids, const struct args *args,
                                struct error *err)
{
    struct writer w = { .vocab = engine_info(e)->vocab_size };
    struct session *session;
    enum status st = ids_check(ids, w.vocab, err);
    if (!st) st = session_new(&session, e, err);
    if (st) return st;
    st = file_out_open(&w.file, args_text(args, "out", NULL), err);
    if (!st) {
        st = session_score(session, ids->ids, ids->count, write_row, &w, err);
        if (st) file_out_abandon(w.file);
        else st = file_out_commit(w.file, err);
    }
    session_free(session);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    if (!args_given(args, "ids") || !args_given(args, "out"))
        return error_set(err, STATUS_USAGE, "--ids FILE and --out F.f32 are both needed");
    return debug_with_ids(args, 0, write_logits, err);
}

const struct command cmd_debug_logits = {
    .name = "debug logits",
    .summary = "write the logits after each of the given ids",
    .operands = "MODEL --ids FILE --out F.f32",
    .operands_min = 1,
    .operands_max = 1,
    .about =
        "Nothing is added to the ids. The file is raw little-endian float32, one row of vocabulary "
        "size per id; it appears when it is complete.",
    .tables = tables,
    .run = run,
};
