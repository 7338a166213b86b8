/* `hearth scan`: what in a model's files could do something to whoever loads or reads them.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/core/file.h"
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/model_store.h"
#include "govern/registry/model_scan.h"
#include "govern/scan/scan.h"

static const struct option_table *const tables[] = { &lock_table, &json_table, NULL };

struct looked {
    size_t files, folders_skipped;
    uint64_t bytes;
};

static enum status scan_path(struct scan *s, const char *name, const char *path, struct looked *ret,
                             struct error *err)
{
    uint64_t bytes;
    int fd;
    enum status st = file_open_read(&fd, path, err);
    if (st) return st;
    st = file_descriptor_bytes(fd, path, &bytes, err);
    if (!st) st = scan_file(s, name, fd, bytes, err);
    file_close(fd);
    if (st) return st;
    ret->files++;
    ret->bytes += bytes;
    return STATUS_OK;
}

static enum status scan_folder(struct scan *s, const char *path, struct looked *ret,
                               struct error *err)
{
    struct model_scan files;
    enum status st = model_scan(&files, path, err);
    if (st) return st;
    for (size_t i = 0; i < files.count && !st; i++)
        st = scan_path(s, files.files[i].name, files.files[i].path, ret, err);
    ret->folders_skipped = files.skipped;
    model_scan_release(&files);
    return st;
}

static enum status scan_stored(struct scan *s, struct model_store *store, const char *alias,
                               struct looked *ret, struct error *err)
{
    struct registry_model m;
    enum status st = model_store_find(store, alias, &m, err);
    if (st) return st;
    for (size_t i = 0; i < m.file_count && !st; i++) {
        int fd;
        st = registry_open_file(store->registry, &m.files[i], &fd, NULL, err);
        if (st) break;
        st = scan_file(s, m.files[i].name, fd, m.files[i].bytes, err);
        file_close(fd);
        ret->files++;
        ret->bytes += m.files[i].bytes;
    }
    registry_model_release(&m);
    return st;
}

/* What lies there under this name comes first; else it is a model of the store. */
static enum status scan_model(struct scan *s, const struct args *args, struct looked *ret,
                              struct error *err)
{
    const char *path = args_operand(args, 0), *slash = strrchr(path, '/');
    struct model_store store;
    enum file_kind kind = file_kind(path);
    if (kind == FILE_FOLDER) return scan_folder(s, path, ret, err);
    if (kind != FILE_MISSING || slash)
        return scan_path(s, slash ? slash + 1 : path, path, ret, err);
    enum status st = model_store_open(&store, args, false, err);
    if (st) return st;
    st = scan_stored(s, &store, path, ret, err);
    model_store_close(&store);
    return st;
}

static void report_finding(struct report *r, const struct scan_finding *f)
{
    report_line(r, "%-4s  %s  %s at %" PRIu64, scan_answer_name(f->answer), scan_rule_name(f->rule),
                *f->file ? f->file : "the model", f->at);
    report_line(r, "      %s", f->reason);
    if (*f->quote) report_line(r, "      > %s", f->quote);
    if (f->answer != SCAN_NOTE) report_line(r, "      next: %s", f->next);
}

static size_t count_answers(const struct scan *s, enum scan_answer answer)
{
    size_t n = 0;
    for (size_t i = 0; i < scan_count(s); i++)
        n += scan_at(s, i)->answer == answer;
    return n;
}

static void report_scan(struct report *r, const struct scan *s, const char *model,
                        const struct looked *l)
{
    if (r->json) {
        report_text(r, "model", NULL, model);
        report_text(r, "answer", NULL, scan_answer_name(scan_answer_of(s)));
        report_int(r, "files", NULL, (int64_t)l->files);
        report_int(r, "bytes", NULL, (int64_t)l->bytes);
        report_int(r, "folders_skipped", NULL, (int64_t)l->folders_skipped);
        json_key(&r->writer, "findings");
        scan_write(&r->writer, s);
        return;
    }
    for (size_t i = 0; i < scan_count(s); i++)
        report_finding(r, scan_at(s, i));
    if (l->folders_skipped)
        report_line(r, "%zu folders (.git, .cache) are no part of a model: not looked into",
                    l->folders_skipped);
    report_line(r, "%zu files: %zu to refuse, %zu to ask about, %zu notes", l->files,
                count_answers(s, SCAN_DENY), count_answers(s, SCAN_ASK),
                count_answers(s, SCAN_NOTE));
}

static enum status fail(const struct scan *s, struct error *err)
{
    if (scan_answer_of(s) == SCAN_DENY)
        return error_set(err, STATUS_FAILED, "this model should not be used as it is: %s, %s",
                         scan_at(s, 0)->file, scan_at(s, 0)->reason);
    return error_set(err, STATUS_FAILED, "somebody should look at this model first: %s, %s",
                     scan_at(s, 0)->file, scan_at(s, 0)->reason);
}

static enum status run(const struct args *args, struct error *err)
{
    struct looked looked = { 0 };
    struct report r;
    struct scan *s;
    enum status st = scan_new(&s, err);
    if (st) return st;
    st = scan_model(s, args, &looked, err);
    if (!st) {
        scan_seal(s);
        report_begin(&r, args_flag(args, "json"));
        report_scan(&r, s, args_operand(args, 0), &looked);
        st = report_end(&r, err);
    }
    if (!st && scan_answer_of(s) != SCAN_NOTE) st = fail(s, err);
    scan_free(s);
    return st;
}

const struct command cmd_scan = {
    .name = "scan",
    .summary = "find code, pickles, odd templates and hidden text in a model",
    .operands = "MODEL",
    .operands_min = 1,
    .operands_max = 1,
    .about =
        "MODEL is a folder, a file, or the name of a model in the store. Its files are read and "
        "never executed: pickles opcode by opcode, also in archives of PyTorch; Python code and "
        "settings that ask for it; programs and scripts; templates that reach out of their "
        "interpreter or change with the date; characters that nobody sees.\n\n"
        "The strictest findings come first, each with its place, the bytes and the next step. The "
        "exit status is 0 when there is nothing to refuse or to ask about, and 1 otherwise. That "
        "nothing was found is no proof that there is nothing.",
    .tables = tables,
    .run = run,
};
