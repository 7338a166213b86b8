/* What a model wrote, taken apart while it comes: content, reasoning and tool calls.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A parser is fed the model's text in pieces of any size, special tokens spelled out and the token
 * that ended the turn left out or not, and gives out deltas. Deltas hold confirmed bytes only:
 * nothing that was given out is ever taken back, and the joined deltas are the same for every way
 * of cutting the text into pieces. At most PARSE_HELD_BYTES_MAX bytes are held back while it is
 * open whether they begin a marker.
 *
 * Model text is never an error. What does not parse is content, and the parser says so
 * (chat_parser_unparsed). A call that breaks off stays a call whose arguments are what came;
 * nothing is invented to heal it. Tags that a model quotes (`<tool_call>` in its prose or in
 * code) are content; so are tags of tools inside reasoning, which are reasoning.
 *
 * White space, as the vendors' templates strip it: newlines right behind the opening think tag and
 * right before the closing one are not reasoning; newlines right behind the closing one, and white
 * space before and between calls and at the end behind them, are not content. Otherwise content is
 * what the model wrote, byte for byte. Reasoning stands at the beginning, white space before it
 * aside, or where the prompt opened it; later think tags are content, and so is a closing tag that
 * nothing opened. The token that ends the turn is dropped at the very end only.
 *
 * A call that breaks off because the text ends keeps its arguments; where its JSON or its tags
 * break, what follows is content up to the markup that would have closed it, which is dropped.
 * Before its name is known a broken call is content whole. A whole call whose end tag is missing
 * is a call.
 *
 * Arguments come as JSON text, "{}" where there are none. Formats that carry JSON pass it through byte for byte; formats that
 * carry tagged parameters (Qwen XML, GLM, MiniMax, DSML, Seed) build an object from them, each value typed
 * by the tool's schema where there is one. */
#ifndef LM_CHAT_PARSE_H
#define LM_CHAT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/json.h"
#include "base/core/span.h"
#include "base/core/status.h"
#include "lm/chat/template.h"

#define PARSE_HELD_BYTES_MAX ((size_t)4096) /* of content: markers and their surroundings */
#define PARSE_CALLS_MAX      128            /* further calls are content */

/* A way to write reasoning and tool calls: one member of format_list.h each. */
struct parse_format;
size_t parse_format_count(void);
const struct parse_format *parse_format_at(size_t i);
/* By name or alias ("qwen-xml", "qwen3_coder"), '-' and '_' alike, any case; NULL: unknown. */
const struct parse_format *parse_format_find(const char *name);
const char *parse_format_name(const struct parse_format *f);
const char *parse_format_summary(const struct parse_format *f); /* "JSON in <tool_call>: ..." */
/* The format whose markers the template writes; "plain" (think tags only) when it writes none,
 * and for NULL. A native encoder's name (lm/chat/encoder_list.h) is also that of its format. */
const struct parse_format *parse_format_of(const struct template *t);

/* Tags around reasoning; false: the format has none, or writes it otherwise (harmony). */
bool parse_format_think(const struct parse_format *f, const char **ret_open,
                        const char **ret_close);
/* As what a value that is written as a tag is read, by the schema of the arguments. */
enum parse_value {
    PARSE_VALUE_TEXT,   /* always a string */
    PARSE_VALUE_JSON,   /* never one */
    PARSE_VALUE_EITHER, /* JSON of an allowed type if it is that, else a string */
};
enum parse_value parse_value_of(const struct json *parameters, struct span key);
/* How calls are written where templates or native encoders (by name; NULL: none) of one format differ: a name of lm/sample/tool_syntax_list.h if
 * they can be constrained. */
const char *parse_format_syntax(const struct parse_format *f, const struct template *t,
                                const char *native);

/* Where the prompt leaves the model: what the end of the rendered prompt has opened. */
enum prompt_open {
    PROMPT_OPEN_NOTHING,
    PROMPT_OPEN_THINK, /* the model's text begins inside reasoning */
};
enum prompt_open parse_prompt_open(const struct parse_format *f, struct span prompt);

enum delta_kind {
    DELTA_CONTENT,
    DELTA_REASONING,
    DELTA_CALL,      /* a call begins: `text` is its name, whole; `call` its index from 0 */
    DELTA_ARGUMENTS, /* more bytes of the arguments of call `call` */
    DELTA_CALL_END,  /* the call is complete and its arguments are valid JSON */
};
struct chat_delta {
    size_t at; /* of DELTA_CALL: offset in all of the text where the call's markup begins */
    enum delta_kind kind;
    int call;
    struct span text; /* valid during the call; cut between characters */
    /* The id that the model wrote itself (Kimi, Mistral): of DELTA_CALL, or of DELTA_CALL_END where
     * it stands behind the arguments; else empty. */
    struct span id;
};
typedef enum status chat_delta_fn(void *ctx, const struct chat_delta *delta, struct error *err);

struct chat_parser_options {
    const struct parse_format *format;
    enum prompt_open open;
    bool no_reasoning; /* think tags are content: the model is known not to think */
    /* The request's tools, for the types of tagged parameters; must outlive the parser. NULL: unknown,
     * calls are recognised; an empty array: there are none, and nothing is a call. */
    const struct json *tools;
    chat_delta_fn *fn;
    void *ctx;
};
struct chat_parser;
enum status chat_parser_new(struct chat_parser **ret, const struct chat_parser_options *options,
                            struct error *err);
/* Errors are those of `fn` and of memory only; afterwards the parser can only be freed. */
enum status chat_parser_feed(struct chat_parser *p, struct span text, struct error *err);
enum status chat_parser_finish(struct chat_parser *p, struct error *err); /* once, at the end */
void chat_parser_free(struct chat_parser *p);
/* Whether something looked like markup and was not: broken off calls, malformed JSON. */
bool chat_parser_unparsed(const struct chat_parser *p);
int chat_parser_calls(const struct chat_parser *p);

#endif
