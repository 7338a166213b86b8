/* `hearth keys add`: a new key, shown once.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/buf.h"
#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/key_folder.h"
#include "front/cmd/model_options.h"
#include "front/cmd/report.h"
#include "serve/server/server.h"

#define LIMIT_MAX ((double)(1LL << 50))

static const struct option_spec specs[] = {
    { "models", 0, OPTION_TEXT, "A,B", .help = "the models that it may ask; by default all" },
    { "can", 0, OPTION_TEXT, "A,B",
      .help = "what it may do, * for everything; by default all but metrics" },
    { "tenant", 0, OPTION_TEXT, "NAME",
      .help = "keys of one tenant share caches and stored answers; by default a key is alone" },
    { "requests-per-minute", 0, OPTION_INT, "N", 1, LIMIT_MAX, "by default no limit" },
    { "tokens-per-minute", 0, OPTION_INT, "N", 1, LIMIT_MAX, "by default no limit" },
    { "concurrency", 0, OPTION_INT, "N", 1, LIMIT_MAX, "requests at once; by default no limit" },
    { "budget", 0, OPTION_INT, "TOKENS", 1, LIMIT_MAX,
      "that it may use in all; by default no limit" },
    { "priority", 0, OPTION_TEXT, "low|normal|high",
      .help = "its share of a model that several want: 1 to 4 to 16" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &json_table, NULL };

static bool is_capability(const char *name)
{
    const char *known;
    if (strcmp(name, KEY_CAPABILITIES_ALL) == 0) return true;
    for (size_t i = 0; (known = server_capability(i)); i++)
        if (strcmp(known, name) == 0) return true;
    return false;
}

static void list_capabilities(struct buf *out, bool metrics)
{
    const char *known;
    for (size_t i = 0; (known = server_capability(i)); i++)
        if (metrics || strcmp(known, "metrics") != 0)
            buf_format(out, "%s%s", out->len ? "," : "", known);
}

static enum status read_capabilities(char ***ret, const char *given, struct error *err)
{
    struct buf all = BUF_INIT(4096);
    list_capabilities(&all, given != NULL);
    *ret = key_names(given ? given : all.data ? all.data : "");
    enum status st = STATUS_OK;
    if (!*ret)
        st = error_set(err, STATUS_USAGE, "--can takes names with commas between: %s", all.data);
    for (char **name = *ret; name && *name && !st; name++)
        if (!is_capability(*name))
            st = error_set(err, STATUS_USAGE, "there is no capability \"%s\"; there are %s, and *",
                           *name, all.data);
    buf_release(&all);
    return st;
}

static enum status read_grant(struct key_grant *g, const struct args *args, struct error *err)
{
    const char *name = args_operand(args, 0), *tenant = args_text(args, "tenant", NULL);
    *g = (struct key_grant){
        .name = mem_copy_text(name, strlen(name)),
        .tenant = tenant ? mem_copy_text(tenant, strlen(tenant)) : NULL,
        .models = key_names(args_text(args, "models", "*")),
        .requests_per_minute = args_int(args, "requests-per-minute", 0),
        .tokens_per_minute = args_int(args, "tokens-per-minute", 0),
        .concurrency = args_int(args, "concurrency", 0),
        .budget_tokens = args_int(args, "budget", 0),
    };
    key_priority_of(args_text(args, "priority", NULL), &g->priority);
    if (!g->name || (tenant && !g->tenant)) return error_set(err, STATUS_NO_MEMORY, "no memory");
    if (!g->models)
        return error_set(err, STATUS_USAGE, "--models takes names with commas between, at most %d",
                         KEY_NAMES_MAX);
    if (tenant && (!*tenant || strlen(tenant) > 64))
        return error_set(err, STATUS_USAGE, "the name of a tenant has 1 to 64 bytes");
    return read_capabilities(&g->capabilities, args_text(args, "can", NULL), err);
}

static enum status show(const struct args *args, const char *id, const char *key, struct error *err)
{
    struct report r;
    report_begin(&r, args_flag(args, "json"));
    report_text(&r, "id", "id", id);
    report_text(&r, "name", "name", args_operand(args, 0));
    report_text(&r, "key", "key", key);
    report_line(&r, "The key is not kept, only its digest: this is the one time that it is shown.");
    return report_end(&r, err);
}

static enum status run(const struct args *args, struct error *err)
{
    struct key_grant grant = { 0 };
    struct key_store *store = NULL;
    struct audit *audit = NULL;
    char key[KEY_CHARS + 1], id[KEY_ID_CHARS + 1];
    enum status st = read_grant(&grant, args, err);
    if (!st) st = key_folder_open_logged(&store, &audit, err);
    if (!st) st = key_store_add(store, &grant, key, id, err);
    if (!st) st = show(args, id, key, err);
    key_store_close(store);
    audit_close(audit);
    key_grant_release(&grant);
    return st;
}

const struct command cmd_keys_add = {
    .name = "keys add",
    .summary = "make a key; it is shown once",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .about = "A running server takes the key at once. Clients send it as Authorization: Bearer "
             "KEY, or as "
             "x-api-key.",
    .tables = tables,
    .run = run,
};
