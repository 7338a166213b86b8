/* What the scheduler makes of a model's speed: many streams, a newcomer among them, a long conversation.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   sched_bench MODEL streams [N [TOKENS]]   N equal streams against one, in turns
 *   sched_bench MODEL ttft [PROMPT [N]]      time to first token, alone and beside N streams that decode
 *   sched_bench MODEL turn [TOKENS [FILE]]   first token of the next turn of a conversation of TOKENS
 *   sched_bench MODEL worker [N [TOKENS]]    processor time for a token through a worker, and without one
 *
 * Ratios are of medians of turns taken one after the other in the same run. With FILE, `turn` keeps the
 * conversation's pages there, and another process finds them: call it twice. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/file.h"
#include "base/core/mem.h"
#include "govern/gate/gate.h"
#include "lm/engine/engine_open.h"
#include "lm/sample/sample.h"
#include "lm/sched/sched.h"
#include "lm/worker/far_end.h"

#define STREAMS_MAX 64
#define TURNS       5
#define ANSWER      16 /* tokens of a turn's answer, and of the question behind it */
#define QUESTION    20
#define FILE_BYTES  ((uint64_t)16 << 30)

struct stream {
    int64_t first_ns;
    int64_t cached;
    size_t count;
};

static int64_t vocab;

static int32_t answer_token(size_t i)
{
    return (int32_t)((i * 7919 + 3) % (size_t)vocab);
}

static size_t next(void *ctx, const float *logits, int32_t *ret, size_t room)
{
    struct stream *s = ctx;
    if (s->count++ == 0) s->first_ns = clock_monotonic_ns();
    ret[0] = answer_token(s->count);
    return 1;
}

static void ended(void *ctx, const struct sched_end *end)
{
    struct stream *s = ctx;
    s->cached = end->cached_tokens;
    if (end->error) fprintf(stderr, "%s\n", end->error->text);
}

static _Noreturn void die(const struct error *err)
{
    fprintf(stderr, "sched_bench: %s\n", err->text);
    exit(1);
}

static struct engine *open_model(const char *path, int64_t context, int64_t cache,
                                 const struct engine_store *store)
{
    struct source *source;
    struct engine *e;
    struct error err;
    const struct engine_options options = {
        .context_max = context, .cache_tokens = cache, .streams_max = STREAMS_MAX, .store = store
    };
    if (source_open(&source, path, &err) || engine_open(&e, source, &options, &err)) die(&err);
    vocab = engine_info(e)->valid_vocab;
    printf("%s, %s\n", path, engine_info(e)->backend);
    return e;
}

static struct sched *new_sched(struct engine *e, int slots)
{
    struct sched *s;
    struct error err;
    if (sched_new(&s, e, &(struct sched_options){ .slots_max = slots }, &err)) die(&err);
    return s;
}

static void submit_tokens(struct sched *s, struct stream *stream, const int32_t *tokens,
                          size_t prompt, size_t new_max)
{
    struct error err;
    uint64_t id;
    *stream = (struct stream){ 0 };
    const struct sched_request q = { .tokens = tokens,
                                     .count = prompt,
                                     .new_max = new_max,
                                     .next = next,
                                     .ended = ended,
                                     .ctx = stream };
    if (sched_submit(s, &id, &q, clock_monotonic_ns(), NULL, &err)) die(&err);
}

/* A prompt whose beginning is in nobody's cache. */
static void submit(struct sched *s, struct stream *stream, size_t prompt, size_t new_max)
{
    static int seed;
    int32_t *tokens = mem_array(prompt, sizeof *tokens);
    seed++;
    for (size_t i = 0; i < prompt; i++)
        tokens[i] = (int32_t)((100 + i * 7919 + (size_t)seed * 31) % (size_t)vocab);
    submit_tokens(s, stream, tokens, prompt, new_max);
    mem_free(tokens);
}

static void run_until(struct sched *s, const int64_t *done)
{
    while (!*done && sched_step(s, clock_monotonic_ns(), NULL)) {}
}

static void run_all(struct sched *s)
{
    while (sched_step(s, clock_monotonic_ns(), NULL)) {}
}

static double median(double *v, int n)
{
    for (int i = 1; i < n; i++) {
        for (int j = i; j > 0 && v[j] < v[j - 1]; j--) {
            double t = v[j];
            v[j] = v[j - 1];
            v[j - 1] = t;
        }
    }
    return v[n / 2];
}

/* Tokens per second of n streams together, prompts of 16 tokens not counted. */
static double throughput(struct engine *e, int n, size_t tokens)
{
    static struct stream streams[STREAMS_MAX];
    struct sched *s = new_sched(e, n);
    for (int i = 0; i < n; i++)
        submit(s, &streams[i], 16, tokens);
    for (int i = 0; i < n; i++)
        run_until(s, &streams[i].first_ns);
    int64_t begin = clock_monotonic_ns();
    run_all(s);
    double seconds = (double)(clock_monotonic_ns() - begin) * 1e-9;
    sched_free(s);
    return (double)n * (double)(tokens - 1) / seconds;
}

