/* The plan: files and facts.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/upgrade_plan.h"

#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/json.h"
#include "front/cmd/terminal.h"

#define CONFIG_BYTES_MAX ((size_t)64 << 20)
#define DEPTH_MAX        16
#define PATH_BYTES       512
#define VALUE_BYTES_MAX  ((size_t)1 << 20)
#define VALUE_SHOWN      200

/* ---- a revision's files ---- */

enum status revision_file(struct buf *out, struct registry *r, const struct registry_model *m,
                          const char *name, struct error *err)
{
    int fd;
    for (size_t i = 0; i < m->file_count; i++) {
        if (strcmp(m->files[i].name, name) != 0) continue;
        enum status st = registry_open_file(r, &m->files[i], &fd, NULL, err);
        if (st) return st;
        st = file_read_fd(out, fd, name, err);
        file_close(fd);
        return st;
    }
    return error_set(err, STATUS_NOT_FOUND, "there is no file %s", name);
}

/* What is missing or no JSON compares as nothing; that its bytes changed is told with the files. */
static enum status read_json(struct json_doc **ret, struct registry *r,
                             const struct registry_model *m, const char *name, struct error *err)
{
    struct buf text = BUF_INIT(CONFIG_BYTES_MAX);
    enum status st = revision_file(&text, r, m, name, err);
    if (!st) st = json_parse(ret, text.data, text.len, CONFIG_BYTES_MAX, name, err);
    buf_release(&text);
    return st == STATUS_NOT_FOUND || st == STATUS_BAD_INPUT ? STATUS_OK : st;
}

enum status revision_read(struct revision *ret, struct registry *r, const struct registry_model *m,
                          const struct licence_prints *prints, struct error *err)
{
    *ret = (struct revision){ .model = m };
    enum status st = licence_folder_read_stored(&ret->licence, r, m, prints, err);
    if (!st && m->main_file) return licence_folder_gguf(&ret->gguf, r, m, err);
    if (!st) st = read_json(&ret->config, r, m, "config.json", err);
    if (!st) st = read_json(&ret->tokenizer_config, r, m, "tokenizer_config.json", err);
    return st;
}

void revision_release(struct revision *v)
{
    licence_folder_release(&v->licence);
    json_doc_free(v->config);
    json_doc_free(v->tokenizer_config);
    gguf_close(v->gguf);
}

/* ---- files ---- */

struct file_list {
    struct report *r;
    size_t lines, counts[4]; /* same, added, removed, changed */
    uint64_t fresh_bytes;    /* of what was added or changed */
};

static void put_file(struct file_list *l, char mark, const struct registry_file *was,
                     const struct registry_file *is)
{
    const struct registry_file *f = is ? is : was;
    char bytes[32], before[32] = "";
    format_bytes(bytes, sizeof bytes, f->bytes);
    if (was && is) format_bytes(before, sizeof before, was->bytes);
    if (is) l->fresh_bytes += is->bytes;
    if (l->lines++ < PLAN_FILES_MAX)
        report_line(l->r, "  %c %s  %s%s%s", mark, f->name, before, *before ? " -> " : "", bytes);
    if (!l->r->json) return;
    char hex[SHA256_HEX_BYTES];
    report_open_object(l->r, NULL);
    report_text(l->r, "name", NULL, f->name);
    report_text(l->r, "change", NULL, mark == '+' ? "added" : mark == '-' ? "removed" : "changed");
    if (was) sha256_hex(was->sha256, hex);
    report_text(l->r, "was_sha256", NULL, was ? hex : NULL);
    if (was) report_int(l->r, "was_bytes", NULL, (int64_t)was->bytes);
    if (is) sha256_hex(is->sha256, hex);
    report_text(l->r, "sha256", NULL, is ? hex : NULL);
    if (is) report_int(l->r, "bytes", NULL, (int64_t)is->bytes);
    report_close_object(l->r);
}

/* Both lists are sorted by name. */
static void put_files(struct file_list *l, const struct registry_model *was,
                      const struct registry_model *is)
{
    size_t i = 0, k = 0;
    while (i < was->file_count || k < is->file_count) {
        const struct registry_file *a = i < was->file_count ? &was->files[i] : NULL;
        const struct registry_file *b = k < is->file_count ? &is->files[k] : NULL;
        int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);
        i += order <= 0;
        k += order >= 0;
        if (order == 0 && memcmp(a->sha256, b->sha256, SHA256_BYTES) == 0) {
            l->counts[0]++;
            continue;
        }
        l->counts[order > 0 ? 1 : order < 0 ? 2 : 3]++;
        put_file(l,
                 order > 0   ? '+'
                 : order < 0 ? '-'
                             : '~',
                 order <= 0 ? a : NULL, order >= 0 ? b : NULL);
    }
}

