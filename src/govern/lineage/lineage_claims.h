/* What a model's own files say it was made from: claims of whoever published it, not findings.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Read are: README.md's front matter (base_model, base_model_relation, tags base_model:RELATION:NAME),
 * adapter_config.json (PEFT: base_model_name_or_path), mergekit_config.yml (every model and base_model),
 * config.json (_name_or_path: what transformers loaded before it saved), and GGUF keys (general.base_model.N.*,
 * general.source.*; ggml's docs/gguf.md). Every claim keeps where it stands. Names are cut at
 * CLAIM_NAME_BYTES_MAX and have '?' for characters that are controls, invisible or turn text around. Sources that cannot be read are findings, not
 * errors: a broken card still leaves the other files. */
#ifndef GOVERN_LINEAGE_LINEAGE_CLAIMS_H
#define GOVERN_LINEAGE_LINEAGE_CLAIMS_H

#include <stdbool.h>

#include "base/core/mem.h"
#include "base/core/span.h"
#include "base/core/status.h"
#include "lm/format/file_set.h"
#include "lm/format/gguf.h"

#define CLAIMS_MAX           256
#define CLAIMS_FINDINGS_MAX  32
#define CLAIM_NAME_BYTES_MAX 512
#define CLAIM_TEXT_BYTES_MAX ((size_t)4 << 20)

struct lineage_claim {
    const char *parent; /* as written: "Qwen/Qwen2.5-7B" */
    const char
        *relation;    /* "finetune", "adapter", "quantized", "merge", "loaded from"; "": not said */
    const char *file; /* "README.md" */
    const char *place; /* "base_model", "general.base_model.0.repo_url", "models[1].model" */
    int line;          /* from 1; 0: the file has no lines */
};

struct lineage_claims {
    struct lineage_claim at[CLAIMS_MAX];
    int count;
    const char *findings[CLAIMS_FINDINGS_MAX]; /* what does not fit together, or was not readable */
    int finding_count;
    bool full;           /* more was claimed than is kept; said once */
    struct arena memory; /* holds all texts */
};

void lineage_claims_init(struct lineage_claims *c);
void lineage_claims_release(struct lineage_claims *c);

/* Each adds what one file says; only STATUS_NO_MEMORY can be returned. */
enum status lineage_claims_add_card(struct lineage_claims *c, struct span text, struct error *err);
enum status lineage_claims_add_adapter(struct lineage_claims *c, struct span text,
                                       struct error *err);
enum status lineage_claims_add_merge(struct lineage_claims *c, struct span text, struct error *err);
enum status lineage_claims_add_config(struct lineage_claims *c, struct span text,
                                      struct error *err);
enum status lineage_claims_add_gguf(struct lineage_claims *c, const struct gguf *g,
                                    const char *name, struct error *err);
/* After the last file: finds claims that contradict each other. */
enum status lineage_claims_finish(struct lineage_claims *c, struct error *err);

/* All of the above from a model's files. Release on success. */
enum status lineage_claims_read(struct lineage_claims *ret, const struct file_set *set,
                                struct error *err);

/* Whether two spellings may mean one model: the last parts of the names, without case. */
bool lineage_same_name(const char *a, const char *b);

#endif
