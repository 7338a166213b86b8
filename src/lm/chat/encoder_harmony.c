/* Harmony: the conversation format of gpt-oss.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: the vendor's description of the format and the renderer openai-harmony. System and
 * developer messages of a request are what harmony calls developer; its system message says who
 * the model is, and comes from chat_template_kwargs:
 *
 *   reasoning_effort         low, medium (default), high
 *   model_identity, knowledge_cutoff, conversation_start_date   texts; "": left out
 *   builtin_tools            a list of "browser" and "python"
 *   valid_channels           a list of texts, [] for none
 *   keep_analysis            true: analysis that a final answer has overtaken is kept
 *   system_message           false: no system message at all
 *
 * Messages of tools and of the assistant may say "channel", and those of tools "recipient"; "" leaves
 * it out. */
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/chat/encoder.h"
#include "lm/chat/harmony_schema.h"

#define START   "<|start|>"
#define MESSAGE "<|message|>"
#define CHANNEL "<|channel|>"
#define END     "<|end|>"

struct harmony {
    const struct encode_request *r;
    const struct conversation *c;
    struct prompt_writer *w;
    struct error *err;
    size_t lead; /* messages that the first developer message is made of */
    bool keep_analysis;
};

/* ---- the system message ---- */

static const char BROWSER[] =
    "## browser\n\n// Tool for browsing.\n// The `cursor` appears in brackets before each browsing "
    "display: `[{cursor}]`.\n// Cite information from the tool using the following format:\n// "
    "`【{cursor}†L{line_start}(-L{line_end})?】`, for example: `【6†L9-L11】` or `【8†L3】`.\n// "
    "Do "
    "not quote more than 10 words directly from the tool output.\n// sources=web (default: web)\n"
    "namespace browser {\n\n// Searches for information related to `query` and displays `topn` "
    "results.\ntype search = (_: {\nquery: string,\ntopn?: number, // default: 10\nsource?: "
    "string,\n}) => any;\n\n// Opens the link `id` from the page indicated by `cursor` starting at "
    "line number `loc`, showing `num_lines` lines.\n// Valid link ids are displayed with the "
    "formatting: `【{id}†.*】`.\n// If `cursor` is not provided, the most recent page is implied.\n"
    "// If `id` is a string, it is treated as a fully qualified URL associated with `source`.\n// "
    "If `loc` is not provided, the viewport will be positioned at the beginning of the document or "
    "centered on the most relevant passage, if available.\n// Use this function without `id` to "
    "scroll to a new location of an opened page.\ntype open = (_: {\nid?: number | string, // "
    "default: -1\ncursor?: number, // default: -1\nloc?: number, // default: -1\nnum_lines?: "
    "number, // default: -1\nview_source?: boolean, // default: false\nsource?: string,\n}) => "
    "any;\n\n// Finds exact matches of `pattern` in the current page, or the page given by "
    "`cursor`.\ntype find = (_: {\npattern: string,\ncursor?: number, // default: -1\n}) => any;"
    "\n\n} // namespace browser";
static const char PYTHON[] =
    "## python\n\nUse this tool to execute Python code in your chain of thought. The code will not "
    "be shown to the user. This tool should be used for internal reasoning, but not for code that "
    "is intended to be visible to the user (e.g. when creating plots, tables, or files).\n\nWhen "
    "you send a message containing Python code to python, it will be executed in a stateful "
    "Jupyter notebook environment. python will respond with the output of the execution or time "
    "out after 120.0 seconds. The drive at '/mnt/data' can be used to save and persist user files. "
    "Internet access for this session is UNKNOWN. Depends on the cluster.";

/* Sections are a blank line apart. */
static void begin_section(struct prompt_writer *w, bool *any)
{
    if (*any) prompt_text(w, "\n\n");
    *any = true;
}

