/* tokenizer.json: normalizer, pre-tokenizer, decoder and post-processor.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every step is understood or the file is refused. Whether a vocabulary spells bytes in GPT-2's
 * alphabet or blanks as U+2581 shows in these steps, so they are read before the words. */
#include <string.h>

#include "lm/tokenizer/tokenizer_load.h"

#define STEP_DEPTH_MAX 4
#define MARK           "\xE2\x96\x81"

typedef enum status step_fn(struct tokenizer *t, const struct json *step, const char *type,
                            struct error *err);

static enum status refuse(const char *part, const char *type, struct error *err)
{
    return error_set(err, STATUS_UNSUPPORTED, "tokenizer.json: the %s '%.60s' is not supported",
                     part, type);
}

/* Calls fn for the step, or for each step of a sequence. */
static enum status each_step(struct tokenizer *t, const struct json *step, const char *list,
                             const char *part, int depth, step_fn *fn, struct error *err)
{
    const char *type = json_text(json_get(step, "type"));
    if (json_type(step) == JSON_NULL) return STATUS_OK;
    if (!type || depth > STEP_DEPTH_MAX)
        return error_set(err, STATUS_BAD_INPUT,
                         "tokenizer.json: a %s has no type, or they are nested too deep", part);
    if (strcmp(type, "Sequence")) return fn(t, step, type, err);
    const struct json *steps = json_get(step, list);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < json_length(steps) && !status; i++)
        status = each_step(t, json_at(steps, i), list, part, depth + 1, fn, err);
    return status;
}

/* Under a blank mark the steps' texts are read like the words: U+2581 is a blank. */
static enum status add_marked(struct tokenizer *t, enum norm_kind kind, struct span a,
                              struct span b, struct error *err)
{
    struct buf x = BUF_INIT(NORM_TEXT_BYTES_MAX), y = BUF_INIT(NORM_TEXT_BYTES_MAX);
    bool literal;
    if (t->blank_mark) {
        blank_mark_append(&x, a, &literal);
        blank_mark_append(&y, b, &literal);
        a = (struct span){ x.data, x.len };
        b = (struct span){ y.data, y.len };
    }
    enum status status = STATUS_OK;
    if (kind != NORM_REPLACE || a.len != b.len || memcmp(a.data, b.data, a.len))
        status = normalizer_add(&t->normalizer, kind, a, b, false, false, err);
    buf_release(&x);
    buf_release(&y);
    return status;
}

static enum status add_replace(struct tokenizer *t, const struct json *step, struct error *err)
{
    struct span from = json_string(json_path(step, "pattern.String")),
                to = json_string(json_get(step, "content"));
    if (!from.data || !from.len || !to.data)
        return refuse("normalizer Replace", "by a regular expression", err);
    return add_marked(t, NORM_REPLACE, from, to, err);
}

static enum status add_charsmap(struct tokenizer *t, const struct json *step, struct error *err)
{
    struct span text = json_string(json_get(step, "precompiled_charsmap"));
    struct buf map = BUF_INIT(NORM_CHARSMAP_BYTES_MAX);
    enum status status = STATUS_OK;
    if (!text.data || !base64_append(&map, text))
        status =
            error_set(err, STATUS_BAD_INPUT, "tokenizer.json: precompiled_charsmap is not base64");
    if (!status && map.len)
        status = normalizer_add(&t->normalizer, NORM_CHARSMAP, (struct span){ map.data, map.len },
                                (struct span){ NULL, 0 }, false, false, err);
    buf_release(&map);
    return status;
}

static enum status add_normalizer(struct tokenizer *t, const struct json *step, const char *type,
                                  struct error *err)
{
    static const struct {
        const char *type;
        enum norm_kind kind;
    } plain[] = { { "NFC", NORM_NFC },
                  { "NFD", NORM_NFD },
                  { "NFKC", NORM_NFKC },
                  { "NFKD", NORM_NFKD },
                  { "Lowercase", NORM_LOWERCASE } };
    const struct span none = { NULL, 0 };
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        if (!strcmp(type, plain[i].type))
            return normalizer_add(&t->normalizer, plain[i].kind, none, none, false, false, err);
    if (!strcmp(type, "Replace")) return add_replace(t, step, err);
    if (!strcmp(type, "Precompiled")) return add_charsmap(t, step, err);
    if (!strcmp(type, "Strip"))
        return normalizer_add(&t->normalizer, NORM_STRIP, none, none,
                              json_bool(json_get(step, "strip_left"), true),
                              json_bool(json_get(step, "strip_right"), true), err);
    if (!strcmp(type, "Prepend")) {
        struct span text = json_string(json_get(step, "prepend"));
        if (!text.data) return refuse("normalizer", "Prepend without text", err);
        if (!t->blank_mark || !span_equals(text, MARK))
            return add_marked(t, NORM_PREPEND, text, none, err);
        t->prefix = PREFIX_ALWAYS;
        return STATUS_OK;
    }
    return refuse("normalizer", type, err);
}

