/* The model in the box: its files as they were when this program was built.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It comes with the program and is pinned by it: made from models/ember by tools/embed_pin. So a new machine has
 * something that runs before anything is added, and no other bytes under its name do. */
#ifndef GOVERN_GATE_BUILTIN_H
#define GOVERN_GATE_BUILTIN_H

#include "govern/registry/registry.h"

#define BUILTIN_ALIAS "ember"

extern const struct registry_file builtin_files[]; /* [builtin_file_count], sorted by name */
extern const size_t builtin_file_count;

/* NULL where the model in the box has no such file. */
const struct registry_file *builtin_find(const char *name);

#endif
