/* The files that make up a model, and where their bytes come from.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A set has one of two origins: a path, whose files are opened when they are asked for, or
 * descriptors that somebody else opened, for a process that can open nothing itself. Whoever reads a
 * model asks its set by base name and never uses a path. Only regular files (or links to such) are
 * in a set. Names are plain, without '/', but for what Hugging Face's tools put into folders of their own:
 * "additional_chat_templates/tool_use.jinja", "1_Pooling/config.json". Immutable after opening. */
#ifndef LM_FORMAT_FILE_SET_H
#define LM_FORMAT_FILE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/file.h"
#include "base/core/status.h"

#define FILE_SET_FILES_MAX      10000
#define FILE_SET_PATH_BYTES     4096
#define FILE_SET_NAME_BYTES_MAX 255
#define FILE_SET_TEMPLATES      "additional_chat_templates"
#define FILE_SET_POOLING        "1_Pooling"
#define FILE_SET_LOGIT_SCORE    "1_LogitScore"

struct file_set;

struct file_set_entry {
    const char *name; /* base name: "tokenizer.json" */
    uint64_t bytes;
    int fd; /* of an origin of descriptors: open for reading, or -1 where only the name is known */
};

/* A folder with all its regular files; or one file, and what else of a split model
 * (NAME-00001-of-0000N.gguf) lies beside it. STATUS_NOT_FOUND when there is nothing at `path`. */
enum status file_set_open(struct file_set **ret, const char *path, struct error *err);
/* From descriptors, which stay the caller's and must outlive the set; sizes are read from them. `path`
 * stands in messages; `main_file` is the name of the one file that is the model, or NULL for the
 * files of a folder. Names are checked. */
enum status file_set_of_descriptors(struct file_set **ret, const char *path, const char *main_file,
                                    const struct file_set_entry *entries, size_t count,
                                    struct error *err);
/* Copies the descriptors, so that the caller may close his: the set's own are closed with it. */
enum status file_set_keep_descriptors(struct file_set *s, struct error *err);
/* No files at all; `path` is for messages. */
enum status file_set_empty(struct file_set **ret, const char *path, struct error *err);
void file_set_free(struct file_set *s);

const char *file_set_path(const struct file_set *s);      /* as given */
const char *file_set_main_file(const struct file_set *s); /* NULL: a folder */
size_t file_set_count(const struct file_set *s);
const struct file_set_entry *file_set_at(const struct file_set *s, size_t i); /* sorted by name */
bool file_set_find(const struct file_set *s, const char *name, size_t *ret);
/* A mapping of the caller's own. STATUS_NOT_FOUND when the set has no such file. */
enum status file_set_map(const struct file_set *s, const char *name, struct file_map *ret,
                         struct error *err);
/* A descriptor of the caller's own, open for reading. */
enum status file_set_descriptor(const struct file_set *s, const char *name, int *ret,
                                struct error *err);

#endif