static void bench_streams(const char *path, int n, size_t tokens)
{
    struct engine *e = open_model(path, 1024, 1024 * (int64_t)n, NULL);
    double one[TURNS], many[TURNS], ratio[TURNS];
    for (int t = 0; t < TURNS; t++) {
        one[t] = throughput(e, 1, tokens);
        many[t] = throughput(e, n, tokens);
        ratio[t] = many[t] / one[t];
    }
    printf("1 stream %.1f tokens/s, %d streams %.1f tokens/s, ratio %.2f (median of %d turns)\n",
           median(one, TURNS), n, median(many, TURNS), median(ratio, TURNS), TURNS);
    engine_close(e);
}

/* Seconds until the first token of a prompt beside `n` streams that decode. */
static double ttft(struct engine *e, int n, size_t prompt, double *ret_step)
{
    static struct stream streams[STREAMS_MAX];
    struct stream newcomer;
    struct sched *s = new_sched(e, n + 1);
    for (int i = 0; i < n; i++)
        submit(s, &streams[i], 16, 900);
    for (int i = 0; i < n; i++)
        run_until(s, &streams[i].first_ns);
    int64_t begin = clock_monotonic_ns();
    size_t steps = 0;
    submit(s, &newcomer, prompt, 1);
    for (; !newcomer.first_ns && sched_step(s, clock_monotonic_ns(), NULL); steps++) {}
    double seconds = (double)(newcomer.first_ns - begin) * 1e-9;
    *ret_step = seconds / (double)steps;
    sched_free(s);
    return seconds;
}

static void bench_ttft(const char *path, size_t prompt, int n)
{
    struct engine *e = open_model(path, 1024, 1024 * (int64_t)(n + 1), NULL);
    double alone[TURNS], loaded[TURNS], ratio[TURNS], step[TURNS], unused;
    for (int t = 0; t < TURNS; t++) {
        alone[t] = ttft(e, 0, prompt, &unused);
        loaded[t] = ttft(e, n, prompt, &step[t]);
        ratio[t] = loaded[t] / alone[t];
    }
    printf("prompt of %zu: first token after %.3f s alone, %.3f s beside %d streams, ratio %.2f; "
           "they waited %.3f s a token meanwhile\n",
           prompt, median(alone, TURNS), median(loaded, TURNS), n, median(ratio, TURNS),
           median(step, TURNS));
    engine_close(e);
}

/* --- the next turn --- */

