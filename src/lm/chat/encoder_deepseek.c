/* DeepSeek V3.2 and V4: tools and their results in DSML, thinking by mode.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Behaviour of the vendor's encoding_dsv32.py and encoding_dsv4.py (encode_messages). What these
 * leave to the caller is done as their users do it: tools of the request belong to the leading
 * system message, or to an empty one. In V4 tool results are part of user turns. The long texts are
 * what the models were trained on.
 *
 * chat_template_kwargs: thinking or enable_thinking (V3.2: off, V4: on), V4 also drop_thinking and
 * reasoning_effort (none, high, max). */
#include <string.h>

#include "base/core/mem.h"
#include "lm/chat/encoder.h"

#define BOS       "<｜begin▁of▁sentence｜>"
#define EOS       "<｜end▁of▁sentence｜>"
#define USER      "<｜User｜>"
#define ASSISTANT "<｜Assistant｜>"
#define THINK     "<think>"
#define THINK_END "</think>"
#define DSML      "｜DSML｜"
#define CLOSE(of) "</" DSML of ">"

struct deepseek {
    const struct encode_request *r;
    const struct conversation *c;
    struct prompt_writer *w;
    struct error *err;
    bool thinking, drop, is_v4;
    size_t question; /* V4: the last turn that asks; nothing is behind it when there is none */
    bool has_question;
    const struct chat_message *caller; /* V4: the latest message with calls, so far */
};

static enum chat_role role_of(const struct deepseek *d, size_t i)
{
    enum chat_role role = d->c->messages[i].role;
    return role == CHAT_DEVELOPER && d->r->developer_is_system ? CHAT_SYSTEM : role;
}

/* ---- tools ---- */

static const char V32_TOOLS[] =
    "## Tools\n"
    "You have access to a set of tools you can use to answer the user's question.\n"
    "You can invoke functions by writing a \"<｜DSML｜function_calls>\" block like the "
    "following as part of your reply to the user:\n"
    "<｜DSML｜function_calls>\n"
    "<｜DSML｜invoke name=\"$FUNCTION_NAME\">\n"
    "<｜DSML｜parameter name=\"$PARAMETER_NAME\" "
    "string=\"true|false\">$PARAMETER_VALUE</｜DSML｜parameter>\n"
    "...\n"
    "</｜DSML｜invoke>\n"
    "<｜DSML｜invoke name=\"$FUNCTION_NAME2\">\n"
    "...\n"
    "</｜DSML｜invoke>\n"
    "</｜DSML｜function_calls>\n"
    "String and scalar parameters should be specified as is without any escaping or quotes, "
    "while lists and objects should use JSON format. The \"string\" attribute should be set "
    "to \"true\" for string type parameters and \"false\" for other types (numbers, "
    "booleans, arrays, objects).\n"
    "If the thinking_mode is enabled, then after function results you should strongly "
    "consider outputting a thinking block. Here is an example:\n"
    "<｜DSML｜function_calls>\n"
    "...\n"
    "</｜DSML｜function_calls>\n"
    "<function_results>\n"
    "...\n"
    "</function_results>\n"
    "<think>...thinking about results</think>\n"
    "Here are the functions available in JSONSchema format:\n"
    "<functions>\n";
static const char V32_TOOLS_END[] = "\n"
                                    "</functions>\n";

static const char V4_TOOLS[] =
    "## Tools\n"
    "\n"
    "You have access to a set of tools to help answer the user's question. You can invoke "
    "tools by writing a \"<｜DSML｜tool_calls>\" block like the following:\n"
    "\n"
    "<｜DSML｜tool_calls>\n"
    "<｜DSML｜invoke name=\"$TOOL_NAME\">\n"
    "<｜DSML｜parameter name=\"$PARAMETER_NAME\" "
    "string=\"true|false\">$PARAMETER_VALUE</｜DSML｜parameter>\n"
    "...\n"
    "</｜DSML｜invoke>\n"
    "<｜DSML｜invoke name=\"$TOOL_NAME2\">\n"
    "...\n"
    "</｜DSML｜invoke>\n"
    "</｜DSML｜tool_calls>\n"
    "\n"
    "String parameters should be specified as is and set `string=\"true\"`. For all other "
    "types (numbers, booleans, arrays, objects), pass the value in JSON format and set "
    "`string=\"false\"`.\n"
    "\n"
    "If thinking_mode is enabled (triggered by <think>), you MUST output your complete "
    "reasoning inside <think>...</think> BEFORE any tool calls or final response.\n"
    "\n"
    "Otherwise, output directly after </think> with tool calls or final response.\n"
    "\n"
    "### Available Tool Schemas\n"
    "\n";