static enum status put_identity(const struct harmony *h, bool *any)
{
    char today[16];
    snprintf(today, sizeof today, "%04d-%02d-%02d", (h->r->now->tm_year + 1900) % 10000,
             (h->r->now->tm_mon + 1) % 100, h->r->now->tm_mday % 100);
    const struct {
        const char *name, *head, *fallback;
    } lines[] = {
        { "model_identity", "", "You are ChatGPT, a large language model trained by OpenAI." },
        { "knowledge_cutoff", "Knowledge cutoff: ", "2024-06" },
        { "conversation_start_date", "Current date: ", today },
    };
    bool first = true;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *text = NULL;
        enum status s = kwarg_text(h->c, lines[i].name, lines[i].fallback, &text, h->err);
        if (s) return s;
        if (!*text) continue;
        if (first) begin_section(h->w, any);
        else prompt_text(h->w, "\n");
        prompt_text(h->w, lines[i].head);
        if (text == lines[i].fallback) prompt_text(h->w, text);
        else prompt_data(h->w, span_of(text));
        first = false;
    }
    return STATUS_OK;
}

static enum status put_effort(const struct harmony *h, bool *any)
{
    const char *effort = NULL;
    enum status s = kwarg_text(h->c, "reasoning_effort", "medium", &effort, h->err);
    if (s) return s;
    if (strcmp(effort, "low") != 0 && strcmp(effort, "medium") != 0 && strcmp(effort, "high") != 0)
        return error_set(h->err, STATUS_BAD_INPUT,
                         "chat_template_kwargs.reasoning_effort is \"%.40s\"; this model knows "
                         "low, medium and high",
                         effort);
    begin_section(h->w, any);
    prompt_text(h->w, "Reasoning: ");
    prompt_text(h->w, effort);
    return STATUS_OK;
}

static enum status put_builtin(const struct harmony *h, bool *any)
{
    const struct json *v = kwarg(h->c, "builtin_tools");
    bool browser = false, python = false;
    if (v && json_type(v) != JSON_ARRAY)
        return error_set(h->err, STATUS_BAD_INPUT,
                         "chat_template_kwargs.builtin_tools must be a list");
    for (size_t i = 0; v && i < json_length(v); i++) {
        struct span name = json_string(json_at(v, i));
        bool is_browser = name.data && span_equals(name, "browser"),
             is_python = name.data && span_equals(name, "python");
        if (!is_browser && !is_python)
            return error_set(h->err, STATUS_BAD_INPUT,
                             "chat_template_kwargs.builtin_tools[%zu] must be \"browser\" or "
                             "\"python\"",
                             i);
        browser |= is_browser;
        python |= is_python;
    }
    if (!browser && !python) return STATUS_OK;
    begin_section(h->w, any);
    prompt_text(h->w, "# Tools");
    if (browser) begin_section(h->w, any);
    if (browser) prompt_text(h->w, BROWSER);
    if (python) begin_section(h->w, any);
    if (python) prompt_text(h->w, PYTHON);
    return STATUS_OK;
}

static enum status put_channels(const struct harmony *h, bool *any)
{
    const struct json *v = kwarg(h->c, "valid_channels");
    if (v && json_type(v) != JSON_ARRAY)
        return error_set(h->err, STATUS_BAD_INPUT,
                         "chat_template_kwargs.valid_channels must be a list of texts");
    if (v && !json_length(v)) return STATUS_OK;
    begin_section(h->w, any);
    prompt_text(h->w, "# Valid channels: ");
    if (!v) prompt_text(h->w, "analysis, commentary, final");
    for (size_t i = 0; v && i < json_length(v); i++) {
        struct span name = json_string(json_at(v, i));
        if (!name.data)
            return error_set(h->err, STATUS_BAD_INPUT,
                             "chat_template_kwargs.valid_channels must be a list of texts");
        if (i) prompt_text(h->w, ", ");
        prompt_data(h->w, name);
    }
    prompt_text(h->w, ". Channel must be included for every message.");
    if (h->c->tool_count)
        prompt_text(h->w, "\nCalls to these tools must go to the commentary channel: 'functions'.");
    return STATUS_OK;
}

