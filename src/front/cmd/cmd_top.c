/* `hearth top`: a live table of what a server is doing.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads /metrics and /props like anybody else. Rates are differences between two looks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/core/clock.h"
#include "base/core/json.h"
#include "base/core/mem.h"
#include "base/net/http_fetch.h"
#include "front/cmd/command.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/terminal.h"

#define BODY_BYTES_MAX ((size_t)8 << 20)
#define ROWS_MAX       64
#define NAME_BYTES     48
#define TIMEOUT_MS     5000

static const struct option_spec specs[] = {
    { "at", 0, OPTION_TEXT, "ADDRESS",
      .help = "the server: ADDR:PORT or unix:PATH; 127.0.0.1:8080 by default" },
    { "key", 0, OPTION_TEXT, "KEY",
      .help =
          "a key with the capabilities models and metrics; HEARTH_KEY says it unseen by others" },
    { "interval", 0, OPTION_REAL, "SECONDS", 0.2, 3600, "between two looks; 1 by default" },
    { "once", 0, OPTION_FLAG, .help = "print one table and end" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, NULL };

enum value {
    RUNNING,
    WAITING,
    PROMPT,
    GENERATED,
    QUERIES,
    HITS,
    CACHE,
    TTFT_SUM,
    TTFT_COUNT,
    GAP_SUM,
    GAP_COUNT,
    DONE,
    ERRORS,
    FAILURES,
    VALUE_COUNT
};

static const struct {
    const char *name;
    const char *label; /* that must be there too; NULL: none */
    enum value value;
} sources[] = {
    { "hearth_num_requests_running", NULL, RUNNING },
    { "hearth_num_requests_waiting", NULL, WAITING },
    { "hearth_prompt_tokens_total", NULL, PROMPT },
    { "hearth_generation_tokens_total", NULL, GENERATED },
    { "hearth_prefix_cache_queries_total", NULL, QUERIES },
    { "hearth_prefix_cache_hits_total", NULL, HITS },
    { "hearth_kv_cache_usage_perc", NULL, CACHE },
    { "hearth_time_to_first_token_seconds_sum", NULL, TTFT_SUM },
    { "hearth_time_to_first_token_seconds_count", NULL, TTFT_COUNT },
    { "hearth_inter_token_latency_seconds_sum", NULL, GAP_SUM },
    { "hearth_inter_token_latency_seconds_count", NULL, GAP_COUNT },
    { "hearth_request_success_total", NULL, DONE },
    { "hearth_request_success_total", "finished_reason=\"error\"", ERRORS },
    { "hearth_worker_failures_total", NULL, FAILURES },
};

struct row {
    char name[NAME_BYTES], state[16];
    double values[VALUE_COUNT];
};
struct look {
    struct row rows[ROWS_MAX];
    int count;
    int64_t at_ns;
    double connections, memory;
};

static struct row *row_of(struct look *l, struct span name)
{
    for (int i = 0; i < l->count; i++)
        if (span_equals(name, l->rows[i].name)) return &l->rows[i];
    if (l->count == ROWS_MAX || name.len >= NAME_BYTES) return NULL;
    struct row *r = &l->rows[l->count++];
    memset(r, 0, sizeof *r);
    memcpy(r->name, name.data, name.len);
    return r;
}

/* One line: name{model_name="...",...} value */
static void take_line(struct look *l, const char *line, size_t len)
{
    static const char mark[] = "{model_name=\"";
    char text[512];
    if (len >= sizeof text || line[0] == '#') return;
    memcpy(text, line, len);
    text[len] = 0;
    const char *space = strrchr(text, ' ');
    double value = space ? strtod(space + 1, NULL) : 0;
    if (strncmp(text, "hearth_http_connections ", 24) == 0) l->connections = value;
    if (strncmp(text, "process_resident_memory_bytes ", 30) == 0) l->memory = value;
    const char *brace = strstr(text, mark);
    const char *name = brace ? brace + sizeof mark - 1 : NULL;
    const char *end = name ? strchr(name, '"') : NULL;
    struct row *r = end ? row_of(l, (struct span){ name, (size_t)(end - name) }) : NULL;
    for (size_t i = 0; r && i < sizeof sources / sizeof *sources; i++)
        if (strlen(sources[i].name) == (size_t)(brace - text) &&
            strncmp(text, sources[i].name, (size_t)(brace - text)) == 0 &&
            (!sources[i].label || strstr(end, sources[i].label)))
            r->values[sources[i].value] += value;
}

static void take_metrics(struct look *l, const struct buf *text)
{
    const char *at = text->data ? text->data : "";
    while (*at) {
        size_t len = strcspn(at, "\n");
        take_line(l, at, len);
        at += len + (at[len] == '\n');
    }
}

static enum status take_states(struct look *l, const struct buf *text, struct error *err)
{
    struct json_doc *doc;
    enum status st = json_parse(&doc, text->data ? text->data : "", text->len, BODY_BYTES_MAX,
                                "the server's properties", err);
    if (st) return st;
    const struct json *models = json_get(json_root(doc), "models");
    for (size_t i = 0; i < json_length(models); i++) {
        const char *state = json_text(json_get(json_at(models, i), "state"));
        struct row *r = row_of(l, json_string(json_get(json_at(models, i), "name")));
        if (r && state) snprintf(r->state, sizeof r->state, "%s", state);
    }
    json_doc_free(doc);
    return STATUS_OK;
}

