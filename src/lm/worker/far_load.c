/* The load: descriptors become a model that is ready.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "lm/engine/engine_open.h"
#include "lm/worker/far_request.h"

#define LOAD_BYTES_MAX ((size_t)16 << 20)
#define PROGRESS_NS    50000000
#define THREADS_MAX    512
#define STREAMS_MAX    256

/* ---- what is told meanwhile ---- */

struct teller {
    struct far *far;
    int64_t last_ns;
};

static bool tell_progress(void *ctx, const char *stage, unsigned long long done,
                          unsigned long long total)
{
    struct teller *t = ctx;
    struct buf body = BUF_INIT(1024);
    struct json_writer w;
    int64_t now = clock_monotonic_ns();
    if (now - t->last_ns < PROGRESS_NS && !(total && done >= total)) return true;
    t->last_ns = now;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "stage");
    json_put_string(&w, stage);
    json_key(&w, "done");
    json_put_int(&w, (int64_t)done);
    json_key(&w, "total");
    json_put_int(&w, (int64_t)total);
    json_close_object(&w);
    far_send_buf(t->far, FRAME_PROGRESS, 0, &body);
    buf_release(&body);
    return far_go_on(t->far);
}

static void tell_log(void *ctx, enum log_level level, const char *area, const char *text)
{
    struct buf body = BUF_INIT(16384);
    struct json_writer w;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "level");
    json_put_int(&w, level);
    json_key(&w, "area");
    json_put_string(&w, area);
    json_key(&w, "text");
    json_put_string(&w, text);
    json_close_object(&w);
    if (!body.failed) far_send_buf(ctx, FRAME_LOG, 0, &body);
    buf_release(&body);
}

/* In pieces; an empty one says that it is whole. */
static void tell_form(void *ctx, struct span form)
{
    for (size_t at = 0; at < form.len; at += FRAME_KEEP_BYTES) {
        size_t n = form.len - at < FRAME_KEEP_BYTES ? form.len - at : FRAME_KEEP_BYTES;
        far_send(ctx, FRAME_KEEP, 0, (struct span){ form.data + at, n });
    }
    far_send(ctx, FRAME_KEEP, 0, (struct span){ "", 0 });
}

/* ---- what the load says ---- */

static enum status load_fault(struct error *err, const char *what)
{
    return error_set(err, STATUS_BAD_INPUT, "the load is malformed: %s", what);
}

static enum status read_files(struct far *f, const struct json *load, struct file_set **ret,
                              struct error *err)
{
    const struct json *files = json_get(load, "files");
    const char *label = json_text(json_get(load, "label"));
    size_t count = json_length(files);
    if (json_type(files) != JSON_ARRAY || !label || count > FILE_SET_FILES_MAX)
        return load_fault(err, "files or label");
    if (!(f->label = mem_copy_text(label, strlen(label))))
        return error_set(err, STATUS_NO_MEMORY, "no memory for the name of a model");
    struct file_set_entry *entries = mem_array(count + 1, sizeof *entries);
    if (!entries) return error_set(err, STATUS_NO_MEMORY, "no memory for a list of files");
    enum status st = STATUS_OK;
    for (size_t i = 0; i < count && !st; i++) {
        const struct json *e = json_at(files, i);
        int64_t fd = json_int(json_get(e, "fd"), -2), bytes = json_int(json_get(e, "bytes"), 0);
        entries[i] =
            (struct file_set_entry){ json_text(json_get(e, "name")), (uint64_t)bytes, (int)fd };
        if (!entries[i].name || fd < -1 || fd > INT32_MAX || bytes < 0)
            st = load_fault(err, "a file");
        if (f->model_file < 0 && !st) f->model_file = (int)fd;
    }
    if (!st)
        st = file_set_of_descriptors(ret, label, json_text(json_get(load, "main_file")), entries,
                                     count, err);
    mem_free(entries);
    return st;
}

