/* Pre-tokenizers: the stages of a splitter, and the patterns known by name.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/tokenizer/splitter.h"

#include <string.h>

#include "base/core/buf.h"
#include "base/core/mem.h"

enum pattern {
    PATTERN_NONE, /* ends a list of stages */
#define EXPRESSION(name, fn, regex) PATTERN_##name,
#include "lm/tokenizer/split_expression_list.h"
#undef EXPRESSION
    PATTERN_COUNT
};

static const struct split_pattern patterns[PATTERN_COUNT] = {
    { NULL, NULL },
#define EXPRESSION(name, fn, regex) { regex, fn },
#include "lm/tokenizer/split_expression_list.h"
#undef EXPRESSION
};

#define NAMED_STAGES_MAX 6

struct named {
    const char *name;
    struct split_facts facts;
    int stages[NAMED_STAGES_MAX + 1]; /* PATTERN_NONE ends */
};

static const struct named names[] = {
#define SPLIT(name, ignore, bos, ...) { name, { ignore, bos }, { __VA_ARGS__ } },
#include "lm/tokenizer/split_name_list.h"
#undef SPLIT
};
#define NAME_COUNT (sizeof(names) / sizeof(*names))

void splitter_release(struct splitter *s)
{
    for (int i = 0; i < s->count; i++) {
        split_regex_free(s->stages[i].regex);
        mem_free(s->stages[i].literal);
    }
    *s = (struct splitter){ .count = 0 };
}

static enum status next_stage(struct splitter *s, struct split_stage **ret, struct error *err)
{
    if (s->count == SPLIT_STAGES_MAX)
        return error_set(err, STATUS_LIMIT, "the pre-tokenizer has more than %d stages",
                         SPLIT_STAGES_MAX);
    *ret = &s->stages[s->count];
    **ret = (struct split_stage){ .behavior = SPLIT_ISOLATED };
    return STATUS_OK;
}

enum status splitter_add_fn(struct splitter *s, split_fn *fn, struct error *err)
{
    struct split_stage *stage = NULL;
    enum status status = next_stage(s, &stage, err);
    if (status) return status;
    stage->fn = fn;
    s->count++;
    return STATUS_OK;
}

enum status splitter_add_pcre(struct splitter *s, struct span regex, enum split_behavior behavior,
                              bool invert, struct error *err)
{
    struct split_stage *stage = NULL;
    enum status status = next_stage(s, &stage, err);
    if (status) return status;
    status = split_regex_new(&stage->regex, regex, err);
    if (status) return status;
    stage->literal = mem_copy_text(regex.data, regex.len);
    stage->literal_bytes = regex.len;
    if (!stage->literal) {
        split_regex_free(stage->regex);
        return error_set(err, STATUS_NO_MEMORY, "no memory for a pre-tokenizer");
    }
    stage->behavior = behavior;
    stage->invert = invert;
    s->count++;
    return STATUS_OK;
}

/* The functions give back pieces that cover the text: what "Isolated" asks for, and also
 * "Removed" of the gaps where the expression leaves none. */
enum status splitter_add_regex(struct splitter *s, struct span regex, enum split_behavior behavior,
                               bool invert, struct error *err)
{
    bool isolated = behavior == SPLIT_ISOLATED;
    for (int i = 1; i < PATTERN_COUNT; i++) {
        if (!patterns[i].fn || !span_equals(regex, patterns[i].regex)) continue;
        bool covers = i <= PATTERN_TEKKEN; /* the first ones of the list end in \s+ or \s */
        if (isolated || (covers && behavior == SPLIT_REMOVED && invert))
            return splitter_add_fn(s, patterns[i].fn, err);
    }
    return splitter_add_pcre(s, regex, behavior, invert, err);
}

