/* Options that all commands share which open a model, and the opening itself.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_MODEL_OPTIONS_H
#define FRONT_CMD_MODEL_OPTIONS_H

#include "front/cmd/home.h"
#include "front/cmd/options.h"
#include "front/cmd/progress_bar.h"
#include "govern/gate/gate.h"

extern const struct option_table model_table;   /* --backend --precise --cpu --threads --cache */
extern const struct option_table context_table; /* --ctx */
extern const struct option_table worker_table;  /* --memory, of commands that start a worker */
extern const struct option_table json_table;    /* --json */

/* What --memory says, in bytes; 0: no limit. */
uint64_t worker_memory_max(const struct args *args);

/* What engine_options point into; lives as long as they are used. */
struct model_settings {
    struct engine_options options;
    struct progress_bar bar;
    char cache_folder[HOME_PATH_BYTES];
};

/* From the options of the command line; `context` says whether the command has --ctx. */
void model_settings_init(struct model_settings *m, const struct args *args, bool context);
/* Opens the model named by operand 0, with a bar on a terminal and Ctrl-C heard. */
enum status model_open(struct engine **ret, struct model_settings *m, const struct args *args,
                       struct error *err);
/* The same in a worker of its own; stop it with worker_stop. */
enum status model_open_worker(struct worker **ret, struct model_settings *m,
                              const struct args *args, struct error *err);
/* The engine's tokenizer; STATUS_NOT_FOUND where the model came without. */
enum status model_tokenizer(const struct tokenizer **ret, const struct engine *e, const char *path,
                            struct error *err);
/* A tokenizer alone, from a folder or GGUF file that may have nothing else. */
enum status model_open_tokenizer(struct tokenizer **ret, const char *path, struct error *err);

#endif
