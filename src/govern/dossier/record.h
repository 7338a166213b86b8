/* A record: all that is known of one stored model, read once and held together for whoever writes about it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Files come out of the store, whose digests are checked on the way (registry_open_file); texts that say
 * something of a licence are read and judged; nothing is downloaded and no weight is looked at. Texts of a model
 * are foreign: whoever shows them escapes them (page.h). One thread at a time. */
#ifndef GOVERN_DOSSIER_RECORD_H
#define GOVERN_DOSSIER_RECORD_H

#include "base/core/json.h"
#include "govern/licence/licence.h"
#include "govern/lineage/lineage_claims.h"
#include "govern/openness/openness.h"
#include "govern/registry/registry.h"

#define RECORD_TEXTS_MAX  32
#define RECORD_WORD_BYTES 128

struct record_setup {
    struct registry *registry;           /* borrowed while the record is opened */
    const struct licence_prints *prints; /* borrowed as long as the record lives */
    const struct licence_use *use;       /* borrowed while the record is opened */
};

struct record {
    struct registry_model model;
    struct json_doc *facts_doc, *lock_doc;
    const struct json *facts;         /* of the inspector */
    const struct json *pin;           /* of hearth.lock; NULL: not pinned */
    bool pinned;                      /* and the pin is of this very model */
    const char *lock_path;            /* the registry's, copied */
    char pin_words[ERROR_TEXT_BYTES]; /* where it is not: what differs */

    /* Texts about licences: files, and of a GGUF file what its keys claim (no file: `file` is NULL). */
    struct buf texts[RECORD_TEXTS_MAX];
    struct licence_reading *readings[RECORD_TEXTS_MAX];
    const char *text_names[RECORD_TEXTS_MAX];
    const struct registry_file *text_files[RECORD_TEXTS_MAX];
    int text_count;
    size_t texts_left_out; /* because there are too many, or too long ones */

    const struct licence_reading *weights, *code, *card; /* of the readings; NULL: none */
    struct lineage_claims *claims;                       /* NULL: no file claims anything */
    const struct lineage_claim *parents[CLAIMS_MAX];     /* of these, each name once */
    int parent_count;
    char task[RECORD_WORD_BYTES]; /* of the card; "" */
    struct licence_verdict licence;
    struct openness openness;

    const struct registry_file *signatures[RECORD_TEXTS_MAX]; /* files that look like bundles */
    int signature_count;
    uint8_t root_sha256[SHA256_BYTES]; /* manifest_root() of all files but these */
    struct arena arena;
};

/* STATUS_NOT_FOUND: no such model. STATUS_BAD_INPUT: stored bytes are others than they were. */
enum status record_open(struct record **ret, const char *alias, const struct record_setup *setup,
                        struct error *err);
void record_free(struct record *r); /* NULL is fine */

/* record_claims.c, for record_open(): fills claims and parents. */
enum status record_read_claims(struct record *r, struct registry *registry, struct error *err);
void record_free_claims(struct record *r);

/* The text at a dotted path of the inspector's facts; NULL. */
const char *record_fact(const struct record *r, const char *path);
uint64_t record_bytes(const struct record *r);
/* "weights", "tokenizer", "template", "config", "licence", "model card", "signature", "code" or NULL, by the name. */
const char *record_role(const char *file_name);
/* Of "hf:owner/name@revision" and the like: owner and name as spans of `source`; false for other sources. */
bool record_hub_name(const char *source, struct span *ret_owner, struct span *ret_name);
/* "2026-11-21T20:00:00Z" */
#define RECORD_TIME_BYTES 32
void record_time(char out[RECORD_TIME_BYTES], int64_t unix_ms);

#endif
