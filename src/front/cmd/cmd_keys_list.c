/* `hearth keys list`: keys, what they may do, and what they have used.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "front/cmd/command.h"
#include "front/cmd/key_folder.h"
#include "front/cmd/model_options.h"
#include "front/cmd/report.h"

static const struct option_spec specs[] = {
    { "all", 'a', OPTION_FLAG, .help = "revoked keys too" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &json_table, NULL };

static void put_names(struct report *r, const char *key, char *const *names)
{
    report_open_array(r, key);
    for (; *names; names++)
        if (r->json) json_put_string(&r->writer, *names);
    report_close_array(r);
}

static void join(struct buf *out, char *const *names)
{
    for (char *const *n = names; *n; n++)
        buf_format(out, "%s%s", n == names ? "" : ",", *n);
}

static void put_limit(struct buf *out, const char *words, int64_t limit)
{
    if (limit) buf_format(out, "%s%" PRId64 " %s", out->len ? ", " : "", limit, words);
}

static void show_line(struct report *r, const struct key_info *k)
{
    const struct key_grant *g = k->grant;
    struct buf models = BUF_INIT(8192), can = BUF_INIT(8192), limits = BUF_INIT(1024);
    char day[16];
    struct tm tm;
    time_t created = (time_t)k->created;
    gmtime_r(&created, &tm);
    day[strftime(day, sizeof day, "%Y-%m-%d", &tm)] = 0;
    join(&models, g->models);
    join(&can, g->capabilities);
    put_limit(&limits, "requests/min", g->requests_per_minute);
    put_limit(&limits, "tokens/min", g->tokens_per_minute);
    put_limit(&limits, "at once", g->concurrency);
    put_limit(&limits, "tokens in all", g->budget_tokens);
    report_line(r, "%s  %s%s", k->id, g->name, k->revoked ? "  (revoked)" : "");
    report_line(r, "    made %s, tenant %s", day, g->tenant ? g->tenant : "its own");
    report_line(r, "    models %s", models.data);
    report_line(r, "    may    %s", can.data);
    if (g->priority) report_line(r, "    priority %s", key_priority_name(g->priority));
    report_line(r, "    limits %s", limits.len ? limits.data : "none");
    report_line(r, "    used   %" PRIu64 " requests, %" PRIu64 " + %" PRIu64 " tokens",
                k->usage.requests, k->usage.prompt_tokens, k->usage.completion_tokens);
    buf_release(&models);
    buf_release(&can);
    buf_release(&limits);
}

static void show_json(struct report *r, const struct key_info *k)
{
    const struct key_grant *g = k->grant;
    report_open_object(r, NULL);
    report_text(r, "id", NULL, k->id);
    report_text(r, "name", NULL, g->name);
    report_text(r, "tenant", NULL, g->tenant);
    report_int(r, "created", NULL, k->created);
    report_flag(r, "revoked", NULL, k->revoked != 0);
    put_names(r, "models", g->models);
    put_names(r, "capabilities", g->capabilities);
    report_int(r, "requests_per_minute", NULL, g->requests_per_minute);
    report_int(r, "tokens_per_minute", NULL, g->tokens_per_minute);
    report_int(r, "concurrency", NULL, g->concurrency);
    report_int(r, "budget_tokens", NULL, g->budget_tokens);
    report_text(r, "priority", NULL, key_priority_name(g->priority));
    report_int(r, "requests", NULL, (int64_t)k->usage.requests);
    report_int(r, "prompt_tokens", NULL, (int64_t)k->usage.prompt_tokens);
    report_int(r, "completion_tokens", NULL, (int64_t)k->usage.completion_tokens);
    report_close_object(r);
}

static enum status run(const struct args *args, struct error *err)
{
    struct key_store *store;
    struct key_info info;
    struct report r;
    size_t shown = 0;
    enum status st = key_folder_open(&store, err);
    if (st) return st;
    report_begin(&r, args_flag(args, "json"));
    report_open_array(&r, "keys");
    for (size_t i = 0; key_store_at(store, i, &info); i++) {
        if (info.revoked && !args_flag(args, "all")) continue;
        if (r.json) show_json(&r, &info);
        else show_line(&r, &info);
        shown++;
    }
    report_close_array(&r);
    if (shown == 0) report_line(&r, "There are no keys; `hearth keys add NAME` makes one.");
    st = report_end(&r, err);
    key_store_close(store);
    return st;
}

const struct command cmd_keys_list = {
    .name = "keys list",
    .summary = "keys, what they may do, and what they have used",
    .operands = "",
    .tables = tables,
    .run = run,
};
