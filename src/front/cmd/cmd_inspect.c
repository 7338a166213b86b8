/* `hearth inspect`: what a model is, from its files alone.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/core/digest.h"
#include "front/cmd/command.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/licence_claim.h"
#include "front/cmd/model_options.h"
#include "front/cmd/report.h"
#include "front/cmd/weight_check.h"
#include "lm/chat/chat.h"
#include "lm/format/config_retrieval.h"
#include "lm/format/config.h"
#include "lm/model/family.h"
#include "math/quants/quant.h"

#define TYPE_NAMES_MAX   64
#define WARNINGS_MAX     16
#define COUNT_MAX        ((int64_t)1 << 40)
#define CONFIG_BYTES_MAX ((size_t)64 << 20)

struct warnings {
    char texts[WARNINGS_MAX][ERROR_TEXT_BYTES];
    int count;
};

static void warn(struct warnings *w, const char *text)
{
    if (w->count < WARNINGS_MAX) snprintf(w->texts[w->count++], sizeof w->texts[0], "%s", text);
}

/* --- configuration --- */

static void report_shape(struct report *r, const struct config *c)
{
    static const struct {
        const char *key, *label;
        struct config_key name;
    } facts[] = {
        { "layers", "layers", { "num_hidden_layers", "block_count" } },
        { "hidden_size", "hidden size", { "hidden_size", "embedding_length" } },
        { "intermediate_size",
          "feed-forward size",
          { "intermediate_size", "feed_forward_length" } },
        { "heads", "attention heads", { "num_attention_heads", "attention.head_count" } },
        { "kv_heads", "key/value heads", { "num_key_value_heads", "attention.head_count_kv" } },
        { "head_size", "head size", { "head_dim", "attention.key_length" } },
        { "vocab_size", "vocabulary", { "vocab_size", "vocab_size" } },
        { "context", "context", { "max_position_embeddings", "context_length" } },
        { "sliding_window", "sliding window", { "sliding_window", "attention.sliding_window" } },
        { "experts", "experts", { "num_experts", "expert_count" } },
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        int64_t v;
        if (config_has(c, facts[i].name) &&
            !config_int_or(c, facts[i].name, 0, COUNT_MAX, 0, &v, NULL))
            report_count(r, facts[i].key, facts[i].label, (uint64_t)v);
    }
}

/* `known`: the family is, so that a missing key means the default. */
static void report_rope(struct report *r, const struct config *c, bool known, struct warnings *w)
{
    static const char *const names[] = { "default", "linear", "dynamic", "llama3", "yarn" };
    static const struct config_key keys[] = { { "rope_theta", "rope.freq_base" },
                                              { "rope_parameters", "rope.dimension_count" },
                                              { "rope_scaling", NULL } };
    struct rope_config rope;
    struct error err = { 0 };
    if (!known && !config_has(c, keys[0]) && !config_has(c, keys[1]) && !config_has(c, keys[2]))
        return;
    if (config_rope(c, NULL, &rope, &err)) {
        warn(w, err.text);
        return;
    }
    report_text(r, "rope", "RoPE", names[rope.scaling]);
    report_real(r, "rope_theta", "RoPE base", rope.theta);
    if (rope.scaling != ROPE_DEFAULT) report_real(r, "rope_factor", "RoPE factor", rope.factor);
}

static void report_config(struct report *r, const struct source *source, struct warnings *w)
{
    struct config c;
    struct error err = { 0 };
    const struct model_family *family;
    if (source_tensor_count(source) == 0 && !source_config_json(source) && !source_gguf(source))
        return;
    if (config_init(&c, source, &err)) {
        warn(w, err.text);
        return;
    }
    report_text(r, "architecture", "architecture", c.arch);
    bool known = !family_find(&family, &c, &err);
    if (known) report_text(r, "family", "family", family->name);
    else warn(w, err.text);
    report_shape(r, &c);
    report_rope(r, &c, known, w);
    report_text(r, "declared_dtype", "declared dtype", config_dtype(&c));
    config_release(&c);
}