static const char V4_TOOLS_END[] =
    "\n"
    "\n"
    "You MUST strictly follow the above defined tool name and parameter schemas to invoke "
    "tool calls.\n";

static const char V4_MAX[] =
    "Reasoning Effort: Absolute maximum with no shortcuts permitted.\n"
    "You MUST be very thorough in your thinking and comprehensively decompose the problem to "
    "resolve the root cause, rigorously stress-testing your logic against all potential "
    "paths, edge cases, and adversarial scenarios.\n"
    "Explicitly write out your entire deliberation process, documenting every intermediate "
    "step, considered alternative, and rejected hypothesis to ensure absolutely no "
    "assumption is left unchecked.\n"
    "\n";

static void put_tools(const struct deepseek *d)
{
    prompt_text(d->w, "\n\n");
    prompt_text(d->w, d->is_v4 ? V4_TOOLS : V32_TOOLS);
    for (size_t i = 0; i < d->c->tool_count; i++) {
        if (i) prompt_text(d->w, "\n");
        prompt_data_json(d->w, json_get(d->c->tools[i].json, "function"));
    }
    prompt_text(d->w, d->is_v4 ? V4_TOOLS_END : V32_TOOLS_END);
}

/* Whether the first message carries the tools; else an empty system message before it does. */
static bool first_has_tools(const struct deepseek *d)
{
    return role_of(d, 0) == CHAT_SYSTEM || role_of(d, 0) == CHAT_DEVELOPER;
}

static void put_parameter(const struct deepseek *d, struct span key, const struct json *v)
{
    bool is_text = json_type(v) == JSON_STRING;
    prompt_text(d->w, "<" DSML "parameter name=\"");
    prompt_data(d->w, key);
    prompt_text(d->w, is_text ? "\" string=\"true\">" : "\" string=\"false\">");
    if (is_text) prompt_data(d->w, json_string(v));
    else prompt_data_json(d->w, v);
    prompt_text(d->w, CLOSE("parameter"));
}

static enum status put_call(const struct deepseek *d, size_t at, size_t i)
{
    const struct chat_call *call = &d->c->messages[at].calls[i];
    const struct json *arguments = NULL;
    struct json_doc *doc = NULL;
    enum status s = call_arguments(call, at, i, &arguments, &doc, d->err);
    if (s && (!d->is_v4 || s == STATUS_NO_MEMORY)) return s;
    prompt_text(d->w, i ? "\n<" DSML "invoke name=\"" : "<" DSML "invoke name=\"");
    prompt_data(d->w, call->name);
    prompt_text(d->w, "\">\n");
    /* V4 passes on what is no JSON as it is. */
    if (s) put_parameter(d, span_of("arguments"), call->arguments);
    bool first = true;
    for (struct json_member m = json_first(s ? NULL : arguments); m.value;
         m = json_next(arguments, m), first = false) {
        if (!first) prompt_text(d->w, "\n");
        put_parameter(d, m.key, m.value);
    }
    prompt_text(d->w, "\n" CLOSE("invoke"));
    json_doc_free(doc);
    return STATUS_OK;
}

static enum status put_calls(const struct deepseek *d, size_t at)
{
    const struct chat_message *m = &d->c->messages[at];
    if (!m->call_count) return STATUS_OK;
    enum status s = STATUS_OK;
    prompt_text(d->w, d->is_v4 ? "\n\n"
                                 "<" DSML "tool_calls>"
                                 "\n"
                               : "\n\n"
                                 "<" DSML "function_calls>"
                                 "\n");
    for (size_t i = 0; i < m->call_count && !s; i++)
        s = put_call(d, at, i);
    prompt_text(d->w, d->is_v4 ? "\n" CLOSE("tool_calls") : "\n" CLOSE("function_calls"));
    return s;
}