static enum status put_system(const struct harmony *h)
{
    bool wanted = true, any = false;
    enum status s = kwarg_bool(h->c, "system_message", true, &wanted, h->err);
    if (s || !wanted) return s;
    prompt_text(h->w, START "system" MESSAGE);
    s = put_identity(h, &any);
    if (!s) s = put_effort(h, &any);
    if (!s) s = put_builtin(h, &any);
    if (!s) s = put_channels(h, &any);
    prompt_text(h->w, END);
    return s;
}

/* ---- developer messages ---- */

/* Each line of the description as a comment; an end of line at the very end counts for nothing. */
static void put_comment(struct prompt_writer *w, struct span text)
{
    while (text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len, taken = end ? len + 1 : len;
        bool has_return = end && len && text.data[len - 1] == '\r';
        prompt_text(w, "// ");
        prompt_data(w, (struct span){ text.data, len - has_return });
        prompt_text(w, "\n");
        text = (struct span){ text.data + taken, text.len - taken };
    }
}

static void put_tools(const struct harmony *h)
{
    prompt_text(h->w, "# Tools\n\n## functions\n\nnamespace functions {\n\n");
    for (size_t i = 0; i < h->c->tool_count; i++) {
        const struct chat_tool *t = &h->c->tools[i];
        put_comment(h->w, t->description);
        prompt_text(h->w, "type ");
        prompt_data(h->w, t->name);
        prompt_text(h->w, t->parameters ? " = (_: " : " = () => any;\n\n");
        if (!t->parameters) continue;
        harmony_type(h->w, t->parameters, 0);
        prompt_text(h->w, ") => any;\n\n");
    }
    prompt_text(h->w, "} // namespace functions");
}

/* Messages [begin, end) as one. */
static void put_developer(const struct harmony *h, size_t begin, size_t end, bool with_tools)
{
    prompt_text(h->w, START "developer" MESSAGE);
    if (begin < end) prompt_text(h->w, "# Instructions");
    for (size_t i = begin; i < end; i++) {
        prompt_text(h->w, "\n\n");
        prompt_data(h->w, h->c->messages[i].text);
    }
    if (with_tools && begin < end) prompt_text(h->w, "\n\n");
    if (with_tools) put_tools(h);
    prompt_text(h->w, END);
}

/* ---- turns ---- */

/* A member of the message that may replace what harmony would write; "" leaves it out. */
static enum status put_header(const struct harmony *h, size_t at, const char *name,
                              const char *head, const char *fallback)
{
    const struct json *v = json_get(h->c->messages[at].json, name);
    struct span text = json_string(v);
    if (json_type(v) != JSON_NULL && !text.data)
        return error_set(h->err, STATUS_BAD_INPUT, "messages[%zu].%s must be a text", at, name);
    if (text.data ? !text.len : !fallback) return STATUS_OK;
    prompt_text(h->w, head);
    if (text.data) prompt_data(h->w, text);
    else prompt_text(h->w, fallback);
    return STATUS_OK;
}

static enum status put_result(const struct harmony *h, size_t at)
{
    const struct chat_message *m = &h->c->messages[at];
    prompt_text(h->w, START "functions.");
    prompt_data(h->w, m->answers->name);
    enum status s = put_header(h, at, "recipient", " to=", "assistant");
    if (!s) s = put_header(h, at, "channel", CHANNEL, "commentary");
    prompt_text(h->w, MESSAGE);
    prompt_data(h->w, m->text);
    prompt_text(h->w, END);
    return s;
}

static void put_call(const struct harmony *h, const struct chat_call *call)
{
    prompt_text(h->w, START "assistant to=functions.");
    prompt_data(h->w, call->name);
    prompt_text(h->w, CHANNEL "commentary <|constrain|>json" MESSAGE);
    if (json_type(call->arguments) == JSON_STRING) prompt_data(h->w, json_string(call->arguments));
    else if (call->arguments) prompt_data_json(h->w, call->arguments);
    else prompt_text(h->w, "{}");
    prompt_text(h->w, "<|call|>");
}