/* --- tensors --- */

struct type_total {
    const char *name;
    uint64_t tensors, values, bytes;
};

static struct type_total *total_of(struct type_total *totals, int *count, const char *name)
{
    for (int i = 0; i < *count; i++)
        if (strcmp(totals[i].name, name) == 0) return &totals[i];
    if (*count == TYPE_NAMES_MAX) return NULL;
    totals[*count] = (struct type_total){ .name = name };
    return &totals[(*count)++];
}

static void report_type(struct report *r, const struct type_total *t)
{
    char bytes[32];
    format_bytes(bytes, sizeof bytes, t->bytes);
    report_line(r, "  %-18s%llu tensors, %s", t->name, (unsigned long long)t->tensors, bytes);
    if (!r->json) return;
    report_open_object(r, NULL);
    report_text(r, "type", NULL, t->name);
    report_int(r, "tensors", NULL, (int64_t)t->tensors);
    report_int(r, "values", NULL, (int64_t)t->values);
    report_int(r, "bytes", NULL, (int64_t)t->bytes);
    report_close_object(r);
}

static void report_tensors(struct report *r, const struct source *source, struct warnings *w)
{
    struct type_total totals[TYPE_NAMES_MAX];
    int count = 0;
    uint64_t parameters = 0, unreadable = 0;
    for (size_t i = 0; i < source_tensor_count(source); i++) {
        struct span name;
        struct tensor_view t = { 0 };
        const char *type_name = "?";
        bool readable = source_tensor_at(source, i, &name, &t, &type_name);
        struct type_total *total =
            total_of(totals, &count, readable ? quant_name(t.type) : type_name);
        if (!total) continue;
        total->tensors++;
        unreadable += !readable;
        if (!readable) continue;
        total->values += (uint64_t)(t.rows * t.cols);
        total->bytes += (uint64_t)t.rows * t.row_bytes;
        parameters += (uint64_t)(t.rows * t.cols);
    }
    report_count(r, "parameters", "parameters", parameters);
    report_count(r, "tensor_count", "tensors", source_tensor_count(source));
    report_bytes(r, "tensor_bytes", "bytes of tensors", source_tensor_bytes(source));
    report_open_array(r, "types");
    for (int i = 0; i < count; i++)
        report_type(r, &totals[i]);
    report_close_array(r);
    if (unreadable) {
        char text[128];
        snprintf(text, sizeof text,
                 "%llu tensors have a number format that cannot be read here; they are not counted",
                 (unsigned long long)unreadable);
        warn(w, text);
    }
    if (source_tensor_count(source) == 0)
        warn(w, "there are no weights here, only a tokenizer or a configuration");
}

/* --- files, tokenizer, licence --- */

static void report_files(struct report *r, const struct source *source)
{
    uint64_t sum = 0;
    report_open_array(r, "files");
    report_line(r, "files");
    for (size_t i = 0; i < source_file_count(source); i++) {
        const struct source_file *f = source_file(source, i);
        char bytes[32];
        format_bytes(bytes, sizeof bytes, f->bytes);
        report_line(r, "  %-40s%s", f->name, bytes);
        sum += f->bytes;
        if (!r->json) continue;
        report_open_object(r, NULL);
        report_text(r, "name", NULL, f->name);
        report_int(r, "bytes", NULL, (int64_t)f->bytes);
        report_close_object(r);
    }
    report_close_array(r);
    report_bytes(r, "file_bytes", "bytes of files", sum);
}

static void report_template_text(struct report *r, struct span text)
{
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    if (!text.data || sha256_of(text.data, text.len, digest, NULL)) {
        report_text(r, "chat_template_sha256", "chat template", r->json ? NULL : "none");
        return;
    }
    sha256_hex(digest, hex);
    report_text(r, "chat_template_sha256", "chat template", hex);
}

