/* `hearth openness`: what of a model is open, and under which terms.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "front/cmd/command.h"
#include "front/cmd/licence_folder.h"
#include "front/cmd/model_options.h"
#include "front/cmd/report.h"
#include "govern/openness/openness.h"

static const struct option_table *const tables[] = { &json_table, NULL };

static bool agree_or_silent(const struct licence_folder *f, const struct licence_reading *weights)
{
    const char *id = weights ? licence_reading_id(weights) : NULL;
    const char *claimed = f->card >= 0 ? f->readings[f->card]->claimed : NULL;
    return !claimed || (id && strcmp(id, claimed) == 0);
}

static void report_answer(struct report *r, const struct openness *o)
{
    static const char *const classes[] = { "none", "I open science", "II open tooling",
                                           "III open model" };
    static const char *const yes_no[] = { "no", "unknown", "yes" };
    static const char *const likely[] = { "unlikely", "unknown", "likely" };
    enum openness_component missing[COMPONENT_COUNT];
    int next = o->mof_class ? o->mof_class - 1 : 3;
    int count = next ? openness_missing(o, next, missing, COMPONENT_COUNT) : 0;
    report_line(r, "Model Openness Framework: class %s", classes[o->mof_class]);
    for (int i = 0; i < count; i++)
        report_line(r, "  missing for class %s: %s", classes[next],
                    openness_component_name(missing[i]));
    report_line(r, "Open Source AI Definition: %s (%s)", yes_no[o->osaid], o->osaid_reason);
    report_line(r, "EU AI Act, Article 53(2): %s (%s)", likely[o->act], o->act_reason);
}

static enum status judge(const struct licence_folder *f, bool json, struct error *err)
{
    const struct licence_reading *weights = licence_folder_text(f, "model", "code");
    const struct licence_reading *code = licence_folder_text(f, "code", "model");
    struct openness_input in = {
        .files = f->files,
        .file_count = f->count,
        .card = f->card >= 0 ? f->readings[f->card]->text : (struct span){ 0 },
        .weights = weights ? weights->facts : NULL,
        .code = code ? code->facts : NULL,
        .documents = weights ? weights->facts : NULL,
        .certain =
            weights && weights->match.kind >= MATCH_NORMALISED && agree_or_silent(f, weights),
    };
    struct openness o;
    struct report r;
    enum status st = openness_judge(&o, &in, err);
    if (st) return st;
    report_begin(&r, json);
    if (json) {
        json_key(&r.writer, "openness");
        openness_write(&r.writer, &o);
    } else {
        report_answer(&r, &o);
    }
    return report_end(&r, err);
}

static enum status run(const struct args *args, struct error *err)
{
    struct licence_prints prints;
    struct licence_folder f;
    enum status st = licence_prints_builtin(&prints, err);
    if (st) return st;
    st = licence_folder_read(&f, args_operand(args, 0), &prints, err);
    if (!st) st = judge(&f, args_flag(args, "json"), err);
    licence_folder_release(&f);
    return st;
}

const struct command cmd_openness = {
    .name = "openness",
    .summary = "what of a model is open, and what is missing",
    .operands = "FOLDER",
    .operands_min = 1,
    .operands_max = 1,
    .about =
        "Three labels from the files of a model's FOLDER, its card and its licences: the class of "
        "the Model Openness Framework, the Open Source AI Definition, and Article 53(2) of the EU "
        "AI Act. What the files only hint at is said to be so; a person should look.",
    .tables = tables,
    .run = run,
};