/* ---- messages ---- */

static enum status put_assistant(const struct deepseek *d, size_t at, bool thinks)
{
    const struct chat_message *m = &d->c->messages[at];
    bool is_open = d->r->continue_final && at + 1 == d->c->message_count;
    if (thinks && !d->is_v4 && !m->reasoning.len && !m->call_count && !is_open)
        return error_set(d->err, STATUS_BAD_INPUT,
                         "messages[%zu]: with thinking on, an answer to the last question needs "
                         "its reasoning_content",
                         at);
    if (thinks) {
        prompt_data(d->w, m->reasoning);
        prompt_text(d->w, THINK_END);
    }
    prompt_data(d->w, m->text);
    enum status s = put_calls(d, at);
    if (!is_open) prompt_text(d->w, EOS);
    return s;
}

static enum status check_end(const struct deepseek *d)
{
    if (!d->c->message_count) return conversation_is_empty(d->err);
    enum chat_role last = role_of(d, d->c->message_count - 1);
    if (!d->c->add_generation_prompt || last == CHAT_USER || last == CHAT_TOOL ||
        last == CHAT_DEVELOPER)
        return STATUS_OK;
    return error_set(d->err, STATUS_BAD_INPUT,
                     "add_generation_prompt, but the last message is neither the user's nor a "
                     "tool result; this model's format has no answer to others");
}

/* The last message of a user or developer; the count when there is none: nothing is behind it. */
static size_t last_question(const struct deepseek *d, bool *ret_any)
{
    size_t i = d->c->message_count;
    while (i && role_of(d, i - 1) != CHAT_USER && role_of(d, i - 1) != CHAT_DEVELOPER)
        i--;
    *ret_any = i > 0;
    return i ? i - 1 : 0;
}

static enum status read_thinking(struct deepseek *d, bool fallback)
{
    bool thinking = false, enabled = false,
         given = kwarg(d->c, "thinking") || kwarg(d->c, "enable_thinking");
    enum status s = kwarg_bool(d->c, "thinking", false, &thinking, d->err);
    if (!s) s = kwarg_bool(d->c, "enable_thinking", false, &enabled, d->err);
    d->thinking = given ? thinking || enabled : fallback;
    return s;
}

/* ---- V3.2 ---- */

static void put_question_v32(const struct deepseek *d, size_t at, bool is_last_question)
{
    const struct chat_message *m = &d->c->messages[at];
    prompt_text(d->w, USER);
    if (role_of(d, at) == CHAT_DEVELOPER) {
        if (at == 0 && d->c->tool_count) put_tools(d);
        prompt_text(d->w, "\n\n# The user's message is: ");
    }
    prompt_data(d->w, m->text);
    if (at + 1 == d->c->message_count && !d->c->add_generation_prompt) return;
    prompt_text(d->w, ASSISTANT);
    prompt_text(d->w, is_last_question && d->thinking ? THINK : THINK_END);
}

static enum status put_result_v32(const struct deepseek *d, size_t at, size_t question)
{
    const struct chat_message *m = d->c->messages;
    size_t caller = at;
    while (caller && m[caller - 1].role == CHAT_TOOL)
        caller--;
    size_t calls = caller ? m[caller - 1].call_count : 0, order = at - caller + 1;
    if (calls < order)
        return error_set(d->err, STATUS_BAD_INPUT,
                         "messages[%zu]: this model's format wants tool results directly behind "
                         "the message with their calls, at most one a call",
                         at);
    if (order == 1) prompt_text(d->w, "\n\n<function_results>");
    prompt_text(d->w, "\n<result>");
    prompt_data(d->w, m[at].text);
    prompt_text(d->w, "</result>");
    if (order < calls) return STATUS_OK;
    prompt_text(d->w, "\n</function_results>");
    if (at + 1 == d->c->message_count && !d->c->add_generation_prompt) return STATUS_OK;
    prompt_text(d->w, at >= question && d->thinking ? "\n\n" THINK : "\n\n" THINK_END);
    return STATUS_OK;
}