static enum status read_engine(struct far *f, const struct json *load, struct teller *teller,
                               struct engine_options *ret, struct error *err)
{
    const struct json *e = json_get(load, "engine");
    int64_t threads = json_int(json_get(e, "thread_count"), -1);
    int64_t streams = json_int(json_get(e, "streams_max"), 0);
    if (json_type(e) != JSON_OBJECT || threads < 0 || threads > THREADS_MAX || streams < 0 ||
        streams > STREAMS_MAX)
        return load_fault(err, "engine");
    *ret = (struct engine_options){
        .backend = json_text(json_get(e, "backend")),
        .cpu_level = json_text(json_get(e, "cpu_level")),
        .precise = json_bool(json_get(e, "precise"), false),
        .thread_count = (int)threads,
        .context_max = json_int(json_get(e, "context_max"), 0),
        .cache_tokens = json_int(json_get(e, "cache_tokens"), 0),
        .cache_type = json_text(json_get(e, "cache_type")),
        .batch_max = json_int(json_get(e, "batch_max"), 0),
        .streams_max = streams,
        .deterministic = json_bool(json_get(e, "deterministic"), false),
        .log = { tell_log, f },
        .progress = { tell_progress, teller },
    };
    if (json_bool(json_get(load, "keep"), false)) {
        ret->keep_form = tell_form;
        ret->keep_ctx = f;
    }
    return STATUS_OK;
}

/* ---- opening ---- */

/* A model without a template is no fault; one whose template cannot be used still continues texts. */
static enum status open_chat(struct far *f, struct error *err)
{
    enum status st =
        chat_open(&f->chat, engine_source(f->engine), engine_tokenizer(f->engine), &f->chat_error);
    if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", f->chat_error.text);
    return STATUS_OK;
}

/* A model whose files say what cannot be done about embedding still generates. */
static enum status read_retrieval(struct far *f, struct error *err)
{
    f->retrieval = (struct retrieval_config){ .true_id = -1, .false_id = -1 };
    enum status st = config_retrieval(engine_source(f->engine), &f->retrieval, &f->retrieval_error);
    if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", f->retrieval_error.text);
    return STATUS_OK;
}

static enum status read_store(struct far *f, const struct json *load, struct engine_options *o,
                              struct error *err)
{
    const struct json *s = json_get(load, "store");
    struct span identity = json_string(json_get(s, "identity"));
    int64_t fd = json_int(json_get(s, "fd"), -1), bytes = json_int(json_get(s, "bytes"), -1);
    if (json_type(s) == JSON_NULL) return STATUS_OK;
    if (fd < 0 || fd > INT32_MAX || bytes < 0 || !identity.data ||
        !sha256_from_hex(identity.data, identity.len, f->store.identity))
        return load_fault(err, "store");
    f->store_file = (int)fd;
    f->store.io = kv_store_file(&f->store_file);
    f->store.bytes_max = (uint64_t)bytes;
    o->store = &f->store;
    return STATUS_OK;
}

static enum status open_engine(struct far *f, const struct json *load, struct error *err)
{
    struct teller teller = { f, 0 };
    struct engine_options options;
    struct file_set *files = NULL;
    struct source *source;
    struct file_map form = { .fd = -1 };
    int64_t form_fd = json_int(json_get(load, "form"), -1);
    enum status st = read_engine(f, load, &teller, &options, err);
    if (!st) st = read_store(f, load, &options, err);
    if (!st) st = read_files(f, load, &files, err);
    if (st) return st;
    f->deterministic = options.deterministic;
    st = source_open_files(&source, files, err);
    if (st) {
        file_set_free(files);
        return st;
    }
    int fd;
    if (form_fd >= 0 && !file_descriptor_copy((int)form_fd, "the kept tokenizer", &fd, NULL)) {
        if (file_map_fd(&form, fd, "the kept tokenizer", NULL)) file_close(fd);
        else options.tokenizer_form = (struct span){ (const char *)form.data, form.len };
    }
    st = engine_open(&f->engine, source, &options, err);
    if (st) source_close(source);
    file_unmap(&form);
    return st;
}

/* The front bounds who may wait; here nobody is refused whom it let through. */
static enum status open_sched(struct far *f, const struct json *engine, struct error *err)
{
    const struct sched_options options = {
        .slots_max = (int)json_int(json_get(engine, "streams_max"), 0),
        .queue_max = FAR_JOBS_MAX,
    };
    return sched_new(&f->sched, f->engine, &options, err);
}

/* ---- ready ---- */

static void put_chat(struct json_writer *w, const struct far *f)
{
    json_key(w, "chat");
    if (!f->chat) {
        json_put_null(w);
        json_member_text(w, "chat_error",
                         f->chat_error.status == STATUS_NOT_FOUND ? NULL : f->chat_error.text);
        return;
    }
    const struct chat_facts *facts = chat_facts(f->chat, false);
    json_open_object(w);
    json_member_text(w, "template_sha256", facts->sha256);
    json_member_text(w, "format", parse_format_name(far_format(f, true)));
    json_member_bool(w, "thinking", facts->thinking != NULL);
    json_member_text(w, "thinking_variable", facts->thinking);
    json_member_text(w, "effort_variable", facts->effort);
    json_member_bool(w, "tools", chat_facts(f->chat, true)->tools);
    json_close_object(w);
}

