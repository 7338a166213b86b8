/* The compiled tokenizer that is kept of a model: found, believed, sealed.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It lies in a folder of the home, and holds what the tokenizer's files say, the chat template among it. A worker that is
 * handed one does not read those files; so one that somebody else wrote would be a way around their digests. Beside
 * each form lies its seal, an HMAC under the audit log's key of keyed hashes; a form without one is not used. */
#ifndef GOVERN_GATE_GATE_FORM_H
#define GOVERN_GATE_GATE_FORM_H

#include "base/core/file.h"
#include "govern/gate/gate_inner.h"
#include "lm/format/file_set.h"
#include "lm/worker/worker_start.h"

struct gate_form {
    const struct gate *g;
    char path[FILE_SET_PATH_BYTES];        /* "": none is to be kept */
    char name[TOKENIZER_FORM_NAME_BYTES];  /* that the seal is about */
    struct worker_file file;               /* fd -1: none that is believed */
    uint8_t identity[FILE_IDENTITY_BYTES]; /* of `file` when it was compared with its seal */
};

/* Nothing here is an error: without a kept form the worker makes one. `files`: the model's, open. Release with
 * gate_form_close. */
void gate_form_find(struct gate_form *ret, const struct gate *g, const struct file_set_entry *files,
                    size_t count, const struct engine_options *options);
/* Whether the file is as it was when it was found: a worker has it mapped. */
bool gate_form_unchanged(const struct gate_form *f);
/* Writes the seal of a form that a worker made; `ctx` is a struct gate_form. */
void gate_form_seal(void *ctx, struct span form);
void gate_form_close(struct gate_form *f);

#endif
