/* `hearth debug greedy`: the arg max continuation of given ids.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "front/cmd/desk.h"
#include "front/cmd/command.h"
#include "front/cmd/debug_ids.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/text_input.h"
#include "lm/sample/sample.h"

static const struct option_spec specs[] = {
    { "ids", 0, OPTION_TEXT, "FILE",
      .help = "token ids, decimal, separated by white space; - reads standard input" },
    { "count", 'n', OPTION_INT, "N", 1, 1 << 24, "how many ids to print" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &model_table, &desk_table, NULL };

/* Appends `count` ids to `ids`. */
static enum status extend(struct session *s, const struct engine_info *info, struct token_list *ids,
                          int64_t count, struct error *err)
{
    enum status st = session_sync(s, ids->ids, ids->count, NULL, err);
    for (int64_t i = 0; !st && i < count; i++) {
        if (interrupt_seen()) return STATUS_CANCELLED;
        int32_t id = logits_argmax(session_logits(s), info->vocab_size);
        st = token_list_push(ids, id, err);
        if (!st && i + 1 < count) st = session_append(s, id, err);
    }
    return st;
}

static enum status print_greedy(struct engine *e, struct token_list *ids, const struct args *args,
                                struct error *err)
{
    const struct engine_info *info = engine_info(e);
    size_t prompt = ids->count;
    struct session *session;
    enum status st = ids_check(ids, info->vocab_size, err);
    if (!st) st = session_new(&session, e, err);
    if (st) return st;
    st = extend(session, info, ids, args_int(args, "count", 0), err);
    if (!st) ids_print(ids->ids + prompt, ids->count - prompt);
    session_free(session);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    if (!args_given(args, "ids") || !args_given(args, "count"))
        return error_set(err, STATUS_USAGE, "--ids FILE and -n N are both needed");
    return debug_with_ids(args, args_int(args, "count", 0), print_greedy, err);
}

const struct command cmd_debug_greedy = {
    .name = "debug greedy",
    .summary = "continue the given ids with the most probable ones",
    .operands = "MODEL --ids FILE -n N",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Nothing is added to the ids, and the end of text does not stop it.",
    .tables = tables,
    .run = run,
};