static double cpu_seconds(clockid_t clock)
{
    struct timespec t = { 0 };
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void first_token(struct sched *s, const int32_t *tokens, size_t count, const char *what)
{
    struct stream stream;
    int64_t begin = clock_monotonic_ns();
    double cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    submit_tokens(s, &stream, tokens, count, ANSWER);
    run_until(s, &stream.first_ns);
    double seconds = (double)(stream.first_ns - begin) * 1e-9;
    cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    run_all(s);
    printf(
        "%s of %zu tokens, %lld of them cached: first token after %.3f s (%.3f s of processors)\n",
        what, count, (long long)stream.cached, seconds, cpu);
}

static struct engine_store open_file_store(const char *file, const char *model, int *fd)
{
    struct error err;
    struct file_map map;
    *fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct engine_store store = { .io = kv_store_file(fd), .bytes_max = FILE_BYTES };
    if (file_map_path(&map, model, &err)) die(&err);
    if (sha256_of(map.data, map.len, store.identity, &err)) die(&err);
    file_unmap(&map);
    return store;
}

static void bench_turn(const char *path, size_t count, const char *file)
{
    int fd = -1;
    struct engine_store store = { 0 };
    if (file) store = open_file_store(file, path, &fd);
    int64_t room = (int64_t)count + 1024;
    struct engine *e = open_model(path, room, room, file ? &store : NULL);
    struct sched *s = new_sched(e, 1);
    int32_t *tokens = mem_array(count + ANSWER + QUESTION, sizeof *tokens);
    for (size_t i = 0; i < count + ANSWER + QUESTION; i++)
        tokens[i] = (int32_t)((100 + i * 7919) % (size_t)vocab);
    for (size_t i = 0; i < ANSWER; i++)
        tokens[count + i] = answer_token(i + 1);
    if (engine_store_stats(e).used == 0) first_token(s, tokens, count, "a conversation");
    int64_t begin = clock_monotonic_ns();
    while (engine_save(e, 8) > 0) {}
    if (file) printf("saving took %.3f s\n", (double)(clock_monotonic_ns() - begin) * 1e-9);
    first_token(s, tokens, count + ANSWER + QUESTION, "its next turn");
    printf("%lld tokens came from the file\n", (long long)sched_stats(s).restored_tokens);
    mem_free(tokens);
    sched_free(s);
    engine_close(e);
    if (fd >= 0) close(fd);
}

/* --- through a worker --- */

static size_t next_greedy(void *ctx, const float *logits, int32_t *ret, size_t room)
{
    struct sampled s;
    if (sampler_pick(ctx, logits, vocab, SAMPLE_NO_LOGPROBS, &s, NULL)) return 0;
    ret[0] = s.id;
    return 1;
}

static void nothing(void *ctx, const struct sched_end *end)
{
}

/* Wall and processor seconds for a token of n streams in this process. */
static void in_process(struct engine *e, int n, size_t tokens, double *ret_wall, double *ret_cpu)
{
    struct sched *s = new_sched(e, n);
    struct sampler *sampler;
    struct error err;
    uint64_t id;
    if (sampler_new(&sampler, &sample_options_greedy, vocab, &err)) die(&err);
    for (int i = 0; i < n; i++) {
        const int32_t prompt[] = { 100, 200 + i, 300 };
        const struct sched_request q = { .tokens = prompt,
                                         .count = 3,
                                         .new_max = tokens,
                                         .next = next_greedy,
                                         .ended = nothing,
                                         .ctx = sampler };
        if (sched_submit(s, &id, &q, clock_monotonic_ns(), NULL, &err)) die(&err);
    }
    int64_t begin = clock_monotonic_ns();
    double cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    run_all(s);
    *ret_cpu = (cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / ((double)tokens * n);
    *ret_wall = (double)(clock_monotonic_ns() - begin) * 1e-9 / ((double)tokens * n);
    sampler_free(sampler);
    sched_free(s);
}

static void through_worker(struct worker *w, clockid_t clock, int n, size_t tokens,
                           double *ret_wall, double *ret_cpu)
{
    char request[256];
    struct worker_event e;
    struct error err;
    uint64_t id;
    bool got;
    int64_t begin = clock_monotonic_ns();
    double cpu = cpu_seconds(clock) + cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < n; i++) {
        int len = snprintf(request, sizeof request,
                           "{\"ids\":[100,%d,300],\"max_tokens\":%zu,\"ignore_eos\":true,"
                           "\"sampling\":{\"temperature\":0}}",
                           200 + i, tokens);
        if (worker_submit(w, &id, request, (size_t)len, &err)) die(&err);
    }
    for (int ends = 0; ends < n;) {
        if (worker_next(w, &e, &got, -1, &err)) die(&err);
        if (got && e.kind == WORKER_ERROR) die(e.error);
        ends += got && e.kind == WORKER_DONE;
    }
    *ret_cpu =
        (cpu_seconds(clock) + cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / ((double)tokens * n);
    *ret_wall = (double)(clock_monotonic_ns() - begin) * 1e-9 / ((double)tokens * n);
}

/* Nobody has pinned what is measured. */
static void open_worker(struct worker **ret, const char *path, const struct engine_options *options)
{
    struct gate_policy policy;
    struct gate *gate;
    struct error err;
    policy_init(&policy);
    policy.mode = GATE_AUDIT;
    const struct gate_setup setup = { .policy = &policy };
    if (gate_new(&gate, &setup, &err) || gate_open_worker(ret, gate, path, options, NULL, &err))
        die(&err);
    gate_free(gate);
}

static void bench_worker(const char *path, int n, size_t tokens)
{
    const struct engine_options options = { .context_max = 1024,
                                            .cache_tokens = 1024 * (int64_t)n,
                                            .streams_max = n };
    double wall[2][TURNS], cpu[2][TURNS], extra[TURNS], ratio[TURNS];
    struct worker *w;
    clockid_t clock;
    struct engine *e = open_model(path, 1024, 1024 * (int64_t)n, NULL);
    open_worker(&w, path, &options);
    if (clock_getcpuclockid((pid_t)worker_process(w), &clock)) exit(1);
    for (int t = 0; t < TURNS; t++) {
        in_process(e, n, tokens, &wall[0][t], &cpu[0][t]);
        through_worker(w, clock, n, tokens, &wall[1][t], &cpu[1][t]);
        extra[t] = (cpu[1][t] - cpu[0][t]) * 1e6;
        ratio[t] = wall[1][t] / wall[0][t];
    }
    printf("%d streams: a token costs %.0f us of processors here, %.0f us more through a worker; "
           "its time is %.3f of that here\n",
           n, median(cpu[0], TURNS) * 1e6, median(extra, TURNS), median(ratio, TURNS));
    worker_stop(w);
    engine_close(e);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "worker") == 0) return worker_run(NULL) ? 1 : 0;
    if (argc < 3) {
        fprintf(stderr, "usage: sched_bench MODEL streams|ttft|turn|worker ...\n");
        return 2;
    }
    long a = argc > 3 ? strtol(argv[3], NULL, 10) : 0, b = argc > 4 ? strtol(argv[4], NULL, 10) : 0;
    if (strcmp(argv[2], "streams") == 0)
        bench_streams(argv[1], a ? (int)a : 16, b ? (size_t)b : 48);
    else if (strcmp(argv[2], "turn") == 0)
        bench_turn(argv[1], a ? (size_t)a : 25000, argc > 4 ? argv[4] : NULL);
    else if (strcmp(argv[2], "worker") == 0)
        bench_worker(argv[1], a ? (int)a : 1, b ? (size_t)b : 64);
    else if (strcmp(argv[2], "ttft") == 0)
        bench_ttft(argv[1], a ? (size_t)a : 512, b ? (int)b : 15);
    return 0;
}
