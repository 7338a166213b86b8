/* Whether a model is made for retrieval: how texts become vectors, how pairs become scores.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An embedder says so itself: sentence-transformers' modules.json and 1_Pooling/config.json, or
 * the key <arch>.pooling_type of a GGUF file. Rerankers of the Qwen3-Reranker kind are plain
 * decoders that are asked a question with the answers "yes" and "no"; they are known by what the files
 * say (1_LogitScore/config.json, pooling_type 4 with cls.output.weight, the question in a template), or
 * by "reranker" in the model's name.
 * A generator is neither, and its states are no embedding: nothing here makes one up. */
#ifndef LM_FORMAT_CONFIG_RETRIEVAL_H
#define LM_FORMAT_CONFIG_RETRIEVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "lm/format/config.h"

enum pooling {
#define POOLING(name, text, hf) POOLING_##name,
#include "lm/format/pooling_list.h"
#undef POOLING
    POOLING_COUNT
};
const char *pooling_name(enum pooling p); /* "last" */

/* GGUF files of rerankers: [2, hidden], "yes" first. */
#define RERANK_HEAD "cls.output.weight"

struct retrieval_config {
    enum pooling pooling;      /* POOLING_NONE: no embedder; POOLING_RANK: a reranker */
    bool normalize;            /* vectors are made unit length unless the request says otherwise */
    bool rerank;               /* a reranker whose prompt is Qwen3-Reranker's */
    bool rerank_head;          /* RERANK_HEAD scores, not the logits of two tokens */
    int64_t true_id, false_id; /* of "yes" and "no", where the files say it; else -1 */
};
/* STATUS_UNSUPPORTED and STATUS_BAD_INPUT say what of the files cannot be done or makes no sense; the
 * model may still generate. Reads files of the source: not for concurrent use with it. */
enum status config_retrieval(struct source *source, struct retrieval_config *ret,
                             struct error *err);

#endif