enum status splitter_add_literal(struct splitter *s, struct span literal,
                                 enum split_behavior behavior, bool invert, struct error *err)
{
    struct split_stage *stage = NULL;
    enum status status = next_stage(s, &stage, err);
    if (status) return status;
    if (!literal.len)
        return error_set(err, STATUS_BAD_INPUT, "the pre-tokenizer splits at an empty string");
    stage->literal = mem_copy_text(literal.data, literal.len);
    if (!stage->literal) return error_set(err, STATUS_NO_MEMORY, "no memory for a pre-tokenizer");
    stage->literal_bytes = literal.len;
    stage->behavior = behavior;
    stage->invert = invert;
    s->count++;
    return STATUS_OK;
}

static const struct named *find_name(const char *name)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (!strcmp(names[i].name, name)) return &names[i];
    return NULL;
}

bool splitter_facts(const char *name, struct split_facts *ret)
{
    const struct named *n = find_name(name);
    if (n) *ret = n->facts;
    return n != NULL;
}

static enum status unknown_name(const char *name, struct error *err)
{
    struct buf list = BUF_INIT(ERROR_TEXT_BYTES);
    for (size_t i = 0; i < NAME_COUNT; i++)
        buf_format(&list, "%s%s", i ? ", " : "", names[i].name);
    enum status s =
        error_set(err, STATUS_UNSUPPORTED, "unknown pre-tokenizer '%.64s'; known are %s", name,
                  list.data ? list.data : "");
    buf_release(&list);
    return s;
}

enum status splitter_add_named(struct splitter *s, const char *name, struct error *err)
{
    const struct named *n = find_name(name);
    if (!n) return unknown_name(name, err);
    for (int i = 0; n->stages[i] != PATTERN_NONE; i++) {
        const struct split_pattern *p = &patterns[n->stages[i]];
        enum status status =
            p->fn ? splitter_add_fn(s, p->fn, err)
                  : splitter_add_pcre(s, span_of(p->regex), SPLIT_ISOLATED, false, err);
        if (status) return status;
    }
    return STATUS_OK;
}

static split_fn *const functions[] = {
    split_gpt2,
    split_llama3,
    split_qwen2,
    split_qwen35,
    split_cl100k,
    split_o200k,
    split_tekken,
    split_seed_coder,
    split_digits_one,
    split_digits_three,
    split_digits_all,
    split_deepseek_v3_cjk,
    split_deepseek_v3_words,
    split_before_space,
};
#define FUNCTION_COUNT ((int)(sizeof(functions) / sizeof(*functions)))

int splitter_fn_number(split_fn *fn)
{
    for (int i = 0; i < FUNCTION_COUNT; i++)
        if (functions[i] == fn) return i;
    return -1;
}

split_fn *splitter_fn_at(int number)
{
    return number >= 0 && number < FUNCTION_COUNT ? functions[number] : NULL;
}

const char *splitter_name_of(struct span regex)
{
    if (regex.len < sizeof("\\p{N}{1,3}")) return NULL; /* a stage before others says nothing */
    for (size_t i = 0; i < NAME_COUNT; i++)
        for (int k = 0; names[i].stages[k] != PATTERN_NONE; k++)
            if (names[i].stages[k + 1] == PATTERN_NONE &&
                span_equals(regex, patterns[names[i].stages[k]].regex))
                return names[i].name;
    return NULL;
}

const struct split_pattern *splitter_pattern(int i)
{
    return i >= 0 && i + 1 < PATTERN_COUNT ? &patterns[i + 1] : NULL;
}

enum status split_list_push(struct split_list *l, size_t begin, size_t end, struct error *err)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 256;
        struct split_range *items = mem_resize(l->items, cap, sizeof(*items));
        if (!items)
            return error_set(err, STATUS_NO_MEMORY, "no memory for %zu pieces of text", cap);
        l->items = items;
        l->cap = cap;
    }
    l->items[l->count++] = (struct split_range){ begin, end };
    return STATUS_OK;
}

void split_list_release(struct split_list *l)
{
    mem_free(l->items);
    *l = (struct split_list){ 0 };
}