void upgrade_plan_files(struct report *r, const struct registry_model *was,
                        const struct registry_model *is)
{
    struct file_list l = { .r = r };
    char fresh[32];
    report_line(r, "files");
    report_open_array(r, "files");
    put_files(&l, was, is);
    report_close_array(r);
    if (l.lines > PLAN_FILES_MAX) report_line(r, "  ... and %zu more", l.lines - PLAN_FILES_MAX);
    format_bytes(fresh, sizeof fresh, l.fresh_bytes);
    report_line(r, "  %zu added, %zu removed, %zu changed, %zu the same; %s of new bytes",
                l.counts[1], l.counts[2], l.counts[3], l.counts[0], fresh);
    if (!r->json) return;
    report_int(r, "files_same", NULL, (int64_t)l.counts[0]);
    report_int(r, "files_added", NULL, (int64_t)l.counts[1]);
    report_int(r, "files_removed", NULL, (int64_t)l.counts[2]);
    report_int(r, "files_changed", NULL, (int64_t)l.counts[3]);
    report_int(r, "fresh_bytes", NULL, (int64_t)l.fresh_bytes);
}

/* ---- members of objects ---- */

struct members {
    struct report *r;
    const char *label;
    size_t told, more;
    const char *const *but;
    struct error *err;
    enum status st;
};

static void write_value(struct members *m, struct buf *out, const struct json *v)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    if (v) json_put_value(&w, v);
    else buf_text(out, "null");
    if (out->failed && !m->st) m->st = buf_check(out, "a value of a configuration", m->err);
}

static void tell_member(struct members *m, const char *path, const struct json *was,
                        const struct json *is, const struct buf *before, const struct buf *now)
{
    if (m->told == PLAN_FACTS_MAX) {
        m->more++;
        return;
    }
    if (m->told++ == 0) report_line(m->r, "%s", m->label);
    report_line(m->r, "  %s  %.*s%s -> %.*s%s", path, VALUE_SHOWN, was ? before->data : "(none)",
                was && before->len > VALUE_SHOWN ? "..." : "", VALUE_SHOWN,
                is ? now->data : "(none)", is && now->len > VALUE_SHOWN ? "..." : "");
    report_open_object(m->r, NULL);
    if (m->r->json) {
        report_text(m->r, "fact", NULL, path);
        json_key(&m->r->writer, "was");
        json_put_value(&m->r->writer, was);
        json_key(&m->r->writer, "is");
        json_put_value(&m->r->writer, is);
    }
    report_close_object(m->r);
}

static void compare_values(struct members *m, const char *path, const struct json *was,
                           const struct json *is)
{
    struct buf before = BUF_INIT(VALUE_BYTES_MAX), now = BUF_INIT(VALUE_BYTES_MAX);
    write_value(m, &before, was);
    write_value(m, &now, is);
    bool same = was && is && before.len == now.len &&
                (before.len == 0 || memcmp(before.data, now.data, now.len) == 0);
    if (!same && !m->st) tell_member(m, path, was, is, &before, &now);
    buf_release(&before);
    buf_release(&now);
}

static bool left_out(const struct members *m, const char *path)
{
    for (const char *const *b = m->but; b && *b; b++)
        if (strcmp(*b, path) == 0) return true;
    return false;
}

static void compare_objects(struct members *m, const char *prefix, const struct json *was,
                            const struct json *is, int depth);

static void compare_member(struct members *m, const char *prefix, struct span key,
                           const struct json *was, const struct json *is, int depth)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s%s%.*s", prefix, *prefix ? "." : "", (int)key.len, key.data);
    if (m->st || left_out(m, path)) return;
    if (json_type(was) == JSON_OBJECT && json_type(is) == JSON_OBJECT && depth < DEPTH_MAX)
        compare_objects(m, path, was, is, depth + 1);
    else compare_values(m, path, was, is);
}

