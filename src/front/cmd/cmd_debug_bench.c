/* `hearth debug bench`: speed measurements on request, for tools/bench.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The model stays loaded while requests come in, one a line, so that several programs can be
 * measured in turns. Every measurement starts from an empty session; `decode` is timed from the
 * second token on. The ids are fixed and spread over the vocabulary, as in tools/bench_rival.py. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "front/cmd/desk.h"
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"

#define LINE_BYTES  64
#define READY_BYTES 4096
#define COUNT_MAX   65536

static int32_t bench_token(size_t i, int64_t vocab)
{
    return (int32_t)((100 + i * 7919 % 10000) % (size_t)vocab);
}

static void print_ready(const struct engine_info *info)
{
    struct buf out = BUF_INIT(READY_BYTES);
    struct json_writer w;
    json_writer_init(&w, &out, 0);
    json_open_object(&w);
    json_key(&w, "ready");
    json_put_bool(&w, true);
    json_key(&w, "engine");
    json_put_string(&w, "hearth " HEARTH_VERSION);
    json_key(&w, "backend");
    json_put_string(&w, info->backend);
    json_key(&w, "weight_bytes");
    json_put_int(&w, (int64_t)info->weight_bytes);
    json_key(&w, "weight_bytes_per_token");
    json_put_int(&w, (int64_t)info->weight_bytes_per_token);
    json_close_object(&w);
    printf("%.*s\n", (int)out.len, out.data);
    fflush(stdout);
    buf_release(&out);
}

/* "decode 48" -> kind and count; false when the line is neither that nor "prefill N". */
static bool parse_request(char *line, bool *ret_decode, int64_t *ret_count)
{
    line[strcspn(line, "\n")] = 0;
    char *space = strchr(line, ' ');
    if (!space) return false;
    *space = 0;
    *ret_decode = strcmp(line, "decode") == 0;
    return (*ret_decode || strcmp(line, "prefill") == 0) && parse_int(space + 1, ret_count) &&
           *ret_count >= 1 && *ret_count <= COUNT_MAX;
}

static enum status time_prefill(struct session *s, const int32_t *ids, size_t count,
                                int64_t *ret_ns, struct error *err)
{
    int64_t start = clock_monotonic_ns();
    enum status st = session_sync(s, ids, count, NULL, err);
    *ret_ns = clock_monotonic_ns() - start;
    return st;
}

static enum status time_decode(struct session *s, const int32_t *ids, size_t count, int64_t *ret_ns,
                               struct error *err)
{
    enum status st = session_sync(s, ids, 1, NULL, err);
    int64_t start = clock_monotonic_ns();
    for (size_t i = 1; !st && i <= count; i++)
        st = session_append(s, ids[i], err);
    *ret_ns = clock_monotonic_ns() - start;
    return st;
}

/* Each turn begins with another token: the engine would find an equal text in its cache. */
static enum status measure(struct engine *e, bool decode, size_t count, int64_t turn,
                           struct error *err)
{
    struct session *s = NULL;
    int64_t ns = 0;
    int32_t *ids = mem_array(count + 1, sizeof *ids);
    if (!ids) return error_set(err, STATUS_NO_MEMORY, "no memory for %zu ids", count);
    for (size_t i = 0; i <= count; i++)
        ids[i] = bench_token(i, engine_info(e)->valid_vocab);
    ids[0] = (int32_t)(turn % engine_info(e)->valid_vocab);
    enum status st = session_new(&s, e, err);
    if (!st)
        st = decode ? time_decode(s, ids, count, &ns, err) : time_prefill(s, ids, count, &ns, err);
    session_free(s);
    mem_free(ids);
    if (st) return st;
    printf("{\"op\":\"%s\",\"tokens\":%zu,\"seconds\":%.9f}\n", decode ? "decode" : "prefill",
           count, (double)ns * 1e-9);
    fflush(stdout);
    return STATUS_OK;
}

static enum status answer_requests(struct engine *e, struct error *err)
{
    char line[LINE_BYTES];
    for (int64_t turn = 0; fgets(line, sizeof line, stdin); turn++) {
        bool decode;
        int64_t count;
        if (!parse_request(line, &decode, &count))
            return error_set(err, STATUS_BAD_INPUT,
                             "a request is \"decode N\" or \"prefill N\", N from 1 to %d",
                             COUNT_MAX);
        enum status st = measure(e, decode, (size_t)count, turn, err);
        if (st) return st;
    }
    return STATUS_OK;
}

static enum status run(const struct args *args, struct error *err)
{
    struct model_settings settings;
    struct engine *e;
    model_settings_init(&settings, args, true);
    enum status st = model_open(&e, &settings, args, err);
    if (st) return st;
    print_ready(engine_info(e));
    st = answer_requests(e, err);
    engine_close(e);
    return st;
}

static const struct option_table *const tables[] = { &model_table, &desk_table, &context_table,
                                                     NULL };

const struct command cmd_debug_bench = {
    .name = "debug bench",
    .summary = "time decode and prefill on request, for tools/bench",
    .operands = "MODEL",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Reads `decode N` or `prefill N` a line from standard input and answers each with a "
             "line of JSON.",
    .tables = tables,
    .run = run,
};