static enum status put_message_v32(const struct deepseek *d, size_t at, size_t question, bool any)
{
    enum chat_role role = role_of(d, at);
    switch (role) {
    case CHAT_SYSTEM:
        prompt_data(d->w, d->c->messages[at].text);
        if (at == 0 && d->c->tool_count) put_tools(d);
        return STATUS_OK;
    case CHAT_DEVELOPER:
        /* Thinking drops those that the last question has overtaken. */
        if (d->thinking && at < question) return STATUS_OK;
        put_question_v32(d, at, at == question);
        return STATUS_OK;
    case CHAT_USER: put_question_v32(d, at, at == question); return STATUS_OK;
    case CHAT_TOOL: return put_result_v32(d, at, question);
    case CHAT_ASSISTANT: return put_assistant(d, at, d->thinking && (!any || at > question));
    }
    return STATUS_OK;
}

static enum status encode_v32(const struct encode_request *r, struct prompt_writer *out,
                              struct error *err)
{
    struct deepseek d = { .r = r, .c = r->conversation, .w = out, .err = err };
    bool any;
    enum status s = read_thinking(&d, false);
    if (!s) s = check_end(&d);
    if (s) return s;
    size_t question = last_question(&d, &any);
    prompt_text(out, BOS);
    if (d.c->tool_count && !first_has_tools(&d)) put_tools(&d);
    for (size_t i = 0; i < d.c->message_count && !s; i++)
        s = put_message_v32(&d, i, question, any);
    return s;
}

/* ---- V4 ---- */

/* Messages [begin, end): neighbouring questions and tool results are one turn of the user. */
struct turn {
    size_t begin, end;
    enum chat_role role;
};

static bool is_asked(enum chat_role role)
{
    return role == CHAT_USER || role == CHAT_TOOL;
}

static size_t make_turns(const struct deepseek *d, struct turn *turns)
{
    size_t n = 0;
    for (size_t i = 0; i < d->c->message_count; i++) {
        enum chat_role role = is_asked(role_of(d, i)) ? CHAT_USER : role_of(d, i);
        if (n && role == CHAT_USER && turns[n - 1].role == CHAT_USER) turns[n - 1].end = i + 1;
        else turns[n++] = (struct turn){ i, i + 1, role };
    }
    return n;
}

static size_t last_asked(const struct turn *turns, size_t n, bool *ret_any)
{
    size_t i = n;
    while (i && turns[i - 1].role != CHAT_USER && turns[i - 1].role != CHAT_DEVELOPER)
        i--;
    *ret_any = i > 0;
    return i ? i - 1 : 0;
}

/* Developers that a later question has overtaken go with the thinking. */
static size_t drop_developers(struct turn *turns, size_t n)
{
    bool any;
    size_t last = last_asked(turns, n, &any), kept = 0;
    for (size_t i = 0; i < n; i++)
        if (turns[i].role != CHAT_DEVELOPER || i >= last) turns[kept++] = turns[i];
    return kept;
}

/* Which of its message's calls a result answers; 0 when it answers another message's, or by
 * order. */
static size_t order_of(const struct chat_message *m, const struct chat_message *caller)
{
    const struct chat_call *call = m->answers;
    if (!caller || !json_string(json_get(m->json, "tool_call_id")).len || !call->id.len) return 0;
    bool is_its = call >= caller->calls && call < caller->calls + caller->call_count;
    return is_its ? (size_t)(call - caller->calls) : 0;
}

/* The results of a turn, in the order of the calls: order[0..) are message numbers. */
static void sort_results(const struct deepseek *d, struct turn t, size_t *order)
{
    const struct chat_message *m = d->c->messages;
    size_t n = 0;
    for (size_t k = 0; d->caller && k < d->caller->call_count; k++)
        for (size_t i = t.begin; i < t.end; i++)
            if (m[i].role == CHAT_TOOL && order_of(&m[i], d->caller) == k) order[n++] = i;
}

static void put_user_turn(const struct deepseek *d, struct turn t, size_t *order)
{
    sort_results(d, t, order);
    prompt_text(d->w, USER);
    for (size_t i = t.begin; i < t.end; i++) {
        bool is_result = d->c->messages[i].role == CHAT_TOOL;
        if (i > t.begin) prompt_text(d->w, "\n\n");
        if (is_result) prompt_text(d->w, "<tool_result>");
        prompt_data(d->w, d->c->messages[is_result ? *order++ : i].text);
        if (is_result) prompt_text(d->w, "</tool_result>");
    }
}

