/* Advice: which open-weight models to look at for a job, on a machine, for a declared use.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A shortlist out of a built-in catalogue (catalogue_list.h), at most one size of each family. It is ordered by
 * what governs first: what the licence says of the declared use (allow before ask; denied ones are left
 * out, with the reason), then the order of preference among licences (licence_preference()), then whether
 * this program runs the family today, then the younger release. Of a family's sizes the largest is taken that
 * fits the memory and is not too slow for the cores.
 *
 * Nothing is measured here and nothing is asked of anybody: advice says what to add, judge and evaluate, not
 * what is good. What is not known is said: advise_unknown(). Static data and pure functions; any thread. */
#ifndef GOVERN_ADVISE_ADVISE_H
#define GOVERN_ADVISE_ADVISE_H

#include "base/core/json_write.h"
#include "govern/licence/licence.h"
#include "math/tensor/tensor.h"

#define CATALOGUE_AS_OF "2026-11" /* when the catalogue was looked through */
#define CATALOGUE_UP_TO "2026-09" /* later releases are not in it */

enum advise_job {
#define JOB(symbol, name, words) ADVISE_##symbol,
#include "govern/advise/job_list.h"
#undef JOB
    ADVISE_JOB_COUNT
};
#define ADVISE_FOR(symbol) (1u << ADVISE_##symbol)
const char *advise_job_name(enum advise_job job);
const char *advise_job_words(enum advise_job job);
/* STATUS_USAGE names the jobs there are. */
enum status advise_job_find(enum advise_job *ret, const char *name, struct error *err);

struct catalogue_entry {
    const char *family, *name, *released; /* released: "2025-04" */
    int64_t params, active;               /* in millions; active 0: all of them */
    int layers, kv_heads, head_dim;       /* 0: not known, or no plain cache */
    int64_t context;                      /* tokens; 0: not known */
    const char *architecture;             /* of config.json */
    const char *licence;                  /* identifier; may have no row in the table of facts */
    const char *base, *base_licence;      /* what it was made from, and under which terms; NULL */
    unsigned jobs;                        /* ADVISE_FOR() */
    bool multimodal;
    bool data_published; /* training data and code are published too */
    const char *source;
    const char *doubt; /* what was not checked; NULL */
};
const struct catalogue_entry *catalogue_at(size_t i); /* NULL past the end */
/* The family of this program that runs it; NULL: none does today. */
const char *catalogue_runs_as(const struct catalogue_entry *e);

struct advise_input {
    enum advise_job job;
    uint64_t memory_bytes; /* that a model may take */
    int cores;
    int64_t context;               /* tokens of one conversation, for the plan; at least 1 */
    const struct licence_use *use; /* borrowed */
};

/* A sum that can be done by hand: parameters x bits / 8, and for each token and layer a key and a value. It errs to the
 * large side: files called Q4_K_M hold some matrices in six bits, and where the head is tied the embedding stands in
 * memory twice, mapped and packed. Against `hearth plan` of models of 0.6 to 1.7 billion it was 7 to 19 % above. */
#define ADVISE_Q4_K_M_BITS 4.85              /* a weight of published files, on average */
#define ADVISE_TABLE_BYTES ((uint64_t)350e6) /* vocabularies, and room to work */
struct advise_plan {
    enum quant_type format;
    double bits;     /* a weight */
    int64_t context; /* tokens that were counted with: at most what the model was made for */
    uint64_t weight_bytes, cache_bytes, cache_token_bytes; /* cache: 0 where it is not known */
    uint64_t reserve_bytes;                                /* a tenth, and the tables */
    uint64_t total_bytes;
    bool fits;
    double prompt_seconds; /* of 1000 tokens, assuming ADVISE_FLOPS a core */
    bool slow;             /* above ADVISE_PROMPT_SECONDS */
};
#define ADVISE_FLOPS          50e9
#define ADVISE_PROMPT_TOKENS  1000
#define ADVISE_PROMPT_SECONDS 60.0

enum advise_place {
    ADVISE_LISTED,
    ADVISE_OTHER_SIZE, /* another size of its family is listed, or was nearer to it */
    ADVISE_DENIED,     /* the licence does not cover the declared use */
    ADVISE_TOO_BIG     /* no form of it fits */
};
/* As files of it are called: "Q4_K_M". */
const char *advise_format_name(enum quant_type format);
const char *advise_place_name(enum advise_place p); /* "listed", "other-size" ... */

struct advise_item {
    const struct catalogue_entry *entry;
    enum advise_place place;
    enum licence_answer answer;
    int preference; /* licence_preference(), of the worse of two licences */
    struct advise_plan plan;
    const char *runs_as; /* NULL: not today */
};
#define ADVISE_ITEMS_MAX 256
struct advice {
    struct advise_input in;
    struct advise_item items[ADVISE_ITEMS_MAX]; /* of this job; the listed ones first, in order */
    int count, listed;
};
/* STATUS_BAD_INPUT without memory, cores or context. */
enum status advise(struct advice *ret, const struct advise_input *in, struct error *err);

/* What the licences of an entry say of a use. A licence without a row is asked about. */
enum status advise_licence(struct licence_verdict *ret, const struct catalogue_entry *e,
                           const struct licence_use *use, struct error *err);
void advise_plan_make(struct advise_plan *ret, const struct catalogue_entry *e,
                      const struct advise_input *in);
/* Few words on how open it is; what a look at the files must still show is `hearth openness`. */
const char *advise_openness(const struct catalogue_entry *e);

/* One step of an evaluation. */
struct advise_step {
    const char *name, *how, *pass;
    int items; /* how many are needed; 0: not a number of items */
};
/* Step i of the plan for a job; NULL past the end. */
const struct advise_step *advise_step_at(enum advise_job job, size_t i);
const char *advise_unknown(size_t i); /* NULL past the end */

/* {"job","machine":{"memory_bytes","cores"},"context","catalogue":{"as_of","up_to","entries"},"shortlist":[{..}],
 * "left_out":[{"name","why","reason"}],"evaluation":[{"step","how","items","pass"}],"unknown":[text]}. `max`: of
 * the shortlist. */
enum status advise_write(struct json_writer *w, const struct advice *a, int max, struct error *err);

#endif
