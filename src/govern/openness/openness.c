/* Components, classes and the two other labels.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/openness/openness.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum component_kind { KIND_CODE, KIND_DATA, KIND_DOCUMENT };

static const struct {
    const char *name;
    int mof_class;
    enum component_kind kind;
} about[COMPONENT_COUNT] = {
#define COMPONENT(symbol, name, mof_class, kind) { name, mof_class, KIND_##kind },
#include "govern/openness/component_list.h"
#undef COMPONENT
};

/* What a path may show; compared without regard to case with the end of the path (a leading '*') or with
 * any part of it. The first row that fits counts. */
static const struct {
    const char *pattern;
    enum openness_component component;
    bool hint; /* it only suggests that the component is there */
} by_path[] = {
    { "*.safetensors", COMPONENT_PARAMETERS, false },
    { "*.gguf", COMPONENT_PARAMETERS, false },
    { "pytorch_model", COMPONENT_PARAMETERS, false },
    { "*.pth", COMPONENT_PARAMETERS, false },
    { "checkpoint-", COMPONENT_INTERMEDIATE, true },
    { "modeling_", COMPONENT_ARCHITECTURE, false },
    { "model_card", COMPONENT_MODEL_CARD, false },
    { "modelcard", COMPONENT_MODEL_CARD, false },
    { "data_card", COMPONENT_DATA_CARD, false },
    { "datacard", COMPONENT_DATA_CARD, false },
    { "datasheet", COMPONENT_DATA_CARD, false },
    { "tech_report", COMPONENT_REPORT, false },
    { "technical_report", COMPONENT_REPORT, false },
    { "paper.pdf", COMPONENT_PAPER, false },
    { "eval_results", COMPONENT_RESULTS, false },
    { "benchmark", COMPONENT_EVALUATION_CODE, true },
    { "evaluat", COMPONENT_EVALUATION_CODE, true },
    { "pretrain", COMPONENT_TRAINING_CODE, true },
    { "train.py", COMPONENT_TRAINING_CODE, true },
    { "train/", COMPONENT_TRAINING_CODE, true },
    { "finetune", COMPONENT_TRAINING_CODE, true },
    { "preprocess", COMPONENT_PREPROCESSING, true },
    { "inference", COMPONENT_INFERENCE_CODE, true },
    { "generate.py", COMPONENT_INFERENCE_CODE, true },
    { "*.parquet", COMPONENT_DATASETS, true },
    { "*.jsonl", COMPONENT_DATASETS, true },
    { "config.json", COMPONENT_METADATA, false },
};

/* What a line of the card may show. */
static const struct {
    const char *word;
    enum openness_component component;
} by_line[] = {
    { "training data", COMPONENT_DATA_CARD },
    { "data card", COMPONENT_DATA_CARD },
    { "dataset card", COMPONENT_DATA_CARD },
    { "technical report", COMPONENT_REPORT },
    { "tech report", COMPONENT_REPORT },
    { "arxiv.org", COMPONENT_REPORT },
    { "evaluation result", COMPONENT_RESULTS },
    { "benchmark", COMPONENT_RESULTS },
    { "evaluation", COMPONENT_RESULTS },
    { "training code", COMPONENT_TRAINING_CODE },
    { "evaluation code", COMPONENT_EVALUATION_CODE },
    { "research paper", COMPONENT_PAPER },
    { "intermediate checkpoint", COMPONENT_INTERMEDIATE },
};

const char *openness_component_name(enum openness_component c)
{
    return about[c].name;
}

static bool find_text(struct span line, const char *part)
{
    size_t len = strlen(part);
    for (size_t i = 0; i + len <= line.len; i++)
        if (strncasecmp(line.data + i, part, len) == 0) return true;
    return false;
}

static bool path_fits(const char *path, const char *pattern)
{
    size_t len = strlen(path), ending = strlen(pattern) - 1;
    if (pattern[0] != '*') return find_text((struct span){ path, len }, pattern);
    return len >= ending && strcasecmp(path + len - ending, pattern + 1) == 0;
}

static const struct licence_facts *facts_for(const struct openness_input *in,
                                             enum component_kind kind, enum openness_component c)
{
    if (c == COMPONENT_PARAMETERS || c == COMPONENT_INTERMEDIATE) return in->weights;
    return kind == KIND_CODE ? in->code : in->documents;
}

/* Present things are open when their licence is. */
static enum component_state state_of(const struct openness_input *in, enum openness_component c)
{
    const struct licence_facts *f = facts_for(in, about[c].kind, c);
    if (!f || f->companion) return COMPONENT_UNCLEAR;
    if (!f->open) return f->trust == TRUST_TEXT ? COMPONENT_CLOSED : COMPONENT_UNCLEAR;
    return in->certain ? COMPONENT_OPEN : COMPONENT_UNCLEAR;
}

static void find(struct openness *o, enum openness_component c, enum component_state state,
                 struct span evidence)
{
    struct component_finding *f = &o->components[c];
    if (f->state != COMPONENT_ABSENT && (f->state != COMPONENT_HINTED || state == COMPONENT_HINTED))
        return;
    f->state = state;
    size_t len = evidence.len < sizeof f->evidence - 1 ? evidence.len : sizeof f->evidence - 1;
    memcpy(f->evidence, evidence.data, len);
    f->evidence[len] = 0;
}