static enum status fetch(struct buf *out, const struct listen_address *a, const char *path,
                         const char *key, struct error *err)
{
    int status = 0;
    *out = BUF_INIT(BODY_BYTES_MAX);
    enum status st = http_fetch(a, path, key, TIMEOUT_MS, &status, out, err);
    if (!st && (status == 401 || status == 403))
        st = error_set(err, STATUS_USAGE,
                       "the server asks for a key that may \"models\" and \"metrics\": --key, or "
                       "HEARTH_KEY");
    else if (!st && status != 200)
        st = error_set(err, STATUS_FAILED, "the server answers %s with status %d", path, status);
    return st;
}

static enum status take_look(struct look *l, const struct listen_address *a, const char *key,
                             struct error *err)
{
    struct buf text;
    memset(l, 0, sizeof *l);
    enum status st = fetch(&text, a, "/metrics", key, err);
    l->at_ns = clock_monotonic_ns();
    if (!st) take_metrics(l, &text);
    buf_release(&text);
    if (st) return st;
    st = fetch(&text, a, "/props", key, err);
    if (!st) st = take_states(l, &text, err);
    buf_release(&text);
    return st;
}

static double difference(const struct row *now, const struct row *before, enum value v)
{
    double d = now->values[v] - (before ? before->values[v] : 0);
    return d > 0 ? d : 0;
}

/* The mean of what came between the looks, in milliseconds; "-" when nothing came. */
static void format_mean(char out[16], const struct row *now, const struct row *before,
                        enum value sum, enum value count)
{
    double n = difference(now, before, count);
    if (n > 0) snprintf(out, 16, "%.1f", difference(now, before, sum) / n * 1e3);
    else snprintf(out, 16, "-");
}

static void print_row(const struct row *r, const struct row *before, double seconds)
{
    char first[16], gap[16], hits[16];
    double queries = difference(r, before, QUERIES);
    format_mean(first, r, before, TTFT_SUM, TTFT_COUNT);
    format_mean(gap, r, before, GAP_SUM, GAP_COUNT);
    snprintf(hits, sizeof hits, "-");
    if (queries > 0)
        snprintf(hits, sizeof hits, "%.0f", difference(r, before, HITS) / queries * 100);
    printf("%-24.24s %-8s %7.0f %7.0f %10.1f %10.1f %9s %8s %6s %7.0f %9.0f %7.0f %8.0f\n", r->name,
           r->state, r->values[RUNNING], r->values[WAITING],
           difference(r, before, GENERATED) / seconds, difference(r, before, PROMPT) / seconds,
           first, gap, hits, r->values[CACHE] * 100, r->values[DONE], r->values[ERRORS],
           r->values[FAILURES]);
}

static void print_table(struct look *now, struct look *before, const char *at)
{
    double seconds = before->at_ns ? (double)(now->at_ns - before->at_ns) / 1e9 : 1;
    char memory[32];
    format_bytes(memory, sizeof memory, (uint64_t)now->memory);
    printf("hearth at %s: %.0f connections, front %s\n\n", at, now->connections, memory);
    printf("%-24s %-8s %7s %7s %10s %10s %9s %8s %6s %7s %9s %7s %8s\n", "MODEL", "STATE",
           "RUNNING", "WAITING", "TOKENS/S", "PROMPT/S", "FIRST ms", "NEXT ms", "HIT %", "CACHE %",
           "REQUESTS", "ERRORS", "CRASHES");
    for (int i = 0; i < now->count; i++)
        print_row(&now->rows[i], row_of(before, span_of(now->rows[i].name)), seconds);
}

static void pause_for(double seconds)
{
    struct timespec t = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    nanosleep(&t, NULL); /* a signal ends it early */
}

static enum status watch(const struct args *args, const struct listen_address *a, struct look *now,
                         struct look *before, struct error *err)
{
    const char *key = args_text(args, "key", getenv("HEARTH_KEY"));
    const char *at = args_text(args, "at", "127.0.0.1:8080");
    struct terminal t = terminal_of(stdout);
    double interval = args_real(args, "interval", 1);
    enum status st = take_look(before, a, key, err);
    while (!st && !interrupt_seen()) {
        pause_for(interval);
        if (interrupt_seen()) break;
        st = take_look(now, a, key, err);
        if (st) break;
        if (t.interactive && !args_flag(args, "once")) printf("\033[H\033[2J");
        print_table(now, before, at);
        fflush(stdout);
        *before = *now;
        if (args_flag(args, "once")) break;
    }
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct listen_address a;
    enum status st = listen_parse(&a, args_text(args, "at", "127.0.0.1:8080"), err);
    if (st) return st;
    struct look *looks = mem_array(2, sizeof *looks);
    if (!looks) return error_set(err, STATUS_NO_MEMORY, "no memory for the table");
    interrupt_install();
    st = watch(args, &a, &looks[0], &looks[1], err);
    mem_free(looks);
    return st;
}

const struct command cmd_top = {
    .name = "top",
    .summary = "a live table of what a running server does",
    .operands = "",
    .about = "Speaks plain HTTP: for a server with TLS let it listen on a Unix socket too. Ctrl-C "
             "ends it.",
    .tables = tables,
    .run = run,
};
