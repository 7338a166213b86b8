/* Reading a model's folder.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/licence_folder.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/core/file.h"

#define PATHS_BYTES_MAX ((size_t)16 << 20)
#define PATH_BYTES      4096

static enum status add_file(struct licence_folder *f, const char *below, const char *name,
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
static enum status list_below(struct licence_folder *f, const char *below, struct error *err)
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

static enum status read_texts(struct licence_folder *f, const struct licence_prints *prints,
                              struct error *err)
{
    char path[PATH_BYTES];
    enum status st = STATUS_OK;
    f->card = -1;
    for (size_t i = 0; i < f->count && !st; i++) {
        const char *name = f->files[i];
        if (!licence_file_name(name) || !file_join(path, sizeof path, f->path, name)) continue;
        if (f->text_count == FOLDER_TEXTS_MAX)
            return error_set(err, STATUS_LIMIT, "%s has more than %d licence files", f->path,
                             FOLDER_TEXTS_MAX);
        int at = f->text_count++;
        f->texts[at] = BUF_INIT(LICENCE_TEXT_BYTES_MAX);
        f->text_names[at] = name;
        st = file_read(&f->texts[at], path, err);
        if (!st)
            st = licence_read(&f->readings[at], prints,
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
const struct licence_reading *licence_folder_text(const struct licence_folder *f, const char *what,
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

enum status licence_folder_read(struct licence_folder *ret, const char *path,
                                const struct licence_prints *prints, struct error *err)
{
    *ret = (struct licence_folder){ .path = path };
    arena_init(&ret->names, PATHS_BYTES_MAX);
    enum status st = list_below(ret, "", err);
    return st ? st : read_texts(ret, prints, err);
}

void licence_folder_release(struct licence_folder *f)
{
    for (int i = 0; i < f->text_count; i++) {
        licence_reading_free(f->readings[i]);
        buf_release(&f->texts[i]);
    }
    mem_free(f->files);
    arena_release(&f->names);
}