static void look_at_path(struct openness *o, const struct openness_input *in, const char *path)
{
    struct span evidence = { path, strlen(path) };
    if (strcasecmp(path, "README.md") == 0)
        find(o, COMPONENT_MODEL_CARD, state_of(in, COMPONENT_MODEL_CARD), evidence);
    for (size_t i = 0; i < sizeof by_path / sizeof *by_path; i++) {
        if (!path_fits(path, by_path[i].pattern)) continue;
        enum openness_component c = by_path[i].component;
        find(o, c, by_path[i].hint ? COMPONENT_HINTED : state_of(in, c), evidence);
        return;
    }
}

static void look_at_card(struct openness *o, struct span card)
{
    for (size_t at = 0; at < card.len;) {
        const char *end = memchr(card.data + at, '\n', card.len - at);
        struct span line = { card.data + at, end ? (size_t)(end - card.data) - at : card.len - at };
        at += line.len + 1;
        if (line.len > 4096) line.len = 4096;
        for (size_t i = 0; i < sizeof by_line / sizeof *by_line; i++)
            if (find_text(line, by_line[i].word))
                find(o, by_line[i].component, COMPONENT_HINTED, line);
    }
}

/* A research paper stands in for the report. */
static bool has(const struct openness *o, enum openness_component c)
{
    if (o->components[c].state == COMPONENT_OPEN) return true;
    return c == COMPONENT_REPORT && o->components[COMPONENT_PAPER].state == COMPONENT_OPEN;
}

int openness_missing(const struct openness *o, int mof_class, enum openness_component *ret, int max)
{
    int count = 0;
    for (int c = 0; c < COMPONENT_COUNT; c++) {
        if (about[c].mof_class < mof_class || has(o, (enum openness_component)c)) continue;
        if (count < max) ret[count] = (enum openness_component)c;
        count++;
    }
    return count;
}

static void classify(struct openness *o)
{
    enum openness_component none[1];
    for (int c = 3; c >= 1 && openness_missing(o, c, none, 0) == 0; c--)
        o->mof_class = c;
}

/* Why the terms of the weights are not those of an open licence: few words, or NULL. */
static const char *what_limits(const struct licence_facts *f)
{
    if (f->commercial == COMMERCIAL_NO) return "commercial use is not licensed";
    if (f->not_in || f->not_multimodal_in) return "some territories are excluded";
    if (f->registration) return "commercial users must register";
    if (f->no_companies || f->no_persons || f->no_cloud_providers)
        return "some are excluded from the licence";
    if (f->service_revenue_usd_max)
        return "some providers of models as a service need an agreement";
    if (f->beyond == BEYOND_DISPLAY) return "some commercial users must display a name";
    if (f->users_month_max || f->users_day_max) return "the number of users is limited";
    if (f->revenue_year_usd_max || f->revenue_month_usd_max) return "revenue is limited";
    if (f->share & SHARE_FORBIDDEN) return "it may not be passed on, or not when changed";
    if (f->outputs == OUTPUT_NO_OTHER_LLM || f->outputs == OUTPUT_NO_OTHER_AI ||
        f->outputs == OUTPUT_RESEARCH_ONLY)
        return "the use of outputs is limited";
    if (f->use_policy && !f->open) return "uses are limited";
    if (f->ends & (END_REVOCABLE | END_TEXT_MAY_CHANGE))
        return "the licence can be withdrawn or changed";
    if (f->commercial != COMMERCIAL_YES) return "use is conditional";
    return NULL;
}

static bool is_there(const struct openness *o, enum openness_component c)
{
    return o->components[c].state == COMPONENT_OPEN;
}

static void judge_osaid(struct openness *o, const struct openness_input *in)
{
    const char *limit = in->weights ? what_limits(in->weights) : NULL;
    o->osaid = OPENNESS_UNKNOWN;
    if (in->weights && !in->weights->companion && limit) {
        o->osaid = OPENNESS_NO;
        snprintf(o->osaid_reason, sizeof o->osaid_reason,
                 "the weights are under %s: %s, and use for any purpose must be free",
                 in->weights->name, limit);
    } else if (!in->weights || !in->certain) {
        snprintf(o->osaid_reason, sizeof o->osaid_reason,
                 "the licence of the weights is not known with certainty");
    } else if (!is_there(o, COMPONENT_PARAMETERS)) {
        snprintf(o->osaid_reason, sizeof o->osaid_reason,
                 "no weights under an open licence were found");
    } else if (o->components[COMPONENT_TRAINING_CODE].state == COMPONENT_ABSENT &&
               o->components[COMPONENT_DATA_CARD].state == COMPONENT_ABSENT &&
               o->components[COMPONENT_DATASETS].state == COMPONENT_ABSENT) {
        o->osaid = OPENNESS_NO;
        snprintf(o->osaid_reason, sizeof o->osaid_reason,
                 "open weights: neither the code of the training nor information about its data is "
                 "here");
    } else if (is_there(o, COMPONENT_TRAINING_CODE) && is_there(o, COMPONENT_INFERENCE_CODE) &&
               (is_there(o, COMPONENT_DATA_CARD) || is_there(o, COMPONENT_DATASETS))) {
        o->osaid = OPENNESS_YES;
        snprintf(o->osaid_reason, sizeof o->osaid_reason,
                 "weights, code of training and use, and information about the data are under open "
                 "terms");
    } else {
        snprintf(
            o->osaid_reason, sizeof o->osaid_reason,
            "whether the code of the training and the information about its data suffice must be "
            "looked at by a person");
    }
}