static void put_end_of_turn(const struct deepseek *d, bool after_last)
{
    prompt_text(d->w, ASSISTANT);
    prompt_text(d->w, d->thinking && (!d->drop || after_last) ? THINK : THINK_END);
}

static enum status put_turn(struct deepseek *d, const struct turn *turns, size_t i, size_t n,
                            size_t *order)
{
    const struct turn t = turns[i];
    bool is_behind = !d->has_question || i > d->question;
    if (t.role == CHAT_ASSISTANT) {
        if (d->c->messages[t.begin].call_count) d->caller = &d->c->messages[t.begin];
        return put_assistant(d, t.begin, d->thinking && (!d->drop || is_behind));
    }
    if (t.role == CHAT_USER) {
        put_user_turn(d, t, order);
    } else {
        if (t.role == CHAT_DEVELOPER) prompt_text(d->w, USER);
        prompt_data(d->w, d->c->messages[t.begin].text);
        if (t.begin == 0 && d->c->tool_count) put_tools(d);
        if (t.role == CHAT_SYSTEM) return STATUS_OK;
    }
    if (i + 1 == n ? d->c->add_generation_prompt : turns[i + 1].role == CHAT_ASSISTANT)
        put_end_of_turn(d, i >= d->question);
    return STATUS_OK;
}

static enum status read_effort(struct deepseek *d, bool *ret_max)
{
    const char *effort = NULL;
    enum status s = kwarg_text(d->c, "reasoning_effort", "high", &effort, d->err);
    if (s) return s;
    *ret_max = strcmp(effort, "max") == 0;
    if (strcmp(effort, "none") == 0) d->thinking = false;
    else if (!*ret_max && strcmp(effort, "high") != 0)
        return error_set(d->err, STATUS_BAD_INPUT,
                         "chat_template_kwargs.reasoning_effort is \"%.40s\"; this model knows "
                         "none, high and max",
                         effort);
    return STATUS_OK;
}

static enum status encode_v4(const struct encode_request *r, struct prompt_writer *out,
                             struct error *err)
{
    struct deepseek d = { .r = r, .c = r->conversation, .w = out, .err = err, .is_v4 = true };
    bool max = false;
    enum status s = read_thinking(&d, true);
    if (!s) s = read_effort(&d, &max);
    if (!s) s = kwarg_bool(d.c, "drop_thinking", true, &d.drop, err);
    if (!s) s = check_end(&d);
    if (s) return s;
    if (d.c->tool_count) d.drop = false;
    struct turn *turns = mem_array(d.c->message_count, sizeof *turns);
    size_t *order = mem_array(d.c->message_count, sizeof *order), n = 0;
    if (!turns || !order) {
        s = error_set(err, STATUS_NO_MEMORY, "out of memory for a prompt");
        goto done;
    }
    n = make_turns(&d, turns);
    if (d.thinking && d.drop) n = drop_developers(turns, n);
    d.question = last_asked(turns, n, &d.has_question);
    prompt_text(out, BOS);
    if (d.thinking && max) prompt_text(out, V4_MAX);
    if (d.c->tool_count && !first_has_tools(&d)) put_tools(&d);
    for (size_t i = 0; i < n && !s; i++)
        s = put_turn(&d, turns, i, n, order);
done:
    mem_free(turns);
    mem_free(order);
    return s;
}

const struct encoder encoder_deepseek_v32 = {
    .name = "deepseek-v3.2",
    .model_types = { "deepseek_v32", "deepseek32" },
    .facts = { .thinking = "thinking",
               .tools = true,
               .writes_bos = true,
               .parts = true,
               .arguments = CHAT_ARGUMENTS_AS_GIVEN },
    .encode = encode_v32,
};

const struct encoder encoder_deepseek_v4 = {
    .name = "deepseek-v4",
    .model_types = { "deepseek_v4", "deepseek4" },
    .facts = { .thinking = "thinking",
               .effort = "reasoning_effort",
               .tools = true,
               .writes_bos = true,
               .parts = true,
               .arguments = CHAT_ARGUMENTS_AS_GIVEN },
    .encode = encode_v4,
};
