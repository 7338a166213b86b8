/* The store of models: their bytes once, their names, and the lock that pins them.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   HEARTH_HOME/blobs/sha256/ab/ab12..    the bytes of a file, read-only, named by their digest
 *   HEARTH_HOME/registry.db               which files, under which names, make up which model
 *   HEARTH_HOME/incoming/                 what is being copied; emptied by the next writer
 *   hearth.lock                           the pins (lock_file.h), beside the user's own configuration or here
 *
 * A model is added whole or not at all: first the bytes are on the disk, then the audit log says so, then the
 * registry, then the lock, then the caller hears of it. Killed before the registry has it, the next `add` of the same
 * model goes on where it was; killed behind that, the next registry that is opened with an audit log writes the lock,
 * if the log's entry says the same. Nothing here parses what a model's files hold: an inspector, which the caller brings and
 * which works in the sandbox (govern/gate), is handed open descriptors of the stored bytes.
 *
 * One writer at a time, by a lock file; readers need none. A registry belongs to one thread at a time. */
#ifndef GOVERN_REGISTRY_REGISTRY_H
#define GOVERN_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/digest.h"
#include "base/core/file.h"
#include "base/core/log.h"
#include "base/core/mem.h"
#include "base/core/span.h"
#include "base/core/status.h"
#include "govern/audit/audit.h"

#define REGISTRY_PATH_BYTES     4096
#define REGISTRY_FILES_MAX      10000 /* of one model */
#define REGISTRY_NAME_BYTES_MAX 1024  /* of a file, with its folders */
#define REGISTRY_DEPTH_MAX      8     /* folders below a model's own */
#define REGISTRY_ALIAS_MAX      128
#define REGISTRY_FACTS_MAX      ((size_t)4 << 20)
#define REGISTRY_FORMERS_MAX    256 /* former revisions of one model that are kept */

struct registry;

struct registry_file {
    const char *name; /* "config.json", "original/params.json" */
    uint64_t bytes;
    uint8_t sha256[SHA256_BYTES];
};

struct registry_model {
    struct arena arena; /* owns all texts and lists */
    const char *alias;
    const char *source;           /* as the user named it: "models/ember" */
    const char *revision;         /* NULL where the source has none */
    const char *main_file;        /* the file that is the model (GGUF); NULL: a folder's files */
    uint8_t digest[SHA256_BYTES]; /* of all names, sizes and digests: see registry_digest() */
    int64_t added_ms;
    struct registry_file *files; /* [file_count], sorted by name */
    size_t file_count;
    struct span facts; /* what the inspector said: a JSON object */
};
void registry_model_release(struct registry_model *m);

/* The digest that names a model: SHA-256 over one line for each file in the order of names:
 * "<sha256 in hex> <bytes> <name>\n". */
enum status registry_digest(const struct registry_file *files, size_t count,
                            uint8_t ret[SHA256_BYTES], struct error *err);
/* STATUS_BAD_INPUT unless 1 to 128 letters, digits and "._-", beginning with a letter or digit. */
enum status registry_check_alias(const char *alias, struct error *err);

/* Makes what is missing. `lock_path`: the lock file that pins are written to and looked up in. `audit` (may be
 * NULL: nothing is logged) must outlive the registry. */
enum status registry_open(struct registry **ret, const char *home, const char *lock_path,
                          struct audit *audit, struct error *err);
void registry_close(struct registry *r); /* NULL is fine */
const char *registry_lock_path(const struct registry *r);

/* ---- adding ---- */

struct registry_inspected {
    const char *name; /* plain names only: what lies in folders is not read by models */
    int fd;           /* of the stored bytes; the caller's of the inspector */
    uint64_t bytes;
};
/* Appends a JSON object with facts of the files; a failure stops the model from being added. */
typedef enum status registry_inspect_fn(void *ctx, const char *label, const char *main_file,
                                        const struct registry_inspected *files, size_t count,
                                        struct buf *out, struct error *err);

struct registry_add {
    const char *path;     /* a folder, or a GGUF file (with the other parts of a split one) */
    const char *alias;    /* NULL: made from the path's last name */
    const char *source;   /* NULL: the path */
    const char *revision; /* NULL: what the path tells */
    /* The files are ours, in the home's own file system: they are moved into the store, not copied. */
    bool take;
    /* What somebody said before of some of the files: another digest stops the model from being added. */
    const struct registry_file *expected; /* [expected_count] */
    size_t expected_count;
    /* It becomes the staged revision of the model that has the alias (STATUS_NOT_FOUND: none has), in the place of
     * what was staged before; for registry_swap. */
    bool stage;
    registry_inspect_fn *inspect;
    void *inspect_ctx;
    struct progress progress; /* "copying", "inspecting"; can cancel */
};
struct registry_added {
    uint64_t bytes, new_bytes; /* of the model, and of what was not stored before */
    bool known;                /* this very model was there already under this alias */
    size_t skipped;            /* folders that are no part of a model: .git and .cache */
    size_t left_out;           /* for the caller: files that a hub has and that were not fetched */
};
/* *ret_model is released by the caller. STATUS_BAD_INPUT for links out of the folder, devices, names that other
 * systems could not hold or that are equal but for case, a file that changes meanwhile, and an alias that
 * names another model. */
enum status registry_add(struct registry *r, const struct registry_add *what,
                         struct registry_model *ret_model, struct registry_added *ret,
                         struct error *err);

/* ---- looking ---- */

/* Sorted aliases in an array that ends with NULL; free with registry_aliases_free. */
enum status registry_aliases(struct registry *r, char ***ret, struct error *err);
void registry_aliases_free(char **aliases);
enum status registry_find(struct registry *r, const char *alias, struct registry_model *ret,
                          struct error *err);