static void judge_act(struct openness *o, const struct openness_input *in)
{
    const char *limit = in->weights ? what_limits(in->weights) : NULL;
    bool described = o->components[COMPONENT_MODEL_CARD].state != COMPONENT_ABSENT &&
                     (o->components[COMPONENT_ARCHITECTURE].state != COMPONENT_ABSENT ||
                      o->components[COMPONENT_METADATA].state != COMPONENT_ABSENT);
    o->act = OPENNESS_UNKNOWN;
    if (in->weights && !in->weights->companion && limit) {
        o->act = OPENNESS_NO;
        snprintf(o->act_reason, sizeof o->act_reason,
                 "a free and open-source licence is asked for, and under %s %s", in->weights->name,
                 limit);
    } else if (!in->weights || !in->certain) {
        snprintf(o->act_reason, sizeof o->act_reason,
                 "the licence of the weights is not known with certainty");
    } else if (!is_there(o, COMPONENT_PARAMETERS) || !described) {
        snprintf(o->act_reason, sizeof o->act_reason,
                 "weights, architecture and information on use must be public; not all of that was "
                 "found");
    } else {
        o->act = OPENNESS_YES;
        snprintf(
            o->act_reason, sizeof o->act_reason,
            "an open licence, and weights, architecture and a card are here; not for models with "
            "systemic risk, nor where access is paid for");
    }
}

enum status openness_judge(struct openness *ret, const struct openness_input *in, struct error *err)
{
    memset(ret, 0, sizeof *ret);
    if (in->file_count > OPENNESS_FILES_MAX)
        return error_set(err, STATUS_LIMIT,
                         "a model of %zu files is not looked through; at most %d", in->file_count,
                         OPENNESS_FILES_MAX);
    for (size_t i = 0; i < in->file_count; i++)
        look_at_path(ret, in, in->files[i]);
    look_at_card(ret, in->card);
    for (int c = 0; c < COMPONENT_COUNT && in->confirmed; c++)
        if (in->confirmed[c]) ret->components[c].state = in->confirmed[c];
    classify(ret);
    judge_osaid(ret, in);
    judge_act(ret, in);
    return STATUS_OK;
}

static void put_missing(struct json_writer *w, const char *key, const struct openness *o,
                        int mof_class)
{
    enum openness_component missing[COMPONENT_COUNT];
    int count = mof_class ? openness_missing(o, mof_class, missing, COMPONENT_COUNT) : 0;
    json_key(w, key);
    json_open_array(w);
    for (int i = 0; i < count; i++)
        json_put_string(w, about[missing[i]].name);
    json_close_array(w);
}

static void put_answer(struct json_writer *w, const char *key, const char *const words[3],
                       enum openness_answer answer, const char *reason)
{
    json_key(w, key);
    json_open_object(w);
    json_key(w, "answer");
    json_put_string(w, words[answer]);
    json_key(w, "reason");
    json_put_string(w, reason);
    json_close_object(w);
}

void openness_write(struct json_writer *w, const struct openness *o)
{
    static const char *const classes[] = { "none", "I open science", "II open tooling",
                                           "III open model" };
    static const char *const states[] = { "absent", "closed", "unclear", "hinted", "open" };
    static const char *const yes_no[] = { "no", "unknown", "yes" };
    static const char *const likely[] = { "unlikely", "unknown", "likely" };
    int next = o->mof_class ? o->mof_class - 1 : 3;
    json_open_object(w);
    json_key(w, "mof");
    json_open_object(w);
    json_key(w, "class");
    json_put_string(w, classes[o->mof_class]);
    json_key(w, "next");
    json_put_string(w, next ? classes[next] : NULL);
    put_missing(w, "missing", o, next);
    json_close_object(w);
    put_answer(w, "osaid", yes_no, o->osaid, o->osaid_reason);
    put_answer(w, "ai_act_53_2", likely, o->act, o->act_reason);
    json_key(w, "components");
    json_open_array(w);
    for (int c = 0; c < COMPONENT_COUNT; c++) {
        json_open_object(w);
        json_key(w, "component");
        json_put_string(w, about[c].name);
        json_key(w, "state");
        json_put_string(w, states[o->components[c].state]);
        json_key(w, "evidence");
        json_put_string(w, o->components[c].evidence);
        json_close_object(w);
    }
    json_close_array(w);
    json_close_object(w);
}
