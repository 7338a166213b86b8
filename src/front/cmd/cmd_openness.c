/* `hearth openness`: what of a model is open, and under which terms.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/report.h"
#include "govern/openness/openness.h"

#define PATHS_BYTES_MAX ((size_t)16 << 20)
#define TEXTS_MAX       16
#define PATH_BYTES      4096

static const struct option_table *const tables[] = { &json_table, NULL };

/* A model's folder, read. */
struct folder {
    const char *path;
    struct arena names;
    const char **files; /* [count] paths below the folder */
    size_t count, cap;
    struct licence_prints prints;
    struct buf texts[TEXTS_MAX];
    struct licence_reading *readings[TEXTS_MAX];
    const char *text_names[TEXTS_MAX];
    int text_count;
    int card; /* index of README.md among the texts; -1 */
};

static enum status add_file(struct folder *f, const char *below, const char *name,
                            struct error *err)
{
    char path[PATH_BYTES];
    if (f->count == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 64;
        const char **wider = mem_resize(f->files, cap, sizeof *wider);
        if (!wider) return error_set(err, STATUS_NO_MEMORY, "no memory for %zu names", cap);
        f->files = wider;
        f->cap = cap;
    }
    snprintf(path, sizeof path, "%s%s%s", below, *below ? "/" : "", name);
    f->files[f->count] = arena_copy_text(&f->names, path, strlen(path));
    if (!f->files[f->count])
        return error_set(err, STATUS_LIMIT, "%s has too many files to look through", f->path);
    f->count++;
    return STATUS_OK;
}

/* The files of a folder; of the folders in it too, but not deeper: releases are flat. */
static enum status list_below(struct folder *f, const char *below, struct error *err)
{
    char here[PATH_BYTES], full[PATH_BYTES];
    char **names;
    size_t count;
    if (!file_join(here, sizeof here, f->path, below)) return STATUS_OK;
    enum status st = file_list(&names, &count, *below ? here : f->path, err);
    if (st) return st;
    for (size_t i = 0; i < count && !st; i++) {
        if (names[i][0] == '.' || !file_join(full, sizeof full, *below ? here : f->path, names[i]))
            continue;
        if (file_kind(full) == FILE_FOLDER && !*below) st = list_below(f, names[i], err);
        else if (file_kind(full) == FILE_REGULAR) st = add_file(f, below, names[i], err);
    }
    file_list_free(names, count);
    return st;
}

static bool is_licence_text(const char *name)
{
    return strncasecmp(name, "licen", 5) == 0 || strncasecmp(name, "model_license", 13) == 0 ||
           strncasecmp(name, "copying", 7) == 0 || strcasecmp(name, "README.md") == 0;
}

static enum status read_texts(struct folder *f, struct error *err)
{
    char path[PATH_BYTES];
    enum status st = STATUS_OK;
    f->card = -1;
    for (size_t i = 0; i < f->count && f->text_count < TEXTS_MAX && !st; i++) {
        const char *name = f->files[i];
        if (!is_licence_text(name) || !file_join(path, sizeof path, f->path, name)) continue;
        int at = f->text_count++;
        f->texts[at] = BUF_INIT(LICENCE_TEXT_BYTES_MAX);
        f->text_names[at] = name;
        st = file_read(&f->texts[at], path, err);
        if (!st)
            st = licence_read(&f->readings[at], &f->prints,
                              (struct span){ f->texts[at].data, f->texts[at].len }, err);
        if (!st && strcasecmp(name, "README.md") == 0) f->card = at;
    }
    return st;
}

static bool names(const char *file, const char *word)
{
    size_t len = strlen(word);
    for (; strlen(file) >= len; file++)
        if (strncasecmp(file, word, len) == 0) return true;
    return false;
}

/* A file LICENSE-MODEL is for the weights, LICENSE-CODE for the code, LICENSE for what has none. */
static const struct licence_reading *text_for(const struct folder *f, const char *what,
                                              const char *other)
{
    const struct licence_reading *plain = NULL, *card = NULL;
    for (int i = 0; i < f->text_count; i++) {
        const char *name = f->text_names[i];
        bool is_card = i == f->card;
        if (is_card) card = f->readings[i];
        else if (names(name, what)) return f->readings[i];
        else if (!names(name, other) && !plain) plain = f->readings[i];
    }
    return plain ? plain : card;
}

static bool agree_or_silent(const struct folder *f, const struct licence_reading *weights)
{
    const char *id = weights ? licence_reading_id(weights) : NULL;
    const char *claimed = f->card >= 0 ? f->readings[f->card]->claimed : NULL;
    return !claimed || (id && strcmp(id, claimed) == 0);
}

static void report_answer(struct report *r, const struct openness *o)
{
    static const char *const classes[] = { "none", "I open science", "II open tooling",
                                           "III open model" };
    static const char *const yes_no[] = { "no", "unknown", "yes" };
    static const char *const likely[] = { "unlikely", "unknown", "likely" };
    enum openness_component missing[COMPONENT_COUNT];
    int next = o->mof_class ? o->mof_class - 1 : 3;
    int count = next ? openness_missing(o, next, missing, COMPONENT_COUNT) : 0;
    report_line(r, "Model Openness Framework: class %s", classes[o->mof_class]);
    for (int i = 0; i < count; i++)
        report_line(r, "  missing for class %s: %s", classes[next],
                    openness_component_name(missing[i]));
    report_line(r, "Open Source AI Definition: %s (%s)", yes_no[o->osaid], o->osaid_reason);
    report_line(r, "EU AI Act, Article 53(2): %s (%s)", likely[o->act], o->act_reason);
}

static enum status judge(const struct folder *f, bool json, struct error *err)
{
    const struct licence_reading *weights = text_for(f, "model", "code");
    const struct licence_reading *code = text_for(f, "code", "model");
    struct openness_input in = {
        .files = f->files,
        .file_count = f->count,
        .card = f->card >= 0 ? f->readings[f->card]->text : (struct span){ 0 },
        .weights = weights ? weights->facts : NULL,
        .code = code ? code->facts : NULL,
        .documents = weights ? weights->facts : NULL,
        .certain =
            weights && weights->match.kind >= MATCH_NORMALISED && agree_or_silent(f, weights),
    };
    struct openness o;
    struct report r;
    enum status st = openness_judge(&o, &in, err);
    if (st) return st;
    report_begin(&r, json);
    if (json) {
        json_key(&r.writer, "openness");
        openness_write(&r.writer, &o);
    } else {
        report_answer(&r, &o);
    }
    return report_end(&r, err);
}

static enum status run(const struct args *args, struct error *err)
{
    struct folder f = { .path = args_operand(args, 0) };
    arena_init(&f.names, PATHS_BYTES_MAX);
    enum status st = licence_prints_builtin(&f.prints, err);
    if (!st) st = list_below(&f, "", err);
    if (!st) st = read_texts(&f, err);
    if (!st) st = judge(&f, args_flag(args, "json"), err);
    for (int i = 0; i < f.text_count; i++) {
        licence_reading_free(f.readings[i]);
        buf_release(&f.texts[i]);
    }
    mem_free(f.files);
    arena_release(&f.names);
    return st;
}

const struct command cmd_openness = {
    .name = "openness",
    .summary = "what of a model is open, and what is missing",
    .operands = "FOLDER",
    .operands_min = 1,
    .operands_max = 1,
    .about =
        "Three labels from the files of a model's FOLDER, its card and its licences: the class of "
        "the Model Openness Framework, the Open Source AI Definition, and Article 53(2) of the EU "
        "AI Act. What the files only hint at is said to be so; a person should look.",
    .tables = tables,
    .run = run,
};
