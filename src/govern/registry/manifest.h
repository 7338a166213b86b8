/* Which files a model consists of, each with its SHA-256: what a signature is about.
 * SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSF Model Signing 1.0, sections 5 and 6: names are relative, with '/' between parts, sorted by code
 * point; ".git", ".gitattributes", ".github" and ".gitignore" at the top are left out. Symbolic links are
 * refused, never followed: what is signed is what lies in the folder.
 *
 * A manifest is filled by one thread; sealed, it is immutable. Texts are copied. */
#ifndef GOVERN_REGISTRY_MANIFEST_H
#define GOVERN_REGISTRY_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/digest.h"
#include "base/core/status.h"

#define MANIFEST_FILES_MAX      100000
#define MANIFEST_DEPTH_MAX      32
#define MANIFEST_NAME_BYTES_MAX 4096
#define MANIFEST_IGNORED_MAX    1024

struct manifest_file {
    const char *name;
    uint8_t sha256[SHA256_BYTES];
};

struct manifest; /* name of the model, its files, what was left out */

enum status manifest_new(struct manifest **ret, const char *model_name, struct error *err);
void manifest_free(struct manifest *m); /* NULL is fine */
/* STATUS_BAD_INPUT for a name that is absolute, empty, not UTF-8, or leaves the folder. */
enum status manifest_add(struct manifest *m, const char *name, const uint8_t sha256[SHA256_BYTES],
                         struct error *err);
/* A path, relative to the model, that is left out with all below it; "./" and a last '/' are dropped. */
enum status manifest_ignore(struct manifest *m, const char *path, struct error *err);
/* The same of a file that may lie inside the model at `model_path` or not: the bundle itself. */
enum status manifest_ignore_file(struct manifest *m, const char *model_path, const char *file_path,
                                 struct error *err);
bool manifest_ignores(const struct manifest *m, const char *name);
/* Sorts; a name given twice, or no file at all, is STATUS_BAD_INPUT. */
enum status manifest_seal(struct manifest *m, struct error *err);

const char *manifest_name(const struct manifest *m);
size_t manifest_file_count(const struct manifest *m);
const struct manifest_file *manifest_file(const struct manifest *m, size_t i);
/* NULL when there is none; of a sealed manifest. */
const struct manifest_file *manifest_find(const struct manifest *m, const char *name);
size_t manifest_ignored_count(const struct manifest *m);
const char *manifest_ignored(const struct manifest *m, size_t i);
/* SHA-256 of the files' digests in order: one number for the model. */
enum status manifest_root(const struct manifest *m, uint8_t ret[SHA256_BYTES], struct error *err);

/* Reads every file below `path`, or the one file that it is, into a manifest that holds its name and what
 * it ignores; seals it. `only`, when not NULL, is a sealed manifest: files that it does not name are not
 * read. */
enum status manifest_read(struct manifest *m, const char *path, const struct manifest *only,
                          struct error *err);

/* The differences, up to eight of them by name: STATUS_FAILED with words, or STATUS_OK. Files that only
 * `found` has are no difference when `extra_allowed`. */
enum status manifest_compare(const struct manifest *wanted, const struct manifest *found,
                             bool extra_allowed, struct error *err);

#endif
