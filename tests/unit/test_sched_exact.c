/* Sixteen at once give what each gives alone, to the last bit: every model and format at hand.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The prompts have many lengths, so that steps mix pieces of prompts with tokens of answers and have from
 * one row to sixty-four. Alone means token by token. This is what makes answers reproducible. */
#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "lm/engine/engine_open.h"
#include "lm/sched/sched.h"
#include "math/kernels/cpu.h"
#include "support/alone.h"
#include "support/fixture.h"

#define STREAMS 16
#define ANSWER  12
#define CONTEXT 192

struct stream {
    struct alone alone;
    int32_t got[ANSWER];
    size_t got_count;
    int64_t vocab;
    bool ended;
};

static struct stream streams[STREAMS];

static size_t next(void *ctx, const float *logits, int32_t *ret, size_t room)
{
    struct stream *s = ctx;
    size_t n = alone_choose(alone_hash(logits, s->vocab), s->vocab, ret, room);
    for (size_t i = 0; i < n; i++)
        s->got[s->got_count++] = ret[i];
    return n;
}

static void ended(void *ctx, const struct sched_end *end)
{
    struct stream *s = ctx;
    s->ended = true;
    if (end->error) fail_msg("%s", end->error->text);
}

static void make_streams(struct engine *e)
{
    int64_t valid = engine_info(e)->valid_vocab, most = engine_info(e)->context_max - ANSWER - 8;
    for (int i = 0; i < STREAMS; i++) {
        struct stream *s = &streams[i];
        memset(s, 0, sizeof *s);
        s->vocab = engine_info(e)->vocab_size;
        s->alone.count = (size_t)(1 + i * 11 % 37 + (i % 8 == 7 ? 70 : 0));
        if ((int64_t)s->alone.count > most) s->alone.count = (size_t)most;
        for (size_t k = 0; k < s->alone.count; k++)
            s->alone.tokens[k] =
                (int32_t)((k * 7919 + (k < 70 ? 0 : (size_t)i) + 5) % (size_t)valid);
        s->alone.tokens[0] = (int32_t)(i / 2 % valid); /* pairs have a common beginning */
        alone_run(&s->alone, e);
    }
}

static void submit_all(struct sched *sched)
{
    struct error err;
    uint64_t id;
    for (int i = 0; i < STREAMS; i++) {
        struct stream *s = &streams[i];
        const struct sched_request q = { .tokens = s->alone.tokens,
                                         .count = s->alone.count,
                                         .new_max = ANSWER,
                                         .salt = { { 1, 0 } }, /* not what ran alone */
                                         .next = next,
                                         .ended = ended,
                                         .ctx = s };
        if (sched_submit(sched, &id, &q, 1, NULL, &err)) fail_msg("%s", err.text);
    }
}

static void check_model(struct engine *e, const char *path, const char *level)
{
    struct sched *sched;
    struct error err;
    make_streams(e);
    if (sched_new(&sched, e, &(struct sched_options){ .step_tokens = 48 }, &err))
        fail_msg("%s", err.text);
    submit_all(sched);
    for (int i = 0; i < 1000 && !sched_idle(sched); i++)
        sched_step(sched, 1, NULL);
    for (int i = 0; i < STREAMS; i++) {
        const struct stream *s = &streams[i];
        size_t want = s->alone.answer_count < ANSWER ? s->alone.answer_count : ANSWER;
        if (!s->ended || s->got_count != want ||
            memcmp(s->got, s->alone.answer, want * sizeof *s->got) != 0)
            fail_msg("%s, level %s: stream %d of %zu tokens differs from itself alone", path, level,
                     i, s->alone.count);
    }
    sched_free(sched);
}

/* False: this build does not run it. */
static bool try_model(const char *path, const char *level, bool precise)
{
    struct source *source;
    struct engine *e;
    struct error err;
    const struct engine_options options = {
        .backend = strcmp(level, "ref") == 0 ? "ref" : "cpu",
        .cpu_level = strcmp(level, "ref") == 0 ? NULL : level,
        .precise = precise,
        .thread_count = 1, /* more would only wait for one another: the models are tiny */
        .context_max = CONTEXT,
        .cache_tokens = 64 * 96,
        .batch_max = 64,
    };
    if (source_open(&source, path, &err)) return false;
    if (engine_open(&e, source, &options, &err)) {
        source_close(source);
        return false;
    }
    check_model(e, path, level);
    engine_close(e);
    return true;
}

/* `all`: every level of this machine and what is slow, where once is enough; else the best level.
 * (test_kernels holds every level and format to the same, kernel by kernel.) */
static int check_path(const char *path, bool all)
{
    static const char *const levels[] = { "avx512vnni", "avx512", "avx2", "neon" };
    cpu_set have = cpu_detect(), masked;
    int ran = 0;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (!cpu_set_mask(have, levels[i], &masked) ||
            strcmp(cpu_level_name(cpu_set_best(masked)), levels[i]) != 0)
            continue;
        ran += try_model(path, levels[i], false);
        if (!all) return ran;
        ran += try_model(path, levels[i], true);
    }
    if (all) ran += try_model(path, "ref", false);
    return ran;
}

static void test_ember(void **state)
{
    (void)state;
    assert_true(check_path(fixture_source("models/ember"), true) > 0);
}

static void check_folder(const char *relative)
{
    char **names, path[4096];
    size_t count;
    struct error err;
    const char *folder = FIXTURE(relative);
    int ran = 0, models = 0;
    if (file_list(&names, &count, folder, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < count; i++) {
        if (!file_join(path, sizeof path, folder, names[i]) || strstr(names[i], ".safetensors"))
            continue;
        int n = check_path(path, strcmp(names[i], "qwen3") == 0);
        ran += n;
        models += n > 0;
    }
    file_list_free(names, count);
    printf("%s: %d models, %d runs\n", relative, models, ran);
    assert_true(models > 5);
}

static void test_golden_folders(void **state)
{
    (void)state;
    check_folder("golden/models");
}

static void test_golden_ggufs(void **state)
{
    (void)state;
    check_folder("golden/gguf");
}

static void test_quantized(void **state)
{
    (void)state;
    check_folder("golden/gguf/quantized");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ember),
        cmocka_unit_test(test_golden_folders),
        cmocka_unit_test(test_golden_ggufs),
        cmocka_unit_test(test_quantized),
    };
    return cmocka_run_group_tests_name("sched_exact", tests, NULL, NULL);
}
