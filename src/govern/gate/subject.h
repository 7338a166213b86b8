/* What a name leads to: the model's files, opened and compared with their pin.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_GATE_SUBJECT_H
#define GOVERN_GATE_SUBJECT_H

#include "base/core/file.h"
#include "govern/gate/gate_inner.h"
#include "lm/format/file_set.h"

struct subject_file {
    const char *name;
    uint64_t bytes;
    bool wanted; /* by an engine: kept open; of others only the name is told */
    int fd;      /* -1: not open */
    /* Of the file behind `fd` when its bytes were those that were pinned. */
    bool pinned;
    uint8_t identity[FILE_IDENTITY_BYTES];
};

struct subject {
    const char *path;      /* as it was asked for; borrowed */
    const char *main_file; /* NULL: a folder's files */
    struct subject_file *files;
    size_t count;
    enum gate_origin origin;
    bool stored; /* `model` is set: the files are the store's */
    struct registry_model model;
    struct json_doc *lock;  /* NULL: none, or it cannot be read */
    const struct json *pin; /* of `lock`; NULL: not pinned */
    struct file_set *set;   /* of a path; NULL: the files are the store's */
};

/* Faults of pins and bytes become findings of the verdict; the subject is then still whole enough to be judged.
 * Release in every case. */
enum status subject_find(struct subject *ret, struct gate *g, const char *model,
                         struct gate_verdict *v, struct error *err);
void subject_release(struct subject *s);

/* Calls (look NULL: does not) for each file that could be opened; what is not wanted is closed after that. */
typedef enum status subject_look_fn(void *ctx, const struct subject_file *file, int fd,
                                    struct error *err);
enum status subject_open_all(struct subject *s, struct gate *g, struct gate_verdict *v,
                             subject_look_fn *look, void *ctx, struct error *err);

/* Whether the open files are still in the state in which they were compared: a mapping shows what is written to its file
 * later. What was written to becomes a finding; *ret_changed says so. */
enum status subject_check_unchanged(struct subject *s, struct gate_verdict *v, bool *ret_changed,
                                    struct error *err);

/* What an engine is told: names and sizes of the plain files, descriptors of those that are wanted and open. An
 * array of *ret_count; free with mem_free. The rest is the subject's. */
enum status subject_entries(struct file_set_entry **ret, size_t *ret_count, const struct subject *s,
                            struct error *err);

#endif