static enum status put_assistant(const struct harmony *h, size_t at, bool with_analysis)
{
    const struct chat_message *m = &h->c->messages[at];
    bool is_open = h->r->continue_final && at + 1 == h->c->message_count;
    enum status s = STATUS_OK;
    if (m->reasoning.len && with_analysis) {
        prompt_text(h->w, START "assistant" CHANNEL "analysis" MESSAGE);
        prompt_data(h->w, m->reasoning);
        prompt_text(h->w, END);
    }
    if (m->has_content && (m->text.len || !m->call_count)) {
        prompt_text(h->w, START "assistant");
        s = put_header(h, at, "channel", CHANNEL, m->call_count ? "commentary" : "final");
        prompt_text(h->w, MESSAGE);
        prompt_data(h->w, m->text);
        if (!is_open) prompt_text(h->w, END);
    }
    for (size_t i = 0; i < m->call_count; i++)
        put_call(h, &m->calls[i]);
    return s;
}

static bool is_final(const struct chat_message *m)
{
    const struct json *channel = json_get(m->json, "channel");
    return m->role == CHAT_ASSISTANT && !m->call_count && m->has_content &&
           (json_type(channel) == JSON_NULL ||
            (json_string(channel).data && span_equals(json_string(channel), "final")));
}

/* Analysis before this message is dropped: up to the first final answer, when the latest message
 * of the assistant is one too. */
static size_t drop_before(const struct harmony *h)
{
    const struct chat_message *m = h->c->messages;
    size_t last = h->c->message_count, first = 0;
    while (last && m[last - 1].role != CHAT_ASSISTANT)
        last--;
    if (!last || !is_final(&m[last - 1]) || h->keep_analysis) return 0;
    while (!is_final(&m[first]))
        first++;
    return first + 1;
}

static enum status put_message(const struct harmony *h, size_t at, bool with_analysis)
{
    const struct chat_message *m = &h->c->messages[at];
    switch (m->role) {
    case CHAT_SYSTEM:
    case CHAT_DEVELOPER: put_developer(h, at, at + 1, false); return STATUS_OK;
    case CHAT_ASSISTANT: return put_assistant(h, at, with_analysis);
    case CHAT_TOOL: return put_result(h, at);
    case CHAT_USER: break;
    }
    prompt_text(h->w, START "user");
    if (m->name.len) prompt_text(h->w, ":");
    prompt_data(h->w, m->name);
    prompt_text(h->w, MESSAGE);
    prompt_data(h->w, m->text);
    prompt_text(h->w, END);
    return STATUS_OK;
}

static enum status encode_harmony(const struct encode_request *r, struct prompt_writer *out,
                                  struct error *err)
{
    struct harmony h = { .r = r, .c = r->conversation, .w = out, .err = err };
    const struct chat_message *m = h.c->messages;
    enum status s = kwarg_bool(h.c, "keep_analysis", false, &h.keep_analysis, err);
    if (!s) s = put_system(&h);
    while (h.lead < h.c->message_count &&
           (m[h.lead].role == CHAT_SYSTEM || m[h.lead].role == CHAT_DEVELOPER))
        h.lead++;
    if (h.lead || h.c->tool_count) put_developer(&h, 0, h.lead, h.c->tool_count > 0);
    size_t dropped = drop_before(&h);
    for (size_t i = h.lead; i < h.c->message_count && !s; i++)
        s = put_message(&h, i, i >= dropped);
    if (h.c->add_generation_prompt) prompt_text(out, START "assistant");
    return s;
}

const struct encoder encoder_harmony = {
    .name = "harmony",
    .model_types = { "gpt_oss", "gpt-oss" },
    .facts = { .effort = "reasoning_effort",
               .tools = true,
               .parts = true,
               .developer = true,
               .arguments = CHAT_ARGUMENTS_AS_GIVEN },
    .encode = encode_harmony,
};