static enum status run_fn(split_fn *fn, const char *text, struct split_range r,
                          struct split_list *out, struct error *err)
{
    enum status status = STATUS_OK;
    size_t len = r.end - r.begin;
    for (size_t pos = 0, end; pos < len && !status; pos = end) {
        end = fn(text + r.begin, pos, len);
        status = split_list_push(out, r.begin + pos, r.begin + end, err);
    }
    return status;
}

static enum status literal_matches(const struct split_stage *stage, const char *text,
                                   struct split_range r, struct split_list *out, struct error *err)
{
    size_t n = stage->literal_bytes;
    for (size_t pos = r.begin; pos + n <= r.end;) {
        if (text[pos] != stage->literal[0] || memcmp(text + pos, stage->literal, n)) {
            pos++;
            continue;
        }
        enum status status = split_list_push(out, pos, pos + n, err);
        if (status) return status;
        pos += n;
    }
    return STATUS_OK;
}

/* Turns matches and the gaps between them into pieces, as the behavior says. */
struct cutter {
    struct split_list *out;
    enum split_behavior behavior;
    bool previous_match; /* the piece before was a match */
    size_t first;        /* pieces of this range start here in out */
};

static enum status cut(struct cutter *c, size_t begin, size_t end, bool is_match, struct error *err)
{
    if (begin == end) return STATUS_OK;
    bool was_match = c->previous_match;
    c->previous_match = is_match;
    if (is_match && c->behavior == SPLIT_REMOVED) return STATUS_OK;
    if (is_match && c->behavior == SPLIT_MERGED_PREVIOUS && c->out->count > c->first &&
        !was_match) {
        c->out->items[c->out->count - 1].end = end;
        return STATUS_OK;
    }
    if (!is_match && c->behavior == SPLIT_MERGED_NEXT && was_match && c->out->count > c->first) {
        c->out->items[c->out->count - 1].end = end;
        return STATUS_OK;
    }
    return split_list_push(c->out, begin, end, err);
}

/* `found` is working memory, `m` a matcher for the stage's expression. */
static enum status run_matches(const struct split_stage *stage, const struct split_matcher *m,
                               const char *text, struct split_range r, struct split_list *found,
                               struct split_list *out, struct error *err)
{
    found->count = 0;
    enum status status = stage->regex ? split_matcher_run(m, text, r, found, err)
                                      : literal_matches(stage, text, r, found, err);
    struct cutter c = { .out = out, .behavior = stage->behavior, .first = out->count };
    size_t pos = r.begin;
    for (size_t i = 0; i < found->count && !status; i++) {
        status = cut(&c, pos, found->items[i].begin, stage->invert, err);
        if (!status)
            status = cut(&c, found->items[i].begin, found->items[i].end, !stage->invert, err);
        pos = found->items[i].end;
    }
    return status ? status : cut(&c, pos, r.end, stage->invert, err);
}

static enum status run_stage(const struct split_stage *stage, const char *text,
                             const struct split_list *in, struct split_list *out, struct error *err)
{
    struct split_matcher m = { NULL, NULL, NULL, NULL };
    struct split_list found = { 0 };
    enum status status = stage->regex ? split_matcher_init(&m, stage->regex, err) : STATUS_OK;
    for (size_t k = 0; k < in->count && !status; k++)
        status = stage->fn ? run_fn(stage->fn, text, in->items[k], out, err)
                           : run_matches(stage, &m, text, in->items[k], &found, out, err);
    split_list_release(&found);
    split_matcher_release(&m);
    return status;
}

enum status splitter_run(const struct splitter *s, const char *text, size_t len,
                         struct split_list *out, struct split_list *spare, struct error *err)
{
    out->count = 0;
    enum status status = len ? split_list_push(out, 0, len, err) : STATUS_OK;
    for (int i = 0; i < s->count && !status; i++) {
        struct split_list swap = *out;
        *out = *spare;
        *spare = swap;
        out->count = 0;
        status = run_stage(&s->stages[i], text, spare, out, err);
    }
    return status;
}