/* Of a template that cannot be used: its own file, else the one in tokenizer_config.json. */
static void report_template_file(struct report *r, struct source *source)
{
    struct span text = { 0 };
    struct json_doc *doc = NULL;
    if (source_read(source, "chat_template.jinja", &text, NULL) &&
        !source_read(source, "tokenizer_config.json", &text, NULL)) {
        enum status st =
            json_parse(&doc, text.data, text.len, CONFIG_BYTES_MAX, "tokenizer_config.json", NULL);
        text = st ? (struct span){ 0 } : json_string(json_get(json_root(doc), "chat_template"));
    }
    report_template_text(r, text);
    json_doc_free(doc);
}

static void report_chat(struct report *r, struct source *source, const struct tokenizer *t,
                        struct warnings *w)
{
    struct chat *c = NULL;
    struct error err = { 0 };
    enum status st = chat_open(&c, source, t, &err);
    if (st == STATUS_NOT_FOUND) {
        report_template_text(r, (struct span){ 0 });
        return;
    }
    if (st) {
        struct span text = t ? tokenizer_chat_template(t) : (struct span){ 0 };
        if (text.data) report_template_text(r, text);
        else report_template_file(r, source);
        warn(w, err.text);
        return;
    }
    const struct chat_facts *f = chat_facts(c, false), *with_tools = chat_facts(c, true);
    report_text(r, "chat_template_sha256", "chat template", *f->sha256 ? f->sha256 : NULL);
    report_text(r, "chat_encoder", "chat encoder", chat_native(c));
    if (with_tools != f) report_text(r, "tool_template_sha256", "  with tools", with_tools->sha256);
    report_text(r, "chat_thinking", "  thinking", f->thinking);
    report_text(r, "chat_effort", "  effort", f->effort);
    report_flag(r, "chat_tools", "  shows tools", with_tools->tools);
    chat_free(c);
}

/* Nothing is shown of a generator, which is most of them. */
static void report_retrieval(struct report *r, struct source *source, struct warnings *w)
{
    struct retrieval_config c;
    struct error err = { 0 };
    struct config config;
    if (config_init(&config, source, NULL)) return; /* said above */
    config_release(&config);
    if (config_retrieval(source, &c, &err)) {
        warn(w, err.text);
        return;
    }
    bool embeds = c.pooling != POOLING_NONE && c.pooling != POOLING_RANK;
    report_text(r, "embedding_pooling", "embedding pooling",
                embeds ? pooling_name(c.pooling) : NULL);
    if (embeds) report_flag(r, "embedding_normalize", "  normalised", c.normalize);
    if (r->json || c.rerank) report_flag(r, "reranker", "reranker", c.rerank);
}

static void report_special(struct report *r, const struct tokenizer *t, const char *key,
                           const char *label, int32_t id)
{
    if (id < 0) return;
    struct span piece = tokenizer_piece(t, id);
    report_line(r, "%-20s%d %.*s", label, (int)id, (int)piece.len, piece.data ? piece.data : "");
    if (r->json) report_int(r, key, NULL, id);
}

static void report_tokenizer(struct report *r, struct source *source, struct warnings *w)
{
    struct tokenizer *t;
    struct error err = { 0 };
    enum status st = tokenizer_open(&t, source, &(struct tokenizer_options){ 0 }, &err);
    if (st) {
        report_text(r, "tokenizer", "tokenizer", st == STATUS_NOT_FOUND ? "none" : "not usable");
        report_chat(r, source, NULL, w);
        if (st != STATUS_NOT_FOUND) warn(w, err.text);
        return;
    }
    int64_t specials = 0;
    for (int64_t id = 0; id < tokenizer_vocab_size(t); id++)
        specials += tokenizer_is_special(t, (int32_t)id);
    report_text(r, "tokenizer", "tokenizer", tokenizer_kind(t));
    report_text(r, "pre_tokenizer", "pre-tokenizer", *tokenizer_pre(t) ? tokenizer_pre(t) : NULL);
    report_count(r, "tokens", "tokens", (uint64_t)tokenizer_vocab_size(t));
    report_count(r, "special_tokens", "special tokens", (uint64_t)specials);
    report_special(r, t, "bos_id", "BOS", tokenizer_bos(t));
    report_special(r, t, "eos_id", "EOS", tokenizer_eos(t));
    report_flag(r, "adds_bos", "adds BOS", tokenizer_adds_bos(t));
    report_flag(r, "adds_eos", "adds EOS", tokenizer_adds_eos(t));
    report_chat(r, source, t, w);
    tokenizer_free(t);
}

