/* Line by line, with the key that each line stands below.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_card_terms.h"

#include <string.h>
#include <strings.h>

#include "govern/licence/licence_claim_read.h"
#include "govern/licence/licence_risk.h"

enum key_kind {
    KEY_LICENCE, /* license: one value is the claim, more are a contradiction */
    KEY_USUAL,   /* what describes the model: only words that are about nothing but terms count */
    KEY_NAME,    /* a name of a licence or a thing */
    KEY_TAGS,
    KEY_GATE, /* extra_gated_prompt */
    KEY_OTHER /* any word that could be a term counts */
};

static bool is_one_of(struct span key, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == key.len && strncasecmp(names[i], key.data, key.len) == 0)
            return true;
    return false;
}

/* After the hubs' documentation of model cards, "Model card metadata", and what collections of licence texts
 * write before a text. */
static enum key_kind kind_of(struct span key)
{
    static const char *const usual[] = {
        "license_name", "license_link",  "base_model",   "base_model_relation", "datasets",
        "language",     "languages",     "library_name", "pipeline_tag",        "metrics",
        "model-index",  "model_name",    "widget",       "inference",           "thumbnail",
        "title",        "pretty_name",   "quantized_by", "co2_eq_emissions",    "new_version",
        "model_type",   "model_creator", "arxiv",        "task_categories",     "eval_results",
        "mask_token",   "model_link",    "configs",      "dataset_info",        "source_datasets",
        "fetched",      "paper",         "source",       "prompt_template",     "size_categories",
    };
    static const char *const name[] = {
        "key",
        "short_name",
        "name",
        "category",
        "owner",
        "text_urls",
        "homepage_url",
        "faq_url",
        "osi_url",
        "other_urls",
        "ignorable_copyrights",
        "ignorable_holders",
        "ignorable_urls",
        "spdx_license_key",
        "osi_license_key",
        "other_spdx_license_keys",
    };
    static const char *const licence[] = { "license", "licence" }, *const tags[] = { "tags" },
                             *const gate[] = { "extra_gated_prompt" };
    if (is_one_of(key, licence, 2)) return KEY_LICENCE;
    if (is_one_of(key, tags, 1)) return KEY_TAGS;
    if (is_one_of(key, gate, 1)) return KEY_GATE;
    if (is_one_of(key, name, sizeof name / sizeof *name)) return KEY_NAME;
    return is_one_of(key, usual, sizeof usual / sizeof *usual) ? KEY_USUAL : KEY_OTHER;
}

/* Words that are about terms wherever they stand; "nc" only by itself. */
static bool is_about_terms(const struct licence_words *w, bool name)
{
    static const char *const phrases[] = {
        "commerc*",      "noncommerc*", "kommerz*",      "comerc*",      "nc",
        "prohib*",       "forbid*",     "research only", "research use", "academic use",
        "academic only", "商 用",       "商 业",         "禁 止",
    };
    for (uint32_t i = 0; i < w->count; i++) {
        if (!name && licence_phrase_at(w, i, "licens*")) return true;
        for (size_t k = 0; k < sizeof phrases / sizeof *phrases; k++)
            if (licence_phrase_at(w, i, phrases[k])) return true;
    }
    return false;
}

struct walk {
    enum key_kind kind;
    int licences;
    bool no_memory;
};

static bool line_speaks(struct walk *walk, struct span line, enum key_kind kind)
{
    struct licence_words w = { 0 };
    struct error err;
    if (!line.len) return false;
    enum status st = licence_words_read(&w, line, &err);
    walk->no_memory |= st == STATUS_NO_MEMORY;
    /* What cannot be read is not known to be harmless. */
    if (st) return true;
    bool speaks = kind == KEY_OTHER ? licence_words_are_risky(&w, 0, w.count)
                                    : is_about_terms(&w, kind == KEY_NAME);
    if (licence_words_are_title(&w, 0, w.count)) speaks = false;
    licence_words_release(&w);
    return speaks;
}

/* How many licences the value names: "mit" is one, "[mit, gpl]" two, "" none. */
static int values_of(struct span value)
{
    int count = value.len > 0 && value.data[0] != '>' && value.data[0] != '|';
    if (count && value.data[0] == '[')
        for (size_t i = 0; i < value.len; i++)
            count += value.data[i] == ',';
    return count;
}

/* A tag is one word, or a few that are joined. */
static bool is_sentence(struct span tag)
{
    while (tag.len && strchr("- \t\"'", tag.data[0]))
        tag = (struct span){ tag.data + 1, tag.len - 1 };
    for (size_t i = 0; i < tag.len; i++)
        if (tag.data[i] == ' ' && (i == 0 || tag.data[i - 1] != ',')) return true;
    return false;
}

/* Does this line, below w->kind or a key itself, speak of terms? */
static bool looks_like_terms(struct walk *w, struct span line)
{
    struct span text = card_trim(line);
    bool key = line.len && !strchr(" \t-#", line.data[0]);
    const char *colon = key ? memchr(line.data, ':', line.len) : NULL;
    if (!text.len) return false;
    if (text.data[0] == '#') return line_speaks(w, text, KEY_OTHER);
    const char *comment = NULL;
    for (size_t i = 1; i < line.len && !comment; i++)
        if (line.data[i] == '#' && line.data[i - 1] == ' ') comment = line.data + i;
    if (comment &&
        line_speaks(w, (struct span){ comment, (size_t)(line.data + line.len - comment) },
                    KEY_OTHER))
        return true;
    struct span value = text;
    if (colon) {
        struct span name = card_trim((struct span){ line.data, (size_t)(colon - line.data) });
        w->kind = kind_of(name);
        value = card_trim((struct span){ colon + 1, (size_t)(line.data + line.len - colon) - 1 });
        if (w->kind == KEY_OTHER && line_speaks(w, name, KEY_OTHER)) return true;
        bool named = name.len > 7 && strncasecmp(name.data, "license", 7) == 0;
        if (w->kind == KEY_USUAL && named) return false;
    }
    switch (w->kind) {
    case KEY_GATE: return false;
    case KEY_LICENCE: w->licences += values_of(value); return w->licences > 1;
    case KEY_TAGS:
        if (is_sentence(value)) return line_speaks(w, value, KEY_OTHER);
        break;
    case KEY_NAME:
    case KEY_USUAL:
    case KEY_OTHER: break;
    }
    return line_speaks(w, value, w->kind);
}

enum status card_terms(struct span *ret, struct span front, struct error *err)
{
    struct walk w = { .kind = KEY_USUAL };
    struct span found = { NULL, 0 };
    int lines = 0;
    for (size_t at = 0; at < front.len && !found.data; lines++) {
        struct span line = card_line(front, &at);
        /* What is not looked at is not known to be harmless. */
        if (lines == CARD_FRONT_LINES_MAX || looks_like_terms(&w, line)) found = line;
    }
    if (w.no_memory) return error_set(err, STATUS_NO_MEMORY, "no memory to read a card");
    *ret = found;
    return STATUS_OK;
}