static void compare_objects(struct members *m, const char *prefix, const struct json *was,
                            const struct json *is, int depth)
{
    for (struct json_member o = json_first(was); o.value; o = json_next(was, o))
        compare_member(m, prefix, o.key, o.value, json_get(is, o.key.data), depth);
    for (struct json_member o = json_first(is); o.value; o = json_next(is, o))
        if (!json_get(was, o.key.data)) compare_member(m, prefix, o.key, NULL, o.value, depth);
}

enum status upgrade_plan_members(struct report *r, const char *key, const char *label,
                                 const struct json *was, const struct json *is,
                                 const char *const *but, struct error *err)
{
    struct members m = { .r = r, .label = label, .but = but, .err = err };
    report_open_array(r, key);
    compare_objects(&m, "", was, is, 0);
    report_close_array(r);
    if (m.more) report_line(r, "  ... and %zu more", m.more);
    return m.st;
}

/* ---- what the inspector said, and the configuration ---- */

static enum status put_gguf_value(struct json_writer *w, struct span key,
                                  const struct gguf_value *v)
{
    struct span text;
    int64_t i;
    double d;
    bool b;
    if (v->type == GGUF_ARRAY || span_equals(key, "tokenizer.chat_template")) return STATUS_OK;
    json_key_span(w, key);
    if (gguf_string(v, &text)) json_put_span(w, text);
    else if (v->type == GGUF_BOOL && gguf_bool(v, &b)) json_put_bool(w, b);
    else if (gguf_int(v, &i)) json_put_int(w, i);
    else if (gguf_number(v, &d)) json_put_real(w, d);
    else json_put_null(w);
    return STATUS_OK;
}

/* Scalar keys as an object, so that both kinds of models are compared in one way. */
static enum status gguf_object(struct json_doc **ret, const struct gguf *g, struct error *err)
{
    struct buf text = BUF_INIT(CONFIG_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &text, 0);
    json_open_object(&w);
    for (size_t i = 0; g && i < gguf_key_count(g); i++) {
        struct gguf_value v;
        struct span key = gguf_key(g, i, &v);
        put_gguf_value(&w, key, &v);
    }
    json_close_object(&w);
    enum status st = buf_check(&text, "the keys of a GGUF", err);
    if (!st) st = json_parse(ret, text.data, text.len, CONFIG_BYTES_MAX, "the keys of a GGUF", err);
    buf_release(&text);
    return st;
}

static enum status report_config(struct report *r, const struct revision *was,
                                 const struct revision *is, struct error *err)
{
    struct json_doc *before = NULL, *now = NULL;
    enum status st = STATUS_OK;
    if (was->gguf || is->gguf) {
        st = gguf_object(&before, was->gguf, err);
        if (!st) st = gguf_object(&now, is->gguf, err);
    }
    if (!st)
        st = upgrade_plan_members(r, "config", "configuration",
                                  json_root(before ? before : was->config),
                                  json_root(now ? now : is->config), NULL, err);
    json_doc_free(before);
    json_doc_free(now);
    return st;
}

static enum status report_facts(struct report *r, const struct revision *was,
                                const struct revision *is, struct error *err)
{
    static const char *const told_before[] = { "tokenizer", NULL };
    struct json_doc *before = NULL, *now = NULL;
    const struct span a = was->model->facts, b = is->model->facts;
    enum status st = json_parse(&before, a.data, a.len, REGISTRY_FACTS_MAX, "the facts", err);
    if (!st) st = json_parse(&now, b.data, b.len, REGISTRY_FACTS_MAX, "the facts", err);
    if (!st)
        st = upgrade_plan_members(r, "facts", "found in the files", json_root(before),
                                  json_root(now), told_before, err);
    json_doc_free(before);
    json_doc_free(now);
    return st;
}

enum status upgrade_plan_facts(struct report *r, const struct revision *was,
                               const struct revision *is, struct error *err)
{
    enum status st = report_facts(r, was, is, err);
    return st ? st : report_config(r, was, is, err);
}

/* ---- all ---- */

enum status upgrade_plan_report(struct report *r, struct registry *registry,
                                const struct revision *was, const struct revision *is,
                                const struct licence_use *use, struct error *err)
{
    upgrade_plan_files(r, was->model, is->model);
    enum status st = upgrade_plan_licence(r, was, is, use, err);
    if (!st) st = upgrade_plan_template(r, registry, was, is, err);
    if (!st) st = upgrade_plan_tokenizer(r, was, is, err);
    if (!st) st = upgrade_plan_facts(r, was, is, err);
    if (!st) upgrade_plan_lineage(r, was, is);
    return st;
}
