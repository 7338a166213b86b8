/* The door: from a path to a worker, or to an open engine.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Verification and judgement come to stand between opening the files and starting the worker. */
#include "govern/gate/gate.h"

#include "base/core/file.h"
#include "base/core/mem.h"
#include "govern/audit/canonical.h"
#include "lm/engine/engine_open.h"
#include "lm/format/source.h"
#include "lm/worker/worker_start.h"
#include "govern/gate/gate_store.h"

/* ---- a model's files, opened ---- */

struct model_files {
    struct file_set *set;
    struct worker_file *files;      /* [count] */
    struct file_set_entry *entries; /* the same, as the tokenizer's cache wants them */
    size_t count;
};

static void close_files(struct model_files *m)
{
    for (size_t i = 0; i < m->count; i++)
        file_close(m->files[i].fd);
    mem_free(m->files);
    mem_free(m->entries);
    file_set_free(m->set);
}

static enum status open_one(struct model_files *m, const struct file_set_entry *e, bool wanted,
                            struct error *err)
{
    int fd = -1;
    enum status st = wanted ? file_set_descriptor(m->set, e->name, &fd, err) : STATUS_OK;
    if (st) return st;
    m->files[m->count] = (struct worker_file){ e->name, fd, e->bytes };
    m->entries[m->count++] = (struct file_set_entry){ e->name, e->bytes, fd };
    return STATUS_OK;
}

/* A file that was named by the user is opened whatever it is called; but a pickle never. */
static enum status open_files(struct model_files *ret, const char *path, struct error *err)
{
    struct model_files m = { 0 };
    enum status st = file_set_open(&m.set, path, err);
    if (st) return st;
    size_t count = file_set_count(m.set);
    m.files = mem_array(count + 1, sizeof *m.files);
    m.entries = mem_array(count + 1, sizeof *m.entries);
    if (!m.files || !m.entries)
        st = error_set(err, STATUS_NO_MEMORY, "no memory for the list of %zu files", count);
    for (size_t i = 0; i < count && !st; i++) {
        const struct file_set_entry *e = file_set_at(m.set, i);
        bool wanted =
            source_reads_file(e->name) || (file_set_main_file(m.set) && !source_is_pickle(e->name));
        st = open_one(&m, e, wanted, err);
    }
    if (st) close_files(&m);
    else *ret = m;
    return st;
}

/* ---- the kept tokenizer ---- */

struct kept {
    char path[FILE_SET_PATH_BYTES]; /* "": there is no folder */
    struct worker_file form;        /* fd -1: none is kept yet */
};

/* Nothing here is an error: without a kept form the worker makes one. */
static void find_kept(struct kept *k, const struct model_files *m, const char *folder)
{
    char name[TOKENIZER_FORM_NAME_BYTES];
    *k = (struct kept){ .form = { "", -1, 0 } };
    if (!folder || tokenizer_form_name(m->entries, m->count, name, NULL) ||
        !file_join(k->path, sizeof k->path, folder, name)) {
        k->path[0] = 0;
        return;
    }
    if (file_open_read(&k->form.fd, k->path, NULL)) k->form.fd = -1;
}

/* The worker answers without one, so a failure is a line in the log. */
static bool open_store(struct worker_store *ret, const struct model_files *m,
                       const struct engine_options *o)
{
    struct error err;
    if (!o->store_folder || !o->store_bytes) return false;
    enum status st =
        gate_store_open(ret, o->store_folder, o->store_bytes, m->files, m->count, &err);
    if (st) log_write(&o->log, LOG_WARN, "kv", "cached pages are not kept: %s", err.text);
    return !st;
}

/* What a limit of memory may have done is said with the limit: a thread that was refused, or worse. */
static enum status blame_limit(enum status st, const char *path, uint64_t bytes, struct error *err)
{
    if (!bytes || (st != STATUS_NO_MEMORY && st != STATUS_FAILED && st != STATUS_CRASHED))
        return st;
    return error_wrap(err, st, "with the limit of %.3g GiB for the memory of %s",
                      (double)bytes / (1 << 30), path);
}

enum status gate_open_worker(struct worker **ret, const char *path,
                             const struct engine_options *options, struct error *err)
{
    struct model_files m;
    struct kept kept;
    enum status st = open_files(&m, path, err);
    if (st) return st;
    find_kept(&kept, &m, options->cache_folder);
    struct worker_store store;
    bool has_store = open_store(&store, &m, options);
    struct worker_options o = { .label = path,
                                .main_file = file_set_main_file(m.set),
                                .files = m.files,
                                .file_count = m.count,
                                .form = kept.form.fd >= 0 ? &kept.form : NULL,
                                .keep_path = kept.path[0] ? kept.path : NULL,
                                .store = has_store ? &store : NULL,
                                .memory_max = options->memory_max,
                                .engine = *options };
    st = worker_start(ret, &o, err);
    st = blame_limit(st, path, o.memory_max, err);
    file_close(kept.form.fd);
    if (has_store) file_close(store.fd);
    close_files(&m);
    return st;
}

/* The facts go into a lock that people read: bounded, and with its members in order. */
static enum status keep_facts(const struct worker *w, struct buf *out, struct error *err)
{
    const struct json *facts = worker_ready(w);
    if (json_type(facts) != JSON_OBJECT)
        return error_set(err, STATUS_FAILED, "the inspector said nothing");
    return canonical_write(out, facts, err);
}

enum status gate_inspect(void *ctx, const char *label, const char *main_file,
                         const struct registry_inspected *files, size_t count, struct buf *out,
                         struct error *err)
{
    struct worker *w;
    struct worker_file *list = mem_array(count + 1, sizeof *list);
    if (!list) return error_set(err, STATUS_NO_MEMORY, "no memory for a list of %zu files", count);
    for (size_t i = 0; i < count; i++)
        list[i] = (struct worker_file){ files[i].name, files[i].fd, files[i].bytes };
    struct worker_options o = { .label = label,
                                .main_file = main_file,
                                .files = list,
                                .file_count = count,
                                .inspect = true,
                                .engine = { .thread_count = 1 } };
    if (ctx) o.engine.progress = *(const struct progress *)ctx;
    enum status st = worker_start(&w, &o, err);
    mem_free(list);
    if (st) return st;
    st = keep_facts(w, out, err);
    worker_stop(w);
    return st;
}

enum status gate_open_sandbox(struct worker **ret, struct error *err)
{
    return worker_start_empty(ret, NULL, err);
}

/* ---- in this process ---- */

enum status gate_open_engine(struct engine **ret, const char *path,
                             const struct engine_options *options, struct error *err)
{
    struct source *source;
    enum status st = source_open(&source, path, err);
    if (st) return st;
    st = engine_open(ret, source, options, err);
    if (st) source_close(source);
    if (st || !engine_info(*ret)->headless) return st;
    engine_close(*ret);
    return error_set(err, STATUS_UNSUPPORTED,
                     "%s has no output head: it is made for embeddings, and has no logits", path);
}

enum status gate_plan_engine(struct engine_plan *ret, const char *path,
                             const struct engine_options *options, struct error *err)
{
    struct source *source;
    enum status st = source_open(&source, path, err);
    if (st) return st;
    st = engine_plan(ret, source, options, err);
    source_close(source);
    return st;
}
