/* Which files of a folder make up a model, and under which names.
 * SPDX-License-Identifier: Apache-2.0
 *
 * All regular files, folder by folder, but what is in .git and .cache. Names come from outside and are kept: so
 * they must be such that every system can hold them, that none leaves its folder, and that no two are one where
 * case or the composition of letters does not count. Links are followed where they lead to a file of the same
 * folder, or, in a cache of the Hugging Face hub (models--*\/snapshots/REVISION), of the same model. */
#ifndef GOVERN_REGISTRY_MODEL_SCAN_H
#define GOVERN_REGISTRY_MODEL_SCAN_H

#include "govern/registry/registry.h"

struct scan_file {
    const char *name; /* below the folder */
    const char *path; /* where its bytes are, links resolved */
    uint64_t bytes;
};

struct model_scan {
    struct arena arena;
    struct scan_file *files; /* [count], sorted by name */
    size_t count;
    uint64_t bytes;        /* of all files */
    const char *main_file; /* NULL: a folder */
    const char *revision;  /* of a snapshot in a hub's cache; NULL: none */
    size_t skipped;        /* folders */
};

/* A folder, or a GGUF file with the other parts of a split one. */
enum status model_scan(struct model_scan *ret, const char *path, struct error *err);
void model_scan_release(struct model_scan *s);

/* Whether it may be the name of a model's file: relative, '/' between parts, no "." or "..", no backslash,
 * colon or control byte, UTF-8, no part that ends in a space or dot. */
enum status model_scan_check_name(const char *name, struct error *err);

#endif
