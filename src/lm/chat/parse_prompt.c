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
    "<|im_assistant|>",
    "<|start_header_id|>assistant<|end_header_id|>",
    "[/INST]",
    "[unused9]助手：",
    "<|start|>assistant",
};

size_t parse_behind_last(struct span text, const char *mark)
{
    size_t len = strlen(mark);
    for (size_t i = text.len; i >= len; i--)
        if (memcmp(text.data + i - len, mark, len) == 0) return i;
    return 0;
}

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
    size_t open = parse_behind_last(tail, f->think_open),
           close = parse_behind_last(tail, f->think_close);
    return open > close ? PROMPT_OPEN_THINK : PROMPT_OPEN_NOTHING;
}

static bool contains(struct span text, const char *mark)
{
    return parse_behind_last(text, mark) > 0;
}

const struct parse_format *parse_format_of(const struct template *t)
{
    for (size_t i = 0; i < parse_format_count(); i++) {
        const struct parse_format *f = parse_format_at(i);
        bool all = *f->written != NULL;
        for (const char *const *mark = f->written; *mark; mark++)
            all = all && contains(t->source, *mark);
        if (all) return f;
    }
    return parse_format_find("plain");
}
