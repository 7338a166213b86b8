/* Reading a model's folder.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/licence_folder.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/core/file.h"
#include "govern/licence/licence_gguf.h"

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

/* The next text, to be filled; NULL where there are too many. */
static struct buf *next_text(struct licence_folder *f, const char *name, struct error *err)
{
    if (f->text_count == FOLDER_TEXTS_MAX) {
        error_set(err, STATUS_LIMIT, "%s has more than %d licence files", f->path,
                  FOLDER_TEXTS_MAX);
        return NULL;
    }
    int at = f->text_count++;
    f->texts[at] = BUF_INIT(LICENCE_TEXT_BYTES_MAX);
    f->text_names[at] = name;
    if (strcasecmp(name, "README.md") == 0) f->card = at;
    return &f->texts[at];
}

static enum status read_last(struct licence_folder *f, const struct licence_prints *prints,
                             struct error *err)
{
    int at = f->text_count - 1;
    return licence_read(&f->readings[at], prints,
                        (struct span){ f->texts[at].data, f->texts[at].len }, err);
}

static enum status read_texts(struct licence_folder *f, const struct licence_prints *prints,
                              struct error *err)
{
    char path[PATH_BYTES];
    enum status st = STATUS_OK;
    for (size_t i = 0; i < f->count && !st; i++) {
        const char *name = f->files[i];
        if (!licence_file_name(name) || !file_join(path, sizeof path, f->path, name)) continue;
        struct buf *text = next_text(f, name, err);
        if (!text) return STATUS_LIMIT;
        st = file_read(text, path, err);
        if (!st) st = read_last(f, prints, err);
    }
    return st;
}

/* ---- in the store ---- */

static enum status map_parts(struct file_map *maps, size_t *count, struct registry *r,
                             const struct registry_model *m, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < m->file_count && !st; i++) {
        size_t len = strlen(m->files[i].name);
        int fd = -1;
        if (len < 5 || strcmp(m->files[i].name + len - 5, ".gguf") != 0) continue;
        st = registry_open_file(r, &m->files[i], &fd, NULL, err);
        if (!st) st = file_map_fd(&maps[*count], fd, m->files[i].name, err);
        if (st) file_close(fd);
        else ++*count;
    }
    return st;
}

enum status licence_folder_gguf(struct gguf **ret, struct registry *r,
                                const struct registry_model *m, struct error *err)
{
    size_t count = 0;
    struct file_map *maps = mem_array(m->file_count + 1, sizeof *maps);
    if (!maps) return error_set(err, STATUS_NO_MEMORY, "no memory for the parts of a model");
    enum status st = map_parts(maps, &count, r, m, err);
    if (!st) st = gguf_open_maps(ret, maps, count, m->main_file, err);
    for (size_t i = 0; st && i < count; i++)
        file_unmap(&maps[i]);
    mem_free(maps);
    return st;
}

static enum status read_keys(struct licence_folder *f, struct registry *r,
                             const struct registry_model *m, const struct licence_prints *prints,
                             struct error *err)
{
    struct gguf *g;
    struct buf *text = next_text(f, m->main_file, err);
    if (!text) return STATUS_LIMIT;
    enum status st = licence_folder_gguf(&g, r, m, err);
    if (st) return st;
    f->card = f->text_count - 1;
    st = licence_card_of_gguf(text, g, err);
    gguf_close(g);
    return st ? st : read_last(f, prints, err);
}

enum status licence_folder_read_stored(struct licence_folder *ret, struct registry *r,
                                       const struct registry_model *m,
                                       const struct licence_prints *prints, struct error *err)
{
    int fd = -1;
    enum status st = STATUS_OK;
    *ret = (struct licence_folder){ .path = m->alias, .card = -1 };
    arena_init(&ret->names, PATHS_BYTES_MAX);
    for (size_t i = 0; i < m->file_count && !st; i++) {
        const struct registry_file *file = &m->files[i];
        if (!licence_file_name(file->name)) continue;
        struct buf *text = next_text(ret, file->name, err);
        if (!text) return STATUS_LIMIT;
        st = registry_open_file(r, file, &fd, NULL, err);
        if (st) break;
        st = file_read_fd(text, fd, file->name, err);
        file_close(fd);
        if (!st) st = read_last(ret, prints, err);
    }
    return !st && m->main_file && ret->card < 0 ? read_keys(ret, r, m, prints, err) : st;
}

const struct licence_reading *licence_folder_text(const struct licence_folder *f, const char *what,
                                                  const char *other)
{
    return licence_pick(f->readings, f->text_names, f->text_count, what, other);
}

enum status licence_folder_read(struct licence_folder *ret, const char *path,
                                const struct licence_prints *prints, struct error *err)
{
    *ret = (struct licence_folder){ .path = path, .card = -1 };
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
