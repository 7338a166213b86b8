/* What a prompt and a template say about the text that will follow.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/chat/jinja_ast.h"
#include "lm/chat/parse_inner.h"

/* How prompts of the families begin the model's turn. */
static const char *const TURNS[] = {
    "<|im_start|>assistant",
    "<｜Assistant｜>",
    "<|assistant|>",
    "]~b]ai",
    "<seed:bos>assistant",
    "<|im_assistant|>assistant<|im_middle|>",
    "<|start_header_id|>assistant<|end_header_id|>",
    "[/INST]",
    "[unused9]助手：",
    "<start_of_turn>model",
    "<|open|>message role=\"assistant\"<|sep|>",
    "<|start|>assistant",
};

size_t parse_behind_last(struct span text, const char *mark)
{
    size_t len = strlen(mark);
    for (size_t i = text.len; i >= len; i--)
        if (memcmp(text.data + i - len, mark, len) == 0) return i;
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Reasoning stands at the beginning of the turn, or nowhere. Without a turn that is known, only
 * what the prompt ends in counts: a tag further up may be a user's. */
enum prompt_open parse_prompt_open(const struct parse_format *f, struct span prompt)
{
    size_t turn = 0;
    for (size_t i = 0; i < sizeof TURNS / sizeof *TURNS; i++) {
        size_t at = parse_behind_last(prompt, TURNS[i]);
        if (at > turn) turn = at;
    }
    struct span tail = { prompt.data + turn, prompt.len - turn };
    if (f->prompt_open) return f->prompt_open(tail);
    if (!f->think_open) return PROMPT_OPEN_NOTHING;
    size_t len = strlen(f->think_open), begin = 0, end = tail.len;
    while (turn && begin < end && is_space(tail.data[begin]))
        begin++;
    while (!turn && begin < end && is_space(tail.data[end - 1]))
        end--;
    if (end - begin < len || (turn && parse_behind_last(tail, f->think_close)))
        return PROMPT_OPEN_NOTHING;
    const char *at = turn ? tail.data + begin : tail.data + end - len;
    return memcmp(at, f->think_open, len) == 0 ? PROMPT_OPEN_THINK : PROMPT_OPEN_NOTHING;
}

static bool contains(struct span text, const char *mark)
{
    return parse_behind_last(text, mark) > 0;
}

const struct parse_format *parse_format_of(const struct template *t)
{
    for (size_t i = 0; t && i < parse_format_count(); i++) {
        const struct parse_format *f = parse_format_at(i);
        bool all = *f->written != NULL;
        for (const char *const *mark = f->written; *mark; mark++)
            all = all && contains(t->source, *mark);
        if (all) return f;
    }
    return parse_format_find("plain");
}

const char *parse_format_syntax(const struct parse_format *f, const struct template *t,
                                const char *native)
{
    bool mistral = strcmp(f->name, "mistral") == 0, deepseek = strcmp(f->name, "deepseek-v3") == 0;
    bool glm = strcmp(f->name, "glm") == 0;
    if (native && strcmp(native, "deepseek-v4") == 0) return "dsml-v4";
    if (mistral && t && contains(t->source, "[ARGS]")) return "mistral-args";
    if (deepseek && t && !contains(t->source, "```json")) return "deepseek-v3.1";
    if (glm && t && contains(t->source, "</arg_key><arg_value>")) return "glm-4.7";
    return f->name;
}
