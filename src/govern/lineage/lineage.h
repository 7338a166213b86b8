/* Do the weights of two models have a common origin? Evidence, and a verdict in fixed words.
 * SPDX-License-Identifier: Apache-2.0
 *
 * lineage_compare() reads two models that the caller opened, tensor by tensor, and fills one struct:
 *
 *   tests     T1, T2, T3 (lineage_test.h): the only parts that decide
 *   identity  SHA-256 of every tensor, and which are the same bytes in both
 *   panels    described, never scored: profiles of weight sizes over depth, differences, tokenizers (sharing
 *             one is common and lawful), similarity of attention after aligning dimensions
 *   claims    what the models' own files say (lineage_claims.h): a caller that has read them sets them before
 *             it writes the record or the page
 *
 * The hypothesis that is tested is "independent random initialisation". It is not "nobody copied": two runs from one
 * seed and code share an initialisation and are flagged although nobody took anything. Not finding
 * evidence is not finding that a model was trained from scratch: distillation, training on another's outputs and
 * rotated weights leave nothing that these tests see. The words of verdicts are fixed here, and say
 * neither who had whom nor why. The level is LINEAGE_LEVEL, after Holm's correction.
 *
 * Weights are read through the sources' mappings in pieces; memory does not grow with the models but for one
 * record per tensor. One owner; `pool` and `progress` of the options as in lineage_test.h. */
#ifndef GOVERN_LINEAGE_LINEAGE_H
#define GOVERN_LINEAGE_LINEAGE_H

#include "base/core/digest.h"
#include "base/core/json_write.h"
#include "govern/lineage/lineage_claims.h"
#include "govern/lineage/lineage_test.h"
#include "lm/format/source.h"

#define LINEAGE_LEVEL          0.001
#define LINEAGE_TENSORS_MAX    1000000
#define LINEAGE_LARGE_VALUES   1024 /* a smaller tensor may be equal by chance of design: all ones */
#define LINEAGE_PROFILE_ROWS   512  /* of each matrix, evenly spaced, in profiles and differences */
#define LINEAGE_FEW_DIRECTIONS 16
#define LINEAGE_ALIGN_LAYERS   8

struct lineage_tensor {
    struct span name; /* borrowed from the source */
    const char *type; /* "Q4_K"; of one that this build cannot read: its own name */
    struct tensor_view view;
    bool readable;
    bool hashed;
    uint8_t digest[SHA256_BYTES];
};

struct lineage_side {
    struct source *source; /* borrowed */
    struct lineage_model model;
    struct lineage_tensor *tensors; /* [tensor_count] by name */
    size_t tensor_count;
    uint64_t bytes;
    uint8_t digest[SHA256_BYTES]; /* of all tensors: the one that the inspector gives a model */
    const struct lineage_claims *claims; /* borrowed; NULL: not asked */
};

struct lineage_identity {
    size_t common;           /* tensors of A whose bytes some tensor of B has */
    size_t large_a, large_b; /* tensors of at least LINEAGE_LARGE_VALUES values */
    size_t large_common;     /* of those of A */
    uint64_t common_bytes;
    bool same_files; /* every tensor of either is in the other */
};

/* Sizes of one kind of matrix over depth, and how much they changed. */
struct lineage_profile {
    enum lineage_role role;
    int layers_a, layers_b;      /* how many layers have it */
    double *spread_a, *spread_b; /* [layers of the model]: standard deviation; NaN: not there */
    double kurtosis_a,
        kurtosis_b;     /* mean excess over the layers: drifts with training, a hint at best */
    double correlation; /* of the spreads at equal layer; NaN where depths differ. No p-value */
    double difference;  /* mean of |A - B| / |A|; NaN where shapes differ */
    /* Of the middle layer's change: the share that LINEAGE_FEW_DIRECTIONS directions hold; NaN: not told.
     * About 0.2 for a change in all directions, about 1 for a merged adapter of low rank. */
    double low_rank;
    int compared, unchanged; /* layers with equal shapes; and of them with no change at all */
};
#define LINEAGE_PROFILE_ROLES 8

/* A number of both configurations; NaN where one does not say it. Presence is 1 or 0. */
struct lineage_fact {
    const char *name;
    double a, b;
};
#define LINEAGE_FACTS 10

struct lineage_tokens {
    bool compared;
    char why_not[LINEAGE_WORDS_BYTES];
    int64_t size_a, size_b, common; /* distinct pieces, as bytes */
    int64_t same_id;                /* of those in common */
    int64_t prefix; /* ids from 0 up with equal pieces; in BPE the order of merges */
    int64_t special_a, special_b, special_same; /* strings and ids */
    double jaccard;
};

/* After AWM (arXiv 2510.06738): dimensions matched by the embeddings of shared tokens, then unbiased linear CKA
 * of q and k. No reference panel of independent models ships with this build, so there is no p. */
struct lineage_aligned {
    bool compared;
    char why_not[LINEAGE_WORDS_BYTES];
    int tokens, sampled, matched; /* shared tokens used, dimensions tried, and matched mutually */
    int at_own_index;             /* of the matched */
    int layers;                   /* of layer_a: evenly spaced */
    int layer_a[LINEAGE_ALIGN_LAYERS];
    double cka[LINEAGE_ALIGN_LAYERS];     /* mean of q and k */
    double control[LINEAGE_ALIGN_LAYERS]; /* the same dimensions matched in a random order */
    double mean, control_mean;
};

enum lineage_answer { LINEAGE_NOT_INDEPENDENT, LINEAGE_NO_EVIDENCE, LINEAGE_NOT_TESTABLE };

struct lineage {
    struct lineage_side a, b;
    struct lineage_tests tests;
    struct lineage_identity identity;
    struct lineage_profile profiles[LINEAGE_PROFILE_ROLES];
    int profile_count;
    struct lineage_fact facts[LINEAGE_FACTS];
    int facts_told, facts_equal; /* by both, and alike */
    struct lineage_tokens tokens;
    struct lineage_aligned aligned;
    enum lineage_answer answer;
    char verdict[768];  /* the fixed words */
    char relation[256]; /* a candidate; "" without one */
};

/* STATUS_CANCELLED when progress asks for it; STATUS_IO where a file shrank meanwhile. Models that cannot be
 * tested are an answer, not an error. Release on success. */
enum status lineage_compare(struct lineage *ret, struct source *a, struct source *b,
                            const struct lineage_test_options *options, struct error *err);
void lineage_release(struct lineage *l);

const char *lineage_answer_name(enum lineage_answer answer); /* "not_independent" */
/* "p <= 1.2e-34" from a natural logarithm, however small. */
void lineage_p_text(char *out, size_t out_bytes, double log_p);
/* What no test here sees; ends with NULL. */
const char *const *lineage_blind_spots(void);

/* The evidence record, and one self-contained HTML page with its pictures. */
void lineage_write(struct json_writer *w, const struct lineage *l);
void lineage_write_claims(struct json_writer *w, const struct lineage_claims *c);
void lineage_page(struct buf *out, const struct lineage *l);

#endif
