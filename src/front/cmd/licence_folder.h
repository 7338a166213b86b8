/* A model's folder as the licence room sees it: its files, and the texts that say something of a licence.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_LICENCE_FOLDER_H
#define FRONT_CMD_LICENCE_FOLDER_H

#include "base/core/mem.h"
#include "govern/licence/licence.h"
#include "govern/registry/registry.h"
#include "lm/format/gguf.h"

#define FOLDER_TEXTS_MAX 32

struct licence_folder {
    const char *path; /* borrowed */
    struct arena names;
    const char **files; /* [count] paths below the folder, of its files and those of its folders */
    size_t count, cap;
    struct buf texts[FOLDER_TEXTS_MAX];
    struct licence_reading *readings[FOLDER_TEXTS_MAX];
    const char *text_names[FOLDER_TEXTS_MAX];
    int text_count;
    int card; /* index of README.md among the texts; -1 */
};

/* STATUS_LIMIT where it has more files or texts than are looked through. Release in every case. */
enum status licence_folder_read(struct licence_folder *ret, const char *path,
                                const struct licence_prints *prints, struct error *err);
/* The GGUF of a model in the store, to be closed by the caller. */
enum status licence_folder_gguf(struct gguf **ret, struct registry *r,
                                const struct registry_model *m, struct error *err);
/* The same of a model in the store; of a GGUF its keys, written as a card. `path` is the alias. */
enum status licence_folder_read_stored(struct licence_folder *ret, struct registry *r,
                                       const struct registry_model *m,
                                       const struct licence_prints *prints, struct error *err);
void licence_folder_release(struct licence_folder *f);
/* The text that holds for the weights ("model") or the code ("code"): a file named for it, else the plain
 * LICENSE, else the card; NULL. */
const struct licence_reading *licence_folder_text(const struct licence_folder *f, const char *what,
                                                  const char *other);

#endif