static enum status split_behavior(const struct json *step, enum split_behavior *ret,
                                  struct error *err)
{
    static const char *const names[SPLIT_BEHAVIOR_COUNT] = { "Isolated", "Removed",
                                                             "MergedWithPrevious",
                                                             "MergedWithNext" };
    const char *name = json_text(json_get(step, "behavior"));
    for (int i = 0; name && i < SPLIT_BEHAVIOR_COUNT; i++) {
        if (strcmp(name, names[i])) continue;
        *ret = (enum split_behavior)i;
        return STATUS_OK;
    }
    return refuse("split behavior", name ? name : "", err);
}

static enum status add_split(struct tokenizer *t, const struct json *step, struct error *err)
{
    enum split_behavior behavior = SPLIT_ISOLATED;
    enum status status = split_behavior(step, &behavior, err);
    if (status) return status;
    bool invert = json_bool(json_get(step, "invert"), false);
    struct span regex = json_string(json_path(step, "pattern.Regex")),
                text = json_string(json_path(step, "pattern.String"));
    if (regex.data) {
        const char *name = splitter_name_of(regex);
        if (name) tokenizer_set_pre(t, name);
        return splitter_add_regex(&t->splitter, regex, behavior, invert, err);
    }
    if (!text.data) return refuse("split pattern", "neither Regex nor String", err);
    if (t->blank_mark && span_equals(text, " "))
        return STATUS_OK; /* no blank is left to split at */
    if (t->blank_mark && span_equals(text, MARK)) text = span_of(" ");
    return splitter_add_literal(&t->splitter, text, behavior, invert, err);
}

static enum status add_metaspace(struct tokenizer *t, const struct json *step, struct error *err)
{
    const char *scheme = json_text(json_get(step, "prepend_scheme"));
    struct span mark = json_string(json_get(step, "replacement"));
    if (!mark.data || !span_equals(mark, MARK))
        return refuse("Metaspace", "with a replacement other than U+2581", err);
    if (!scheme) scheme = json_bool(json_get(step, "add_prefix_space"), true) ? "always" : "never";
    if (!strcmp(scheme, "always")) t->prefix = PREFIX_IF_NONE;
    else if (!strcmp(scheme, "first")) t->prefix = PREFIX_FIRST_IF_NONE;
    else if (strcmp(scheme, "never")) return refuse("Metaspace prepend_scheme", scheme, err);
    return json_bool(json_get(step, "split"), true)
               ? splitter_add_fn(&t->splitter, split_before_space, err)
               : STATUS_OK;
}

static enum status add_pre_tokenizer(struct tokenizer *t, const struct json *step, const char *type,
                                     struct error *err)
{
    if (!strcmp(type, "Split")) return add_split(t, step, err);
    if (!strcmp(type, "Metaspace")) return add_metaspace(t, step, err);
    if (!strcmp(type, "Digits"))
        return splitter_add_fn(&t->splitter,
                               json_bool(json_get(step, "individual_digits"), false)
                                   ? split_digits_one
                                   : split_digits_all,
                               err);
    if (strcmp(type, "ByteLevel")) return refuse("pre-tokenizer", type, err);
    if (json_bool(json_get(step, "add_prefix_space"), true)) {
        if (t->splitter.count)
            return refuse("pre-tokenizer", "ByteLevel with add_prefix_space after a split", err);
        t->prefix = PREFIX_IF_NONE;
    }
    if (!json_bool(json_get(step, "use_regex"), true)) return STATUS_OK;
    tokenizer_set_pre(t, "gpt-2");
    return splitter_add_fn(&t->splitter, split_gpt2, err);
}