/* A descriptor of the stored bytes with this digest, the caller's own. Bytes are hashed unless the file is the
 * one that was hashed before: same device and inode, size, and times of change, one of which (ctime) nobody but
 * the kernel can set. *ret_hashed (may be NULL) says whether they were. STATUS_BAD_INPUT: they are others. */
enum status registry_open_file(struct registry *r, const struct registry_file *file, int *ret_fd,
                               bool *ret_hashed, struct error *err);

/* The same, and the identity (base/core/file.h) that the file had when its bytes were what the digest says: where it
 * has another one later, it was written to. */
enum status registry_open_known(struct registry *r, const struct registry_file *file, int *ret_fd,
                                uint8_t ret_identity[FILE_IDENTITY_BYTES], bool *ret_hashed,
                                struct error *err);

/* The digest of a file outside the store. It is hashed unless it is, by its identity, the one that was hashed
 * before; `fd` stays the caller's. *ret_hashed (may be NULL) says whether it was. */
enum status registry_hash_file(struct registry *r, int fd, const char *name,
                               uint8_t ret[SHA256_BYTES], bool *ret_hashed, struct error *err);

/* Whether it was this program, with the keys of this audit log, that made the alias name this model: what somebody else
 * wrote into registry.db was not entered, whatever the lock says. True of a registry without an audit log, which
 * has no keys. */
enum status registry_was_entered(struct registry *r, const struct registry_model *m, bool *ret,
                                 struct error *err);
/* A text that another room wants to find again about a model, and that nobody else can have written: it is kept in
 * registry.db with a seal. One for each model. Nothing is kept without an audit log. */
#define REGISTRY_OUTCOME_MAX ((size_t)1 << 20)
enum status registry_keep_outcome(struct registry *r, const char *alias, struct span text,
                                  struct error *err);
/* Appends to `out`, up to REGISTRY_OUTCOME_MAX. */
enum status registry_find_outcome(struct registry *r, const char *alias, struct buf *out,
                                  bool *ret_found, struct error *err);

/* Sets member `key` of the pin of a model to a JSON value: what another room has to say about these very bytes.
 * STATUS_NOT_FOUND when it is not pinned. Such members stay as long as the pin's digest does. */
enum status registry_annotate(struct registry *r, const char *alias, const char *key,
                              struct span json, struct error *err);

/* Writes the pin of a model that is in the store, whose files are all there and as they were. */
enum status registry_pin(struct registry *r, const struct registry_model *m, struct error *err);

/* ---- other revisions ---- */

/* Staged by registry_add, until registry_unstage, registry_swap or registry_clean. STATUS_NOT_FOUND. */
enum status registry_find_staged(struct registry *r, const char *alias, struct registry_model *ret,
                                 struct error *err);
/* Forgets it, and removes the bytes that nothing else names. */
enum status registry_unstage(struct registry *r, const char *alias, struct error *err);

struct registry_former {
    const char *source, *revision; /* revision may be NULL */
    uint8_t digest[SHA256_BYTES];
    int64_t added_ms, replaced_ms;
    size_t file_count;
    uint64_t bytes;
};
struct registry_formers {
    struct arena arena;
    struct registry_former *list; /* [count], the one that was replaced last comes first */
    size_t count;
};
void registry_formers_release(struct registry_formers *f);
/* What the model was before. Bytes are kept until registry_remove or registry_clean with REGISTRY_CLEAN_FORMERS. */
enum status registry_formers(struct registry *r, const char *alias, struct registry_formers *ret,
                             struct error *err);
/* Former revision `i`, with its files; STATUS_NOT_FOUND. */
enum status registry_find_former(struct registry *r, const char *alias, size_t i,
                                 struct registry_model *ret, struct error *err);

/* The staged revision, or with `back` the former one that was replaced last, takes the place of the model, which
 * becomes a former one. At once for whoever looks, and logged before. `digest`: of the revision that the caller has
 * seen; STATUS_FAILED where it is not the one any more. What others keep beside the pin is dropped with it. */
enum status registry_swap(struct registry *r, const char *alias, const uint8_t digest[SHA256_BYTES],
                          bool back, struct error *err);

/* ---- checking and caring ---- */

struct registry_checked {
    size_t files, faults;
    uint64_t bytes;
    struct error first; /* of the faults */
};
typedef void registry_fault_fn(void *ctx, const char *alias, const char *words);
/* Hashes every file of a model (alias NULL: of all models) again, and compares registry and lock. Faults are told
 * one by one; fails only for what stops the work. */
enum status registry_verify(struct registry *r, const char *alias, registry_fault_fn *fault,
                            void *ctx, const struct progress *progress,
                            struct registry_checked *ret, struct error *err);
/* Writes the files under their names into `folder`, which must not exist; it appears when it is whole. */
enum status registry_export(struct registry *r, const char *alias, const char *folder,
                            const struct progress *progress, struct error *err);
/* Forgets the model, its other revisions and its pin; its bytes stay until registry_clean. */
enum status registry_remove(struct registry *r, const char *alias, struct error *err);

struct registry_cleaned {
    size_t files;
    uint64_t bytes;
};
/* What `add` fetched from elsewhere lies here until it is in the store. */
#define REGISTRY_DOWNLOADS "downloads"
enum {
    REGISTRY_CLEAN_LOOK = 1,   /* only counts, removes nothing */
    REGISTRY_CLEAN_FORMERS = 2 /* forgets the former revisions of all models */
};
/* Removes bytes that no model names, what is staged, and unfinished downloads. */
enum status registry_clean(struct registry *r, unsigned flags, struct registry_cleaned *ret,
                           struct error *err);

#endif
