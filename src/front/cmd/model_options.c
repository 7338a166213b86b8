/* From a command line to an open engine.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/model_options.h"

#include <string.h>

#include "base/core/mem.h"
#include "front/cmd/desk.h"
#include "front/cmd/interrupt.h"

static const struct option_spec model_specs[] = {
    { "backend", 0, OPTION_TEXT, "ref|cpu",
      .help = "cpu is fast; ref is plain C in fp32, the oracle of all others" },
    { "precise", 0, OPTION_FLAG, .help = "do not quantize activations (slower)" },
    { "cpu", 0, OPTION_TEXT, "LEVEL",
      .help =
          "use no instructions past LEVEL: base, avx2, avx512 ... (`hearth doctor` lists them)" },
    { "threads", 0, OPTION_INT, "N", 0, 512, "threads; 0 takes one per physical core" },
    { "cache", 0, OPTION_TEXT, "f16|f32",
      .help = "numbers of the attention cache; by default f16 for quantized models without "
              "--precise, else f32, which takes twice the memory" },
    { 0 },
};
const struct option_table model_table = { "Model options", model_specs };

static const struct option_spec context_specs[] = {
    { "ctx", 0, OPTION_INT, "N", 1, 1 << 30,
      "tokens that a session may hold; by default what the model was made for, up to 8192" },
    { 0 },
};
const struct option_table context_table = { "Context", context_specs };

static const struct option_spec worker_specs[] = {
    { "memory", 0, OPTION_REAL, "GIB", 0.001, 65536,
      "end a model's worker that wants more than GIB of memory beside the mapped files; no limit "
      "by "
      "default (`hearth plan` shows what a model needs)" },
    { 0 },
};
const struct option_table worker_table = { "Worker", worker_specs };

uint64_t worker_memory_max(const struct args *args)
{
    return (uint64_t)(args_real(args, "memory", 0) * (1 << 30));
}

static const struct option_spec json_specs[] = {
    { "json", 0, OPTION_FLAG, .help = "print one JSON object" },
    { 0 },
};
const struct option_table json_table = { "Output", json_specs };

void model_settings_init(struct model_settings *m, const struct args *args, bool context)
{
    memset(m, 0, sizeof *m);
    progress_bar_init(&m->bar, args_operand(args, 0));
    m->options = (struct engine_options){
        .backend = args_text(args, "backend", NULL),
        .cpu_level = args_text(args, "cpu", NULL),
        .precise = args_flag(args, "precise"),
        .cache_type = args_text(args, "cache", NULL),
        .thread_count = (int)args_int(args, "threads", 0),
        .context_max = context ? args_int(args, "ctx", 0) : 0,
        .cache_folder = home_tokenizer_cache(m->cache_folder) ? m->cache_folder : NULL,
        .log = { progress_bar_log, &m->bar },
        .progress = { progress_bar_report, &m->bar },
    };
}

enum status model_open(struct engine **ret, struct model_settings *m, const struct args *args,
                       struct error *err)
{
    struct desk desk = { .log = m->options.log };
    interrupt_install();
    enum status st = desk_open(&desk, args, err);
    if (st) return st;
    st = gate_open_engine(ret, desk.gate, args_operand(args, 0), &m->options, err);
    progress_bar_clear(&m->bar);
    desk_close(&desk);
    return st;
}

/* A new model on a terminal is added first; what is refused then is refused with the words of that verdict. */
static enum status open_or_add(struct worker **ret, struct desk *desk, const char *path,
                               struct model_settings *m, struct error *err)
{
    struct gate_verdict *verdict = NULL;
    struct error why;
    bool added = false;
    enum status st = gate_open_worker(ret, desk->gate, path, &m->options, &verdict, err);
    if (st == STATUS_REFUSED) {
        progress_bar_clear(&m->bar);
        enum status tried = desk_first_use(desk, path, verdict, &added, &why);
        if (tried) st = error_set(err, tried, "%s", why.text);
    }
    mem_free(verdict);
    return added ? gate_open_worker(ret, desk->gate, path, &m->options, NULL, err) : st;
}

enum status model_open_worker(struct worker **ret, struct model_settings *m,
                              const struct args *args, struct error *err)
{
    struct desk desk = { .log = m->options.log };
    interrupt_install();
    m->options.memory_max = worker_memory_max(args);
    enum status st = desk_open(&desk, args, err);
    if (st) return st;
    st = open_or_add(ret, &desk, args_operand(args, 0), m, err);
    progress_bar_clear(&m->bar);
    desk_close(&desk);
    return st;
}

enum status model_tokenizer(const struct tokenizer **ret, const struct engine *e, const char *path,
                            struct error *err)
{
    *ret = engine_tokenizer(e);
    if (*ret) return STATUS_OK;
    return error_set(
        err, STATUS_NOT_FOUND,
        "%s has no tokenizer files (tokenizer.json, tokenizer.model, vocab.json with merges.txt, "
        "*.tiktoken); `hearth debug logits` and `debug greedy` work on ids",
        path);
}

enum status model_open_tokenizer(struct tokenizer **ret, const char *path, struct error *err)
{
    char cache[HOME_PATH_BYTES];
    struct tokenizer_options options = { home_tokenizer_cache(cache) ? cache : NULL };
    struct source *source;
    enum status st = source_open(&source, path, err);
    if (st) return st;
    st = tokenizer_open(ret, source, &options, err);
    source_close(source);
    return st;
}