static void report_licence(struct report *r, struct source *source)
{
    struct licence_claim c;
    licence_claim_read(&c, source);
    report_span(r, "licence_claim", "licence claim", c.id);
    report_span(r, "licence_name", "  name", c.name);
    report_span(r, "licence_link", "  link", c.link);
    report_open_array(r, "licence_files");
    for (int i = 0; i < c.file_count; i++) {
        if (r->json) json_put_string(&r->writer, c.files[i]);
        else report_line(r, "%-20s%s", "licence file", c.files[i]);
    }
    report_close_array(r);
    if (!c.id.data && c.file_count == 0) report_line(r, "%-20snone found", "licence claim");
}

static enum status check_weights(struct report *r, const struct source *source, struct warnings *w,
                                 const char *path, struct error *err)
{
    struct weight_faults f;
    struct progress_bar bar;
    char text[512];
    progress_bar_init(&bar, path);
    interrupt_install();
    enum status st = weight_check(&f, source, &(struct progress){ progress_bar_report, &bar }, err);
    progress_bar_clear(&bar);
    if (st) return st;
    report_count(r, "checked_values", "values checked", f.checked);
    report_count(r, "nan_values", "NaN", f.nan_count);
    report_count(r, "infinite_values", "infinite", f.infinite_count);
    if (f.tensors == 0) return STATUS_OK;
    snprintf(
        text, sizeof text, "%llu NaN and %llu infinite values in %zu tensors, the first of them %s",
        (unsigned long long)f.nan_count, (unsigned long long)f.infinite_count, f.tensors, f.first);
    warn(w, text);
    return STATUS_OK;
}

static void report_warnings(struct report *r, const struct warnings *w)
{
    report_open_array(r, "warnings");
    for (int i = 0; i < w->count; i++) {
        if (r->json) json_put_string(&r->writer, w->texts[i]);
        else report_line(r, "warning: %s", w->texts[i]);
    }
    report_close_array(r);
}

static enum status inspect(struct source *source, const struct args *args, struct error *err)
{
    struct report r;
    struct warnings w = { .count = 0 };
    enum status st = STATUS_OK;
    report_begin(&r, args_flag(args, "json"));
    report_text(&r, "model", "model", source_path(source));
    report_text(&r, "container", "container",
                source_container(source) == CONTAINER_GGUF ? "GGUF" : "Hugging Face folder");
    report_config(&r, source, &w);
    report_tensors(&r, source, &w);
    report_tokenizer(&r, source, &w);
    report_retrieval(&r, source, &w);
    report_licence(&r, source);
    report_files(&r, source);
    if (args_flag(args, "check-weights"))
        st = check_weights(&r, source, &w, source_path(source), err);
    report_warnings(&r, &w);
    if (!st) return report_end(&r, err);
    report_abandon(&r);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct source *source;
    enum status st = source_open(&source, args_operand(args, 0), err);
    if (st) return st;
    st = inspect(source, args, err);
    source_close(source);
    return st;
}

static const struct option_spec specs[] = {
    { "check-weights", 0, OPTION_FLAG, .help = "read every weight and report NaN and infinity" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &model_table, &json_table, NULL };

const struct command cmd_inspect = {
    .name = "inspect",
    .summary = "say what a model is: architecture, number formats, sizes, tokenizer, licence claim",
    .operands = "MODEL",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Reads the files only; nothing is loaded. What the files say about the licence is "
             "repeated as their "
             "claim, not judged.",
    .tables = tables,
    .run = run,
};
