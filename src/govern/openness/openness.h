/* How open a model is: three labels, each with its reasons, never a bare "open source".
 * SPDX-License-Identifier: Apache-2.0
 *
 * From the names of a model's files, its card and the facts about its licences:
 *
 *   MOF    class of the Model Openness Framework (LF AI & Data, version 1.0: III open model, II open
 *          tooling, I open science) with what is missing for it and for the next one;
 *   OSAID  the Open Source AI Definition 1.0: yes, no, or unknown;
 *   Act    whether a provider could likely claim the exception of Article 53(2) of the EU AI Act
 *          (Regulation 2024/1689): likely, unlikely, or unknown. No legal advice.
 *
 * A component counts only when it is there under an open licence. What the files do not show is unknown,
 * not absent, where a person could know better: every component keeps its evidence, and a caller may
 * confirm or deny it. Pure; texts are borrowed. */
#ifndef GOVERN_OPENNESS_OPENNESS_H
#define GOVERN_OPENNESS_OPENNESS_H

#include "base/core/json_write.h"
#include "govern/licence/licence.h"

enum openness_component {
#define COMPONENT(symbol, name, mof_class, kind) COMPONENT_##symbol,
#include "govern/openness/component_list.h"
#undef COMPONENT
    COMPONENT_COUNT
};
const char *openness_component_name(enum openness_component c);

enum component_state {
    COMPONENT_ABSENT,  /* nothing shows it */
    COMPONENT_CLOSED,  /* there, under terms that are not open */
    COMPONENT_UNCLEAR, /* there, under terms that are not known */
    COMPONENT_HINTED,  /* a link or a heading speaks of it; somebody should look */
    COMPONENT_OPEN     /* there, under an open licence */
};

#define OPENNESS_EVIDENCE_BYTES 256
#define OPENNESS_REASON_BYTES   512
#define OPENNESS_FILES_MAX      100000

struct component_finding {
    enum component_state state;
    char evidence[OPENNESS_EVIDENCE_BYTES]; /* a path, or a line of the card; "" */
};

enum openness_answer { OPENNESS_NO, OPENNESS_UNKNOWN, OPENNESS_YES };

struct openness {
    struct component_finding components[COMPONENT_COUNT];
    int mof_class; /* 0 none, 3, 2 or 1 */
    enum openness_answer osaid;
    char osaid_reason[OPENNESS_REASON_BYTES];
    enum openness_answer act;
    char act_reason[OPENNESS_REASON_BYTES];
};

struct openness_input {
    const char *const *files; /* paths below the model's folder */
    size_t file_count;
    struct span card; /* README.md; {NULL,0} without one */
    /* What holds for weights, for code, and for documents and data; NULL: not known. Where `certain` is
     * false the licence was only claimed. */
    const struct licence_facts *weights, *code, *documents;
    bool certain;
    /* What a person confirmed: NULL, or an entry each; COMPONENT_ABSENT leaves the finding as it is. */
    const enum component_state *confirmed; /* [COMPONENT_COUNT] */
};

enum status openness_judge(struct openness *ret, const struct openness_input *in,
                           struct error *err);

/* {"mof":{"class","next","missing"},"osaid":{"answer","reason"},"ai_act_53_2":{...},
 * "components":[{"component","state","evidence"}]} as one object. */
void openness_write(struct json_writer *w, const struct openness *o);
/* Components that class `mof_class` (3, 2, 1) still lacks, lower classes included: how many, the first
 * `max` of them into ret. */
int openness_missing(const struct openness *o, int mof_class, enum openness_component *ret,
                     int max);

#endif