static void put_retrieval(struct json_writer *w, const struct far *f)
{
    const struct retrieval_config *r = &f->retrieval;
    json_key(w, "embedding");
    if (r->pooling == POOLING_NONE || r->rerank) json_put_null(w);
    else {
        json_open_object(w);
        json_member_text(w, "pooling", pooling_name(r->pooling));
        json_member_int(w, "dimensions", engine_info(f->engine)->hidden_size);
        json_member_bool(w, "normalize", r->normalize);
        json_close_object(w);
    }
    json_member_bool(w, "rerank", r->rerank);
    json_member_bool(w, "headless", engine_info(f->engine)->headless);
    json_member_text(w, "retrieval_error",
                     f->retrieval_error.status ? f->retrieval_error.text : NULL);
}

static void put_generation(struct json_writer *w, const struct generation_config *g)
{
    json_key(w, "generation");
    json_open_object(w);
    json_key(w, "eos_ids");
    json_open_array(w);
    for (int i = 0; i < g->eos_count; i++)
        json_put_int(w, g->eos_ids[i]);
    json_close_array(w);
    json_member_bool(w, "has_sampling", g->has_sampling);
    json_member_real(w, "temperature", g->temperature);
    json_member_int(w, "top_k", g->top_k);
    json_member_real(w, "top_p", g->top_p);
    json_member_real(w, "min_p", g->min_p);
    json_member_real(w, "repetition_penalty", g->repetition_penalty);
    json_close_object(w);
}

static void put_facts(struct json_writer *w, const struct engine_info *i)
{
    json_member_text(w, "family", i->family);
    json_member_text(w, "backend", i->backend);
    json_member_int(w, "context_max", i->context_max);
    json_member_int(w, "model_context", i->model_context);
    json_member_int(w, "vocab_size", i->vocab_size);
    json_member_int(w, "valid_vocab", i->valid_vocab);
    json_member_int(w, "parameter_count", (int64_t)i->parameter_count);
    json_member_int(w, "weight_bytes", (int64_t)i->weight_bytes);
    json_member_int(w, "weight_bytes_per_token", (int64_t)i->weight_bytes_per_token);
    json_member_int(w, "cache_bytes", (int64_t)i->cache_bytes);
    json_member_int(w, "work_bytes", (int64_t)i->work_bytes);
}

static void send_ready(struct far *f)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    put_facts(&w, engine_info(f->engine));
    json_member_bool(&w, "tokenizer", engine_tokenizer(f->engine) != NULL);
    json_member_bool(&w, "deterministic", f->deterministic);
    put_chat(&w, f);
    put_retrieval(&w, f);
    put_generation(&w, &engine_info(f->engine)->generation);
    json_key(&w, "sandbox");
    json_open_object(&w);
    json_member_int(&w, "landlock_abi", f->sandbox.landlock_abi);
    json_member_bool(&w, "seccomp", f->sandbox.seccomp);
    json_close_object(&w);
    json_close_object(&w);
    far_send_buf(f, FRAME_READY, 0, &body);
    buf_release(&body);
}

/* Files are looked at, and nothing is loaded. */
static enum status load_inspection(struct far *f, const struct json *load, struct error *err)
{
    struct teller teller = { f, 0 };
    struct file_set *files = NULL;
    enum status st = read_files(f, load, &files, err);
    return st ? st : far_inspect(f, files, &(struct progress){ tell_progress, &teller }, err);
}

enum status far_load(struct far *f, struct span body, struct error *err)
{
    struct json_doc *doc;
    enum status st = json_parse(&doc, body.data, body.len, LOAD_BYTES_MAX, "the load", err);
    if (st) return st;
    if (json_bool(json_get(json_root(doc), "inspect"), false)) {
        st = load_inspection(f, json_root(doc), err);
        json_doc_free(doc);
        return st;
    }
    st = open_engine(f, json_root(doc), err);
    if (!st) st = open_sched(f, json_get(json_root(doc), "engine"), err);
    if (!st) st = open_chat(f, err);
    if (!st) st = read_retrieval(f, err);
    if (!st) send_ready(f);
    json_doc_free(doc);
    return st;
}
