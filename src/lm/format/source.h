/* A model's files, whatever their container: what was found, its tensors and its texts.
 * SPDX-License-Identifier: Apache-2.0
 *
 * source_open() takes a Hugging Face folder (config.json with *.safetensors, single or
 * sharded; or a folder with only tokenizer files) or a GGUF file (or a folder holding
 * exactly one GGUF model). It maps and indexes; nothing is copied. Pickles (*.bin, *.pt,
 * *.pth, *.ckpt) are named and refused. Views borrow from the source. Immutable after
 * opening: any thread may read. */
#ifndef LM_FORMAT_SOURCE_H
#define LM_FORMAT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/json.h"
#include "base/core/span.h"
#include "base/core/status.h"
#include "lm/format/file_set.h"
#include "lm/format/gguf.h"
#include "math/tensor/tensor.h"

enum container { CONTAINER_HF, CONTAINER_GGUF };

struct source;

struct source_file {
    const char *name; /* base name: "tokenizer.json" */
    uint64_t bytes;
};

enum status source_open(struct source **ret, const char *path, struct error *err);
/* The same for files that were listed or opened before; takes the set over on success. */
enum status source_open_files(struct source **ret, struct file_set *files, struct error *err);
/* Whether a file of this name may be read by a source: all but pickles and what has nothing to do
 * with models. Whoever opens files for a source opens only these. */
bool source_reads_file(const char *name);
bool source_is_pickle(const char *name);
/* From texts without files, for tests and fuzzing: config.json, and generation_config.json or
 * {NULL, 0}. */
enum status source_open_texts(struct source **ret, struct span config, struct span generation,
                              struct error *err);
/* A GGUF that is already open; takes it over on success. `name` is for messages. */
enum status source_open_gguf(struct source **ret, struct gguf *g, const char *name,
                             struct error *err);
void source_close(struct source *s);

const char *source_path(const struct source *s);
enum container source_container(const struct source *s);
const struct gguf *source_gguf(const struct source *s); /* NULL for a folder */
/* Parsed config.json / generation_config.json; NULL when there is none. */
const struct json *source_config_json(const struct source *s);
const struct json *source_generation_json(const struct source *s);

/* Files of the folder (a GGUF: its parts). */
size_t source_file_count(const struct source *s);
const struct source_file *source_file(const struct source *s, size_t i);
/* Content of a file of the folder by base name, mapped on first use and kept; STATUS_NOT_FOUND when
 * absent. Not for concurrent use with itself. */
enum status source_read(struct source *s, const char *name, struct span *ret, struct error *err);

/* Tensors, by the container's own names. has weights = count > 0. */
size_t source_tensor_count(const struct source *s);
/* Name and view of tensor i; the view's type is only meaningful when the function returns true
 * (false: a dtype this build cannot read; *ret_type_name says which). */
bool source_tensor_at(const struct source *s, size_t i, struct span *ret_name,
                      struct tensor_view *ret, const char **ret_type_name);
/* STATUS_NOT_FOUND when absent, STATUS_UNSUPPORTED for an unreadable dtype. */
enum status source_tensor(const struct source *s, const char *name, struct tensor_view *ret,
                          struct error *err);
bool source_has_tensor(const struct source *s, const char *name);
uint64_t source_tensor_bytes(const struct source *s); /* of all tensors */

/* STATUS_IO when a file of weights was truncated since it was opened: call it before a long pass
 * over the views, because reading past the end raises SIGBUS. */
enum status source_check_whole(const struct source *s, struct error *err);
/* Where the bytes of a view lie, for read-ahead and for letting go after packing. */
void source_will_need(const struct source *s, const struct tensor_view *view);
void source_dont_need(const struct source *s, const struct tensor_view *view);

#endif