static enum status add_decoder(struct tokenizer *t, const struct json *step, const char *type,
                               struct error *err)
{
    if (!strcmp(type, "ByteLevel") || !strcmp(type, "ByteFallback") || !strcmp(type, "Fuse"))
        return STATUS_OK;
    if (!strcmp(type, "Metaspace")) {
        const char *scheme = json_text(json_get(step, "prepend_scheme"));
        t->strip_blank = scheme ? strcmp(scheme, "never") != 0
                                : json_bool(json_get(step, "add_prefix_space"), true);
        return STATUS_OK;
    }
    if (!strcmp(type, "Replace")) {
        struct span from = json_string(json_path(step, "pattern.String")),
                    to = json_string(json_get(step, "content"));
        if (from.data && to.data && span_equals(from, MARK) && span_equals(to, " "))
            return STATUS_OK;
    }
    if (!strcmp(type, "Strip")) {
        struct span what = json_string(json_get(step, "content"));
        int64_t start = json_int(json_get(step, "start"), 0),
                stop = json_int(json_get(step, "stop"), 0);
        if (what.data && span_equals(what, " ") && start <= 1 && start >= 0 && stop == 0) {
            t->strip_blank = start == 1;
            return STATUS_OK;
        }
    }
    return refuse("decoder", type, err);
}

/* The ids of the special token that an item of a template names; -1 for the text itself. */
static int64_t template_id(const struct json *post, const struct json *item)
{
    const char *name = json_text(json_path(item, "SpecialToken.id"));
    const struct json *ids =
        name ? json_get(json_get(json_get(post, "special_tokens"), name), "ids") : NULL;
    return json_length(ids) == 1 ? json_int(json_at(ids, 0), -2) : name ? -2 : -1;
}

static enum status add_template(struct tokenizer *t, const struct json *post, struct error *err)
{
    const struct json *single = json_get(post, "single");
    size_t count = json_length(single);
    bool seen = false;
    for (size_t i = 0; i < count; i++) {
        int64_t id = template_id(post, json_at(single, i));
        if (id < -1 || id >= VOCAB_TOKENS_MAX)
            return refuse("post-processor", "TemplateProcessing with a token of several ids", err);
        if (id < 0) {
            seen = true;
        } else if (!seen && !t->adds_bos) {
            t->bos = (int32_t)id;
            t->adds_bos = true;
        } else if (seen && !t->adds_eos) {
            t->eos = t->ending = (int32_t)id;
            t->adds_eos = true;
        } else {
            return refuse("post-processor", "TemplateProcessing with several tokens on one side",
                          err);
        }
    }
    return STATUS_OK;
}

static enum status add_post_processor(struct tokenizer *t, const struct json *step,
                                      const char *type, struct error *err)
{
    if (!strcmp(type, "ByteLevel")) return STATUS_OK; /* offsets only */
    if (!strcmp(type, "TemplateProcessing")) return add_template(t, step, err);
    return refuse("post-processor", type, err);
}

/* First pass: how are words spelled? */
struct spelling {
    bool bytes, marks;
};

static void see(const struct json *step, struct spelling *s, int depth)
{
    const char *type = json_text(json_get(step, "type"));
    if (!type || depth > STEP_DEPTH_MAX) return;
    static const char *const lists[] = { "normalizers", "pretokenizers", "decoders" };
    for (size_t k = 0; k < 3; k++) {
        const struct json *steps = json_get(step, lists[k]);
        for (size_t i = 0; i < json_length(steps); i++)
            see(json_at(steps, i), s, depth + 1);
    }
    struct span from = json_string(json_path(step, "pattern.String")),
                to = json_string(json_get(step, "content"));
    if (!strcmp(type, "ByteLevel")) s->bytes = true;
    if (!strcmp(type, "Metaspace")) s->marks = true;
    if (!strcmp(type, "Replace") && from.data && to.data &&
        ((span_equals(from, " ") && span_equals(to, MARK)) ||
         (span_equals(from, MARK) && span_equals(to, " "))))
        s->marks = true;
}

enum status load_json_steps(struct tokenizer *t, const struct json *root, struct error *err)
{
    const struct json *normalizer = json_get(root, "normalizer"),
                      *pre = json_get(root, "pre_tokenizer");
    const struct json *decoder = json_get(root, "decoder"),
                      *post = json_get(root, "post_processor");
    struct spelling s = { false, false };
    see(normalizer, &s, 0);
    see(pre, &s, 0);
    see(decoder, &s, 0);
    if (s.bytes && s.marks)
        return refuse("combination of steps", "ByteLevel and U+2581 for blanks", err);
    t->model = s.bytes ? MODEL_BYTE_BPE : MODEL_CHAR_BPE;
    t->blank_mark = s.marks;
    enum status status =
        each_step(t, normalizer, "normalizers", "normalizer", 0, add_normalizer, err);
    if (!status)
        status = each_step(t, pre, "pretokenizers", "pre-tokenizer", 0, add_pre_tokenizer, err);
    if (!status) status = each_step(t, decoder, "decoders", "decoder", 0, add_decoder, err);
    if (!status)
        status = each_step(t, post, "processors", "post-processor", 0, add_post_processor, err);
    return status;
}
